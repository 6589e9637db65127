"""A pruned model answers what the original answers with the removed channels zeroed."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
import pytest

from edgepack.compress.pruning.channel_costs import costs_of
from edgepack.compress.pruning.channels import prune_channels, size_of
from edgepack.compress.pruning.groups import trace
from edgepack.compress.pruning.importance import by_weights, openers_of
from edgepack.compress.pruning.running import zeroed as zeroed_where_read
from edgepack.compress.pruning.select import chosen, cost_of, groups_of
from edgepack.compress.pruning.spec import PruneSpec
from edgepack.compress.pruning.surgery import without
from edgepack.compress.pruning.unroll import unroll
from edgepack.errors import UsageError
from tests.models.keras_nets import network

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
keras = pytest.importorskip("keras", reason="TensorFlow is not installed")

L = keras.layers


def block(x: Any, n: int, k: int = 3, **how: Any) -> Any:
    return L.ReLU()(L.BatchNormalization()(L.Conv2D(n, k, padding="same", **how)(x)))


def residual() -> Any:
    x = inputs = keras.Input((8, 8, 3))
    x = block(x, 12)
    y = L.BatchNormalization()(L.Conv2D(12, 3, padding="same")(block(x, 8)))
    x = L.ReLU()(L.Add()([x, y]))
    y = L.BatchNormalization()(L.Conv2D(16, 3, strides=2, padding="same")(x))
    x = L.ReLU()(L.Add()([y, L.Conv2D(16, 1, strides=2)(x)]))
    return keras.Model(inputs, L.Dense(5, activation="softmax")(L.GlobalAveragePooling2D()(x)))


def concatenated() -> Any:
    inputs = keras.Input((6, 6, 2))
    left, right = block(inputs, 10), block(inputs, 6, 1)
    x = L.Concatenate()([left, right, inputs])
    x = L.MaxPooling2D()(block(x, 9))
    return keras.Model(inputs, L.Dense(4)(L.Flatten()(x)))


def concatenated_then_added() -> Any:
    inputs = keras.Input((6, 6, 2))
    x = L.Concatenate()([block(inputs, 10), block(inputs, 6)])
    x = L.Add()([x, block(inputs, 16, 1)])
    return keras.Model(inputs, L.Dense(4)(L.GlobalMaxPooling2D()(x)))


def concatenated_in_space() -> Any:
    inputs = keras.Input((6, 6, 2))
    x = L.Concatenate(axis=1)([block(inputs, 8), block(inputs, 8)])
    return keras.Model(inputs, L.Dense(3)(L.Flatten()(x)))


def depthwise() -> Any:
    x = inputs = keras.Input((9, 9, 1))
    x = L.ZeroPadding2D()(block(x, 8))
    x = L.ReLU(6.0)(L.BatchNormalization()(L.DepthwiseConv2D(3, depth_multiplier=2)(x)))
    x = block(x, 12, 1)
    x = L.SeparableConv2D(10, 3, depth_multiplier=2, activation="relu")(x)
    x = L.PReLU(shared_axes=[1, 2])(x)
    return keras.Model(inputs, L.Dense(4)(L.GlobalAveragePooling2D()(x)))


def one_dimensional() -> Any:
    return keras.Sequential(
        [
            keras.Input((24, 3)),
            L.Conv1D(12, 3, use_bias=True),
            L.BatchNormalization(),
            L.ReLU(),
            L.MaxPooling1D(),
            L.DepthwiseConv1D(3, padding="same", activation="relu"),
            L.SeparableConv1D(10, 3, activation="relu"),
            L.Dropout(0.3),
            L.Flatten(),
            L.Dense(16, activation="relu"),
            L.Dense(5),
        ]
    )


def reshaped() -> Any:
    x = inputs = keras.Input((6, 4, 2))
    x = L.Reshape((24, 8))(block(x, 8))
    x = L.Conv1D(12, 3, activation="relu")(x)
    x = L.Reshape((22 * 12,))(x)
    x = L.Reshape((11, 2, 12))(x)
    x = L.Conv2D(6, 2, activation="relu")(x)
    return keras.Model(inputs, L.Dense(3)(L.Flatten()(x)))


def squeezed_and_excited() -> Any:
    x = inputs = keras.Input((6, 6, 2))
    x = block(x, 12)
    gate = L.Dense(6, activation="relu")(L.GlobalAveragePooling2D(keepdims=True)(x))
    gate = L.Dense(12, activation="relu")(gate)
    x = L.Multiply()([x, gate])
    x = L.Conv2DTranspose(8, 2, strides=2, activation="relu")(x)
    return keras.Model(inputs, L.Dense(3)(L.GlobalAveragePooling2D()(x)))


def nested() -> Any:
    inner_in = keras.Input((6, 6, 8))
    inner = keras.Model(inner_in, block(block(inner_in, 8), 8), name="inner")
    head = keras.Sequential([keras.Input((6, 6, 8)), L.Flatten(), L.Dense(3)], name="head")
    x = inputs = keras.Input((6, 6, 2))
    x = L.Conv2D(8, 3, padding="same", activation="relu")(x)
    x = inner(inner(x)) + x
    return keras.Model(inputs, head(keras.ops.relu(x)))


def shared_layer() -> Any:
    left, right = keras.Input((8, 2)), keras.Input((8, 2))
    tower = L.Conv1D(10, 3, activation="relu")
    x = L.Concatenate()([tower(left), tower(right)])
    return keras.Model([left, right], L.Dense(3)(L.Flatten()(x)))


def two_outputs() -> Any:
    inputs = keras.Input((6, 6, 2))
    x = block(inputs, 12)
    return keras.Model(inputs, [L.Dense(3)(L.Flatten()(x)), L.Conv2D(4, 1)(x)])


def split_and_sliced() -> Any:
    inputs = keras.Input((6, 6, 2))
    left, right = keras.ops.split(block(inputs, 12), [7], axis=-1)
    x = L.Concatenate()([block(left, 8, 1), right])
    x = keras.ops.relu(x[..., 3:11])
    x = x[:, 1:5, :]
    return keras.Model(inputs, L.Dense(4)(keras.ops.mean(x, axis=(1, 2))))


def squeezed_by_reshape() -> Any:
    x = inputs = keras.Input((6, 6, 2))
    x = block(x, 12)
    gate = L.Reshape((1, 1, 12))(L.GlobalAveragePooling2D()(x))
    gate = L.Conv2D(12, 1, activation="sigmoid")(L.Conv2D(5, 1, activation="relu")(gate))
    return keras.Model(inputs, L.Dense(3)(L.Flatten()(L.Multiply()([x, gate]))))


def branches() -> Any:
    inputs = keras.Input((8, 8, 3))
    x = block(inputs, 8)
    pooled = block(L.MaxPooling2D(3, strides=1, padding="same")(x), 6, 1)
    deep = block(block(x, 5, 1), 8)
    x = L.Concatenate()([block(x, 7, 1), deep, pooled])
    x = L.Add()([block(x, 9), block(x, 9, 1)])
    return keras.Model(inputs, L.Dense(4)(L.GlobalAveragePooling2D()(x)))


def normed_each() -> Any:
    x = inputs = keras.Input((6, 6, 2))
    x = L.GroupNormalization(groups=-1)(L.Conv2D(12, 3, activation="relu")(x))
    x = L.Permute((2, 1, 3))(x)
    return keras.Model(inputs, L.Dense(3)(L.GlobalMaxPooling2D()(L.Conv2D(8, 1)(x))))


def recurrent_reader() -> Any:
    x = inputs = keras.Input((12, 3))
    x = L.Conv1D(10, 3, activation="relu")(x)
    x = L.LSTM(6, return_sequences=True)(x)
    x = L.GRU(5)(L.Conv1D(8, 1, activation="relu")(x))
    return keras.Model(inputs, L.Dense(3)(x))


def unfollowed() -> Any:
    inputs = keras.Input((6, 6, 2))
    x = L.LayerNormalization()(block(inputs, 12))
    x = block(x, 8, groups=2)
    return keras.Model(inputs, L.Dense(3)(L.Flatten()(block(x, 10))))


NETWORKS = {
    f.__name__: f
    for f in (
        residual,
        concatenated,
        concatenated_then_added,
        concatenated_in_space,
        depthwise,
        one_dimensional,
        reshaped,
        squeezed_and_excited,
        nested,
        shared_layer,
        two_outputs,
        split_and_sliced,
        squeezed_by_reshape,
        branches,
        normed_each,
        recurrent_reader,
        unfollowed,
    )
}
SHRUNK = {  # the layers that must have become narrower, by the order of their making
    "residual": 5,
    "concatenated": 3,
    "concatenated_then_added": 3,
    "concatenated_in_space": 2,
    "depthwise": 3,
    "one_dimensional": 3,
    "reshaped": 3,
    "squeezed_and_excited": 4,
    "nested": 3,
    "shared_layer": 1,
    "two_outputs": 1,
    "split_and_sliced": 2,
    "squeezed_by_reshape": 3,
    "branches": 7,
    "normed_each": 2,
    "recurrent_reader": 2,
    "unfollowed": 1,
}


def randomised(model: Any, seed: int = 3) -> Any:
    """Random weights everywhere, all different; variances positive."""
    random = np.random.default_rng(seed)
    for layer in model._flatten_layers():
        own = layer._trainable_variables + layer._non_trainable_variables
        for v in own:
            if v.dtype != "float32":
                continue
            value = random.normal(0, 0.4, v.shape)
            v.assign(np.abs(value) + 0.5 if "variance" in v.name else value)
    return model


def zeroed(model: Any, pruned: Any) -> int:
    """Zero in `model` each channel that `pruned` lacks; the number of layers that lack some.

    Which ones lack is read from the vectors (bias, gamma, beta), whose values are all different.
    """
    narrower = 0
    left = {layer.name: layer for layer in pruned._flatten_layers()}
    for layer in model._flatten_layers():
        vectors = {v.name: v for v in layer._trainable_variables if v.name != "alpha"}
        marks = [n for n in ("bias", "beta") if n in vectors]
        if not marks or vectors[marks[0]].ndim > 1:  # a GRU has two rows of biases, and stays
            continue
        remaining = next(v for v in left[layer.name].weights if v.name == marks[0])
        gone = ~np.isin(vectors[marks[0]].numpy(), remaining.numpy())
        narrower += bool(gone.any()) and marks[0] == "bias" and "Depthwise" not in str(type(layer))
        for name, v in vectors.items():
            value = v.numpy().copy()
            if name in ("bias", "beta", "gamma"):
                value[gone] = 0.0
            elif name == "kernel" and "Transpose" in type(layer).__name__:
                value[..., gone, :] = 0.0
            elif name == "kernel" and "Depthwise" in type(layer).__name__:
                value.reshape(*value.shape[:-2], -1)[..., gone] = 0.0
            elif name in ("kernel", "pointwise_kernel"):
                value[..., gone] = 0.0
            v.assign(value)
    return narrower


def outputs_of(model: Any, x: list[Any]) -> list[Any]:
    return [np.asarray(y) for y in keras.tree.flatten(model(x if len(x) > 1 else x[0]))]


def kernels_of(model: Any) -> int:
    return sum(math.prod(v.shape) for v in model.weights if "kernel" in v.name)


def gone(graph: Any, traced: Any, removed: set[int]) -> float:
    return costs_of(graph, traced, "weights").saving(tuple(removed))


@pytest.mark.parametrize(
    ("name", "ranking"),
    [*((name, "layer") for name in NETWORKS), ("residual", "global"), ("depthwise", "global")],
)
def test_pruned_equals_zeroed(name: str, ranking: str) -> None:
    keras.utils.set_random_seed(1)
    model = randomised(NETWORKS[name]())
    spec = PruneSpec(rate=0.4, min_channels=2, ranking=ranking)
    graph = unroll(model, name)
    traced = trace(graph)
    groups, _ = groups_of(traced, spec, by_weights(traced, "l1"))
    costs = cost_of(graph, traced, groups, spec)
    widths = {g.layers: len(g.roots) for g in groups}
    removed = chosen(groups, spec, spec.rate, widths, costs, costs.total)
    pruned = without(graph, traced, removed)
    assert pruned.count_params() < model.count_params()
    left = size_of(graph).weights - gone(graph, traced, removed)
    assert left == size_of(unroll(pruned, "")).weights == kernels_of(pruned)

    random = np.random.default_rng(0)
    x = [random.normal(size=(5, *t.shape[1:])).astype("f4") for t in model.inputs]
    whole = outputs_of(model, x)
    masked = zeroed_where_read(graph, traced, removed, x)
    for want, got in zip(masked, outputs_of(pruned, x), strict=True):
        np.testing.assert_allclose(got, want, atol=2e-5 * np.abs(want).max(), rtol=2e-5)
    narrower = zeroed(model, pruned)
    if ranking == "layer":
        assert narrower == SHRUNK[name]
    for was, want, got in zip(whole, outputs_of(model, x), outputs_of(pruned, x), strict=True):
        scale = np.abs(want).max()
        assert not np.allclose(was, want, atol=1e-2 * scale), "the removed channels did nothing"
        np.testing.assert_allclose(got, want, atol=2e-5 * scale, rtol=2e-5)


def test_random_networks_equal_zeroed(case_count: int) -> None:
    shrunk = 0
    for seed in range(max(8, case_count // 4)):
        family, model = network(seed)
        graph = unroll(model, family)
        traced = trace(graph)
        removed = some_of(traced, np.random.default_rng(seed))
        shrunk += bool(removed)
        random = np.random.default_rng(seed)
        x = [random.normal(size=(t.shape[0] or 3, *t.shape[1:])).astype("f4") for t in model.inputs]
        got = outputs_of(without(graph, traced, removed), x)
        for want, answer in zip(zeroed_where_read(graph, traced, removed, x), got, strict=True):
            scale = np.abs(want).max() + 1e-3
            np.testing.assert_allclose(answer, want, atol=2e-5 * scale, err_msg=f"{family} {seed}")
    assert shrunk >= 4


def some_of(traced: Any, random: Any) -> set[int]:
    """Half of what may go, at random; each layer keeps a channel."""
    layers = [set(traced.classes.roots(traced.leaving[key]).tolist()) for key in openers_of(traced)]
    removed: set[int] = set()
    for root in random.permutation(sorted(set().union(*layers) - set(traced.classes.frozen))):
        holding = [layer for layer in layers if root in layer]
        if random.random() < 0.5 and all(len(layer - removed) > 1 for layer in holding):
            removed.add(int(root))
    return removed


def test_what_stops_a_channel_is_told() -> None:
    inputs = keras.Input((6, 6, 2))
    x = L.LayerNormalization(name="ln")(L.Conv2D(8, 3, name="c")(inputs))
    model = keras.Model(inputs, L.Dense(3, name="head")(L.GlobalAveragePooling2D()(x)))
    with pytest.raises(UsageError) as caught:
        prune_channels(model, PruneSpec(), name="net.keras")
    assert str(caught.value) == (
        "net.keras: no layer can lose channels ('c': LayerNormalization 'ln' mixes channels in a "
        "way that is not followed; 'head': the model's output): method 'weights' prunes any model"
    )


@pytest.mark.parametrize(
    "layers",
    [
        [L.Dense(8, activation="softmax", name="c")],
        [L.Conv2D(8, 1, activation="sparsemax", name="c")],
        [L.Conv2D(8, 1, name="c"), L.Activation("log_softmax")],
        [L.Conv2D(8, 1, name="c"), L.DepthwiseConv2D(1, activation="softmax")],
        [L.Conv2D(8, 1, name="c"), L.Rescaling([1.0] * 7 + [2.0])],
    ],
)
def test_channels_that_depend_on_each_other_stay(layers: list[Any]) -> None:
    model = keras.Sequential([keras.Input((3, 3, 2)), *layers, L.Flatten(), L.Dense(8), L.Dense(3)])
    _, report = prune_channels(model, PruneSpec(rate=0.5))
    assert "c" in report.frozen
    assert [cut.after for cut in report.layers] == [8, 4, 3]


def test_masks_are_sliced_with_the_channels() -> None:
    from edgepack.compress.pruning.constraints import KeepZeros, constrain

    model = randomised(residual())
    layer = next(layer for layer in model.layers if isinstance(layer, L.Conv2D))
    inner = [layer for layer in model.layers if isinstance(layer, L.Conv2D)][2]
    for masked in (layer, inner):
        mask = np.random.default_rng(1).random(masked.kernel.shape) < 0.5
        masked.kernel.assign(masked.kernel.numpy() * mask)
        assert constrain(masked, masked.kernel, KeepZeros(mask))
    before = [w.copy() for w in model.get_weights()]
    pruned, report = prune_channels(model, PruneSpec(rate=0.4, min_channels=2))
    for was, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)
    assert report.size_after.weights < report.size_before.weights
    for name in (layer.name, inner.name):
        kernel = pruned.get_layer(name).kernel
        np.testing.assert_array_equal(kernel.constraint.mask, kernel.numpy() != 0)
    random = np.random.default_rng(2)
    pruned.compile("adam", "sparse_categorical_crossentropy")
    zeros = pruned.get_layer(inner.name).kernel.numpy() == 0
    pruned.fit(random.normal(size=(16, 8, 8, 3)), random.integers(0, 5, 16), verbose=0)
    assert (pruned.get_layer(inner.name).kernel.numpy()[zeros] == 0).all()
