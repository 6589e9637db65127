"""Layers with weights of few bits against int8: `python -m benchmarks.few_bits [BOARD ...]`.

Prints a Markdown page: for each board and layer, instructions, flash (weights, biases and tables)
and scratch of the kernels for weights of four bits and two, over those of the kernel of bytes that
`balanced` ships for the layer. All run on the same weights, of -1 to 1.
benchmarks/few_bits.md is its output.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

from benchmarks.tables import markdown
from edgepack import load_board
from edgepack.board import Board
from edgepack.compiler.choice import choose
from edgepack.compiler.lowering import offer
from edgepack.pipeline.lab import lab
from edgepack.pipeline.lab_layers import LayerSpec, build_layer
from edgepack.program import LowerSpec
from edgepack.results import LabVariant

POINTWISE = ("1x1, 64 to 64, 120 pixels", LayerSpec("conv", (12, 10, 64), 64, relu=True))
WINDOW = ("3x3, 32 to 32, 8x8", LayerSpec("conv", (8, 8, 32), 32, (3, 3), relu=True))
DENSE = ("dense, 256 to 64", LayerSpec("dense", (256,), 64, relu=True))
DEPTHWISE = ("depthwise 3x3, 25x5, 64 channels", LayerSpec("depthwise", (25, 5, 64), relu=True))
PAGE = (
    ("mps2-an386", (POINTWISE, WINDOW, DENSE, DEPTHWISE)),
    ("mps3-an547", (POINTWISE, WINDOW, DENSE)),
    ("mps2-an385-m0", (POINTWISE, DENSE)),
    ("mps2-an385", (POINTWISE,)),
    ("riscv-virt", (POINTWISE, DENSE)),
)
HEADER = ("kernels", "instructions", "a MAC", "of int8", "flash B", "of int8", "scratch B")


def main() -> int:
    """Print the page."""
    print("# Weights of few bits\n\nMade by `python -m benchmarks.few_bits`. Instructions of one")
    print("inference on emulated boards; flash is weights, biases and tables. The first row of a")
    print("table is the kernel of bytes that `balanced` takes for the layer.")
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
    program, _ = choose(offer(graph, LowerSpec(board.isa)))
    shipped = tuple(step.kernel for step in program.steps)
    found = lab(replace(layer, bits=2), board)
    assert all(variant.exact for variant in found.variants)
    reference = next(v for v in found.variants if v.kernels == shipped)
    yield _row(reference, reference)
    for variant in found.variants:
        narrow = any(name.endswith(("_s4", "_s2")) for name in variant.kernels)
        if narrow and ("dsp" not in board.isa or variant.variant != "portable"):
            yield _row(variant, reference)


def _row(variant: LabVariant, reference: LabVariant) -> tuple[str, ...]:
    flash, dense = (v.weights + v.tables for v in (variant, reference))
    return (
        ", ".join(f"`{name}`" for name in variant.kernels),
        f"{variant.count:,}",
        f"{variant.per_mac:.3f}",
        f"{variant.count / reference.count:.2f}",
        f"{flash:,}",
        f"{flash / dense:.2f}",
        f"{variant.scratch:,}",
    )


if __name__ == "__main__":
    sys.exit(main())
