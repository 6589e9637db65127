from __future__ import annotations

from pathlib import Path

import pytest

from edgepack.compress import ConvertSpec, DataSpec, PruneSpec, QuantizeSpec
from edgepack.config import Config
from edgepack.errors import UsageError
from edgepack.pipeline.device import silent
from edgepack.pipeline.keras import convert_model, keras_to_tflite, prune_model, quantize_model

MODEL = {"model": {"path": "m.tflite"}, "board": {"name": "host"}}


@pytest.mark.parametrize("stage", [{"prune": {}}, {"quantize": {"data": "x.npz"}}])
def test_a_tflite_is_past_pruning_and_quantising(tmp_path: Path, stage: dict[str, object]) -> None:
    (name,) = stage
    with pytest.raises(UsageError) as caught:
        keras_to_tflite(
            Config.model_validate({**MODEL, **stage}), tmp_path, tmp_path / "out", silent
        )
    assert str(caught.value) == (
        f"{tmp_path / 'm.tflite'}: [{name}] takes a Keras model, and this is past it; "
        "leave the table out, or name the Keras model"
    )


def test_a_tflite_without_stages_is_taken_as_it_is(tmp_path: Path) -> None:
    found = keras_to_tflite(Config.model_validate(MODEL), tmp_path, tmp_path / "out", silent)
    assert found == tmp_path / "m.tflite"


def test_a_result_is_called_what_it_is(tmp_path: Path) -> None:
    model, data = tmp_path / "m.keras", DataSpec(source="x.npz")
    with pytest.raises(UsageError, match=r"o\.tflite: the result is a \.keras file; name it so"):
        prune_model(model, PruneSpec(), Path("o.tflite"))
    with pytest.raises(UsageError, match=r"o\.keras: the result is a \.tflite file; name it so"):
        quantize_model(model, QuantizeSpec(data=data), Path("o.keras"))
    with pytest.raises(UsageError, match=r"o: the result is a \.tflite file; name it so"):
        convert_model(model, ConvertSpec(), Path("o"))
