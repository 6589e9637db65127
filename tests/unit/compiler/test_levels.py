from __future__ import annotations

import pytest

from edgepack.compiler.lowering import lower
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.planner import plan_memory
from edgepack.compiler.reader import read_model
from edgepack.program import Const, Isa, Level, LowerSpec, Program
from tests.tflite_builder import pack
from tests.unit.compiler.small_models import cnn

FEATURES: tuple[Isa, ...] = ("dsp", "mve", "rv32m", "thumb1", "thumb2")


def program(feature: Isa, level: Level) -> Program:
    return lower(optimise(read_model(pack(cnn()))), LowerSpec(frozenset({feature}), optimize=level))


def table_bytes(found: Program) -> int:
    constants = {a.data for s in found.steps for a in s.arguments if isinstance(a, Const)}
    return sum(map(len, constants))


@pytest.mark.parametrize("feature", FEATURES)
def test_size_takes_no_more_of_anything_than_balanced(feature: Isa) -> None:
    size, balanced = program(feature, "size"), program(feature, "balanced")
    assert table_bytes(size) <= table_bytes(balanced)
    assert plan_memory(size).arena_bytes <= plan_memory(balanced).arena_bytes


@pytest.mark.parametrize("feature", [f for f in FEATURES if f != "thumb2"])  # too small there
def test_balanced_uses_the_instruction_set(feature: Isa) -> None:
    assert {s.variant for s in program(feature, "balanced").steps} - {"portable"}


def test_a_core_without_features_gets_portable_kernels() -> None:
    found = lower(optimise(read_model(pack(cnn()))), LowerSpec())
    assert {s.variant for s in found.steps} == {"portable"}
