from __future__ import annotations

from pathlib import Path

import pytest

from edgepack.compress import ConvertSpec, DataSpec, PruneSpec, QuantizeSpec
from edgepack.config import Config
from edgepack.errors import UsageError
from edgepack.pipeline import keras
from edgepack.pipeline.device import silent
from edgepack.pipeline.keras import convert_model, keras_to_tflite, prune_model, quantize_model

MODEL = {"model": {"path": "m.tflite"}, "board": {"name": "host"}}


def test_a_tflite_is_past_pruning(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        keras_to_tflite(
            Config.model_validate({**MODEL, "prune": {}}), tmp_path, tmp_path / "out", silent
        )
    assert str(caught.value) == (
        f"{tmp_path / 'm.tflite'}: [prune] takes a Keras model, and this is past it; "
        "leave the table out, or name the Keras model"
    )


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ({}, "m_int8"),
        ({"weights": 4}, "m_int4"),
        ({"activations": 16}, "m_16x8"),
        ({"activations": 32}, "m_hybrid8"),
        ({"weights": 16}, "m_float16"),
        ({"scheme": "power_of_two"}, "m_int8_pot"),
        ({"layers": {"a": 4}}, "m_mixed"),
    ],
)
def test_a_quantised_file_is_called_by_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: dict[str, object], name: str
) -> None:
    def kept(model: Path, spec: QuantizeSpec, output: Path, progress: object) -> Path:
        assert spec.data is not None and spec.data.source == str(tmp_path / "x.npz")
        return output

    monkeypatch.setattr(keras, "kept", kept)
    config = Config.model_validate({**MODEL, "quantize": {"data": "x.npz", **table}})
    found = keras_to_tflite(config, tmp_path, tmp_path / "out", silent)
    assert found == tmp_path / "out" / f"{name}.tflite"


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
