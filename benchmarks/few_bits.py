"""Layers with weights of few bits against int8: `python -m benchmarks.few_bits [BOARD ...]`.

Prints a Markdown page: for each board and layer, instructions, flash (weights, biases and tables)
and scratch of the kernels for weights of four bits and two, over those of the kernel of bytes that
`balanced` ships for the layer with weights of bytes. All kernels of a layer run on the same
weights, of -1 to 1, and of -7 to 7 where it is depthwise; but for the kernel of bytes where it does
not take such weights' scales.
benchmarks/few_bits.md is its output.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

from benchmarks.costs import Counted, counted
from benchmarks.tables import markdown
from edgepack import load_board
from edgepack.board import Board
from edgepack.compiler.choice import choose
from edgepack.compiler.lowering import offer
from edgepack.pipeline.lab_layers import LayerSpec, build_layer
from edgepack.program import Const, LowerSpec, Program, Scratch

POINTWISE = ("1x1, 64 to 64, 120 pixels", LayerSpec("conv", (12, 10, 64), 64, relu=True, bits=2))
WINDOW = ("3x3, 32 to 32, 8x8", LayerSpec("conv", (8, 8, 32), 32, (3, 3), relu=True, bits=2))
DENSE = ("dense, 256 to 64", LayerSpec("dense", (256,), 64, relu=True, bits=2))
DEPTHWISE = (
    "depthwise 3x3, 25x5, 64 channels",
    LayerSpec("depthwise", (25, 5, 64), relu=True, bits=4),
)
PAGE = (
    ("mps2-an386", (POINTWISE, WINDOW, DENSE, DEPTHWISE)),
    ("mps3-an547", (POINTWISE, WINDOW, DENSE)),
    ("mps2-an385-m0", (POINTWISE, DENSE)),
    ("riscv-virt", (POINTWISE, DENSE)),
)
HEADER = ("kernels", "instructions", "a MAC", "of int8", "flash B", "of int8", "scratch B")


def main() -> int:
    """Print the page."""
    print("# Weights of few bits\n\nMade by `python -m benchmarks.few_bits`. Instructions of one")
    print("inference on emulated boards; flash is weights, biases and tables. The first row of a")
    print("table is the kernel that `balanced` takes for the layer with weights of bytes.")
    for name, layers in PAGE:
        if name in (sys.argv[1:] or [name]):
            for title, layer in layers:
                print(f"\n## {name}: {title}\n")
                table = list(rows(layer, load_board(name)))
                print(markdown(HEADER, table), end="", flush=True)
    return 0


def rows(layer: LayerSpec, board: Board) -> Iterator[tuple[str, ...]]:
    """The kernel of bytes, and all with weights of few bits that are offered."""
    graph = build_layer(layer)
    found = offer(graph, LowerSpec(board.isa))
    ways = [found.program([pick]) for pick in range(len(found.operators[0].ways))]
    shipped, _ = choose(offer(build_layer(replace(layer, bits=8)), LowerSpec(board.isa)))
    reference = next((way for way in ways if _names(way) == _names(shipped)), shipped)
    before = counted(reference, board)
    yield _row(reference, before, reference, before)
    for way in ways:
        if _is_narrow(way) and (way.steps[0].variant != "portable" or "dsp" not in board.isa):
            yield _row(way, counted(way, board), reference, before)


def _names(program: Program) -> tuple[str, ...]:
    return tuple(name for step in program.steps for name in step.kernels)


def _is_narrow(program: Program) -> bool:
    return any(name.endswith(("_s4", "_s2")) for name in _names(program))


def _row(program: Program, run: Counted, reference: Program, before: Counted) -> tuple[str, ...]:
    count, flash = run.instructions.sum(), _constant_bytes(program)
    scratch = sum(a.bytes for s in program.steps for a in s.arguments if isinstance(a, Scratch))
    return (
        ", ".join(f"`{name}`" for name in _names(program)),
        f"{count:,.0f}",
        f"{count / program.macs:.3f}",
        f"{count / before.instructions.sum():.2f}",
        f"{flash:,}",
        f"{flash / _constant_bytes(reference):.2f}",
        f"{scratch:,}",
    )


def _constant_bytes(program: Program) -> int:
    constants = [a for s in program.steps for a in s.arguments if isinstance(a, Const)]
    return sum(len(constant.data) for constant in constants)


if __name__ == "__main__":
    sys.exit(main())
