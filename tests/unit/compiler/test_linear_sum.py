from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.fixed_point import Multiplier, quantize_multiplier, requantize
from edgepack.compiler.variants.layers import SumLayer
from edgepack.compiler.variants.linear_sum import linear_form, linear_total, reference


def layer(scales: tuple[float, float, float], points: tuple[int, int, int], **more: bool):
    large, small, out = scales
    return SumLayer(
        operator=0,
        large=0,
        small=1,
        output=2,
        inputs=(0, 1),
        count=5,
        large_negative=more.get("large_negative", False),
        small_negative=more.get("small_negative", False),
        zero_large=points[0],
        zero_small=points[1],
        zero_out=points[2],
        operand=quantize_multiplier(small / (2 * large)),
        result=quantize_multiplier(2 * large / (2**20 * out)),
        low=-100,
        high=127,
    )


def expected(one: SumLayer, a: int, b: int) -> int:
    """TFLite's Add, number by number."""
    large = requantize((a - one.zero_large) << 20, Multiplier(2**30, 0))
    small = requantize((b - one.zero_small) << 20, one.operand)
    total = (-large if one.large_negative else large) + (-small if one.small_negative else small)
    return max(one.low, min(one.high, requantize(total, one.result) + one.zero_out))


@pytest.mark.parametrize("seed", range(6))
def test_the_form_is_the_reference_for_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    large = float(np.float32(rng.uniform(0.01, 1)))
    scales = (large, large * float(rng.uniform(0.1, 1)), large * float(rng.uniform(0.5, 2)))
    points = tuple(int(n) for n in rng.integers(-128, 128, 3))
    one = layer(scales, points, small_negative=seed % 2 == 1, large_negative=seed % 3 == 1)
    table = reference(one)
    for a, b in rng.integers(-128, 128, (200, 2)).tolist():
        assert table[a + 128, b + 128] == expected(one, a, b)
    form = linear_form(one)
    assert form is not None
    factor_a, factor_b, offset, shift = form
    bytes_ = np.arange(-128, 128, dtype=np.int64)
    sums = bytes_[:, None] * factor_a + bytes_[None, :] * factor_b + offset
    assert np.abs(sums).max() < 2**31
    assert (np.clip(sums >> shift, one.low, one.high) == table).all()


def test_ties_of_both_signs_have_no_form() -> None:
    one = layer((1.0, 1.0, 2.0), (0, 0, 0))
    assert expected(one, 1, 0) == 1  # a half, away from zero
    assert expected(one, -1, 0) == -1
    assert linear_form(one) is None
    assert linear_total(one) is None
