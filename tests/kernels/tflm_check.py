"""Compares the generated C with TFLite Micro's interpreter, where LiteRT does not run a model.

The interpreter is C++ that trusts its input: all cases run in one child process.
"""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from edgepack.compiler.reader import read_model
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
        outputs = range(int(given[f"{case}/outputs"]))
        samples.append([np.array(interpreter.get_output(place)) for place in outputs])
    for place, values in enumerate(zip(*samples)):
        answers[f"{case}/y{place}"] = np.stack(values)
np.savez(sys.argv[2], **answers)
"""


def check_tflm(cases: Sequence[Case]) -> None:
    """Run all cases in the C and in TFLite Micro; every bit of every output must agree."""
    require_tflm()
    expected = tflm_answers(cases)
    for number, (case, answer, wanted) in enumerate(
        zip(cases, run_cases(cases), expected, strict=True)
    ):
        for place, (got, want) in enumerate(zip(answer, wanted, strict=True)):
            wrong = np.flatnonzero(got.ravel() != want.ravel())
            texts = got.ravel()[wrong[:5]], want.ravel()[wrong[:5]]
            where = f"case {number} output {place} {case.label}"
            assert not wrong.size, f"{where}: {wrong.size} differ: {texts}"


def require_tflm() -> None:
    """Skip the test where TFLite Micro's package is not installed."""
    if importlib.util.find_spec("tflite_micro") is None:
        pytest.skip("the package tflite-micro is not installed")


def tflm_answers(cases: Sequence[Case]) -> list[list[np.ndarray]]:
    """Every output of every case, [samples, *shape] each, state carried over."""
    given: dict[str, np.ndarray] = {"count": np.array(len(cases))}
    outputs = []
    for number, case in enumerate(cases):
        graph = read_model(case.model, "m")
        shapes = [graph.tensor(index).shape for index in graph.inputs]
        outputs.append(len(graph.outputs))
        samples = case.inputs[0].size // max(1, math.prod(shapes[0]))
        given[f"{number}/model"] = np.frombuffer(case.model, np.uint8)
        given[f"{number}/samples"] = np.array(samples)
        given[f"{number}/inputs"] = np.array(len(shapes))
        given[f"{number}/outputs"] = np.array(outputs[-1])
        for place, (values, shape) in enumerate(zip(case.inputs, shapes, strict=True)):
            given[f"{number}/x{place}"] = values.reshape(samples, *shape)
    with tempfile.TemporaryDirectory() as folder:
        request, reply = Path(folder) / "in.npz", Path(folder) / "out.npz"
        np.savez(request, **given)  # type: ignore[arg-type]
        command = [sys.executable, "-c", CHILD, str(request), str(reply)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr[-2000:]
        with np.load(reply) as answers:
            return [
                [answers[f"{number}/y{place}"] for place in range(count)]
                for number, count in enumerate(outputs)
            ]
