import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepack.compiler import exact_packing, packing
from edgepack.compiler.exact_packing import Budget, pack_and_prove, shorter
from edgepack.compiler.packing import Problem, height, lowest, pack, place_in_order


def random_problem(seed: int, count: int, alignment: int = 4) -> Problem:
    """Boxes of random lives, some of which may lie a little over one another."""
    rng = random.Random(seed)
    sizes = tuple(rng.randint(1, 30) for _ in range(count))
    lives = [sorted(rng.choices(range(count), k=2)) for _ in range(count)]
    forbidden: tuple[dict[int, tuple[tuple[int, int], ...]], ...] = tuple({} for _ in sizes)
    for i, j in itertools.combinations(range(count), 2):
        if lives[i][0] <= lives[j][1] and lives[j][0] <= lives[i][1]:
            leave = rng.choice([0, 0, sizes[j] // 2])  # i may begin inside j
            forbidden[i][j] = ((1 - sizes[i], sizes[j] - leave),)
            forbidden[j][i] = ((1 - sizes[j] + leave, sizes[i]),)
    return Problem(sizes, forbidden, alignment, 0)


def fits(problem: Problem, offsets: tuple[int, ...]) -> bool:
    return all(
        not low <= offsets[i] - offsets[j] < high
        for i, others in enumerate(problem.forbidden)
        for j, intervals in others.items()
        for low, high in intervals
    )


def best_of_all_orders(problem: Problem) -> int:
    orders = itertools.permutations(range(len(problem.sizes)))
    return min(height(problem, place_in_order(problem, order)) for order in orders)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6))
def test_what_is_found_fits_and_nothing_is_shorter(seed: int, count: int) -> None:
    problem = random_problem(seed, count)
    found = pack_and_prove(problem, [])
    assert fits(problem, found.offsets)
    shortest = -(-best_of_all_orders(problem) // 4) * 4
    assert found.lower_bound == found.height == shortest


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 4))
def test_a_proof_agrees_with_trying_every_place(seed: int, count: int) -> None:
    problem = with_exact_distances(random_problem(seed, count), seed)
    limit = random.Random(seed).randint(8, 60)
    found = shorter(problem, range(count), limit, Budget(100_000))
    places = itertools.product(range(0, limit, 4), repeat=count)
    possible = any(
        fits(problem, at)
        and all(a + size <= limit for a, size in zip(at, problem.sizes, strict=True))
        for at in places
    )
    assert (found is not None) == possible
    if found is not None:
        assert fits(problem, tuple(found[i] for i in range(count)))
        assert height(problem, found) <= limit


def with_exact_distances(problem: Problem, seed: int) -> Problem:
    """Some pairs that conflict may also lie at one more distance."""
    rng = random.Random(seed)
    forbidden = tuple(dict(others) for others in problem.forbidden)
    for i, j in itertools.combinations(range(len(problem.sizes)), 2):
        if j in forbidden[i] and rng.random() < 0.5:
            ((low, high),) = forbidden[i][j]
            at = rng.randrange(low, high) // 4 * 4
            pieces = [(a, b) for a, b in ((low, at), (at + 1, high)) if a < b]
            forbidden[i][j] = tuple(pieces)
            forbidden[j][i] = tuple(sorted((1 - b, 1 - a) for a, b in pieces))
    return Problem(problem.sizes, forbidden, problem.alignment, 0)


def test_out_of_budget_the_bound_comes_from_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact_packing, "WHOLE_LOOKS", 1)
    proven = 0
    for seed in range(20):
        problem = random_problem(seed, 6)
        parts = list(itertools.combinations(range(6), 3))
        shortest = -(-best_of_all_orders(problem) // 4) * 4
        bounds = [pack_and_prove(problem, given).lower_bound for given in ([], parts)]
        assert bounds[0] <= bounds[1] <= shortest
        proven += bounds[1] == shortest
    assert proven >= 5


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_the_local_search_never_loses_ground(seed: int) -> None:
    problem = random_problem(seed, 12)
    start = place_in_order(problem, range(12))
    found = packing._improve(problem, list(range(12)), start)
    assert fits(problem, tuple(found[i] for i in range(12)))
    assert height(problem, found) <= height(problem, start)


def test_the_local_search_gains_where_it_can() -> None:
    gains = 0
    for seed in range(10):
        problem = random_problem(seed, 12)
        start = place_in_order(problem, range(12))
        found = packing._improve(problem, list(range(12)), start)
        gains += height(problem, found) < height(problem, start)
    assert gains >= 5


def test_the_lowest_place_skips_what_is_forbidden() -> None:
    problem = Problem((4, 4, 4), ({}, {0: ((-3, 4),)}, {0: ((-3, 4),), 1: ((-3, 4),)}), 4, 0)
    assert lowest(problem, 2, {0: 0, 1: 8}) == 4
    assert lowest(problem, 2, {0: 0, 1: 4}) == 8
    assert lowest(problem, 2, {}) == 0


def test_nothing_to_place() -> None:
    assert pack(Problem((), (), 4, 0)) == ()
