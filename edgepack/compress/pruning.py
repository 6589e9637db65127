"""The stage `prune`: channels.py and layers.py; single weights are sparsity.py's.

Runs in the worker.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgepack.compress.channels import Lesson, prune_channels
from edgepack.compress.conversion import Job, ScoreSet, score_network, score_set
from edgepack.compress.data import Arrays, load_arrays
from edgepack.compress.kernels import zero_weights
from edgepack.compress.layers import prune_layers
from edgepack.compress.load import Network, load_network, of_keras, versions
from edgepack.compress.objective import distilled_by
from edgepack.compress.save import keras_bytes
from edgepack.compress.spec import ModelFile, Pruned, PruneReport, PruneSpec, Score
from edgepack.errors import ModelError
from edgepack.store import sha256


def prune(path: Path, spec: PruneSpec, job: Job) -> tuple[bytes, PruneReport]:
    """The pruned model as the bytes of a `.keras` file, and what was done.

    Raises ModelError for a SavedModel, which has no layers left to rebuild.
    """
    job.tell(0, 0, "loading")
    network = load_network(path, job.folder, trust=spec.trust_model)
    if network.keras is None:
        raise ModelError(
            f"{path}: a SavedModel is a graph without Keras layers, which pruning rebuilds; save "
            "the model as .keras (model.save('model.keras')), or quantize this one as it is"
        )
    samples = None if spec.data is None else load_arrays(spec.data, network.inputs)
    data = None if spec.data is None or samples is None else (spec.data, samples)
    test = score_set(network, spec.test, data, spec.seed)
    before = score_network(network, test)
    original = network.keras.count_params()
    model, pruned, cut = _smaller(network, spec, _lesson(spec, samples, job), test, job)
    job.tell(0, 0, "saving")
    content = keras_bytes(model, job.folder)
    report = PruneReport(
        input=network.file,
        output=ModelFile(job.output, sha256(content), len(content)),
        spec=spec,
        versions=versions(),
        parameters_before=original,
        parameters_after=model.count_params(),
        zero_weights=zero_weights(model),
        layers=pruned.layers,
        pruned=pruned,
        scored_on=test.on if test else "",
        before=before,
        cut=cut,
        after=score_network(of_keras(model, path, network.file), test),
    )
    return content, report


def _smaller(
    network: Network, spec: PruneSpec, lesson: Lesson | None, test: ScoreSet | None, job: Job
) -> tuple[Any, Pruned, Score | None]:
    """The model without channels or layers, what it lost, and its score before fine-tuning."""
    scores: list[Score | None] = []

    def cut(model: Any) -> None:
        scores.append(score_network(of_keras(model, Path(), network.file), test))

    name = network.file.name
    smaller = prune_layers if spec.method == "layers" else prune_channels
    model, pruned = smaller(network.keras, spec, lesson, name=name, tell=job.tell, cut=cut)
    return model, pruned, scores[0] if scores else None


def _lesson(spec: PruneSpec, samples: Arrays | None, job: Job) -> Lesson | None:
    """The samples to learn from, with the teacher's answers to them."""
    if samples is None or spec.data is None:
        return None
    source = spec.data.source
    if not spec.teacher:
        return Lesson(samples, source)
    teacher = load_network(Path(spec.teacher), job.folder, trust=spec.trust_model).keras
    if teacher is None:
        raise ModelError(f"{spec.teacher}: a teacher is a Keras model; save it as .keras")
    job.tell(0, 0, "asking the teacher")
    distill = distilled_by(
        teacher, samples, spec.loss, source, spec.temperature, spec.teacher_weight
    )
    return Lesson(samples, source, distill)
