from __future__ import annotations

import pytest

from edgepack.board import load_board
from edgepack.compiler.reader import read_model
from edgepack.errors import UsageError
from edgepack.graph import Graph
from edgepack.pipeline.levels import budget_of, operator_levels, parse_layers
from tests.tflite_builder import pack
from tests.unit.compiler.small_models import cnn


def graph() -> Graph:
    return read_model(pack(cnn()))


def index_of(kind: str) -> list[int]:
    return [o.index for o in graph().operators if o.kind == kind]


def test_an_index_a_range_a_kind_and_a_name() -> None:
    g = graph()
    last = g.operators[-1].index
    assert operator_levels(g, (("0", "speed"),)) == ((0, "speed"),)
    assert operator_levels(g, ((f"0-{last}", "size"),)) == tuple(
        (o.index, "size") for o in g.operators
    )
    assert [n for n, _ in operator_levels(g, (("CONV_2D", "size"),))] == index_of("CONV_2D")
    weights = g.tensor(g.operators[0].inputs[1]).name
    assert (0, "size") in operator_levels(g, ((weights, "size"),))
    assert (0, "size") in operator_levels(g, ((weights[:2] + "*", "size"),))


def test_the_last_pattern_that_matches_counts() -> None:
    found = operator_levels(graph(), (("*", "size"), ("0", "speed")))
    assert dict(found)[0] == "speed"
    assert set(dict(found).values()) == {"size", "speed"}


def test_a_pattern_that_matches_nothing() -> None:
    with pytest.raises(UsageError) as found:
        operator_levels(graph(), (("CONV_3D", "speed"),))
    assert str(found.value) == (
        "layer 'CONV_3D' matches no operator; the nearest names are 'CONV_2D', "
        "'DEPTHWISE_CONV_2D', 'FULLY_CONNECTED'. `edgepack inspect` lists operators and names; "
        "* stands for any text"
    )
    last = max(o.index for o in graph().operators)
    with pytest.raises(UsageError, match=rf"layer '77' matches no .*numbered 0 to {last}"):
        operator_levels(graph(), (("77", "speed"),))


def test_what_the_command_line_writes() -> None:
    assert parse_layers(["a=b=speed", "4-7=size"]) == (("a=b", "speed"), ("4-7", "size"))
    for text in ("conv1", "conv1=fast", "=size"):
        with pytest.raises(UsageError) as found:
            parse_layers([text])
        assert str(found.value) == (
            f"--layer {text!r}: write PATTERN=LEVEL, such as 'conv1*=speed'; levels are size, "
            "balanced, speed"
        )


def test_a_budget_is_what_is_given_and_what_the_board_has() -> None:
    board = load_board("microbit")
    assert board.memory is not None
    free = budget_of(board, 0, 0)
    assert free.ram == board.memory.ram.bytes - board.memory.stack_bytes
    assert free.flash is not None
    assert free.flash < board.memory.flash.bytes
    assert budget_of(board, 4096, 0).ram == 4096 - 512
    assert budget_of(board, 1 << 30, 1 << 30) == free
    assert budget_of(None, 0, 0).ram is None
    assert budget_of(None, 0, 9000).flash == 9000
