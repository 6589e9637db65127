"""Models as Keras saves them that stages refuse, saying why, or take as they are."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgepack import compress
from edgepack.compress import DataSpec, PruneSpec, QuantizeSpec, Worker
from edgepack.errors import EdgepackError, ModelError, TrainingError, UsageError

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
)


@pytest.fixture(scope="module")
def odd_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models that must be refused, made by Keras itself in a process of its own."""
    target = tmp_path_factory.mktemp("odd")
    script = """
import sys, keras, tensorflow as tf
from keras import layers as L
out = sys.argv[1]
code = keras.Sequential([keras.Input((4,)), L.Lambda(lambda x: x * 2), L.Dense(2)])
code.save(f"{out}/lambda.keras"); code.save(f"{out}/lambda.h5")
plain = keras.Sequential([keras.Input((4,)), L.Dense(2)])
plain.save_weights(f"{out}/only.weights.h5")
plain.save(f"{out}/plain.keras")
keras.Sequential([L.Dense(2)]).save(f"{out}/unbuilt.keras")
@keras.saving.register_keras_serializable("mine")
class Own(L.Layer):
    def call(self, x): return x
keras.Sequential([keras.Input((4,)), Own(), L.Dense(2)]).save(f"{out}/own.keras")
keras.Sequential([keras.Input((None, None, 1)), L.Conv2D(2, 1)]).save(f"{out}/dynamic.keras")
class Reader(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((1, 4))])
    def serve(self, x):
        return x + tf.cast(tf.strings.length(tf.io.read_file("/etc/hosts")), "float32")
m = Reader(); tf.saved_model.save(m, f"{out}/reader", signatures={"serving_default": m.serve})
z, a, k = (keras.Input((n,), name=name) for n, name in ((5, "zeta"), (3, "alpha"), (4, "kappa")))
keras.Model([z, a, k], [L.Dense(2)(k), L.Dense(6)(z), L.Dense(3)(a)]).save(f"{out}/three.keras")
i = keras.Input((8,))
keras.Model(i, keras.ops.erfinv(i)).save(f"{out}/erfinv.keras")
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(target)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    whole = (target / "lambda.h5").read_bytes()
    (target / "cut.h5").write_bytes(whole[: len(whole) // 2])
    whole = (target / "plain.keras").read_bytes()
    (target / "cut.keras").write_bytes(whole[: len(whole) // 2])
    return target


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("lambda.keras", ModelError, "holds a Lambda layer, which is code that loading would run"),
        ("lambda.h5", ModelError, "holds a Lambda layer, which is code that loading would run"),
        ("only.weights.h5", ModelError, "holds weights and no architecture; save it with"),
        ("own.keras", ModelError, "holds a layer of your own, 'Own', which only your code"),
        ("dynamic.keras", ModelError, "is [?, ?, ?, 1]: a dynamic shape has no plan of memory"),
        ("unbuilt.keras", ModelError, "has no input shape yet; give it a keras.Input, or call"),
        ("reader", ModelError, "holds the operator ReadFile, which reaches beyond the model"),
        ("erfinv.keras", TrainingError, "TFLite has no operator for Erfinv; replace that layer"),
        ("cut.h5", ModelError, "broken HDF5"),
        ("cut.keras", ModelError, "is a zip without config.json"),
    ],
)
def test_models_that_are_refused(
    worker: Worker, odd_models: Path, tmp_path: Path, name: str, kind: type, text: str
) -> None:
    out = tmp_path / "m.tflite"
    with pytest.raises(EdgepackError) as caught:
        compress.convert(odd_models / name, compress.ConvertSpec(), out, worker=worker)
    assert type(caught.value) is kind
    assert name in str(caught.value)
    assert text in str(caught.value)
    assert "Traceback" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_inputs_and_outputs_keep_their_order(
    worker: Worker, odd_models: Path, tmp_path: Path
) -> None:
    import keras
    from ai_edge_litert.interpreter import Interpreter

    model = odd_models / "three.keras"
    random = np.random.default_rng(0)
    names = (("zeta", 5), ("alpha", 3), ("kappa", 4))
    x = {name: random.normal(size=(30, n)).astype("f4") * n for name, n in names}
    np.savez(tmp_path / "x.npz", **x)
    data = DataSpec(source=str(tmp_path / "x.npz"))
    out = tmp_path / "m.tflite"
    report = compress.convert(model, compress.ConvertSpec(), out, worker=worker)
    assert [tensor.shape for tensor in report.inputs] == [(1, 5), (1, 3), (1, 4)]
    assert [tensor.shape for tensor in report.outputs] == [(1, 2), (1, 6), (1, 3)]
    interpreter = Interpreter(str(out))
    interpreter.allocate_tensors()
    for detail, values in zip(interpreter.get_input_details(), x.values(), strict=True):
        interpreter.set_tensor(detail["index"], values[:1])
    interpreter.invoke()
    wanted = keras.saving.load_model(model).predict(list(x.values()), verbose=0)
    for detail, want in zip(interpreter.get_output_details(), wanted, strict=True):
        np.testing.assert_allclose(interpreter.get_tensor(detail["index"]), want[:1], atol=1e-5)

    report8 = compress.quantize(model, QuantizeSpec(data=data), out, worker=worker)
    for tensor, values in zip(report8.inputs, x.values(), strict=True):
        spread = float(values.max() - values.min())
        assert tensor.scale == pytest.approx(spread / 255, rel=0.02)


@pytest.mark.parametrize("name", ["lambda.keras", "lambda.h5"])
def test_trusted_code_is_run(worker: Worker, odd_models: Path, tmp_path: Path, name: str) -> None:
    spec = compress.ConvertSpec(trust_model=True)
    report = compress.convert(odd_models / name, spec, tmp_path / "m.tflite", worker=worker)
    assert report.outputs[0].shape == (1, 2)


def test_nothing_to_prune_says_why(worker: Worker, odd_models: Path, tmp_path: Path) -> None:
    model = odd_models / "plain.keras"
    with pytest.raises(UsageError) as caught:
        compress.prune(model, PruneSpec(), tmp_path / "m.keras", worker=worker)
    assert re.fullmatch(
        r"plain\.keras: no layer can lose channels \('dense\w*': the model's output\): "
        "method 'weights' prunes any model",
        str(caught.value),
    )
