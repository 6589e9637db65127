from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.harness import Case
from tests.kernels.op_cases import QUANTIZED, op_case, random_quant
from tests.kernels.oracle_check import check, random_shape, random_values
from tests.kernels.tflm_check import check_tflm

TYPES = ("int8", "uint8", "int16", "int32", "int64", "float32", "bool")


def micro(kind: str, dtype: str) -> bool:
    """Whether LiteRT gives no answer to compare with, but TFLite Micro does."""
    return kind == "SUM" and dtype in ("int8", "int16")


def reduction_case(kind: str, dtype: str, rng: np.random.Generator, number: int) -> Case:
    shape = random_shape(rng, 1, 5, 4)
    if micro(kind, dtype):
        shape = (1, *shape[:3])
    axes = rng.permutation(len(shape))[: int(rng.integers(1, len(shape) + 1))]
    if rng.random() < 0.3:
        axes = axes - len(shape)
    if rng.random() < 0.2:
        axes = np.append(axes, axes[0])
    keep = bool(rng.integers(0, 2))
    done = {int(a) % len(shape) for a in axes}
    out = tuple(1 if a in done else n for a, n in enumerate(shape) if keep or a not in done)
    x = random_values(rng, shape, dtype)
    quants = []
    if dtype in QUANTIZED and (kind == "SUM" or number % 4):
        quants = [random_quant(rng, dtype, -2, -0.5), None]
        quants.append(quants[0])
        if kind == "SUM" and number % 4:
            gain = 10.0 ** rng.uniform(-0.5, 1.5)
            point = 0 if dtype == "int16" else int(rng.integers(0, 100))
            quants[2] = (float(np.float32(quants[0][0] * gain)), point)
        if kind == "REDUCE_PROD":
            quants[2] = (quants[0][0] * float(rng.choice([0.5, 1, 4])), quants[0][1])
    constants = {1: axes.astype(np.int32)}
    return op_case(kind, [x], [(out, dtype)], quants=quants, constants=constants, keep_dims=keep)


@pytest.mark.parametrize("kind", ("SUM", "REDUCE_PROD", "REDUCE_MAX", "REDUCE_MIN"))
def test_reductions(kind: str, case_count: int) -> None:
    """Of every type; uint8 has products only without a scale."""
    rng = np.random.default_rng(531)
    cases = []
    for dtype in (t for t in TYPES if not micro(kind, t)):
        step = 4 if kind == "REDUCE_PROD" and dtype == "uint8" else 1
        cases += [reduction_case(kind, dtype, rng, step * n) for n in range(case_count // 5)]
    check(cases)


def test_sums_of_micro(case_count: int) -> None:
    rng = np.random.default_rng(533)
    types = ("int8", "int16")
    check_tflm([reduction_case("SUM", types[n % 2], rng, n // 2) for n in range(case_count)])


def test_logic(case_count: int) -> None:
    rng = np.random.default_rng(532)
    kinds = ("REDUCE_ANY", "REDUCE_ALL")
    check([reduction_case(kinds[n % 2], "bool", rng, n) for n in range(case_count // 2)])


def test_float_extremes() -> None:
    inf, nan = np.inf, np.nan
    rows = [[-0.0, -0.0], [nan, 1], [1, nan], [-inf, -inf], [inf, inf], [0.0, -0.0], [nan, nan]]
    cases = []
    for kind in ("SUM", "REDUCE_PROD", "REDUCE_MAX", "REDUCE_MIN"):
        for row in rows:
            x = np.float32([row])
            for axes in ([0, 1], [1]):
                constants = {1: np.int32(axes)}
                out = [((1,) if len(axes) == 1 else (), "float32")]
                cases.append(op_case(kind, [x], out, constants=constants))
    check(cases, ulp=0)


def test_a_sum_beyond_int32_is_refused() -> None:
    x = np.zeros((2**15, 4, 3, 2, 50), np.int8)
    model = op_case(
        "SUM",
        [x],
        [((), "int8")],
        quants=[(0.5, 0), None, (1.0, 0)],
        constants={1: np.int32([0, 1, 2, 3, 4])},
    ).model
    with pytest.raises(ModelError, match=r"its sums may reach [0-9]+, an int32 ends at 2147483647"):
        read_model(model)
