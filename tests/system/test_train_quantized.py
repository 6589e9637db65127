"""Training with rounding: the integers of the .tflite are those that were trained with."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgepack import compress
from edgepack.compress import AwareSpec, ConvertSpec
from edgepack.compress.data import Arrays
from edgepack.compress.spec import DataSpec, ModelFile, QuantizeSpec
from edgepack.compress.tuning.lesson import Lesson
from edgepack.errors import ModelError, UsageError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
DATA = DataSpec(source="memory")
CLASSES = 4


def samples(n: int = 64, seed: int = 1) -> Arrays:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 8, 8, 3)).astype(np.float32)
    return Arrays((x,), rng.integers(0, CLASSES, n))


def settled(model: Any) -> Any:
    """Batch norms that scale, shift and turn signs."""
    import keras

    rng = np.random.default_rng(0)
    for norm in model._flatten_layers():
        if isinstance(norm, keras.layers.BatchNormalization):
            n = norm.gamma.shape[0]
            signs = np.where(np.arange(n) % 3 == 1, -1, 1)
            norm.gamma.assign(rng.uniform(0.5, 1.5, n) * signs)
            norm.beta.assign(rng.normal(0, 0.3, n))
            norm.moving_mean.assign(rng.normal(0, 0.2, n))
            norm.moving_variance.assign(rng.uniform(0.3, 2.0, n))
    return model


def branched() -> Any:
    """A residual block, a depthwise layer, a layer used twice, a concatenation, a dense layer."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    source = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(8, 3, padding="same", use_bias=False, name="first")(source)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    y = layers.Conv2D(8, 3, padding="same", name="second")(x)
    x = layers.ReLU()(layers.Add()([x, layers.BatchNormalization()(y)]))
    x = layers.DepthwiseConv2D(3, padding="same", name="spread")(x)
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    shared = layers.Conv2D(8, 1, name="shared", activation="relu")
    once = shared(x)
    x = layers.MaxPooling2D()(layers.Concatenate()([once, shared(once)]))
    x = layers.Flatten()(x)
    return settled(keras.Model(source, layers.Dense(CLASSES, name="head")(x)))


def plain(*stack: Any) -> Any:
    import keras

    keras.utils.set_random_seed(0)
    return settled(keras.Sequential([keras.Input((8, 8, 3)), *stack]))


def as_network(model: Any) -> Any:
    from edgepack.compress.load import of_keras

    return of_keras(model, Path("m.keras"), ModelFile("m.keras", "", 0))


def written(model: Any, given: Arrays, tmp_path: Path, **spec: Any) -> tuple[Any, Any, Any]:
    """The plan, the quantised net and its interpreter."""
    from edgepack.compress.aware import export
    from edgepack.compress.conversion import Job
    from edgepack.compress.quantizing import quantizer
    from edgepack.compress.score import TfliteModel

    job = Job(tmp_path, "m.tflite", lambda done, total, text: None)
    asked = QuantizeSpec(data=DATA, **spec)
    plan, warnings = export.learned(as_network(model), given, asked, job)
    assert warnings == ()
    content = quantizer.written(plan).content
    return plan, content, TfliteModel(content)


def grids_in(content: bytes) -> list[np.ndarray]:
    """The integers of every constant that weights could be, as TFLite unpacks them."""
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(model_content=content)
    interpreter.allocate_tensors()
    found = []
    for detail in interpreter.get_tensor_details():
        if len(detail["quantization_parameters"]["scales"]) > 0:
            try:
                found.append(np.asarray(interpreter.get_tensor(detail["index"])))
            except ValueError:
                continue
    return found


@pytest.fixture(scope="module")
def trained() -> tuple[Any, Any]:
    """A model, and what training at 4 bits made of it."""
    from edgepack.compress.aware.stage import quantization_aware

    model = branched()
    spec = AwareSpec(weights=4, epochs=1, ends=8, data=DATA)
    aware, grids = quantization_aware(model, spec, Lesson(samples()))
    assert [(w.layer, w.bits) for w in grids.layers] == [
        ("first", 8), ("second", 4), ("spread", 4), ("shared", 4), ("head", 8),
    ]  # fmt: skip
    assert all(a.scale > 0 and -128 <= a.zero_point <= 127 for a in grids.activations)
    return model, aware


def test_the_file_holds_the_integers_that_were_trained_with(trained, tmp_path):
    from edgepack.compress.aware.layers import AwareKernel

    _, aware = trained
    plan, _, tflite = written(aware, samples(), tmp_path)
    kernels = [layer for layer in aware.layers if isinstance(layer, AwareKernel)]
    assert len(plan.weights) >= len(kernels) == 5
    grids = {kernel.name: kernel.integers() for kernel in kernels}
    for weighted in plan.net.weighted():
        grid = plan.weights[weighted.weights]
        label = next(n for n in grids if plan.net.matches(weighted.operator, f"{n}*"))
        own = grids[label]
        moved = own if label == "spread" else np.moveaxis(own, -1, 0)
        given = grid.integers.reshape(moved.shape)
        axes = tuple(range(moved.ndim))
        one = axes[:-2] if label == "spread" else axes[1:]
        turned = np.sign((given * moved.astype(int)).sum(axis=one, keepdims=True))
        np.testing.assert_array_equal(given, moved * turned)
        has_norm = label in ("first", "second", "spread")
        assert set(np.unique(turned)) == ({-1, 1} if has_norm else {1})
        assert np.abs(given).max() <= (127 if label in ("first", "head") else 7)
    x = samples(32, 5).inputs
    near = np.abs(tflite.predict(x, lambda i, n: None)[0] - aware.predict(x[0], verbose=0))
    assert near.max() <= 2.5 * tflite.outputs[0].scale
    assert near.mean() <= 0.7 * tflite.outputs[0].scale


def test_ranges_are_those_that_were_trained_with(trained, tmp_path):
    from edgepack.compress.aware.layers import FakeQuantize

    _, aware = trained
    plan, _, tflite = written(aware, samples(), tmp_path)
    grids = [layer for layer in aware.layers if isinstance(layer, FakeQuantize)]
    wanted = {layer.affine() for layer in grids}
    given = {(a.scale, a.zero_point) for a in plan.scales.activations.values()}
    assert given == wanted
    first, last = tflite.inputs[0], tflite.outputs[0]
    assert (np.float32(first.scale), first.zero_point) in wanted
    assert (np.float32(last.scale), last.zero_point) in wanted


def test_the_argument_stays_as_it_was(trained):
    model, aware = trained
    fresh = branched()
    for mine, own in zip(model.get_weights(), fresh.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, own)
    assert not {id(layer) for layer in model.layers} & {id(layer) for layer in aware.layers}


def test_a_saved_model_loads_without_trust_and_answers_the_same(trained, tmp_path):
    from edgepack.compress.load import load_network
    from edgepack.compress.save import keras_bytes

    _, aware = trained
    path = tmp_path / "aware.keras"
    path.write_bytes(keras_bytes(aware, tmp_path))
    again = load_network(path, tmp_path)
    assert again.trained_rounded
    x = samples(4).inputs[0]
    np.testing.assert_array_equal(again.keras.predict(x, verbose=0), aware.predict(x, verbose=0))


def test_tensors_of_one_scale_share_a_grid():
    from edgepack.compress.aware.layers import FakeQuantize
    from edgepack.compress.aware.model import make_aware

    aware = make_aware(branched(), AwareSpec(data=DATA), samples())
    shared = [layer for layer in aware.layers if isinstance(layer, FakeQuantize)]
    calls = [len(layer._inbound_nodes) for layer in shared]
    assert sorted(calls) == [1, 1, 1, 1, 1, 1, 2]  # both branches of the concatenation have one
    before = [layer.name for layer in aware.layers]
    assert not any(name.startswith("grid") for name in before[-3:-2])


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_gradients_pass_in_range_and_steps_learn(bits):
    import tensorflow as tf

    from edgepack.compress.aware.layers import fake_quantized

    rng = np.random.default_rng(bits)
    x = rng.normal(size=(50, 3)).astype(np.float32)
    exponent = np.array([[-1.3, -2.0, 0.4]], np.float32)
    most = {8: 127, 4: 7, 2: 1}[bits]
    upstream = rng.normal(size=x.shape).astype(np.float32)
    with tf.GradientTape() as tape:
        a, b = tf.constant(x), tf.constant(exponent)
        tape.watch([a, b])
        answer = fake_quantized(a, b, -float(most), float(most))
        loss = tf.reduce_sum(answer * upstream)
    of_x, of_exponent = (g.numpy() for g in tape.gradient(loss, [a, b]))
    step = np.exp2(exponent)
    integers = np.clip(np.rint(x / step), -most, most)
    np.testing.assert_allclose(answer.numpy(), integers * step, rtol=1e-6)
    inside = np.abs(x) <= most * step
    np.testing.assert_array_equal(of_x, np.where(inside, upstream, 0))
    slope = np.log(2) * (integers * step - np.where(inside, x, 0)) * upstream
    np.testing.assert_allclose(of_exponent, slope.sum(0, keepdims=True), rtol=1e-3, atol=1e-4)


def test_large_activations_take_the_compiled_pass_and_answer_the_same():
    import tensorflow as tf

    from edgepack.compress.aware import layers as aware_layers

    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=(2, 64, 64)).astype(np.float32))
    given = x, tf.constant(-5.3), tf.constant(-128.0 + 7), tf.constant(127.0 + 7)
    up = tf.constant(rng.normal(size=x.shape).astype(np.float32))
    assert int(np.prod(x.shape[1:])) >= aware_layers._FUSED_FROM
    near = np.abs(aware_layers._forward_fused(*given) - aware_layers._forward(*given))
    assert near.max() <= 2.0**-5.3 * 1.001
    assert np.mean(near > 1e-6) < 1e-3
    fused, apart = aware_layers._backward_fused(*given, up), aware_layers._backward(*given, up)
    np.testing.assert_allclose(fused[1], apart[1], rtol=1e-2)
    np.testing.assert_array_equal(fused[0], apart[0])


def test_zeros_stay_zeros_through_training_and_in_the_file(tmp_path):
    import keras

    from edgepack.compress.aware.stage import quantization_aware
    from edgepack.compress.pruning.constraints import KeepZeros

    model = plain(
        keras.layers.Conv2D(8, 3, name="conv"),
        keras.layers.Flatten(),
        keras.layers.Dense(CLASSES, name="head"),
    )
    kernel = model.layers[0].kernel
    mask = np.random.default_rng(0).random(kernel.shape) < 0.5
    kernel.assign(np.where(mask, kernel.numpy(), 0))
    model.layers[0].kernel_constraint = KeepZeros(mask)
    kernel.constraint = model.layers[0].kernel_constraint
    spec = AwareSpec(weights=8, epochs=1, learning_rate=0.05, data=DATA)
    aware, grids = quantization_aware(model, spec, Lesson(samples()))
    assert np.all(aware.get_layer("conv").kernel.numpy()[~mask] == 0)
    assert grids.layers[0].zeros >= 0.5
    plan, content, _ = written(aware, samples(), tmp_path)
    conv = plan.weights[plan.net.weighted()[0].weights]
    assert np.all(np.moveaxis(conv.integers, 0, -1)[~mask] == 0)
    assert any(g.shape == conv.integers.shape and (g == conv.integers).all()
               for g in grids_in(content))  # fmt: skip


def test_codebooks_stay_codebooks(tmp_path):
    import keras

    from edgepack.compress.aware.stage import quantization_aware
    from edgepack.compress.pruning.clustering import clustered
    from edgepack.compress.tuning.spec import ClusterSpec

    model = plain(
        keras.layers.Conv2D(8, 3, name="conv"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(CLASSES, name="head"),
    )
    shared, _ = clustered(model, ClusterSpec(entries=5))
    spec = AwareSpec(epochs=1, learning_rate=0.01, data=DATA)
    aware, _ = quantization_aware(shared, spec, Lesson(samples()))
    assert len(np.unique(aware.get_layer("conv").integers())) <= 5
    assert len(np.unique(aware.get_layer("conv").kernel.numpy())) <= 5
    plan, _, _ = written(aware, samples(), tmp_path)
    for weighted in plan.net.weighted():
        assert len(np.unique(plan.weights[weighted.weights].integers)) <= 5


def test_steps_of_powers_of_two_fold_batch_norm_first(tmp_path):
    import keras

    from edgepack.compress.aware.model import make_aware

    model = plain(
        keras.layers.Conv2D(8, 3, name="conv"),
        keras.layers.BatchNormalization(),
        keras.layers.ReLU(),
        keras.layers.SeparableConv2D(6, 3, name="apart", activation="relu"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(CLASSES, name="head"),
    )
    aware = make_aware(model, AwareSpec(weights=4, scheme="power_of_two", data=DATA), samples())
    assert not any(isinstance(y, keras.layers.BatchNormalization) for y in aware.layers)
    plan, _, tflite = written(aware, samples(), tmp_path, scheme="power_of_two")
    scales = [a.scale for a in plan.scales.activations.values()]
    steps = np.concatenate([grid.steps for grid in plan.weights.values()])
    for value in (*scales, *steps):
        assert np.log2(value) == np.rint(np.log2(value))
    x = samples(16, 3).inputs
    near = np.abs(tflite.predict(x, lambda i, n: None)[0] - aware.predict(x[0], verbose=0))
    assert near.max() <= 3.5 * tflite.outputs[0].scale
    assert near.mean() <= tflite.outputs[0].scale


def test_sixteen_bit_activations_and_nested_models(tmp_path):
    import keras

    from edgepack.compress.aware.model import make_aware

    inner = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Conv2D(6, 3, name="inside", activation="tanh")]
    )
    model = plain(
        inner,
        keras.layers.AveragePooling2D(2),
        keras.layers.Flatten(),
        keras.layers.Dense(CLASSES, activation="softmax", name="head"),
    )
    aware = make_aware(model, AwareSpec(activations=16, data=DATA), samples())
    plan, _, tflite = written(aware, samples(), tmp_path, activations=16)
    assert {a.bits for a in plan.scales.activations.values()} == {16}
    x = samples(16, 3).inputs
    near = np.abs(tflite.predict(x, lambda i, n: None)[0] - aware.predict(x[0], verbose=0))
    assert near.max() <= 1e-3
    float_ends = written(aware, samples(), tmp_path, io="float32")[2]
    assert {t.type for t in (*float_ends.inputs, *float_ends.outputs)} == {"float32"}


def test_channels_that_batch_norm_switches_off_are_their_bias(tmp_path):
    import keras

    from edgepack.compress.aware.model import make_aware

    model = plain(
        keras.layers.Conv2D(4, 3, name="conv"),
        keras.layers.BatchNormalization(),
        keras.layers.GlobalAveragePooling2D(),
    )
    norm = model.layers[1]
    norm.gamma.assign([1.0, 0.0, 1e-14, -1.0])
    norm.beta.assign([0.1, 0.7, -0.4, 0.2])
    aware = make_aware(model, AwareSpec(data=DATA), samples())
    plan, _, tflite = written(aware, samples(), tmp_path)
    grid = next(iter(plan.weights.values()))
    assert not grid.integers[1:3].any()
    assert grid.integers[0].any()
    x = samples(8, 3).inputs
    near = np.abs(tflite.predict(x, lambda i, n: None)[0] - aware.predict(x[0], verbose=0))
    assert near.max() <= 2 * tflite.outputs[0].scale


def test_a_layer_of_zeros_is_not_taken_for_another_of_its_shape(tmp_path):
    import keras

    from edgepack.compress.aware.model import make_aware

    model = plain(
        keras.layers.Conv2D(3, 1, name="full"),
        keras.layers.Conv2D(3, 1, kernel_initializer="zeros", name="empty"),
    )
    aware = make_aware(model, AwareSpec(data=DATA), samples())
    plan, _, _ = written(aware, samples(), tmp_path)
    assert [grid.integers.any() for grid in plan.weights.values()] == [True, False]


def test_bad_requests_are_told_what_to_do(tmp_path):
    import keras

    from edgepack.compress.aware.model import make_aware

    model = keras.Sequential(
        [
            keras.Input((4, 2)),
            keras.layers.LSTM(3, name="memory"),
            keras.layers.Dense(2, name="head"),
        ]
    )
    given = Arrays((np.random.default_rng(0).normal(size=(8, 4, 2)).astype(np.float32),), None)
    for layers, told in (
        ((("memory", 4),), r"layer 'memory' \(LSTM\) cannot be trained at chosen bits; leave it"),
        ((("hed", 4),), r"pattern 'hed' names no layer with a kernel; those are head"),
    ):
        with pytest.raises(UsageError, match=told):
            make_aware(model, AwareSpec(layers=layers, data=DATA), given)
    aware = make_aware(model, AwareSpec(layers=(("h*", 4),), data=DATA), given)
    assert aware.get_layer("head").bits == 4
    with pytest.raises(UsageError, match="round already; `quantize` it"):
        make_aware(aware, AwareSpec(data=DATA), given)
    bare = keras.Sequential([keras.Input((4, 2)), keras.layers.Flatten()])
    with pytest.raises(ModelError, match="no convolution or dense layer"):
        make_aware(bare, AwareSpec(data=DATA), given)
    with pytest.raises(UsageError, match=r"quantize\.rounding: the model was trained with its"):
        written(aware, given, tmp_path, rounding="adaptive")
    with pytest.raises(UsageError, match=r"quantize\.weights: the model was trained"):
        written(aware, given, tmp_path, weights=2)
    for key, value in (("ranges", "mse"), ("percentile", 99.0), ("equalize", True)):
        with pytest.raises(UsageError, match=rf"quantize\.{key}: the model was trained"):
            written(aware, given, tmp_path, **{key: value})
    with pytest.raises(UsageError, match=r"quantize\.io: the model was trained"):
        written(aware, given, tmp_path, io="int16")
    broken = Arrays((np.full((8, 4, 2), np.nan, np.float32),), None)
    with pytest.raises(ModelError, match=r"^model: answers NaN or infinity"):
        make_aware(model, AwareSpec(data=DATA), broken)


def test_the_stages_train_and_write(tmp_path, worker):
    import keras

    model = plain(
        keras.layers.Conv2D(4, 3, name="conv"),
        keras.layers.BatchNormalization(),
        keras.layers.ReLU(),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(CLASSES, name="head"),
    )
    model.save(tmp_path / "net.keras")
    given = samples()
    np.savez(tmp_path / "data.npz", x=given.inputs[0], y=given.labels)
    data = DataSpec(source=str(tmp_path / "data.npz"))
    aware, tflite = tmp_path / "aware.keras", tmp_path / "net.tflite"
    asked = AwareSpec(weights=4, epochs=1, layers=(("head", 8),), data=data)
    first = compress.apply(tmp_path / "net.keras", asked, aware, worker=worker)
    second = compress.apply(aware, QuantizeSpec(data=data), tflite, worker=worker)
    with pytest.raises(UsageError, match="its layers round already"):
        compress.apply(aware, asked, tmp_path / "again.keras", worker=worker)
    with pytest.raises(UsageError, match="was trained with its integers"):
        compress.apply(aware, ConvertSpec(), tmp_path / "float.tflite", worker=worker)
    assert [(w.layer, w.bits) for w in first.layers] == [("conv", 4), ("head", 8)]
    assert first.after.n == first.before.n == first.rounded.n == 64
    widths = {t.layer[:4]: t.bits for t in second.tensors if t.kind == "weights"}
    assert widths == {"conv": 4, "head": 8}
    assert abs(second.before.value - second.after.value) <= 2 / 64
    assert json.loads(Path(f"{aware}.json").read_text())["stage"] == "train-quantized"


@pytest.mark.long
@pytest.mark.parametrize("seed", range(28))
def test_random_networks_are_written_as_they_round(seed, tmp_path):
    from edgepack.compress.aware import export
    from edgepack.compress.aware.model import make_aware
    from edgepack.compress.conversion import Job
    from edgepack.compress.quantizing import quantizer
    from edgepack.compress.score import TfliteModel
    from tests.models.keras_nets import network

    _, model = network(seed)
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(16, *model.inputs[0].shape[1:])).astype(np.float32)
    spec = AwareSpec(weights=(8, 4, 2)[seed % 3], data=DATA)
    aware = make_aware(model, spec, Arrays((x,), None))
    job = Job(tmp_path, "m.tflite", lambda done, total, text: None)
    asked = QuantizeSpec(data=DATA)
    plan, calibrated = export.learned(as_network(aware), Arrays((x,), None), asked, job)
    tflite = TfliteModel(quantizer.written(plan).content)
    given = tflite.predict((x,), lambda i, n: None)[0]
    own = np.concatenate([aware.predict_on_batch(x[i : i + 1]) for i in range(16)])
    assert np.abs(given - own).mean() <= 1.5 * tflite.outputs[0].scale
    assert calibrated or np.abs(given - own).max() <= 5 * tflite.outputs[0].scale


def test_models_in_memory_are_trained_and_written(tmp_path):
    import keras

    import edgepack
    from edgepack.compress.in_memory import tflite_of

    model = plain(keras.layers.Flatten(), keras.layers.Dense(CLASSES, name="head"))
    given = samples()
    data = (given.inputs[0], given.labels)
    aware, grids = edgepack.train_quantized(model, data, 4, epochs=1, teacher=model)
    assert [(w.layer, w.bits) for w in grids.layers] == [("head", 4)]
    for moves in (edgepack.prune_weights, edgepack.cluster_weights, edgepack.prune_neurons):
        with pytest.raises(UsageError, match="has put its weights on their grid"):
            moves(aware)
    integers = aware.get_layer("head").integers()
    assert any(
        g.shape == integers.T.shape and (g == integers.T).all()
        for g in grids_in(tflite_of(aware, data, tmp_path))
    )
