"""Products of batches of matrices: a row of the table of operators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler import variants
from edgepack.compiler.fixed_point import Multiplier, quantize_multiplier
from edgepack.compiler.operators import checks, scaling
from edgepack.compiler.operators.broadcasting import nested_loops
from edgepack.compiler.operators.row import OperatorRow, OptionField
from edgepack.compiler.operators.wide import wide_scale
from edgepack.compiler.operators.window import Window
from edgepack.compiler.variants.layers import ConvLayer
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import (
    Argument,
    Const,
    FieldValue,
    Lowered,
    LowerSpec,
    Params,
    Scalar,
    Scratch,
    Step,
    TensorRef,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

LIMIT = 2**15  # of the depth in int8, so that sums fit int32
WIDE_LIMIT = 2**17  # in int16, so that they stay below 2^47
BATCH_RANK = 3  # EP_MATMUL_RANK


@dataclass(frozen=True, slots=True)
class Sizes:
    """y[rows, columns] = a[rows, depth] b[depth, columns], for each of `batches`."""

    batches: tuple[int, ...]
    rows: int
    depth: int
    columns: int


def _sizes(op: Operator, graph: Graph) -> Sizes:
    """The sizes that both operands imply; refused where they do not fit."""
    a, b = checks.input_tensor(op, graph, 0), checks.input_tensor(op, graph, 1)
    rows, depth = a.shape[-2:][:: -1 if op.option("adj_x") else 1]
    other, columns = b.shape[-2:][:: -1 if op.option("adj_y") else 1]
    both = f"{checks.tensor_text(a)} and {checks.tensor_text(b)}"
    checks.require(
        depth == other,
        op,
        graph,
        f"{both} cannot be multiplied: rows of {depth} meet columns of {other}. "
        f"{checks.RECONVERT}.",
    )
    rank = max(len(a.shape), len(b.shape)) - 2
    one, two = ((1,) * (rank + 2 - len(t.shape)) + t.shape[:-2] for t in (a, b))
    checks.require(
        all(m == n or 1 in (m, n) for m, n in zip(one, two, strict=True)),
        op,
        graph,
        f"the batches of {both} do not broadcast; each pair of dimensions must be equal or hold "
        f"a 1. {checks.RECONVERT}.",
    )
    batches = tuple(n if m == 1 else m for m, n in zip(one, two, strict=True))
    return Sizes(batches, rows, depth, columns)


def _check(op: Operator, graph: Graph) -> None:
    a, b = checks.input_tensor(op, graph, 0), checks.input_tensor(op, graph, 1)
    output = checks.output_tensor(op, graph)
    checks.require_type(op, graph, a, ("int8", "int16", "float32"))
    checks.require_same_type(op, graph, a, output)
    mixed = a.dtype.name in ("INT16", "FLOAT32") and b.dtype.name == "INT8"
    if not (mixed and b.data is not None):
        checks.require_same_type(op, graph, a, b)
    for tensor in (a, b):
        checks.require_rank(op, graph, tensor, 2, BATCH_RANK + 2)
    sizes = _sizes(op, graph)
    checks.require_shape(op, graph, output, (*sizes.batches, sizes.rows, sizes.columns))
    if a.dtype.name == "FLOAT32":
        if b.dtype.name == "INT8":
            _check_hybrid(op, graph, a, b)
        return
    checks.require_per_tensor(op, graph, a, b, output)
    limit = LIMIT if a.dtype.name == "INT8" else WIDE_LIMIT
    checks.require(
        sizes.depth < limit,
        op,
        graph,
        f"its sums have {sizes.depth} products; fewer than {limit} are supported. Split it.",
    )
    if a.dtype.name == "INT16":
        checks.require(
            not (a.zero_point or b.zero_point or output.zero_point),
            op,
            graph,
            f"a zero point is not 0; that of int16 must be. {checks.RECONVERT}.",
        )
        wide_scale(op, graph, _scale(a, b, output))


def _check_hybrid(op: Operator, graph: Graph, a: Tensor, b: Tensor) -> None:
    """Scales of columns only where they lie in rows of memory, as TFLite reads them."""
    for tensor in (a, b):
        checks.require(
            sum(size > 1 for size in tensor.shape[:-2]) <= 1,
            op,
            graph,
            f"the batches of {checks.tensor_text(tensor)} have several dimensions; with int8 "
            "weights beside floats TFLite takes other batches' scales then. Reshape them to one "
            "dimension in the model.",
        )
    if op.option("adj_y"):
        checks.require_per_channel(op, graph, b, len(b.shape) - 2)
    else:
        checks.require_per_tensor(op, graph, b)
        checks.require_symmetric(op, graph, b)
    columns = _columns(op, b)
    rows = columns.reshape(-1, columns.shape[2]).astype(np.int64)
    ends = np.zeros(len(rows), np.int64)
    scaling.require_int32(op, graph, scaling.sum_bounds(rows, ends, -255, 255))


def _columns(op: Operator, b: Tensor) -> NDArray[np.generic]:
    """The constant matrices' columns: [matrices, columns, depth]."""
    matrices = b.array().reshape(-1, *b.shape[-2:])
    return matrices if op.option("adj_y") else matrices.transpose(0, 2, 1)


def _scale(a: Tensor, b: Tensor, output: Tensor) -> float:
    return a.scale * b.scale / output.scale


def _lower(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    a, b = checks.input_tensor(op, graph, 0), checks.input_tensor(op, graph, 1)
    output, sizes = checks.output_tensor(op, graph), _sizes(op, graph)
    params = Params("ep_matmul_t", _fields(op, graph, sizes))
    if a.dtype.name == "FLOAT32" and b.dtype.name == "INT8":
        return _lower_hybrid(op, graph, sizes, params)
    if a.dtype.name == "FLOAT32":
        return _step(op, graph, sizes, "ep_matmul_f32", (params,))
    scale = _scale(a, b, output)
    if a.dtype.name == "INT16":
        wide = wide_scale(op, graph, scale)
        scalars = (Scalar("int32_t", wide.factor), Scalar("int32_t", wide.shift))
        return _step(op, graph, sizes, "ep_matmul_s16", (params, *scalars))
    multiplier = quantize_multiplier(scale)
    if a.data is None and _is_dense(op, b, sizes):
        return _lower_dense(op, graph, spec, sizes, multiplier)
    bound = np.array([sizes.depth * 255 * 255], np.int64)
    fields: tuple[tuple[str, FieldValue], ...] = (
        ("mantissa", multiplier.mantissa),
        ("zero_term", scaling.zero_term(output)),
        ("code", int(scaling.rescale_codes([multiplier], bound)[0])),
        ("zero_a", a.zero_point),
        ("zero_b", b.zero_point),
    )
    return _step(op, graph, sizes, "ep_matmul_s8", (params, Params("ep_matmul_s8_t", fields)))


def _fields(op: Operator, graph: Graph, sizes: Sizes) -> tuple[tuple[str, FieldValue], ...]:
    a, b = checks.input_tensor(op, graph, 0), checks.input_tensor(op, graph, 1)
    loops = nested_loops(a.shape[:-2] or (1,), b.shape[:-2] or (1,))
    outer = BATCH_RANK - len(loops.sizes)
    steps_a, steps_b = loops.steps
    matrix_a, matrix_b = sizes.rows * sizes.depth, sizes.depth * sizes.columns
    return (
        ("batches", (1,) * outer + loops.sizes),
        ("steps_a", (0,) * outer + tuple(matrix_a * step for step in steps_a)),
        ("steps_b", (0,) * outer + tuple(matrix_b * step for step in steps_b)),
        ("rows", sizes.rows),
        ("depth", sizes.depth),
        ("columns", sizes.columns),
        ("flip_a", int(op.option("adj_x"))),
        ("flip_b", int(op.option("adj_y"))),
    )


def _step(
    op: Operator, graph: Graph, sizes: Sizes, kernel: str, arguments: tuple[Argument, ...]
) -> Lowered:
    a, b = checks.input_tensor(op, graph, 0), checks.input_tensor(op, graph, 1)
    operands: tuple[Argument, ...] = (TensorRef(a.index), TensorRef(b.index))
    if a.dtype is not b.dtype:
        wide = b.array().astype("<i2")
        operands = (TensorRef(a.index), Const("weights", "int16_t", wide.tobytes(), "weights"))
    inputs = tuple(dict.fromkeys(t.index for t in (a, b) if t.data is None))
    output = checks.output_tensor(op, graph)
    macs = output.elements * sizes.depth
    arguments = (*arguments, *operands, TensorRef(output.index))
    return Lowered((Step(op.index, kernel, kernel, arguments, inputs, op.outputs, macs=macs),))


def _lower_hybrid(op: Operator, graph: Graph, sizes: Sizes, params: Params) -> Lowered:
    """Rows of floats, quantised one by one, times a constant's columns."""
    a, b = checks.input_tensor(op, graph, 0), checks.input_tensor(op, graph, 1)
    output, columns = checks.output_tensor(op, graph), _columns(op, b)
    assert b.quantization is not None
    asymmetric = bool(op.option("asymmetric_quantize_inputs"))
    low, high = scaling.float_range("NONE")
    fields: tuple[tuple[str, FieldValue], ...] = (
        ("depth", sizes.depth),
        ("outputs", sizes.columns),
        ("channels", int(b.quantization.per_channel)),
        ("weights_first", 0),
        ("asymmetric", int(asymmetric)),
        ("low", low),
        ("high", high),
    )
    flat = np.concatenate([scaling.interleave(matrix) for matrix in columns])
    totals = None
    if asymmetric:
        sums = columns.astype(np.int64).sum(axis=2).astype("<i4")
        totals = Const("totals", "int32_t", sums.tobytes(), "tables")
    arguments = (
        params,
        Params("ep_hybrid_sums_t", fields),
        TensorRef(a.index),
        Const("weights", "int8_t", flat.astype(np.int8).tobytes(), "weights"),
        totals,
        Const("scales", "float", np.array(b.quantization.scales, "<f4").tobytes(), "tables"),
        Const("bias", "float", bytes(4 * sizes.columns), "tables"),
        Scratch(sizes.depth * (5 if op.option("adj_x") else 1)),
        TensorRef(output.index),
    )
    kernel = "ep_matmul_hybrid"
    inputs = (a.index,) if a.data is None else ()
    macs = output.elements * sizes.depth
    return Lowered((Step(op.index, kernel, kernel, arguments, inputs, op.outputs, macs=macs),))


def _is_dense(op: Operator, b: Tensor, sizes: Sizes) -> bool:
    """Whether one constant matrix multiplies all rows, which is a pointwise convolution."""
    whole = b.elements == sizes.depth * sizes.columns
    return b.data is not None and b.zero_point == 0 and whole and not op.option("adj_x")


def _lower_dense(
    op: Operator, graph: Graph, spec: LowerSpec, sizes: Sizes, multiplier: Multiplier
) -> Lowered:
    """A pointwise convolution whose pixels are the rows of all batches."""
    a, b = checks.input_tensor(op, graph, 0), checks.input_tensor(op, graph, 1)
    output = checks.output_tensor(op, graph)
    matrix = b.array().reshape(b.shape[-2:])
    rows: NDArray[np.generic] = matrix if op.option("adj_y") else matrix.T
    wide = rows.astype(np.int64)
    bias = -a.zero_point * wide.sum(axis=1)
    pixels = a.elements // sizes.depth
    layer = ConvLayer(
        operator=op.index,
        input=a.index,
        output=output.index,
        window=Window(1, 1, pixels, sizes.depth, 1, pixels, 1, 1, 1, 1, 1, 1, 0, 0),
        depthwise=False,
        weights=np.ascontiguousarray(rows).astype(np.int8),
        bias=bias,
        bounds=scaling.sum_bounds(wide, bias, -128, 127),
        multipliers=(multiplier,) * sizes.columns,
        zero_in=a.zero_point,
        zero_out=output.zero_point,
        low=-128,
        high=127,
    )
    scaling.require_int32(op, graph, layer.bounds)
    columns = (
        ("depth", sizes.depth),
        ("outputs", sizes.columns),
        ("zero_term", scaling.zero_term(output)),
        ("low", -128),
        ("high", 127),
    )
    mantissas = np.full(sizes.columns, multiplier.mantissa, "<i4")
    codes = scaling.rescale_codes(layer.multipliers, layer.bounds)
    arguments = (
        Params("ep_columns_t", columns),
        Scalar("int32_t", pixels),
        TensorRef(a.index),
        Const("weights", "int8_t", scaling.interleave(layer.weights).tobytes(), "weights"),
        Const("bias", "int32_t", bias.astype("<i4").tobytes(), "weights"),
        Const("multipliers", "int32_t", mantissas.tobytes(), "tables"),
        Const("codes", "int8_t", codes.tobytes(), "tables"),
        Scratch(2 * sizes.depth),
        TensorRef(output.index),
    )
    kernel = "ep_conv_1x1_s8"
    step = Step(op.index, kernel, kernel, arguments, (a.index,), op.outputs, macs=layer.macs)
    return variants.offers("conv", layer, spec).beside(Lowered((step,)))


ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="BATCH_MATMUL",
        code=126,
        options_type=101,
        options=(
            OptionField("adj_x", 0, "bool"),
            OptionField("adj_y", 1, "bool"),
            OptionField("asymmetric_quantize_inputs", 2, "bool"),
        ),
        inputs=(2, 2),
        types=("int8", "int16", "float32"),
        check=_check,
        lower=_lower,
        notes="Either operand may be a constant; an int8 constant multiplies int16 "
        "and float32 (hybrid) too.",
    ),
)
