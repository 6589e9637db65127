"""Networks with branches give the same bits in another order of their steps."""

from __future__ import annotations

import numpy as np

from edgepack.compiler.lowering import lower
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.order import in_best_order
from edgepack.compiler.planner import plan_memory
from edgepack.compiler.reader import read_model
from edgepack.program import LowerSpec
from tests.kernels.channel_nets import Net, _pointwise, classifier, convolution
from tests.kernels.harness import Case, run_programs


def branching_net(rng: np.random.Generator) -> Case:
    """Branches that are wide before they are narrow, listed layer by layer, then joined."""
    net = Net(rng)
    x = net.value((1, net.number(3, 7), net.number(3, 7), net.number(2, 4)))
    convolution(net, x)
    for _ in range(net.number(1, 2)):
        source = net.values[-1]
        size = source.shape[1:3]
        wide = [net.value((1, *size, net.number(4, 20))) for _ in range(net.number(2, 4))]
        for value in wide:
            _pointwise(net, source, value)
        narrow = [net.value((1, *size, net.number(1, 4)), wide[0]) for _ in wide]
        for one, other in zip(wide, narrow, strict=True):
            _pointwise(net, one, other)
        whole = net.value((1, *size, sum(v.shape[3] for v in narrow)), wide[0])
        net.b.operator("CONCATENATION", [v.index for v in narrow], [whole.index], axis=3)
    classifier(net)
    inputs = rng.integers(-128, 128, (3, *x.shape[1:])).astype(np.int8)
    return Case(net.b.build([x.index], [net.values[-1].index]), [inputs])


def test_the_order_of_branches_changes_no_bit(case_count: int) -> None:
    rng = np.random.default_rng(6)
    given, ordered, inputs = [], [], []
    for _ in range(case_count // 2):
        case = branching_net(rng)
        program = lower(optimise(read_model(case.model, "m")), LowerSpec())
        other, _ = in_best_order(program, plan_memory(program))
        if other is not program:
            given.append(program)
            ordered.append(other)
            inputs.append(case.inputs)
    assert len(given) >= 3
    answers = run_programs([*given, *ordered], [*inputs, *inputs])
    for one, other in zip(answers, answers[len(given) :], strict=False):
        for expected, got in zip(one, other, strict=True):
            assert np.array_equal(expected, got)
