"""Layers whose weights fit few bits, by the kernels that store them so."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from edgepack import oracle
from edgepack.board import Board
from edgepack.compiler.lowering import offer
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.reader import read_model
from edgepack.program import Program
from tests.kernels.harness import Case, run_programs
from tests.kernels.test_conv_2d import random_layer
from tests.kernels.test_depthwise_conv_2d import random_layer as random_depthwise
from tests.kernels.test_dsp_conv import few_pixels, fused_layer, wider
from tests.kernels.test_fully_connected import random_layer as random_dense
from tests.kernels.weighted_cases import Layer

SPANS = {4: [(-8, 7), (-7, 7), (0, 0), (-8, -8)], 2: [(-1, 1), (-2, 1), (0, 1), (-1, 0)]}


def picking(names: Sequence[str]) -> Callable[[Case, Board, str], Program]:
    """What lowers a case to kernels of these names, each as often as the others where it can be."""
    used: Counter[str] = Counter()

    def lowered(case: Case, board: Board, name: str) -> Program:
        graph = read_model(case.model, name)
        graph = optimise(graph) if case.optimise else graph
        found = offer(graph, dataclasses.replace(case.spec, isa=frozenset(board.isa)))
        picks = []
        for operator in found.operators:
            ways = [(place, way[0]) for place, way in enumerate(operator.ways) if way]
            kernels = {" ".join(step.kernels): place for place, step in ways}
            wanted = [kernel for kernel in kernels if kernel in names]
            chosen = min(wanted, key=lambda kernel: used[kernel], default="")
            used[chosen] += 1
            picks.append(kernels.get(chosen, 0))
        return found.program(picks)

    return lowered


def narrowed(rng: np.random.Generator, layer: Layer, bits: int, number: int) -> Layer:
    """The layer with weights of so many bits, in a type that has more or just as many."""
    spans = SPANS[bits]
    span = spans[int(rng.choice(len(spans), p=[0.4, 0.4, 0.1, 0.1]))]
    kind = "int4" if number % 2 else "int8"
    gain = 0.3 + number % 5 if layer.gain > 100 or layer.gain < 0.01 else layer.gain
    return dataclasses.replace(layer, weights=kind, span=span, gain=gain, values=0)


def convolutions(rng: np.random.Generator, bits: int, count: int) -> list[Layer]:
    """Of all windows; a third with as many channels as real ones have."""
    layers = []
    for number in range(count):
        layer = fused_layer(rng) if number % 5 == 4 else random_layer(rng, number)
        layer = wider(layer, rng) if number % 3 == 2 and number % 5 != 4 else layer
        layers.append(narrowed(rng, layer, bits, number))
    return layers


def dense_layers(rng: np.random.Generator, bits: int, count: int) -> list[Layer]:
    """Dense layers of all sizes."""
    return [narrowed(rng, random_dense(rng, n), bits, n) for n in range(count)]


def few_pixel_layers(rng: np.random.Generator, bits: int, count: int) -> list[Layer]:
    """Convolutions of one to three pixels."""
    return [narrowed(rng, few_pixels(rng), bits, n) for n in range(count)]


def depthwise_layers(rng: np.random.Generator, bits: int, count: int) -> list[Layer]:
    """Depthwise convolutions; half of them with as many channels as real ones have."""
    layers = []
    for number in range(count):
        layer = random_depthwise(rng, number)
        multiplier = layer.channels // layer.x[3]
        if number % 2:
            depth = int(rng.integers(16, 40))
            outputs = depth * multiplier
            layer = dataclasses.replace(
                layer,
                x=(*layer.x[:3], depth),
                w=(*layer.w[:3], outputs),
                y=(*layer.y[:3], outputs),
                channels=outputs,
            )
        layers.append(narrowed(rng, layer, bits, number))
    return layers


def check_on_host(programs: Sequence[Program], cases: Sequence[Case]) -> None:
    """Compare the programs with the reference, under the sanitizers."""
    inputs, labels = [case.inputs for case in cases], [case.label for case in cases]
    answers = run_programs(programs, inputs, labels)
    references = oracle.run_cases([oracle.Case(c.model, tuple(c.inputs)) for c in cases])
    for case, answer, expected in zip(cases, answers, references, strict=True):
        assert isinstance(expected, oracle.ReferenceRun), f"{case.label}: {expected}"
        for got, want in zip(answer, expected.outputs, strict=True):
            assert got.tobytes() == want.tobytes(), case.label
