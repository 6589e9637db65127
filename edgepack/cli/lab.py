"""lab: every variant of one kernel on a board."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from edgepack.cli import show
from edgepack.cli.options import (
    board_option,
    gathered,
    json_option,
    link_options,
    number,
    quiet_option,
)
from edgepack.errors import MismatchError, UsageError

if TYPE_CHECKING:
    from edgepack.board import Board
    from edgepack.results import LabResult, LabVariant

KERNELS = ("conv", "depthwise", "dense", "add", "average_pool", "max_pool", "softmax")
_LARGEST = 2**15 - 1


def _sizes(text: str, option: str) -> tuple[int, ...]:
    """The numbers of `25x5x64`."""
    if not re.fullmatch(r"\d{1,5}(x\d{1,5})*", text, re.ASCII):
        raise UsageError(f"{option} {text!r}: write sizes as 25x5x64")
    sizes = tuple(map(int, text.split("x")))
    if not all(1 <= size <= _LARGEST for size in sizes):
        raise UsageError(f"{option} {text}: each size must lie in 1 to {_LARGEST}")
    return sizes


def _pair(text: str | None, option: str) -> tuple[int, int] | None:
    """Height and width, of `3x3` or of `3`."""
    if text is None:
        return None
    sizes = _sizes(text, option)
    if len(sizes) > 2:
        raise UsageError(f"{option} {text}: takes a height and a width, such as 3x3, or 3 for both")
    return sizes[0], sizes[-1]


def _layer_spec(**values: Any) -> Any:
    from edgepack.pipeline.lab_layers import LayerSpec

    values["shape"] = _sizes(values["shape"], "--shape")
    for name in ("kernel", "stride"):
        values[name] = _pair(values[name], f"--{name}")
    return LayerSpec(kernel=values.pop("operator"), window=values.pop("kernel"), **values)


_layer_options = gathered(
    "layer",
    _layer_spec,
    click.argument("operator", type=click.Choice(KERNELS), metavar="KERNEL"),
    click.option(
        "--shape",
        required=True,
        metavar="SIZES",
        help="Of the input: HxWxC of conv, depthwise and pools; N or BATCHxN of dense; N or ROWSxN "
        "of softmax; N, WxC or HxWxC of add.",
    ),
    click.option("--out", type=click.IntRange(1, _LARGEST), help="Outputs of conv and dense."),
    click.option("--kernel", metavar="HxW", help="Default: 1x1, depthwise 3x3, pools 2x2."),
    click.option("--stride", metavar="HxW", help="Default: 1, and of pools their kernel."),
    click.option("--padding", type=click.Choice(["same", "valid"]), help="Default: same."),
    click.option("--relu", is_flag=True, help="With a fused ReLU."),
    click.option(
        "--zeros",
        type=click.FloatRange(0, 1),
        default=0.0,
        help="Of the weights, those that are zero.",
    ),
    click.option(
        "--pattern",
        type=click.Choice(["blocks", "single", "n:m"]),
        default="blocks",
        show_default=True,
        help="Of the zeros: 1x4 along the depth, anywhere, or as many of every 4.",
    ),
    click.option(
        "--values",
        type=click.IntRange(2, 256),
        help="Numbers that the weights may have. Default: all of int8.",
    ),
    click.option(
        "--bits",
        type=click.Choice(["8", "4", "2"]),
        default="8",
        show_default=True,
        callback=number,
        help="That weights need.",
    ),
    click.option("--power-of-two", is_flag=True, help="All scales are powers of two."),
    click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Of weights and inputs.",
    ),
)


@click.command()
@_layer_options
@board_option
@click.option("--disassemble", is_flag=True, help="Its innermost loop too, as objdump shows it.")
@link_options
@json_option
@quiet_option
def lab(
    layer: Any, board: Board, disassemble: bool, device: Any, as_json: bool, quiet: bool
) -> None:
    """Every variant of KERNEL that the board can run, side by side.

    KERNEL is conv, depthwise, dense, add, average_pool, max_pool or softmax, in int8. Answers are
    compared with those of the portable kernels. For example:

    edgepack lab conv --shape 25x5x64 --out 64 --kernel 1x1 --board mps2-an386
    """
    from edgepack import pipeline

    with show.progress(quiet) as progress:
        result = pipeline.lab(layer, board, device, disassemble, progress)
    if as_json:
        show.print_json(result)
    else:
        click.echo(_text(result))
    wrong = [", ".join(v.kernels) for v in result.variants if not v.exact]
    if wrong:
        raise MismatchError(
            f"{' and '.join(wrong)} answered other bits than the portable kernels on {board.name}"
        )


def _text(result: LabResult) -> str:
    header = (
        *("kernel", "variant", "levels", result.unit, "a MAC", "an output", "cycles"),
        *("weights B", "tables B", "code B", "scratch B", "arena B", "bits"),
    )
    body = show.table(header, [_row(v) for v in result.variants], right=range(3, 12))
    emulator = f", emulator {result.emulator}" if result.emulator else ""
    loops = [
        f"\n{', '.join(v.kernels)} ({v.variant})\n" + "\n".join(f"  {line}" for line in v.loop)
        for v in result.variants
        if v.loop
    ]
    lines = [
        f"{result.kernel} on {result.board.name} ({result.board.core}), {result.macs:,} MACs, "
        f"{result.outputs:,} outputs",
        *(f"input   {text}" for text in result.inputs),
        f"output  {result.output}",
        "",
        body,
        "",
        *(f"not offered: {text}" for text in result.refusals),
        f"{result.kind}, cycles estimated; bits against the portable kernels' on "
        f"{result.samples} samples",
        f"compiler {result.compiler}{emulator}",
        *loops,
    ]
    return "\n".join(lines)


def _row(v: LabVariant) -> tuple[str, ...]:
    sizes = (v.weights, v.tables, v.code, v.scratch, v.arena)
    return (
        ", ".join(v.kernels),
        v.variant,
        ", ".join(v.levels) or "-",
        f"{v.count:,}",
        "-" if v.per_mac is None else f"{v.per_mac:.2f}",
        f"{v.per_output:,.2f}",
        "-" if v.cycles is None else f"{v.cycles:,}",
        *(f"{size:,}" for size in sizes),
        "equal" if v.exact else "DIFFER",
    )


COMMANDS = (lab,)
