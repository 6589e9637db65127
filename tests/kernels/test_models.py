"""Whole public models, optimised and planned, on the host: TFLite's bits."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from edgepack.compiler.reader import read_model
from edgepack.oracle import run_reference
from tests.kernels.harness import Case, run_cases

MODELS = Path(os.environ.get("EDGEPACK_MODELS", "/nonexistent"))
NAMES = ("ad01_int8", "kws_ref_model", "pretrainedResnet_quant", "vww_96_int8")


@pytest.mark.skipif(not MODELS.is_dir(), reason="EDGEPACK_MODELS is not set")
@pytest.mark.parametrize("name", NAMES)
def test_a_public_model_is_exact(name: str) -> None:
    model = (MODELS / f"{name}.tflite").read_bytes()
    graph = read_model(model, "m")
    rng = np.random.default_rng(1)
    shapes = [(3, *graph.tensor(i).shape[1:]) for i in graph.inputs]
    inputs = [rng.integers(-128, 128, shape).astype(np.int8) for shape in shapes]
    inputs[0][1], inputs[0][2] = -128, 127
    cases = [Case(model, inputs), Case(model, inputs, optimise=True)]
    expected = run_reference(model, inputs).outputs
    for outputs in run_cases(cases):
        for one, other in zip(outputs, expected, strict=True):
            assert one.tobytes() == other.tobytes()
