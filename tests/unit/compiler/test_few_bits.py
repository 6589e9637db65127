"""What is seen of weights of few bits, and what is chosen for them."""

from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.choice import choose
from edgepack.compiler.lowering import offer
from edgepack.compiler.operators.narrow import packed_rows
from edgepack.compiler.variants.few_bits import widths_of
from edgepack.compiler.variants.mve_scaling import tied
from edgepack.pipeline.lab_layers import LayerSpec, build_layer
from edgepack.program import Const, Isa, LowerSpec, Step

CONV = LayerSpec("conv", (12, 10, 64), 64, relu=True, bits=2)
BOARDS: dict[str, frozenset[Isa]] = {
    "m4": frozenset({"dsp"}),
    "m55": frozenset({"dsp", "mve"}),
    "m0": frozenset({"thumb1"}),
    "rv32": frozenset({"rv32m"}),
    "any": frozenset(),
}


@pytest.mark.parametrize(
    ("values", "widths"),
    [((-1, 0, 1), (4, 2)), ((-2, 1), (4, 2)), ((0, 2), (4,)), ((-8, 7), (4,)), ((-9, 0), ())],
)
def test_widths_are_those_that_hold_every_weight(
    values: tuple[int, ...], widths: tuple[int, ...]
) -> None:
    assert widths_of(np.array(values, np.int8)) == widths


def test_fields_lie_from_the_lowest_bits_on() -> None:
    rows = np.array([[1, -1], [0, 1], [-2, 0], [1, -2]], np.int8)
    assert packed_rows(rows, 2).view(np.uint8).tolist() == [0b01100001, 0b10000111]
    single = np.array([[1, -1, -2, 1, -1]], np.int8)
    assert packed_rows(single, 2).view(np.uint8).tolist() == [0b01101101, 0b11]


def test_tied_bytes_hold_numbers_at_every_shift() -> None:
    tiles = np.array([-1, 1, 0, -1], np.int8).reshape(1, 1, 4, 1)
    assert tied(tiles, 2).item() == -1 + 4 - 64
    assert tied(tiles, 4).reshape(-1).tolist() == [-1 + 16, -16]
    with pytest.raises(OverflowError):
        tied(np.array([-1, -2, 0, 0], np.int8).reshape(1, 1, 4, 1) * 4, 4)
    with pytest.raises(OverflowError):
        tied(np.array([-1, -2, 1, 0], np.int8).reshape(1, 1, 4, 1), 2)


def _weight_bytes(steps: tuple[Step, ...]) -> int:
    (step,) = steps
    return sum(a.bytes_of("weights") for a in step.arguments if isinstance(a, Const))


@pytest.mark.parametrize("core", BOARDS)
def test_two_bits_take_a_quarter_of_the_flash_at_size(core: str) -> None:
    graph = build_layer(CONV)
    program, _ = choose(offer(graph, LowerSpec(BOARDS[core], optimize="size")))
    assert program.steps[0].kernels[0].endswith("_s2")
    assert _weight_bytes(program.steps) == 64 * 64 // 4 + 4 * 64


@pytest.mark.parametrize("core", BOARDS)
@pytest.mark.parametrize("kind", ["conv", "dense"])
@pytest.mark.parametrize("bits", [4, 2])
def test_weights_and_biases_alone_count_as_weights(kind: str, bits: int, core: str) -> None:
    shape = (6, 6, 64) if kind == "conv" else (64,)
    layer = build_layer(LayerSpec(kind, shape, 64, bits=bits))
    ways = offer(layer, LowerSpec(BOARDS[core])).operators[0].ways
    packed = [way for way in ways if way[0].kernel.endswith(f"_s{bits}")]
    assert {_weight_bytes(way) for way in packed} == {64 * 64 * bits // 8 + 4 * 64}


def test_the_reason_names_what_was_left() -> None:
    graph = build_layer(CONV)
    found = offer(graph, LowerSpec(BOARDS["m4"]))
    kernels = {way[0].kernels[0] for way in found.operators[0].ways}
    assert {"ep_chain_1x1_s8", "ep_chain_1x1_s4", "ep_chain_1x1_s2"} <= kernels
    program, _ = choose(found)
    assert program.steps[0].kernel == "ep_chain_1x1_s2"
    assert "ep_" in program.choices[0].why or "offered" in program.choices[0].why
