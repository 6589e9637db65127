"""Pooling and means: rows of the table of operators."""

from __future__ import annotations

from edgepack.compiler.operators import checks, mean, scaling
from edgepack.compiler.operators.row import ACTIVATION, PADDING, OperatorRow, OptionField
from edgepack.compiler.operators.window import Window, overlap_lead, read_window
from edgepack.graph import Graph, Operator
from edgepack.program import Lowered, LowerSpec, Overlap, Params, Step, TensorRef

TYPES = ("int8", "uint8", "int16", "float32")
AREA_S16 = 2**16


def pool_window(op: Operator, graph: Graph) -> Window:
    """A pool's window over its input; refuses an output of another shape."""
    kernel = (op.option("filter_height"), op.option("filter_width"))
    output = checks.output_tensor(op, graph)
    channels = checks.input_tensor(op, graph, 0).shape[-1]
    return read_window(op, graph, kernel, channels, output)


def _check_pool(op: Operator, graph: Graph) -> None:
    data, output = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    checks.require_type(op, graph, data, TYPES)
    checks.require_same_type(op, graph, data, output)
    checks.require_rank(op, graph, data, 4, 4)
    checks.require_positive(op, graph, "filter_height", "filter_width")
    if data.dtype.name != "FLOAT32":
        checks.require_per_tensor(op, graph, data, output)
        checks.require_same_quantization(op, graph, data, output)
    window = pool_window(op, graph)
    area = min(window.kernel_h, window.in_h) * min(window.kernel_w, window.in_w)
    checks.require(
        data.dtype.name != "INT16" or area < AREA_S16,
        op,
        graph,
        f"its window holds {area} elements; {AREA_S16 - 1} is the limit, beyond which a sum of "
        "int16 leaves int32. Split the pool in the model.",
    )


def _lower_pool(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    data, output = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    window = pool_window(op, graph)
    activation = op.option("fused_activation_function")
    kind = {"INT8": "s8", "UINT8": "u8", "INT16": "s16", "FLOAT32": "f32"}[data.dtype.name]
    low: float
    high: float
    if kind != "f32":
        low, high = scaling.activation_range(output, activation)
    else:
        low, high = scaling.float_range(activation)
    params = Params(f"ep_pool_{kind}_t", (("window", window.fields), ("low", low), ("high", high)))
    size = data.dtype.bytes
    first = window.first_elements() * size
    lead = overlap_lead(first, window.in_c * size, 1, in_step=True)
    name = {"AVERAGE_POOL_2D": "average_pool", "MAX_POOL_2D": "max_pool"}[op.kind]
    kernel = f"ep_{name}_{kind}"
    arguments = (params, TensorRef(op.inputs[0]), TensorRef(op.outputs[0]))
    overlaps = (Overlap(op.inputs[0], op.outputs[0], lead),)
    source = "ep_pool_s16" if kind == "s16" else kernel
    return Lowered((Step(op.index, kernel, source, arguments, op.inputs, op.outputs, overlaps),))


POOL_OPTIONS = (
    OptionField("padding", 0, "int8", 0, PADDING),
    OptionField("stride_w", 1, "int32"),
    OptionField("stride_h", 2, "int32"),
    OptionField("filter_width", 3, "int32"),
    OptionField("filter_height", 4, "int32"),
    OptionField("fused_activation_function", 5, "int8", 0, ACTIVATION),
)

_ROW_FACTS = (("AVERAGE_POOL_2D", 1), ("MAX_POOL_2D", 17))

ROWS: tuple[OperatorRow, ...] = (
    *(
        OperatorRow(
            kind=kind,
            code=code,
            options_type=5,
            options=POOL_OPTIONS,
            inputs=(1, 1),
            types=TYPES,
            check=_check_pool,
            lower=_lower_pool,
        )
        for kind, code in _ROW_FACTS
    ),
    mean.ROW,
)
