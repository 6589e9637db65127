"""IF, WHILE, variables and CALL_ONCE: rows of the table of operators.

The reader binds VAR_HANDLE and CALL_ONCE: a variable becomes a tensor that keeps its contents, and
what CALL_ONCE assigns is what it holds at first. Before lowering, `flatten` puts what IF and WHILE
run in their place, between the marks of `CONTROL`.
"""

from __future__ import annotations

from collections.abc import Mapping

from edgepack.compiler.copying import copy_step
from edgepack.compiler.operators.checks import (
    RECONVERT,
    input_tensor,
    output_tensor,
    refuse,
    require,
    tensor_text,
)
from edgepack.compiler.operators.row import Lower, OperatorRow, OptionField
from edgepack.graph import DType, Graph, Operator, Tensor
from edgepack.program import Control, Lowered, LowerSpec, Step, TensorRef

MOST = 256  # tensors that a loop carries
EVERY_TYPE = tuple(dtype.name.lower() for dtype in DType if dtype is not DType.INT4)
SUBGRAPHS: Mapping[str, tuple[str, ...]] = {
    "IF": ("then_subgraph_index", "else_subgraph_index"),
    "WHILE": ("cond_subgraph_index", "body_subgraph_index"),
}
"""The options that name subgraphs."""


def subgraph(op: Operator, graph: Graph, option: str) -> Graph:
    """The graph that an option of the operator names."""
    return graph.subgraphs[int(op.option(option))]


def check_if(op: Operator, graph: Graph) -> None:
    """One bool; both branches take the other inputs and give the outputs."""
    _check_condition(op, graph, input_tensor(op, graph, 0))
    for option in SUBGRAPHS["IF"]:
        branch = subgraph(op, graph, option)
        _check_ends(op, graph, branch, op.inputs[1:], branch.inputs, "inputs")
        _check_ends(op, graph, branch, op.outputs, branch.outputs, "outputs")


def check_while(op: Operator, graph: Graph) -> None:
    """What the loop carries keeps its types and shapes; the condition is one bool."""
    condition = subgraph(op, graph, "cond_subgraph_index")
    body = subgraph(op, graph, "body_subgraph_index")
    require(
        len(op.inputs) == len(op.outputs),
        op,
        graph,
        f"{len(op.inputs)} inputs and {len(op.outputs)} outputs; a loop has as many. {RECONVERT}.",
    )
    _check_ends(op, graph, condition, op.inputs, condition.inputs, "inputs")
    _check_ends(op, graph, body, op.inputs, body.inputs, "inputs")
    _check_ends(op, graph, body, op.outputs, body.outputs, "outputs")
    _check_ends(op, graph, graph, op.inputs, op.outputs, "outputs")
    require(
        len(condition.outputs) == 1,
        op,
        graph,
        f"its condition has {len(condition.outputs)} outputs; it must be one bool. {RECONVERT}.",
    )
    result = condition.tensor(condition.outputs[0])
    _check_condition(op, graph, result)
    require(
        result.data is None or not any(result.data),
        op,
        graph,
        "its condition is always true, so it never ends. Give the loop an end.",
    )


def _check_condition(op: Operator, graph: Graph, condition: Tensor) -> None:
    require(
        condition.dtype is DType.BOOL and condition.elements == 1,
        op,
        graph,
        f"its condition is {tensor_text(condition)}; it must be one bool. {RECONVERT}.",
    )


def _check_ends(
    op: Operator,
    graph: Graph,
    inner: Graph,
    outside: tuple[int, ...],
    inside: tuple[int, ...],
    role: str,
) -> None:
    """As many, and pair by pair of one type and shape."""
    require(
        len(outside) == len(inside) <= MOST,
        op,
        graph,
        f"{len(outside)} {role} outside and {len(inside)} inside; they must be as many, at most "
        f"{MOST}. {RECONVERT}.",
    )
    for a, b in zip(outside, inside, strict=True):
        if a < 0:
            refuse(op, graph, f"an input is left out; all must be there. {RECONVERT}.")
        one, two = graph.tensor(a), inner.tensor(b)
        require(
            (one.dtype, one.shape) == (two.dtype, two.shape),
            op,
            graph,
            f"{tensor_text(one)} outside is {tensor_text(two)} inside; type and shape must agree, "
            "for what a loop or branch hands on may not grow. Give it a fixed size.",
        )


def check_read(op: Operator, graph: Graph) -> None:
    """The output has the variable's type and shape."""
    _check_variable(op, graph, output_tensor(op, graph))


def check_assign(op: Operator, graph: Graph) -> None:
    """The value has the variable's type and shape."""
    _check_variable(op, graph, input_tensor(op, graph, 1))


def _check_variable(op: Operator, graph: Graph, value: Tensor) -> None:
    variable = input_tensor(op, graph, 0)
    require(
        variable.state is not None and value.state is None,
        op,
        graph,
        f"{tensor_text(variable)} is no variable; a VAR_HANDLE must make it. {RECONVERT}.",
    )
    require(
        (variable.dtype, variable.shape) == (value.dtype, value.shape),
        op,
        graph,
        f"{tensor_text(value)} is not of the type and shape of the variable, "
        f"{tensor_text(variable)}; they must agree. {RECONVERT}.",
    )


def check_bound(op: Operator, graph: Graph) -> None:
    """Refused where it stands: the reader takes those out that it can bind."""
    refuse(
        op, graph, f"it stands where it cannot be bound when the model is compiled. {RECONVERT}."
    )


def lower_read(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """A copy: the variable may be assigned before the value is used."""
    return Lowered(steps=(copy_step(op.index, graph, op.inputs[0], op.outputs[0]),))


def lower_assign(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """A copy into the variable."""
    return Lowered(steps=(copy_step(op.index, graph, op.inputs[1], op.inputs[0]),))


def lower_copy(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """What a branch or loop hands on."""
    return Lowered(steps=(copy_step(op.index, graph, op.inputs[0], op.outputs[0]),))


def lower_mark(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """A line of C's control flow; IF and TEST have their condition as the one argument."""
    controls: Mapping[str, Control] = {
        "IF": "if",
        "ELSE": "else",
        "WHILE": "while",
        "TEST": "test",
        "END": "end",
    }
    control = controls[op.kind]
    asks = control in ("if", "test")
    return Lowered(
        steps=(
            Step(
                operator=op.index,
                kernel="",
                source="",
                arguments=(TensorRef(op.inputs[0]),) if asks else (),
                inputs=tuple(t for t in op.inputs if graph.tensor(t).data is None),
                outputs=op.outputs,
                control=control,
            ),
        )
    )


def check_densify(op: Operator, graph: Graph) -> None:
    """A constant, which the reader has made dense, of the output's type and shape."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    require(
        x.data is not None and (x.dtype, x.shape) == (y.dtype, y.shape),
        op,
        graph,
        f"{tensor_text(x)} must be a constant of the type and shape of {tensor_text(y)}. "
        f"{RECONVERT}.",
    )


ROWS = (
    OperatorRow(
        kind="DENSIFY",
        code=124,
        options_type=99,
        inputs=(1, 1),
        types=EVERY_TYPE,
        check=check_densify,
        lower=lower_copy,
        notes="Sparse constants are made dense when the model is read.",
    ),
    OperatorRow(
        kind="IF",
        code=118,
        options_type=92,
        options=(
            OptionField("then_subgraph_index", 0, "int32"),
            OptionField("else_subgraph_index", 1, "int32"),
        ),
        inputs=(1, MOST + 1),
        outputs=(0, MOST),
        types=EVERY_TYPE,
        check=check_if,
        lower=lower_mark,
        notes="Branches and loops become blocks of C; what they hand on keeps its shape.",
    ),
    OperatorRow(
        kind="WHILE",
        code=119,
        options_type=93,
        options=(
            OptionField("cond_subgraph_index", 0, "int32"),
            OptionField("body_subgraph_index", 1, "int32"),
        ),
        inputs=(0, MOST),
        outputs=(0, MOST),
        types=EVERY_TYPE,
        check=check_while,
        lower=lower_mark,
        float_ulp=16384,
        notes="Floats: errors of its body's operators grow from turn to turn. What the body gives "
        "is carried all at once, as in TensorFlow and TFLite Micro; "
        "LiteRT copies one after the other, which differs where the body gives an input of its own "
        "in another place.",
    ),
    OperatorRow(
        kind="CALL_ONCE",
        code=129,
        options_type=103,
        options=(OptionField("init_subgraph_index", 0, "int32"),),
        inputs=(0, 0),
        outputs=(0, 0),
        types=EVERY_TYPE,
        check=check_bound,
        lower=lower_mark,
        notes="It may assign constants, and what is computed from them when the model is read.",
    ),
    OperatorRow(
        kind="VAR_HANDLE",
        code=142,
        options_type=111,
        options=(OptionField("container", 0, "string"), OptionField("shared_name", 1, "string")),
        inputs=(0, 0),
        types=EVERY_TYPE,
        check=check_bound,
        lower=lower_mark,
        notes="A variable is RAM of its own; one that nothing has assigned holds zeros.",
    ),
    OperatorRow(
        kind="READ_VARIABLE",
        code=143,
        options_type=112,
        inputs=(1, 1),
        types=EVERY_TYPE,
        check=check_read,
        lower=lower_read,
    ),
    OperatorRow(
        kind="ASSIGN_VARIABLE",
        code=144,
        options_type=113,
        inputs=(2, 2),
        outputs=(0, 0),
        types=EVERY_TYPE,
        check=check_assign,
        lower=lower_assign,
    ),
)


def _inner(kind: str, lower: Lower = lower_mark) -> OperatorRow:
    return OperatorRow(
        kind=kind,
        code=-1,
        inputs=(0, MOST),
        check=check_bound,
        lower=lower,
    )


CONTROL: Mapping[str, OperatorRow] = {
    row.kind: row
    for row in (*(_inner(kind) for kind in ("ELSE", "TEST", "END")), _inner("COPY", lower_copy))
}
"""What `flatten` puts between operators; no file holds them."""
