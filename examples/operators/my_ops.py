"""A custom operator of one's own: y = a * x + b in int8, halves upwards.

edgepack generate model.tflite --operators my_ops.py -o out
"""

from __future__ import annotations

import math

from edgepack.compiler.operators import OperatorRow, checks
from edgepack.compiler.operators.custom import flexbuffer_options
from edgepack.graph import Graph, Operator
from edgepack.program import Lowered, LowerSpec, Overlap, Params, Step, TensorRef


def check(op: Operator, graph: Graph) -> None:
    """One int8 tensor in, one of its shape out, one scale each."""
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    checks.require_type(op, graph, x, ("int8",))
    checks.require_same_type(op, graph, x, y)
    checks.require_shape(op, graph, y, x.shape)
    checks.require_per_tensor(op, graph, x, y)
    checks.require(
        abs(gain(op, graph)) < 2**14,
        op,
        graph,
        f"its gain is {gain(op, graph):g}; it must lie below 16384. Choose another output scale.",
    )


def gain(op: Operator, graph: Graph) -> float:
    """Steps of the output a step of the input."""
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    return float(op.option("a")) * x.scale / y.scale


def lower(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """One call of affine_s8, in place where the planner likes."""
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    slope = round(gain(op, graph) * 2**16)
    offset = float(op.option("b")) / y.scale + y.zero_point
    params = Params(
        "affine_t",
        (
            ("count", x.elements),
            ("slope", slope),
            ("zero_point", x.zero_point),
            ("offset", math.floor(max(-(2.0**14), min(2.0**14, offset)) * 2**16 + 0.5)),
        ),
    )
    step = Step(
        operator=op.index,
        kernel="affine_s8",
        source="affine_s8",  # affine_s8.h and affine_s8.c, in KERNELS
        arguments=(params, TensorRef(x.index), TensorRef(y.index)),
        inputs=(x.index,),
        outputs=(y.index,),
        overlaps=(Overlap(x.index, y.index),),
    )
    return Lowered(steps=(step,))


ROWS = (
    OperatorRow(
        kind="MyAffine",  # the custom code in the .tflite
        code=32,  # of every custom operator
        custom=flexbuffer_options(a=1.0, b=0.0),
        inputs=(1, 1),
        types=("int8",),
        check=check,
        lower=lower,
    ),
)
