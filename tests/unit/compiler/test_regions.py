"""Which memory each part of a model lies in."""

from __future__ import annotations

import pytest

from edgepack.board import CostedRegion, Memory, MoreRegion
from edgepack.compiler import facts
from edgepack.compiler.lowering import lower
from edgepack.compiler.planner import plan_memory
from edgepack.compiler.reader import read_model
from edgepack.compiler.regions import hot_kernels, place, touches_per_byte
from edgepack.program import LowerSpec, MemoryPlan, Program
from tests.tflite_builder import pack
from tests.unit.compiler.small_models import cnn


def net() -> tuple[Program, MemoryPlan]:
    program = lower(read_model(pack(cnn()), "net"), LowerSpec())
    return program, plan_memory(program)


def memory(flash: int, ram: int, **more: tuple[str, int, float]) -> Memory:
    return Memory(
        flash=CostedRegion(origin=0, bytes=flash, cost=2),
        ram=CostedRegion(origin=0x2000_0000, bytes=ram, cost=2),
        stack_bytes=256,
        more={
            name: MoreRegion(kind=kind, origin=0x6000_0000 + n * 0x1000_0000, bytes=size, cost=cost)
            for n, (name, (kind, size, cost)) in enumerate(more.items())
        },
    )


@pytest.mark.parametrize(
    ("ram", "more", "where"),
    [
        (65536, {}, "ram"),
        (64, {}, "ram"),
        (4096, {"psram": ("ram", 65536, 9.0)}, "psram"),
        (65536, {"psram": ("ram", 65536, 9.0)}, "ram"),
        (65536, {"dtcm": ("ram", 65536, 1.0)}, "dtcm"),
        (65536, {"dtcm": ("ram", 64, 1.0)}, "ram"),
        (4096, {"slow": ("ram", 65536, 9.0), "fast": ("ram", 65536, 3.0)}, "fast"),
        (4096, {"qspi": ("flash", 65536, 1.0)}, "ram"),
    ],
)
def test_the_arena_goes_to_the_cheapest_memory_with_room(
    ram: int, more: dict[str, tuple[str, int, float]], where: str
) -> None:
    program, plan = net()
    assert place(program, plan, memory(65536, ram, **more), {}, {}).arena == where


def test_what_is_read_most_per_byte_lies_in_the_cheapest_memory() -> None:
    program, plan = net()
    sizes = {c.symbol: len(c.data) for c in facts.constants_of(program).values()}
    room = sum(sizes.values()) // 2
    places = place(program, plan, memory(2 * room, 65536, qspi=("flash", 65536, 9.0)), {}, {})
    outside = dict(places.constants)
    touches = touches_per_byte(program)
    inside = [symbol for symbol in sizes if symbol not in outside]
    assert outside and inside
    assert set(outside.values()) == {"qspi"}
    assert sum(sizes[symbol] for symbol in inside) <= room
    for symbol in outside:
        better = [s for s in inside if touches[s] < touches[symbol]]
        freed = room - sum(sizes[s] for s in inside) + sum(sizes[s] for s in better)
        assert not better or sizes[symbol] > freed - sum(sizes[s] for s in better)


def test_weights_of_a_convolution_are_read_once_a_place() -> None:
    program, _ = net()
    touches = touches_per_byte(program)
    step = next(s for s in program.steps if "conv" in s.kernel)
    weights = next(s for s in touches if s.startswith(f"net_op{step.operator}_weights"))
    y = program.graph.tensor(step.outputs[0])
    assert touches[weights] == y.shape[1] * y.shape[2]


def test_pins_are_kept() -> None:
    program, plan = net()
    board = memory(65536, 65536, qspi=("flash", 65536, 9.0), psram=("ram", 65536, 9.0))
    places = place(program, plan, board, {"arena": "psram", "weights": "qspi", "code": "ram"}, {})
    assert places.arena == "psram"
    assert {s for s, _ in places.constants} == {
        c.symbol for c in facts.constants_of(program).values()
    }
    assert places.hot == "ram"
    assert places.kernels == hot_kernels(program) != ()
    one = next(s for s in program.steps if s.macs)
    places = place(program, plan, board, {}, {one.operator: "qspi"})
    assert all(s.startswith(f"net_op{one.operator}_") for s, _ in places.constants)
    assert places.constants
