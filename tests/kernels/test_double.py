"""Products of double precision in integers, against the processor's own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepack.compiler.operators.dense_scaling import double_tables
from edgepack.resources import folder
from tests.kernels.harness import WARNINGS, compiler, sanitizers

LIMIT = 2**16
PROGRAM = """
#include "ep_double.h"
#include <stdio.h>
typedef struct {
    int64_t sum;
    uint32_t high;
    uint32_t low;
    int64_t shift;
} row_t;
static row_t rows[4096];
static int32_t results[4096];
int main(void)
{
    size_t count = 0;
    while ((count = fread(rows, sizeof rows[0], 4096, stdin)) > 0) {
        for (size_t i = 0; i < count; i++) {
            const row_t* r = &rows[i];
            results[i] = ep_double_scale(r->sum, r->high, r->low, (int32_t)r->shift);
        }
        fwrite(results, sizeof results[0], count, stdout);
    }
    return 0;
}
"""
Integers = NDArray[np.int64]
Reals = NDArray[np.float64]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("double")
    source, binary = place / "main.c", place / "main"
    source.write_text(PROGRAM)
    include = f"-I{folder('firmware_templates') / 'runtime'}"
    command = [*compiler(), *WARNINGS, *sanitizers(), "-O2", include, source, "-o", binary]
    built = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return binary


def scaled(program: Path, sums: Integers, reals: Reals) -> Integers:
    """ep_double_scale of each sum and scale."""
    highs, lows, shifts = double_tables(reals.tolist())
    rows = np.zeros(len(sums), [("s", "<i8"), ("h", "<u4"), ("l", "<u4"), ("n", "<i8")])
    rows["s"], rows["n"] = sums, np.frombuffer(shifts.data, np.int8)
    rows["h"], rows["l"] = np.frombuffer(highs.data, "<u4"), np.frombuffer(lows.data, "<u4")
    done = subprocess.run([program], input=rows.tobytes(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return np.frombuffer(done.stdout, "<i4").astype(np.int64)


def expected(sums: Integers, reals: Reals) -> Integers:
    """The definition: a product of doubles, then halves away from zero."""
    product = np.clip(sums.astype(np.float64) * reals, -2.0 * LIMIT, 2.0 * LIMIT)
    size = np.floor(np.abs(product))
    size += np.abs(product) - size >= 0.5
    result: Integers = (np.sign(product) * np.minimum(size, LIMIT)).astype(np.int64)
    return result


def random_sums(rng: np.random.Generator, count: int) -> Integers:
    """Of any size below 2^53, either sign."""
    sizes = (2.0 ** rng.uniform(0, 53, count)).astype(np.int64)
    return np.minimum(sizes, 2**53 - 1) * rng.choice([-1, 1], count)


def check(program: Path, sums: Integers, reals: Reals) -> None:
    got, wanted = scaled(program, sums, reals), expected(sums, reals)
    wrong = np.flatnonzero(got != wanted)
    first = [(int(sums[i]), float(reals[i]).hex(), int(got[i]), int(wanted[i])) for i in wrong[:3]]
    assert not first, (len(wrong), first)


def test_any_sum_and_scale(program: Path, case_count: int) -> None:
    rng = np.random.default_rng(1)
    sums = random_sums(rng, 20000 * case_count)
    values = 2.0 ** rng.uniform(-3, 18, len(sums))
    check(program, sums, values / np.abs(sums))


def test_next_to_halves(program: Path, case_count: int) -> None:
    """Scales for which the product is a half, and the doubles beside them."""
    rng = np.random.default_rng(2)
    sums = random_sums(rng, 20000 * case_count)
    halves = rng.integers(0, 2 ** rng.integers(1, 17, len(sums))) + 0.5
    reals = halves / np.abs(sums)
    for _ in range(3):
        reals = np.where(rng.random(len(sums)) < 0.4, np.nextafter(reals, 0.0), reals)
        reals = np.where(rng.random(len(sums)) < 0.3, np.nextafter(reals, 1e9), reals)
    check(program, sums, reals)
    product = np.abs(sums * reals)
    assert 0.2 < float((product == halves).mean()) < 0.9


def test_products_halfway_between_two_doubles(program: Path) -> None:
    """3 * m lies a 54th bit beside a half: the even neighbour is the half."""
    odd = np.arange(1, 2**17, 2)
    edges = odd << (54 - np.frompyfunc(int.bit_length, 1, 1)(odd.astype(object)).astype(np.int64))
    for beside in (-1, 1, -3, 3):
        fits = (edges + beside) % 3 == 0
        mantissas = ((edges + beside)[fits] // 3).astype(np.float64)
        for shift in (0, 9, 40):
            reals = mantissas * (odd[fits] / 2 / edges[fits]) / 2**shift
            sums = np.full(len(reals), 3 << shift)
            check(program, sums, reals)
            check(program, -sums, reals)
        exact = mantissas * (odd[fits] / 2 / edges[fits])
        halves = odd[fits] / 2
        assert (3 * exact == halves).all() == (abs(beside) == 1)


def test_extremes(program: Path) -> None:
    sums = np.array([0, 1, -1, 2**31, -(2**31), 2**36, 2**53 - 1, 1 - 2**53])
    powers = 2.0 ** np.arange(-420, 400, dtype=np.float64)
    reals = np.concatenate([powers, np.nextafter(powers, 0.0), [1 / 3, 1 / 98, 0.1]])
    check(program, np.tile(sums, len(reals)), np.repeat(reals, len(sums)))
