from __future__ import annotations

import numpy as np

from tests.kernels.harness import Case
from tests.kernels.oracle_check import check, random_shape, random_values
from tests.tflite_builder import ModelBuilder

DTYPES = ("int8", "float32", "uint8", "int32", "int16", "bool")


def slice_case(rng: np.random.Generator, dtype: str) -> Case | None:
    """A random slice, or None where NumPy keeps nothing of it or refuses it."""
    shape = random_shape(rng, 1, 5, 5)
    rank = len(shape)
    named = int(rng.integers(1, rank + 1))
    begin, end, step, masks, spec = [], [], [], dict.fromkeys(MASKS, 0), []
    axes = iter(range(rank))
    places = named + int(rng.random() < 0.2) + int(rng.random() < 0.2)
    ellipsis = int(rng.integers(0, places)) if rng.random() < 0.3 else -1
    added = 0
    for place in range(places):
        begin.append(int(rng.integers(-6, 7)))
        end.append(int(rng.integers(-6, 7)))
        step.append(int(rng.choice([1, 1, 2, 3, -1, -2])))
        if place == ellipsis:
            masks["ellipsis_mask"] |= 1 << place
            spec.append(Ellipsis)
            continue
        if rng.random() < 0.15 and rank + added < 5:
            masks["new_axis_mask"] |= 1 << place
            spec.append(None)
            added += 1
            continue
        if next(axes, None) is None:
            return None
        size = (
            5
            if ellipsis >= 0 and place > ellipsis
            else shape[len([s for s in spec if s is not None])]
        )
        spec.append(random_item(rng, place, begin, end, step, masks, size))
    return build(rng, dtype, shape, (begin, end, step), masks, spec)


MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")


def random_item(rng, place, begin, end, step, masks, size):
    if rng.random() < 0.2:
        masks["shrink_axis_mask"] |= 1 << place
        begin[place] = int(rng.integers(-size, size))
        step[place] = 1
        return begin[place]
    first, last = begin[place], end[place]
    if rng.random() < 0.3:
        masks["begin_mask"] |= 1 << place
        first = None
    if rng.random() < 0.3:
        masks["end_mask"] |= 1 << place
        last = None
    return slice(first, last, step[place])


def build(rng, dtype, shape, values, masks, spec) -> Case | None:
    x = random_values(rng, shape, dtype)
    try:
        expected = x[tuple(spec)]
    except IndexError:
        return None
    if expected.size == 0:
        return None
    given = {"scale": 0.5} if dtype in ("int8", "uint8", "int16") else {}
    builder = ModelBuilder()
    source = builder.tensor(shape, dtype, **given)
    indices = [builder.tensor((len(v),), "int32", data=v) for v in values]
    target = builder.tensor(expected.shape, dtype, **given)
    builder.operator("STRIDED_SLICE", [source, *indices], [target], **masks)
    label = f"{dtype} {shape} {spec} {masks}"
    return Case(builder.build([source], [target]), [x], label=label)


def test_random(case_count: int) -> None:
    rng = np.random.default_rng(1)
    cases: list[Case] = []
    while len(cases) < 2 * case_count:
        case = slice_case(rng, DTYPES[len(cases) % len(DTYPES)])
        if case is not None:
            cases.append(case)
    check(cases)
