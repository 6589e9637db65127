"""Networks without their dead and constant channels answer the same bits as TFLite does."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edgepack import oracle
from edgepack.compiler.channels import remove_channels
from edgepack.compiler.interval_rules import find_intervals
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.reader import read_model
from edgepack.graph import DType, Graph
from edgepack.program import LowerSpec
from tests.kernels import emulated
from tests.kernels.channel_nets import random_net
from tests.kernels.harness import Case, run_cases
from tests.kernels.oracle_check import check

TWICE = LowerSpec(numerics="tflm")
NETS = 100
BY_CHANNEL = {
    *("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "AVERAGE_POOL_2D", "MAX_POOL_2D", "MEAN"),
    *("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "CONCATENATION", "SPLIT", "TRANSPOSE", "RESHAPE"),
    *("RELU", "RELU6", "LEAKY_RELU", "PRELU", "HARD_SWISH", "QUANTIZE", "PAD"),
}


@pytest.fixture(scope="module")
def nets() -> list[Case]:
    rng = np.random.default_rng(20)
    return [random_net(rng, str(number)) for number in range(NETS)]


@pytest.fixture(scope="module")
def references(nets: list[Case]) -> list[oracle.ReferenceRun]:
    runs = oracle.run_cases([oracle.Case(c.model, tuple(c.inputs), layers=True) for c in nets])
    for net, run in zip(nets, runs, strict=True):
        assert isinstance(run, oracle.ReferenceRun), f"{net.label}: {run}"
    return [run for run in runs if isinstance(run, oracle.ReferenceRun)]


def test_every_value_lies_in_its_interval(
    nets: list[Case], references: list[oracle.ReferenceRun]
) -> None:
    narrow = 0
    for net, reference in zip(nets, references, strict=True):
        graph = read_model(net.model)
        assert reference.tensors is not None
        intervals = find_intervals(graph)
        for index, values in reference.tensors.items():
            flat = values.reshape(-1, values.shape[-1]).astype(np.int64)
            where = f"{net.label}: tensor {index}"
            assert (flat.min(axis=0) >= intervals[index].low).all(), where
            assert (flat.max(axis=0) <= intervals[index].high).all(), where
            narrow += int(intervals[index].constant.sum())
    assert narrow > 1000


def test_the_answers_are_the_reference_s(
    nets: list[Case], references: list[oracle.ReferenceRun]
) -> None:
    answers = run_cases([dataclasses.replace(net, optimise=True) for net in nets])
    for net, given, reference in zip(nets, answers, references, strict=True):
        for one, other in zip(given, reference.outputs, strict=True):
            assert one.tobytes() == other.tobytes(), net.label


def test_the_answers_with_two_roundings_are_those_of_the_whole_model(nets: list[Case]) -> None:
    dense = [net for net in nets if "FULLY_CONNECTED" in net.label][:16]
    whole = [dataclasses.replace(net, spec=TWICE) for net in dense]
    cases = [*whole, *(dataclasses.replace(net, optimise=True) for net in whole)]
    answers = run_cases(cases)
    pairs = zip(answers[: len(dense)], answers[len(dense) :], strict=True)
    for net, (one, other) in zip(dense, pairs, strict=True):
        assert [y.tobytes() for y in one] == [y.tobytes() for y in other], net.label


def test_channels_go_from_all_sorts_of_operators(nets: list[Case]) -> None:
    narrowed: dict[str, int] = {}
    for net in nets:
        graph = optimise(read_model(net.model))
        assert remove_channels(graph) is graph
        assert [graph.tensor(i).shape for i in graph.inputs + graph.outputs] == [
            read_model(net.model).tensor(i).shape for i in graph.inputs + graph.outputs
        ]
        for kind in narrowed_kinds(graph, len(read_model(net.model).tensors)):
            narrowed[kind] = narrowed.get(kind, 0) + 1
    assert set(narrowed) >= BY_CHANNEL, BY_CHANNEL - set(narrowed)
    assert narrowed["CONV_2D"] > 150


@pytest.mark.parametrize("board", ["mps2-an386", "mps3-an547", "riscv-virt"])
def test_kernels_of_boards_take_what_is_left(nets: list[Case], board: str) -> None:
    emulated.check_on_board(board, [dataclasses.replace(n, optimise=True) for n in nets[:24]])


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10))
def test_more_networks(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    check([dataclasses.replace(random_net(rng, str(n)), optimise=True) for n in range(200)])


def narrowed_kinds(graph: Graph, known: int) -> list[str]:
    """The operators that write a tensor which the model does not have."""
    return [
        operator.kind
        for operator in graph.operators
        if any(i >= known and graph.tensor(i).dtype is DType.INT8 for i in operator.outputs)
    ]
