"""Quantised files of float nets: what the interpreter, the compiler and NumPy make of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgepack import compress
from edgepack.compress import Worker
from edgepack.compress.quantizing.floatnet import collected, read_net, unpack
from edgepack.compress.quantizing.quantizer import Quantized, quantized_net, warnings_of
from edgepack.compress.quantizing.rules import RULES
from edgepack.compress.quantizing.writer import METADATA, metadata
from edgepack.compress.score import TfliteModel
from edgepack.compress.spec import DataSpec, QuantizeSpec
from edgepack.errors import ModelError, UsageError
from tests.models.float_nets import conv_net, samples
from tests.models.float_operators import IN_FLOAT, NETS
from tests.models.whole import check_models
from tests.tflite_builder import ModelBuilder

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

DATA = DataSpec(source="x.npz")
WAYS: dict[str, dict[str, Any]] = {
    "int8": {},
    "int8, a step a tensor": {"per_channel": False},
    "int4": {"weights": 4},
    "ternary": {"weights": 2},
    "mixed": {"layers": (("first", "8x16"), ("depthwise", "float"), ("point", 4))},
    "16x8": {"activations": 16},
    "16x4": {"activations": 16, "weights": 4, "io": "int8"},
    "power of two": {"scheme": "power_of_two"},
    "power of two, 4 bits": {"scheme": "power_of_two", "weights": 4, "activations": 16},
    "float16": {"weights": 16},
    "dynamic ranges": {"activations": 32},
    "dynamic ranges, 4 bits": {"activations": 32, "weights": 4},
    "float ends": {"io": "float32"},
}


def made(content: bytes, x: np.ndarray, **asked: Any) -> Quantized:
    return quantized_net(read_net(content), [x], QuantizeSpec(data=DATA, **asked))


def inputs_of(content: bytes, n: int = 24, seed: int = 0) -> np.ndarray:
    net = read_net(content)
    shape = net.tensors[net.inputs[0]].shape[1:]
    return np.random.default_rng(seed).normal(0.2, 1.0, (n, *shape)).astype(np.float32)


def relative_error(content: bytes, net: bytes, x: np.ndarray) -> float:
    """The squared error of the quantised net's outputs over the float outputs' variance."""
    wanted = TfliteModel(net).predict((x,), lambda done, n: None)
    got = TfliteModel(content).predict((x,), lambda done, n: None)
    return max(float(np.square(a - b).mean() / b.var()) for a, b in zip(got, wanted, strict=True))


@pytest.mark.parametrize(("bits", "bound"), [(8, 2e-3), (16, 1e-3)])
def test_every_operator_runs_in_integers_near_its_floats(bits: int, bound: float) -> None:
    models, floats = [], []
    for name, build in NETS.items():
        content = build()
        kind = name.split()[0]
        if kind in IN_FLOAT:
            continue
        x = inputs_of(content)
        try:
            found = made(content, x, activations=bits)
        except ModelError as error:
            assert "has integer kernels" in str(error)
            floats.append(kind)
            continue
        kinds = {t.type for t in read_net(found.content).tensors}
        if found.stayed_float:
            floats.append(kind)
        else:
            assert "FLOAT32" not in kinds, name
        assert relative_error(found.content, content, x) < bound, name
        models.append((f"{name} {bits}", found.content))
    takes = {kind for kind, rule in RULES.items() if bits in rule.bits} | {"NEG"}
    assert not set(floats) & takes
    assert bits == 16 or not floats
    outcome = check_models(models)
    assert not outcome.refused
    assert len(outcome.unanswered) <= 2, outcome.unanswered


def test_every_way_runs_bit_exactly_on_boards() -> None:
    content, x = conv_net(3, residual=True), samples()
    models = []
    for way, asked in WAYS.items():
        found = made(content, x, **asked)
        bound = 0.6 if asked.get("weights") == 2 else 0.06 if asked.get("weights") == 4 else 5e-3
        assert relative_error(found.content, content, x) < bound, way
        models.append((way, found.content))
    outcome = check_models(models, ("host", "mps2-an386"))
    assert not outcome.refused
    assert not outcome.unanswered


def half_away(x: np.ndarray) -> np.ndarray:
    return np.trunc(x + np.copysign(0.5, x))


def test_a_dense_layer_holds_the_numbers_that_numpy_finds() -> None:
    rng = np.random.default_rng(5)
    weights = rng.normal(0, 1, (3, 7)).astype(np.float32)
    bias = rng.normal(0, 1, 3).astype(np.float32)
    b = ModelBuilder()
    x, y = b.tensor((1, 7), "float32", name="x"), b.tensor((1, 3), "float32", name="y")
    w = b.tensor((3, 7), "float32", name="w", data=weights)
    v = b.tensor((3,), "float32", name="b", data=bias)
    b.operator("FULLY_CONNECTED", [x, w, v], [y])
    content = b.build([x], [y])
    given = rng.uniform(-1, 3, (50, 7)).astype(np.float32)
    found = unpack(made(content, given).content).subgraphs[0].tensors
    by_name = {t.name.decode(): t.quantization for t in found}
    tensors = {t.name: t for t in read_net(made(content, given).content).tensors}

    scale = (given.max() - given.min()) / 255
    zero = round(-128 - float(given.min()) / scale)
    assert by_name["x"].scale[0] == pytest.approx(scale, rel=1e-6)
    assert by_name["x"].zeroPoint[0] == zero
    steps = np.abs(weights).max(1) / 127
    np.testing.assert_allclose(by_name["w"].scale, steps, rtol=1e-6)
    integers = np.rint(weights / by_name["w"].scale[:, None])
    assert np.array_equal(tensors["w"].data, integers)
    np.testing.assert_allclose(by_name["b"].scale, by_name["x"].scale[0] * by_name["w"].scale)
    biases = half_away(bias / by_name["b"].scale.astype(np.float64))
    assert np.array_equal(tensors["b"].data, biases)

    q = np.clip(half_away(given / np.float64(by_name["x"].scale[0])) + zero, -128, 127)
    sums = (q - zero) @ integers.T + biases
    out = by_name["y"]
    real = sums * (by_name["b"].scale.astype(np.float64) / out.scale[0])
    wanted = np.clip(half_away(real) + out.zeroPoint[0], -128, 127)
    got = TfliteModel(made(content, given).content).predict((given,), lambda done, n: None)[0]
    got = np.rint(got / out.scale[0]) + out.zeroPoint[0]
    assert np.abs(got - wanted).max() <= 1
    assert np.mean(got != wanted) < 0.02


def scales_of(content: bytes) -> list[np.ndarray]:
    tensors = unpack(content).subgraphs[0].tensors
    found = [t.quantization.scale for t in tensors if t.quantization is not None]
    return [np.asarray(scale, np.float64) for scale in found if scale is not None]


@pytest.mark.parametrize("asked", [{}, {"weights": 4}, {"activations": 16}, {"ranges": "mse"}])
def test_all_scales_are_powers_of_two(asked: dict[str, Any]) -> None:
    found = made(conv_net(1), samples(), scheme="power_of_two", **asked)
    scales = scales_of(found.content)
    assert len(scales) >= 10
    for scale in scales:
        assert np.array_equal(np.log2(scale), np.rint(np.log2(scale)))


def test_weights_take_half_a_byte_and_their_levels() -> None:
    for bits, levels in ((4, 7), (2, 1)):
        content = made(conv_net(), samples(), weights=bits).content
        model = unpack(content)
        small = [t for t in model.subgraphs[0].tensors if t.type == 17]
        assert len(small) == 4
        for tensor in small:
            raw = np.asarray(model.buffers[tensor.buffer].data, np.uint8)
            assert len(raw) == (int(np.prod(tensor.shape)) + 1) // 2
            halves = np.stack([raw & 15, raw >> 4], 1).astype(np.int8)
            signed = np.where(halves > 7, halves - 16, halves)
            assert np.abs(signed).max() == levels


def test_the_file_and_the_report_say_what_each_tensor_holds() -> None:
    found = made(conv_net(), samples(), layers=(("*", 8), ("point", 2), ("dense", "float")))
    rows = {row.layer: row for row in found.tensors if row.kind == "weights"}
    assert {layer: row.bits for layer, row in rows.items()} == {
        "first": 8, "depthwise": 8, "point": 2,
    }  # fmt: skip
    assert rows["first"].error < 1e-3 < rows["point"].error < 0.5
    assert found.stayed_float == ("dense (FULLY_CONNECTED)",)
    told = metadata(found.content)
    assert told is not None and METADATA == "edgepack_compression"
    assert told["schema"] == 1
    assert told["tensors"]["net/point/Conv2D"]["bits"] == 2


def test_inputs_and_outputs_have_the_type_asked_for() -> None:
    kinds = {"auto": "int8", "int8": "int8", "int16": "int16", "float32": "float32"}
    for io, kind in kinds.items():
        tflite = TfliteModel(made(conv_net(), samples(), io=io).content)
        assert (tflite.inputs[0].type, tflite.outputs[0].type) == (kind, kind)


def test_joined_tensors_share_the_scale_where_nobody_else_reads_them() -> None:
    def net(shared: bool) -> bytes:
        b = ModelBuilder()
        x = b.tensor((1, 4), "float32", name="x")
        parts = [b.tensor((1, 4), "float32", name=f"part{i}") for i in range(2)]
        y = b.tensor((1, 8), "float32", name="y")
        b.operator("MUL", [x, x], [parts[0]])
        b.operator("ADD", [x, x], [parts[1]])
        b.operator("CONCATENATION", parts, [y], axis=1)
        more = b.tensor((1, 4), "float32", name="more")
        if shared:
            b.operator("SUB", [parts[1], x], [more])
        return b.build([x], [y, more] if shared else [y])

    x = np.linspace(-3, 3, 80, dtype=np.float32).reshape(20, 4)
    kinds = [op.kind for op in read_net(made(net(False), x).content).operators]
    assert "QUANTIZE" in [op.kind for op in read_net(made(net(True), x).content).operators]
    assert "CONCATENATION" in kinds
    assert "QUANTIZE" not in kinds


def test_a_pattern_that_fits_nothing_names_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        made(conv_net(), samples(), layers=(("frst", 4),))
    assert str(caught.value).startswith(
        "quantize.layers.frst: fits no layer; the nearest are first"
    )


def test_what_is_quantised_already_is_refused() -> None:
    once = made(conv_net(), samples()).content
    with pytest.raises(ModelError) as caught:
        made(once, samples())
    assert str(caught.value) == (
        "x: is INT8 already; quantisation starts from the float32 .tflite file or from the Keras "
        "model"
    )


def test_a_net_without_integer_kernels_is_refused() -> None:
    content = NETS["SIN"]()
    with pytest.raises(ModelError) as caught:
        made(content, inputs_of(content))
    assert str(caught.value) == (
        "no operator of the model has integer kernels (layer (SIN)); convert it as it is, to "
        "float32"
    )


def test_a_net_without_floats_is_refused() -> None:
    b = ModelBuilder()
    x, y = (b.tensor((1, 4), "int32", name=name) for name in "xy")
    b.operator("ABS", [x], [y])
    with pytest.raises(ModelError, match=r"has integer kernels \(none works on floats\)"):
        made(b.build([x], [y]), np.ones((12, 4), np.int32))


def test_integer_ends_hide_no_layer_that_stays_float() -> None:
    b = ModelBuilder()
    x, y = b.tensor((1, 4), "int32", name="x"), b.tensor((1,), "int64", name="y")
    inner = [b.tensor((1, 4), "float32", name=f"net/{name}/out") for name in ("cast", "relu")]
    axis = b.tensor((1,), "int32", data=[1])
    b.operator("CAST", [x], inner[:1])
    b.operator("RELU", inner[:1], inner[1:])
    b.operator("ARG_MAX", [inner[1], axis], [y], output_type=4)
    x_values = np.random.default_rng(0).integers(-9, 9, (12, 4)).astype(np.int32)
    assert made(b.build([x], [y]), x_values).stayed_float == ("cast (CAST)",)


def test_nan_inside_the_net_names_the_tensor() -> None:
    b = ModelBuilder()
    x, y = b.tensor((1, 4), "float32", name="x"), b.tensor((1, 4), "float32", name="net/root/y")
    z = b.tensor((1, 4), "float32", name="z")
    b.operator("SQRT", [x], [y])
    b.operator("ADD", [y, y], [z])
    with pytest.raises(UsageError) as caught:
        made(b.build([x], [z]), -np.ones((10, 4), np.float32))
    assert str(caught.value).startswith("net/root/y: NaN or infinity appears in it on this data")


def test_nan_in_the_weights_names_the_layer() -> None:
    net = read_net(conv_net())
    first = net.weighted()[0]
    data = np.array(net.tensors[first.weights].data)
    data[0, 0, 0, 0] = np.nan
    broken = net.with_constants({first.weights: data})
    with pytest.raises((ModelError, UsageError)) as caught:
        quantized_net(broken, [samples()], QuantizeSpec(data=DATA))
    assert "first" in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, 7e4])
def test_weights_beyond_float16_are_refused(value: float) -> None:
    net = read_net(conv_net())
    first = net.weighted()[0]
    data = np.array(net.tensors[first.weights].data)
    data[0, 0, 0, 0] = value
    with pytest.raises(ModelError) as caught:
        quantized_net(net.with_constants({first.weights: data}), [], QuantizeSpec(weights=16))
    assert str(caught.value) == (
        "first: a weight is NaN or beyond the 65504 that float16 holds; train or export the model "
        "again, or leave weights at 32 bits"
    )


def twice_used() -> bytes:
    """Two dense layers that read one tensor of weights, 4x4."""
    b, rng = ModelBuilder(), np.random.default_rng(0)
    x, middle = b.tensor((1, 4), "float32", name="x"), b.tensor((1, 4), "float32", name="net/a/y")
    y = b.tensor((1, 4), "float32", name="net/b/y")
    data = rng.normal(size=(4, 4)).astype(np.float32)
    weights = b.tensor((4, 4), "float32", name="net/shared/MatMul", data=data)
    for source, target in ((x, middle), (middle, y)):
        b.operator("FULLY_CONNECTED", [source, weights, -1], [target])
    return b.build([x], [y])


@pytest.mark.parametrize("name", ["a", "b"])
@pytest.mark.parametrize("budget", [{}, {"scheme": "mixed", "budget_bytes": 4096}])
def test_one_name_of_shared_weights_gives_their_width(name: str, budget: dict[str, Any]) -> None:
    content = twice_used()
    x = inputs_of(content)
    found = made(content, x, layers=((name, 4),), **budget)
    assert [row.bits for row in found.tensors if row.kind == "weights"] == [4, 4]
    with pytest.raises(ModelError, match="no operator of the model has integer kernels"):
        made(content, x, layers=((name, "float"),), **budget)


def test_two_widths_of_shared_weights_are_refused() -> None:
    content = twice_used()
    with pytest.raises(UsageError) as caught:
        made(content, inputs_of(content), layers=(("a", 4), ("b", "float")))
    assert str(caught.value) == (
        "quantize.layers: op 0 shared and op 1 shared share their weights, which have one width, "
        "and are asked for 4 bits and float; give both the same"
    )


def test_samples_that_say_little() -> None:
    few = samples(3)
    assert warnings_of([few], "x.npz") == (
        "x.npz: 3 samples show little of the ranges; give some hundreds",
    )
    assert warnings_of([samples(10)], "x.npz") == ()
    with pytest.raises(UsageError) as caught:
        warnings_of([np.full((20, 4), 0.5, np.float32)], "x.npz")
    assert str(caught.value) == (
        "x.npz: an input is 0.5 in every sample, which shows no range; give samples as the device "
        "will see them"
    )


def test_a_layer_of_zeros_stays_zero() -> None:
    net = read_net(conv_net())
    zeros = {
        t: np.zeros_like(net.tensors[t].data)
        for w in net.weighted()[:1]
        for t in (w.weights, w.bias)
    }
    found = quantized_net(net.with_constants(zeros), [samples()], QuantizeSpec(data=DATA))
    assert not check_models([("zeros", found.content)]).refused
    assert all(np.isfinite(scale).all() and (scale > 0).all() for scale in scales_of(found.content))


def test_huge_biases_widen_the_steps_of_their_channels() -> None:
    net = read_net(conv_net())
    first = net.weighted()[0]
    bias = np.array(net.tensors[first.bias].data) + 1e6
    weights = np.array(net.tensors[first.weights].data) * 1e-4
    broken = net.with_constants({first.bias: bias, first.weights: weights})
    found = quantized_net(broken, [samples()], QuantizeSpec(data=DATA))
    assert not check_models([("biases", found.content)]).refused


def test_equal_nets_and_samples_give_equal_bytes() -> None:
    for asked in (WAYS["mixed"], WAYS["power of two"]):
        first = made(conv_net(), samples(), **asked).content
        assert made(conv_net(), samples(), **asked).content == first


def test_a_float_file_goes_through_the_stage_as_a_keras_model_does(
    tmp_path: Path, worker: Worker
) -> None:
    model, out = tmp_path / "net.tflite", tmp_path / "small.tflite"
    model.write_bytes(conv_net())
    np.savez(tmp_path / "few.npz", x=samples(6), y=np.arange(6) % 5)
    data = DataSpec(source=str(tmp_path / "few.npz"))
    report = compress.quantize(model, QuantizeSpec(data=data, weights=4), out, worker=worker)
    assert (report.calibrated_on, report.scored_on) == (6, "data")
    assert report.before is not None and report.after is not None
    assert report.warnings == (
        f"{data.source}: 6 samples show little of the ranges; give some hundreds",
    )
    wanted = made(conv_net(), samples(6), weights=4).content
    assert len(out.read_bytes()) == len(wanted)
    np.savez(tmp_path / "same.npz", x=np.ones((20, 8, 8, 3)))
    same = DataSpec(source=str(tmp_path / "same.npz"))
    with pytest.raises(UsageError, match=r"same\.npz: an input is 1 in every sample"):
        compress.quantize(model, QuantizeSpec(data=same), tmp_path / "no", worker=worker)
    (tmp_path / "broken.tflite").write_bytes(conv_net()[:400])
    with pytest.raises(ModelError, match=r"broken\.tflite: cannot be read"):
        compress.quantize(
            tmp_path / "broken.tflite", QuantizeSpec(data=data), tmp_path / "no", worker=worker
        )
    assert not (tmp_path / "no").exists()


def test_activations_are_what_the_interpreter_computes() -> None:
    net = read_net(conv_net())
    x = samples(4)
    found = collected(net, [x], net.outputs)[net.outputs[0]]
    wanted = TfliteModel(net.content).predict((x,), lambda done, n: None)[0]
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
