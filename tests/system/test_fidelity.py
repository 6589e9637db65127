"""What inspect --against finds: layers that were broken on purpose, and what would help them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgepack.cli import show_fidelity
from edgepack.compress.quantizing.floatnet import read_net
from edgepack.errors import UsageError
from edgepack.fidelity import Fidelity, LayerFidelity
from edgepack.pipeline import compare_layers
from tests.models.float_nets import conv_net, samples
from tests.system.command_line import edgepack, refused
from tests.tflite_builder import pack, unpack

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytest.importorskip("tensorflow", reason="TensorFlow is not installed")


def files(folder: Path, scale: float = 1.0, seed: int = 0, **how: Any) -> tuple[Path, Path, Path]:
    """A float model, it quantised with `how` on samples times `scale`, and samples."""
    from edgepack.compress.quantizing.quantizer import quantized_net
    from edgepack.compress.spec import DataSpec, QuantizeSpec

    content, x = conv_net(seed), samples(48)
    spec = QuantizeSpec(data=DataSpec(source="x.npz"), **how)
    made = quantized_net(read_net(content), [x * np.float32(scale)], spec)
    paths = folder / "q.tflite", folder / "float.tflite", folder / "x.npz"
    paths[0].write_bytes(made.content)
    paths[1].write_bytes(content)
    np.savez(paths[2], x=x)
    return paths


def by_layer(found: Fidelity) -> dict[str, LayerFidelity]:
    return {layer.layer: layer for layer in found.layers}


def test_int8_is_near_and_matched_by_name(tmp_path):
    found = compare_layers(*files(tmp_path))
    assert not found.unmatched and found.samples == 48
    assert {layer.matched for layer in found.layers} == {"name"}
    assert [layer.added for layer in found.layers] == sorted(
        (layer.added for layer in found.layers), reverse=True
    )
    assert found.output_snr_db[0] > 20
    weighted = by_layer(found)
    assert {"first", "depthwise", "point", "dense"} <= weighted.keys()
    for name in ("first", "depthwise", "point", "dense"):
        assert weighted[name].weight_bits == 8
        assert 35 < weighted[name].weight_snr_db < 60
        assert weighted[name].saturated == 0


def test_signal_to_noise_is_that_of_the_values(tmp_path):
    from edgepack.compiler.reader import read_model
    from edgepack.compress.quantizing.floatnet import collected
    from edgepack.oracle import run_reference
    from edgepack.pipeline.data import dequantize, quantize

    model, against, data = files(tmp_path, weights=4)
    graph, net, x = read_model(model.read_bytes()), read_net(against.read_bytes()), samples(48)
    floats = collected(net, [x], net.outputs)[net.outputs[0]].astype(float)
    given = quantize(x, graph.tensor(graph.inputs[0]))
    held = run_reference(model.read_bytes(), [given]).outputs[0]
    real = dequantize(held, graph.tensor(graph.outputs[0]))
    expected = 10 * np.log10(np.square(floats).sum() / np.square(real - floats).sum())
    assert compare_layers(model, against, data).output_snr_db[0] == pytest.approx(
        expected, abs=0.01
    )


def test_a_layer_of_narrow_weights_is_named_first_and_told_so(tmp_path):
    found = compare_layers(*files(tmp_path, layers=(("point", "2"),)))
    assert found.layers[0].layer == "point"
    assert found.layers[0].weight_bits == 2
    assert found.layers[0].helps[0].startswith("wider weights than 2 bits, or rounding adaptive")
    assert not any("wider weights" in text for layer in found.layers[1:] for text in layer.helps)


def test_clipping_and_idle_ranges_are_seen(tmp_path):
    clipped = compare_layers(*files(tmp_path, scale=0.4))
    assert clipped.layers[0].helps[0].startswith("a wider range: ")
    assert max(layer.saturated for layer in clipped.layers) > 0.05
    idle = compare_layers(*files(tmp_path, scale=8.0))
    assert max(layer.saturated for layer in idle.layers) == 0
    assert min(layer.unused_bits for layer in idle.layers) > 2
    assert any("bits of its range are not used" in t for layer in idle.layers for t in layer.helps)


def test_weight_steps_of_a_whole_tensor_are_seen(tmp_path):
    found = compare_layers(*files(tmp_path, per_channel=False, activations=16))
    texts = [text for layer in found.layers for text in layer.helps]
    assert "weight steps per channel" in texts


def test_equalised_channels_are_not_taken_for_noise(tmp_path):
    found = compare_layers(*files(tmp_path, equalize=True))
    assert any(layer.rescaled for layer in found.layers)
    assert min(layer.snr_db for layer in found.layers) > 20


def test_renamed_tensors_are_matched_by_content(tmp_path):
    model, against, data = files(tmp_path)
    tree = unpack(model.read_bytes())
    for number, tensor in enumerate(tree.subgraphs[0].tensors):
        tensor.name = f"t{number}"
    model.write_bytes(pack(tree))
    found = compare_layers(model, against, data)
    by_place = [layer for layer in found.layers if layer.matched == "name"]
    assert [layer.operator for layer in by_place] == [len(found.layers) - 1]
    assert not found.unmatched
    plain = compare_layers(*files(tmp_path))
    assert [layer.against for layer in found.layers] == [layer.against for layer in plain.layers]


def test_other_models_are_refused(tmp_path):
    model, against, data = files(tmp_path)
    with pytest.raises(UsageError, match="is quantised itself; compare with the float model"):
        compare_layers(model, model, data)
    from tests.tflite_builder import ModelBuilder

    b = ModelBuilder()
    x, y = b.tensor((1, 4), "float32"), b.tensor((1, 4), "float32")
    b.operator("RELU", [x], [y])
    other = tmp_path / "other.tflite"
    other.write_bytes(b.build([x], [y]))
    with pytest.raises(UsageError) as caught:
        compare_layers(model, other, data)
    assert str(caught.value) == (
        f"{other}: its inputs are [[1, 4]], those of {model} [[1, 8, 8, 3]]; compare a model with "
        "the float one that it was made from"
    )
    assert against.exists()


def test_the_command_prints_text_json_and_a_page(tmp_path):
    model, against, data = files(tmp_path, weights=4)
    given = ["inspect", model, "--against", against, "--data", data]
    page = tmp_path / "page.html"
    done = edgepack(*given, "--samples", 16, "--html", page, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == 1 and document["samples"] == 16
    assert document["layers"][0]["helps"]
    text = page.read_text()
    assert text.count("<rect") == len(document["layers"])
    assert "wider weights than 4 bits" in text
    shown = show_fidelity.fidelity(compare_layers(model, against, data))
    assert "SNR dB" in shown and "wider weights than 4 bits" in shown
    refused(2, edgepack(*given[:4]), "--against: needs --data")
