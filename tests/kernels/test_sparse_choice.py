"""Zeros are left out where that pays, and `inspect` says why not where it does not."""

from __future__ import annotations

import pytest

from edgepack.board import load_board
from edgepack.compiler.choice import choose
from edgepack.compiler.lowering import offer
from edgepack.pipeline.lab_layers import LayerSpec, build_layer
from edgepack.program import Level, LowerSpec, Program

POINTWISE = LayerSpec("conv", (12, 10, 64), 64, relu=True)


def chosen(layer: LayerSpec, board: str = "mps2-an386", level: Level = "balanced") -> Program:
    spec = LowerSpec(load_board(board).isa, optimize=level)
    program, _ = choose(offer(build_layer(layer), spec))
    return program


def with_zeros(zeros: float) -> LayerSpec:
    return LayerSpec("conv", POINTWISE.shape, POINTWISE.out, relu=True, zeros=zeros)


@pytest.mark.parametrize("zeros", [0.75, 0.95])
def test_blocks_are_left_out(zeros: float) -> None:
    program = chosen(with_zeros(zeros))
    assert program.steps[0].kernel == "ep_chain_1x1_blocks_s8"


def test_few_blocks_stay_and_it_is_said_why() -> None:
    program = chosen(with_zeros(0.1))
    assert program.steps[0].kernel == "ep_chain_1x1_s8"
    (choice,) = program.choices
    assert choice.why.endswith(
        "dsp: 10 % of the blocks of four weights are zero; leaving them out may pay from 25 % on"
    )


def test_what_leaving_out_would_take_is_said() -> None:
    program = chosen(with_zeros(0.3), level="speed")
    (choice,) = program.choices
    assert "blocks" not in program.steps[0].kernel
    assert "_blocks_s8 leaves out zeros: +" in choice.why


@pytest.mark.parametrize("board", ["riscv-virt", "mps2-an385-m0", "mps2-an385"])
def test_other_cores_leave_them_out_too(board: str) -> None:
    assert chosen(with_zeros(0.9), board).steps[0].kernel == "ep_sparse_blocks_conv_s8"
    assert "sparse" not in chosen(with_zeros(0.0), board).steps[0].kernel


def test_a_small_image_takes_less() -> None:
    dense = chosen(POINTWISE, level="size").steps[0]
    layer = LayerSpec("conv", POINTWISE.shape, POINTWISE.out, relu=True, values=16)
    booked = chosen(layer, level="size").steps[0]
    assert "book" in booked.kernel
    assert _constants(booked) < 0.65 * _constants(dense)


def _constants(step: object) -> int:
    return sum(len(getattr(a, "data", b"")) for a in step.arguments)  # type: ignore[attr-defined]
