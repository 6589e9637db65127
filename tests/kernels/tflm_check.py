"""Compares the generated C with TFLite Micro's interpreter, where LiteRT does not run a model.

The interpreter is C++ that trusts its input: all cases run in one child process.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.kernels.harness import Case, run_cases

CHILD = """
import sys
import numpy as np
from tflite_micro.python.tflite_micro import runtime

given = np.load(sys.argv[1])
answers = {}
for case in range(int(given["count"])):
    model = given[f"{case}/model"].tobytes()
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=1 << 20)
    samples = []
    for n in range(int(given[f"{case}/samples"])):
        for place in range(int(given[f"{case}/inputs"])):
            interpreter.set_input(given[f"{case}/x{place}"][n], place)
        interpreter.invoke()
        samples.append(np.array(interpreter.get_output(0)))
    answers[str(case)] = np.stack(samples)
np.savez(sys.argv[2], **answers)
"""


def check_tflm(cases: Sequence[Case]) -> None:
    """Run all cases, each with one output, in the C and in TFLite Micro; every bit must agree."""
    if importlib.util.find_spec("tflite_micro") is None:
        pytest.skip("the package tflite-micro is not installed")
    expected = tflm_answers(cases)
    for number, (case, answer, want) in enumerate(
        zip(cases, run_cases(cases), expected, strict=True)
    ):
        got = answer[0].reshape(want.shape)
        wrong = np.flatnonzero(got.ravel() != want.ravel())
        texts = got.ravel()[wrong[:5]], want.ravel()[wrong[:5]]
        assert not wrong.size, f"case {number} {case.label}: {wrong.size} differ: {texts}"


def tflm_answers(cases: Sequence[Case]) -> list[np.ndarray]:
    """The first output of every case and sample, state carried over."""
    given: dict[str, np.ndarray] = {"count": np.array(len(cases))}
    for number, case in enumerate(cases):
        given[f"{number}/model"] = np.frombuffer(case.model, np.uint8)
        given[f"{number}/samples"] = np.array(len(case.inputs[0]))
        given[f"{number}/inputs"] = np.array(len(case.inputs))
        for place, values in enumerate(case.inputs):
            given[f"{number}/x{place}"] = values[:, None]
    with tempfile.TemporaryDirectory() as folder:
        request, reply = Path(folder) / "in.npz", Path(folder) / "out.npz"
        np.savez(request, **given)  # type: ignore[arg-type]
        command = [sys.executable, "-c", CHILD, str(request), str(reply)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr[-2000:]
        with np.load(reply) as answers:
            return [answers[str(n)] for n in range(len(cases))]
