"""What the Helium kernels' scaling can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgepack.compiler.fixed_point import Multiplier

LANES = 16  # int8 in a vector


def shifts_right(multipliers: Iterable[Multiplier], signs: bool) -> bool:
    """Whether VQRDMULH and VRSHL give TFLite's bits.

    VRSHL rounds halves upwards; the sign added beforehand makes that away from zero, but for shifts
    by 0. Without `signs` the output is cut to [zero point, ...], where ties below do not show.
    """
    return all(m.mantissa == 0 or m.shift < 0 or (m.shift == 0 and not signs) for m in multipliers)


def stored(multiplier: Multiplier) -> tuple[int, int]:
    """Mantissa, and what VRSHL takes as its shift: minus the right shift."""
    return (multiplier.mantissa, multiplier.shift) if multiplier.mantissa else (0, -1)
