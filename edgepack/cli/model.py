"""inspect, check, generate, compare: what needs no board."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgepack.cli import show, show_fidelity
from edgepack.cli.options import (
    PATH,
    board_option,
    compile_options,
    json_option,
    model_argument,
    optional_board,
)
from edgepack.errors import GateError, UsageError

if TYPE_CHECKING:
    from edgepack.board import Board


@click.command()
@model_argument
@optional_board
@compile_options
@click.option("--map", "with_map", is_flag=True, help="Build it, and show the image by symbol.")
@click.option(
    "--against",
    type=PATH,
    help="The float model, Keras or .tflite: what each layer of this one loses on --data.",
)
@click.option("--data", type=PATH, help="Of --against: .npz or .npy with inputs.")
@click.option("--samples", default=64, show_default=True, help="Of --data; 0 is all.")
@click.option("--html", type=PATH, help="Of --against: also a page with a plot.")
@json_option
def inspect(
    model: Path,
    board: Board | None,
    spec: Any,
    with_map: bool,
    against: Path | None,
    data: Path | None,
    samples: int,
    html: Path | None,
    as_json: bool,
) -> None:
    """Operators, shapes, MACs, weights and the memory plan; or the losses of quantisation."""
    from edgepack import pipeline

    if against is not None:
        if data is None:
            raise UsageError("--against: needs --data: a .npz or .npy with inputs of the models")
        losses = pipeline.compare_layers(model, against, data, samples, html=html)
        if as_json:
            show.print_json(losses)
        else:
            click.echo(show_fidelity.fidelity(losses))
        return
    if data is not None or html is not None:
        raise UsageError("--data and --html: go with --against")
    how = pipeline.inspect_image if with_map else pipeline.inspect_model
    found = how(model, board, spec)
    if as_json:
        show.print_json(found)
    else:
        click.echo(show.inspection(found))


@click.command()
@model_argument
@board_option
@compile_options
@json_option
def check(model: Path, board: Board, spec: Any, as_json: bool) -> None:
    """Does it fit the board? Exit code 1 where not, with the operator at fault."""
    from edgepack import pipeline

    if as_json:
        found = pipeline.inspect_model(model, board, spec)
        show.print_json(found)
        if found.problem:
            raise GateError(found.problem)
        return
    found = pipeline.check_model(model, board, spec)
    click.echo(
        f"fits: constants {_of(found.weights + found.tables, found.flash_limit)} B of flash, "
        f"arena and state {_of(found.arena + found.state, found.ram_limit)} B of RAM; "
        "code and stack are known after `edgepack bench`"
    )
    for line in show.regions(found):
        click.echo(line)


def _of(value: int, limit: int | None) -> str:
    return f"{value:,}" if limit is None else f"{value:,} of {limit:,}"


@click.command()
@model_argument
@click.option("-o", "--output", type=PATH, required=True, help="A folder for the C.")
@optional_board
@compile_options
def generate(model: Path, output: Path, board: Board | None, spec: Any) -> None:
    """C sources of a .tflite: a library that needs no UART, no startup, no heap."""
    from edgepack import pipeline

    tree = pipeline.generate_c(model, output, board, spec)
    size = sum(len(data) for data in tree.files.values())
    click.echo(f"wrote {len(tree.files)} files, {size:,} B, to {output}")


@click.command()
@click.argument("old", type=PATH)
@click.argument("new", type=PATH)
@click.option("--max-regression", default="2%", show_default=True, help="Of each figure.")
@json_option
def compare(old: Path, new: Path, max_regression: str, as_json: bool) -> None:
    """Two JSON results, figure by figure. Exit code 1 where the new one is worse."""
    from edgepack import pipeline

    result = pipeline.compare(old, new, max_regression)
    if as_json:
        show.print_json(result)
    else:
        rows = [
            (
                c.figure,
                f"{c.old:,.6g}",
                f"{c.new:,.6g}",
                f"{100 * c.change:+.2f} %",
                "REGRESSED" if c.regressed else "ok",
            )
            for c in result.figures
        ]
        click.echo(show.table(("figure", "old", "new", "change", ""), rows, right=(1, 2, 3)))
    if result.regressed:
        raise click.exceptions.Exit(GateError.exit_code)


COMMANDS = (inspect, check, generate, compare)
