from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.harness import Case, run_cases
from tests.kernels.oracle_check import check, random_values
from tests.tflite_builder import ModelBuilder


def lookup_case(rng: np.random.Generator, dtype: str, out: str, number: int) -> Case:
    """A table of two to four dimensions, its rows in any order and more than once."""
    rows, count = (int(n) for n in rng.integers(1, 9, 2))
    shape = (rows, *(int(n) for n in rng.integers(1, 5, int(rng.integers(1, 4)))))
    builder = ModelBuilder()
    each = out != dtype and number % 2
    scale = (0.01 * np.exp(rng.normal(0, 1, rows if each else 1))).astype(np.float32).tolist()
    given = {} if dtype == "float32" else {"scale": scale}
    ids = builder.tensor((count,), "int32")
    table = builder.tensor(shape, dtype, data=random_values(rng, shape, dtype), **given)
    y = builder.tensor((count, *shape[1:]), out, **(given if out == dtype else {}))
    builder.operator("EMBEDDING_LOOKUP", [ids, table], [y])
    values = rng.integers(0, rows, count).astype(np.int32)
    values = values if count > 1 else values[None][0]
    return Case(builder.build([ids], [y]), [values], label=f"{shape} {dtype} {out} {count}")


@pytest.mark.parametrize(
    ("dtype", "out"), [("float32", "float32"), ("int8", "int8"), ("int8", "float32")]
)
def test_rows(dtype: str, out: str, case_count: int) -> None:
    rng = np.random.default_rng(81)
    check([lookup_case(rng, dtype, out, n) for n in range(case_count // 2)])


@pytest.mark.parametrize("out", ["int8", "float32"])
def test_ids_beyond_the_table_take_its_nearest_row(out: str) -> None:
    builder = ModelBuilder()
    ids = builder.tensor((4,), "int32")
    table = builder.tensor((3, 1), "int8", scale=0.5, data=[[1], [2], [3]])
    y = builder.tensor((4, 1), out, scale=0.5 if out == "int8" else None)
    builder.operator("EMBEDDING_LOOKUP", [ids, table], [y])
    values = np.array([-5, 0, 2, 3], np.int32)
    (answer,) = run_cases([Case(builder.build([ids], [y]), [values])])
    assert (answer[0].ravel() * (1 if out == "int8" else 2)).tolist() == [1, 1, 3, 3]


def test_refusals() -> None:
    builder = ModelBuilder()
    ids = builder.tensor((2,), "int32", data=[0, 3])
    x = builder.tensor((3, 4), "float32")
    y = builder.tensor((2, 4), "float32")
    builder.operator("EMBEDDING_LOOKUP", [ids, x], [y])
    with pytest.raises(ModelError, match="holds 0 to 3; they must lie in 0 to 2"):
        read_model(builder.build([x], [y]))
