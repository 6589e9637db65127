"""What the reference answers to samples: an interpreter, behind the twin of a front end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, get_args

import numpy as np
from numpy.typing import NDArray

from edgepack import frontend
from edgepack.compiler.frontend import LIMITS
from edgepack.compiler.lowering import lower
from edgepack.compiler.operators import row_of
from edgepack.compiler.operators.frontend import FRONT_END_ROWS
from edgepack.errors import ModelError, UsageError
from edgepack.frontend import FrontEnd
from edgepack.graph import DType, Graph, Tensor
from edgepack.oracle import Numerics, ReferenceRun, run_reference
from edgepack.oracle.frontend import FrontEndTwin

if TYPE_CHECKING:
    from edgepack.pipeline.compile import Compiled

Array = NDArray[np.generic]


class NoReferenceError(UsageError):
    """No interpreter that is installed gives the bits that the C must give."""


def reference_run(
    compiled: Compiled, inputs: Sequence[Array], *, layers: bool = False
) -> ReferenceRun:
    """The outputs for every sample, in order; with `layers` every tensor of the first.

    The interpreter of the numerics that were asked for answers, or the other one where the first
    cannot run the model and both round alike. Behind a front end the samples are calls in a row.
    Raises NoReferenceError where none can answer, UsageError where `layers` are asked for and the
    first call does not run the model.
    """
    if has_own_operators(compiled):
        raise NoReferenceError(
            f"{compiled.source}: it has operators of your own, which the oracle, LiteRT, cannot "
            "run; compare what `edgepack infer` gives with your own reference"
        )
    problems = []
    for numerics in _interpreters(compiled):
        try:
            return _run(compiled, inputs, numerics, layers=layers)
        except ModelError as error:
            problems.append(str(error))
    why = "; ".join(problems) or "TFLite Micro computes some of its layers otherwise than LiteRT"
    more = "" if _micro_is_installed() else "pip install edgepack[tflm] brings TFLite Micro's; "
    raise NoReferenceError(
        f"{compiled.source}: no interpreter here gives the answers to compare with: {why}. "
        f"{more}`edgepack infer` gives the board's"
    )


def _interpreters(compiled: Compiled) -> Iterator[Numerics]:
    """Whose answers are the very bits that the C must give, the first to ask first."""
    asked = compiled.program.spec.numerics
    if asked == "litert" or rounds_alike(compiled):
        yield "litert"
    if _micro_is_installed() and (asked == "tflm" or rounds_alike(compiled)):
        yield "tflm"


def _micro_is_installed() -> bool:
    return find_spec("tflite_micro") is not None


def rounds_alike(compiled: Compiled) -> bool:
    """Whether LiteRT and TFLite Micro compute the whole model the same way."""
    program = compiled.program
    one, other = (
        lower(program.graph, replace(program.spec, numerics=numerics)).steps
        for numerics in get_args(Numerics)
    )
    return bool(one == other)


def _run(
    compiled: Compiled, inputs: Sequence[Array], numerics: Numerics, *, layers: bool
) -> ReferenceRun:
    front = compiled.spec.front_end
    if front is None:
        return run_reference(compiled.model, inputs, numerics=numerics, layers=layers)
    fed = compiled.target
    twin = twin_of(front, fed)
    made = [twin.push(np.asarray(call)) for call in inputs[0]]
    runs = [number for number, row in enumerate(made) if row is not None]
    if layers and 0 not in runs:
        raise UsageError(
            f"{compiled.source}: behind this front end the model runs every {front.stride} calls, "
            "so the first call has no layers to compare; verify without --layers"
        )
    shape = (1, *fed.shape[1:])
    given = [row.reshape(shape) for row in made if row is not None]
    rows = given or [np.zeros(shape, fed.dtype.numpy)]
    others = [np.asarray(values)[runs or [0]] for values in inputs[1:]]
    found = run_reference(
        compiled.model, [np.concatenate(rows), *others], numerics=numerics, layers=layers
    )
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


def has_own_operators(compiled: Compiled) -> bool:
    """Whether the model has operators of the user's, which no interpreter runs."""
    rows = {operator.own for operator in compiled.original.operators}
    return not rows <= {None, *FRONT_END_ROWS}


def bound_ulp(graph: Graph) -> int | None:
    """The stated bound of a model with a float32 output, or None where all outputs are exact.

    0 where every operator is exact; else the sum of the operators' bounds, which holds for the
    last ones of a model and is checked, not proven, for those in its middle.
    """
    if all(graph.tensor(i).dtype is not DType.FLOAT32 for i in graph.outputs):
        return None
    return _float_ulp(graph)


def _float_ulp(graph: Graph) -> int:
    """Of all operators, those of branches and loops once."""
    floats = [
        operator
        for operator in graph.operators
        if any(graph.tensor(t).dtype is DType.FLOAT32 for t in operator.outputs)
    ]
    own = sum(row_of(operator).float_ulp for operator in floats)
    return own + sum(_float_ulp(subgraph) for subgraph in graph.subgraphs)
