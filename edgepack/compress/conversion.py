"""Keras model or SavedModel to a float32 .tflite file. Runs in the worker."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgepack.compress.data import Arrays, load_arrays
from edgepack.compress.load import Network, load_network, versions
from edgepack.compress.score import TfliteModel, score, signature_tensors
from edgepack.compress.spec import (
    ConvertReport,
    ConvertSpec,
    DataSpec,
    ModelFile,
    Score,
)
from edgepack.errors import TrainingError, UsageError
from edgepack.store import sha256

Tell = Callable[[int, int, str], None]


_SCORED_MAX = 500
# Offsets into the tables Model and SubGraph of TFLite's schema.fbs: 4 + 2 * the field's number.
_SUBGRAPHS, _INPUTS, _OUTPUTS = 8, 6, 8


@dataclass(frozen=True, slots=True)
class ScoreSet:
    """Samples to score on; `on` is "test", or "data" where no test set was given."""

    samples: Arrays
    source: str
    on: str


@dataclass(frozen=True, slots=True)
class Job:
    """Where a stage works: scratch space, the output's name, and who hears of progress."""

    folder: Path
    output: str
    tell: Tell


def convert(path: Path, spec: ConvertSpec, job: Job) -> tuple[bytes, ConvertReport]:
    """The float32 .tflite file of the model at `path`, batch 1, and what was done."""
    job.tell(0, 0, "loading")
    network = load_network(path, job.folder, trust=spec.trust_model)
    if network.trained_rounded:
        raise UsageError(
            f"{path}: was trained with its integers; `edgepack quantize` writes them, with --data "
            "for what training did not round"
        )
    test = score_set(network, spec.test)
    job.tell(0, 0, "converting")
    content = to_tflite(network, job)
    tflite = TfliteModel(content)
    before, after = scores(test, network, tflite, job)
    report = ConvertReport(
        input=network.file,
        output=ModelFile(job.output, sha256(content), len(content)),
        spec=spec,
        versions=versions(),
        inputs=tflite.inputs,
        outputs=tflite.outputs,
        scored_on=test.on if test else "",
        before=before,
        after=after,
    )
    return content, report


def to_tflite(network: Network, job: Job) -> bytes:
    """The network through a SavedModel of batch 1: the one way that keeps shapes fixed."""
    import tensorflow as tf

    saved = job.folder / "saved"
    try:
        network.export(saved)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(saved), signature_keys=["serve"])
        return in_order(bytes(converter.convert()), network)
    except (UsageError, KeyboardInterrupt, OSError):
        raise
    except Exception as error:
        raise TrainingError(f"{network.file.name}: cannot convert it: {_reason(error)}") from error
    finally:
        shutil.rmtree(saved, ignore_errors=True)


def in_order(content: bytes, network: Network) -> bytes:
    """The .tflite file with its inputs and outputs in the model's order, which conversion loses.

    The lists of tensor numbers in the first subgraph are rewritten where they lie.
    """
    from flatbuffers.table import Table

    inputs, outputs = signature_tensors(content)
    data = bytearray(content)
    model = Table(data, int.from_bytes(data[:4], "little"))
    graphs = model.Vector(model.Offset(_SUBGRAPHS))
    graph = Table(data, model.Indirect(graphs))
    for field, numbers in (
        (_INPUTS, [inputs[name] for name in network.input_names]),
        (_OUTPUTS, [outputs[name] for name in network.output_names]),
    ):
        start, length = graph.Vector(graph.Offset(field)), graph.VectorLen(graph.Offset(field))
        if length != len(numbers):
            raise TrainingError(
                f"{network.file.name}: conversion left {length} of {len(numbers)} inputs or outputs"
            )
        for i, number in enumerate(numbers):
            data[start + 4 * i : start + 4 * i + 4] = number.to_bytes(4, "little")
    return bytes(data)


def score_set(
    network: Network,
    test: DataSpec | None,
    data: tuple[DataSpec, Arrays] | None = None,
    seed: int = 0,
) -> ScoreSet | None:
    """The test set; without one, up to 500 of the labelled samples that came as data; or None."""
    if test is not None:
        return ScoreSet(load_arrays(test, network.inputs), test.source, "test")
    if data is not None and data[1].labels is not None:
        return ScoreSet(data[1].drawn(_SCORED_MAX, seed), data[0].source, "data")
    return None


def score_network(network: Network, test: ScoreSet | None) -> Score | None:
    """The float model's score, or None without samples."""
    if test is None:
        return None
    return score(network.predict(test.samples.inputs)[0], test.samples, test.source)


def scores(
    test: ScoreSet | None, network: Network, tflite: TfliteModel, job: Job
) -> tuple[Score | None, Score | None]:
    """Of the float model and of the .tflite file; None without samples."""
    if test is None:
        return None, None
    before = score_network(network, test)
    inputs = test.samples.inputs
    outputs = tflite.predict(inputs, lambda i, n: job.tell(i, n, "scoring the .tflite"))
    return before, score(outputs[0], test.samples, test.source)


def _reason(error: Exception) -> str:
    """The converter's complaint in one line, with the operator it stumbles on."""
    text = str(error)
    unknown = sorted(set(re.findall(r"'tf\.(\w+)' op is neither a custom op nor a flex op", text)))
    if unknown:
        return (
            f"TFLite has no operator for {', '.join(unknown)}; "
            "replace that layer by ones TFLite knows"
        )
    lines = [line.strip() for line in text.splitlines() if "error:" in line]
    first = lines[0] if lines else (text.strip().splitlines() or [type(error).__name__])[0]
    return re.sub(r"^.*?error:\s*", "", first)[:300]
