"""Runs generated models on an emulated board, many in one image, with the board's own kernels.

    answers = run_on_board("mps2-an386", [Case(model, [x]), ...])
    check_on_board("mps2-an386", cases)   # against the reference interpreter

Each model is compiled twice, as `harness.run_cases` does on the host: with its memory plan, and
with every tensor apart and a known pattern between, which must survive. The planned one runs with
two fills of its arena. The stack pointer and the registers that a callee keeps must survive as
well.
"""

from __future__ import annotations

import dataclasses
import os
import struct
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepack import oracle
from edgepack.board import Board, load_board
from edgepack.compiler.generate import GenerateSpec, generate
from edgepack.compiler.lowering import lower
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.planner import plan_memory
from edgepack.compiler.reader import read_model
from edgepack.errors import EdgepackError
from edgepack.program import MemoryPlan, Program
from edgepack.store import Tree
from edgepack.target import build, toolchain
from edgepack.target.attach import attach, choose_emulator
from tests.kernels.harness import Case, gaps_of, spread_plan
from tests.kernels.oracle_check import require_same

UNITS = 2  # translation units of all models
GUARD = 64  # bytes before and after each arena
TIMEOUT_S = 20
Values = NDArray[np.generic]


@dataclass(frozen=True)
class Answer:
    """What a board answered to one case: outputs [n, ...], the kernels called, instructions."""

    outputs: tuple[Values, ...]
    kernels: tuple[str, ...]
    instructions: int  # of the first sample with the memory plan


def require(name: str) -> Board:
    """The board; skips where its compiler or emulator is not installed."""
    board = load_board(name)
    try:
        toolchain.find(board)
        choose_emulator(board)
    except EdgepackError as error:
        pytest.skip(str(error))
    return board


def lowered(case: Case, board: Board, name: str) -> Program:
    """The case's program for the board's instruction set."""
    graph = read_model(case.model, name)
    graph = optimise(graph) if case.optimise else graph
    return lower(graph, dataclasses.replace(case.spec, isa=frozenset(board.isa)))


def run_on_board(name: str, cases: Sequence[Case]) -> list[Answer]:
    """Every case's answer, in order."""
    board = require(name)
    programs = [lowered(case, board, f"m{i}") for i, case in enumerate(cases)]
    rows = [_Row(i, c, p) for i, (c, p) in enumerate(zip(cases, programs, strict=True))]
    with tempfile.TemporaryDirectory() as folder, _own_cache(Path(folder) / "cache"):
        firmware = build.build_image(_models(rows), _harness(rows), board, Path(folder) / "image")
        with attach(board, firmware) as port:
            replies = _ask(port.path, port.baud, rows)
    return [row.answer(reply, board) for row, reply in zip(rows, replies, strict=True)]


def check_on_board(name: str, cases: Sequence[Case]) -> list[Answer]:
    """Run the cases on the board and in the reference interpreter; every bit must agree."""
    answers = run_on_board(name, cases)
    references = oracle.run_cases([oracle.Case(c.model, tuple(c.inputs)) for c in cases])
    for number, (case, answer, expected) in enumerate(zip(cases, answers, references, strict=True)):
        assert isinstance(expected, oracle.ReferenceRun), f"{number} {case.label}: {expected}"
        for got, want in zip(answer.outputs, expected.outputs, strict=True):
            require_same(got, want, f"case {number} {answer.kernels} {case.label}")
    return answers


@dataclass(frozen=True)
class _Row:
    number: int
    case: Case
    program: Program

    @property
    def samples(self) -> int:
        first = self.program.graph.tensor(self.program.graph.inputs[0])
        return self.case.inputs[0].nbytes // first.bytes

    @property
    def output_bytes(self) -> int:
        graph = self.program.graph
        return sum(graph.tensor(t).bytes for t in graph.outputs)

    def plans(self) -> tuple[tuple[str, MemoryPlan], ...]:
        planned, apart = plan_memory(self.program), spread_plan(self.program)
        return ((f"m{self.number}", planned), (f"s{self.number}", apart))

    def answer(self, reply: bytes, board: Board) -> Answer:
        where = f"case {self.number} {self.case.label}"
        runs: list[list[bytes]] = [[], [], []]
        count = -1
        for run in range(3):
            for _ in range(self.samples):
                ticks, fault = struct.unpack("<II", reply[:8])
                count = board.count(ticks) if count < 0 else count
                assert fault == 0, f"{where}: run {run}: {_FAULTS[fault]}"
                runs[run].append(reply[8 : 8 + self.output_bytes])
                reply = reply[8 + self.output_bytes :]
        assert runs[0] == runs[1], f"{where}: the answer depends on memory it did not write"
        assert runs[0] == runs[2], f"{where}: a kernel overwrites what it still needs"
        kernels = tuple(step.kernel for step in self.program.steps)
        return Answer(tuple(self._outputs(runs[0])), kernels, count)

    def _outputs(self, samples: Sequence[bytes]) -> Iterator[Values]:
        at = 0
        for index in self.program.graph.outputs:
            tensor = self.program.graph.tensor(index)
            data = b"".join(sample[at : at + tensor.bytes] for sample in samples)
            shape = (len(samples) * (tensor.shape or (1,))[0], *tensor.shape[1:])
            yield np.frombuffer(data, tensor.dtype.numpy).reshape(shape)
            at += tensor.bytes


_FAULTS = {
    1: "a byte beside the arena or between its tensors changed",
    2: "a register that the callee must keep changed",
    3: "both",
}


def _models(rows: Sequence[_Row]) -> Tree:
    files: dict[str, bytes] = {}
    units: list[list[str]] = [[] for _ in range(min(UNITS, len(rows)))]
    for row in rows:
        for name, plan in row.plans():
            graph = dataclasses.replace(row.program.graph, name=name)
            program = dataclasses.replace(row.program, graph=graph)
            for path, data in generate(program, plan, GenerateSpec()).files.items():
                if path.startswith((f"{name}.", f"{name}_weights.")):
                    files[path.replace(".c", ".inc")] = _without_arena(data, name)
                elif path.startswith("ep_"):
                    assert files.setdefault(path, data) == data, f"two versions of {path}"
            includes = [f'#include "{name}_weights.inc"', f'#include "{name}.inc"']
            units[row.number % len(units)] += includes
    for number, lines in enumerate(units):
        files[f"unit{number}.c"] = ("\n".join(lines) + "\n").encode()
    return Tree(files)


def _without_arena(data: bytes, name: str) -> bytes:
    """The model's own arena shrinks to nothing: the harness brings one for all."""
    return data.replace(
        f"_Alignas(16) uint8_t {name}_arena[{name.upper()}_BLOCK_BYTES]".encode(),
        f"static uint8_t {name}_arena[1]".encode(),
    ).replace(f"extern uint8_t {name}_arena[{name.upper()}_BLOCK_BYTES];".encode(), b"")


def _harness(rows: Sequence[_Row]) -> Tree:
    declarations, entries, largest = [], [], 0
    for row in rows:
        text, entry = _entry(row)
        declarations.append(text)
        entries.append(entry)
        largest = max(largest, *(plan.block_bytes for _, plan in row.plans()))
    main = MAIN.replace("@TABLES@", "\n".join(declarations)).replace("@ROWS@", "\n".join(entries))
    main = main.replace("@ARENA@", str(largest + 2 * GUARD)).replace("@GUARD@", str(GUARD))
    return Tree({"ep_main.c": main.encode()})


def _entry(row: _Row) -> tuple[str, str]:
    n, graph = row.number, row.program.graph
    lines, ends = [], []
    for name, plan in row.plans():
        lines += [f"void {name}_{function}(uint8_t* arena);" for function in ("run", "reset")]
        for kind, tensors in (("in", graph.inputs), ("out", graph.outputs)):
            ports = [v for t in tensors for v in (plan.offset(t), graph.tensor(t).bytes)]
            lines.append(_table(f"{name}_{kind}", ports))
        gaps = gaps_of(plan, row.program) if name.startswith("s") else []
        lines.append(_table(f"{name}_gaps", gaps))
        ends.append(
            f"{{{name}_run, {name}_reset, {plan.arena_bytes}U, {plan.block_bytes}U, "
            f"{len(gaps) // 2}U, {name}_in, {name}_out, {name}_gaps}}"
        )
    arrays = [np.ascontiguousarray(array) for array in row.case.inputs]
    data = b"".join(
        array.reshape(row.samples, -1)[s].tobytes() for s in range(row.samples) for array in arrays
    )
    values = ",".join(str(v) for v in data)
    lines.append(f"static const uint8_t given{n}[] = {{{values}}};")
    sizes = f"{len(graph.inputs)}U, {len(graph.outputs)}U, {row.samples}U"
    return "\n".join(lines), f"{{{{{ends[0]}, {ends[1]}}}, {sizes}, given{n}}},"


def _table(name: str, values: Sequence[int]) -> str:
    return f"static const uint32_t {name}[] = {{{', '.join(f'{v}U' for v in values) or '0U'}}};"


@contextmanager
def _own_cache(folder: Path) -> Iterator[None]:
    """Objects of test models do not belong in the user's cache."""
    before = os.environ.get("EDGEPACK_CACHE")
    os.environ["EDGEPACK_CACHE"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["EDGEPACK_CACHE"]
        else:
            os.environ["EDGEPACK_CACHE"] = before


def _ask(path: str, baud: int, rows: Sequence[_Row]) -> list[bytes]:
    """The replies of each case; one run is asked for at a time, so no line overflows."""
    import serial

    replies = []
    with serial.Serial(path, baud, timeout=TIMEOUT_S) as line:
        line.write(b"?")
        assert line.read_until(b"!").endswith(b"!"), "the board is silent"
        for row in rows:
            reply = b""
            for _ in range(3 * row.samples):
                line.write(b"?")
                found = line.read(8 + row.output_bytes)
                where = f"case {row.number} {row.case.label}"
                assert len(found) == 8 + row.output_bytes, f"{where}: the board stopped"
                reply += found
            replies.append(reply)
    return replies


MAIN = """
#include <stdbool.h>
#include <stdint.h>

#include "ep_port.h"

#if defined(__arm__)
#define KEPT 8
#else
#define KEPT 1
#endif

typedef struct {
    void (*run)(uint8_t* arena);
    void (*reset)(uint8_t* arena);
    uint32_t arena, block, gaps;
    const uint32_t *in, *out, *gap;
} way_t;
typedef struct {
    way_t ways[2];
    uint32_t inputs, outputs, samples;
    const uint8_t* given;
} row_t;
@TABLES@
static const row_t rows[] = {
@ROWS@
};
static _Alignas(16) uint8_t memory[@ARENA@];

int main(void);

static uint8_t pattern(uint32_t at, uint32_t seed)
{
    return (uint8_t)(((at + seed) * 2654435761U) >> 24);
}

static void put_word(uint32_t word)
{
    for (uint32_t i = 0; i < 4U; i++) {
        ep_port_putc((uint8_t)(word >> (8U * i)));
    }
}

static bool kept(uint32_t first, uint32_t count, uint32_t seed)
{
    for (uint32_t i = first; i < first + count; i++) {
        if (memory[i] != pattern(i, seed)) {
            return false;
        }
    }
    return true;
}

/* Calls run with the registers that it must keep full of a pattern; whether they came back. */
__attribute__((noinline)) static bool call(void (*run)(uint8_t*), uint8_t* arena)
{
#if defined(__arm__) && !defined(__ARM_ARCH_6M__)
    uint32_t bad;
    __asm volatile(
        "mov r0, %[arena]\\n\\t"
        "mov r1, %[run]\\n\\t"
        "push {r7, r11}\\n\\t"
        "mov r4, #0x44444444\\n\\t"
        "mov r5, #0x55555555\\n\\t"
        "mov r6, #0x66666666\\n\\t"
        "mov r8, #0x88888888\\n\\t"
        "mov r9, #0x99999999\\n\\t"
        "mov r10, #0xaaaaaaaa\\n\\t"
        "mov r7, sp\\n\\t"
        "mov r11, sp\\n\\t"
#if defined(__ARM_FEATURE_MVE)
        "vdup.32 q4, r4\\n\\t"
        "vdup.32 q5, r5\\n\\t"
        "vdup.32 q6, r6\\n\\t"
        "vdup.32 q7, r8\\n\\t"
#endif
        "blx r1\\n\\t"
        "mov r0, sp\\n\\t"
        "eor r1, r7, r0\\n\\t"
        "eor r2, r11, r0\\n\\t"
        "orr r1, r1, r2\\n\\t"
        "eor r2, r4, #0x44444444\\n\\t"
        "orr r1, r1, r2\\n\\t"
        "eor r2, r5, #0x55555555\\n\\t"
        "orr r1, r1, r2\\n\\t"
        "eor r2, r6, #0x66666666\\n\\t"
        "orr r1, r1, r2\\n\\t"
        "eor r2, r8, #0x88888888\\n\\t"
        "orr r1, r1, r2\\n\\t"
        "eor r2, r9, #0x99999999\\n\\t"
        "orr r1, r1, r2\\n\\t"
        "eor r2, r10, #0xaaaaaaaa\\n\\t"
        "orr r1, r1, r2\\n\\t"
#if defined(__ARM_FEATURE_MVE)
        "vdup.32 q0, r4\\n\\t"
        "veor q4, q4, q0\\n\\t"
        "vdup.32 q0, r5\\n\\t"
        "veor q5, q5, q0\\n\\t"
        "vdup.32 q0, r6\\n\\t"
        "veor q6, q6, q0\\n\\t"
        "vdup.32 q0, r8\\n\\t"
        "veor q7, q7, q0\\n\\t"
        "vorr q4, q4, q5\\n\\t"
        "vorr q6, q6, q7\\n\\t"
        "vorr q4, q4, q6\\n\\t"
        "movs r2, #0\\n\\t"
        "vmaxv.u32 r2, q4\\n\\t"
        "orr r1, r1, r2\\n\\t"
#endif
        "pop {r7, r11}\\n\\t"
        "mov %[bad], r1\\n\\t"
        : [bad] "=r"(bad)
        : [arena] "r"(arena), [run] "r"(run)
        : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r12", "lr", "cc", "memory"
#if defined(__ARM_FP)
          , "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13",
          "s14", "s15"
#endif
#if defined(__ARM_FEATURE_MVE)
        , "d8", "d9", "d10", "d11", "d12", "d13", "d14", "d15"
#endif
    );
    return bad == 0U;
#else
    run(arena);
    return true;
#endif
}

static void once(const row_t* row, const way_t* way, uint32_t sample, uint32_t seed)
{
    uint8_t* const arena = &memory[@GUARD@];
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < @GUARD@U + way->arena; i++) {
        memory[i] = pattern(i, seed);
    }
    if (sample == 0U) {
        for (uint32_t i = @GUARD@U + way->arena; i < way->block + 2U * @GUARD@U; i++) {
            memory[i] = pattern(i, seed);
        }
        way->reset(arena);
    }
    for (uint32_t i = 0; i < row->inputs; i++) {
        bytes += way->in[2U * i + 1U];
    }
    const uint8_t* from = &row->given[sample * bytes];
    for (uint32_t i = 0; i < row->inputs; i++) {
        for (uint32_t k = 0; k < way->in[2U * i + 1U]; k++) {
            arena[way->in[2U * i] + k] = *from++;
        }
    }
    const uint32_t start = ep_port_ticks();
    const bool registers = call(way->run, arena);
    const uint32_t ticks = ep_port_ticks() - start;
    bool bytes_kept = kept(0, @GUARD@U, seed) && kept(@GUARD@U + way->block, @GUARD@U, seed);
    for (uint32_t i = 0; i < way->gaps; i++) {
        bytes_kept = bytes_kept && kept(@GUARD@U + way->gap[2U * i], way->gap[2U * i + 1U], seed);
    }
    put_word(ticks);
    put_word((bytes_kept ? 0U : 1U) + (registers ? 0U : 2U));
    for (uint32_t i = 0; i < row->outputs; i++) {
        for (uint32_t k = 0; k < way->out[2U * i + 1U]; k++) {
            ep_port_putc(arena[way->out[2U * i] + k]);
        }
    }
}

int main(void)
{
    ep_port_init();
    ep_port_putc((uint8_t)'.');
    while (ep_port_getc() != '?') {
    }
    ep_port_putc((uint8_t)'!');
    for (uint32_t c = 0; c < sizeof rows / sizeof rows[0]; c++) {
        for (uint32_t run = 0; run < 3U; run++) {
            for (uint32_t s = 0; s < rows[c].samples; s++) {
                while (ep_port_getc() != '?') {
                }
                once(&rows[c], &rows[c].ways[run / 2U], s, 77U * run);
            }
        }
    }
    for (;;) {
    }
}
"""
