"""Compares the generated C with TFLite Micro's interpreter, where LiteRT does not run a model."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

import pytest

from edgepack import oracle
from tests.kernels.harness import Case, run_cases
from tests.kernels.oracle_check import Values, require_same


def check_tflm(cases: Sequence[Case]) -> None:
    """Run all cases in the C and in TFLite Micro; every bit of every output must agree."""
    expected = tflm_answers(cases)
    for number, (case, answer, wanted) in enumerate(
        zip(cases, run_cases(cases), expected, strict=True)
    ):
        for place, (got, want) in enumerate(zip(answer, wanted, strict=True)):
            require_same(got, want, f"case {number} output {place} {case.label}")


def _require_tflm() -> None:
    """Skip the test where TFLite Micro's package is not installed."""
    if importlib.util.find_spec("tflite_micro") is None:
        pytest.skip("the package tflite-micro is not installed")


def tflm_answers(cases: Sequence[Case]) -> list[tuple[Values, ...]]:
    """Every output of every case as the oracle gives it, state carried over."""
    _require_tflm()
    asked = [oracle.Case(case.model, tuple(case.inputs)) for case in cases]
    answers = []
    for case, run in zip(cases, oracle.run_cases(asked, numerics="tflm"), strict=True):
        assert isinstance(run, oracle.ReferenceRun), f"{case.label}: {run}"
        answers.append(run.outputs)
    return answers
