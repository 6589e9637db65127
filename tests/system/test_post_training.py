"""Equalisation, adaptive rounding and bias correction on whole float nets."""

from __future__ import annotations

import itertools
import os
from typing import Any

import numpy as np
import pytest

from edgepack.compress.quantizing import layerwise, quantizer, sensitivity
from edgepack.compress.quantizing.equalize import equalized, pairs
from edgepack.compress.quantizing.floatnet import FloatNet, collected, read_net
from edgepack.compress.quantizing.grids import Stepping, weight_grids
from edgepack.compress.quantizing.patches import grouped, groups_of, outputs_of, rows, ungrouped
from edgepack.compress.quantizing.ranges import squared_errors, weight_steps
from edgepack.compress.quantizing.rounding import RoundingSpec
from edgepack.compress.quantizing.rules import Grid
from edgepack.compress.quantizing.scales import (
    Scales,
    Scaling,
    observed,
    operator_bits,
    ranges_of,
    scales,
)
from edgepack.compress.quantizing.stepwise import OneOperator
from edgepack.compress.spec import DataSpec, QuantizeSpec
from edgepack.errors import ModelError, TrainingError, UsageError
from tests.models.float_nets import conv_net, samples
from tests.tflite_builder import ModelBuilder

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytest.importorskip("tensorflow", reason="TensorFlow is not installed")


def answers(net: FloatNet, x: np.ndarray) -> np.ndarray:
    return collected(net, [x], net.outputs)[net.outputs[0]]


def quantisation(net: FloatNet, x: np.ndarray, bits: int = 4) -> tuple[Scales, dict[int, Grid]]:
    seen = observed(net, [x], bins=False)
    found = scales(ranges_of(net, seen, Scaling()), operator_bits(net, {}))
    inputs = {w.operator: found.activations[w.x] for w in net.weighted()}
    widths = {w.operator: bits for w in net.weighted()}
    stepping = Stepping(method="mse")
    return found, weight_grids(net, widths, stepping, inputs)


@pytest.mark.parametrize("residual", [False, True])
def test_equalised_nets_answer_the_same_and_reach_evenly(residual):
    for seed in range(3):
        net = read_net(conv_net(seed, residual=residual))
        made = equalized(net)
        x = samples(seed=seed)
        np.testing.assert_allclose(answers(made.net, x), answers(net, x), rtol=1e-4, atol=1e-5)
        assert [(first, others) for first, others, _, _ in made.pairs] == (
            [("first", ("depthwise",))]
            if residual
            else [
                ("first", ("depthwise",)),
                ("depthwise", ("point",)),
                ("point", ("dense",)),
            ]
        )
        if not residual:
            assert reach_error(made.net) < reach_error(net)


def reach_error(net: FloatNet) -> float:
    """The relative squared error of all weights at 4 bits a tensor."""
    data = [net.tensors[w.weights].data for w in net.weighted()]
    found = [
        squared_errors(d.reshape(1, -1).astype(float), weight_steps(d, None, 4), 4)[0]
        / np.square(d).sum()
        for d in data
    ]
    return float(np.mean(found))


def test_clamps_at_six_are_left_alone():
    net = read_net(conv_net(activation="RELU6"))
    assert [net.label(p.first.operator) for p in pairs(net)] == []
    assert equalized(net).net.content == net.content


def test_channel_of_zeros_is_not_scaled():
    net = read_net(conv_net())
    first = net.weighted()[0]
    weights = net.tensors[first.weights].data.copy()
    weights[2] = 0
    dead = net.with_constants({first.weights: weights})
    np.testing.assert_allclose(
        answers(equalized(dead).net, samples()), answers(dead, samples()), rtol=1e-4, atol=1e-5
    )


def test_rows_times_weights_are_what_the_operators_give():
    net = read_net(conv_net(1))
    x = samples(4)
    values = collected(net, [x], [w.x for w in net.weighted()])
    for layer in net.weighted():
        operator, facts = net.operators[layer.operator], net.tensors[layer.weights]
        bias = net.tensors[layer.bias].data
        groups = groups_of(net, layer)
        product = grouped(facts.data, operator.kind, groups)
        got = rows(values[layer.x], operator, facts.shape, groups) @ product.transpose(0, 2, 1)
        run = OneOperator(net, layer.operator, activation=False)(values)[layer.y]
        flat = got.transpose(1, 0, 2).reshape(run.shape) + bias
        np.testing.assert_allclose(flat, run, rtol=1e-4, atol=1e-5)
        assert outputs_of(values[layer.x], operator, facts.shape) == got.shape[1]
        back = ungrouped(product, operator.kind, facts.shape)
        np.testing.assert_array_equal(back, facts.data)
        some = np.array([0, 3]) if got.shape[1] > 3 else np.array([1])
        np.testing.assert_array_equal(
            rows(values[layer.x], operator, facts.shape, groups, some),
            rows(values[layer.x], operator, facts.shape, groups)[:, some],
        )


def test_operators_run_alone_as_they_run_together():
    net = read_net(conv_net(2, residual=True))
    x = samples(70)
    wanted = {t for op in net.operators for t in op.outputs}
    together = collected(net, [x], wanted)
    values = {net.inputs[0]: x}
    for index, operator in enumerate(net.operators):
        values.update(OneOperator(net, index)(values))
        for tensor in operator.outputs:
            np.testing.assert_allclose(values[tensor], together[tensor], rtol=1e-4, atol=1e-5)


def folded_net() -> bytes:
    """A dilated layer, as the converter writes it, and a sum that no sample changes."""
    rng = np.random.default_rng(0)
    b = ModelBuilder()
    x = b.tensor((1, 8, 8, 3), "float32", name="x")
    apart, padded = b.tensor((4, 4, 4, 3), "float32"), b.tensor((4, 4, 4, 5), "float32")
    y, z = b.tensor((1, 8, 8, 5), "float32"), b.tensor((1, 8, 8, 5), "float32")
    block = b.tensor((2,), "int32", data=[2, 2])
    none = b.tensor((2, 2), "int32", data=[[0, 0], [0, 0]])
    w = b.tensor((5, 3, 3, 3), "float32", data=rng.normal(size=(5, 3, 3, 3)).astype(np.float32))
    bias = b.tensor((5,), "float32", data=rng.normal(size=5).astype(np.float32))
    twice = b.tensor((5,), "float32")
    b.operator("SPACE_TO_BATCH_ND", [x, block, none], [apart])
    b.operator("CONV_2D", [apart, w, bias], [padded], stride_h=1, stride_w=1, padding="SAME")
    b.operator("BATCH_TO_SPACE_ND", [padded, block, none], [y])
    b.operator("ADD", [bias, bias], [twice])
    b.operator("ADD", [y, twice], [z])
    return b.build([x], [z])


def test_samples_that_are_no_batch_stay_apart():
    net = read_net(folded_net())
    x = samples(9)
    values = {net.inputs[0]: x}
    for index, operator in enumerate(net.operators):
        values.update(OneOperator(net, index)(values))
        (made,) = operator.outputs
        wanted = collected(net, [x], [made])[made]
        given = np.tile(values[made], 9) if values[made].size * 9 == wanted.size else values[made]
        np.testing.assert_allclose(given, wanted, rtol=1e-4, atol=1e-5)
    found, grids = quantisation(net, x)
    made = layerwise.fitted(net, [x], found, grids, layerwise.Fitting(correct_bias=True))
    assert np.isfinite(answers(made.net, x)).all()


def test_rounding_and_bias_bring_the_outputs_nearer_on_unseen_samples():
    ratios = []
    for seed in range(3):
        net = read_net(conv_net(seed))
        fit, test = samples(64, seed), samples(64, seed + 100)
        found, grids = quantisation(net, fit)
        how = layerwise.Fitting(rounding=RoundingSpec(iterations=100), correct_bias=True)
        made = layerwise.fitted(net, [fit], found, grids, how)
        assert [layer.layer for layer in made.layers] == ["first", "depthwise", "point", "dense"]
        assert all(layer.fitted < layer.nearest for layer in made.layers)
        for key, grid in made.grids.items():
            assert grid.integers.shape == grids[key].integers.shape
            assert np.abs(grid.integers).max() <= 7
            assert (grid.steps <= 2 * grids[key].steps + 1e-9).all()
            assert (grid.steps >= 0.5 * grids[key].steps - 1e-9).all()
        again = layerwise.fitted(net, [fit], found, grids, how)
        for key, grid in made.grids.items():
            np.testing.assert_array_equal(grid.integers, again.grids[key].integers)
        assert made.net.content == again.net.content
        before = against_float(net, net, found, grids, test)
        ratios.append(against_float(net, made.net, found, made.grids, test) / before)
    assert max(ratios) < 0.8


def wide_net(inputs: int) -> bytes:
    """One dense layer."""
    rng = np.random.default_rng(inputs)
    b = ModelBuilder()
    x, y = b.tensor((1, inputs), "float32", name="x"), b.tensor((1, 5), "float32", name="y")
    data = rng.normal(0, 0.05, (5, inputs)).astype(np.float32)
    w = b.tensor((5, inputs), "float32", name="wide/w", data=data)
    bias = b.tensor((5,), "float32", name="wide/b", data=rng.normal(0, 1, 5).astype(np.float32))
    b.operator("FULLY_CONNECTED", [x, w, bias], [y])
    return b.build([x], [y])


@pytest.mark.parametrize("keep_steps", [False, True])
def test_layers_of_many_inputs_are_rounded_too(keep_steps):
    net = read_net(wide_net(1300))
    rng = np.random.default_rng(1)
    x = (rng.normal(size=(200, 20)) @ rng.normal(size=(20, 1300))).astype(np.float32)
    found, grids = quantisation(net, x[:150])
    how = layerwise.Fitting(
        rounding=RoundingSpec(iterations=30), correct_bias=True, keep_steps=keep_steps
    )
    made = layerwise.fitted(net, [x[:150]], found, grids, how)
    (weights,) = grids
    assert made.grids[weights].integers.shape == (5, 1300)
    kept = np.array_equal(made.grids[weights].steps, grids[weights].steps)
    assert kept == keep_steps
    assert made.layers[0].fitted < made.layers[0].nearest
    before = against_float(net, net, found, grids, x[150:])
    assert against_float(net, made.net, found, made.grids, x[150:]) < 0.5 * before


def test_steps_of_powers_of_two_stay_as_they_are():
    spec = QuantizeSpec(
        data=DataSpec(source="x.npz"), scheme="power_of_two", weights=4, rounding="adaptive"
    )
    made = quantizer.quantized_net(read_net(conv_net()), [samples(48)], spec)
    for row in made.tensors:
        for step in (row.least_step, row.largest_step):
            assert np.log2(step) == np.rint(np.log2(step))


def against_float(
    net: FloatNet, made: FloatNet, found: Scales, grids: dict[int, Grid], x: np.ndarray
) -> float:
    constants = {w.weights: layerwise.dequantised(grids[w.weights], w.axis) for w in net.weighted()}
    coarse = made.with_constants(constants)
    values = {made.inputs[0]: layerwise.fake(x, found.activations[made.inputs[0]])}
    for index in range(len(made.operators)):
        for t, y in OneOperator(coarse, index)(values).items():
            values[t] = layerwise.fake(y, found.activations.get(t))
    return float(np.square(values[net.outputs[0]] - answers(net, x)).mean())


def test_bias_correction_alone_takes_the_means_back():
    net = read_net(conv_net(4))
    x = samples(64)
    found, grids = quantisation(net, x, bits=2)
    made = layerwise.fitted(net, [x], found, grids, layerwise.Fitting(correct_bias=True))
    for layer in net.weighted():
        np.testing.assert_array_equal(
            made.grids[layer.weights].integers, grids[layer.weights].integers
        )
    assert sum(layer.bias_shift > 0 for layer in made.layers) == len(made.layers)
    assert against_float(net, made.net, found, grids, x) < against_float(net, net, found, grids, x)


def test_too_few_samples_and_loops_are_refused():
    net = read_net(conv_net())
    found, grids = quantisation(net, samples(16))
    with pytest.raises(UsageError) as caught:
        layerwise.fitted(net, [samples(7)], found, grids, layerwise.Fitting())
    assert str(caught.value) == (
        "samples: 7 are too few to fit rounding and biases to; give at least 8, better some "
        "hundreds"
    )
    b = ModelBuilder()
    x = b.tensor((1, 4), "float32")
    condition = b.tensor((1,), "bool", data=[True])
    y = b.tensor((1, 4), "float32")
    b.operator("IF", [condition, x], [y])
    branching = read_net(b.build([x], [y]))
    with pytest.raises(ModelError) as caught_too:
        OneOperator(branching, 0)
    assert str(caught_too.value) == (
        "op 0 IF: branches, loops and variables cannot be run an operator at a time, as adaptive "
        "rounding, correct_bias and scheme 'mixed' do; leave these out"
    )


def test_an_operator_that_the_interpreter_stops_at_is_named():
    net = read_net(conv_net())
    with pytest.raises(TrainingError, match=r"^dense: does not run alone \("):
        OneOperator(net, 5)({net.operators[5].inputs[0]: np.zeros((2, 63), np.float32)})


def test_values_whose_squares_overflow_are_refused():
    net = read_net(conv_net())
    first = net.weighted()[0]
    weights = np.array(net.tensors[first.weights].data)
    weights.flat[0] = 1e30
    broken = net.with_constants({first.weights: weights})
    spec = QuantizeSpec(data=DataSpec(source="x.npz"), rounding="adaptive")
    with pytest.raises(ModelError, match=r"^first: reaches .*, too far to fit rounding"):
        quantizer.quantized_net(broken, [samples(8)], spec)


def test_constant_samples_leave_finite_weights():
    net = read_net(conv_net())
    x = np.full((16, 8, 8, 3), 0.5, np.float32)
    found, grids = quantisation(net, x)
    how = layerwise.Fitting(rounding=RoundingSpec(iterations=20), correct_bias=True)
    made = layerwise.fitted(net, [x], found, grids, how)
    assert np.isfinite(answers(made.net, x)).all()


def labels_of(net: FloatNet) -> list[str]:
    return [net.label(w.operator) for w in net.weighted()]


def budgeted(**how: Any) -> quantizer.Quantized:
    spec = QuantizeSpec(data=DataSpec(source="x.npz"), scheme="mixed", **how)
    return quantizer.quantized_net(read_net(conv_net()), [samples(48)], spec)


def bits_of(made: quantizer.Quantized) -> dict[str, int]:
    return {t.layer: t.bits for t in made.tensors if t.kind == "weights"}


def test_widths_found_within_a_budget_keep_it_and_are_the_best_of_all():
    for budget in (600, 760, 900, 1100, 2000):
        made = budgeted(budget_bytes=budget)
        assert [row.layer for row in made.sensitivity] == labels_of(read_net(conv_net()))
        cost = sum(row.costs[str(row.bits)] for row in made.sensitivity)
        loss = sum(row.losses[str(row.bits)] for row in made.sensitivity)
        assert cost <= budget
        assert bits_of(made) == {row.layer: row.bits for row in made.sensitivity}
        picks = itertools.product(*(row.losses for row in made.sensitivity))
        sums = [
            (
                sum(r.losses[b] for r, b in zip(made.sensitivity, pick, strict=True)),
                sum(r.costs[b] for r, b in zip(made.sensitivity, pick, strict=True)),
            )
            for pick in picks
        ]
        assert loss == pytest.approx(min(s for s in sums if s[1] <= budget)[0])
    assert set(bits_of(made).values()) == {8}


def test_losses_grow_as_widths_shrink():
    made = budgeted(budget_bytes=900)
    for row in made.sensitivity:
        assert row.losses["8"] < row.losses["4"] < row.losses["2"]
        assert row.costs["8"] > row.costs["4"] > row.costs["2"]


def test_layers_named_by_hand_keep_their_width_within_the_budget():
    made = budgeted(budget_bytes=900, layers=(("dense", "8"),))
    assert bits_of(made)["dense"] == 8
    row = next(r for r in made.sensitivity if r.layer == "dense")
    assert row.losses == {"8": 0.0} or not row.losses
    assert sum(r.costs[str(r.bits)] for r in made.sensitivity) <= 900


def test_a_cost_that_the_caller_hands_in_rules_the_choice():
    names = labels_of(read_net(conv_net()))
    costs = {n: {"2": 9.0, "4": 1.0, "8": 5.0} for n in names}
    made = budgeted(budget_cost=len(names) * 1.0, costs=costs)
    assert set(bits_of(made).values()) == {4}
    with pytest.raises(UsageError, match="says nothing of layer dense at 2 bits"):
        budgeted(budget_cost=9.0, costs={n: costs[n] for n in names if n != "dense"})


def test_budgets_that_are_too_small_or_stand_alone_are_refused():
    with pytest.raises(UsageError) as caught:
        budgeted(budget_bytes=100)
    least = sum(min(r.costs.values()) for r in budgeted(budget_bytes=2000).sensitivity)
    assert str(caught.value) == (
        f"budget: 100 bytes are too few; the layers take at least {least:.0f} bytes with the "
        "narrowest widths. Raise the budget, or prune first"
    )
    with pytest.raises(UsageError, match="goes with scheme 'mixed'"):
        QuantizeSpec(data=DataSpec(source="x.npz"), budget_bytes=900)
    with pytest.raises(UsageError, match="goes with costs, and without budget_bytes"):
        budgeted(budget_cost=900.0)
    with pytest.raises(UsageError, match="3 are too few to measure sensitivity"):
        sensitivity.losses(read_net(conv_net()), [samples(3)], {})


def test_figures_are_told_of_hybrid_layers_and_of_chosen_widths_alone():
    how: dict[str, Any] = {"data": DataSpec(source="x.npz"), "scheme": "dynamic"}
    hybrid = QuantizeSpec(**how, activations=32)
    named = QuantizeSpec(**how, layers=(("point", 2),), equalize=True)
    for spec, absent in ((hybrid, set[str]()), (named, {"point"})):
        net = read_net(conv_net())
        made = quantizer.quantized_net(net, [samples(16)], spec)
        told = {figure.layer: figure.bits for figure in made.figures}
        held = bits_of(made)
        assert told == {layer: held[layer] for layer in labels_of(net) if layer not in absent}


def test_dynamic_widths_come_with_the_figures_that_gave_them():
    spec = QuantizeSpec(data=DataSpec(source="x.npz"), scheme="dynamic", max_error=0.1)
    made = quantizer.quantized_net(read_net(conv_net()), [samples(48)], spec)
    assert [f.layer for f in made.figures] == labels_of(read_net(conv_net()))
    assert bits_of(made) == {f.layer: f.bits for f in made.figures}
    for f in made.figures:
        narrower = [e for b, e in f.errors.items() if int(b) < f.bits]
        assert all(e > 0.1 for e in narrower)
        assert f.low < 0 < f.high and f.peak > 1 and f.kurtosis > 1 and f.why
