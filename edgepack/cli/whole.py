"""init, run, demo, compress: the whole way."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from edgepack.cli import show
from edgepack.cli.options import (
    BOARD,
    PATH,
    compile_options,
    json_option,
    link_options,
    optional_board,
    quiet_option,
    run_options,
)
from edgepack.errors import GateError, MismatchError, UsageError

if TYPE_CHECKING:
    from edgepack.board import Board
    from edgepack.results import Outcome

OUTPUT = Path("edgepack-out")


@click.command()
@click.argument("folder", type=PATH, default=Path())
@click.option("--model", default="model.tflite", help="Path of the model, from that folder.")
@click.option("-b", "--board", type=BOARD, default="mps2-an386", show_default=True)
@click.option("--force", is_flag=True, help="Replace an edgepack.toml.")
def init(folder: Path, model: str, board: Board, force: bool) -> None:
    """Write a commented edgepack.toml."""
    from edgepack.config import FILE, STARTER
    from edgepack.store import write_file

    path = folder / FILE
    if path.exists() and not force:
        raise UsageError(f"{path}: exists; --force replaces it")
    quoted = model.replace("\\", "\\\\").replace('"', '\\"')
    write_file(path, STARTER.format(model=quoted, board=board.name).encode())
    click.echo(f"wrote {path}; edit it, then: edgepack run")


@click.command()
@click.argument("model", type=PATH, required=False)
@optional_board
@click.option("-o", "--output", type=PATH, default=OUTPUT, show_default=True)
@click.option("-c", "--config", type=PATH, default=Path("edgepack.toml"), show_default=True)
@compile_options
@run_options
@json_option
@quiet_option
def run(
    model: Path | None,
    board: Board | None,
    output: Path,
    config: Path,
    spec: Any,
    device: Any,
    as_json: bool,
    quiet: bool,
) -> None:
    """Every stage, from MODEL to a report; without MODEL, what edgepack.toml says.

    Options given here beat edgepack.toml.
    """
    from edgepack import pipeline

    if model is not None and board is None:
        raise UsageError("run MODEL needs --board; `edgepack boards` lists them")
    if model is not None and _is_given("config"):
        raise UsageError("run takes MODEL or --config, which names a model itself, not both")
    with show.progress(quiet) as progress:
        if model is None or board is None:
            outcome, folder = pipeline.run_config(
                config,
                progress,
                board=board,
                output=output if _is_given("output") else None,
                spec=_given(spec),
                device=_given(device),
            )
        else:
            outcome, folder = pipeline.run(model, board, output, spec, device, progress)
    _finish(outcome, folder, as_json)


def _is_given(option: str) -> bool:
    """Whether the command line or the environment set it."""
    source = click.get_current_context().get_parameter_source(option)
    return source in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


def _given(gathered: Any) -> dict[str, Any]:
    """The fields of gathered options that are given."""
    names = [field.name for field in dataclasses.fields(gathered)]
    return {name: getattr(gathered, name) for name in names if _is_given(name)}


@click.command()
@click.option("--quick", is_flag=True, help="scikit-learn's digits instead of the motion data.")
@click.option("-b", "--board", type=BOARD, default="mps2-an386", show_default=True)
@click.option("-o", "--output", type=PATH, default=OUTPUT, show_default=True)
@link_options
@json_option
@quiet_option
def demo(quick: bool, board: Board, output: Path, device: Any, as_json: bool, quiet: bool) -> None:
    """Train, prune, quantise, build, flash and measure: the whole way on real data."""
    from edgepack import pipeline

    with show.progress(quiet) as progress:
        outcome, folder = pipeline.demo(
            "digits" if quick else "watch", board, output, device, progress
        )
    _finish(outcome, folder, as_json)


@click.command()
@click.argument("recipes", type=PATH, nargs=-1, metavar="[RECIPE]...")
@click.option("--compare", is_flag=True, help="One table of several recipes, and their front.")
@optional_board
@click.option("-o", "--output", type=PATH, help="Default: [report] folder, beside the recipe.")
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), help="Of every step, instead of the file's."
)
@link_options
@json_option
@quiet_option
def compress(
    recipes: tuple[Path, ...],
    compare: bool,
    board: Board | None,
    output: Path | None,
    seed: int | None,
    device: Any,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run the steps of RECIPE (edgepack.toml), and measure the result beside its controls.

    Run it again after an interruption: steps that were finished are kept.
    """
    from edgepack import pipeline

    paths = recipes or (Path("edgepack.toml"),)
    if len(paths) > 1 and not compare:
        raise UsageError("compress runs one recipe; --compare sets several side by side")
    where = {"port": device.port, "emulator": device.emulator}
    with show.progress(quiet) as progress:
        if compare:
            outcome, folder = pipeline.compare_recipes(
                paths, progress, board=board, output=output, seed=seed, **where
            )
        else:
            outcome, folder = pipeline.compress(
                paths[0], progress, board=board, output=output, seed=seed, **where
            )
    _finish(outcome, folder, as_json)


def _finish(outcome: Outcome, folder: Path, as_json: bool) -> None:
    if as_json:
        show.print_json(outcome)
    else:
        _print(outcome, folder)
    if any(r.agreement and not r.agreement.holds for r in outcome.results):
        raise click.exceptions.Exit(MismatchError.exit_code)
    if not outcome.passed:
        raise click.exceptions.Exit(GateError.exit_code)


def _print(outcome: Outcome, folder: Path) -> None:
    from edgepack.report.text import STEPS, gate_lines, header, step_rows, summary

    click.echo(f"\n{outcome.title}\n")
    if outcome.steps:
        click.echo(show.table(STEPS, step_rows(outcome), right=(2, 3, 4)) + "\n")
    click.echo(show.table(header(outcome), summary(outcome), right=(2, 3)) + "\n")
    for note in outcome.notes:
        click.echo(note)
    for line in gate_lines(outcome):
        click.echo(line)
    first = outcome.results[0].provenance
    emulator = f", emulator {first.emulator}" if first.emulator else ""
    click.echo(f"\ncompiler {first.compiler}{emulator}")
    click.echo(f"report   {folder / 'report.html'}")


COMMANDS = (init, run, demo, compress)
