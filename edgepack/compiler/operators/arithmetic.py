"""Divisions, remainders, powers and sums of many: rows of the table of operators."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from edgepack.compiler.fixed_point import Multiplier, float32, quantize_multiplier
from edgepack.compiler.operators import broadcasting, calls, checks, scaling, totals
from edgepack.compiler.operators.row import ACTIVATION, OperatorRow, OptionField
from edgepack.graph import DType, Graph, Operator, Tensor
from edgepack.program import Argument, Lowered, LowerSpec, Params, Scalar, Step

# TFLite's left shift of both operands of a squared difference
SQUARED_LEFT = {DType.INT8: 7, DType.INT16: 0}
DIV_TYPES = ("float32", "int32", "int8", "uint8", "int16")
# The greatest shift at which no quotient is shifted left
DIV_SHIFTS = {DType.INT8: 23, DType.UINT8: 23, DType.INT16: 15}
FLOOR_DIV_TYPES = ("float32", "int8", "int16", "int32")
FLOOR_MOD_TYPES = (*FLOOR_DIV_TYPES, "int64")
POW_TYPES = ("float32", "int32")
SQUARED_TYPES = ("float32", "int8", "int16", "int32")
ADD_N_TYPES = ("int8", "float32", "int32")
ADD_N_BYTES = 8  # operands of ep_add_n_s8


def _operands(op: Operator, graph: Graph) -> tuple[Tensor, Tensor]:
    return checks.input_tensor(op, graph, 0), checks.input_tensor(op, graph, 1)


def _refuse_zeros(op: Operator, graph: Graph, divisor: Tensor) -> None:
    """A constant divisor of integers holds no 0: the reference fails on it."""
    zero = divisor.zero_point if op.kind == "DIV" else 0
    if divisor.data is not None and divisor.dtype is not DType.FLOAT32:
        checks.require(
            bool((divisor.array() != zero).all()),
            op,
            graph,
            f"the divisor {checks.tensor_text(divisor)} holds a 0; a division by 0 has no value. "
            "Change it in the model.",
        )


def _check_operands(op: Operator, graph: Graph, types: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Both operands, which broadcast to the output and are of its type."""
    a, b = broadcasting.check_operands(op, graph, types)
    checks.require_same_type(op, graph, a, checks.output_tensor(op, graph))
    return a, b


def _check_div(op: Operator, graph: Graph) -> None:
    a, b = _check_operands(op, graph, DIV_TYPES)
    output = checks.output_tensor(op, graph)
    if a.dtype in DIV_SHIFTS:
        checks.require_per_tensor(op, graph, a, b, output)
        if a.dtype is DType.INT16:
            checks.require_symmetric(op, graph, a, b, output)
        shift = div_multiplier(a, b, output).shift
        checks.require(
            shift <= DIV_SHIFTS[a.dtype],
            op,
            graph,
            f"the scale {output.scale:.9g} of {checks.tensor_text(output)} is more "
            f"than 2^{DIV_SHIFTS[a.dtype]} times smaller than its operands' quotient. Quantise the "
            "model again with representative data.",
        )
    _refuse_zeros(op, graph, b)


def div_multiplier(a: Tensor, b: Tensor, output: Tensor) -> Multiplier:
    """Of a quotient of stored values to the output's: taken in single precision, as TFLite does."""
    return quantize_multiplier(float32(a.scale / float32(b.scale * output.scale)))


def _lower_div(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    a, _ = _operands(op, graph)
    activation = op.option("fused_activation_function")
    if a.dtype in DIV_SHIFTS:
        return _lower_div_stored(op, graph)
    if a.dtype is DType.FLOAT32:
        low, high = scaling.float_range(activation)
        params = Params("ep_range_f32_t", (("low", low), ("high", high)))
    else:
        first, last = scaling.plain_range(a, activation)
        params = Params("ep_range_s32_t", (("low", first), ("high", last)))
    return _arithmetic(op, graph, "div", params)


def _lower_div_stored(op: Operator, graph: Graph) -> Lowered:
    a, b = _operands(op, graph)
    output = checks.output_tensor(op, graph)
    multiplier = div_multiplier(a, b, output)
    low, high = scaling.activation_range(output, op.option("fused_activation_function"))
    params = Params(
        "ep_div_t",
        (
            ("mantissa", multiplier.mantissa),
            ("shift", multiplier.shift),
            ("zero_a", a.zero_point),
            ("zero_b", b.zero_point),
            ("zero", output.zero_point),
            ("low", low),
            ("high", high),
        ),
    )
    kernel = f"ep_div_{calls.SUFFIX[a.dtype]}"
    return Lowered((broadcasting.broadcast_step(op, graph, kernel, "ep_div", (a, b), params),))


def _arithmetic(op: Operator, graph: Graph, stem: str, params: Params | None = None) -> Lowered:
    a, b = _operands(op, graph)
    kernel = f"ep_{stem}_{calls.SUFFIX[a.dtype]}"
    return Lowered(
        (broadcasting.broadcast_step(op, graph, kernel, "ep_arithmetic", (a, b), params),)
    )


def _check_floor_div(op: Operator, graph: Graph) -> None:
    _, divisor = _check_operands(op, graph, FLOOR_DIV_TYPES)
    _refuse_zeros(op, graph, divisor)
    if divisor.dtype is DType.FLOAT32 and divisor.data is not None:
        checks.require(
            bool((divisor.array() != 0).all()),
            op,
            graph,
            f"the divisor {checks.tensor_text(divisor)} holds a 0, which the reference refuses. "
            "Change it in the model.",
        )


def _check_floor_mod(op: Operator, graph: Graph) -> None:
    _, divisor = _check_operands(op, graph, FLOOR_MOD_TYPES)
    _refuse_zeros(op, graph, divisor)


def _lower_floor(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    return _arithmetic(op, graph, op.kind.lower())


def _check_pow(op: Operator, graph: Graph) -> None:
    _, exponent = _check_operands(op, graph, POW_TYPES)
    if exponent.dtype is DType.INT32 and exponent.data is not None:
        checks.require(
            bool((exponent.array().astype(np.int64) >= 0).all()),
            op,
            graph,
            f"the exponent {checks.tensor_text(exponent)} holds a negative number; in int32 each "
            "must be at least 0. Use float32 in the model.",
        )


def _lower_pow(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    a, b = _operands(op, graph)
    if a.dtype is DType.INT32:
        return _arithmetic(op, graph, "pow")
    return Lowered((broadcasting.broadcast_step(op, graph, "ep_pow_f32", "ep_pow", (a, b)),))


def _check_squared(op: Operator, graph: Graph) -> None:
    a, b = _check_operands(op, graph, SQUARED_TYPES)
    if a.dtype not in SQUARED_LEFT:
        return
    output = checks.output_tensor(op, graph)
    checks.require_per_tensor(op, graph, a, b, output)
    if a.dtype is DType.INT16:
        checks.require_symmetric(op, graph, a, b, output)
        return
    checks.require(
        _squared_multipliers(a, b, output)[2].shift <= 0,
        op,
        graph,
        f"the scale {output.scale:.9g} of {checks.tensor_text(output)} is too small for the "
        "squares of its inputs: the reference needs a multiplier below 1. Quantise the model "
        "again with representative data.",
    )


def _squared_multipliers(
    a: Tensor, b: Tensor, output: Tensor
) -> tuple[Multiplier, Multiplier, Multiplier]:
    """Of both operands to twice the larger scale, and of the square to the output's."""
    twice = 2.0 * max(a.scale, b.scale)
    square = twice * twice / (2 ** (2 * SQUARED_LEFT[a.dtype]) * output.scale)
    return (
        quantize_multiplier(a.scale / twice),
        quantize_multiplier(b.scale / twice),
        quantize_multiplier(square),
    )


def _lower_squared(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    a, b = _operands(op, graph)
    if a.dtype not in SQUARED_LEFT:
        return _arithmetic(op, graph, "squared_difference")
    output = checks.output_tensor(op, graph)
    one, two, square = _squared_multipliers(a, b, output)
    if a.dtype is DType.INT16:
        fields: tuple[tuple[str, int], ...] = (
            ("mantissa_a", one.mantissa),
            ("mantissa_b", two.mantissa),
            ("mantissa", square.mantissa),
            ("right_a", -one.shift),
            ("right_b", -two.shift),
            ("shift", square.shift),
        )
        kernel = "ep_squared_difference_s16"
        step = broadcasting.broadcast_step(
            op, graph, kernel, kernel, (a, b), Params(f"{kernel}_t", fields)
        )
        return Lowered((step,))
    params = Params(
        "ep_squared_difference_s8_t",
        (
            ("mantissa_a", one.mantissa),
            ("mantissa_b", two.mantissa),
            ("mantissa", square.mantissa),
            ("zero_a", a.zero_point),
            ("zero_b", b.zero_point),
            ("zero", output.zero_point),
            ("right_a", -one.shift),
            ("right_b", -two.shift),
            ("right", -square.shift),
        ),
    )
    kernel = "ep_squared_difference_s8"
    return Lowered((broadcasting.broadcast_step(op, graph, kernel, kernel, (a, b), params),))


def _check_add_n(op: Operator, graph: Graph) -> None:
    tensors = [checks.input_tensor(op, graph, place) for place in range(len(op.inputs))]
    output = checks.output_tensor(op, graph)
    checks.require_type(op, graph, tensors[0], ADD_N_TYPES)
    checks.require_same_type(op, graph, *tensors, output)
    for tensor in (*tensors[1:], output):
        checks.require_shape(op, graph, tensor, tensors[0].shape)
    if output.dtype is DType.INT8:
        for tensor in tensors[1:]:
            checks.require_same_quantization(op, graph, tensors[0], tensor)
        totals.check(op, graph, tensors[0], output)
        checks.require(
            len(tensors) <= ADD_N_BYTES,
            op,
            graph,
            f"it adds {len(tensors)} tensors of int8; {ADD_N_BYTES} is the limit. Add them in "
            "several layers.",
        )


def _lower_add_n(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """One step adds two inputs, each further one adds one to the output."""
    tensors = [checks.input_tensor(op, graph, place) for place in range(len(op.inputs))]
    output = checks.output_tensor(op, graph)
    if output.dtype is DType.INT8:
        return _lower_add_n_s8(op, graph, tensors)
    kernel = f"ep_add_up_{calls.SUFFIX[output.dtype]}"
    later = {tensor.index for tensor in tensors[2:]}
    first = broadcasting.broadcast_step(
        op, graph, kernel, "ep_arithmetic", (tensors[0], tensors[1])
    )
    steps = [
        dataclasses.replace(
            first, overlaps=tuple(o for o in first.overlaps if o.input not in later)
        )
    ]
    for tensor in tensors[2:]:
        refs = calls.refs(output, tensor, output)
        inputs = (output.index, *calls.in_ram(tensor))
        steps.append(
            Step(
                op.index,
                kernel,
                "ep_arithmetic",
                (first.arguments[0], *refs),
                inputs,
                op.outputs,
            )
        )
    return Lowered(tuple(steps))


def _lower_add_n_s8(op: Operator, graph: Graph, tensors: list[Tensor]) -> Lowered:
    output = checks.output_tensor(op, graph)
    absent = (None,) * (ADD_N_BYTES - len(tensors))
    arguments: tuple[Argument, ...] = (
        totals.params(tensors[0], output),
        *calls.refs(*tensors),
        *absent,
        *calls.refs(output),
        Scalar("uint32_t", output.elements),
    )
    inputs = calls.in_ram(*tensors)
    overlaps = calls.overlaps_in_place(graph, inputs, output)
    kernel = "ep_add_n_s8"
    return Lowered((Step(op.index, kernel, kernel, arguments, inputs, op.outputs, overlaps),))


_ZERO = "A division of integers by 0, at which LiteRT fails, gives 0."

ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="DIV",
        code=42,
        options_type=29,
        options=(OptionField("fused_activation_function", 0, "int8", 0, ACTIVATION),),
        inputs=(2, 2),
        types=DIV_TYPES,
        check=_check_div,
        lower=_lower_div,
        notes=f"{_ZERO} In 8 and 16 bits LiteRT's last shift is undefined beyond 31 bits, as of "
        "small quotients by large divisors, and gives garbage; here they round to 0.",
    ),
    OperatorRow(
        kind="FLOOR_DIV",
        code=90,
        options_type=65,
        inputs=(2, 2),
        types=FLOOR_DIV_TYPES,
        check=_check_floor_div,
        lower=_lower_floor,
        notes=f"The stored values are divided, whatever the scales. {_ZERO}",
    ),
    OperatorRow(
        kind="FLOOR_MOD",
        code=95,
        options_type=72,
        inputs=(2, 2),
        types=FLOOR_MOD_TYPES,
        check=_check_floor_mod,
        lower=_lower_floor,
        notes=f"The stored values are divided, whatever the scales. {_ZERO}",
    ),
    OperatorRow(
        kind="POW",
        code=78,
        options_type=56,
        inputs=(2, 2),
        types=POW_TYPES,
        check=_check_pow,
        lower=_lower_pow,
        float_ulp=1,
        notes="In int32 a negative exponent, at which LiteRT fails, gives 1.",
    ),
    OperatorRow(
        kind="SQUARED_DIFFERENCE",
        code=99,
        options_type=76,
        inputs=(2, 2),
        types=SQUARED_TYPES,
        check=_check_squared,
        lower=_lower_squared,
        notes="int16, which LiteRT does not take, is TFLite Micro's.",
    ),
    OperatorRow(
        kind="ADD_N",
        code=106,
        options_type=82,
        inputs=(2, 64),
        types=ADD_N_TYPES,
        check=_check_add_n,
        lower=_lower_add_n,
        oracle="LiteRT reference; int8: TFLite Micro",
        notes="int8, which LiteRT does not take, is TFLite Micro's, whose sum starts at minus the "
        f"zero point; {ADD_N_BYTES} inputs at most.",
    ),
)
