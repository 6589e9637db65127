from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.harness import Case, run_cases
from tests.kernels.oracle_check import check, random_shape, random_values
from tests.tflite_builder import ModelBuilder

DTYPES = ("int8", "float32", "uint8", "int32", "int16", "bool")


def slice_case(rng: np.random.Generator, dtype: str) -> Case | None:
    """A random slice, or None where NumPy keeps nothing of it or refuses it."""
    shape = random_shape(rng, 1, 5, 5)
    places = int(rng.integers(1, len(shape) + 3))
    ellipsis = int(rng.integers(0, places)) if rng.random() < 0.3 else -1
    masks = dict.fromkeys(MASKS, 0)
    values = [rng.integers(-6, 7, places), rng.integers(-6, 7, places)]
    values.append(rng.choice([1, 1, 2, 3, -1, -2], places))
    spec: list[object] = []
    named = 0
    for place in range(places):
        if place == ellipsis:
            masks["ellipsis_mask"] |= 1 << place
            spec.append(Ellipsis)
        elif rng.random() < 0.15:
            masks["new_axis_mask"] |= 1 << place
            spec.append(None)
        else:
            spec.append(random_item(rng, place, values, masks))
            named += 1
    if len(shape) + spec.count(None) > 5 or (ellipsis >= 0 and named == len(shape)):
        return None  # an ellipsis of no dimension: LiteRT still makes it one
    return build(rng, dtype, shape, values, masks, spec)


MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")


def random_item(rng, place, values, masks) -> object:
    begin, end, step = values
    if rng.random() < 0.2:
        masks["shrink_axis_mask"] |= 1 << place
        step[place] = 1
        return int(begin[place])
    first, last = int(begin[place]), int(end[place])
    if rng.random() < 0.3:
        masks["begin_mask"] |= 1 << place
        first = None
    if rng.random() < 0.3:
        masks["end_mask"] |= 1 << place
        last = None
    return slice(first, last, int(step[place]))


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
    while len(cases) < case_count:
        case = slice_case(rng, DTYPES[len(cases) % len(DTYPES)])
        if case is not None:
            cases.append(case)
    check(cases)


@pytest.mark.parametrize(
    ("begin", "end", "step", "expected"),
    [(3, 4, 1, [3, 4, 5, 6]), (-7, 5, 2, [2, 4, 6]), (8, -2, -1, [8, 7]), (5, 4, 1, [5, 6, 7, 8])],
)
def test_end_counted_from_begin(begin: int, end: int, step: int, expected: list[int]) -> None:
    builder = ModelBuilder()
    source = builder.tensor((9,), "float32")
    indices = [builder.tensor((1,), "int32", data=[v]) for v in (begin, end, step)]
    target = builder.tensor((len(expected),), "float32")
    builder.operator("STRIDED_SLICE", [source, *indices], [target], offset=True)
    case = Case(builder.build([source], [target]), [np.arange(9, dtype=np.float32)])
    check([case])
    assert run_cases([case])[0][0].tolist() == expected
