"""The scales of an int8 LSTM (LiteRT's PopulateQuantizedLstmParams8x8_16)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.fixed_point import Multiplier, float32, quantize_multiplier
from edgepack.compiler.operators import checks, lstm_weights, scaling
from edgepack.compiler.operators.lstm_weights import (
    BIASES,
    INPUT,
    PEEPHOLES,
    RECURRENT,
    WEIGHTS,
    Gate,
    Sizes,
)
from edgepack.compiler.operators.wide import require_reach
from edgepack.graph import Graph, Operator
from edgepack.program import Argument, FieldValue, Params, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

GATE_SCALE = 2.0**-12  # of a gate before its activation
HIDDEN = 4  # the intermediate tensor that tells the scale of what leaves a cell


def check(op: Operator, graph: Graph, sizes: Sizes) -> None:
    """One scale each, symmetric weights, and the scales that the kernel's tables take."""
    data, output = checks.input_tensor(op, graph, INPUT), checks.output_tensor(op, graph)
    state, cells = (checks.input_tensor(op, graph, n) for n in (Gate.STATE, Gate.CELLS))
    weights = [
        t
        for places in (WEIGHTS, RECURRENT, *([PEEPHOLES] if _peeps(op, graph) else []))
        for t in lstm_weights.gate_tensors(op, graph, sizes, places)
    ]
    projection = checks.optional_input(op, graph, Gate.PROJECTION)
    weights += [projection] if projection is not None else []
    checks.require_per_tensor(op, graph, data, output, state, cells, *weights)
    checks.require_symmetric(op, graph, cells, *weights)
    power = cell_power(op, graph)
    checks.require(
        power is not None and -15 <= power <= -9,
        op,
        graph,
        f"{checks.tensor_text(cells)} has scale {cells.scale:.9g}; it must be a power of two, "
        f"from 2^-15 to 2^-9. {checks.RECONVERT}.",
    )
    checks.require(
        len(op.option("intermediates")) == 10 and op.option("intermediates")[2 * HIDDEN] > 0,
        op,
        graph,
        "it has no 5 intermediate tensors with scales; the int8 kernel needs those. "
        f"{checks.RECONVERT}.",
    )
    for places, source in ((WEIGHTS, data), (RECURRENT, state)):
        for tensor in lstm_weights.gate_tensors(op, graph, sizes, places):
            rows = tensor.array().astype(np.int64)
            bias = -source.zero_point * rows.sum(axis=1)
            if places is WEIGHTS:
                bias = bias + _bias_of(op, graph, tensor.index)
            bounds = scaling.sum_bounds(rows, bias, -128, 127)
            scaling.require_int32(op, graph, bounds)
            scale = tensor.scale * source.scale / GATE_SCALE
            require_reach(op, graph, scale, int(bounds.max()))
    _check_reach(op, graph, sizes)


def _check_reach(op: Operator, graph: Graph, sizes: Sizes) -> None:
    """That peepholes, what leaves the cells, and the projection stay within int32."""
    power, hidden = cell_power(op, graph), op.option("intermediates")[2 * HIDDEN]
    assert power is not None
    if _peeps(op, graph):
        for tensor in lstm_weights.gate_tensors(op, graph, sizes, PEEPHOLES):
            most = int(np.abs(tensor.array().astype(np.int64)).max()) * 2**15
            require_reach(op, graph, 2.0**power * tensor.scale / GATE_SCALE, most)
    require_reach(op, graph, 2.0**-30 / hidden, 2**30)
    projection = checks.optional_input(op, graph, Gate.PROJECTION)
    if projection is not None:
        bias = _projection_bias(op, graph, sizes)
        assert bias is not None
        rows = projection.array().astype(np.int64)
        bounds = scaling.sum_bounds(rows, bias, -128, 127)
        scaling.require_int32(op, graph, bounds)
        state = checks.input_tensor(op, graph, Gate.STATE)
        require_reach(op, graph, projection.scale * hidden / state.scale, int(bounds.max()))


def _bias_of(op: Operator, graph: Graph, weights: int) -> NDArray[np.int64]:
    place = BIASES[WEIGHTS.index(op.inputs.index(weights))]
    return checks.input_tensor(op, graph, place).array().astype(np.int64)


def _peeps(op: Operator, graph: Graph) -> bool:
    return checks.optional_input(op, graph, PEEPHOLES[0]) is not None


def cell_power(op: Operator, graph: Graph) -> int | None:
    """The exponent of the cells' scale; None where it is no power of two (CheckedLog2)."""
    exact = math.log2(checks.input_tensor(op, graph, Gate.CELLS).scale)
    return round(exact) if abs(exact - round(exact)) < 1e-3 else None


def tables(op: Operator, graph: Graph, sizes: Sizes) -> tuple[Argument, ...]:
    """The kernel's arguments from its scales to the projection's bias."""
    data, state = checks.input_tensor(op, graph, INPUT), checks.input_tensor(op, graph, Gate.STATE)
    own = lstm_weights.gates_vector(op, graph, sizes, BIASES).astype(np.int64)
    biases = np.stack(
        [
            own + _zero_terms(op, graph, sizes, WEIGHTS, data.zero_point),
            _zero_terms(op, graph, sizes, RECURRENT, state.zero_point),
        ],
        axis=1,
    )
    return (
        Params("ep_lstm_s8_t", _fields(op, graph, sizes)),
        TensorRef(data.index),
        lstm_weights.weights(op, graph, sizes),
        lstm_weights.const("bias", "int32_t", biases.astype("<i4")),
        lstm_weights.peephole(op, graph, sizes),
        *lstm_weights.projection(op, graph, sizes, _int32(_projection_bias(op, graph, sizes))),
    )


def _zero_terms(
    op: Operator, graph: Graph, sizes: Sizes, places: Sequence[int], zero: int
) -> NDArray[np.int64]:
    matrices = lstm_weights.gate_tensors(op, graph, sizes, places)
    sums = np.stack([t.array().astype(np.int64).sum(axis=1) for t in matrices], axis=1)
    terms: NDArray[np.int64] = -zero * sums
    return terms


def _projection_bias(op: Operator, graph: Graph, sizes: Sizes) -> NDArray[np.int64] | None:
    """The bias plus what the hidden zero point adds."""
    matrix = checks.optional_input(op, graph, Gate.PROJECTION)
    if matrix is None:
        return None
    given = checks.optional_input(op, graph, Gate.PROJECTION_BIAS)
    bias = np.zeros(sizes.outputs, np.int64) if given is None else given.array().astype(np.int64)
    zero = int(op.option("intermediates")[2 * HIDDEN + 1])
    total: NDArray[np.int64] = bias + zero * matrix.array().astype(np.int64).sum(axis=1)
    return total


def _int32(values: NDArray[np.int64] | None) -> NDArray[np.int32] | None:
    return None if values is None else values.astype("<i4")


def _scales(op: Operator, graph: Graph, sizes: Sizes) -> dict[str, list[Multiplier]]:
    """One of each gate, in single precision as LiteRT computes them."""
    data, state = checks.input_tensor(op, graph, INPUT), checks.input_tensor(op, graph, Gate.STATE)
    power = cell_power(op, graph)
    assert power is not None
    found = {}
    for name, places, source in (("x", WEIGHTS, data), ("h", RECURRENT, state)):
        tensors = lstm_weights.gate_tensors(op, graph, sizes, places)
        reals = [float32(float32(t.scale * source.scale) / GATE_SCALE) for t in tensors]
        found[name] = [quantize_multiplier(real) for real in reals]
    found["c"] = [Multiplier(0, 0)] * 4
    if _peeps(op, graph):
        for gate, place in enumerate(PEEPHOLES[: sizes.gates]):
            if place >= 0:
                scale = checks.input_tensor(op, graph, place).scale
                real = float32(2.0**power * scale / GATE_SCALE)
                found["c"][gate] = quantize_multiplier(real)
    return found


def _fields(op: Operator, graph: Graph, sizes: Sizes) -> tuple[tuple[str, FieldValue], ...]:
    gates = _scales(op, graph, sizes)
    power = cell_power(op, graph)
    assert power is not None
    state, cells = (checks.input_tensor(op, graph, n) for n in (Gate.STATE, Gate.CELLS))
    output = checks.output_tensor(op, graph)
    hidden = float(op.option("intermediates")[2 * HIDDEN])
    zero = int(op.option("intermediates")[2 * HIDDEN + 1])
    projection = checks.optional_input(op, graph, Gate.PROJECTION)
    leaving = quantize_multiplier(float32(2.0**-15 / hidden * 2.0**-15))
    projected = Multiplier(0, 0)
    if projection is not None:
        real = float32(float32(projection.scale * hidden) / state.scale)
        projected = quantize_multiplier(real)
    clip_c, clip_p = op.option("cell_clip"), op.option("proj_clip")
    spare = [Multiplier(0, 0)] * (4 - sizes.gates)
    fields: list[tuple[str, FieldValue]] = []
    for name in "xhc":
        each = (gates[name] + spare)[:4]
        fields.append((f"mantissas_{name}", tuple(m.mantissa for m in each)))
    for name in "xhc":
        each = (gates[name] + spare)[:4]
        fields.append((f"shifts_{name}", tuple(m.shift for m in each)))
    return (
        *fields,
        ("mantissa_y", leaving.mantissa),
        ("mantissa_p", projected.mantissa),
        ("shift_y", leaving.shift),
        ("shift_p", projected.shift),
        ("bits", 15 + power),
        ("clip_c", int(min(float32(clip_c / cells.scale), 32767.0))),
        ("clip_p", int(min(float32(clip_p / output.scale), 127.0))),
        ("zero_y", -zero if projection is not None else zero),
        ("zero_p", state.zero_point),
    )
