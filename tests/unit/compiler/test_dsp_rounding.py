"""The short requantisation against TFLite's two roundings, over all sums that a layer may have."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edgepack.compiler.fixed_point import quantize_multiplier, requantize
from edgepack.compiler.operators.window import Window
from edgepack.compiler.variants.dsp_rounding import SHORT_SHIFT, short_steps
from edgepack.compiler.variants.layers import ConvLayer

BOUND = 3000
ROWS = 8


def layer_of(scales: list[float], zero_out: int, low: int) -> ConvLayer:
    """Only what requantisation needs is of any meaning."""
    rows = len(scales)
    return ConvLayer(
        operator=0,
        input=0,
        output=1,
        window=Window(1, 1, 1, 4, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0),
        depthwise=False,
        weights=np.ones((rows, 4), np.int8),
        bias=np.zeros(rows, np.int64),
        bounds=np.full(rows, BOUND, np.int64),
        multipliers=tuple(quantize_multiplier(scale) for scale in scales),
        zero_in=0,
        zero_out=zero_out,
        low=low,
        high=127,
    )


@pytest.mark.parametrize("gain", [0, 3])
def test_every_sum_above_a_relu(gain: int) -> None:
    rng = np.random.default_rng(7)
    found = 0
    for number in range(12):
        zero_out = -128 if number % 2 else int(rng.integers(-128, 100))
        scales = [float(2.0 ** -rng.uniform(5.1 - gain, 9)) for _ in range(ROWS)]
        layer = layer_of(scales, zero_out, zero_out)
        rows = [
            dataclasses.replace(layer, bounds=layer.bounds[:1], multipliers=(multiplier,))
            for multiplier in layer.multipliers
        ]
        for row in rows:
            steps = short_steps(row, gain)
            if steps is None:
                continue
            found += 1
            factor, nudge = (int(v) for v in steps[0])
            assert 0 < factor < 2**31
            assert -(2**23) <= nudge < 2**23
            sums = range(-BOUND, BOUND + 1)
            got = [((((s << gain + 8) * factor) >> 32) + nudge) >> SHORT_SHIFT for s in sums]
            want = [requantize(s, row.multipliers[0]) + zero_out for s in sums]
            assert np.array_equal(np.clip(got, row.low, 127), np.clip(want, row.low, 127))
    assert found > 60


def test_multipliers_that_do_not_fit_are_refused() -> None:
    assert short_steps(layer_of([2.0**-4], -128, -128)) is None
    assert short_steps(layer_of([2.0**-4], -128, -128), gain=3) is not None
    assert short_steps(layer_of([0.0], -128, -128)) is None
