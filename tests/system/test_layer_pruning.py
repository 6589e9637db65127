"""Parts of a model that can go, and which of them do."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from edgepack.compress.data import Arrays
from edgepack.compress.pruning.groups import trace
from edgepack.compress.pruning.layers import prune_layers
from edgepack.compress.pruning.segments import bypassed, segments_of
from edgepack.compress.pruning.spec import PruneSpec
from edgepack.compress.pruning.surgery import without
from edgepack.compress.pruning.unroll import unroll
from edgepack.compress.tuning.lesson import Lesson
from edgepack.errors import UsageError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
keras = pytest.importorskip("keras", reason="TensorFlow is not installed")

L = keras.layers


def conv(x: Any, n: int, name: str, **how: Any) -> Any:
    x = L.Conv2D(n, 3, padding="same", name=name, **how)(x)
    return L.BatchNormalization(name=f"{name}_norm")(x)


def block(x: Any, n: int, name: str, **how: Any) -> Any:
    y = L.ReLU()(conv(x, n, f"{name}_a", **how))
    y = conv(y, n, f"{name}_b")
    if how:
        x = L.Conv2D(n, 1, strides=2, name=f"{name}_skip")(x)
    return L.ReLU()(L.Add(name=f"{name}_add")([x, y]))


def residual() -> Any:
    x = inputs = keras.Input((8, 8, 3))
    x = L.ReLU()(conv(x, 6, "stem"))
    x = block(block(x, 6, "one"), 6, "two")
    x = block(x, 8, "down", strides=2)
    x = L.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, L.Dense(4, activation="softmax", name="head")(x), name="res")


def separable() -> Any:
    x = inputs = keras.Input((12, 5))
    for i, n in enumerate((8, 8)):
        x = L.ReLU()(L.DepthwiseConv1D(3, padding="same", name=f"dw{i}")(x))
        x = L.ReLU()(L.BatchNormalization()(L.Conv1D(n, 1, name=f"pw{i}")(x)))
    return keras.Model(inputs, L.Dense(8, name="head")(L.Flatten()(x)))


def skipped_inside() -> Any:
    """What `b` keeps of shape cannot go alone: `a` is read behind it."""
    x = inputs = keras.Input((6,))
    a = L.Dense(6, activation="relu", name="a")(x)
    b = L.Dense(4, activation="relu", name="b")(a)
    c = L.Dense(6, name="c")(b)
    return keras.Model(inputs, L.Dense(2, name="head")(L.Concatenate()([c, b, a])))


def randomised(model: Any, seed: int = 3) -> Any:
    random = np.random.default_rng(seed)
    for weight in model.weights:
        value = random.normal(0, 0.4, weight.shape)
        weight.assign(np.abs(value) + 0.5 if "variance" in weight.name else value)
    return model


def lesson(model: Any, n: int = 40, *, labels: bool = True) -> Lesson:
    random = np.random.default_rng(4)
    x = tuple(random.normal(size=(n, *t.shape[1:])).astype("f4") for t in model.inputs)
    return Lesson(Arrays(x, random.integers(0, 4, n) if labels else None))


def named(layers: tuple[str, ...]) -> str:
    return "+".join(layers)


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (residual, {"one_a", "one_b", "one_a+one_b", "two_a", "two_b", "two_a+two_b", "down_b"}),
        (separable, {"dw0", "dw1", "pw1"}),
        (skipped_inside, {"a"}),
    ],
)
def test_parts_that_can_go(make: Any, found: set[str]) -> None:
    graph = unroll(make(), "m")
    assert {named(segment.layers) for segment in segments_of(graph)} == found


def test_norm_and_activation_go_with_their_layer() -> None:
    graph = unroll(separable(), "m")
    last = next(segment for segment in segments_of(graph) if segment.layers == ("pw1",))
    smaller = without(bypassed(graph, last), trace(bypassed(graph, last)), set())
    kinds = [type(layer).__name__ for layer in smaller.layers[1:]]
    assert kinds == [
        *("DepthwiseConv1D", "ReLU", "Conv1D", "BatchNormalization", "ReLU"),
        *("DepthwiseConv1D", "ReLU", "Flatten", "Dense"),
    ]


def test_a_block_that_does_nothing_goes_and_changes_nothing() -> None:
    model = randomised(residual())
    norm = model.get_layer("two_b_norm")
    norm.gamma.assign(np.zeros(6))
    norm.beta.assign(np.zeros(6))
    before = [w.copy() for w in model.get_weights()]
    given = lesson(model, labels=False)
    spec = PruneSpec(method="layers", epochs=0)
    seen: list[Any] = []
    _, report = prune_layers(model, spec, given, cut=seen.append)
    for was, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)
    assert len(seen) == 1
    gone = [c for c in report.candidates if c.removed]
    assert [named(c.layers) for c in gone] == ["two_a+two_b"]
    assert gone[0].loss == pytest.approx(report.loss, abs=1e-5)
    assert gone[0].size.weights == 2 * 9 * 6 * 6
    assert gone[0].size.macs == 2 * 9 * 6 * 6 * 64
    assert report.size_before.weights - report.size_after.weights == gone[0].size.weights
    assert {cut.layer for cut in report.layers if cut.after == 0} == {"two_a", "two_b"}
    assert len(report.candidates) == 7
    others = [c.loss for c in report.candidates if not c.layers[0].startswith("two")]
    assert min(others) > gone[0].loss + 1e-4


def test_loss_without_a_part_is_that_of_the_model_without_it() -> None:
    model = randomised(residual())
    given = lesson(model)
    _, report = prune_layers(model, PruneSpec(method="layers", epochs=0), given)
    graph = unroll(model, "m")
    labels = given.samples.labels
    assert labels is not None
    for segment, candidate in zip(segments_of(graph), report.candidates, strict=True):
        assert segment.layers == candidate.layers
        short = bypassed(graph, segment)
        p = np.asarray(without(short, trace(short), set())(given.samples.inputs[0]), np.float64)
        want = -np.log(p[np.arange(len(labels)), labels]).mean()
        assert candidate.loss == pytest.approx(want, rel=1e-4)


def waist(x: Any, name: str, n: int = 4) -> Any:
    y = L.Dense(n, activation="relu", name=name)(x)
    return L.Add()([x, L.Dense(8, name=f"{name}_out")(y)])


def test_rounds_learn_between() -> None:
    x = inputs = keras.Input((8,))
    for name in ("one", "two", "three", "four"):
        x = waist(x, name)
    model = randomised(keras.Model(inputs, L.Dense(4, activation="softmax", name="head")(x)))
    given = lesson(model)
    spec = PruneSpec(method="layers", count=2, epochs=2, exclude=("four*",))
    told: list[str] = []
    _, report = prune_layers(model, spec, given, tell=lambda i, n, text: told.append(text))
    assert [text for text in told if text.startswith("training")] == [told[3], told[6]]
    assert (told[0], told[4]) == ("round 1, without one", "round 2, without one")
    assert [c.round for c in report.candidates if c.removed] == [1, 2]
    assert len(report.candidates) == 3 + 2
    assert not any("four" in c.layers for c in report.candidates)


def test_without_labels_the_whole_model_is_the_judge() -> None:
    x = inputs = keras.Input((8,))
    model = keras.Model(inputs, L.Dense(3, activation="softmax")(waist(waist(x, "one"), "two")))
    given = lesson(randomised(model), labels=False)
    _, report = prune_layers(model, PruneSpec(method="layers", epochs=0), given)
    assert report.loss == pytest.approx(0.0, abs=1e-6)
    graph = unroll(model, "m")
    p = np.asarray(model(given.samples.inputs[0]), np.float64)
    for segment, candidate in zip(segments_of(graph), report.candidates, strict=True):
        short = bypassed(graph, segment)
        q = np.asarray(without(short, trace(short), set())(given.samples.inputs[0]), np.float64)
        want = np.mean(np.sum(p * (np.log(p) - np.log(q)), -1))
        assert candidate.loss == pytest.approx(want, rel=1e-3)


def test_several_outputs_are_compared_with_the_whole_model() -> None:
    x = inputs = keras.Input((6,))
    x = L.Dense(6, activation="relu", name="a")(x)
    model = keras.Model(inputs, [L.Dense(2)(x), L.Dense(3)(x)])
    _, report = prune_layers(model, PruneSpec(method="layers", epochs=0), lesson(model))
    assert (report.loss, [c.layers for c in report.candidates]) == (0.0, [("a",)])
    assert report.candidates[0].loss > 0.01


def test_what_it_frees_counts() -> None:
    x = inputs = keras.Input((8,))
    x = waist(waist(x, "big", 32), "small", 2)
    model = randomised(keras.Model(inputs, L.Dense(4, activation="softmax")(x)))
    for name, factor in (("big_out", 0.3), ("small_out", 0.2)):
        model.get_layer(name).kernel.assign(factor * model.get_layer(name).kernel.numpy())
    given = lesson(model, labels=False)
    gone = []
    for per_cost in (False, True):
        spec = PruneSpec(method="layers", epochs=0, per_cost=per_cost, target="weights")
        _, report = prune_layers(model, spec, given)
        gone += [c.layers[0] for c in report.candidates if c.removed]
    assert gone == ["small", "big"]


@pytest.mark.parametrize(
    ("how", "with_data", "text"),
    [
        (
            {},
            False,
            "layers are judged by the loss on samples, and none are given: name some with --data",
        ),
        (
            {"exclude": ("one*", "two*", "down*")},
            True,
            "m: no layer can go: none but the last, or those excluded, has an output of its "
            "input's shape; method 'channels' makes layers narrower",
        ),
        (
            {"exclude": ("tow*",)},
            True,
            "prune.exclude: 'tow*' matches no layer; did you mean 'two_b'?",
        ),
    ],
)
def test_refusals(how: dict[str, Any], with_data: bool, text: str) -> None:
    model = residual()
    spec = PruneSpec(method="layers", epochs=0, **how)
    with pytest.raises(UsageError) as caught:
        prune_layers(model, spec, lesson(model) if with_data else None, name="m")
    assert str(caught.value) == text


def test_a_bound_on_the_loss_that_lets_nothing_go() -> None:
    model = randomised(residual())
    spec = PruneSpec(method="layers", epochs=0, max_loss=1e-9)
    with pytest.raises(UsageError) as caught:
        prune_layers(model, spec, lesson(model, labels=False), name="m")
    assert str(caught.value).startswith("m: max_loss 1e-09 lets nothing go: without '")
    assert ", which matters least, the loss rises by " in str(caught.value)


def test_a_bound_on_the_loss_ends_the_rounds() -> None:
    x = inputs = keras.Input((8,))
    model = randomised(keras.Model(inputs, L.Dense(3)(waist(waist(x, "one"), "two"))))
    for weight in model.get_layer("one_out").weights:
        weight.assign(np.zeros(weight.shape))
    spec = PruneSpec(method="layers", epochs=0, count=3, max_loss=1e-6)
    _, report = prune_layers(model, spec, lesson(model, labels=False))
    assert [named(c.layers) for c in report.candidates if c.removed] == ["one+one_out"]
    assert [c.round for c in report.candidates] == [1, 1, 2]
