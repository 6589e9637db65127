"""Layers with zeros or few values against dense ones: `python -m benchmarks.sparse [BOARD ...]`.

Prints a Markdown page: for each board and layer, instructions and flash (weights, biases and
tables) of the kernels for that pattern over those of the kernel that `balanced` ships for the same
layer without zeros. benchmarks/sparse.md is its output.
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

BOARDS = ("mps2-an386", "mps2-an385-m0", "riscv-virt")
RATES = (0.0, 0.5, 0.75, 0.87, 0.95)
LAYERS = {
    "1x1, 64 to 64, 120 pixels": LayerSpec("conv", (12, 10, 64), 64, relu=True),
    "3x3, 32 to 32, 8x8": LayerSpec("conv", (8, 8, 32), 32, (3, 3), relu=True),
    "dense, 256 to 128": LayerSpec("dense", (256,), 128, relu=True),
}
HEADER = ("zeros", "kernel", "instructions", "of dense", "flash B", "of dense")


def main() -> int:
    """Print the page."""
    print("# Zeros and few values\n\nMade by `python -m benchmarks.sparse`. Instructions of one")
    print("inference on emulated boards; flash is weights, biases and tables. Dense is what the")
    print("level `balanced` takes for the same layer without zeros.")
    for name in sys.argv[1:] or BOARDS:
        board = load_board(name)
        for title, layer in LAYERS.items():
            print(f"\n## {name}: {title}\n")
            print(markdown(HEADER, list(rows(layer, board))), end="", flush=True)
    return 0


def rows(layer: LayerSpec, board: Board) -> Iterator[Sequence[str]]:
    """The dense kernel, then the fastest and the smallest kernel of each pattern and rate."""
    dense = next(v for v in _ran(layer, board) if "balanced" in v.levels)
    yield _row("none", dense, dense)
    patterned = [
        *((f"blocks {rate:.0%}", replace(layer, zeros=rate)) for rate in RATES[1:]),
        *((f"single {r:.0%}", replace(layer, zeros=r, pattern="single")) for r in RATES[1:]),
        *((f"{n} of 4", replace(layer, zeros=1 - n / 4, pattern="n:m")) for n in (2, 1)),
        ("16 values", replace(layer, values=16)),
        ("4 values", replace(layer, values=4)),
    ]
    for label, spec in patterned:
        found = [v for v in _ran(spec, board) if _is_own(v)]
        best = [min(found, key=key) for key in (lambda v: v.count, _flash) if found]
        for variant in dict.fromkeys(best):
            yield _row(label, variant, dense)


def _ran(layer: LayerSpec, board: Board) -> Sequence[LabVariant]:
    found = lab(layer, board).variants
    if not all(v.exact for v in found):
        raise EdgepackError(f"{layer}: answers differ")
    return found


def _is_own(variant: LabVariant) -> bool:
    return any(word in name for name in variant.kernels for word in ("sparse", "_blocks", "_book"))


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
