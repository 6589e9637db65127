"""What is refused before TensorFlow is loaded, and before the first step of a recipe runs."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from edgepack import compress
from edgepack.compress import DataSpec, FineTuneSpec, QuantizeSpec
from edgepack.config import load_config
from edgepack.errors import ModelError, UsageError
from edgepack.pipeline.device import silent
from edgepack.pipeline.recipe import make

RECIPE = """
[model]
path = "net.keras"
[board]
name = "mps2-an386"
[compress]
data = "x.npz"
[[compress.step]]
do = "prune"
[[compress.step]]
do = "fine-tune"
teacher = "{teacher}"
[[compress.step]]
do = "quantize"
test = "{test}"
[compress.control]
path = "{control}"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    np.savez(tmp_path / "x.npz", x=np.zeros((2, 3)))
    (tmp_path / "net.tflite").write_bytes(b"\0\0\0\0TFL3")
    return tmp_path


def test_files_that_are_not_there(folder: Path) -> None:
    data = DataSpec(source=str(folder / "x.npz"))
    compress.require_files(FineTuneSpec(data=data, teacher=str(folder / "net.keras")))
    compress.require_files(FineTuneSpec(data=DataSpec(source="package.module:function")))
    with pytest.raises(UsageError, match=r"y\.npz: no such file; name a \.npz"):
        compress.require_files(FineTuneSpec(data=data, test=DataSpec(source="y.npz")))
    with pytest.raises(UsageError, match=r"none\.keras: no such file"):
        compress.require_files(FineTuneSpec(data=data, teacher="none.keras"))
    with pytest.raises(ModelError, match=r"is a \.tflite file already"):
        compress.require_files(FineTuneSpec(data=data, teacher=str(folder / "net.tflite")))


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ({"teacher": "big.keras"}, r"big\.keras: no such file"),
        ({"test": "test.npz"}, r"test\.npz: no such file"),
        ({"control": "small.keras"}, r"small\.keras: no such file"),
    ],
)
def test_a_recipe_looks_for_its_files_first(folder: Path, named: dict[str, str], told: str) -> None:
    names = {"teacher": "net.keras", "test": "x.npz", "control": "net.keras", **named}
    (folder / "r.toml").write_text(RECIPE.format(**names))
    with pytest.raises(UsageError, match=told):
        make(load_config(folder / "r.toml"), folder, folder / "out", "r", silent)
    assert not (folder / "out").exists()


def test_mixed_widths_need_a_budget_or_layers() -> None:
    data = DataSpec(source="x.npz")
    with pytest.raises(UsageError, match="'mixed' chooses widths within a budget"):
        QuantizeSpec(data=data, scheme="mixed")
    QuantizeSpec(data=data, scheme="mixed", layers=(("*", 4),))
    QuantizeSpec(data=data, scheme="mixed", budget_bytes=100)


def test_weights_that_stay_floats_have_no_scheme() -> None:
    with pytest.raises(UsageError) as caught:
        QuantizeSpec(weights=16, scheme="power_of_two")
    assert str(caught.value) == (
        "quantize.scheme: weights of 16 bits are floats, which scheme 'power_of_two' has not; "
        "take 2, 4 or 8"
    )
