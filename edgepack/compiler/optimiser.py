"""Rewrites of a graph that leave every output's bits as they are.

Each pass is a function Graph -> Graph; `optimise` repeats them until nothing changes. Tensors keep
their numbers and operators their `index`; what is unused merely loses its operator.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from edgepack.compiler.channels import remove_channels
from edgepack.compiler.dilation import fold_dilation
from edgepack.compiler.folding import fold_constants
from edgepack.compiler.operators.control import SUBGRAPHS
from edgepack.compiler.padding import fold_padding
from edgepack.compiler.rewrite import consumers, replace_tensor, single_consumer, with_operators
from edgepack.compiler.signed_bytes import signed_bytes
from edgepack.graph import ABSENT, DType, Graph, Operator, Tensor

_SAME_BYTES = frozenset({"RESHAPE", "SQUEEZE", "EXPAND_DIMS"})
_CLAMPS: Mapping[str, tuple[float | None, float | None]] = {
    "RELU": (0.0, None),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
}
_FUSING = frozenset(
    {
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "FULLY_CONNECTED",
        "ADD",
        "SUB",
        "MUL",
        "AVERAGE_POOL_2D",
        "MAX_POOL_2D",
    }
)


def optimise(graph: Graph) -> Graph:
    """The same function in fewer operators: every output keeps its bits."""
    passes: tuple[Callable[[Graph], Graph], ...] = (
        fold_constants,
        remove_identities,
        fold_dilation,
        fuse_activations,
        fold_padding,
        remove_dead,
        remove_channels,
    )
    inner = tuple(optimise(subgraph) for subgraph in graph.subgraphs)
    graph = signed_bytes(dataclasses.replace(graph, subgraphs=inner))
    while True:
        before = graph.operators
        for rewrite in passes:
            graph = rewrite(graph)
        if graph.operators == before:
            return graph


def remove_dead(graph: Graph) -> Graph:
    """Without the operators that no output of the model depends on, now or in later inferences.

    An operator that touches a tensor which keeps its contents may change it: it stays as long as
    another needed one touches that tensor, and in any case where other subgraphs may.
    """
    changes: dict[int, list[int]] = defaultdict(list)  # tensor to the operators that change it
    for place, operator in enumerate(graph.operators):
        kept = (t for t in operator.inputs if t != ABSENT and graph.tensor(t).state is not None)
        for tensor in (*operator.outputs, *kept):
            changes[tensor].append(place)
    needed: set[int] = {p for p, o in enumerate(graph.operators) if _has_effects(o, graph)}
    queue = [*graph.outputs, *(t for place in needed for t in graph.operators[place].inputs)]
    while queue:
        for place in changes.pop(queue.pop(), ()):
            if place not in needed:
                needed.add(place)
                queue += graph.operators[place].inputs
    return with_operators(graph, [graph.operators[place] for place in sorted(needed)])


def _has_effects(operator: Operator, graph: Graph) -> bool:
    """Whether it may change what others than its outputs' readers see."""
    options = [operator.option(name) for name in SUBGRAPHS.get(operator.kind, ())]
    inner = [graph.subgraphs[number] for number in options]
    return operator.kind == "ASSIGN_VARIABLE" or any(
        tensor.state is not None for subgraph in inner for tensor in _all_tensors(subgraph)
    )


def _all_tensors(graph: Graph) -> Iterator[Tensor]:
    yield from graph.tensors
    for subgraph in graph.subgraphs:
        yield from _all_tensors(subgraph)


def remove_identities(graph: Graph) -> Graph:
    """Without operators whose output always equals their input.

    An operator that makes an output of the model stays, for the output has a place of its own.
    """
    while True:
        idle = next((o for o in graph.operators if _is_removable(o, graph)), None)
        if idle is None:
            return graph
        kept = [other for other in graph.operators if other is not idle]
        graph = replace_tensor(with_operators(graph, kept), idle.outputs[0], idle.inputs[0])


def _is_removable(operator: Operator, graph: Graph) -> bool:
    return _is_identity(operator, graph) and operator.outputs[0] not in graph.outputs


def _is_identity(operator: Operator, graph: Graph) -> bool:
    if operator.kind not in {*_SAME_BYTES, *_CLAMPS, "QUANTIZE"}:
        return False
    x, y = graph.tensor(operator.inputs[0]), graph.tensor(operator.outputs[0])
    if not x.in_arena or not _same_values(x, y):
        return False
    if operator.kind in _SAME_BYTES:
        return x.shape == y.shape
    if operator.kind in _CLAMPS:
        return x.dtype is DType.INT8 and _clamp_is_idle(operator.kind, x)
    return x.dtype is DType.INT8


def _same_values(x: Tensor, y: Tensor) -> bool:
    return x.dtype is y.dtype and x.quantization == y.quantization


def _clamp_is_idle(kind: str, tensor: Tensor) -> bool:
    """Whether the clamp's bounds lie at the ends of int8 or beyond."""
    if tensor.quantization is None or tensor.quantization.per_channel:
        return False
    low, high = _CLAMPS[kind]
    lowest = -128 if low is None else tensor.zero_point + _steps(low, tensor.scale)
    highest = 127 if high is None else tensor.zero_point + _steps(high, tensor.scale)
    return lowest <= -128 and highest >= 127


def _steps(value: float, scale: float) -> int:
    """round(value / scale), halves away from zero, as TFLite rounds an activation's bound."""
    import numpy as np

    quotient = float(np.float32(value) / np.float32(scale))
    return int(quotient + 0.5) if quotient >= 0 else -int(-quotient + 0.5)


def fuse_activations(graph: Graph) -> Graph:
    """A clamp of what another operator makes, for this alone, becomes that operator's own.

    Only where both tensors have the same quantisation (or none): then rescaling is the identity.
    """
    by_output = {output: op for op in graph.operators for output in op.outputs}
    uses = consumers(graph)
    changed: dict[int, Operator | None] = {}
    for clamp in graph.operators:
        if clamp.kind not in _CLAMPS or id(by_output.get(clamp.inputs[0])) in changed:
            continue
        maker = by_output.get(clamp.inputs[0])
        if maker is None or not _fuses(maker, clamp, graph, uses):
            continue
        options = {**maker.options, "fused_activation_function": clamp.kind}
        changed[id(clamp)] = None
        changed[id(maker)] = dataclasses.replace(maker, options=options, outputs=clamp.outputs)
    return with_operators(graph, _changed(graph.operators, changed))


def _fuses(
    maker: Operator, clamp: Operator, graph: Graph, uses: Mapping[int, list[Operator]]
) -> bool:
    x, y = graph.tensor(clamp.inputs[0]), graph.tensor(clamp.outputs[0])
    return (
        maker.kind in _FUSING
        and maker.options.get("fused_activation_function") == "NONE"
        and single_consumer(graph, uses, x.index)
        and _same_values(x, y)
        and x.dtype in (DType.INT8, DType.INT16, DType.FLOAT32)
    )


def _changed(
    operators: Iterable[Operator], changed: Mapping[int, Operator | None]
) -> Iterable[Operator]:
    for operator in operators:
        new = changed.get(id(operator), operator)
        if new is not None:
            yield new
