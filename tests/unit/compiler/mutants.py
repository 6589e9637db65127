"""Every broken model of the corpus: each is a small well-formed one with one fault."""

from __future__ import annotations

from collections.abc import Iterator

from tests.unit.compiler import mutants_of_bytes, mutants_of_operators, mutants_of_tensors
from tests.unit.compiler.mutation import Mutant, changed


def semantic() -> Iterator[Mutant]:
    """Faults in what the model says."""
    for source in (
        mutants_of_tensors.tensors,
        mutants_of_tensors.constants,
        mutants_of_tensors.quantizations,
        mutants_of_operators.wiring,
        mutants_of_operators.operator_codes,
        mutants_of_operators.operator_options,
        mutants_of_operators.shapes,
        mutants_of_operators.unsupported,
    ):
        for base, name, where, what, change in source():
            yield Mutant(f"{base}: {name}", changed(base, change), where, what)


def corpus() -> list[Mutant]:
    """Every mutant; names are unique."""
    return [*semantic(), *mutants_of_bytes.structural(), *mutants_of_bytes.foreign()]
