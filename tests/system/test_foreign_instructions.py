"""No image has an instruction that its board's core lacks, whichever kernels it links."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.costs import merged, random_layers
from edgepack.board import Board, load_board
from edgepack.compiler.lowering import offer
from edgepack.compiler.planner import plan_memory
from edgepack.pipeline.compile import Compiled
from edgepack.pipeline.firmware import build_image
from edgepack.program import Firmware, LowerSpec, Program
from edgepack.target.disassembly import parse
from edgepack.target.foreign import foreign, lacking
from tests.system.mlperf import require_board

BOARDS = (
    "microbit",
    "mps2-an385-m0",
    "mps2-an385",
    "mps2-an386",
    "mps2-an500",
    "mps2-an505",
    "mps3-an547",
    "netduinoplus2",
    "nucleo-l4r5zi",
    "riscv-virt",
)


def every_kernel(board: Board) -> Program:
    """A program with one call of each kernel that the board is offered for many layers."""
    layers = merged(list(random_layers(0)))
    found = offer(layers, LowerSpec(board.isa, optimize="speed"))
    steps = {
        step.kernel: (operator, step)
        for operator, lowered in zip(layers.operators, found.operators, strict=True)
        for way in lowered.ways
        for step in way
    }
    operators = list({o.index: o for o, _ in steps.values()}.values())
    touched = {i for o in operators for i in (*o.inputs, *o.outputs)}
    graph = replace(
        layers,
        operators=tuple(operators),
        inputs=tuple(i for i in layers.inputs if i in touched),
        outputs=tuple(i for i in layers.outputs if i in touched),
    )
    return Program(graph, tuple(step for _, step in steps.values()), (), found.spec)


@pytest.mark.parametrize("name", BOARDS)
def test_no_kernel_has_an_instruction_that_the_core_lacks(name: str) -> None:
    board = load_board(name)
    require_board(name)
    program = every_kernel(board)
    assert len({step.kernel for step in program.steps}) >= 9
    roomy = board
    if board.memory is not None:  # the layers are many, and nothing runs
        regions = {
            part: getattr(board.memory, part).model_copy(update={"bytes": 1 << 22})
            for part in ("flash", "ram")
        }
        roomy = board.model_copy(update={"memory": board.memory.model_copy(update=regions)})
    compiled = Compiled(b"", "layers", program.graph, program, plan_memory(program), roomy)
    assert foreign(build_image(compiled, roomy).firmware, roomy) == ()


SNIPPETS = {
    "mps2-an385": ("smlad r0, r1, r2, r3", "vadd.f32 s0, s1, s2", "sxtb16 r0, r1", "selne r0, r1"),
    "mps2-an386": ("vldrb.u8 q0, [r0]", "letp lr, 100 <x>"),
    "riscv-virt": ("flw fa0,0(a0)", "vsetvli a0,a1,e8"),
    "mps2-an385-m0": ("cbz r0, 106 <x>", "it eq"),
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_what_a_core_lacks_is_found(name: str) -> None:
    good = ("add r0, r1", "smlal r0, r1, r2, r3", "uxtb r0, r1", "fence", "lw a0,0(a1)")
    text = [f"  {100 + 2 * n:x}:\t{line}" for n, line in enumerate((*good, *SNIPPETS[name]))]
    found = lacking(parse(text), load_board(name))
    assert [line.mnemonic for line in found] == [s.split()[0] for s in SNIPPETS[name]]


def test_a_wide_instruction_is_none_of_armv6m() -> None:
    lines = parse(["  100:\tmovw r0, #1", "  104:\tbl 200 <x>", "  108:\tnop", "  10a:\tnop"])
    assert [x.mnemonic for x in lacking(lines, load_board("microbit"))] == ["movw"]


def test_an_image_of_another_core_is_caught() -> None:
    require_board("mps2-an386")
    board = load_board("mps2-an386")
    program = every_kernel(board)
    compiled = Compiled(b"", "layers", program.graph, program, plan_memory(program), board)
    firmware: Firmware = build_image(compiled, board).firmware
    assert Path(firmware.elf).is_file()
    assert any("smlad" in line for line in foreign(firmware, load_board("mps2-an385")))
