"""What the reference answers to samples: an interpreter, behind the twin of a front end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgepack import frontend
from edgepack.compiler.frontend import LIMITS
from edgepack.errors import UsageError
from edgepack.frontend import FrontEnd
from edgepack.graph import DType, Tensor
from edgepack.oracle import Numerics, ReferenceRun, run_reference
from edgepack.oracle.frontend import FrontEndTwin

if TYPE_CHECKING:
    from edgepack.pipeline.compile import Compiled

Array = NDArray[np.generic]


def reference_run(
    compiled: Compiled, inputs: Sequence[Array], numerics: Numerics, *, layers: bool = False
) -> ReferenceRun:
    """The outputs for every sample, in order; with `layers` every tensor of the first.

    Behind a front end the samples are calls in a row. Raises UsageError where `layers` are asked
    for and the first call does not run the model.
    """
    front = compiled.spec.front_end
    if front is None:
        return run_reference(compiled.model, inputs, numerics=numerics, layers=layers)
    twin = twin_of(front, compiled.target)
    made = [twin.push(np.asarray(call)) for call in inputs[0]]
    runs = [number for number, row in enumerate(made) if row is not None]
    if layers and 0 not in runs:
        raise UsageError(
            f"{compiled.source}: behind this front end the model runs every {front.stride} calls, "
            "so the first call has no layers to compare; verify without --layers"
        )
    shape = compiled.target.shape
    fed = [np.stack([np.asarray(made[n]).reshape(shape[1:]) for n in runs])] if runs else []
    others = [np.asarray(values)[runs] for values in inputs[1:]]
    if not runs:
        fed, others = [np.zeros((1, *shape[1:]), compiled.target.dtype.numpy)], others
        others = [np.asarray(values)[:1] for values in inputs[1:]]
    found = run_reference(compiled.model, [*fed, *others], numerics=numerics, layers=layers)
    outputs = [_held(values, runs, len(made)) for values in found.outputs]
    if front.stride > 1:
        outputs.append(np.array([[row is not None] for row in made]))
    oracle = f"{found.oracle} behind the front end's NumPy twin"
    return ReferenceRun(oracle, tuple(outputs), found.tensors)


def twin_of(front: FrontEnd, target: Tensor) -> FrontEndTwin:
    """The front end's twin for a model whose first input is `target`."""
    rows = target.shape[1] if front.kind == "window" else target.elements // front.width
    width = target.elements // rows
    if target.dtype is DType.FLOAT32:
        return FrontEndTwin(front, rows, width, float(np.float32(front.feature_scale)), 0.0)
    limits = LIMITS[target.dtype.name]
    how = frontend.rescale(front, target.scale, target.zero_point, *limits)
    return FrontEndTwin(front, rows, width, how, target.zero_point)


def _held(values: Array, runs: Sequence[int], calls: int) -> Array:
    """Each call's output: what the last run gave, zeros before the first."""
    held = np.zeros((calls, *values.shape[1:]), values.dtype)
    for number, start in enumerate(runs):
        held[start:] = values[number]
    return held
