"""The LSTM operator's basic kernel: all gates' weights in one matrix, over a single step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.copying import copy_step
from edgepack.compiler.operators import checks
from edgepack.compiler.operators.lstm_weights import Sizes, const
from edgepack.compiler.operators.sequences import walk_of
from edgepack.graph import Graph, Operator
from edgepack.program import Lowered, Params, Scalar, Scratch, Step, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

DATA, STATE, WEIGHTS, BIAS, CELLS = range(5)  # places of the inputs
OUTPUT, CELLS_OUT = range(2)  # of the outputs that are made; two more are TFLite's scratch
GATES = (2, 1, 3, 0)  # TFLite has input, cell, forget, output; kernels forget, cell, output, input


def check(op: Operator, graph: Graph) -> None:
    """Float types, shapes and options as TFLite's basic kernel takes them."""
    checks.require(
        len(op.inputs) == 5 and len(op.outputs) == 4,
        op,
        graph,
        f"it has {len(op.inputs)} inputs and {len(op.outputs)} outputs; the basic kernel has 5 "
        f"and 4. {checks.RECONVERT}.",
    )
    data = checks.input_tensor(op, graph, DATA)
    checks.require_type(op, graph, data, ("float32",))
    weights, bias = (checks.require_constant(op, graph, place) for place in (WEIGHTS, BIAS))
    states = [checks.require_state(op, graph, place) for place in (STATE, CELLS)]
    outputs = [checks.output_tensor(op, graph, place) for place in (OUTPUT, CELLS_OUT)]
    checks.require_same_type(op, graph, data, weights, bias, *states, *outputs)
    for tensor in (data, weights, states[0]):
        checks.require_rank(op, graph, tensor, 2, 2)
    (batches, inputs), units = data.shape, states[0].shape[1]
    checks.require_shape(op, graph, weights, (4 * units, inputs + units))
    checks.require_shape(op, graph, bias, (4 * units,))
    for tensor in (*states, *outputs):
        checks.require_shape(op, graph, tensor, (batches, units))
    activation = op.option("fused_activation_function")
    clips = (op.option("cell_clip"), op.option("proj_clip"))
    checks.require(
        activation == "TANH" and clips == (0.0, 0.0),
        op,
        graph,
        f"its activation is {activation} and it clips at {clips[0]} and {clips[1]}; the basic "
        f"kernel takes TANH and 0. {checks.RECONVERT}.",
    )
    _check_scratch(op, graph)


def _check_scratch(op: Operator, graph: Graph) -> None:
    """Nothing reads the outputs that are TFLite's scratch."""
    read = {index for each in graph.operators for index in each.inputs} | set(graph.outputs)
    checks.require(
        not read & set(op.outputs[2:]),
        op,
        graph,
        "its third or fourth output is read, which holds what TFLite's kernel leaves over. Use the "
        "first two only.",
    )


def lower(op: Operator, graph: Graph) -> Lowered:
    """The kernel of the full LSTM; then a copy of its cells."""
    data, state = (checks.input_tensor(op, graph, place) for place in (DATA, STATE))
    units, inputs = state.shape[1], data.shape[1]
    sizes = Sizes(data.shape[0], 1, inputs, units, units, 4)
    cells, output = op.inputs[CELLS], op.outputs[OUTPUT]
    matrix = _by_gate(op, graph, WEIGHTS, units).transpose(1, 2, 0)
    arguments = (
        Params("ep_lstm_t", sizes.fields(walk_of(data, False))),
        Scalar("float", 0.0),
        Scalar("float", 0.0),
        TensorRef(data.index),
        const("weights", "float", matrix),
        const("bias", "float", _by_gate(op, graph, BIAS, units).T),
        None,
        None,
        None,
        TensorRef(state.index),
        TensorRef(cells),
        Scratch(4 * units),
        TensorRef(output),
    )
    reads = (state.index, cells) if data.data is not None else (data.index, state.index, cells)
    writes = (output, state.index, cells)
    kernel = "ep_lstm_f32"
    step = Step(op.index, kernel, kernel, arguments, reads, writes, macs=sizes.macs)
    return Lowered((step, copy_step(op.index, graph, cells, op.outputs[CELLS_OUT])))


def _by_gate(op: Operator, graph: Graph, place: int, units: int) -> NDArray[np.generic]:
    """[gates, units, ...] in the kernel's order of gates."""
    values = checks.input_tensor(op, graph, place).array()
    return values.reshape(4, units, *values.shape[1:])[list(GATES)]
