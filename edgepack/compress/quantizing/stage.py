"""The stage `quantize`: a Keras model, or a float .tflite file, to a quantised .tflite file."""

from __future__ import annotations

from pathlib import Path

from edgepack.compress.conversion import Job, ScoreSet, score_set, scores, to_tflite
from edgepack.compress.data import Arrays, InputFacts, load_arrays
from edgepack.compress.filetype import describe, is_tflite
from edgepack.compress.load import Network, load_network, versions
from edgepack.compress.pruning.shared_values import shared_integers
from edgepack.compress.quantizing.floatnet import FloatNet, read_net
from edgepack.compress.quantizing.quantizer import Quantized, quantized_net, warnings_of, written
from edgepack.compress.score import TfliteModel
from edgepack.compress.spec import ModelFile, QuantizeReport, QuantizeSpec
from edgepack.errors import ModelError
from edgepack.store import sha256


def quantize(path: Path, spec: QuantizeSpec, job: Job) -> tuple[bytes, QuantizeReport]:
    """The quantised .tflite file of the model at `path`, batch 1, and what was done.

    Ranges come from `spec.samples` of the representative samples, drawn at random: files sorted
    by class would else show the calibration one class.
    """
    job.tell(0, 0, "loading")
    network, net = _loaded(path, spec, job)
    samples, test, warnings = Arrays((), None), score_set(network, spec.test), tuple[str, ...]()
    if spec.data is not None:
        given = load_arrays(spec.data, network.inputs)
        samples = given.drawn(spec.samples or given.n, spec.seed)
        warnings = warnings_of(samples.inputs, spec.data.source)
        test = score_set(network, spec.test, (spec.data, given), spec.seed)
    if net is None:
        made, learned_apart = _as_trained(network, samples, spec, job)
        warnings = (*warnings, *learned_apart)
    else:
        made = quantized_net(
            net, samples.inputs, spec, lambda done, total: _tell(job, done, total),
            shared_integers(network.keras) if network.keras is not None else (),
        )  # fmt: skip
    return made.content, _report(
        network, spec, job, test, made.content,
        calibrated_on=0 if spec.keeps_floats else samples.n,
        tensors=made.tensors, fits=made.fits, figures=made.figures,
        sensitivity=made.sensitivity, stayed_float=made.stayed_float, warnings=warnings,
    )  # fmt: skip


def _as_trained(
    network: Network, samples: Arrays, spec: QuantizeSpec, job: Job
) -> tuple[Quantized, tuple[str, ...]]:
    """The file of a model that was trained with its rounding, and warnings."""
    from edgepack.compress.aware.export import learned

    plan, told = learned(network, samples, spec, job)
    return written(plan), told


def _tell(job: Job, done: int, total: int) -> None:
    if done % 16 == 0:
        job.tell(done, total, "calibrating")


def _report(
    network: Network,
    spec: QuantizeSpec,
    job: Job,
    test: ScoreSet | None,
    content: bytes,
    **told: object,
) -> QuantizeReport:
    tflite = TfliteModel(content)
    before, after = scores(test, network, tflite, job)
    return QuantizeReport(
        input=network.file,
        output=ModelFile(job.output, sha256(content), len(content)),
        spec=spec,
        versions=versions(),
        inputs=tflite.inputs,
        outputs=tflite.outputs,
        scored_on=test.on if test else "",
        before=before,
        after=after,
        **told,  # type: ignore[arg-type]
    )


def _loaded(path: Path, spec: QuantizeSpec, job: Job) -> tuple[Network, FloatNet | None]:
    """The model with its float .tflite file: its own, or what the converter makes.

    A model that was trained with its rounding has none.
    """
    if not is_tflite(path):
        network = load_network(path, job.folder, trust=spec.trust_model)
        if network.trained_rounded:
            return network, None
        job.tell(0, 0, "converting")
        return network, read_net(to_tflite(network, job))
    content = path.read_bytes()
    try:
        net = read_net(content)
        tflite = TfliteModel(content)
    except Exception as error:
        raise ModelError(f"{path}: cannot be read ({error})") from error
    inputs = tuple(InputFacts(t.name, t.shape[1:], t.type) for t in tflite.inputs)
    names = tuple(t.name for t in tflite.inputs), tuple(t.name for t in tflite.outputs)

    def predict(x: tuple[object, ...]) -> tuple[object, ...]:
        return tflite.predict(x, lambda done, total: None)  # type: ignore[arg-type]

    def export(target: Path) -> None:
        raise ModelError(f"{path}: a .tflite file is converted already")

    return Network(describe(path), inputs, predict, export, *names, None), net  # type: ignore[arg-type]
