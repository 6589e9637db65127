"""Random models of one operator on two operands that broadcast."""

from __future__ import annotations

import numpy as np

from tests.kernels.harness import Case
from tests.kernels.oracle_check import random_scale, random_values
from tests.kernels.weighted_cases import ACTIVATIONS, point
from tests.tflite_builder import ModelBuilder

Shape = tuple[int, ...]


def random_shapes(rng: np.random.Generator, rank: int) -> tuple[Shape, Shape]:
    """Two shapes of up to `rank` dimensions that broadcast; half of them are the same."""
    dims = [int(n) for n in rng.integers(1, 6 if rank < 5 else 4, int(rng.integers(1, rank + 1)))]
    if rng.random() < 0.5:
        return tuple(dims), tuple(dims)
    one = [n if rng.random() < 0.6 else 1 for n in dims]
    two = [n if rng.random() < 0.6 or m == 1 else 1 for m, n in zip(one, dims, strict=True)]
    cut = int(rng.integers(0, len(dims)))
    if rng.random() < 0.5:
        two = two[cut:]
    return (tuple(one), tuple(two)) if rng.random() < 0.5 else (tuple(two), tuple(one))


def random_scales(rng: np.random.Generator, kind: str) -> list[float]:
    """Scales of both operands and the output, which may clip or crush what comes out."""
    one, two = random_scale(rng), random_scale(rng)
    if rng.random() < 0.3:
        two = one
    if rng.random() < 0.3:  # powers of two make ties
        one, two = (float(2.0**-n) for n in rng.integers(0, 4, 2))
        return [one, two, max(one, two) * 2.0 ** int(rng.integers(0, 8))]
    wide = rng.random() < 0.2
    gain = 10.0 ** (rng.uniform(-4, 8) if wide else rng.uniform(-0.5, 0.8))
    natural = one * two * 64 if kind == "MUL" else max(one, two)
    return [one, two, float(np.float32(natural * gain))]


def wide_scales(rng: np.random.Generator, kind: str, scales: list[float]) -> list[float]:
    """Of int16, within what TFLite's fixed point takes."""
    if kind != "MUL":
        least = max(scales[:2]) / 2**13
        return [*scales[:2], float(np.float32(max(scales[2], least)))]
    natural = scales[0] * scales[1]
    return [*scales[:2], float(np.float32(natural * 10.0 ** rng.uniform(0.1, 6)))]


def shifted_scales(rng: np.random.Generator) -> list[float]:
    """Powers of two, one operand's the output's."""
    y, less = int(rng.integers(-15, 3)), int(rng.integers(0, 16))
    scales = [2.0 ** (y - less), 2.0**y]
    return [*(scales if rng.random() < 0.5 else scales[::-1]), 2.0**y]


def binary_case(
    kind: str, rng: np.random.Generator, dtype: str, number: int, rank: int = 4
) -> Case:
    """One operator; every third model has a constant operand, either one."""
    shapes = random_shapes(rng, rank)
    scales: list[float] | list[None] = [None] * 3
    points = [0, 0, 0]
    if dtype in ("int8", "int16"):
        scales, points = random_scales(rng, kind), [point(rng) for _ in range(3)]
        if dtype == "int16":
            scales, points = wide_scales(rng, kind, scales), [0, 0, 0]
    shifted = dtype == "int16" and shapes[0] == shapes[1] and bool(rng.random() < 0.5)
    if shifted and kind in ("ADD", "SUB"):
        scales = shifted_scales(rng)
    if kind in ("MAXIMUM", "MINIMUM") and number % 4:  # else as no converter makes it
        scales, points = scales[:1] * 3, points[:1] * 3
    constant = int(rng.integers(0, 2)) if number % 3 == 0 else None
    builder = ModelBuilder()
    inputs, values = [], []
    for place, shape in enumerate(shapes):
        batch = 3 if shape[0] == 1 and shapes[0][0] == shapes[1][0] and constant is None else 0
        x = random_values(rng, (batch, *shape[1:]) if batch else shape, dtype)
        data = x if place == constant else None
        inputs.append(
            builder.tensor(shape, dtype, scale=scales[place], zero_point=points[place], data=data)
        )
        values.append(x)
    out = np.broadcast_shapes(*shapes)
    y = builder.tensor(out, dtype, scale=scales[2], zero_point=points[2])
    options: dict[str, object] = {}
    if kind not in ("MAXIMUM", "MINIMUM"):
        options = {"fused_activation_function": str(rng.choice(ACTIVATIONS))}
    if dtype == "int16" and kind in ("ADD", "SUB"):
        options["pot_scale_int16"] = shifted
    builder.operator(kind, inputs, [y], version=2, **options)
    free = [place for place in (0, 1) if place != constant]
    model = builder.build([inputs[place] for place in free], [y])
    label = f"{kind} {shapes} {dtype} {scales} {points} {options} constant {constant}"
    return Case(model, [values[place] for place in free], label=label)


def tie_cases(kind: str, rng: np.random.Generator) -> list[Case]:
    """Every int8 with a constant, at scales that make half of the results ties of both signs."""
    cases = []
    for scale in (2.0, 4.0, 6.0, 8.0, 10.0, 32.0, 98.0, 196.0):
        builder = ModelBuilder()
        x = builder.tensor((1, 256), "int8", scale=1.0)
        data = rng.integers(-20, 20, 256)
        constant = builder.tensor((256,), "int8", scale=1.0, data=data)
        y = builder.tensor((1, 256), "int8", scale=scale)
        builder.operator(kind, [x, constant], [y], version=2)
        values = np.arange(-128, 128).astype(np.int8)[None]
        cases.append(Case(builder.build([x], [y]), [values], label=f"{kind} ties {scale}"))
    return cases
