"""The stage `prune`, and the pruning of whole channels by norm. Runs in the worker.

Single weights are sparsity.py's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgepack.compress.conversion import Job, ScoreSet, score_network, score_set
from edgepack.compress.data import Arrays, load_arrays
from edgepack.compress.follow import OPENERS, kind_of
from edgepack.compress.groups import trace
from edgepack.compress.load import Network, load_network, of_keras, versions
from edgepack.compress.save import keras_bytes
from edgepack.compress.select import chosen, groups_of
from edgepack.compress.sparsity import Cut, prune_weights, zero_weights
from edgepack.compress.spec import LayerCut, ModelFile, PruneReport, PruneSpec, Score
from edgepack.compress.surgery import without
from edgepack.compress.tuning import tune
from edgepack.compress.unroll import unroll
from edgepack.errors import ModelError, UsageError
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
    cutting = prune_weights if spec.method == "weights" else _prune_channels
    original = network.keras.count_params()
    model, layers, frozen, cut = cutting(network, spec, job, samples, test)
    job.tell(0, 0, "saving")
    pruned = of_keras(model, path, network.file)
    content = keras_bytes(model, job.folder)
    report = PruneReport(
        input=network.file,
        output=ModelFile(job.output, sha256(content), len(content)),
        spec=spec,
        versions=versions(),
        parameters_before=original,
        parameters_after=model.count_params(),
        zero_weights=zero_weights(model),
        layers=layers,
        frozen=frozen,
        scored_on=test.on if test else "",
        before=before,
        cut=cut,
        after=score_network(pruned, test),
    )
    return content, report


def _prune_channels(
    network: Network, spec: PruneSpec, job: Job, samples: Arrays | None, test: ScoreSet | None
) -> Cut:
    name, model = network.file.name, network.keras
    widths = _widths(model, name)
    original: dict[tuple[str, ...], int] = {}
    cut: Score | None = None
    frozen: tuple[str, ...] = ()
    for step in range(spec.steps):
        graph = unroll(model, name)
        traced = trace(graph)
        groups, stuck = groups_of(traced, spec)
        if step == 0:
            frozen = stuck
            original = {group.layers: len(group.roots) for group in groups}
        rate = 1.0 - (1.0 - spec.rate) ** ((step + 1) / spec.steps)
        removed = chosen(groups, spec, rate, original)
        if not removed and spec.rate > 0 and step == 0 and spec.steps == 1:
            raise UsageError(f"{name}: {_why_nothing(groups, spec, stuck)}")
        model = without(graph, traced, removed)
        if step == 0:
            cut = score_network(of_keras(model, Path(name), network.file), test)
        tune(
            model,
            spec,
            job,
            samples,
            spec.epochs * (step + 1) // spec.steps - spec.epochs * step // spec.steps,
        )
    after = _widths(model, name)
    cuts = tuple(LayerCut(layer, n, after.get(layer, n)) for layer, n in widths.items())
    return model, cuts, frozen, cut


def _why_nothing(groups: Any, spec: PruneSpec, stuck: tuple[str, ...]) -> str:
    if not groups:
        return (
            f"no layer can lose {spec.method}: "
            + (
                "these feed the outputs, or layers that cannot be followed: "
                f"{', '.join(stuck[:5])}; "
                if stuck
                else ""
            )
            + "method 'weights' prunes any model"
        )
    widest = max(len(group.roots) for group in groups)
    return (
        f"rate {spec.rate} removes nothing: the widest layer has {widest} channels, and "
        f"min_channels is {spec.min_channels}, multiple_of {spec.multiple_of}"
    )


def _widths(model: Any, name: str) -> Mapping[str, int]:
    """Output channels of each layer that has its own, by name."""
    layers = {
        call.operation.name: call.operation
        for call in unroll(model, name).calls
        if kind_of(call.operation) in OPENERS
    }
    return {
        key: int(layer.units if hasattr(layer, "units") else layer.filters)
        for key, layer in layers.items()
    }
