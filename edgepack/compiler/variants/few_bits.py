"""How many bits a layer's weights need, whatever their type says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WIDTHS = (4, 2)


def widths_of(weights: NDArray[np.int8]) -> tuple[int, ...]:
    """The widths of `WIDTHS` that hold every weight, two's complement, the widest first."""
    least, most = int(weights.min()), int(weights.max())
    return tuple(bits for bits in WIDTHS if -(2 ** (bits - 1)) <= least and most < 2 ** (bits - 1))
