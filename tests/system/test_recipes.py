"""Recipes run as a user runs them: cut off and resumed, measured, compared, and refused."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgepack import compress
from edgepack.compress import DataSpec, TrainSpec, Worker
from edgepack.config import load_config
from edgepack.errors import ModelError, TrainingError
from edgepack.pipeline.device import silent
from edgepack.pipeline.recipe import make
from edgepack.store import sha256
from tests.system.command_line import edgepack, refused
from tests.system.mlperf import require_board

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
)
HEAD = """
[model]
path = "net.keras"
[board]
name = "mps2-an386"
[compress]
data = "train.npz"
test = "test.npz"
on_board = 2
"""
STEPS = """
[[compress.step]]
do = "prune"
rate = 0.25
epochs = 1
[[compress.step]]
do = "fine-tune"
epochs = 2
[[compress.step]]
do = "quantize"
samples = 20
"""
CONTROL = """
[compress.control]
path = "net.keras"
"""
MAKE = """
import sys
from pathlib import Path
from edgepack.config import load_config
from edgepack.pipeline.recipe import make

def show(what, done, of):
    print(what, file=sys.stderr, flush=True)

make(load_config(Path("r.toml")), Path(), Path("out"), "r", show, controls=False)
"""


@pytest.fixture(scope="module")
def project(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data of two classes, a network trained on them, and a recipe."""
    folder = tmp_path_factory.mktemp("recipes")
    random = np.random.default_rng(3)
    for name, n in (("train", 120), ("test", 30)):
        y = random.integers(0, 10, n)
        x = random.normal(0, 0.3, (n, 8, 8, 1)) + (y / 10)[:, None, None, None]
        np.savez(folder / f"{name}.npz", x=x.astype(np.float32), y=y)
    data = DataSpec(source=str(folder / "train.npz"))
    compress.train_demo(
        TrainSpec(kind="digits", data=data, width=0.4, epochs=1),
        folder / "net.keras",
        worker=worker,
    )
    (folder / "r.toml").write_text(HEAD + STEPS)
    return folder


def copied(project: Path, target: Path) -> Path:
    for name in ("net.keras", "train.npz", "test.npz", "r.toml"):
        (target / name).write_bytes((project / name).read_bytes())
    return target


def killed_at(folder: Path, text: str) -> None:
    """Start the recipe, and kill it with signal 9 once its progress says `text`."""
    running = subprocess.Popen(
        [sys.executable, "-c", MAKE],
        cwd=folder,
        env={**os.environ, "EDGEPACK_CACHE": str(folder / "cache")},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    for line in running.stderr:
        if text in line:
            running.send_signal(signal.SIGKILL)
            break
    running.stderr.close()
    assert running.wait(60) == -signal.SIGKILL


def finished(folder: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Run the recipe to its end; what its progress said."""
    told: list[str] = []
    config = load_config(folder / "r.toml")
    with monkeypatch.context() as patch:
        patch.setenv("EDGEPACK_CACHE", str(folder / "cache"))
        make(
            config, folder, folder / "out", "r", lambda *p: told.append(p[0]), worker=worker,
            controls=False,
        )  # fmt: skip
    return told


def made(folder: Path) -> dict[str, str]:
    return {p.name: sha256(p.read_bytes()) for p in (folder / "out").iterdir()}


def test_a_recipe_cut_off_goes_on_and_gives_the_same_bytes(
    project: Path, tmp_path: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        folder.mkdir()
        copied(project, folder)
    told = finished(whole, worker, monkeypatch)
    assert any(text.startswith("prune: training, loss ") for text in told)
    killed_at(cut, "fine-tune: training")
    assert sorted(made(cut)) == ["1-prune.keras", "1-prune.keras.json"]
    resumed = finished(cut, worker, monkeypatch)
    assert not any(text.startswith("prune: ") for text in resumed)
    assert any(text.startswith("fine-tune: training, loss ") for text in resumed)
    names = {"1-prune.keras", "2-fine-tune.keras", "3-quantize.tflite"}
    assert {name for name in made(whole) if not name.endswith(".json")} == names
    assert {n: made(cut)[n] for n in names} == {n: made(whole)[n] for n in names}


def test_recipes_are_measured_beside_controls_and_compared(project: Path, tmp_path: Path) -> None:
    require_board("mps2-an386")
    copied(project, tmp_path)
    quantized = '[[compress.step]]\ndo = "quantize"\nsamples = 20\n'
    (tmp_path / "plain.toml").write_text(HEAD + quantized)
    (tmp_path / "cut.toml").write_text(
        HEAD + '[[compress.step]]\ndo = "prune"\nepochs = 0\n' + quantized + CONTROL
    )
    done = edgepack(
        "compress", "--compare", "cut.toml", "plain.toml", "--json", cwd=tmp_path,
        env={"EDGEPACK_CACHE": str(tmp_path / "cache")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    # the plain recipe is the uncompressed int8 model, which is measured and shown once
    assert found["labels"] == ["cut", "plain", "uncompressed float32"]
    cut, plain, real = found["results"]
    assert cut["memory"]["flash"]["total"] < plain["memory"]["flash"]["total"]
    assert cut["latency"][0]["mean"] < plain["latency"][0]["mean"] < real["latency"][0]["mean"]
    for result in (cut, plain):
        assert result["agreement"] == {**result["agreement"], "bit_exact": True, "n": 2}
        assert (result["accuracy"]["kind"], result["accuracy"]["n"]) == ("host", 30)
    assert any("names none in [compress.control]" in note for note in found["notes"])
    folder = tmp_path / "edgepack-out" / "compare-cut-plain"
    page = (folder / "report.html").read_text()
    assert page.count('class="front"') == 2
    assert "best against" in (folder / "report.md").read_text()


def with_lambda(project: Path, target: Path) -> None:
    """The network with a layer in its configuration that is code."""
    with (
        zipfile.ZipFile(project / "net.keras") as source,
        zipfile.ZipFile(target, "w") as changed,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name == "config.json":
                config: Any = json.loads(content)
                config["config"]["layers"][-1]["class_name"] = "Lambda"
                content = json.dumps(config).encode()
            changed.writestr(name, content)


def told_by(kind: type[Exception], folder: Path, worker: Worker) -> str:
    config = load_config(folder / "r.toml")
    with pytest.raises(kind) as error:
        make(config, folder, folder / "out", "r", silent, worker=worker)
    assert not (folder / "out").exists()
    return str(error.value)


def test_code_inside_a_model_is_refused(project: Path, tmp_path: Path, worker: Worker) -> None:
    copied(project, tmp_path)
    with_lambda(project, tmp_path / "net.keras")
    told = told_by(ModelError, tmp_path, worker)
    assert "holds a Lambda layer, which is code that loading would run" in told
    assert "--trust-model" in told


def test_data_that_memory_does_not_hold(project: Path, tmp_path: Path, worker: Worker) -> None:
    copied(project, tmp_path)
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 64), }"
    header = header.ljust(117) + b"\n"
    with zipfile.ZipFile(tmp_path / "train.npz", "w") as file:
        file.writestr("x.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    told = told_by(TrainingError, tmp_path, worker)
    assert told.startswith("prune: out of memory (Unable to allocate")
    assert "give fewer samples" in told


def test_a_tflite_is_past_a_recipe(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text((HEAD + STEPS).replace("net.keras", "net.tflite"))
    done = edgepack("compress", "r.toml", cwd=tmp_path)
    refused(2, done, "net.tflite: a recipe works on a Keras model, and this is past it")


def test_one_recipe_at_a_time_unless_compared(tmp_path: Path) -> None:
    done = edgepack("compress", "a.toml", "b.toml", cwd=tmp_path)
    refused(2, done, "compress runs one recipe; --compare sets several side by side")
