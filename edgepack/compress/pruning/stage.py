"""The stage `prune`: channels.py and layers.py; single weights are sparsity.py's.

Runs in the worker.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from edgepack.compress.conversion import Job
from edgepack.compress.pruning.channels import prune_channels
from edgepack.compress.pruning.kernels import zero_weights
from edgepack.compress.pruning.layers import prune_layers
from edgepack.compress.pruning.spec import PruneReport, PruneSpec
from edgepack.compress.spec import Score
from edgepack.compress.tuning.lesson import begun


def prune(path: Path, spec: PruneSpec, job: Job) -> tuple[bytes, PruneReport]:
    """The pruned model as the bytes of a `.keras` file, and what was done.

    Raises ModelError for a SavedModel, which has no layers left to rebuild.
    """
    work = begun(path, spec, job)
    network, scores = work.network, list[Score | None]()
    original = network.keras.count_params()

    def cut(model: Any) -> None:
        scores.append(work.score(model))

    smaller = prune_layers if spec.method == "layers" else prune_channels
    model, pruned = smaller(
        network.keras, spec, work.lesson, name=network.file.name, tell=job.tell, cut=cut
    )
    return work.finished(
        model,
        PruneReport,
        **{field.name: getattr(pruned, field.name) for field in dataclasses.fields(pruned)},
        parameters_before=original,
        parameters_after=model.count_params(),
        zero_weights=zero_weights(model),
        cut=scores[0] if scores else None,
    )
