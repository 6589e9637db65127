"""Prunes a Keras model: single weights by magnitude, or whole channels by norm.

Runs in the worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.conversion import Job, ScoreSet, score_network, score_set
from edgepack.compress.data import Arrays, load_arrays
from edgepack.compress.fit import FitSpec, fit
from edgepack.compress.groups import OPENERS, kind_of, trace
from edgepack.compress.load import Network, load_network, of_keras, versions
from edgepack.compress.save import keras_bytes
from edgepack.compress.select import chosen, groups_of
from edgepack.compress.spec import LayerCut, ModelFile, PruneReport, PruneSpec, Score
from edgepack.compress.surgery import without
from edgepack.compress.unroll import unroll
from edgepack.errors import ModelError, UsageError
from edgepack.store import sha256

_KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")
_MASK_UPDATES = 50  # the schedule moves in this many steps

Masks = dict[int, NDArray[np.float32]]


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
    cutting = _prune_weights if spec.method == "weights" else _prune_channels
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


Cut = tuple[Any, tuple[LayerCut, ...], tuple[str, ...], Score | None]


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
        _fine_tune(
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


def _fine_tune(
    model: Any, spec: PruneSpec, job: Job, samples: Arrays | None, epochs: int, after: Any = None
) -> None:
    if samples is None or spec.data is None:
        return
    how = FitSpec(
        epochs, spec.batch_size, spec.learning_rate, spec.loss, spec.seed, spec.data.source
    )
    fit(model, samples, how, job.tell, after)


def _prune_weights(
    network: Network, spec: PruneSpec, job: Job, samples: Arrays | None, test: ScoreSet | None
) -> Cut:
    model = network.keras
    kernels = prunable_kernels(model, spec)
    if not kernels:
        raise UsageError(f"{network.file.name}: no layer with a kernel is left to prune")
    whole = {name: variable.numpy() for name, variable in kernels}
    apply_masks(kernels, masks_at(kernels, spec, spec.rate))
    cut = score_network(network, test)
    if samples is not None and spec.epochs > 0:
        for name, variable in kernels:
            variable.assign(whole[name])
        _fine_tune(model, spec, job, samples, spec.epochs, _scheduled(kernels, spec))
        apply_masks(kernels, masks_at(kernels, spec, spec.rate))
    cuts = tuple(
        LayerCut(name, int(whole[name].size), int(np.count_nonzero(variable.numpy())))
        for name, variable in kernels
    )
    return model, cuts, (), cut


def prunable_kernels(model: Any, spec: PruneSpec) -> list[tuple[str, Any]]:
    """Kernels by `layer`, or `layer/kernel` where a layer has two; biases are left alone."""
    found = []
    for layer in model._flatten_layers():
        own = [v for v in getattr(layer, "_trainable_variables", ()) if v.name in _KERNELS]
        if any(fnmatchcase(layer.name, pattern) for pattern in spec.exclude):
            continue
        for variable in own:
            name = layer.name if len(own) == 1 else f"{layer.name}/{variable.name}"
            found.append((name, variable))
    return found


def sparsity_at(step: int, steps: int, spec: PruneSpec) -> float:
    """rate * (1 - (1 - t)**power), t rising to 1 at `schedule_end` of the steps."""
    t = min(1.0, step / max(1.0, spec.schedule_end * steps))
    return spec.rate * (1.0 - (1.0 - t) ** spec.schedule_power)


def _scheduled(kernels: list[tuple[str, Any]], spec: PruneSpec) -> Any:
    """After each batch: zero what is masked, and move the masks along the schedule."""
    masks: Masks = {}

    def after(step: int, steps: int) -> None:
        nonlocal masks
        every = max(1, int(spec.schedule_end * steps) // _MASK_UPDATES)
        if not masks or (step % every == 0 and step <= spec.schedule_end * steps + every):
            masks = masks_at(kernels, spec, sparsity_at(step, steps, spec))
        apply_masks(kernels, masks)

    return after


def masks_at(kernels: list[tuple[str, Any]], spec: PruneSpec, rate: float) -> Masks:
    """1 where a weight stays, 0 for the `rate` smallest: of each kernel, or of all of them."""
    sizes = [np.abs(variable.numpy()) for _, variable in kernels]
    if spec.ranking == "layer":
        return {i: _mask(size, rate) for i, size in enumerate(sizes)}
    together = _mask(np.concatenate([size.ravel() for size in sizes]), rate)
    ends = np.cumsum([size.size for size in sizes])[:-1]
    parts = np.split(together, ends)
    return {i: p.reshape(size.shape) for i, (p, size) in enumerate(zip(parts, sizes, strict=True))}


def _mask(sizes: NDArray[Any], rate: float) -> NDArray[np.float32]:
    mask = np.ones(sizes.size, np.float32)
    mask[np.argsort(sizes.ravel(), kind="stable")[: round(rate * sizes.size)]] = 0.0
    return mask.reshape(sizes.shape)


def apply_masks(kernels: list[tuple[str, Any]], masks: Masks) -> None:
    """Zero the masked weights."""
    for i, (_, variable) in enumerate(kernels):
        variable.assign(variable.value * masks[i])


def zero_weights(model: Any) -> float:
    """The fraction of the kernels' weights that are exactly zero."""
    kernels = [
        v.numpy()
        for layer in model._flatten_layers()
        for v in getattr(layer, "_trainable_variables", ())
        if v.name in _KERNELS
    ]
    total = sum(k.size for k in kernels)
    return 1.0 - sum(int(np.count_nonzero(k)) for k in kernels) / total if total else 0.0
