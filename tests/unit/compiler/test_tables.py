from __future__ import annotations

import math

import numpy as np
import pytest

from edgepack.compiler import tables
from edgepack.graph import DType, Quantization, Tensor
from edgepack.resources import template_bytes


def int8(scale: float, zero_point: int, dtype: DType = DType.INT8) -> Tensor:
    return Tensor(0, "t", (1,), dtype, Quantization((scale,), (zero_point,)))


def values(table: np.ndarray) -> dict[int, int]:
    """The table by signed argument."""
    return {q: int(table.view(np.int8)[q & 255]) for q in range(-128, 128)}


def test_halves_round_away_from_zero() -> None:
    assert [tables.rounded(v) for v in (0.5, 1.5, -0.5, -1.5, 2.4, -2.6)] == [1, 2, -1, -2, 2, -3]
    assert tables.round_saturated(math.inf) == 2**31 - 1
    assert tables.round_saturated(-1e30) == -(2**31)


def test_exponentials_are_close_to_the_real_ones() -> None:
    table = tables.softmax_exponentials(0.125, 1.0) / 2.0**31
    assert np.abs(table - np.exp(-0.125 * np.arange(len(table)))).max() < 3e-7


@pytest.mark.parametrize(("scale", "entries"), [(1.0, 16), (0.5, 32), (0.01, 256), (100.0, 1)])
def test_exponentials_end_where_tflite_does(scale: float, entries: int) -> None:
    assert len(tables.softmax_exponentials(scale, 1.0)) == entries


def test_logistic_of_symmetric_input() -> None:
    table = values(tables.real_table(int8(0.1, 0), int8(1 / 256, -128), tables.logistic))
    assert (table[0], table[127], table[-128]) == (0, 127, -128)
    assert table[10] == round(256 / (1 + math.exp(-1.0))) - 128


def test_logistic_far_below_zero_is_zero() -> None:
    assert tables.logistic(-1000.0) == 0.0
    assert tables.logistic(1000.0) == 1.0


def test_relu6_rescales() -> None:
    table = values(tables.relu_table(int8(0.25, 10), int8(0.125, -100), 0.0, 6.0))
    assert table[-128] == table[10] == -100
    assert table[14] == -100 + 8
    assert table[127] == -100 + 48


def test_leaky_relu_of_negative_slope_rises_below_zero() -> None:
    table = values(tables.leaky_relu_table(int8(1.0, 0), int8(1.0, 0), -0.5))
    assert (table[-10], table[10]) == (5, 10)


def test_requantize_changes_the_type() -> None:
    table = tables.requantize_table(int8(0.5, 128, DType.UINT8), int8(0.5, 0))
    assert table.tolist() == tables.FLIPPED.tolist() == [q ^ 128 for q in range(256)]


def test_hard_swish_ends() -> None:
    table = values(tables.hard_swish_table(int8(0.1, 0), int8(0.1, 0)))
    assert table[0] == table[-128] == 0
    assert table[100] == 100
    assert table[-15] == -4  # -1.5 * 1.5 / 6 = -0.375


def test_constants_of_the_exponential() -> None:
    """One unit of the last place would hardly show in an int8, so they are compared as they are."""
    powers = [round(math.exp(-(2.0**k)) * 2**31) for k in range(-2, 5)]
    source = template_bytes("runtime/portable/ep_softmax_s8.c").decode()
    body = source.split("exp_of_minus_power[7] = {")[1].split("}")[0]
    assert [int(v) for v in body.split(",") if v.strip()] == powers
    assert [tables.exp_on_negative_values(-(1 << 26 + k)) for k in range(2)] == pytest.approx(
        powers[2:4], abs=512
    )
    assert f"{round(math.exp(-1 / 8) * 2**31)} +" in source


def test_tables_that_only_clamp() -> None:
    same = int8(0.25, -3)
    assert tables.bounds_of(tables.relu_table(same, same, 0.0, 6.0)) == (-3, 21)
    assert tables.bounds_of(tables.relu_table(same, same, 0.0, math.inf)) == (-3, 127)
    assert tables.bounds_of(tables.requantize_table(same, same)) == (-128, 127)
    assert tables.bounds_of(tables.relu_table(same, int8(0.25, -4), 0.0, 6.0)) is None
    assert tables.bounds_of(tables.leaky_relu_table(same, same, 0.5)) is None
