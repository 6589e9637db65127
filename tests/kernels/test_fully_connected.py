from __future__ import annotations

import numpy as np

from tests.kernels.oracle_check import check
from tests.kernels.weighted_cases import (
    ACTIVATIONS,
    Layer,
    float_case,
    quantised_case,
    random_scales,
)


def random_layer(rng: np.random.Generator, number: int) -> Layer:
    """Any dense layer, over one dimension to four; some keep their dimensions."""
    depth, outputs = int(rng.integers(1, 70)), int(rng.integers(1, 14))
    lead = tuple(int(n) for n in rng.integers(1, 4, int(rng.integers(0, 4))))
    keep = bool(rng.random() < 0.4)
    x = (*lead, depth)
    batches = int(np.prod(lead, dtype=int))
    if not keep and len(lead) > 1 and number % 3 == 0:  # the rows need not be the last dimension
        depth *= x[-2]
        batches, x = batches // lead[-1], (*lead[:-1], x[-2], depth // x[-2])
    y = (*x[:-1], outputs) if keep else (batches, outputs)
    options: dict[str, object] = {
        "keep_num_dims": keep,
        "fused_activation_function": str(rng.choice(ACTIVATIONS)),
    }
    return Layer("FULLY_CONNECTED", x, (outputs, depth), y, options, outputs, **random_scales(rng))


def test_int8(case_count: int) -> None:
    rng = np.random.default_rng(7)
    check([quantised_case(rng, random_layer(rng, n)) for n in range(case_count)])


def test_float32(case_count: int) -> None:
    rng = np.random.default_rng(8)
    check([float_case(rng, random_layer(rng, n)) for n in range(case_count)])
