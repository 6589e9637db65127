"""Means over axes: its row of the table of operators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from edgepack.compiler.fixed_point import Multiplier, quantize_multiplier
from edgepack.compiler.operators import checks, scaling
from edgepack.compiler.operators.row import OperatorRow, OptionField
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import Argument, Lowered, LowerSpec, Overlap, Params, Scalar, Step, TensorRef

TYPES = ("int8", "uint8", "int16", "int32", "int64", "float32")
WHOLE = {"INT32": "s32", "INT64": "s64"}  # without scales
RANK = 4  # of the loops of each sort: EP_REDUCE_RANK


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring dimensions of one sort, walked by one loop."""

    reduced: bool
    size: int
    step: int


def runs_of(shape: Sequence[int], axes: frozenset[int]) -> tuple[Run, ...]:
    """The fewest loops over a tensor, outermost first; dimensions of 1 take none."""
    runs: list[Run] = []
    step = 1
    for axis in reversed(range(len(shape))):
        size = shape[axis]
        if size > 1 and runs and runs[-1].reduced == (axis in axes):
            inner = runs.pop()
            runs.append(Run(inner.reduced, inner.size * size, inner.step))
        elif size > 1:
            runs.append(Run(axis in axes, size, step))
        step *= size
    return tuple(reversed(runs))


def mean_multiplier(data: Tensor, output: Tensor, count: int) -> Multiplier:
    """Scale ratio / count, as TFLite's QuantizedMeanOrSum folds the count in, rounding down."""
    ratio = quantize_multiplier(data.scale / output.scale)
    shift = min(count.bit_length() - 1, 32, 31 + ratio.shift)
    return Multiplier((ratio.mantissa << shift) // count, ratio.shift - shift)


def axes_of(op: Operator, graph: Graph) -> frozenset[int]:
    """The axes that the constant input 1 names, each counted from the front; none of a scalar."""
    rank = len(checks.input_tensor(op, graph, 0).shape)
    values = checks.constant_ints(op, graph, 1)
    if rank == 0:
        return frozenset()
    return frozenset(checks.axis_of(op, graph, axis, rank) for axis in values)


def check_axes(op: Operator, graph: Graph, types: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Input 0, of one of these types, and the output, which is of its type and has its other axes.

    Refused where its axes take more loops than kernels have.
    """
    data, output = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    checks.require_type(op, graph, data, types)
    checks.require_same_type(op, graph, data, output)
    axes = axes_of(op, graph)
    kept = [
        1 if axis in axes else size
        for axis, size in enumerate(data.shape)
        if op.option("keep_dims") or axis not in axes
    ]
    checks.require_shape(op, graph, output, kept)
    runs = runs_of(data.shape, axes)
    checks.require(
        sum(run.reduced for run in runs) <= RANK and sum(not run.reduced for run in runs) <= RANK,
        op,
        graph,
        f"its axes take {len(runs)} nested loops; {2 * RANK} is the limit. Reshape its input in "
        "the model.",
    )
    return data, output


def _check(op: Operator, graph: Graph) -> None:
    data, output = check_axes(op, graph, TYPES)
    if data.dtype.name not in ("FLOAT32", *WHOLE):
        checks.require_per_tensor(op, graph, data, output)
    if data.dtype.name == "INT16":
        checks.require_symmetric(op, graph, data, output)


def _lower(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    data, output = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    runs = runs_of(data.shape, axes_of(op, graph))
    count = prod(run.size for run in runs if run.reduced)
    tensors = (TensorRef(data.index), TensorRef(output.index))
    if data.dtype.name in WHOLE:
        kernel = f"ep_mean_axes_{WHOLE[data.dtype.name]}"
        given = (_loops(runs), Scalar("int32_t", count), *tensors)
        return Lowered((Step(op.index, kernel, "ep_mean_int", given, op.inputs[:1], op.outputs),))
    suffix = {"INT8": "s8", "INT16": "s16", "FLOAT32": "f32"}[data.dtype.name]
    source = f"ep_mean_{suffix}"
    head: tuple[Argument, ...] = ()
    if suffix == "s8":
        head = (_mean_params(op, graph, count),)
    elif suffix == "s16":
        head = (_wide_params(op, graph, count),)
    block = _one_block(runs, count)
    if block is not None:
        sizes = tuple(Scalar("int32_t", size) for size in block)
        step = Step(
            op.index,
            source,
            source,
            (*head, *sizes, *tensors),
            op.inputs[:1],
            op.outputs,
            (Overlap(data.index, output.index),),
        )
        return Lowered((step,))
    loops: tuple[Argument, ...] = (_loops(runs),)
    if suffix == "f32":
        loops = (*loops, Scalar("int32_t", count))
    kernel = f"ep_mean_axes_{suffix}"
    arguments = (*head, *loops, *tensors)
    return Lowered((Step(op.index, kernel, source, arguments, op.inputs[:1], op.outputs),))


def _mean_params(op: Operator, graph: Graph, count: int) -> Params:
    data, output = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    zero = data.zero_point
    bound = np.array([count * max(128 + zero, 127 - zero, 128)], np.int64)
    scaling.require_int32(op, graph, bound)
    multiplier = mean_multiplier(data, output, count)
    code = int(scaling.rescale_codes([multiplier], bound)[0])
    return Params(
        "ep_mean_s8_t",
        (
            ("offset", -zero * count),
            ("mantissa", multiplier.mantissa),
            ("zero_term", scaling.zero_term(output)),
            ("code", code),
        ),
    )


def _wide_params(op: Operator, graph: Graph, count: int) -> Params:
    data, output = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    scaling.require_int32(op, graph, np.array([count * 2**15], np.int64))
    multiplier = mean_multiplier(data, output, count)
    fields = (("mantissa", multiplier.mantissa), ("shift", multiplier.shift))
    return Params("ep_mean_s16_t", fields)


def _one_block(runs: Sequence[Run], count: int) -> tuple[int, int, int] | None:
    """Outer, count and inner where all that is summed up lies in one run (or nothing is)."""
    places = [place for place, run in enumerate(runs) if run.reduced]
    if len(places) > 1:
        return None
    place = places[0] if places else len(runs)
    outer, inner = runs[:place], runs[place + 1 :]
    return prod(run.size for run in outer), count, prod(run.size for run in inner)


def _loops(runs: Sequence[Run]) -> Params:
    kept = [run for run in runs if not run.reduced]
    reduced = [run for run in runs if run.reduced]
    return Params(
        "ep_reduce_t",
        (
            ("kept_sizes", _padded([run.size for run in kept], 1)),
            ("kept_steps", _padded([run.step for run in kept], 0)),
            ("sizes", _padded([run.size for run in reduced], 1)),
            ("steps", _padded([run.step for run in reduced], 0)),
        ),
    )


def _padded(values: Sequence[int], filler: int) -> tuple[int, ...]:
    return (filler,) * (RANK - len(values)) + tuple(values)


ROW = OperatorRow(
    kind="MEAN",
    code=40,
    options_type=27,
    options=(OptionField("keep_dims", 0, "bool"),),
    inputs=(2, 2),
    types=TYPES,
    check=_check,
    lower=_lower,
    notes="The axes must be constant.",
)
