"""What the layers of a Keras model cost on a board, as the compiler predicts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edgepack.board import Board
from edgepack.compress import DataSpec, PruneSpec, QuantizeSpec
from edgepack.compress.quantizing.floatnet import layer_names
from edgepack.compress.spec import Spec
from edgepack.config import CostUnit
from edgepack.errors import UsageError
from edgepack.graph import Graph, Operator
from edgepack.pipeline.compile import compile_model
from edgepack.pipeline.inspection import inspection
from edgepack.results import OperatorFacts

WIDTHS = (2, 4, 8)
Quantised = Callable[[QuantizeSpec, str], Path]
"""The .tflite that a spec makes of the model, under this name."""


@dataclass(frozen=True, slots=True)
class LayerCost:
    """One layer with weights: its Keras name, output channels, and its cost in all."""

    layer: str
    channels: int
    cost: float


def with_costs(spec: Spec, unit: CostUnit, board: Board, quantised: Quantised) -> Spec:
    """The spec with `costs` in `unit`: of a channel for pruning, of each width for quantising.

    UsageError where the stage has no costs, or no data to quantise a trial on.
    """
    if isinstance(spec, PruneSpec):
        int8 = _trial(spec.data, 8, spec)
        found = layer_costs(quantised(int8, "costs"), board, unit)
        return replace(spec, costs={row.layer: row.cost / row.channels for row in found})
    if isinstance(spec, QuantizeSpec):
        costs: dict[str, dict[str, float]] = {}
        for bits in WIDTHS:
            trial = replace(_trial(spec.data, bits, spec), samples=spec.samples)
            for row in layer_costs(quantised(trial, f"costs-{bits}"), board, unit):
                costs.setdefault(row.layer, {})[str(bits)] = row.cost
        return replace(spec, costs=costs)
    raise UsageError("costs: are for prune and quantize; leave them out of this step")


def _trial(data: DataSpec | None, bits: int, spec: PruneSpec | QuantizeSpec) -> QuantizeSpec:
    if data is None:
        raise UsageError(
            "costs: the layers are quantised on samples to be compiled; name them as `data`"
        )
    return QuantizeSpec(data=data, weights=bits, seed=spec.seed, trust_model=spec.trust_model)


def layer_costs(model: Path, board: Board, unit: CostUnit) -> tuple[LayerCost, ...]:
    """The cost of each layer with weights: predicted instructions, or bytes of its constants."""
    compiled = compile_model(model, board)
    facts = {row.operator: row for row in inspection(compiled).operators}
    return tuple(_layers(compiled.original, facts, unit))


def _layers(
    graph: Graph, facts: Mapping[int, OperatorFacts], unit: CostUnit
) -> Iterator[LayerCost]:
    for operator in graph.operators:
        row = facts.get(operator.index)
        names = layer_names(_paths(graph, operator))
        if row is not None and names and row.macs:
            channels = graph.tensor(operator.outputs[0]).shape[-1]
            yield LayerCost(names[0], channels, _cost(row, unit))


def _paths(graph: Graph, operator: Operator) -> list[str]:
    """Names of constant operands with weights, then of outputs."""
    weights = [i for i in operator.inputs[1:2] if i >= 0 and graph.tensor(i).data is not None]
    return [graph.tensor(i).name for i in (*weights, *operator.outputs)] if weights else []


def _cost(row: OperatorFacts, unit: CostUnit) -> float:
    if unit == "flash":
        return float(row.weights + row.tables)
    return float(next((p.value for p in row.predicted if p.unit == "instructions"), row.macs))
