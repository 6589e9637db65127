import itertools
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from edgepack.compiler import packing
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


def stacked(problem: Problem) -> dict[int, int]:
    step = max(problem.sizes) + problem.alignment
    return {i: i * step for i in range(len(problem.sizes))}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 5))
def test_the_search_finds_what_every_order_together_finds(seed: int, count: int) -> None:
    problem = random_problem(seed, count)
    offsets = pack(problem)
    assert fits(problem, offsets)
    assert height(problem, dict(enumerate(offsets))) == best_of_all_orders(problem)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 5))
def test_the_exact_search_needs_no_good_start(seed: int, count: int) -> None:
    problem = random_problem(seed, count)
    found = packing._exact(problem, stacked(problem))
    assert height(problem, found) == best_of_all_orders(problem)


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
