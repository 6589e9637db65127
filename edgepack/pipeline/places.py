"""Which memories the user wants parts of a model in, and what lies where in the end."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable
from typing import Literal

from edgepack.board import Board, Memory
from edgepack.compiler import facts
from edgepack.compiler.regions import place
from edgepack.errors import UsageError
from edgepack.graph import Graph
from edgepack.pipeline.levels import operator_levels
from edgepack.program import MemoryPlan, Places, Program
from edgepack.results import RegionFacts

Wanted = tuple[tuple[str, str], ...]  # what, and the region it shall lie in

_PARTS: dict[str, Literal["ram", "flash"]] = {"arena": "ram", "code": "ram", "weights": "flash"}


def parse_places(texts: Iterable[str]) -> Wanted:
    """What `WHAT=REGION` says; UsageError where it is not written so."""
    found = []
    for text in texts:
        what, _, region = text.rpartition("=")
        if not what or not region:
            raise UsageError(
                f"--place {text!r}: write WHAT=REGION, such as arena=psram; WHAT is arena, "
                "weights, code, or an operator as for --layer"
            )
        found.append((what, region))
    return tuple(found)


def places_of(
    program: Program, plan: MemoryPlan, original: Graph, board: Board | None, wanted: Wanted
) -> Places:
    """Where everything lies on the board; UsageError where a region cannot hold what it shall."""
    if board is None or board.memory is None:
        if wanted:
            raise UsageError(f"--place {wanted[0][0]}: name a board that has memory regions")
        return Places()
    for what, region in wanted:
        _require_region(board, board.memory, what, region)
    pinned = {what: region for what, region in wanted if what in _PARTS}
    patterns = [(what, region) for what, region in wanted if what not in _PARTS]
    operators = dict(operator_levels(original, patterns))
    return place(program, plan, board.memory, pinned, operators)


def _require_region(board: Board, memory: Memory, what: str, region: str) -> None:
    kind = _PARTS.get(what, "flash")
    known = list(memory.all(kind))
    if region in known:
        return
    near = difflib.get_close_matches(region, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    other = " is no place for that" if region in memory.more or region in ("flash", "ram") else ""
    raise UsageError(
        f"--place {what}={region}: {region!r}{other or ' is unknown'}; {hint}{board.name} has "
        f"{', '.join(known)} for {what if what in _PARTS else 'constants'}"
    )


def arena_bytes(board: Board, places: Places) -> int:
    """The size of the memory that the arena lies in."""
    assert board.memory is not None
    return board.memory.region(places.arena).bytes


def region_facts(
    program: Program, plan: MemoryPlan, board: Board | None, places: Places
) -> tuple[RegionFacts, ...]:
    """What each of a board's memories holds of the model; nothing where there are but two."""
    if board is None or board.memory is None or not board.memory.more:
        return ()
    constants = facts.constants_of(program).values()
    where = dict(places.constants)
    holds: dict[str, list[str]] = defaultdict(list)
    taken: dict[str, int] = defaultdict(int)
    for constant in constants:
        region = where.get(constant.symbol, "flash")
        taken[region] += len(constant.data)
        holds[region].append(constant.symbol)
    taken[places.arena] += plan.block_bytes
    holds[places.arena].insert(0, "arena")
    if places.hot:
        holds[places.hot] += [f"code of {name}" for name in places.kernels]
    regions = {**board.memory.all("flash"), **board.memory.all("ram")}
    return tuple(
        RegionFacts(name, region.bytes, region.cost, taken[name], tuple(holds[name]))
        for name, region in regions.items()
    )
