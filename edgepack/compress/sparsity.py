"""Prunes single weights of a Keras model by magnitude. Runs in the worker."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.conversion import Job, ScoreSet, score_network
from edgepack.compress.data import Arrays
from edgepack.compress.load import Network
from edgepack.compress.spec import LayerCut, PruneSpec, Score
from edgepack.compress.tuning import tune
from edgepack.errors import UsageError

_KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")
_MASK_UPDATES = 50  # the schedule moves in this many steps

Masks = dict[int, NDArray[np.float32]]
Cut = tuple[Any, tuple[LayerCut, ...], tuple[str, ...], Score | None]
"""The model, what each layer lost, what stayed, and the score before fine-tuning."""


def prune_weights(
    network: Network, spec: PruneSpec, job: Job, samples: Arrays | None, test: ScoreSet | None
) -> Cut:
    """Zero single weights of `network`, in place, and keep them zero while it is fine-tuned."""
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
        tune(model, spec, job, samples, spec.epochs, _scheduled(kernels, spec))
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
