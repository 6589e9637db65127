"""Dense layers as Helium runs them, against the reference interpreter."""

from __future__ import annotations

import dataclasses

import numpy as np

from tests.kernels.emulated import Answer, check_on_board
from tests.kernels.harness import Case
from tests.kernels.test_fully_connected import random_layer
from tests.kernels.weighted_cases import Layer, quantised_case
from tests.tflite_builder import ModelBuilder

BOARD = "mps3-an547"
IMAGE = 40  # cases that fit the board's flash together
DEPTHS = (1, 15, 16, 17, 32, 128, 144, 145, 160, 289)


def run(cases: list[Case]) -> list[Answer]:
    """The board's answers, checked."""
    parts = [cases[at : at + IMAGE] for at in range(0, len(cases), IMAGE)]
    return [answer for part in parts for answer in check_on_board(BOARD, part)]


def layer(rng: np.random.Generator, number: int) -> Layer:
    """A dense layer; every other one with a depth near whole vectors."""
    drawn = random_layer(rng, number)
    if number % 2:
        return drawn
    depth, outputs = int(rng.choice(DEPTHS)), int(rng.integers(1, 34))
    batches = int(rng.choice([1, 1, 3]))
    return dataclasses.replace(
        drawn,
        x=(batches, depth),
        w=(outputs, depth),
        y=(batches, outputs),
        channels=outputs,
        options=drawn.options | {"keep_num_dims": False},
    )


def test_dense(case_count: int) -> None:
    rng = np.random.default_rng(44)
    cases = [quantised_case(rng, layer(rng, n)) for n in range(case_count)]
    kernels = [kernel for answer in run(cases) for kernel in answer.kernels]
    assert kernels.count("ep_mve_dense_s8") > case_count // 2


def test_ties() -> None:
    """Sums of whole and half outputs, of both signs."""
    rng = np.random.default_rng(45)
    cases = []
    for ratio in (4.0, 6.0, 10.0):
        builder = ModelBuilder()
        weights = rng.integers(-3, 4, (19, 5)).astype(np.int8)
        x = builder.tensor((24, 5), "int8", scale=1.0)
        w = builder.tensor(weights.shape, "int8", scale=1.0, data=weights)
        bias = builder.tensor((19,), "int32", scale=1.0, data=rng.integers(-9, 9, 19))
        y = builder.tensor((24, 19), "int8", scale=ratio, zero_point=-7)
        builder.operator("FULLY_CONNECTED", [x, w, bias], [y])
        values = rng.integers(-20, 21, (24, 5)).astype(np.int8)
        cases.append(Case(builder.build([x], [y]), [values], label=f"ties {ratio}"))
    kernels = [kernel for answer in run(cases) for kernel in answer.kernels]
    assert "ep_mve_dense_s8" in kernels
