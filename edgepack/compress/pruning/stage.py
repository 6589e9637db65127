"""The stage `prune`: channels.py and layers.py; single weights are sparsity.py's.

Runs in the worker.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from edgepack.compress.conversion import Job, ScoreSet, score_network, score_set
from edgepack.compress.load import Network, of_keras, versions
from edgepack.compress.pruning.channels import prune_channels
from edgepack.compress.pruning.kernels import zero_weights
from edgepack.compress.pruning.layers import prune_layers
from edgepack.compress.pruning.spec import Pruned, PruneReport, PruneSpec
from edgepack.compress.save import keras_bytes
from edgepack.compress.spec import ModelFile, Score
from edgepack.compress.tuning.lesson import Lesson, keras_network, lesson_of, require_unrounded
from edgepack.store import sha256


def prune(path: Path, spec: PruneSpec, job: Job) -> tuple[bytes, PruneReport]:
    """The pruned model as the bytes of a `.keras` file, and what was done.

    Raises ModelError for a SavedModel, which has no layers left to rebuild.
    """
    network = keras_network(path, job, trust=spec.trust_model)
    require_unrounded(network.keras, str(path))
    lesson = lesson_of(network, spec, job)
    data = None if spec.data is None or lesson is None else (spec.data, lesson.samples)
    test = score_set(network, spec.test, data, spec.seed)
    before = score_network(network, test)
    original = network.keras.count_params()
    model, pruned, cut = _smaller(network, spec, lesson, test, job)
    job.tell(0, 0, "saving")
    content = keras_bytes(model, job.folder)
    report = PruneReport(
        **{f.name: getattr(pruned, f.name) for f in dataclasses.fields(pruned)},
        input=network.file,
        output=ModelFile(job.output, sha256(content), len(content)),
        spec=spec,
        versions=versions(),
        parameters_before=original,
        parameters_after=model.count_params(),
        zero_weights=zero_weights(model),
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
