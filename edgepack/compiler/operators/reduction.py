"""Sums, products and extremes over axes: rows of the table of operators."""

from __future__ import annotations

from collections.abc import Sequence

from edgepack.compiler.fixed_point import Multiplier, quantize_multiplier
from edgepack.compiler.operators import calls, checks
from edgepack.compiler.operators.mean import RANK, Run, axes_of, check_axes, runs_of
from edgepack.compiler.operators.row import OperatorRow, OptionField
from edgepack.compiler.tables import RANGE
from edgepack.graph import DType, Graph, Operator, Tensor
from edgepack.program import Argument, FieldValue, Lowered, LowerSpec, Params, Step

NUMBERS = ("int8", "uint8", "int16", "int32", "int64", "float32")
QUANTIZED = (DType.INT8, DType.UINT8, DType.INT16)
LEAST_PRODUCT_SHIFT, MOST_PRODUCT_SHIFT = -31, 7  # TFLite's, of a product of 48 bits
_LOGIC = {"SUM": "any", "REDUCE_MAX": "any", "REDUCE_ANY": "any"}  # of bool; the others: all
Fields = tuple[tuple[str, FieldValue], ...]


def _check_sum(op: Operator, graph: Graph) -> None:
    data, output = check_axes(op, graph, (*NUMBERS, "bool"))
    if data.dtype not in QUANTIZED:
        return
    checks.require_per_tensor(op, graph, data, output)
    low, high = RANGE[data.dtype.name]
    bound = _count(op, graph) * max(high - data.zero_point, data.zero_point - low, high, -low)
    checks.require(
        bound < 2**31,
        op,
        graph,
        f"its sums may reach {bound}, an int32 ends at {2**31 - 1}. Reduce fewer elements at a "
        "time in the model.",
    )


def _check_product(op: Operator, graph: Graph) -> None:
    data, output = check_axes(op, graph, (*NUMBERS, "bool"))
    if data.quantization is None or data.dtype not in QUANTIZED:
        return
    checks.require_type(op, graph, data, ("int8", "int16"))
    checks.require_per_tensor(op, graph, data, output)
    shift = product_multiplier(data, output, _count(op, graph)).shift
    checks.require(
        LEAST_PRODUCT_SHIFT <= shift <= MOST_PRODUCT_SHIFT,
        op,
        graph,
        f"its products are rescaled by about 2^{shift}; the reference takes "
        f"2^{LEAST_PRODUCT_SHIFT} to 2^{MOST_PRODUCT_SHIFT}. Quantise the model again with "
        "representative data.",
    )


def _check_extreme(op: Operator, graph: Graph) -> None:
    data, output = check_axes(op, graph, (*NUMBERS, "bool"))
    if data.dtype in QUANTIZED:
        checks.require_same_quantization(op, graph, data, output)


def _check_logic(op: Operator, graph: Graph) -> None:
    check_axes(op, graph, ("bool",))


def _count(op: Operator, graph: Graph) -> int:
    """Elements that become one."""
    data, output = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    return data.elements // output.elements


def product_multiplier(data: Tensor, output: Tensor, count: int) -> Multiplier:
    """Of each partial product: TFLite's GetQuantProdScaling."""
    return quantize_multiplier(data.scale / output.scale ** (1.0 / count))


def _reduction_fields(op: Operator, graph: Graph, prefix: str = "") -> Fields:
    """The fields of `ep_reduction_t`."""
    data = checks.input_tensor(op, graph, 0)
    axes = axes_of(op, graph)
    runs = runs_of(data.shape, axes)
    kept = [run for run in runs if not run.reduced]
    reduced = [run for run in runs if run.reduced] or [Run(True, 1, 1)]
    *outer, inner = reduced
    fields: Fields = (
        ("loops.kept_sizes", _padded([run.size for run in kept], 1)),
        ("loops.kept_steps", _padded([run.step for run in kept], 0)),
        ("loops.sizes", _padded([run.size for run in outer], 1)),
        ("loops.steps", _padded([run.step for run in outer], 0)),
        ("inner", inner.size),
        ("inner_step", inner.step),
        ("first", int(len(axes) == len(data.shape))),
    )
    return tuple((prefix + name, value) for name, value in fields)


def _padded(values: Sequence[int], filler: int) -> tuple[int, ...]:
    return (filler,) * (RANK - len(values)) + tuple(values)


def _step(op: Operator, graph: Graph, kernel: str, params: Params) -> Lowered:
    data, output = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    arguments: tuple[Argument, ...] = (params, *calls.refs(data, output))
    inputs = calls.in_ram(data)
    return Lowered((Step(op.index, kernel, "ep_reduction", arguments, inputs, op.outputs),))


def _plain(op: Operator, graph: Graph, stem: str, *, wraps: bool) -> Lowered:
    """The kernel of the element's type, or of its bits alone where that gives the same."""
    data = checks.input_tensor(op, graph, 0)
    params = Params("ep_reduction_t", _reduction_fields(op, graph))
    if data.dtype is DType.BOOL:
        return _step(op, graph, f"ep_{_LOGIC.get(op.kind, 'all')}_bool", params)
    by_bits = wraps and data.dtype is not DType.FLOAT32
    suffix = str(8 * data.dtype.bytes) if by_bits else calls.SUFFIX[data.dtype]
    return _step(op, graph, f"ep_{stem}_{suffix}", params)


def _lower_sum(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    data, output = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    if data.dtype not in QUANTIZED:
        return _plain(op, graph, "total", wraps=True)
    multiplier = quantize_multiplier(data.scale / output.scale)
    fields: Fields = (
        *_reduction_fields(op, graph, "at."),
        ("offset", data.zero_point * _count(op, graph)),
        ("mantissa", multiplier.mantissa),
        ("shift", multiplier.shift),
        ("zero", output.zero_point),
    )
    kernel = f"ep_total_scaled_{calls.SUFFIX[data.dtype]}"
    return _step(op, graph, kernel, Params("ep_sum_scaled_t", fields))


def _lower_product(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    data, output = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    if data.quantization is None or data.dtype not in QUANTIZED:
        return _plain(op, graph, "product", wraps=True)
    multiplier = product_multiplier(data, output, _count(op, graph))
    fields: Fields = (
        *_reduction_fields(op, graph, "at."),
        ("zero_x", data.zero_point),
        ("zero", output.zero_point),
        ("mantissa", min((multiplier.mantissa + 0x8000) >> 16, 0x7FFF)),
        ("right", 15 - multiplier.shift),
    )
    kernel = f"ep_product_scaled_{calls.SUFFIX[data.dtype]}"
    return _step(op, graph, kernel, Params("ep_product_scaled_t", fields))


def _lower_greatest(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    return _plain(op, graph, "greatest", wraps=False)


def _lower_least(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    return _plain(op, graph, "least", wraps=False)


_SUM_NOTES = (
    "Elements are added in the order of memory. The axes must be constant. LiteRT reads the bytes "
    "of int8 and int16 as uint8; here they are summed as uint8 is, as in TFLite Micro."
)
_PRODUCT_NOTES = "8 and 16 bits without a scale wrap. The axes must be constant."
_AXES = "The axes must be constant."
_PARTS = (
    ("SUM", 74, _check_sum, _lower_sum, _SUM_NOTES),
    ("REDUCE_PROD", 81, _check_product, _lower_product, _PRODUCT_NOTES),
    ("REDUCE_MAX", 82, _check_extreme, _lower_greatest, _AXES),
    ("REDUCE_MIN", 89, _check_extreme, _lower_least, _AXES),
    ("REDUCE_ANY", 91, _check_logic, _lower_greatest, _AXES),
    ("REDUCE_ALL", 140, _check_logic, _lower_least, _AXES),
)

ROWS: tuple[OperatorRow, ...] = tuple(
    OperatorRow(
        kind=kind,
        code=code,
        options_type=27,
        options=(OptionField("keep_dims", 0, "bool"),),
        inputs=(2, 2),
        types=("bool",) if check is _check_logic else (*NUMBERS, "bool"),
        check=check,
        lower=lower,
        notes=notes,
    )
    for kind, code, check, lower, notes in _PARTS
)
