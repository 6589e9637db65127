"""Whole models against the reference interpreter, many at once.

    check_models([("net.tflite", data), ...], boards=("host", "mps2-an386"))

A model is accepted and right, or refused with a ModelError. Where LiteRT cannot run one, TFLite
Micro is asked; what is refused, and what neither runs, comes back.
"""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgepack import oracle
from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from edgepack.graph import Graph
from tests.kernels.emulated import run_on_board
from tests.kernels.harness import Case, run_cases

SAMPLES = 3
RELATIVE = 2e-5  # of a float output's largest value: operators with a stated bound add up
HYBRID = 5e-3  # where layers round such values to 8 bits on their way
Values = NDArray[np.generic]


@dataclass(frozen=True)
class Refused:
    """A model that edgepack says it cannot compile."""

    label: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """What was compared with nothing; all else is right on every board."""

    refused: tuple[Refused, ...]
    unanswered: tuple[str, ...]  # labels of accepted models that no interpreter here runs


def random_inputs(graph: Graph, seed: int = 1) -> list[Values]:
    """One array an input: three samples where every leading dimension is 1, else one."""
    rng = np.random.default_rng(seed)
    single = all(graph.tensor(i).shape[:1] == (1,) for i in graph.inputs)
    arrays: list[Values] = []
    for index in graph.inputs:
        tensor = graph.tensor(index)
        shape = (SAMPLES, *tensor.shape[1:]) if single else tensor.shape
        kind = np.dtype(tensor.dtype.numpy)
        if kind.kind == "f":
            arrays.append(rng.normal(0, 1, shape).astype(kind))
        elif kind.kind == "b":
            arrays.append(rng.integers(0, 2, shape).astype(kind))
        elif kind.itemsize >= 4:  # an index more often than a number
            arrays.append(rng.integers(0, 3, shape).astype(kind))
        else:
            limits = np.iinfo(kind)
            arrays.append(rng.integers(limits.min, int(limits.max) + 1, shape).astype(kind))
    return arrays


def check_models(models: Sequence[tuple[str, bytes]], boards: Sequence[str] = ("host",)) -> Outcome:
    """Run every model that is accepted and answered by a reference on every board."""
    refused, cases = [], []
    for label, data in models:
        try:
            graph = read_model(data, "m")
        except ModelError as error:
            refused.append(Refused(label, str(error)))
            continue
        cases.append(Case(data, random_inputs(graph), label=label, optimise=True))
    pairs = answered(cases)
    chosen = [case for case, _ in pairs]
    for board in boards if chosen else ():
        answers = (
            run_cases(chosen)
            if board == "host"
            else [list(answer.outputs) for answer in run_on_board(board, chosen)]
        )
        for (case, reference), answer in zip(pairs, answers, strict=True):
            for place, (got, want) in enumerate(zip(answer, reference.outputs, strict=True)):
                relative = HYBRID if "dynamic" in case.label else RELATIVE
                compare(got, want, f"{case.label} on {board}, output {place}", relative)
    done = {case.label for case in chosen}
    return Outcome(tuple(refused), tuple(c.label for c in cases if c.label not in done))


def answered(cases: Sequence[Case]) -> list[tuple[Case, oracle.ReferenceRun]]:
    """Each case that an interpreter runs, in that one's numerics, and its answer."""
    pairs, left = _asked(cases, "litert")
    if left and importlib.util.find_spec("tflite_micro") is not None:
        specs = [dataclasses.replace(case.spec, numerics="tflm") for case in left]
        wider = zip(left, specs, strict=True)
        pairs += _asked([dataclasses.replace(case, spec=spec) for case, spec in wider], "tflm")[0]
    return pairs


def _asked(
    cases: Sequence[Case], numerics: oracle.Numerics
) -> tuple[list[tuple[Case, oracle.ReferenceRun]], list[Case]]:
    asked = [oracle.Case(case.model, tuple(case.inputs)) for case in cases]
    runs = list(zip(cases, oracle.run_cases(asked, numerics=numerics), strict=True))
    pairs = [(case, run) for case, run in runs if isinstance(run, oracle.ReferenceRun)]
    return pairs, [case for case, run in runs if not isinstance(run, oracle.ReferenceRun)]


def compare(got: Values, want: Values, where: str, relative: float = RELATIVE) -> None:
    """Every bit of whole numbers; floats within `relative` of the largest."""
    assert got.dtype == want.dtype, f"{where}: {got.dtype}, not {want.dtype}"
    assert got.size == want.size, f"{where}: {got.shape}, not {want.shape}"
    flat = got.reshape(want.shape)
    if want.dtype.kind != "f":
        wrong = np.flatnonzero(flat.ravel() != want.ravel())
        texts = flat.ravel()[wrong[:5]], want.ravel()[wrong[:5]]
        assert not wrong.size, f"{where}: {wrong.size} of {want.size} differ: {texts}"
        return
    same = (flat == want) | (np.isnan(flat) & np.isnan(want))
    finite = want[np.isfinite(want)]
    bound = relative * float(np.abs(finite).max(initial=1e-30))
    far = float(np.abs(np.where(same, 0, flat.astype(np.float64) - want)).max(initial=0))
    assert far <= bound, f"{where}: {far} from {want}, {bound} allowed"
