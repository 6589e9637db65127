"""What the rows' checks have in common: refusals that name the operator, and constants."""

from __future__ import annotations

from typing import NoReturn

from edgepack.errors import ModelError
from edgepack.graph import Graph, Operator, Tensor


def label(operator: Operator, graph: Graph) -> str:
    """How messages name an operator: `op 7 PAD 'block1/pad'`, after its first output."""
    return f"op {operator.index} {operator.kind} {graph.tensor(operator.outputs[0]).name!r}"


def refuse(operator: Operator, graph: Graph, problem: str) -> NoReturn:
    """Raise ModelError: the operator, what is wrong with it and the next step."""
    raise ModelError(f"{label(operator, graph)}: {problem}")


def require(condition: bool, operator: Operator, graph: Graph, problem: str) -> None:
    """Refuse the operator unless the condition holds."""
    if not condition:
        refuse(operator, graph, problem)


def input_tensor(operator: Operator, graph: Graph, place: int = 0) -> Tensor:
    """The operator's input at that place."""
    return graph.tensor(operator.inputs[place])


def output_tensor(operator: Operator, graph: Graph, place: int = 0) -> Tensor:
    """The operator's output at that place."""
    return graph.tensor(operator.outputs[place])


def require_type(operator: Operator, graph: Graph, tensor: Tensor, names: tuple[str, ...]) -> None:
    """Refuse the operator unless the tensor has one of these types ("int8", "float32")."""
    name = tensor.dtype.name.lower()
    require(
        name in names,
        operator,
        graph,
        f"{tensor.name!r} is {name}, known here: {', '.join(names)}; convert the model so",
    )


def require_shape(
    operator: Operator, graph: Graph, tensor: Tensor, shape: tuple[int, ...]
) -> None:
    """Refuse the operator unless the tensor has that shape."""
    require(
        tensor.shape == shape,
        operator,
        graph,
        f"{tensor.name!r} has shape {list(tensor.shape)}, its inputs make {list(shape)}; "
        "the file is damaged, convert the model again",
    )


def require_quantized(operator: Operator, graph: Graph, *tensors: Tensor) -> None:
    """Refuse the operator unless each tensor has one scale and one zero point its type holds."""
    for tensor in tensors:
        quantization = tensor.quantization
        require(
            quantization is not None and not quantization.per_channel,
            operator,
            graph,
            f"{tensor.name!r} needs one scale and one zero point; quantise the model again",
        )


def constant_ints(operator: Operator, graph: Graph, place: int, what: str) -> tuple[int, ...]:
    """The values of a constant integer input, flat, as Python integers.

    Raises ModelError where the input is computed by the model, or is no int32 or int64.
    """
    tensor = input_tensor(operator, graph, place)
    require(
        tensor.data is not None,
        operator,
        graph,
        f"its {what} ({tensor.name!r}) is computed by the model; edgepack needs a constant: "
        "fix the shapes (batch 1) when converting",
    )
    require_type(operator, graph, tensor, ("int32", "int64"))
    return tuple(int(value) for value in tensor.array().reshape(-1))


def normal_axis(operator: Operator, graph: Graph, axis: int, rank: int) -> int:
    """An axis counted from the front; a negative one counts from the back."""
    require(
        -rank <= axis < rank,
        operator,
        graph,
        f"axis {axis} is outside of {rank} dimensions; the file is damaged, convert it again",
    )
    return axis % rank
