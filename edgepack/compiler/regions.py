"""Which of a board's memories each part of a model lies in, by what is touched most per byte."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from fractions import Fraction

from edgepack.board import CostedRegion, Memory
from edgepack.compiler import facts
from edgepack.program import Const, MemoryPlan, Places, Program, Step, TensorRef

HARNESS_FLASH = 8192  # bytes that startup, UART and protocol take at most
CODE_FLASH = 24_576  # bytes of kernels, which are not known before they are compiled
HARNESS_RAM = 4096
HOT_SHARE = 20  # a kernel's file is hot with one MAC in so many


def place(
    program: Program,
    plan: MemoryPlan,
    memory: Memory,
    pinned: Mapping[str, str],
    operators: Mapping[int, str],
) -> Places:
    """Where arena, constants and hot kernels lie.

    `pinned` names the regions of "arena", "weights" (every constant) and "code" where the user
    chose them, `operators` those of single operators' constants. The rest is placed by cost: the
    arena in the cheapest memory with room for it; constants in the order of how often a byte of
    them is read in an inference, each in the cheapest memory with room left. Code runs where it
    lies unless it is pinned.
    """
    return Places(
        arena=pinned.get("arena") or _arena(plan, memory),
        constants=_constants(program, memory, pinned.get("weights", ""), operators),
        hot=pinned.get("code", ""),
        kernels=hot_kernels(program) if pinned.get("code") else (),
        external=_by_cost(memory.all("flash"))[-1][0],
    )


def _arena(plan: MemoryPlan, memory: Memory) -> str:
    """The cheapest region with room; "ram" where none has any, for the message to come."""
    kept = {"ram": memory.stack_bytes + HARNESS_RAM}
    for name, region in _by_cost(memory.all("ram")):
        if plan.block_bytes <= region.bytes - kept.get(name, 0):
            return name
    return "ram"


def _by_cost(regions: Mapping[str, CostedRegion]) -> list[tuple[str, CostedRegion]]:
    return sorted(regions.items(), key=lambda item: item[1].cost)


def _constants(
    program: Program, memory: Memory, pinned: str, operators: Mapping[int, str]
) -> tuple[tuple[str, str], ...]:
    """Symbols and their regions, of those that do not lie in the board's flash."""
    regions = memory.all("flash")
    if len(regions) == 1:
        return ()
    room = {name: region.bytes for name, region in regions.items()}
    room["flash"] -= min(HARNESS_FLASH + CODE_FLASH, room["flash"] // 2)
    wanted = _wanted(program, pinned, operators)
    touches = touches_per_byte(program)
    found: dict[str, str] = {}
    constants = facts.constants_of(program).values()
    order = sorted(constants, key=lambda c: (c.symbol not in wanted, -touches.get(c.symbol, 0)))
    for constant in order:
        size = len(constant.data)
        free = [name for name, _ in _by_cost(regions) if size <= room[name]]
        name = wanted.get(constant.symbol) or next(iter(free), "flash")
        room[name] -= size
        if name != "flash":
            found[constant.symbol] = name
    return tuple((c.symbol, found[c.symbol]) for c in constants if c.symbol in found)


def _wanted(program: Program, pinned: str, operators: Mapping[int, str]) -> dict[str, str]:
    """The regions of symbols that were given by the user; a single operator's counts first."""
    found: dict[str, str] = {}
    for step, symbol, _ in _uses(program):
        name = operators.get(step.operator) or pinned
        if name and (step.operator in operators or symbol not in found):
            found[symbol] = name
    return found


def touches_per_byte(program: Program) -> dict[str, Fraction]:
    """How often a byte of each constant is read in an inference, by its symbol.

    A layer of MACs reads every weight once for each place of its output, and the bias and scales
    beside it as often; another operator reads as many bytes as it writes.
    """
    found: dict[str, Fraction] = defaultdict(Fraction)
    uses = list(_uses(program))
    largest: dict[int, int] = defaultdict(int)
    for step, _, size in uses:
        largest[id(step)] = max(largest[id(step)], size)
    for step, symbol, size in uses:
        made = sum(program.graph.tensor(t).bytes for t in step.outputs)
        work = Fraction(step.macs, largest[id(step)]) if step.macs else Fraction(made, size)
        found[symbol] += max(Fraction(1), work)
    return dict(found)


def _uses(program: Program) -> Iterator[tuple[Step, str, int]]:
    """Each constant that a step reads: the step, the symbol, its bytes."""
    known = facts.constants_of(program)
    for step in program.steps:
        for argument in step.arguments:
            if isinstance(argument, Const):
                key = (argument.ctype, argument.data)
            elif isinstance(argument, TensorRef):
                tensor = program.graph.tensor(argument.tensor)
                key = (tensor.dtype.ctype, tensor.data or b"")
            else:
                continue
            if key in known:
                yield step, known[key].symbol, len(key[1])


def hot_kernels(program: Program) -> tuple[str, ...]:
    """The kernels' files that do at least one MAC in `HOT_SHARE`, by their stems."""
    macs: dict[str, int] = defaultdict(int)
    for step in program.steps:
        macs[step.source] += step.macs
    return tuple(sorted(s for s, n in macs.items() if n and n * HOT_SHARE >= program.macs))
