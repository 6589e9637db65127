"""Fine-tunes a model on a stage's own data. Runs in the worker."""

from __future__ import annotations

from typing import Any

from edgepack.compress.conversion import Job
from edgepack.compress.data import Arrays
from edgepack.compress.fit import FitSpec, fit
from edgepack.compress.spec import PruneSpec


def tune(
    model: Any, spec: PruneSpec, job: Job, samples: Arrays | None, epochs: int, after: Any = None
) -> None:
    """Fit `model` in place for `epochs`; without samples it stays as it is."""
    if samples is None or spec.data is None:
        return
    how = FitSpec(
        epochs, spec.batch_size, spec.learning_rate, spec.loss, spec.seed, spec.data.source
    )
    fit(model, samples, how, job.tell, after)
