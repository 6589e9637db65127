"""IF, WHILE, variables and CALL_ONCE against the reference interpreter."""

from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.emulated import check_on_board
from tests.kernels.harness import Case, run_cases
from tests.kernels.oracle_check import check
from tests.tflite_builder import ModelBuilder

F = "float32"


def both(model: bytes, inputs: list[np.ndarray], label: str = "") -> list[Case]:
    """The case as the file has it, and optimised."""
    return [Case(model, inputs, label=label, optimise=o) for o in (False, True)]


def floats(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def branch(b: ModelBuilder, kind: str, shape=(1, 4)) -> int:
    """x -> kind(x, x)."""
    g = b.subgraph()
    x, y = g.tensor(shape, F), g.tensor(shape, F)
    g.operator(kind, [x, x], [y])
    return g.close([x], [y], kind.lower())


def if_model() -> bytes:
    b = ModelBuilder()
    c, x = b.tensor((1,), "bool"), b.tensor((1, 4), F)
    y, z = b.tensor((1, 4), F), b.tensor((1, 4), F)
    numbers = branch(b, "ADD"), branch(b, "MUL")
    b.operator("IF", [c, x], [y], then_subgraph_index=numbers[0], else_subgraph_index=numbers[1])
    b.operator("ADD", [y, x], [z])
    return b.build([c, x], [z, y])


def carried(b: ModelBuilder) -> list[int]:
    """i, n, a, b."""
    return [*(b.tensor((1,), "int32") for _ in "in"), *(b.tensor((1, 3), F) for _ in "ab")]


def loop_model(swap: bool = False) -> bytes:
    """Carries i, a, b while i < n: i + 1 and (a + b, a) or (b, a)."""
    b = ModelBuilder()
    cond, body = b.subgraph(), b.subgraph()
    ends, inside, outs = carried(cond), carried(body), carried(b)
    less = cond.tensor((1,), "bool")
    cond.operator("LESS", ends[:2], [less])
    one, next_i = body.tensor((1,), "int32", data=[1]), body.tensor((1,), "int32")
    total = body.tensor((1, 3), F)
    body.operator("ADD", [inside[0], one], [next_i])
    if not swap:
        body.operator("ADD", inside[2:], [total])
    numbers = {
        "cond_subgraph_index": cond.close(ends, [less], "cond"),
        "body_subgraph_index": body.close(
            inside, [next_i, inside[1], inside[3] if swap else total, inside[2]], "body"
        ),
    }
    zero = b.tensor((1,), "int32", data=[0])
    inputs = carried(b)[1:]
    b.operator("WHILE", [zero, *inputs], outs, **numbers)
    return b.build(inputs, [outs[2], outs[0], outs[3]])


def test_if_runs_one_branch() -> None:
    check(both(if_model(), [np.array([True, False, True]), floats(3, 4)]))


@pytest.mark.parametrize("swap", [False, True])
def test_while_carries_all_at_once(swap: bool) -> None:
    """LiteRT copies one after the other, so that it loses what is exchanged: not the oracle."""
    n = np.array([0, 1, 7], np.int32)
    a, b = floats(3, 3), floats(3, 3, seed=1)
    for answer in run_cases(both(loop_model(swap), [n, a, b])):
        for row, turns in enumerate(n):
            one, two = a[row], b[row]
            for _ in range(turns):
                one, two = (two if swap else one + two), one
            np.testing.assert_array_equal(answer[0][row], one)
            np.testing.assert_array_equal(answer[1], n)
            np.testing.assert_array_equal(answer[2][row], two)


def test_weights_that_a_loop_hands_through_are_constants() -> None:
    b = ModelBuilder()
    cond, body = b.subgraph(), b.subgraph()
    shapes = [((1,), "int32"), ((1, 3), F), ((3, 3), F)]
    ends, inside = ([g.tensor(*s) for s in shapes] for g in (cond, body))
    less, limit = cond.tensor((1,), "bool"), cond.tensor((1,), "int32", data=[4])
    cond.operator("LESS", [ends[0], limit], [less])
    one, next_i = body.tensor((1,), "int32", data=[1]), body.tensor((1,), "int32")
    made = body.tensor((1, 3), F)
    body.operator("ADD", [inside[0], one], [next_i])
    body.operator("FULLY_CONNECTED", [inside[1], inside[2]], [made])
    numbers = {
        "cond_subgraph_index": cond.close(ends, [less]),
        "body_subgraph_index": body.close(inside, [next_i, made, inside[2]]),
    }
    zero, x = b.tensor((1,), "int32", data=[0]), b.tensor((1, 3), F)
    weights = b.tensor((3, 3), F, data=floats(3, 3, seed=2))
    outs = [b.tensor(*s) for s in shapes]
    again = b.tensor((1, 3), F)
    b.operator("WHILE", [zero, x, weights], outs, **numbers)
    b.operator("FULLY_CONNECTED", [outs[1], outs[2]], [again])
    check(both(b.build([x], [again, outs[1]]), [floats(2, 3)]))


@pytest.mark.parametrize("next_step", [1, 2])
def test_a_list_that_a_loop_writes(next_step: int) -> None:
    """As the converter lowers TensorListSetItem; the place behind the item must be the next."""
    b = ModelBuilder()
    cond, body = b.subgraph(), b.subgraph()
    shapes = [((), "int32"), ((5, 1, 2), F), ((1, 2), F)]
    ends, inside, outs = ([g.tensor(*s) for s in shapes] for g in (cond, body, b))
    less, limit = cond.tensor((), "bool"), cond.tensor((), "int32", data=5)
    cond.operator("LESS", [ends[0], limit], [less])

    def ints(*values: int) -> int:
        return body.tensor((len(values),), "int32", data=values)

    one, next_i, behind_i = (body.tensor((), "int32", data=v) for v in (1, None, None))
    step = body.tensor((), "int32", data=next_step)
    double, item = body.tensor((1, 2), F), body.tensor((1, 1, 2), F)
    heads = [body.tensor((1,), "int32") for _ in range(2)]
    size, start = body.tensor((3,), "int32"), body.tensor((3,), "int32")
    parts = [body.tensor((1, 1, 2), F, signature=(-1, 1, 2)) for _ in range(2)]
    made = body.tensor((5, 1, 2), F)
    body.operator("ADD", [inside[0], one], [next_i])
    body.operator("ADD", [inside[0], step], [behind_i])
    body.operator("ADD", [inside[2], inside[2]], [double])
    body.operator("RESHAPE", [double, ints(1, 1, 2)], [item])
    body.operator("RESHAPE", [inside[0], ints(1)], [heads[0]])
    body.operator("CONCATENATION", [heads[0], ints(-1, -1)], [size], axis=0)
    body.operator("SLICE", [inside[1], ints(0, 0, 0), size], [parts[0]])
    body.operator("RESHAPE", [behind_i, ints(1)], [heads[1]])
    body.operator("CONCATENATION", [heads[1], ints(0, 0)], [start], axis=0)
    body.operator("SLICE", [inside[1], start, ints(-1, -1, -1)], [parts[1]])
    body.operator("CONCATENATION", [parts[0], item, parts[1]], [made], axis=0)
    numbers = {
        "cond_subgraph_index": cond.close(ends, [less]),
        "body_subgraph_index": body.close(inside, [next_i, made, double]),
    }
    zero, x = b.tensor((), "int32", data=0), b.tensor((1, 2), F)
    empty = b.tensor((5, 1, 2), F, data=floats(5, 1, 2, seed=5))
    b.operator("WHILE", [zero, empty, x], outs, **numbers)
    model = b.build([x], [outs[1]])
    if next_step == 1:
        check(both(model, [floats(2, 2)]))
    else:
        with pytest.raises(ModelError, match="SLICE"):
            read_model(model)


def test_a_branch_in_a_loop_in_a_branch() -> None:
    b = ModelBuilder()
    inner = branch(b, "ADD"), branch(b, "MUL")
    cond, body, then = b.subgraph(), b.subgraph(), b.subgraph()
    shapes = [((1,), "int32"), ((1, 4), F)]
    ends, inside = ([g.tensor(*s) for s in shapes] for g in (cond, body))
    less, limit = cond.tensor((1,), "bool"), cond.tensor((1,), "int32", data=[4])
    cond.operator("LESS", [ends[0], limit], [less])
    one, two = (body.tensor((1,), "int32", data=[n]) for n in (1, 2))
    next_i, early, made = (body.tensor(*s) for s in (shapes[0], ((1,), "bool"), shapes[1]))
    body.operator("ADD", [inside[0], one], [next_i])
    body.operator("LESS", [inside[0], two], [early])
    body.operator("IF", [early, inside[1]], [made], then_subgraph_index=inner[0],
                  else_subgraph_index=inner[1])  # fmt: skip
    numbers = {
        "cond_subgraph_index": cond.close(ends, [less]),
        "body_subgraph_index": body.close(inside, [next_i, made]),
    }
    x, zero = then.tensor((1, 4), F), then.tensor((1,), "int32", data=[0])
    outs = [then.tensor(*s) for s in shapes]
    then.operator("WHILE", [zero, x], outs, **numbers)
    then_number = then.close([x], [outs[1]])
    c, x, y = b.tensor((1,), "bool"), b.tensor((1, 4), F), b.tensor((1, 4), F)
    b.operator("IF", [c, x], [y], then_subgraph_index=then_number, else_subgraph_index=inner[1])
    check(both(b.build([c, x], [y]), [np.array([True, False]), floats(2, 4)]))


def variable_model(init: bool = True, dtype: str = F, scale=None) -> bytes:
    """v += x; y = v."""
    b = ModelBuilder()
    q = {"scale": scale, "zero_point": 5} if scale else {}
    x = b.tensor((1, 4), dtype, **q)
    handle = b.tensor((), "resource")
    old, new = b.tensor((1, 4), dtype, **q), b.tensor((1, 4), dtype, **q)
    if init:
        g = b.subgraph()
        h = g.tensor((), "resource")
        first = g.tensor((1, 4), dtype, data=[1, 2, 3, 4], **q)
        g.operator("VAR_HANDLE", [], [h], container="", shared_name="v")
        g.operator("ASSIGN_VARIABLE", [h, first], [])
        b.operator("CALL_ONCE", [], [], init_subgraph_index=g.close([], [], "init"))
    b.operator("VAR_HANDLE", [], [handle], container="", shared_name="v")
    b.operator("READ_VARIABLE", [handle], [old])
    b.operator("ADD", [old, x], [new])
    b.operator("ASSIGN_VARIABLE", [handle, new], [])
    return b.build([x], [new])


def test_a_variable_is_carried_from_sample_to_sample() -> None:
    check(both(variable_model(), [floats(5, 4)]))
    x = np.random.default_rng(3).integers(-20, 20, (5, 4)).astype(np.int8)
    check(both(variable_model(dtype="int8", scale=0.5), [x]))


def test_a_variable_that_nothing_assigns_holds_zeros() -> None:
    x = floats(4, 4)
    for answer in run_cases(both(variable_model(init=False), [x])):
        np.testing.assert_array_equal(answer[0], np.cumsum(x, axis=0, dtype=np.float32))


def test_a_branch_may_assign_a_variable_of_the_model() -> None:
    """y = v; if c: v = x."""
    b = ModelBuilder()
    init, then, otherwise = b.subgraph(), b.subgraph(), b.subgraph()
    for g in (init, then):
        handle = g.tensor((), "resource")
        g.operator("VAR_HANDLE", [], [handle], container="", shared_name="v")
        value = g.tensor((1, 4), F, data=[[1, 2, 3, 4]] if g is init else None)
        g.operator("ASSIGN_VARIABLE", [handle, value], [])
        end = [] if g is init else [value]
        number = g.close(end, end)
        if g is init:
            b.operator("CALL_ONCE", [], [], init_subgraph_index=number)
    passed = otherwise.tensor((1, 4), F)
    last = otherwise.close([passed], [passed])
    c, x, y = b.tensor((1,), "bool"), b.tensor((1, 4), F), b.tensor((1, 4), F)
    handle, out = b.tensor((), "resource"), b.tensor((1, 4), F)
    b.operator("VAR_HANDLE", [], [handle], container="", shared_name="v")
    b.operator("READ_VARIABLE", [handle], [y])
    b.operator("IF", [c, x], [out], then_subgraph_index=number, else_subgraph_index=last)
    choices = np.array([False, True, False, True, False])
    check(both(b.build([c, x], [y]), [choices, floats(5, 4)]))


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("always", "never ends"),
        ("grows", "may not grow"),
        ("itself", "it calls itself"),
        ("missing", "subgraph 9 is wanted"),
    ],
)
def test_loops_that_are_refused(what: str, text: str) -> None:
    b = ModelBuilder()
    cond, body = b.subgraph(), b.subgraph()
    x = cond.tensor((1, 4), F)
    less = cond.tensor((1,), "bool", data=[what == "always"])
    c = cond.close([x], [less])
    inside = body.tensor((1, 4), F)
    made = body.tensor((1, 8 if what == "grows" else 4), F)
    if what == "itself":
        body.operator("WHILE", [inside], [made], cond_subgraph_index=1, body_subgraph_index=2)
    elif what == "grows":
        body.operator("CONCATENATION", [inside, inside], [made], axis=1)
    else:
        body.operator("ADD", [inside, inside], [made])
    d = body.close([inside], [made])
    x, y = b.tensor((1, 4), F), b.tensor((1, 4), F)
    b.operator("WHILE", [x], [y], cond_subgraph_index=c,
               body_subgraph_index=9 if what == "missing" else d)  # fmt: skip
    with pytest.raises(ModelError, match=text):
        read_model(b.build([x], [y]))


def test_an_initialisation_may_compute_from_constants() -> None:
    """What is certain to the bit of them, when the model is read."""
    b = ModelBuilder()
    g = b.subgraph()
    handle, given = g.tensor((), "resource"), g.tensor((4,), F, data=[-2.0, 4, 1, 0])
    made = g.tensor((4,), F)
    g.operator("VAR_HANDLE", [], [handle], container="", shared_name="v")
    g.operator("ABS", [given], [made])
    g.operator("ASSIGN_VARIABLE", [handle, made], [])
    b.operator("CALL_ONCE", [], [], init_subgraph_index=g.close([], []))
    x, y, value = b.tensor((4,), F), b.tensor((4,), F), b.tensor((4,), F)
    handle = b.tensor((), "resource")
    b.operator("VAR_HANDLE", [], [handle], container="", shared_name="v")
    b.operator("READ_VARIABLE", [handle], [value])
    b.operator("ADD", [x, value], [y])
    check(both(b.build([x], [y]), [floats(3, 4)]))


def test_an_initialisation_whose_value_is_uncertain_is_refused() -> None:
    b = ModelBuilder()
    g = b.subgraph()
    handle, x, y = g.tensor((), "resource"), g.tensor((1,), F, data=[2.0]), g.tensor((1,), F)
    g.operator("VAR_HANDLE", [], [handle], shared_name="v")
    g.operator("TANH", [x], [y])
    g.operator("ASSIGN_VARIABLE", [handle, y], [])
    b.operator("CALL_ONCE", [], [], init_subgraph_index=g.close([], []))
    x, y = b.tensor((1, 4), F), b.tensor((1, 4), F)
    b.operator("ADD", [x, x], [y])
    with pytest.raises(ModelError, match="not known when the model is compiled"):
        read_model(b.build([x], [y]))


@pytest.mark.parametrize("board", ["mps2-an386", "riscv-virt"])
def test_control_flow_and_state_on_boards(board: str) -> None:
    choices = np.array([True, False, True])
    cases = [Case(if_model(), [choices, floats(3, 4)]), Case(variable_model(), [floats(5, 4)])]
    check_on_board(board, cases)
