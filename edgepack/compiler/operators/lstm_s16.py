"""The scales of an LSTM of int16 with int8 weights, as TFLite Micro has it."""

from __future__ import annotations

import numpy as np

from edgepack.compiler import tables_s16
from edgepack.compiler.fixed_point import Multiplier, float32, quantize_multiplier
from edgepack.compiler.operators import checks, layers_s16, lstm_weights
from edgepack.compiler.operators.lstm_s8 import GATE_SCALE, cell_power
from edgepack.compiler.operators.lstm_weights import (
    BIASES,
    INPUT,
    PEEPHOLES,
    RECURRENT,
    WEIGHTS,
    Gate,
    Sizes,
)
from edgepack.compiler.operators.wide import WideScale, require_reach, wide_scale
from edgepack.graph import Graph, Operator
from edgepack.program import Argument, Const, FieldValue, Params, TensorRef

CURVE = 2.0**-15  # the scale of what a gate's curve gives


def check_parts(op: Operator, graph: Graph, sizes: Sizes) -> None:
    """TFLite Micro's kernel has four gates, and neither peepholes nor a projection."""
    places = (*(place for place in PEEPHOLES if place >= 0), Gate.PROJECTION)
    checks.require(
        sizes.gates == 4 and all(checks.optional_input(op, graph, n) is None for n in places),
        op,
        graph,
        "it has coupled gates, peepholes or a projection, which TFLite Micro's int16 kernel does "
        "not take. Build the layer without them, or quantise it to int8.",
    )


def check(op: Operator, graph: Graph, sizes: Sizes) -> None:
    """One scale each, no zero points, and the scales that the kernel's arithmetic takes."""
    data, output = checks.input_tensor(op, graph, INPUT), checks.output_tensor(op, graph)
    state, cells = (checks.input_tensor(op, graph, n) for n in (Gate.STATE, Gate.CELLS))
    weights = [
        tensor
        for places in (WEIGHTS, RECURRENT)
        for tensor in lstm_weights.gate_tensors(op, graph, sizes, places)
    ]
    checks.require_per_tensor(op, graph, data, output, state, cells, *weights)
    checks.require_symmetric(op, graph, data, output, state, cells, *weights)
    checks.require_same_quantization(op, graph, state, output)
    power = cell_power(op, graph)
    checks.require(
        power is not None and -15 <= power <= -1,
        op,
        graph,
        f"{checks.tensor_text(cells)} has scale {cells.scale:.9g}; it must be a power of two, "
        f"from 2^-15 to 2^-1. {checks.RECONVERT}.",
    )
    require_reach(op, graph, CURVE * CURVE / cells.scale, 2**30)
    require_reach(op, graph, CURVE * CURVE / state.scale, 2**30)
    own = lstm_weights.gates_vector(op, graph, sizes, BIASES).astype(np.int64)
    none = np.zeros(sizes.cells, np.int64)
    for places in (WEIGHTS, RECURRENT):
        wides = _scales(op, graph, sizes, places)
        tensors = lstm_weights.gate_tensors(op, graph, sizes, places)
        for gate, tensor in enumerate(tensors):
            bias = own[:, gate] if places is WEIGHTS else none
            bounds = layers_s16.bounds_of(tensor.array().astype(np.int64), bias)
            layers_s16.require_wide(op, graph, bounds, layers_s16.WIDE_SUM)
            wide = wides[gate]
            require_reach(op, graph, wide.factor / 2.0**wide.shift, int(bounds.max()))


def _scales(op: Operator, graph: Graph, sizes: Sizes, places: tuple[int, ...]) -> list[WideScale]:
    """One of each gate; products of scales are in single precision, as in TFLite Micro."""
    source = checks.input_tensor(op, graph, INPUT if places is WEIGHTS else Gate.STATE)
    tensors = lstm_weights.gate_tensors(op, graph, sizes, places)
    reals = (float32(source.scale * tensor.scale) / GATE_SCALE for tensor in tensors)
    return [wide_scale(op, graph, real) for real in reals]


def tables(op: Operator, graph: Graph, sizes: Sizes) -> tuple[Argument, ...]:
    """The kernel's arguments from its scales to the bias."""
    bias = lstm_weights.gates_vector(op, graph, sizes, BIASES).astype("<i8")
    table = tables_s16.sigmoid_table().astype("<u2").tobytes()
    return (
        Params("ep_lstm_s16_t", _fields(op, graph, sizes)),
        Const("table", "uint16_t", table, "tables"),
        TensorRef(op.inputs[INPUT]),
        lstm_weights.weights(op, graph, sizes),
        lstm_weights.const("bias", "int64_t", bias),
    )


def _fields(op: Operator, graph: Graph, sizes: Sizes) -> tuple[tuple[str, FieldValue], ...]:
    state, cells = (checks.input_tensor(op, graph, n) for n in (Gate.STATE, Gate.CELLS))
    own, before = (_scales(op, graph, sizes, places) for places in (WEIGHTS, RECURRENT))
    power = cell_power(op, graph)
    assert power is not None
    left = 12 + power  # of a cell's value, for the curve's table (TFLite Micro's Tanh)
    products: dict[str, Multiplier] = {
        "f": quantize_multiplier(CURVE * cells.scale / cells.scale),
        "i": quantize_multiplier(CURVE * CURVE / cells.scale),
        "y": quantize_multiplier(CURVE * CURVE / state.scale),
    }
    return (
        ("factors_x", tuple(wide.factor for wide in own)),
        ("factors_h", tuple(wide.factor for wide in before)),
        ("shifts_x", tuple(wide.shift for wide in own)),
        ("shifts_h", tuple(wide.shift for wide in before)),
        *((f"mantissa_{name}", each.mantissa) for name, each in products.items()),
        *((f"shift_{name}", each.shift) for name, each in products.items()),
        ("right", max(0, -left)),
        ("multiplier", 3 << max(0, left)),
        ("clip_c", int(min(op.option("cell_clip") / cells.scale, 32767.0))),
    )
