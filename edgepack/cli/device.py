"""build, flash, bench, profile, verify, infer: firmware and what it answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgepack.cli import show
from edgepack.cli.options import (
    PATH,
    bench_options,
    board_option,
    compile_options,
    json_option,
    link_options,
    model_argument,
    profile_options,
    quiet_option,
    sample_options,
)
from edgepack.errors import MismatchError

if TYPE_CHECKING:
    from edgepack.board import Board
    from edgepack.results import Agreement, ProfileResult, VerifyResult


@click.command()
@model_argument
@board_option
@click.option("-o", "--output", type=PATH, help="Where the ELF goes.")
@compile_options
@json_option
def build(model: Path, board: Board, output: Path | None, spec: Any, as_json: bool) -> None:
    """Generate, compile and link firmware for the board."""
    from edgepack import pipeline

    image = pipeline.build_model(model, board, spec, output)
    if as_json:
        show.print_json(image)
        return
    f, harness = image.flash, image.harness
    click.echo(f"firmware {output or image.firmware.elf}")
    click.echo(
        f"flash    {f.total:,} B: weights {f.weights:,}, tables {f.tables:,}, code {f.code:,}"
    )
    click.echo(f"harness  {harness.flash:,} B of flash and {harness.ram:,} B of RAM besides")
    click.echo(f"compiler {image.firmware.compiler}")


@click.command()
@model_argument
@board_option
@compile_options
@link_options
def flash(model: Path, board: Board, spec: Any, device: Any) -> None:
    """Build, flash and shake hands; an emulated board stops again afterwards."""
    from edgepack import pipeline

    click.echo(pipeline.flash_model(model, board, spec, device))


@click.command()
@model_argument
@board_option
@compile_options
@bench_options
@json_option
@quiet_option
def bench(model: Path, board: Board, spec: Any, device: Any, as_json: bool, quiet: bool) -> None:
    """Latency, memory and accuracy on the device, and whether its bits are the oracle's."""
    from edgepack import pipeline

    with show.progress(quiet) as progress:
        result = pipeline.bench(model, board, spec, device, progress)
    if as_json:
        show.print_json(result)
    else:
        click.echo(show.bench(result))
    _require(result.agreement)


@click.command()
@model_argument
@board_option
@compile_options
@profile_options
@json_option
@quiet_option
def profile(model: Path, board: Board, spec: Any, device: Any, as_json: bool, quiet: bool) -> None:
    """What each operator costs on the device."""
    from edgepack import pipeline

    with show.progress(quiet) as progress:
        progress(f"profile {model.name} on {board.name}", 0, 0)
        result = pipeline.profile(model, board, spec, device)
    if as_json:
        show.print_json(result)
    else:
        click.echo(_profile(result))


def _profile(result: ProfileResult) -> str:
    total = sum(row.count for row in result.steps)
    rows = [
        (
            show.op(r.operator),
            r.kind,
            r.output,
            r.kernel,
            f"{r.count:,}",
            f"{100 * r.count / (total or 1):.1f}",
            f"{r.count / r.macs:.2f}" if r.macs else "-",
            "-" if r.cycles is None else f"{r.cycles:,}",
        )
        for r in result.steps
    ]
    header = ("op", "kind", "output", "kernel", result.unit, "%", "a MAC", "cycles")
    body = show.table(header, rows, right=(0, 4, 5, 6, 7))
    lines = [f"{total:,} {result.unit} in all ({result.kind})"]
    if result.cycles_model:
        cycles = sum(row.cycles or 0 for row in result.steps)
        lines.append(f"{cycles:,} cycles in all (estimated: {result.cycles_model})")
    return "\n".join([body, *lines, f"compiler {result.provenance.compiler}"])


@click.command()
@model_argument
@board_option
@click.option("--layers", is_flag=True, help="Compare every tensor, not only the outputs.")
@compile_options
@sample_options
@json_option
@quiet_option
def verify(
    model: Path, board: Board, layers: bool, spec: Any, device: Any, as_json: bool, quiet: bool
) -> None:
    """Compare the device with the oracle, bit by bit. Exit code 6 where they differ."""
    from edgepack import pipeline

    with show.progress(quiet) as progress:
        result = pipeline.verify(model, board, spec, device, layers, progress)
    if as_json:
        show.print_json(result)
    else:
        rows = [
            (
                show.op(r.operator),
                r.kind,
                "x".join(map(str, r.shape)),
                "equal" if r.equal else f"{r.differing} differ",
                f"{r.max_difference:g}",
                "-" if r.max_ulp is None else str(r.max_ulp),
            )
            for r in result.layers
        ]
        if rows:
            header = ("op", "kind", "shape", "bits", "by at most", "ulp")
            click.echo(show.table(header, rows, right=(0, 4, 5)))
        click.echo(_verdict(result))
    _require(result.agreement)


def _verdict(result: VerifyResult) -> str:
    """How the outputs agree; and, of the tensors inside, how many do not."""
    a = result.agreement
    how = "are bit-exact" if a.bit_exact else "are within their bound" if a.holds else "differ"
    line = f"outputs {how} on {a.n} samples against {a.oracle}"
    wrong = sum(not row.equal for row in result.layers)
    inside = f"{wrong} of the {len(result.layers)} tensors above differ from the oracle's"
    return f"{line}; {inside}" if wrong else line


@click.command()
@model_argument
@board_option
@click.option("--inputs", type=PATH, required=True, help=".npz of x0, x1, ... or tensor names.")
@click.option("-o", "--output", type=PATH, required=True, help=".npz of y0, y1, ...")
@click.option("--reset", is_flag=True, help="Restart the model before each sample.")
@compile_options
@link_options
@quiet_option
def infer(
    model: Path,
    board: Board,
    inputs: Path,
    output: Path,
    reset: bool,
    spec: Any,
    device: Any,
    quiet: bool,
) -> None:
    """What the board answers to your inputs."""
    from edgepack import pipeline

    with show.progress(quiet) as progress:
        shapes = pipeline.infer(model, board, inputs, output, spec, device, reset, progress)
    click.echo(f"wrote {output}: " + ", ".join(f"{n} {list(s)}" for n, s in shapes.items()))


def _require(agreement: Agreement | None) -> None:
    if agreement is not None and not agreement.holds:
        raise MismatchError(
            f"the device and {agreement.oracle} disagree: {agreement.first_difference}"
        )


COMMANDS = (build, flash, bench, profile, verify, infer)
