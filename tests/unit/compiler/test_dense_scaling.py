from __future__ import annotations

import math

import numpy as np
import pytest

from edgepack.compiler.fixed_point import Multiplier, requantize_once
from edgepack.compiler.operators.dense_scaling import matching_rescale, steps_of


def scaled(total: int, real: float, zero_point: int) -> int:
    """The definition: double precision, halves away from zero."""
    product = total * real
    size = math.floor(abs(product))
    size += 1 if abs(product) - size >= 0.5 else 0
    return max(-128, min(127, zero_point + (size if product >= 0 else -size)))


SCALES = (1 / 98, 1 / 6, 0.25, 0.01234567, 0.9, 1.7, 1e-4, 0.5)


@pytest.mark.parametrize("real", SCALES)
@pytest.mark.parametrize("zero_point", [-128, -3, 0, 127])
def test_steps(real: float, zero_point: int) -> None:
    bound = 3000
    steps = steps_of(real, zero_point, bound)
    for total in range(-bound, bound + 1, 1 if real > 0.01 else 7):
        assert -128 + int((steps <= total).sum()) == scaled(total, real, zero_point)


@pytest.mark.parametrize("real", [r for r in SCALES if r != 1 / 98])
def test_rescale_matches_everywhere(real: float) -> None:
    found = matching_rescale(real, -3, 3000)
    assert found is not None
    mantissa, code = found
    multiplier = Multiplier(mantissa, -code if code >= 0 else code + 31)
    for total in range(-3000, 3001):
        value = int(np.clip(requantize_once(total, multiplier) - 3, -128, 127))
        assert value == scaled(total, real, -3), total


def test_ties_of_both_kinds_have_no_rescale() -> None:
    assert 49 * (1 / 98) < 0.5  # rounds to 0, while others are ties and round away from it
    assert any(49 * k * (1 / 98) == k / 2 for k in range(3, 40, 2))
    assert matching_rescale(1 / 98, 0, 3000) is None
