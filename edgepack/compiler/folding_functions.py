"""Functions, comparisons and choices of constants whose results IEEE arithmetic makes certain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from edgepack.graph import Graph, Operator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def _float(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    """Functions of single floats that round once, or twice as the kernel does; finite results."""
    import numpy as np

    if any(array.dtype != np.float32 for array in arrays):
        raise ValueError(op.kind)
    if op.options.get("fused_activation_function", "NONE") != "NONE":
        raise ValueError(op.kind)
    one = np.float32(1)
    functions: Mapping[str, Callable[..., Array]] = {
        "ABS": np.abs,
        "NEG": np.negative,
        "FLOOR": np.floor,
        "SQUARE": lambda x: x * x,
        "SQRT": np.sqrt,
        "RSQRT": lambda x: one / np.sqrt(x),
        "DIV": np.divide,
        "SQUARED_DIFFERENCE": lambda a, b: (a - b) * (a - b),
    }
    with np.errstate(all="ignore"):
        result = np.asarray(functions[op.kind](*arrays))
    if not np.isfinite(result).all():
        raise ValueError(op.kind)
    return [result]


def _comparison(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    """Of stored numbers that have no scale."""
    import numpy as np

    if arrays[0].dtype not in (np.int32, np.int64, np.float32):
        raise ValueError(op.kind)
    functions: Mapping[str, Callable[..., Array]] = {
        "EQUAL": np.equal,
        "NOT_EQUAL": np.not_equal,
        "LESS": np.less,
        "LESS_EQUAL": np.less_equal,
        "GREATER": np.greater,
        "GREATER_EQUAL": np.greater_equal,
    }
    return [np.asarray(functions[op.kind](*arrays))]


def _logic(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    import numpy as np

    functions: Mapping[str, Callable[..., Array]] = {
        "LOGICAL_AND": np.logical_and,
        "LOGICAL_OR": np.logical_or,
        "LOGICAL_NOT": np.logical_not,
    }
    return [np.asarray(functions[op.kind](*arrays))]


def _choice(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    import numpy as np

    condition, one, two = arrays
    if one.dtype != two.dtype or condition.dtype != np.bool_:
        raise ValueError(op.kind)
    return [np.where(condition, one, two)]


_BY_FUNCTION = (
    (_float, ("ABS", "NEG", "FLOOR", "SQUARE", "SQRT", "RSQRT", "DIV", "SQUARED_DIFFERENCE")),
    (_comparison, ("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL")),
    (_logic, ("LOGICAL_AND", "LOGICAL_OR", "LOGICAL_NOT")),
    (_choice, ("SELECT_V2",)),
)
EVALUATORS: Mapping[str, Callable[..., Sequence[Any]]] = {
    kind: function for function, kinds in _BY_FUNCTION for kind in kinds
}
