"""Layers with zeros or few values against dense ones: `python -m benchmarks.sparse [WORD ...]`.

Prints a Markdown page: for each board and layer, instructions and flash (weights, biases and
tables) of the kernels for that pattern over those of the kernel that `balanced` ships for the same
layer without zeros. With words, the sections whose titles have one of them. benchmarks/sparse.md is
its output.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks.tables import markdown
from edgepack import load_board
from edgepack.board import Board
from edgepack.errors import EdgepackError
from edgepack.pipeline.lab import lab
from edgepack.pipeline.lab_layers import LayerSpec
from edgepack.results import LabVariant

POINTWISE = LayerSpec("conv", (12, 10, 64), 64, relu=True)
WINDOW = LayerSpec("conv", (8, 8, 32), 32, (3, 3), relu=True)
DENSE = LayerSpec("dense", (256,), 128, relu=True)
PLANES = LayerSpec("depthwise", (25, 5, 64), relu=True)
RATES = (0.5, 0.75, 0.87, 0.95)
FEWER = (0.5, 0.75)
OTHERS = ("1 of 4", "2 of 4", "16 values", "4 values")
SCALES = ("powers of two",)
PAGE = (  # board, layer, rates of zero blocks, of zeros anywhere, other patterns
    ("mps2-an386", "1x1, 64 to 64, 120 pixels", POINTWISE, RATES, RATES, OTHERS),
    ("mps2-an386", "3x3, 32 to 32, 8x8", WINDOW, RATES, (), ("16 values",)),
    ("mps2-an386", "dense, 256 to 128", DENSE, RATES, (), ()),
    ("mps2-an386", "depthwise 3x3 with ReLU, 25x5x64", PLANES, (), (), SCALES),
    ("mps2-an386", "depthwise 3x3, 25x5x64", replace(PLANES, relu=False), (), (), SCALES),
    ("mps2-an385-m0", "1x1, 64 to 64, 120 pixels", POINTWISE, FEWER, FEWER, OTHERS),
    ("riscv-virt", "1x1, 64 to 64, 120 pixels", POINTWISE, FEWER, FEWER, OTHERS),
)
HEADER = ("weights", "kernel", "instructions", "of dense", "flash B", "of dense")
OWN = ("sparse", "_blocks", "_book", "_shift", "3x3_signed")  # in kernels' names


def main() -> int:
    """Print the page."""
    print("# Zeros and few values\n\nMade by `python -m benchmarks.sparse`. Instructions of one")
    print("inference on emulated boards; flash is weights, biases and tables. Dense is what the")
    print("level `balanced` takes for the same layer without zeros.")
    for name, title, layer, blocks, single, others in PAGE:
        heading = f"{name}: {title}"
        if any(word in heading for word in sys.argv[1:] or [""]):
            patterned = [
                *((f"{rate:.0%} zero blocks", replace(layer, zeros=rate)) for rate in blocks),
                *((f"{r:.0%} zeros", replace(layer, zeros=r, pattern="single")) for r in single),
                *((label, _other(layer, label)) for label in others),
            ]
            print(f"\n## {heading}\n")
            table = list(rows(layer, load_board(name), patterned))
            print(markdown(HEADER, table), end="", flush=True)
    return 0


def _other(layer: LayerSpec, label: str) -> LayerSpec:
    if label == "powers of two":
        return replace(layer, power_of_two=True)
    count = int(label.split()[0])
    if label.endswith("values"):
        return replace(layer, values=count)
    return replace(layer, zeros=1 - count / 4, pattern="n:m")


def rows(
    layer: LayerSpec, board: Board, patterned: Sequence[tuple[str, LayerSpec]]
) -> Iterator[Sequence[str]]:
    """The dense kernel, then the fastest and the smallest kernel of each pattern."""
    dense = next(v for v in _ran(layer, board, ()) if "balanced" in v.levels)
    yield _row("dense", dense, dense)
    for label, spec in patterned:
        found = [v for v in _ran(spec, board, OWN) if any(w in v.kernels[0] for w in OWN)]
        best = [min(found, key=key) for key in (lambda v: v.count, _flash)]
        for variant in dict.fromkeys(best):
            yield _row(label, variant, dense)


def _ran(layer: LayerSpec, board: Board, words: Sequence[str]) -> Sequence[LabVariant]:
    found = lab(layer, board, words=words).variants
    if not all(v.exact for v in found):
        raise EdgepackError(f"{layer}: answers differ")
    return found


def _flash(variant: LabVariant) -> int:
    return variant.weights + variant.tables


def _row(label: str, variant: LabVariant, dense: LabVariant) -> Sequence[str]:
    return (
        label,
        ", ".join(f"`{name}`" for name in variant.kernels),
        f"{variant.count:,}",
        f"{variant.count / dense.count:.2f}",
        f"{_flash(variant):,}",
        f"{_flash(variant) / _flash(dense):.2f}",
    )


if __name__ == "__main__":
    sys.exit(main())
