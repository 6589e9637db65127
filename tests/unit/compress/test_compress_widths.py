"""Widths from distributions, and the exact choice under a budget."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

from edgepack.compress.quantizing.widths import Option, choose, dynamic, flash_bytes
from edgepack.errors import ModelError, UsageError


def normal(shape: tuple[int, ...] = (8, 100), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_normal_weights_take_four_bits_and_outliers_eight():
    plain = dynamic("plain", normal(), 0, 0.15)
    assert plain.bits == 4
    assert plain.kurtosis == pytest.approx(3.0, abs=0.5)
    assert plain.errors[8] < plain.errors[4] < plain.errors[2]
    heavy = np.random.default_rng(0).standard_t(2, (8, 400)).astype(np.float32)
    outliers = dynamic("heavy", heavy, 0, 0.15)
    assert outliers.bits == 8
    assert outliers.kurtosis > 10 and outliers.peak > plain.peak
    assert "4 bits would err by" in outliers.reason and "times the mean square's" in outliers.reason


def test_ternary_weights_take_two_bits():
    signs = np.random.default_rng(0).choice([-0.5, 0.0, 0.5], (4, 50)).astype(np.float32)
    found = dynamic("signs", signs, 0, 0.01)
    assert found.bits == 2 and found.errors[2] < 1e-6
    assert found.reason == "2 bits err by 0.000"


def test_bound_that_no_width_keeps_gives_the_widest():
    assert dynamic("w", normal(), 0, 1e-6).bits == 8
    assert dynamic("w", np.zeros((3, 4), np.float32), 0, 0.1).bits == 2


def test_wrong_bounds_and_weights_are_refused():
    with pytest.raises(UsageError, match=r"max_error: 1\.5 is out of range; the range is 0 to 1"):
        dynamic("w", normal(), 0, 1.5)
    with pytest.raises(ModelError, match="conv: a weight that is NaN or infinite"):
        dynamic("conv", np.array([np.nan]), None, 0.1)


def test_bytes_of_packed_weights():
    assert flash_bytes(9, 2, 2) == 3 + 16
    assert flash_bytes(9, 2, 4) == 5 + 16
    assert flash_bytes(9, 2, 8) == 9 + 16


def random_layers(seed: int, layers: int, whole: bool) -> dict[str, tuple[Option, ...]]:
    rng = np.random.default_rng(seed)
    made = {}
    for i in range(layers):
        size = float(rng.integers(1, 40)) if whole else float(rng.uniform(1, 40))
        row = [
            Option(bits, size * bits, float(np.round(rng.uniform(0, 4) / bits, 1)))
            for bits in (2, 4, 8)
        ]
        made[f"layer{i}"] = tuple(row[: rng.integers(1, 4)])
    return made


def brute_force(layers: dict[str, tuple[Option, ...]], budget: float) -> tuple[float, float]:
    sums = [
        (sum(o.loss for o in pick), sum(o.cost for o in pick))
        for pick in itertools.product(*layers.values())
    ]
    return min(s for s in sums if s[1] <= budget + 1e-9)


@pytest.mark.parametrize("whole", [True, False])
def test_choice_is_that_of_brute_force(whole):
    for seed in range(60):
        layers = random_layers(seed, 1 + seed % 7, whole)
        least = sum(min(o.cost for o in row) for row in layers.values())
        most = sum(max(o.cost for o in row) for row in layers.values())
        for share in (0.0, 0.1, 0.4, 0.8, 1.0):
            budget = least + share * (most - least)
            found = choose(layers, budget)
            loss, cost = brute_force(layers, budget)
            assert found.loss == pytest.approx(loss, abs=1e-12)
            assert found.cost == pytest.approx(cost)
            assert found.cost <= budget * (1 + 1e-9)
            assert list(found.bits) == list(layers)


def test_greedy_would_be_worse():
    layers = {
        "a": (Option(8, 10, 0.0), Option(4, 5, 1.0)),
        "b": (Option(8, 10, 0.0), Option(4, 5, 1.0)),
        "c": (Option(8, 21, 0.0), Option(4, 11, 1.5)),
    }
    assert choose(layers, 31).bits == {"a": 8, "b": 8, "c": 4}


def test_budget_that_is_too_small_says_the_least():
    layers = random_layers(3, 4, True)
    least = sum(min(o.cost for o in row) for row in layers.values())
    with pytest.raises(UsageError) as caught:
        choose(layers, least - 1)
    assert str(caught.value) == (
        f"budget: {least - 1:.0f} bytes are too few; the layers take at least {least:.0f} "
        "bytes with the narrowest widths. Raise the budget, or prune first"
    )


def test_sixty_layers_take_a_moment():
    rng = np.random.default_rng(0)
    losses = {f"l{i}": {b: float(rng.uniform() / b) for b in (2, 4, 8)} for i in range(60)}
    sizes = {layer: int(rng.integers(100, 60000)) for layer in losses}
    table = {
        layer: [Option(b, flash_bytes(sizes[layer], 16, b), loss) for b, loss in row.items()]
        for layer, row in losses.items()
    }
    start = time.monotonic()
    found = choose(table, sum(sizes.values()) // 2)
    assert time.monotonic() - start < 5.0
    assert found.cost <= sum(sizes.values()) // 2
