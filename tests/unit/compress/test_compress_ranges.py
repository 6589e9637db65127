"""Steps and ranges by maximum, percentile and mean squared error, on values alone."""

from __future__ import annotations

import numpy as np
import pytest

from edgepack.compress.quantizing import ranges
from edgepack.errors import ModelError, UsageError

METHODS = ("max", "percentile", "mse")


def weights(seed: int = 0, shape: tuple[int, ...] = (6, 3, 3, 5)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    sizes = rng.uniform(0.1, 3.0, (shape[0],) + (1,) * (len(shape) - 1))
    return (rng.standard_t(4, shape) * sizes).astype(np.float32)


def error(w: np.ndarray, steps: np.ndarray, axis: int | None, bits: int) -> np.ndarray:
    near = ranges.restored(ranges.integers(w, steps, axis, bits), steps, axis)
    return np.square(ranges.by_channel(w.astype(np.float64) - near, axis)).sum(axis=1)


@pytest.mark.parametrize("bits", [2, 4, 8, 16])
@pytest.mark.parametrize("axis", [None, 0, 3])
def test_step_by_maximum_reaches_the_largest_weight_and_saturates_none(bits, axis):
    w = weights()
    steps = ranges.weight_steps(w, axis, bits)
    assert steps.shape == (1 if axis is None else w.shape[axis],)
    grid = ranges.integers(w, steps, axis, bits)
    assert (np.abs(ranges.by_channel(grid, axis)).max(axis=1) == ranges.limit(bits)).all()
    far = np.abs(ranges.by_channel(w - ranges.restored(grid, steps, axis), axis)).max(axis=1)
    assert (far <= steps * 0.5001 + 1e-6).all()


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("axis", [None, 0])
def test_step_by_squared_error_is_as_good_as_a_fine_scan(bits, axis):
    w = weights(1)
    found = error(w, ranges.weight_steps(w, axis, bits, "mse"), axis, bits)
    by_maximum = ranges.weight_steps(w, axis, bits)
    scanned = [error(w, by_maximum * f, axis, bits) for f in np.linspace(0.02, 1.0, 600)]
    assert (found <= np.min(scanned, axis=0) * (1.15 if bits == 8 else 1.03)).all()
    assert (found <= scanned[-1] * (1 + 1e-6)).all()


def test_step_by_percentile_leaves_the_outlier_out():
    w = np.concatenate([np.linspace(-1, 1, 9999), [100.0]]).astype(np.float32)
    step = ranges.weight_steps(w, None, 8, "percentile", percentile=99.9)
    assert step[0] * 127 == pytest.approx(1.0, rel=0.01)


def test_per_channel_rows_do_not_see_one_another():
    w = weights(2)
    for method in METHODS:
        together = ranges.weight_steps(w, 0, 4, method)
        alone = [ranges.weight_steps(w[i : i + 1], 0, 4, method)[0] for i in range(len(w))]
        np.testing.assert_array_equal(together, alone)


def test_channel_of_zeros_takes_the_largest_step_of_the_others():
    w = weights(3)
    w[2] = 0
    for method in METHODS:
        steps = ranges.weight_steps(w, 0, 8, method)
        assert steps[2] == steps.max() > 0
    assert ranges.weight_steps(np.zeros((2, 3), np.float32), 0, 4, "mse").tolist() == [1.0, 1.0]


@pytest.mark.parametrize("bits", [2, 4, 8, 16])
def test_exponent_by_maximum_is_the_largest_that_saturates_nothing(bits):
    w = weights(4)
    p = ranges.weight_exponents(w, 0, bits)
    top = np.abs(w.reshape(len(w), -1)).max(axis=1)
    assert (np.rint(top * np.exp2(p.astype(float))) <= ranges.limit(bits)).all()
    assert (np.rint(top * np.exp2(p + 1.0)) > ranges.limit(bits)).all()


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_exponent_by_squared_error_is_the_best_of_all(bits):
    w = weights(5)
    found = ranges.weight_exponents(w, 0, bits, "mse")
    costs = np.stack([error(w, np.full(len(w), 2.0**-p), 0, bits) for p in range(-12, 20)], axis=1)
    np.testing.assert_array_equal(found, np.argmin(costs, axis=1) - 12)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("method", METHODS)
def test_ranges_of_activations_hold_zero_and_lie_within_what_was_seen(bits, method):
    for seed, shift in enumerate((-3.0, 0.0, 2.0, 9.0)):
        values = np.random.default_rng(seed).normal(shift, 1.0, 5000).astype(np.float32)
        low, high = ranges.activation_range(ranges.histogram(values), bits, method)
        assert low <= 0.0 <= high
        widest = max(-float(values.min()), float(values.max()), 0.0)
        if bits == 16:
            assert low == -high and high <= widest * 1.001
        else:
            assert low >= min(values.min(), 0) - 1e-3 and high <= max(values.max(), 0) + 1e-3
        scale, zero = ranges.affine(low, high, bits)
        least, most = (-128, 127) if bits == 8 else (-32767, 32767)
        assert scale > 0 and least <= zero <= most


def through(values: np.ndarray, low: float, high: float) -> float:
    scale, zero = ranges.affine(low, high, 8)
    grid = np.clip(np.rint(values / scale) + zero, -128, 127)
    return float(np.square((grid - zero) * scale - values).mean())


def test_range_by_squared_error_clips_where_clipping_pays():
    heavy = np.random.default_rng(0).standard_t(3, 40000).astype(np.float32)
    seen = ranges.histogram(heavy)
    whole = through(heavy, *ranges.activation_range(seen, 8, "max"))
    found = through(heavy, *ranges.activation_range(seen, 8, "mse"))
    scanned = min(
        through(heavy, float(heavy.min()) * f, float(heavy.max()) * g)
        for f in np.linspace(0.05, 1, 30)
        for g in np.linspace(0.05, 1, 30)
    )
    assert found < whole
    assert found <= scanned * 1.05
    even = np.random.default_rng(0).uniform(-1, 1, 40000).astype(np.float32)
    low, high = ranges.activation_range(ranges.histogram(even), 8, "mse")
    assert high - low > 1.95


def test_zeros_do_not_sway_the_range():
    values = np.maximum(np.random.default_rng(1).standard_t(4, 20000), 0).astype(np.float32)
    more = np.concatenate([values, np.zeros(200000, np.float32)])
    ends = [ranges.activation_range(ranges.histogram(v), 8, "mse") for v in (values, more)]
    assert ends[0] == ends[1] and ends[0][0] == 0.0


def test_percentile_of_activations_counts_all_values():
    values = np.concatenate([np.linspace(0, 1, 100000), [50.0] * 10]).astype(np.float32)
    low, high = ranges.activation_range(ranges.histogram(values), 8, "percentile", percentile=99.9)
    assert low == 0.0 and 0.99 < high < 1.05


def test_histograms_of_parts_add_up():
    values = np.random.default_rng(2).normal(size=1000).astype(np.float32)
    low, high = float(values.min()), float(values.max())
    parts = [ranges.histogram(p, low, high) for p in np.split(values, 4)]
    total = parts[0] + parts[1] + parts[2] + parts[3]
    np.testing.assert_array_equal(total.counts, ranges.histogram(values).counts)
    with pytest.raises(ValueError, match="different ranges"):
        _ = parts[0] + ranges.histogram(values, low, high + 1)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("value", [0.0, 3.0, -3.0, 1e-45])
def test_constant_data_has_a_range_that_holds_it(bits, value):
    seen = ranges.histogram(np.full(100, value, np.float32))
    for method in METHODS:
        scale, zero = ranges.affine(*ranges.activation_range(seen, bits, method), bits)
        least, most = (-128, 127) if bits == 8 else (-32767, 32767)
        assert np.float32(scale) > 0
        level = np.clip(np.rint(value / scale) + zero, least, most)
        assert (level - zero) * scale == pytest.approx(value, abs=scale)
        p, zero = ranges.activation_exponent(seen, bits, method)
        assert np.float32(2.0**-p) > 0
        assert least <= np.rint(value * 2.0**p) + zero <= most + 1


@pytest.mark.parametrize("bits", [8, 16])
def test_exponent_of_activations_by_maximum_clips_at_most_a_level(bits):
    for seed, shift in enumerate((-3.0, 0.0, 0.4, 9.0)):
        values = np.random.default_rng(seed).normal(shift, 1.0, 5000).astype(np.float32)
        p, zero = ranges.activation_exponent(ranges.histogram(values), bits)
        levels = np.rint(values * 2.0**p) + zero
        least, most = (-128, 127) if bits == 8 else (-32767, 32767)
        assert least - 1 <= levels.min() and levels.max() <= most + 1
        tighter = max(values.max(), 0.0) - min(values.min(), 0.0)
        widest = max(-values.min(), values.max())
        used = widest / most if bits == 16 else tighter / (most - least)
        assert 2.0**-p < 2.0 * used


def test_exponent_of_activations_by_squared_error_clips_the_outlier():
    values = np.random.default_rng(3).normal(size=400000).astype(np.float32)
    values[0] = 12.0
    by_maximum, _ = ranges.activation_exponent(ranges.histogram(values), 8)
    found, zero = ranges.activation_exponent(ranges.histogram(values), 8, "mse")
    assert found > by_maximum
    assert abs(zero) < 32


def test_what_has_no_step_is_refused():
    bad = np.array([[1.0, np.nan]], np.float32)
    with pytest.raises(ModelError, match="conv1: a weight that is NaN or infinite, so no step"):
        ranges.weight_steps(bad, 0, 8, name="conv1")
    with pytest.raises(ModelError, match="weights: no weights"):
        ranges.weight_steps(np.zeros((0, 3)), None, 8, "mse")
    with pytest.raises(UsageError, match="bits: 3 is not known; known: 2, 4, 8, 16"):
        ranges.limit(3)
    with pytest.raises(UsageError, match="act: NaN or infinity appears in it on this data"):
        ranges.histogram(np.array([1.0, np.inf]), name="act")
    with pytest.raises(UsageError, match="act: no values to take a range from"):
        ranges.histogram(np.zeros((0, 4)), name="act")
    with pytest.raises(UsageError, match="the range is 50 to 100"):
        ranges.activation_range(ranges.histogram(np.ones(3)), 8, "percentile", percentile=101.0)
    with pytest.raises(UsageError, match="activations: 4 bits are not known"):
        ranges.affine(0.0, 1.0, 4)
