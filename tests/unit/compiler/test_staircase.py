from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepack.compiler.fixed_point import Multiplier, quantize_multiplier, requantize
from edgepack.compiler.variants.rv_steps import plain_steps, signed_steps
from edgepack.compiler.variants.staircase import Staircase, scale_of, staircase
from edgepack.compiler.variants.swar import group_of
from edgepack.compiler.variants.thumb1_depthwise import kind_of
from edgepack.compiler.variants.two_pieces import two_pieces

BOUND = 1 << 18
CASES = [(seed, signed) for seed in range(12) for signed in (False, True)]


def drawn(seed: int, *, signed: bool) -> tuple[Multiplier, int, Staircase]:
    """A multiplier, a zero point and its stairs over all of int8."""
    rng = np.random.default_rng(seed)
    multiplier = quantize_multiplier(float(rng.uniform(0.5, 1)) * 2.0 ** -int(rng.integers(5, 10)))
    zero = int(rng.integers(-128, 128)) if signed else -128
    stairs = staircase(multiplier, zero, (-128, 127), BOUND)
    assert stairs is not None
    return multiplier, zero, stairs


def sums(seed: int, stairs: Staircase) -> NDArray[np.int64]:
    """Both sides of every step, both ends, and some more."""
    rng = np.random.default_rng(seed)
    some = rng.integers(-BOUND, BOUND + 1, 300)
    found = np.concatenate([stairs.steps, stairs.steps - 1, some, [-BOUND, BOUND, -1, 0]])
    return np.clip(found, -BOUND, BOUND)


def outputs(values: NDArray[np.int64], multiplier: Multiplier, zero: int) -> list[int]:
    return [max(-128, min(127, requantize(v, multiplier) + zero)) for v in values.tolist()]


@pytest.mark.parametrize(("seed", "signed"), CASES)
def test_steps_are_tflites(seed: int, signed: bool) -> None:
    multiplier, zero, stairs = drawn(seed, signed=signed)
    values = sums(seed, stairs)
    climbed = -128 + (values[:, None] >= stairs.steps[None, :]).sum(axis=1)
    assert climbed.tolist() == outputs(values, multiplier, zero)


@pytest.mark.parametrize("seed", range(12))
def test_one_multiplication_climbs_them(seed: int) -> None:
    multiplier, zero, stairs = drawn(seed, signed=False)
    values = sums(seed, stairs)
    steps = plain_steps([stairs], [scale_of(multiplier)])
    assert steps is not None
    factor, nudge = steps.table[0].astype(np.int64).tolist()
    nudge -= (nudge >> 31) << 32
    found = ((((values + int(steps.moves[0])) * factor) >> 32) + nudge) >> (factor & 31)
    assert np.clip(found, -128, 127).tolist() == outputs(values, multiplier, zero)


@pytest.mark.parametrize(("seed", "signed"), CASES)
def test_the_sign_makes_it_sure(seed: int, signed: bool) -> None:
    multiplier, zero, stairs = drawn(seed, signed=signed)
    values = sums(seed, stairs)
    steps = signed_steps([multiplier], zero, BOUND)
    assert steps is not None
    factor, nudge, shift = steps.table[0].astype(np.int64).tolist()
    nudge -= (nudge >> 31) << 32
    found = (((4 * values * factor) >> 32) + 2 * (values >> 31) + nudge) >> shift
    assert np.clip(found, -128, 127).tolist() == outputs(values, multiplier, zero)


@pytest.mark.parametrize(("seed", "signed"), CASES)
def test_two_pieces_stay_within_32_bits(seed: int, signed: bool) -> None:
    multiplier, zero, stairs = drawn(seed, signed=signed)
    values = sums(seed, stairs)
    pieces = two_pieces(stairs, multiplier, signed=signed)
    assert pieces is not None
    t = np.clip(values + pieces.move, 0, pieces.limit)
    high, low = t * (pieces.factor >> 13), t * (pieces.factor & 8191)
    unit = np.where(signed & (values < 0) & (t > 0), 1 << pieces.unit, 0)
    total = high + (low >> 13) + pieces.nudge - unit
    assert max(high.max(), low.max(), total.max(), pieces.factor) < 2**32
    assert total.min() >= 0
    found = -128 + (total >> 24)
    found[values + pieces.move < 0] = -128
    found[values + pieces.move > pieces.limit] = 127
    assert found.tolist() == outputs(values, multiplier, zero)


def test_scales_that_have_no_stairs() -> None:
    for multiplier in (Multiplier(0, 0), quantize_multiplier(1.5), quantize_multiplier(2.0**-23)):
        assert staircase(multiplier, 0, (-128, 127), 1000) is None
    assert staircase(quantize_multiplier(0.01), 0, (-128, 127), 2**29) is None


def test_groups_of_taps_fit_16_bits() -> None:
    assert group_of(np.full((1, 16), 10, np.int8)) == (8, 1)
    assert group_of(np.full((1, 16), 60, np.int8)) == (4, 1)
    assert group_of(np.full((1, 12), 85, np.int8)) == (3, 2)
    assert group_of(np.full((1, 16), -127, np.int8)) == (2, 2)
    assert group_of(np.full((1, 16), -128, np.int8)) is None
    assert kind_of(np.full(9, 85, np.int8)) == 0
    assert kind_of(np.full(9, 86, np.int8)) == 1
    assert kind_of(np.full(9, -128, np.int8)) is None
