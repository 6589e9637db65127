"""Checks kernels of an instruction set: on the board, and their portable twins on the host."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence

from edgepack import oracle
from edgepack.compiler.lowering import lower
from edgepack.compiler.reader import read_model
from edgepack.program import Isa, Program
from tests.kernels.emulated import check_on_board
from tests.kernels.harness import Case, run_programs


def check_variant(board: str, cases: Sequence[Case]) -> Counter[str]:
    """Compare the board's answers with the reference; how often each kernel ran."""
    answers = check_on_board(board, cases)
    return Counter(kernel for answer in answers for kernel in answer.kernels)


def check_twins(feature: Isa, cases: Sequence[Case]) -> None:
    """Compare the C that specifies the kernels with the reference, under the sanitizers."""
    programs = [_portable(case, feature) for case in cases]
    answers = run_programs(programs, [case.inputs for case in cases], [c.label for c in cases])
    references = oracle.run_cases([oracle.Case(c.model, tuple(c.inputs)) for c in cases])
    for case, answer, expected in zip(cases, answers, references, strict=True):
        assert isinstance(expected, oracle.ReferenceRun), f"{case.label}: {expected}"
        for got, want in zip(answer, expected.outputs, strict=True):
            assert got.tobytes() == want.tobytes(), case.label


def _portable(case: Case, feature: Isa) -> Program:
    spec = dataclasses.replace(case.spec, isa=frozenset({feature}))
    program = lower(read_model(case.model), spec)
    steps = tuple(dataclasses.replace(step, variant="portable") for step in program.steps)
    return dataclasses.replace(program, steps=steps)
