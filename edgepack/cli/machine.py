"""boards, ports, operators, doctor: what is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgepack.cli import show
from edgepack.cli.options import json_option

if TYPE_CHECKING:
    from edgepack.board import Board


@click.command()
@json_option
def boards(as_json: bool) -> None:
    """The boards known here."""
    from edgepack.board import known_boards, load_board

    found = [load_board(str(path)) for path in known_boards(Path.cwd()).values()]
    if as_json:
        listed = [json.loads(board.model_dump_json()) for board in found]
        click.echo(json.dumps({"schema": 1, "boards": listed}, indent=2))
        return
    header = ("board", "core", "flash", "RAM", "status", "emulated by", "what it is")
    rows = [
        (b.name, b.core, _size(b, "flash"), _size(b, "ram"), b.status, _emulators(b), b.description)
        for b in found
    ]
    click.echo(show.table(header, rows, right=(2, 3)))


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """What is installed, what is missing, and the command that gets it."""
    from edgepack import pipeline

    found = pipeline.diagnose(Path.cwd())
    if as_json:
        show.print_json(found)
        return
    click.echo(f"Python {found.python} on {found.system}\n")
    tools = [*found.programs, *found.packages]
    rows = [(t.name, t.version or "missing", t.purpose) for t in tools]
    click.echo(show.table(("tool", "version", "what for"), rows))
    click.echo()
    ways = [(w.board, w.compiler, w.runs_on, w.problem or "ready") for w in found.boards]
    click.echo(show.table(("board", "compiler", "runs on", ""), ways))
    if found.missing:
        click.echo("\nWhat is missing comes with:")
        click.echo("\n".join(f"  {command}" for command in found.missing))


def _size(board: Board, region: str) -> str:
    return f"{getattr(board.memory, region).bytes // 1024:,} K" if board.memory else "-"


def _emulators(board: Board) -> str:
    return ", ".join(name for name in ("qemu", "unicorn") if getattr(board, name)) or "-"


@click.command()
@json_option
def ports(as_json: bool) -> None:
    """The serial ports of this machine."""
    from edgepack import pipeline

    found = pipeline.list_ports(Path.cwd())
    if as_json:
        click.echo(json.dumps({"schema": 1, "ports": found}, indent=2))
    else:
        header = ("port", "USB id", "board", "what it is")
        rows = [(p["path"], p["usb"] or "-", p["boards"] or "-", p["description"]) for p in found]
        click.echo(show.table(header, rows) if rows else "no serial port")


@click.command()
@json_option
def operators(as_json: bool) -> None:
    """The operators that models may use, and how exactly each is computed."""
    from edgepack import pipeline

    found = pipeline.list_operators()
    if as_json:
        click.echo(json.dumps({"schema": 1, "operators": found}, indent=2))
        return
    header = ("operator", "types", "whole numbers", "float32", "compared with")
    keys = ("operator", "types", "integers", "float32", "oracle")
    click.echo(show.table(header, [tuple(row[key] for key in keys) for row in found]))


COMMANDS = (boards, ports, operators, doctor)
