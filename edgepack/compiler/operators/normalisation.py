"""Logarithms of softmax, unit length, pools of squares: rows of the table of operators."""

from __future__ import annotations

from edgepack.compiler import tables
from edgepack.compiler.fixed_point import Multiplier, quantize_multiplier, rounding_divide_by_pot
from edgepack.compiler.operators import calls, checks, pooling, scaling
from edgepack.compiler.operators.activation import elementwise
from edgepack.compiler.operators.row import ACTIVATION, OperatorRow, OptionField
from edgepack.compiler.operators.window import overlap_lead
from edgepack.graph import DType, Graph, Operator, Tensor
from edgepack.program import (
    Const,
    Lowered,
    LowerSpec,
    Overlap,
    Params,
    Scalar,
    Step,
)

TYPES = ("float32", "int8", "uint8")
LONGEST_ROW = 4095  # of exponentials of up to 1 in Q12.19
LONGEST_SQUARES = 2**31 // 255**2  # squares of 8 bits that an int32 holds
_TOP = {DType.INT8: 127, DType.UINT8: 255}
_MIDDLE = {DType.INT8: 0, DType.UINT8: 128}


def _check_rows(op: Operator, graph: Graph, limit: int) -> tuple[Tensor, Tensor]:
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    checks.require_type(op, graph, x, TYPES)
    checks.require_same_type(op, graph, x, y)
    checks.require_shape(op, graph, y, x.shape)
    checks.require_rank(op, graph, x, 1, 8)
    if x.dtype is not DType.FLOAT32:
        checks.require_per_tensor(op, graph, x, y)
        checks.require(
            x.shape[-1] <= limit,
            op,
            graph,
            f"its rows have {x.shape[-1]} elements; {limit} is the limit, beyond which a sum "
            "leaves int32. Split them in the model.",
        )
    return x, y


def _rows(x: Tensor) -> tuple[int, int]:
    return x.elements // x.shape[-1], x.shape[-1]


def _check_log_softmax(op: Operator, graph: Graph) -> None:
    x, y = _check_rows(op, graph, LONGEST_ROW)
    if x.dtype is DType.FLOAT32:
        return
    checks.require_quantization(op, graph, y, 16 / 256, _TOP[x.dtype])
    checks.require(
        2**-25 < x.scale < 2**5,
        op,
        graph,
        f"the scale {x.scale:.9g} of {checks.tensor_text(x)}; TFLite takes one between 2^-25 and "
        "2^5 here. Quantise the model again with representative data.",
    )


def reverse_multiplier(multiplier: Multiplier) -> Multiplier:
    """Its reciprocal times 2^26 / 2^26: TFLite's PreprocessLogSoftmaxScalingExp."""
    return quantize_multiplier((1 << (31 - multiplier.shift)) / multiplier.mantissa)


def _lower_log_softmax(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    rows, depth = _rows(x)
    source = "ep_log_softmax"
    kernel = f"{source}_{calls.SUFFIX[x.dtype]}"
    if x.dtype is DType.FLOAT32:
        sizes = (Scalar("uint32_t", rows), Scalar("uint32_t", depth))
        return elementwise(op, graph, kernel, source, (*calls.refs(x, y), *sizes))
    multiplier, radius = tables.softmax_scaling(x.scale, 1.0)
    reverse = reverse_multiplier(multiplier)
    values = tables.softmax_exponentials(x.scale, 1.0).tolist()
    table = b"".join(
        rounding_divide_by_pot(value, 12).to_bytes(4, "little", signed=True) for value in values
    )
    params = Params(
        "ep_log_softmax_t",
        (
            ("rows", rows),
            ("depth", depth),
            ("mantissa", multiplier.mantissa),
            ("left", multiplier.shift),
            ("reverse", reverse.mantissa),
            ("right", -reverse.shift),
            ("radius", radius),
        ),
    )
    constant = Const("exponentials", "int32_t", table, "tables")
    return elementwise(op, graph, kernel, source, (params, constant, *calls.refs(x, y)))


def _check_l2_norm(op: Operator, graph: Graph) -> None:
    x, y = _check_rows(op, graph, LONGEST_SQUARES)
    activation = op.option("fused_activation_function")
    checks.require(
        activation == "NONE",
        op,
        graph,
        f"its activation is {activation}; the reference takes NONE. Apply it by an operator of "
        "its own.",
    )
    if x.dtype is not DType.FLOAT32:
        checks.require_quantization(op, graph, y, 1 / 128, _MIDDLE[x.dtype])


def _lower_l2_norm(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    sizes = tuple(Scalar("uint32_t", size) for size in _rows(x))
    zero = () if x.dtype is DType.FLOAT32 else (Scalar("int32_t", x.zero_point),)
    kernel = f"ep_l2_norm_{calls.SUFFIX[x.dtype]}"
    return elementwise(op, graph, kernel, "ep_l2_norm", (*calls.refs(x, y), *sizes, *zero))


def _check_l2_pool(op: Operator, graph: Graph) -> None:
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    checks.require_type(op, graph, x, ("float32",))
    checks.require_same_type(op, graph, x, y)
    checks.require_rank(op, graph, x, 4, 4)
    checks.require_positive(op, graph, "filter_height", "filter_width")
    pooling.pool_window(op, graph)


def _lower_l2_pool(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    window = pooling.pool_window(op, graph)
    low, high = scaling.float_range(op.option("fused_activation_function"))
    fields = (("window", window.fields), ("low", low), ("high", high))
    lead = overlap_lead(window.first_elements() * 4, window.in_c * 4, 1, in_step=True)
    kernel = "ep_l2_pool_f32"
    step = Step(
        op.index,
        kernel,
        kernel,
        (Params("ep_pool_f32_t", fields), *calls.refs(x, y)),
        op.inputs,
        op.outputs,
        (Overlap(x.index, y.index, lead),),
    )
    return Lowered((step,))


_ACTIVATION = (OptionField("fused_activation_function", 0, "int8", 0, ACTIVATION),)

ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="LOG_SOFTMAX",
        code=50,
        options_type=36,
        inputs=(1, 1),
        types=TYPES,
        check=_check_log_softmax,
        lower=_lower_log_softmax,
        float_ulp=8,
        notes="In float32 the bound holds below -1; from there up to 0, where the logarithm of "
        "the sum nearly cancels, the error is at most 2^-20.",
    ),
    OperatorRow(
        kind="L2_NORMALIZATION",
        code=11,
        options_type=12,
        options=_ACTIVATION,
        inputs=(1, 1),
        types=TYPES,
        check=_check_l2_norm,
        lower=_lower_l2_norm,
    ),
    OperatorRow(
        kind="L2_POOL_2D",
        code=12,
        options_type=5,
        options=pooling.POOL_OPTIONS,
        inputs=(1, 1),
        types=("float32",),
        check=_check_l2_pool,
        lower=_lower_l2_pool,
    ),
)
