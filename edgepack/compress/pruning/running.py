"""Runs a model call by call on arrays, with what enters a layer changed on the way.

Runs in the worker.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.pruning.follow import OPENERS, READERS, kind_of
from edgepack.compress.pruning.groups import Traced
from edgepack.compress.pruning.rebuild import apply
from edgepack.compress.pruning.unroll import Call, Unrolled

Edit = Callable[[Call, list[Any]], list[Any]]


def run(graph: Unrolled, inputs: Sequence[Any], edit: Edit | None = None) -> dict[int, Any]:
    """Each tensor's value by its number, in inference, for `inputs` [n, ...] of the model.

    `edit(call, given)` gives what a call is to read in place of `given`.
    """
    values: dict[int, Any] = dict(zip(graph.inputs, inputs, strict=True))
    for call in graph.calls:
        given = [values[number] for number in call.inputs]
        read = given if edit is None else edit(call, given)
        made = apply(call.operation, call, dict(zip(call.inputs, read, strict=True)))
        values.update(zip(call.outputs, made, strict=True))
    return values


def reads_of(traced: Traced) -> dict[int, NDArray[np.int64]]:
    """Where channels are read, and no longer passed on: the classes that enter, by layer `id`."""
    return {
        key: traced.classes.roots(traced.entering[key][0])
        for key, layer in traced.layers.items()
        if kind_of(layer) in (*OPENERS, *READERS) and key in traced.leaving
    }


def zeroed(
    graph: Unrolled, traced: Traced, removed: set[int], inputs: Sequence[Any]
) -> tuple[NDArray[Any], ...]:
    """The outputs of the whole model with the classes `removed` zero wherever they are read.

    The model without those channels must answer the same.
    """
    masks = {
        key: np.asarray([root not in removed for root in roots], np.float32)
        for key, roots in reads_of(traced).items()
    }

    def mask(call: Call, given: list[Any]) -> list[Any]:
        kept = masks.get(id(call.operation))
        return given if kept is None else [given[0] * kept, *given[1:]]

    values = run(graph, inputs, mask)
    return tuple(np.asarray(values[number]) for number in graph.outputs)
