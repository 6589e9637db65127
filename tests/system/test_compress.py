"""Whole stages on real models, in one child process: train, prune, quantise, convert."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgepack import compress, demo
from edgepack.compress import (
    DataSpec,
    PruneSpec,
    QuantizeSpec,
    TrainSpec,
    WeightsReport,
    WeightsSpec,
    Worker,
)
from edgepack.errors import ModelError, TrainingError, UsageError
from edgepack.store import sha256

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
    ),
    pytest.mark.skipif(
        importlib.util.find_spec("sklearn") is None, reason="scikit-learn is not installed"
    ),
]
ROOT = Path(__file__).resolve().parents[2]


def from_environment(name: str) -> Path:
    if not os.environ.get(name):
        pytest.skip(f"{name} is not set")
    return Path(os.environ[name])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compress")


@pytest.fixture(scope="module")
def data(folder: Path) -> tuple[DataSpec, DataSpec]:
    found = demo.prepare("digits", folder)
    return DataSpec(source=str(found.train)), DataSpec(source=str(found.test))


@pytest.fixture(scope="module")
def digits(worker: Worker, folder: Path, data: tuple[DataSpec, DataSpec]) -> Path:
    out = folder / "digits.keras"
    spec = TrainSpec(kind="digits", data=data[0], test=data[1], epochs=12)
    report = compress.train_demo(spec, out, worker=worker)
    assert report.after is not None
    assert report.after.value >= 0.97
    return out


def document(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(f"{out}.json").read_text())
    return found


def test_channels_are_pruned_and_fine_tuned(
    worker: Worker, digits: Path, data: tuple[DataSpec, DataSpec], tmp_path: Path
) -> None:
    out = tmp_path / "pruned.keras"
    texts: list[str] = []
    spec = PruneSpec(rate=0.5, data=data[0], test=data[1], epochs=4, learning_rate=2e-3)
    report = compress.prune(
        digits, spec, out, on_progress=lambda p: texts.append(f"{p.stage} {p.text}"), worker=worker
    )
    assert [(cut.before, cut.after) for cut in report.layers] == [
        (16, 8),
        (24, 12),
        (32, 16),
        (10, 10),
    ]
    assert report.frozen == {"dense": "the model's output"}
    assert report.parameters_after < 0.3 * report.parameters_before
    assert report.before and report.cut and report.after
    assert report.after.value >= 0.95
    assert report.after.value > report.cut.value
    assert any(text.startswith("prune training, loss") for text in texts)
    assert report.output.sha256 == sha256(out.read_bytes())
    assert report.input.sha256 == sha256(digits.read_bytes())
    found = document(out)
    assert (found["schema"], found["stage"], found["spec"]["seed"]) == (1, "prune", 0)
    assert found["after"] == {"metric": "accuracy", "value": report.after.value, "n": 400}
    assert found["versions"]["keras"]


def test_steps_reach_the_same_widths(worker: Worker, digits: Path, tmp_path: Path) -> None:
    spec = PruneSpec(rate=0.5, steps=3)
    report = compress.prune(digits, spec, tmp_path / "p.keras", worker=worker)
    assert [cut.after for cut in report.layers] == [8, 12, 16, 10]


def test_layers_are_pruned_with_a_teacher(worker: Worker, tmp_path: Path) -> None:
    import keras

    layers = keras.layers
    x = inputs = keras.Input((6,))
    for name in ("one", "two"):
        y = layers.Dense(5, activation="relu", name=name)(x)
        x = layers.Add()([x, layers.Dense(6, name=f"{name}_out")(y)])
    keras.utils.set_random_seed(0)
    model = keras.Model(inputs, layers.Dense(3, activation="softmax", name="head")(x))
    model.get_layer("one_out").kernel.assign(np.full((5, 6), 1e-4))
    model.get_layer("two_out").kernel.assign(5 * model.get_layer("two_out").kernel)
    path, out = tmp_path / "m.keras", tmp_path / "short.keras"
    model.save(path)
    x = np.random.default_rng(0).normal(size=(90, 6)).astype("f4")
    np.savez(tmp_path / "d.npz", x=x, y=model.predict(x, verbose=0).argmax(axis=1))
    data = DataSpec(source=str(tmp_path / "d.npz"))
    spec = PruneSpec(method="layers", data=data, epochs=1, teacher=str(path))
    report = compress.prune(path, spec, out, worker=worker)
    assert [(c.layers, c.removed) for c in report.candidates] == [
        (("one", "one_out"), True),
        (("two", "two_out"), False),
    ]
    assert report.candidates[1].loss > report.candidates[0].loss + 0.5
    assert (report.size_before.weights, report.size_after.weights) == (138, 78)
    assert document(out)["candidates"][0]["size"] == {"weights": 60, "macs": 60}
    assert [layer.name for layer in keras.saving.load_model(out).layers if layer.weights] == [
        "two",
        "two_out",
        "head",
    ]


def kernels_in(path: Path, folder: Path) -> list[Any]:
    import h5py

    with zipfile.ZipFile(path) as archive:
        archive.extract("model.weights.h5", folder)
    found: list[Any] = []

    def look(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.ndim > 1:
            found.append(item[()])

    with h5py.File(folder / "model.weights.h5") as file:
        file.visititems(look)
    return found


def test_masks_survive_fine_tuning(
    worker: Worker, digits: Path, data: tuple[DataSpec, DataSpec], tmp_path: Path
) -> None:
    out = tmp_path / "sparse.keras"
    spec = WeightsSpec(rate=0.7, data=data[0], test=data[1], epochs=4, learning_rate=2e-3)
    report = compress.apply(digits, spec, out, worker=worker)
    assert isinstance(report, WeightsReport)
    kernels = kernels_in(out, tmp_path)
    assert len(kernels) == 4
    for kernel in kernels:
        assert np.count_nonzero(kernel == 0) == round(0.7 * kernel.size)
    assert report.zero_weights == pytest.approx(0.7, abs=0.002)
    assert [phase.name for phase in report.phases] == ["cut", "fine-tuned"]
    cut = report.phases[0].score
    assert cut and report.after
    assert report.after.value >= 0.95
    assert report.after.value > cut.value


def litert(path: Path) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(model_content=path.read_bytes())


def most_weight_scales(path: Path) -> int:
    # before allocate_tensors, which spreads the one scale of a dense layer over its outputs
    return max(
        len(t["quantization_parameters"]["scales"]) for t in litert(path).get_tensor_details()
    )


def test_int8_per_channel_and_per_tensor(
    worker: Worker, digits: Path, data: tuple[DataSpec, DataSpec], tmp_path: Path
) -> None:
    for per_channel, scales in ((True, 32), (False, 1)):
        out = tmp_path / f"{per_channel}.tflite"
        spec = QuantizeSpec(data=data[0], test=data[1], per_channel=per_channel)
        report = compress.quantize(digits, spec, out, worker=worker)
        assert (report.inputs[0].type, report.inputs[0].shape) == ("int8", (1, 8, 8, 1))
        assert (report.outputs[0].type, report.outputs[0].shape) == ("int8", (1, 10))
        assert report.outputs[0].scale == 1 / 256
        assert report.calibrated_on == 200
        assert report.before and report.after
        assert report.after.value >= report.before.value - 0.01
        assert report.before.value >= 0.97
        assert most_weight_scales(out) == scales
        assert document(out)["after"]["value"] == report.after.value


def test_float_inputs_and_outputs_on_request(
    worker: Worker, digits: Path, data: tuple[DataSpec, DataSpec], tmp_path: Path
) -> None:
    spec = QuantizeSpec(data=data[0], io="float32", samples=20)
    report = compress.quantize(digits, spec, tmp_path / "m.tflite", worker=worker)
    assert (report.calibrated_on, report.scored_on) == (20, "data")
    assert report.after and (report.after.n, report.after.value > 0.97) == (500, True)
    assert (report.inputs[0].type, report.outputs[0].type) == ("float32", "float32")
    assert most_weight_scales(tmp_path / "m.tflite") == 32


def test_float_conversion_answers_as_keras_does(
    worker: Worker, digits: Path, data: tuple[DataSpec, DataSpec], tmp_path: Path
) -> None:
    out = tmp_path / "m.tflite"
    report = compress.convert(digits, compress.ConvertSpec(test=data[1]), out, worker=worker)
    assert report.before == report.after
    assert (report.scored_on, report.inputs[0].type) == ("test", "float32")
    import keras

    x = np.load(data[1].source)["x"][:8]
    wanted = keras.saving.load_model(digits).predict(x, verbose=0)
    interpreter = litert(out)
    interpreter.allocate_tensors()
    for one, want in zip(x, wanted, strict=True):
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], one[None])
        interpreter.invoke()
        got = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
        np.testing.assert_allclose(got, want, atol=1e-5)


def test_equal_seeds_give_equal_bytes_in_any_process(
    worker: Worker,
    digits: Path,
    data: tuple[DataSpec, DataSpec],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", None)

    def run(name: str, seed: int, on: Worker) -> tuple[bytes, bytes]:
        pruned, small = tmp_path / name / "p.keras", tmp_path / name / "p.tflite"
        compress.prune(digits, PruneSpec(data=data[0], epochs=1, seed=seed), pruned, worker=on)
        compress.quantize(pruned, QuantizeSpec(data=data[0], samples=50), small, worker=on)
        assert str(tmp_path) not in document(pruned)["input"]["name"]
        return pruned.read_bytes(), small.read_bytes()

    with compress.open_worker() as fresh:
        first = run("a", 5, fresh)
    assert list(scratch.iterdir()) == [], "a library left temporary files behind"
    assert run("b", 5, worker) == first
    assert run("c", 6, worker) != first


def test_the_watch_is_learnt(worker: Worker, folder: Path) -> None:
    if importlib.util.find_spec("seglearn") is None:
        pytest.skip("the package seglearn is not installed")
    found = demo.prepare("watch", folder)
    train, test = DataSpec(source=str(found.train)), DataSpec(source=str(found.test))
    spec = TrainSpec(kind="watch", data=train, test=test, epochs=4)
    report = compress.train_demo(spec, folder / "watch.keras", worker=worker)
    assert report.after is not None
    assert (report.after.n, report.after.value > 0.6) == (506, True)


@pytest.fixture(scope="module")
def mlperf(folder: Path) -> dict[str, DataSpec]:
    """Samples as each float model takes them, from the evaluation sets."""
    data = from_environment("EDGEPACK_DATA")

    def saved(name: str, **arrays: Any) -> str:
        np.savez(folder / f"{name}.npz", **arrays)
        return str(folder / f"{name}.npz")

    def some(name: str, n: int) -> dict[str, Any]:
        loaded = np.load(data / name)
        order = np.random.default_rng(0).permutation(len(loaded["y"]))[:n]
        return {key: loaded[key][order] for key in ("x", "y")}

    clips = some("ad01_62.npz", 4)["x"].reshape(-1, 200, 128)
    windows = np.stack([clip[i : i + 5].ravel() for clip in clips for i in range(0, 195, 15)])
    kws = some("kws01_500.npz", 100)
    scale = 0.5847029089927673
    return {
        "pretrainedResnet.h5": DataSpec(source=saved("ic", **some("ic01_100.npz", 50))),
        "vww_96.h5": DataSpec(source=saved("vww", **some("vww01_200.npz", 40)), scale=1 / 255),
        "ad01.h5": DataSpec(source=saved("ad", x=windows)),
        "kws_ref_model": DataSpec(source=saved("kws", **kws), scale=scale, offset=-83 * scale),
    }


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("pretrainedResnet.h5", 0.8),
        ("vww_96.h5", 0.7),
        ("kws_ref_model", 0.8),
        ("ad01.h5", None),
    ],
)
def test_mlperf_models_load_and_quantise(
    worker: Worker, mlperf: dict[str, DataSpec], tmp_path: Path, name: str, least: float | None
) -> None:
    model = from_environment("EDGEPACK_MODELS") / name
    spec = QuantizeSpec(data=mlperf[name], test=mlperf[name], samples=40)
    report = compress.quantize(model, spec, tmp_path / "m.tflite", worker=worker)
    assert report.before and report.after
    if least is None:
        assert report.before.metric == "mse"
        assert report.after.value == pytest.approx(report.before.value, rel=0.2)
    else:
        assert report.before.value >= least
        assert report.after.value >= report.before.value - 0.05


def test_dead_channels_go_at_no_cost(
    worker: Worker, mlperf: dict[str, DataSpec], tmp_path: Path
) -> None:
    model = from_environment("EDGEPACK_MODELS") / "vww_96.h5"
    spec = PruneSpec(rate=0.25, ranking="global", test=mlperf["vww_96.h5"])
    report = compress.prune(model, spec, tmp_path / "m.keras", worker=worker)
    assert report.before == report.after
    assert report.parameters_after < 0.7 * report.parameters_before


def test_a_saved_model_cannot_be_pruned(worker: Worker, tmp_path: Path) -> None:
    model = from_environment("EDGEPACK_MODELS") / "kws_ref_model"
    with pytest.raises(ModelError) as caught:
        compress.prune(model, PruneSpec(), tmp_path / "m.keras", worker=worker)
    assert str(caught.value) == (
        f"{model}: a SavedModel is a graph without Keras layers; save the model as .keras "
        "(model.save('model.keras')), or quantize this one as it is"
    )
    assert list(tmp_path.iterdir()) == []


def test_data_of_the_wrong_shape(worker: Worker, digits: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((3, 8, 8)))
    spec = QuantizeSpec(data=DataSpec(source=str(tmp_path / "x.npy")))
    with pytest.raises(UsageError) as caught:
        compress.quantize(digits, spec, tmp_path / "m.tflite", worker=worker)
    assert str(caught.value) == (
        f"{tmp_path}/x.npy: 'image' is [3, 8, 8], the model takes [n, 8, 8, 1]; "
        "samples lie along the first axis"
    )


def test_labels_beyond_the_outputs(worker: Worker, digits: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=np.zeros((3, 8, 8, 1)), y=[0, 4, 10])
    spec = PruneSpec(data=DataSpec(source=str(tmp_path / "d.npz")))
    with pytest.raises(UsageError, match="does not fit outputs"):
        compress.prune(digits, spec, tmp_path / "m.keras", worker=worker)


def test_a_loss_that_explodes_is_an_error(
    worker: Worker, digits: Path, data: tuple[DataSpec, DataSpec], tmp_path: Path
) -> None:
    huge = DataSpec(source=data[0].source, scale=1e37)
    spec = PruneSpec(data=huge, test=data[1], epochs=2, learning_rate=10.0)
    with pytest.raises(TrainingError, match="Lower the learning rate"):
        compress.prune(digits, spec, tmp_path / "m.keras", worker=worker)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_nothing_and_libraries_are_silent(digits: Path, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import numpy as np, os, time\n"
        "def samples():\n"
        "    open('started', 'w').write(str(os.getpid()))\n"
        "    print('noise'); time.sleep(60)\n"
    )
    script = (
        "import sys, pathlib\n"
        "from edgepack import compress as c\n"
        "try:\n"
        "    c.quantize(pathlib.Path(sys.argv[1]), c.QuantizeSpec(data=c.DataSpec("
        "source='slow:samples')), pathlib.Path('out.tflite'))\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(130)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", script, str(digits)],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as parent:
        started = tmp_path / "started"
        deadline = time.monotonic() + 60
        while not (started.exists() and started.read_text()):
            assert parent.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        parent.send_signal(signal.SIGINT)
        out, err = parent.communicate(timeout=60)
    assert (parent.returncode, out, err) == (130, b"", b"")
    assert not Path(f"/proc/{started.read_text()}").exists()
    left = {path.name for path in tmp_path.iterdir()} - {"__pycache__"}
    assert left == {"slow.py", "started"}
