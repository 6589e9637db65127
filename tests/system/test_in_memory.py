"""Compression of Keras models in memory: what comes back, and that nothing changes in place."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgepack
from edgepack.errors import UsageError

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
)
RANDOM = np.random.default_rng(5)
Y = RANDOM.integers(0, 3, 96)
X = (RANDOM.normal(0, 0.4, (96, 6, 6, 2)) + Y[:, None, None, None]).astype(np.float32)
DATA = (X, Y)


@pytest.fixture(scope="module")
def model() -> Any:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    image = keras.Input((6, 6, 2))
    x = layers.Conv2D(8, 3, padding="same", name="conv")(image)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    y = layers.DepthwiseConv2D(3, padding="same", activation="relu", name="wide")(x)
    x = layers.Add()([x, y])
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(12, activation="relu", name="dense")(x)
    made = keras.Model(image, layers.Dense(3, activation="softmax", name="last")(x))
    made.compile("adam", "sparse_categorical_crossentropy")
    made.fit(*DATA, epochs=3, verbose=0)
    return made


def kernel(model: Any, name: str) -> Any:
    return model.get_layer(name).kernel.numpy()


def rows(model: Any, name: str) -> Any:
    """The weights of each output channel, [channels, n]."""
    values = kernel(model, name)
    wide = values.shape[-2:] if name == "wide" else values.shape[-1:]
    return values.reshape(-1, int(np.prod(wide))).T


CALLS: dict[str, Callable[[Any], Any]] = {
    "quantize_weights": lambda m: edgepack.quantize_weights(m, 4),
    "prune_weights": lambda m: edgepack.prune_weights(m, 0.5, DATA, epochs=1),
    "prune_neurons": lambda m: edgepack.prune_neurons(m, 0.5),
    "prune_layers": lambda m: edgepack.prune_layers(m, 1, DATA, epochs=0),
    "cluster_weights": lambda m: edgepack.cluster_weights(m, 4),
    "fine_tune": lambda m: edgepack.fine_tune(m, DATA, epochs=1, teacher=m),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_new_model_comes_back_and_the_old_one_stays(model: Any, name: str) -> None:
    before, config = [w.copy() for w in model.get_weights()], model.get_config()
    compressed, report = CALLS[name](model)
    assert compressed is not model
    assert report
    assert model.get_config() == config
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    shared = {id(v) for v in model.variables} & {id(v) for v in compressed.variables}
    assert not shared
    assert np.isfinite(compressed.predict(X, verbose=0)).all()


@pytest.mark.parametrize(("bits", "levels"), [(2, 1), (4, 7), (8, 127)])
def test_weights_lie_on_the_grid_that_is_reported(model: Any, bits: int, levels: int) -> None:
    compressed, report = edgepack.quantize_weights(model, bits)
    assert [t.layer for t in report.tensors] == ["conv", "wide", "dense", "last"]
    for tensor in report.tensors:
        new, old = rows(compressed, tensor.layer), rows(model, tensor.layer)
        assert tensor.channels == len(new)
        assert all(len(np.unique(row)) <= 2 * levels + 1 for row in new)
        error = np.sqrt(np.square(new - old).sum() / np.square(old).sum())
        assert tensor.error == pytest.approx(error, rel=1e-4)
    assert report.weight_bytes == sum(
        -(-kernel(model, t.layer).size * bits // 8) + 8 * t.channels for t in report.tensors
    )


def test_fewer_bits_err_more(model: Any) -> None:
    errors = [
        [t.error for t in edgepack.quantize_weights(model, bits)[1].tensors]
        for bits in (32, 16, 8, 4, 2)
    ]
    assert max(errors[0]) == 0.0
    for finer, coarser in pairwise(errors):
        assert all(a < b for a, b in zip(finer, coarser, strict=True))


def test_powers_of_two_are_steps(model: Any) -> None:
    compressed, report = edgepack.quantize_weights(model, 8, "power_of_two")
    for tensor in report.tensors:
        for step in (tensor.least_step, tensor.largest_step):
            assert np.log2(step) == np.rint(np.log2(step))
        scaled = rows(compressed, tensor.layer) / tensor.least_step
        np.testing.assert_array_equal(scaled, np.rint(scaled))


def test_widths_are_chosen_or_given(model: Any) -> None:
    _, fine = edgepack.quantize_weights(model, 8, "dynamic", max_error=0.01)
    _, coarse = edgepack.quantize_weights(model, 8, "dynamic", max_error=0.9)
    assert {t.bits for t in fine.tensors} == {8}
    assert {t.bits for t in coarse.tensors} == {2}
    assert all("bits would err by" in t.reason for t in fine.tensors)
    _, mixed = edgepack.quantize_weights(model, 8, "mixed", layers={"*": 4, "conv": 2, "last": 32})
    assert [t.bits for t in mixed.tensors] == [2, 4, 4, 32]


@pytest.mark.parametrize("bits", [4, 8])
def test_the_file_holds_the_same_integers(model: Any, tmp_path: Path, bits: int) -> None:
    from edgepack.compiler.reader import read_model
    from edgepack.compress.in_memory import tflite_of

    compressed, _ = edgepack.quantize_weights(model, bits)
    graph = read_model(tflite_of(compressed, DATA, tmp_path, weights=bits))
    dense = [op for op in graph.operators if op.kind == "FULLY_CONNECTED"]
    for operator, name in zip(dense, ("dense", "last"), strict=True):
        tensor = graph.tensor(operator.inputs[1])
        assert tensor.data is not None and tensor.quantization is not None
        scales = np.asarray(tensor.quantization.scales)[:, None]
        real = np.frombuffer(tensor.data, np.int8).reshape(tensor.shape) * scales
        np.testing.assert_allclose(real, kernel(compressed, name).T, rtol=0, atol=1e-5)


def test_zeros_stay_when_saved_loaded_and_trained_further(model: Any, tmp_path: Path) -> None:
    import keras

    pruned, report = edgepack.prune_weights(model, 0.75)
    assert report.zero_weights == pytest.approx(0.75, abs=0.02)
    zero = {name: kernel(pruned, name) == 0 for name in ("conv", "dense", "last")}
    pruned.save(tmp_path / "pruned.keras")
    loaded = keras.saving.load_model(tmp_path / "pruned.keras")
    loaded.compile("adam", "sparse_categorical_crossentropy")
    loaded.fit(*DATA, epochs=2, verbose=0)
    for name, mask in zero.items():
        assert np.array_equal(kernel(loaded, name) == 0, mask)
        assert not np.array_equal(kernel(loaded, name), kernel(pruned, name))


def test_python_accuracy(model: Any) -> None:
    found = edgepack.evaluate(model, DATA)
    share = float(np.mean(model.predict(X, verbose=0).argmax(-1) == Y))
    assert (found.python.metric, found.python.value, found.python.n) == ("accuracy", share, 96)
    assert found.device is None
    assert found.cost is None


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda m: edgepack.quantize_weights(m, 3), "3 bits are not known; known: 2, 4, 8"),
        (lambda m: edgepack.quantize_weights(m, 8, "globel"), "scheme 'globel' is not known"),
        (lambda m: edgepack.quantize_weights(m, 8, "mixed"), "'mixed' and `layers` go together"),
        (lambda m: edgepack.quantize_weights(m, 8, "mixed", layers={"x": 4}), "'x' fits no layer"),
        (lambda m: edgepack.quantize_weights("m.keras"), "a Keras model is wanted, not str"),
        (lambda m: edgepack.prune_weights(m, patern="2:4"), "'patern'; did you mean 'pattern'?"),
        (lambda m: edgepack.prune_weights(m, teacher=m), "give `data` as well"),
        (lambda m: edgepack.prune_weights(m, 0.5, (X[:, :3], Y)), "the model takes [n, 6, 6, 2]"),
        (lambda m: edgepack.prune_neurons(m, method="layers"), "prune_layers takes layers out"),
        (lambda m: edgepack.fine_tune(m, DATA, test="t.npz"), "unknown key 'test'; known: batch"),
        (lambda m: edgepack.evaluate(m, X), "holds no y to score against"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(model: Any, call: Callable[[Any], Any], told: str) -> None:
    with pytest.raises(UsageError) as error:
        call(model)
    assert told in str(error.value)


def test_the_file_calls_layers_as_keras_does(tmp_path: Path) -> None:
    import keras
    from keras import layers

    from edgepack.compiler.reader import read_model
    from edgepack.compress.in_memory import tflite_of

    keras.utils.clear_session()
    stack = [layers.Dense(4, name=f"dense_{i}" if i else "dense") for i in range(3)]
    model = keras.Sequential([keras.Input((4,)), *stack, layers.Dense(3, name="last")])
    graph = read_model(tflite_of(model, X[:, 0, 0, :].repeat(2, 1), tmp_path))
    names = [graph.tensor(o.inputs[1]).name.split("/")[-2] for o in graph.operators if o.inputs[1:]]
    assert names == ["dense", "dense_1", "dense_2", "last"]
