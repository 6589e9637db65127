"""Importances of channels against what they stand for, and the choice under a target."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from edgepack.compress.data import Arrays
from edgepack.compress.pruning.channel_costs import costs_of
from edgepack.compress.pruning.channels import prune_channels, scores_of, size_of
from edgepack.compress.pruning.groups import trace
from edgepack.compress.pruning.importance import openers_of
from edgepack.compress.pruning.spec import PruneSpec
from edgepack.compress.pruning.unroll import unroll
from edgepack.compress.tuning.lesson import Lesson
from edgepack.errors import ModelError, UsageError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
keras = pytest.importorskip("keras", reason="TensorFlow is not installed")

L = keras.layers


def small(*, norm: bool = True) -> Any:
    keras.utils.set_random_seed(5)
    inputs = keras.Input((6, 5, 2))
    x = L.Conv2D(6, 3, padding="same", name="c")(inputs)
    x = L.BatchNormalization(name="n")(x) if norm else x
    x = L.ReLU()(x)
    y = L.Conv2D(6, 1, name="d", activation="relu")(x)
    x = L.Conv2D(5, 1, name="e", activation="relu")(L.Concatenate()([x, y]))
    x = L.Dense(3, activation="softmax", name="head")(L.Flatten()(x))
    model = keras.Model(inputs, x, name="small")
    random = np.random.default_rng(7)
    for weight in model.weights:
        value = random.normal(0.0, 0.4, weight.shape)
        weight.assign(np.abs(value) + 0.5 if "variance" in weight.name else value)
    return model


def lesson(n: int = 48, *, labels: bool = True) -> Lesson:
    random = np.random.default_rng(3)
    x = random.normal(size=(n, 6, 5, 2)).astype(np.float32)
    return Lesson(Arrays((x,), random.integers(0, 3, n) if labels else None))


def scores(model: Any, importance: Any, given: Lesson | None = None) -> dict[str, Any]:
    """By layer, the importance of each of its channels."""
    graph = unroll(model, "m")
    traced = trace(graph)
    found = scores_of(model, graph, traced, PruneSpec(importance=importance), given)
    layers = {layer.name: key for key, layer in openers_of(traced).items()}
    return {
        name: np.asarray(
            [found.get(int(r), np.nan) for r in traced.classes.roots(traced.leaving[key])]
        )
        for name, key in layers.items()
    }


def loss_of_each(model: Any, x: Any, labels: Any) -> Any:
    p = np.asarray(model(x), np.float64)
    return -np.log(p[np.arange(len(labels)), labels])


def test_taylor_is_the_squared_slope_of_the_loss_by_a_gate() -> None:
    """A gate of 1 + h on a channel is its readers' weights times 1 + h: no gradient is asked."""
    model, given = small(), lesson()
    x, labels = given.samples.inputs[0], given.samples.labels
    found = scores(model, "taylor", given)
    readers = {"c": [("d", 0), ("e", 0)], "d": [("e", 6)]}
    for layer, read_by in readers.items():
        for channel in range(6):
            slopes = []
            for h in (1e-3, -1e-3):
                kernels = [(model.get_layer(n).kernel, first + channel) for n, first in read_by]
                before = [kernel.numpy() for kernel, _ in kernels]
                for (kernel, row), value in zip(kernels, before, strict=True):
                    changed = value.copy()
                    changed[..., row, :] *= 1.0 + h
                    kernel.assign(changed)
                slopes.append(loss_of_each(model, x, labels))
                for (kernel, _), value in zip(kernels, before, strict=True):
                    kernel.assign(value)
            want = np.mean(np.square((slopes[0] - slopes[1]) / 2e-3))
            assert found[layer][channel] == pytest.approx(want, rel=0.02, abs=1e-6)


def test_activity_and_variance_are_those_of_what_is_read() -> None:
    model, given = small(), lesson()
    relu = next(layer for layer in model.layers if isinstance(layer, L.ReLU))
    inner = keras.Model(model.inputs, [relu.output, model.get_layer("d").output])
    after_norm, after_d = (np.asarray(y) for y in inner(given.samples.inputs[0]))
    share = scores(model, "activity", given)
    np.testing.assert_allclose(share["c"], (after_norm != 0).mean((0, 1, 2)), atol=1e-6)
    np.testing.assert_allclose(share["d"], (after_d != 0).mean((0, 1, 2)), atol=1e-6)
    spread = scores(model, "variance", given)
    np.testing.assert_allclose(spread["c"], after_norm.var((0, 1, 2)), rtol=1e-3)
    np.testing.assert_allclose(spread["d"], after_d.var((0, 1, 2)), rtol=1e-3)


def test_scale_and_norms() -> None:
    model = small()
    norm = model.get_layer("n")
    gamma, sigma = np.abs(norm.gamma.numpy()), np.sqrt(norm.moving_variance.numpy() + 1e-3)
    np.testing.assert_allclose(scores(model, "scale")["c"], gamma)
    assert np.isnan(scores(model, "scale")["d"]).all()
    kernel = np.abs(model.get_layer("c").kernel.numpy())
    np.testing.assert_allclose(
        scores(model, "l1")["c"], kernel.mean((0, 1, 2)) * gamma / sigma, rtol=1e-5
    )
    kernel = model.get_layer("d").kernel.numpy()
    np.testing.assert_allclose(
        scores(model, "l2")["d"], np.sqrt((kernel**2).mean((0, 1, 2))), rtol=1e-5
    )


def test_macs_and_weights_by_hand() -> None:
    x = inputs = keras.Input((8, 6, 3))
    x = L.Conv2D(4, 3, strides=2, padding="same")(x)  # 4x3 positions
    x = L.SeparableConv2D(5, 3, padding="same", depth_multiplier=2)(x)
    x = L.Conv2DTranspose(6, 2, strides=2)(x)  # 4x3 positions of its input
    x = L.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(x)  # 8x6
    shared = L.Conv2D(12, 1)
    x = shared(shared(x))
    model = keras.Model(inputs, L.Dense(7)(L.Flatten()(x)))
    size = size_of(unroll(model, "m"))
    parts = [3 * 9 * 4, 4 * 2 * 9, 8 * 5, 4 * 5 * 6, 6 * 2 * 9, 12 * 12, 48 * 12 * 7]
    assert size.weights == sum(parts)
    assert size.macs == 12 * sum(parts[:4]) + 48 * parts[4] + 2 * 48 * parts[5] + parts[6]


@pytest.mark.parametrize("target", ["weights", "macs"])
@pytest.mark.parametrize(
    "how", [{}, {"ranking": "global"}, {"ranking": "global", "per_cost": True}]
)
def test_half_of_the_target_goes_and_no_channel_more(target: Any, how: dict[str, Any]) -> None:
    model = small()
    spec = PruneSpec(rate=0.5, target=target, min_channels=1, **how)
    smaller, report = prune_channels(model, spec)
    whole, left = getattr(report.size_before, target), getattr(report.size_after, target)
    assert getattr(size_of(unroll(smaller, "m")), target) == left <= 0.5 * whole
    graph = unroll(model, "m")
    costs = costs_of(graph, trace(graph), target)
    step = max(costs.saving((root,)) for root in costs.uses)
    steps = 1 if how else 3  # all layers become narrower at once
    assert left > 0.5 * whole - steps * step


def test_cheap_channels_go_last_when_cost_counts() -> None:
    model = small()
    costs = {"c": 100.0, "d": 1.0, "e": 1.0}
    spec = PruneSpec(
        rate=0.3, target="cost", costs=costs, ranking="global", per_cost=True, min_channels=1
    )
    _, report = prune_channels(model, spec)
    left = {cut.layer: cut.after for cut in report.layers}
    assert left == {"c": 4, "d": 6, "e": 5, "head": 3}


def test_multiples_hold_under_a_target() -> None:
    spec = PruneSpec(rate=0.4, target="weights", ranking="global", min_channels=1, multiple_of=3)
    _, report = prune_channels(small(), spec)
    assert report.size_after.weights <= 0.6 * report.size_before.weights
    assert {cut.after % 3 for cut in report.layers if cut.after < cut.before} == {0}


def test_taylor_in_steps_learns_and_leaves_the_model_as_it_was() -> None:
    keras.utils.set_random_seed(2)
    inputs = keras.Input((6,))
    x = L.Dense(12, activation="relu")(L.Dense(16, activation="relu")(inputs))
    model = keras.Model(inputs, L.Dense(3, activation="softmax")(x))
    random = np.random.default_rng(1)
    x, labels = random.normal(size=(64, 6)).astype("f4"), random.integers(0, 3, 64)
    before = [w.copy() for w in model.get_weights()]
    told: list[str] = []
    spec = PruneSpec(
        importance="taylor", target="weights", ranking="global", min_channels=1, steps=2, epochs=3
    )
    given = Lesson(Arrays((x,), labels))
    _, report = prune_channels(model, spec, given, tell=lambda i, n, text: told.append(text))
    for was, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)
    assert report.size_after.weights <= 0.5 * report.size_before.weights
    assert [text.split(",")[0] for text in told] == [
        *("choosing channels", "training"),
        *("choosing channels", "training", "training"),
    ]


def two_outputs() -> Any:
    inputs = keras.Input((6, 5, 2))
    x = L.Conv2D(6, 3, activation="relu", name="c")(inputs)
    return keras.Model(inputs, [L.Dense(3)(L.Flatten()(x)), L.Conv2D(2, 1)(x)])


@pytest.mark.parametrize(
    ("make", "how", "given", "text"),
    [
        (
            small,
            {"importance": "variance"},
            None,
            "importance 'variance' is measured on samples, and none are given: name some with "
            "--data, or take 'l1', 'l2' or 'scale'",
        ),
        (
            small,
            {"importance": "taylor"},
            lesson(labels=False),
            "the samples: importance 'taylor' needs labels, and there is no y; add y, or take "
            "'activity' or 'variance'",
        ),
        (
            two_outputs,
            {"importance": "taylor"},
            lesson(),
            "m: importance 'taylor' needs a loss, and what it is for 2 outputs is not known; take "
            "another importance, or prune a model of one output",
        ),
        (
            lambda: small(norm=False),
            {"importance": "scale"},
            None,
            "small: importance 'scale' is batch norm's, and no layer is followed by one; take "
            "'l1', 'l2', 'variance' or 'taylor'",
        ),
        (
            small,
            {"exclude": ("hed",)},
            None,
            "prune.exclude: 'hed' matches no layer; did you mean 'head'?",
        ),
        (
            small,
            {"min_channels": 6},
            None,
            "m: rate 0.5 removes nothing: the widest layer has 6 channels, and min_channels is 6, "
            "multiple_of 1",
        ),
        (
            small,
            {"target": "weights", "rate": 0.9},
            None,
            "rate 0.9: 90% of the weights cannot go: with min_channels 4, multiple_of 1 and what "
            "must stay, 73.4% are left; lower the rate or min_channels, or exclude less",
        ),
    ],
)
def test_refusals(make: Any, how: dict[str, Any], given: Lesson | None, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        prune_channels(make(), PruneSpec(**how), given, name="m")
    assert str(caught.value) == text


def test_activity_without_zeros_is_refused() -> None:
    inputs = keras.Input((4,))
    x = L.Dense(3)(L.Dense(6, activation="tanh")(inputs))
    samples = Arrays((np.random.default_rng(0).normal(size=(8, 4)).astype("f4"),), None)
    with pytest.raises(UsageError) as caught:
        prune_channels(keras.Model(inputs, x), PruneSpec(importance="activity"), Lesson(samples))
    assert str(caught.value) == (
        "the samples: no value is zero where channels are read, so 'activity' tells them not apart "
        "(it counts what ReLU cuts off); take 'variance', 'taylor' or a norm"
    )


@pytest.mark.parametrize("importance", ["l1", "taylor"])
def test_a_model_of_nan_is_refused(importance: Any) -> None:
    model = small()
    model.get_layer("d").bias.assign(np.full(6, np.nan))
    model.get_layer("d").kernel.assign(np.full((1, 1, 6, 6), np.nan))
    with pytest.raises(ModelError) as caught:
        prune_channels(model, PruneSpec(importance=importance), lesson(), name="m")
    assert str(caught.value) == (
        "m: the importance of some channels is not a number: the model holds NaN or infinity, or "
        "answers so; train it anew with a lower learning rate"
    )
