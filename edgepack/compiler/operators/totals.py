"""Sums of int8 elements in another scale, as TFLite Micro takes them (ADD_N, CUMSUM)."""

from __future__ import annotations

from edgepack.compiler.fixed_point import quantize_multiplier
from edgepack.compiler.operators import checks
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import Params

SHIFT = 20  # TFLite Micro's kAddNIntegerShift and kCumSumIntegerShift


def _ratio(data: Tensor, output: Tensor) -> float:
    return 2 * data.scale / (float(2**SHIFT) * output.scale)


def check(op: Operator, graph: Graph, data: Tensor, output: Tensor) -> None:
    """One scale each, and a ratio that TFLite Micro takes."""
    checks.require_per_tensor(op, graph, data, output)
    checks.require(
        _ratio(data, output) < 1.0,
        op,
        graph,
        f"the scale of {checks.tensor_text(data)} is more than 2^{SHIFT - 1} times that of its "
        "output. Quantise the model again with representative data.",
    )


def params(data: Tensor, output: Tensor) -> Params:
    """The kernels' `ep_total_t`."""
    multiplier = quantize_multiplier(_ratio(data, output))
    fields = (
        ("mantissa", multiplier.mantissa),
        ("right", -multiplier.shift),
        ("zero_x", data.zero_point),
        ("zero", output.zero_point),
    )
    return Params("ep_total_t", fields)
