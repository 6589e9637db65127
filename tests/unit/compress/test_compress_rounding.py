"""Adaptive rounding and bias correction of one layer, against exhaustive search and samples."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from edgepack.compress.quantizing import blockwise
from edgepack.compress.quantizing.bias import corrected, means
from edgepack.compress.quantizing.ranges import weight_steps
from edgepack.compress.quantizing.rounding import RoundingSpec, adaround, moments, refitted, target
from edgepack.errors import UsageError


def correlated(n: int, k: int, seed: int, groups: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(groups, k, k))
    return (rng.normal(size=(groups, n, k)) @ mix + rng.normal(size=(1, 1, k))).astype(np.float32)


def layer(seed: int, n: int = 300, k: int = 6, out: int = 3, groups: int = 1, bits: int = 4):
    x = correlated(n, k, seed, groups)
    q = x + np.random.default_rng(seed + 1).normal(0, 0.05, x.shape).astype(np.float32)
    w = np.random.default_rng(seed + 2).normal(size=(groups, out, k))
    steps = weight_steps(w.reshape(groups * out, k), 0, bits).reshape(groups, out)
    return x, q, w, steps


def output_error(x, q, w, restored) -> np.ndarray:
    gap = x @ w.transpose(0, 2, 1) - q @ restored.transpose(0, 2, 1)
    return np.asarray((gap - gap.mean(axis=1, keepdims=True)).var(axis=1))


@pytest.mark.parametrize("groups", [1, 4])
def test_error_of_a_target_is_that_of_the_outputs_and_of_leaving_the_weights(groups):
    x, q, w, steps = layer(0, groups=groups)
    aim = target(moments(x, q), w)
    a = np.rint(w / steps[:, :, None]) * steps[:, :, None]
    b = np.zeros_like(w)
    stay = (0.01 + 5 * 6 / 300) * q.var(axis=1).mean(axis=1)
    by_moments = aim.error(a) - aim.error(b)
    by_samples = output_error(x, q, w, a) - output_error(x, q, w, b)
    left = stay[:, None] * (np.square(a - w) - np.square(b - w)).sum(axis=2)
    np.testing.assert_allclose(by_moments, by_samples + left, rtol=1e-4, atol=1e-4)


def test_weights_that_few_samples_say_little_of_stay_near():
    x, _, w, steps = layer(5, n=60, k=40, bits=8)
    q = x + np.random.default_rng(1).normal(0, 0.5, x.shape).astype(np.float32)
    found = adaround(target(moments(x, q), w), w, steps, 8, RoundingSpec(iterations=0))
    assert np.abs(found - w / steps[:, :, None]).mean() < 2.0


def test_moments_of_parts_add_up():
    x, q, w, _ = layer(1)
    whole = target(moments(x, q), w)
    parts = target(moments(x[:, :100], q[:, :100]) + moments(x[:, 100:], q[:, 100:]), w)
    np.testing.assert_allclose(whole.curvature, parts.curvature, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(whole.pull, parts.pull, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("bits", [2, 4])
def test_rounding_is_close_to_the_best_of_all_ways_up_and_down(bits):
    top = {2: 1, 4: 7}[bits]
    ratios = []
    for seed in range(8):
        x, q, w, steps = layer(10 * seed, bits=bits)
        aim = target(moments(x, q), w)
        scaled = w / steps[:, :, None]
        ways = np.array(list(itertools.product((0, 1), repeat=w.shape[2])))
        grids = np.clip(np.floor(scaled)[:, :, None] + ways[None, None], -top, top)
        errors = [
            output_error(x, q, w, grids[:, :, i] * steps[:, :, None]) for i in range(len(ways))
        ]
        best = np.min(errors, axis=0)
        found = adaround(aim, w, steps, bits, RoundingSpec(iterations=300))
        error = output_error(x, q, w, found * steps[:, :, None])
        nearest = np.clip(np.rint(scaled), -top, top) * steps[:, :, None]
        plain = output_error(x, q, w, nearest)
        assert (aim.error(found * steps[:, :, None]) <= aim.error(nearest) + 1e-6).all()
        assert np.abs(found).max() <= top and (found == np.rint(found)).all()
        ratios.append((error.sum() / best.sum(), plain.sum() / best.sum()))
    found_mean, nearest_mean = np.mean(ratios, axis=0)
    assert found_mean < 1.2 and found_mean < 0.9 * nearest_mean


def test_each_group_rounds_by_its_own_inputs():
    x, q, w, steps = layer(3, groups=5, out=2)
    spec = RoundingSpec(iterations=50)
    together = adaround(target(moments(x, q), w), w, steps, 4, spec)
    alone = [
        adaround(
            target(moments(x[i : i + 1], q[i : i + 1]), w[i : i + 1]),
            w[i : i + 1], steps[i : i + 1], 4, RoundingSpec(iterations=0),
        )
        for i in range(5)
    ]  # fmt: skip
    settled = adaround(target(moments(x, q), w), w, steps, 4, RoundingSpec(iterations=0))
    np.testing.assert_array_equal(settled, np.concatenate(alone))
    np.testing.assert_array_equal(together, adaround(target(moments(x, q), w), w, steps, 4, spec))


@pytest.mark.parametrize("shared", [False, True])
def test_steps_that_are_fitted_lower_the_error(shared):
    x, q, w, steps = layer(6, out=4, bits=2)
    if shared:
        steps = np.full_like(steps, steps.max())
    aim, spec = target(moments(x, q), w), RoundingSpec(iterations=0)
    found = adaround(aim, w, steps, 2, spec)
    grid, fitted = refitted(aim, found, steps, 2, spec, shared=shared)
    before = output_error(x, q, w, found * steps[:, :, None])
    after = output_error(x, q, w, grid * fitted[:, :, None])
    assert after.sum() < before.sum()
    assert np.abs(grid).max() <= 1
    assert (fitted >= 0.5 * steps).all() and (fitted <= 2 * steps).all()
    assert len(np.unique(fitted)) == (1 if shared else 4)
    if not shared:
        errors = aim.error(found * steps[:, :, None]), aim.error(grid * fitted[:, :, None])
        assert (errors[1] <= errors[0] + 1e-9).all()


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("fit", [False, True])
def test_blocks_come_near_to_the_whole(monkeypatch, shared, fit):
    monkeypatch.setattr(blockwise, "_BLOCK", 9)
    spec, ratios = RoundingSpec(iterations=100), []
    for seed in range(4):
        x, q, w, steps = layer(20 + 9 * seed, k=40, out=4, groups=2)
        steps = np.full_like(steps, steps.max()) if shared else steps
        nearest = np.clip(np.rint(w / steps[:, :, None]), -7, 7) * steps[:, :, None]
        aim = target(moments(x, q), w)
        best = adaround(aim, w, steps, 4, spec)
        grid, now = best, steps
        if fit:
            grid, now = refitted(aim, best, steps, 4, spec, shared=shared)
        whole = output_error(x, q, w, grid * now[:, :, None])
        grid, now = blockwise.blockwise(x, q, w, steps, 4, spec, fit=fit, shared=shared)
        again = blockwise.blockwise(x, q, w, steps, 4, spec, fit=fit, shared=shared)
        np.testing.assert_array_equal(grid, again[0])
        blocks = output_error(x, q, w, grid * now[:, :, None])
        assert np.abs(grid).max() <= 7 and (grid == np.rint(grid)).all()
        assert (now >= 0.5 * steps).all() and (now <= 2 * steps).all()
        assert (now == steps).all() or fit
        assert len(np.unique(now)) == 1 or not shared
        plain = output_error(x, q, w, nearest).sum()
        ratios.append((blocks.sum() / plain, whole.sum() / plain))
    by_blocks, by_whole = np.mean(ratios, axis=0)
    assert by_blocks < 0.65 and by_blocks < 1.2 * by_whole, ratios


def test_blocks_are_never_worse_than_nearest():
    for seed in range(2):
        x, q, w, steps = layer(seed, n=8, k=1200, out=2, bits=8)
        spec = RoundingSpec(iterations=0, refits=1)
        grid, now = blockwise.blockwise(x, q, w, steps, 8, spec, fit=True, shared=False)
        nearest = np.rint(w / steps[:, :, None]) * steps[:, :, None]
        stay = (0.01 + 5 * 1200 / 8) * q.var(axis=1).mean(axis=1)
        made, plain = (
            output_error(x, q, w, v) + stay * np.square(v - w).sum(axis=2)
            for v in (grid * now[:, :, None], nearest)
        )
        assert (made <= plain * (1 + 1e-5)).all()


def test_wide_layers_are_searched_by_blocks():
    assert [blockwise.is_wide(k) for k in (27, 1152, 1153)] == [False, False, True]


def test_inputs_that_say_nothing_leave_rounding_to_nearest():
    _, _, w, steps = layer(4)
    still = np.ones((1, 20, 6), np.float32)
    found = adaround(target(moments(still, still), w), w, steps, 4, RoundingSpec(iterations=30))
    np.testing.assert_array_equal(found, np.rint(w / steps[:, :, None]))


def test_two_samples_are_enough_to_run():
    x, q, w, steps = layer(5, n=2, k=20)
    found = adaround(target(moments(x, q), w), w, steps, 4, RoundingSpec(iterations=30))
    assert np.isfinite(found).all() and np.abs(found).max() <= 7


def test_iterations_out_of_range_are_refused():
    with pytest.raises(
        UsageError, match="-1 iterations are out of range; the range is 0 to 100000"
    ):
        RoundingSpec(iterations=-1)


def test_corrected_bias_gives_the_float_means():
    rng = np.random.default_rng(0)
    x = rng.normal(1.0, 1.0, (4, 5, 5, 7)).astype(np.float32)
    w, b = rng.normal(size=(7, 3)).astype(np.float32), rng.normal(size=3).astype(np.float32)
    rough = np.rint(w * 2) / 2
    floats, quantised = x @ w + b, x @ rough + b
    seen = means(quantised[:2]) + means(quantised[2:])
    bias = corrected(b, means(floats), seen)
    again = x @ rough + bias
    np.testing.assert_allclose(again.mean((0, 1, 2)), floats.mean((0, 1, 2)), atol=1e-4)
    assert np.abs(quantised.mean((0, 1, 2)) - floats.mean((0, 1, 2))).max() > 0.01


def test_bias_of_nothing_or_nan_is_refused():
    empty = means(np.zeros((0, 3), np.float32))
    with pytest.raises(UsageError, match="conv: no outputs to correct the bias by"):
        corrected(np.zeros(3), empty, empty, "conv")
    bad = means(np.full((2, 3), np.nan, np.float32))
    with pytest.raises(UsageError, match="conv: NaN or infinity in its outputs"):
        corrected(np.zeros(3), bad, bad, "conv")
