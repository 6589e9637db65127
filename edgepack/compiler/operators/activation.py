"""Activations: rows of the table of operators.

In int8 all but SOFTMAX and PRELU are one kernel, a table of 256 bytes computed here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgepack.compiler import tables
from edgepack.compiler.operators import activation_s16, calls
from edgepack.compiler.operators.checks import (
    RECONVERT,
    input_tensor,
    output_tensor,
    refuse,
    require,
    require_per_tensor,
    require_quantization,
    require_rank,
    require_same_type,
    require_shape,
    require_symmetric,
    require_type,
    tensor_text,
)
from edgepack.compiler.operators.row import OperatorRow, OptionField
from edgepack.compiler.walk import broadcast_walk, walk_fields
from edgepack.graph import DType, Graph, Operator, Tensor
from edgepack.program import (
    Argument,
    Const,
    Lowered,
    LowerSpec,
    Overlap,
    Params,
    Scalar,
    Step,
    TensorRef,
)

TYPES = ("int8", "uint8", "float32", "int16")
_WIDE = frozenset(
    {"LEAKY_RELU", "LOGISTIC", "PRELU", "RELU", "RELU6", "SOFTMAX", "TANH"}
)  # LiteRT has them on int16
MAX_RANK_PRELU = 4  # TFLite's BroadcastPrelu4DSlow
FINE_DEPTH = 2**12 - 1  # of a softmax from int8 to int16
SOFTMAX_CODE_ENTRIES = 80  # of 4 bytes: what the code of an exponential takes
SOFTMAX_TABLE_ELEMENTS = 512  # from here on 1 KB is worth 200 instructions an element
Wide = Callable[[Operator, Graph, LowerSpec], activation_s16.Call]
Table = Callable[[Operator, Tensor, Tensor], NDArray[np.uint8]]


def elementwise(
    op: Operator, graph: Graph, kernel: str, source: str, arguments: tuple[Argument, ...]
) -> Lowered:
    """One step from input 0 to output 0 that may work in place."""
    in_ram = tuple(index for index in op.inputs[:1] if graph.tensor(index).data is None)
    step = Step(
        operator=op.index,
        kernel=kernel,
        source=source,
        arguments=arguments,
        inputs=in_ram,
        outputs=op.outputs,
        overlaps=tuple(Overlap(index, op.outputs[0]) for index in in_ram),
    )
    return Lowered(steps=(step,))


def lookup(op: Operator, graph: Graph, table: NDArray[np.uint8]) -> Lowered:
    """A step that maps each byte of input 0 through a table of 256, or does so without one."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    refs: tuple[Argument, ...] = (TensorRef(x.index), TensorRef(y.index))
    refs = (*refs, Scalar("uint32_t", x.elements))
    if (table == tables.FLIPPED).all():
        return elementwise(op, graph, "ep_flip_sign", "ep_clamp", refs)
    bounds = tables.bounds_of(table) if x.dtype is y.dtype is DType.INT8 else None
    if bounds is not None:
        ends = tuple(Scalar("int8_t", bound) for bound in bounds)
        return elementwise(op, graph, "ep_clamp_s8", "ep_clamp", (*refs, *ends))
    constant = Const("table", "uint8_t", table.tobytes(), "tables")
    return elementwise(op, graph, "ep_lookup", "ep_lookup", (constant, *refs))


def _check_unary(op: Operator, graph: Graph) -> tuple[Tensor, Tensor]:
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    require_type(op, graph, x, TYPES if op.kind in _WIDE else TYPES[:3])
    require_same_type(op, graph, x, y)
    require_shape(op, graph, y, x.shape)
    if x.dtype is not DType.FLOAT32:
        require_per_tensor(op, graph, x, y)
    return x, y


def check_unary(op: Operator, graph: Graph) -> None:
    """Input and output agree in type and shape; int8 has a scale."""
    _check_unary(op, graph)


def check_logistic(op: Operator, graph: Graph) -> None:
    """The same, and in int8 the output's scale is 1/256, as TFLite demands."""
    _, y = _check_unary(op, graph)
    if y.dtype is DType.INT16:
        activation_s16.check_sigmoid(op, graph)
    if y.dtype in (DType.INT8, DType.UINT8) and y.scale != 1 / 256:
        refuse(
            op,
            graph,
            f"{tensor_text(y)} has scale {y.scale:.9g}; TFLite fixes {1 / 256}. {RECONVERT}.",
        )


def check_tanh(op: Operator, graph: Graph) -> None:
    """The same, and in int16 the output's scale is 2**-15, as TFLite demands."""
    _, y = _check_unary(op, graph)
    if y.dtype is DType.INT16:
        activation_s16.check_sigmoid(op, graph)


def check_leaky_relu(op: Operator, graph: Graph) -> None:
    """The same, and a slope that is a number."""
    x, y = _check_unary(op, graph)
    if x.dtype is DType.INT16:
        require_symmetric(op, graph, x, y)
    alpha = op.option("alpha")
    require(
        math.isfinite(alpha),
        op,
        graph,
        f"alpha is {alpha}; it must be a finite number. {RECONVERT}.",
    )


def check_hard_swish(op: Operator, graph: Graph) -> None:
    """The same, and in int8 an output scale above 1/128 of the input's, as TFLite demands."""
    x, y = _check_unary(op, graph)
    if x.dtype in (DType.INT8, DType.UINT8) and tables.hard_swish_multiplier(x, y).shift > 0:
        refuse(
            op,
            graph,
            f"{tensor_text(y)} has scale {y.scale:.9g}; TFLite needs one above 1/128 of the "
            f"input's {x.scale:.9g}. {RECONVERT}.",
        )


def check_softmax(op: Operator, graph: Graph) -> None:
    """A row to normalise, the output's scale 1/256 in int8, a beta that TFLite takes."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    finer = x.dtype is DType.INT8 and y.dtype is DType.INT16
    if finer:
        require_shape(op, graph, y, x.shape)
        require_per_tensor(op, graph, x, y)
    else:
        x, y = _check_unary(op, graph)
    require_rank(op, graph, x, 1, 8)
    beta = op.option("beta")
    require(
        math.isfinite(beta),
        op,
        graph,
        f"beta is {beta}; it must be a finite number. {RECONVERT}.",
    )
    if x.dtype is DType.INT16:
        activation_s16.check_softmax(op, graph)
    if x.dtype in (DType.INT8, DType.UINT8):
        if finer:
            require_quantization(op, graph, y, 2.0**-16, -(2**15))
            require(
                x.shape[-1] <= FINE_DEPTH,
                op,
                graph,
                f"its rows have {x.shape[-1]} elements; from int8 to int16 {FINE_DEPTH} is the "
                "limit, beyond which TFLite's sum overflows. Reshape its input in the model.",
            )
        else:
            require_quantization(op, graph, y, 1 / 256, -128 if x.dtype is DType.INT8 else 0)
        require(
            beta * x.scale > 2**-26,
            op,
            graph,
            f"beta * input scale is {beta * x.scale:.3g}; TFLite needs more than 2**-26. "
            "Quantise the model again with representative data.",
        )


def check_prelu(op: Operator, graph: Graph) -> None:
    """Input and slopes agree in type, and the slopes broadcast to the input."""
    x, y = _check_unary(op, graph)
    alpha = input_tensor(op, graph, 1)
    if x.dtype is DType.INT16:
        require_type(op, graph, alpha, ("int8",))
    else:
        require_same_type(op, graph, x, alpha)
    require_rank(op, graph, x, 0, MAX_RANK_PRELU)
    padded = (1,) * (len(x.shape) - len(alpha.shape)) + alpha.shape
    fits = len(padded) == len(x.shape) and all(
        a in (1, n) for a, n in zip(padded, x.shape, strict=True)
    )
    require(
        fits,
        op,
        graph,
        f"{tensor_text(alpha)} does not broadcast to {tensor_text(x)}; each of its dimensions "
        f"must be 1 or the input's. {RECONVERT}.",
    )
    if y.dtype is not DType.FLOAT32:
        require_per_tensor(op, graph, alpha)
    if y.dtype is DType.INT16:
        require_symmetric(op, graph, x, alpha)


def _unary(
    table: Table, kernel: str, source: str, *extra: float, wide: Wide | None = None
) -> Callable[..., Lowered]:
    """Lowering to a table in int8, in float32 to `kernel(x, y, count, *extra)`, in int16 to what
    `wide` gives.
    """

    def lower(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
        x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
        if x.dtype is DType.INT8:
            if spec.numerics == "tflm" and op.kind == "RELU6":  # it clamps what is stored
                y = replace(y, quantization=x.quantization)
            return lookup(op, graph, table(op, x, y))
        if x.dtype is DType.INT16:
            assert wide is not None
            return elementwise(op, graph, *wide(op, graph, spec))
        count = Scalar("uint32_t", x.elements)
        values = tuple(Scalar("float", value) for value in extra)
        refs: tuple[Argument, ...] = (TensorRef(x.index), TensorRef(y.index), count)
        arguments = (*refs, *values)
        return elementwise(op, graph, kernel, source, arguments)

    return lower


def lower_leaky_relu(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """A table in int8, a kernel with the slope in float32."""
    alpha = float(op.option("alpha"))

    def table(_: Operator, x: Tensor, y: Tensor) -> NDArray[np.uint8]:
        return tables.leaky_relu_table(x, y, alpha)

    def wide(op: Operator, graph: Graph, spec: LowerSpec) -> activation_s16.Call:
        return activation_s16.leaky_relu_call(op, graph, spec, alpha)

    lower = _unary(table, "ep_leaky_relu_f32", "ep_leaky_relu", alpha, wide=wide)
    return lower(op, graph, spec)


def lower_softmax(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """Rows of the last dimension; in int8 with or without a table of exponentials."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    depth = x.shape[-1]
    if x.dtype is DType.INT16:
        return elementwise(op, graph, *activation_s16.softmax_call(op, graph))
    shape = (("rows", x.elements // depth), ("depth", depth))
    refs = (TensorRef(x.index), TensorRef(y.index))
    beta = float(op.option("beta"))
    if x.dtype is DType.FLOAT32:
        params = Params("ep_softmax_f32_t", (*shape, ("beta", beta)))
        return elementwise(op, graph, "ep_softmax_f32", "ep_softmax_f32", (params, *refs))
    if y.dtype is DType.INT16:
        return _softmax_to_int16(op, graph)
    multiplier, radius = tables.softmax_scaling(x.scale, beta)
    if not _softmax_by_table(x.elements, radius, spec):
        scaling = (("mantissa", multiplier.mantissa), ("shift", multiplier.shift))
        params = Params("ep_softmax_s8_t", (*shape, *scaling, ("radius", radius)))
        return elementwise(op, graph, "ep_softmax_s8", "ep_softmax_s8", (params, *refs))
    source = "ep_softmax_table_s8"
    return elementwise(op, graph, source, source, _tabled(op, graph))


def _tabled(op: Operator, graph: Graph) -> tuple[Argument, ...]:
    """The arguments of a softmax whose exponentials are a table."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    depth = x.shape[-1]
    table = tables.softmax_exponentials(x.scale, float(op.option("beta")))
    constant = Const("exponentials", "int32_t", table.astype("<i4").tobytes(), "tables")
    fields = (("rows", x.elements // depth), ("depth", depth), ("entries", len(table)))
    return Params("ep_softmax_table_s8_t", fields), constant, *calls.refs(x, y)


def _softmax_to_int16(op: Operator, graph: Graph) -> Lowered:
    inputs = calls.in_ram(input_tensor(op, graph, 0))
    kernel = "ep_softmax_s8_s16"
    return Lowered((Step(op.index, kernel, kernel, _tabled(op, graph), inputs, op.outputs),))


def _softmax_by_table(elements: int, radius: int, spec: LowerSpec) -> bool:
    """Whether a table of exponentials is shorter than their code, or worth its bytes."""
    entries = min(256, radius + 1)
    if entries <= SOFTMAX_CODE_ENTRIES or spec.optimize == "speed":
        return True
    return spec.optimize == "balanced" and elements >= SOFTMAX_TABLE_ELEMENTS


def lower_prelu(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """One kernel that walks over the slopes as they broadcast."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    alpha = input_tensor(op, graph, 1)
    walk = broadcast_walk(x.shape, alpha.shape)
    if x.dtype is DType.FLOAT32:
        params, suffix = Params("ep_walk_t", walk_fields(walk)), "f32"
    else:
        positive, negative = tables.prelu_multipliers(x, alpha, y)
        fields = (
            ("x_zero_point", x.zero_point),
            ("alpha_zero_point", alpha.zero_point),
            ("y_zero_point", y.zero_point),
            ("positive_mantissa", positive.mantissa),
            ("positive_shift", positive.shift),
            ("negative_mantissa", negative.mantissa),
            ("negative_shift", negative.shift),
        )
        params = Params("ep_prelu_t", (*walk_fields(walk, "alpha."), *fields))
        suffix = "s16" if x.dtype is DType.INT16 else "s8"
    in_ram = tuple(dict.fromkeys(t.index for t in (x, alpha) if t.data is None))
    step = Step(
        operator=op.index,
        kernel=f"ep_prelu_{suffix}",
        source="ep_prelu",
        arguments=(params, TensorRef(x.index), TensorRef(alpha.index), TensorRef(y.index)),
        inputs=in_ram,
        outputs=op.outputs,
        overlaps=(Overlap(x.index, y.index),) if x.data is None and x.index != alpha.index else (),
    )
    return Lowered(steps=(step,))


def _relu_row(kind: str, code: int, low: float, high: float, notes: str = "") -> OperatorRow:
    return OperatorRow(
        kind=kind,
        code=code,
        inputs=(1, 1),
        types=TYPES if kind in _WIDE else TYPES[:3],
        check=check_unary,
        lower=_unary(
            lambda _, x, y: tables.relu_table(x, y, low, high),
            "ep_relu_f32",
            "ep_relu",
            low,
            high,
            wide=lambda op, graph, spec: activation_s16.relu_call(op, graph, spec, low, high),
        ),
        notes=notes,
    )


ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="SOFTMAX",
        code=25,
        options_type=9,
        options=(OptionField("beta", 0, "float32", 0.0),),
        inputs=(1, 1),
        types=TYPES,
        check=check_softmax,
        lower=lower_softmax,
        float_ulp=4,
        notes="In int8 TFLite aborts where the exponentials of a row sum up to 512 or more; "
        "here each output is then 0, as exact arithmetic has it. From int8 to int16 too.",
    ),
    OperatorRow(
        kind="LOGISTIC",
        code=14,
        inputs=(1, 1),
        types=TYPES,
        check=check_logistic,
        lower=_unary(
            lambda _, x, y: tables.real_table(x, y, tables.logistic),
            "ep_logistic_f32",
            "ep_logistic",
            wide=activation_s16.sigmoid_call,
        ),
        float_ulp=3,
        notes="In float32 TFLite's form is used: exp(x) below -9, 1 above 16.6. In int8 with a "
        "huge input scale TFLite Micro is wrong at the zero point.",
    ),
    OperatorRow(
        kind="TANH",
        code=28,
        inputs=(1, 1),
        types=TYPES,
        check=check_tanh,
        lower=_unary(
            lambda _, x, y: tables.real_table(x, y, tables.tanh),
            "ep_tanh_f32",
            "ep_tanh",
            wide=activation_s16.sigmoid_call,
        ),
        float_ulp=3,
        notes="In int8 the table holds correctly rounded values; LiteRT's come from the host's "
        "tanhf, which could differ where a value lies at a rounding boundary. None was seen.",
    ),
    _relu_row("RELU", 19, 0.0, math.inf),
    _relu_row(
        "RELU6",
        21,
        0.0,
        6.0,
        notes="In int8 and int16 LiteRT rescales where the quantisations differ; TFLite Micro does "
        "not (numerics 'tflm').",
    ),
    _relu_row("RELU_N1_TO_1", 20, -1.0, 1.0),
    OperatorRow(
        kind="LEAKY_RELU",
        code=98,
        options_type=75,
        options=(OptionField("alpha", 0, "float32", 0.0),),
        inputs=(1, 1),
        types=TYPES,
        check=check_leaky_relu,
        lower=lower_leaky_relu,
        notes="In int8 with a negative slope LiteRT rounds the product with the slope's size, then "
        "negates it.",
    ),
    OperatorRow(
        kind="PRELU",
        code=54,
        inputs=(2, 2),
        types=TYPES,
        check=check_prelu,
        lower=lower_prelu,
        notes="Up to 4 dimensions, as TFLite's broadcast. In int16 the slopes are int8, as LiteRT "
        "reads them whatever their type.",
    ),
    OperatorRow(
        kind="HARD_SWISH",
        code=117,
        inputs=(1, 1),
        types=TYPES[:3],
        check=check_hard_swish,
        lower=_unary(
            lambda _, x, y: tables.hard_swish_table(x, y), "ep_hard_swish_f32", "ep_hard_swish"
        ),
    ),
)
