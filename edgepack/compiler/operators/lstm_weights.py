"""What an LSTM's inputs are, and how the kernels want its weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.operators import checks
from edgepack.compiler.operators.sequences import Walk, walk_of
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import Const, FieldValue

if TYPE_CHECKING:
    from numpy.typing import NDArray

INPUT = 0


class Gate:
    """Places of single inputs in TFLite's full LSTM."""

    PROJECTION = 16
    PROJECTION_BIAS = 17
    STATE = 18
    CELLS = 19


# Places of each gate's inputs, in the kernels' order: forget, cell, output, input.
WEIGHTS = (2, 3, 4, 1)
RECURRENT = (6, 7, 8, 5)
PEEPHOLES = (10, -1, 11, 9)  # the cell gate has none
BIASES = (13, 14, 15, 12)
COEFFICIENTS = (20, 21, 22, 23)  # of layer normalisation


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of an LSTM over `steps` of a sequence."""

    batches: int
    steps: int
    inputs: int
    cells: int
    outputs: int
    gates: int  # 3 where the input gate is the forget gate's complement

    @property
    def macs(self) -> int:
        """Multiply-accumulates of a whole sequence, the projection left out."""
        each = self.gates * self.cells * (self.inputs + self.outputs)
        return self.batches * self.steps * each

    def fields(self, walk: Walk) -> tuple[tuple[str, FieldValue], ...]:
        """The fields of `ep_lstm_t`."""
        names = ("batches", "steps", "inputs", "cells", "outputs", "gates")
        own = tuple((name, getattr(self, name)) for name in names)
        return (*own, *walk.fields(self.inputs, self.outputs))


def sizes_of(op: Operator, graph: Graph) -> Sizes:
    """The sizes, from the input and the weights of the output gate."""
    data = checks.input_tensor(op, graph, INPUT)
    weights = checks.require_constant(op, graph, WEIGHTS[2])
    recurrent = checks.require_constant(op, graph, RECURRENT[2])
    for tensor in (weights, recurrent):
        checks.require_rank(op, graph, tensor, 2, 2)
    walk = walk_of(data, op.option("time_major"))
    gates = 3 if checks.optional_input(op, graph, WEIGHTS[3]) is None else 4
    inputs, cells, outputs = data.shape[-1], weights.shape[0], recurrent.shape[1]
    return Sizes(walk.batches, walk.steps, inputs, cells, outputs, gates)


def is_hybrid(op: Operator, graph: Graph) -> bool:
    """Whether the input is float32 and the weights are int8."""
    data = checks.input_tensor(op, graph, INPUT)
    weights = checks.input_tensor(op, graph, WEIGHTS[2])
    return data.dtype.name == "FLOAT32" and weights.dtype.name == "INT8"


def check_weights(op: Operator, graph: Graph, sizes: Sizes) -> None:
    """Shapes and types of all weights, biases and states."""
    real, cells = checks.input_tensor(op, graph, INPUT).dtype.name.lower(), (sizes.cells,)
    integer = real != "float32"
    kind = "int8" if integer or is_hybrid(op, graph) else "float32"
    bias = {"int8": "int32", "int16": "int64"}.get(real, "float32")
    for places, shape, dtype in (
        (WEIGHTS, (sizes.cells, sizes.inputs), kind),
        (RECURRENT, (sizes.cells, sizes.outputs), kind),
        (BIASES, cells, bias),
    ):
        for place in places[: sizes.gates]:
            _require(op, graph, place, shape, dtype)
    _check_optional(op, graph, sizes, kind)
    state, values = (checks.require_state(op, graph, n) for n in (Gate.STATE, Gate.CELLS))
    for tensor, width, dtype in (
        (state, sizes.outputs, real),
        (values, sizes.cells, "int16" if integer else "float32"),
    ):
        checks.require_type(op, graph, tensor, (dtype,))
        if tensor.elements != sizes.batches * width:
            checks.require_shape(op, graph, tensor, (sizes.batches, width))


def _check_optional(op: Operator, graph: Graph, sizes: Sizes, kind: str) -> None:
    """Peepholes are there all or none; without a projection, outputs are cells."""
    integer = checks.input_tensor(op, graph, INPUT).dtype.name == "INT8"
    peepholes = [place for place in PEEPHOLES[: sizes.gates] if place >= 0]
    present = [checks.optional_input(op, graph, place) is not None for place in peepholes]
    checks.require(
        all(present) or not any(present),
        op,
        graph,
        f"some of its gates have a peephole and some have none. {checks.RECONVERT}.",
    )
    if any(present):
        for place in peepholes:
            _require(op, graph, place, (sizes.cells,), "int16" if integer else kind)
    if sizes.gates == 3:
        spare = (RECURRENT[3], PEEPHOLES[3], BIASES[3])
        checks.require(
            all(checks.optional_input(op, graph, place) is None for place in spare),
            op,
            graph,
            f"its input gate has no weights for the input, but others. {checks.RECONVERT}.",
        )
    if checks.optional_input(op, graph, Gate.PROJECTION) is not None:
        shape = (sizes.outputs, sizes.cells)
        _require(op, graph, Gate.PROJECTION, shape, kind)
        if checks.optional_input(op, graph, Gate.PROJECTION_BIAS) is not None:
            dtype = "int32" if integer else "float32"
            _require(op, graph, Gate.PROJECTION_BIAS, (sizes.outputs,), dtype)
    else:
        checks.require(
            sizes.outputs == sizes.cells,
            op,
            graph,
            f"it has {sizes.outputs} outputs and {sizes.cells} cells, but no projection. "
            f"{checks.RECONVERT}.",
        )
    checks.require(
        not any(present) or sizes.outputs == sizes.cells or not integer,
        op,
        graph,
        "its cells have peepholes and a projection to another width, for which TFLite's int8 "
        "kernel reads too few of them. Leave out one of the two.",
    )


def _require(op: Operator, graph: Graph, place: int, shape: tuple[int, ...], dtype: str) -> None:
    tensor = checks.require_constant(op, graph, place)
    checks.require_type(op, graph, tensor, (dtype,))
    checks.require_shape(op, graph, tensor, shape)


def gate_tensors(
    op: Operator, graph: Graph, sizes: Sizes, places: Sequence[int]
) -> tuple[Tensor, ...]:
    """One input of each gate that has it (no place is negative then)."""
    return tuple(
        checks.input_tensor(op, graph, place) for place in places[: sizes.gates] if place >= 0
    )


def const(stem: str, ctype: str, values: NDArray[np.generic]) -> Const:
    """A constant that counts as weights."""
    return Const(stem, ctype, np.ascontiguousarray(values).tobytes(), "weights")


def weights(op: Operator, graph: Graph, sizes: Sizes) -> Const:
    """[cells]{[inputs][gates], [outputs][gates]}, flat."""
    parts = [
        np.stack([t.array() for t in gate_tensors(op, graph, sizes, places)], axis=2)
        for places in (WEIGHTS, RECURRENT)
    ]
    flat = np.concatenate([part.reshape(sizes.cells, -1) for part in parts], axis=1)
    return const("weights", "float" if flat.dtype == np.float32 else "int8_t", flat)


def gates_vector(
    op: Operator, graph: Graph, sizes: Sizes, places: Sequence[int]
) -> NDArray[np.generic]:
    """[cells, gates] of a vector that each gate has."""
    return np.stack([t.array() for t in gate_tensors(op, graph, sizes, places)], axis=1)


def peephole(op: Operator, graph: Graph, sizes: Sizes) -> Const | None:
    """[cells, 4], zeros where a gate has none; None where no gate has one."""
    if checks.optional_input(op, graph, PEEPHOLES[0]) is None:
        return None
    first = checks.input_tensor(op, graph, PEEPHOLES[0])
    values = np.zeros((sizes.cells, 4), first.dtype.numpy)
    for gate, place in enumerate(PEEPHOLES[: sizes.gates]):
        if place >= 0:
            values[:, gate] = checks.input_tensor(op, graph, place).array()
    return const("peephole", first.dtype.ctype, values)


def projection(
    op: Operator, graph: Graph, sizes: Sizes, bias: NDArray[np.generic] | None = None
) -> tuple[Const | None, Const | None]:
    """The projection's weights and its bias (or the given one); None where there is none."""
    matrix = checks.optional_input(op, graph, Gate.PROJECTION)
    if matrix is None:
        return None, None
    if bias is None:
        given = checks.optional_input(op, graph, Gate.PROJECTION_BIAS)
        bias = np.zeros(sizes.outputs, "<f4") if given is None else given.array()
    ctype = "float" if bias.dtype == np.float32 else "int32_t"
    return const("projection", matrix.dtype.ctype, matrix.array()), const("bias_p", ctype, bias)
