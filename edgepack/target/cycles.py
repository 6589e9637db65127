"""Cycles estimated from executed instructions: a core's manual, priced block by block.

No hardware is behind these figures. What is not modelled: data in slow memory, contention on the
bus, unaligned access, fetches of 32-bit instructions across a word. A conditional instruction that
was skipped in an IT block counts as executed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from edgepack.target.thumb import Instruction, Kind, decode


@dataclass(frozen=True, slots=True)
class Cycles:
    """The least, the likely and the most cycles."""

    low: float
    likely: float
    high: float

    def __add__(self, other: Cycles) -> Cycles:
        return Cycles(self.low + other.low, self.likely + other.likely, self.high + other.high)

    def times(self, low: float, likely: float, high: float) -> Cycles:
        """Each of the three by its own factor."""
        return Cycles(self.low * low, self.likely * likely, self.high * high)


def _exactly(cycles: float) -> Cycles:
    return Cycles(cycles, cycles, cycles)


@dataclass(frozen=True, slots=True)
class CoreCosts:
    """What instructions cost on a core, with no wait state.

    `kinds` has classes that cost other than one cycle; one that moves `n` words costs 1 + n.
    `taken` is added where the program counter jumps, `call` and `pop` instead where an immediate
    BL or a load does it. `pipelined`: a LOAD or STORE right after a LOAD costs a cycle less where
    its address does not wait for that one. Everything is then scaled by `scale`, and the band
    widened by `error` in parts on either side.
    """

    model: str
    kinds: Mapping[Kind, Cycles]
    taken: Cycles
    call: Cycles
    pop: Cycles
    pipelined: bool
    scale: float = 1.0
    error: float = 0.0


@dataclass(frozen=True, slots=True)
class Block:
    """Instructions run in one go: how often, and how often something else followed than what
    lies behind them."""

    address: int
    size: int
    count: int
    taken: int
    lap: int = 0  # the part of the function that ran


@dataclass(frozen=True, slots=True)
class Estimate:
    """Cycles of `instructions` by a named model; the name tells the wait states too."""

    model: str
    instructions: int
    cycles: Cycles


_ONE, _TWO = _exactly(1), _exactly(2)
_REFILL = Cycles(1, 2, 3)  # P in the manuals of M3 and M4

CORTEX_M0 = CoreCosts(
    "Cortex-M0 TRM (DDI 0432) 3.3, single-cycle multiplier",
    MappingProxyType(
        {
            Kind.LOAD: _TWO,
            Kind.STORE: _TWO,
            Kind.SYSTEM: _exactly(4),
            Kind.BARRIER: _exactly(4),
        }
    ),
    taken=_TWO,
    call=_exactly(3),
    pop=_exactly(3),
    pipelined=False,
)
"""Section 3.3, table 3-1. BL 4, other taken branches 3, POP with PC 4 + n."""

CORTEX_M0_SMALL = replace(
    CORTEX_M0,
    model="Cortex-M0 TRM (DDI 0432) 3.3, 32-cycle multiplier",
    kinds=MappingProxyType({**CORTEX_M0.kinds, Kind.MULTIPLY: _exactly(32)}),
)
"""The same, with the multiplier that takes 32 cycles."""

CORTEX_M3 = CoreCosts(
    "Cortex-M3 TRM (DDI 0337) 3.3",
    MappingProxyType(
        {
            Kind.LOAD: _TWO,
            Kind.STORE: _TWO,
            Kind.MULTIPLY_ADD: _TWO,
            Kind.LONG_MULTIPLY: Cycles(3, 4, 5),
            Kind.LONG_MULTIPLY_ADD: Cycles(4, 5.5, 7),
            Kind.DIVIDE: Cycles(2, 7, 12),
            Kind.TABLE: _TWO,
            Kind.IT: Cycles(0, 1, 1),
            Kind.SYSTEM: Cycles(1, 2, 2),
            Kind.BARRIER: Cycles(1, 2, 4),
        }
    ),
    taken=_REFILL,
    call=_REFILL,
    pop=_REFILL,
    pipelined=True,
)
"""Sections 3.3.1 and 3.3.2: a refill takes one to three cycles, long products end early, a store
to an immediate offset takes one cycle, IT may be folded into its neighbour."""

CORTEX_M4 = replace(
    CORTEX_M3,
    model="Cortex-M4 TRM (100166) 3.3 and 7.2",
    kinds=MappingProxyType(
        {
            **{
                kind: cost
                for kind, cost in CORTEX_M3.kinds.items()
                if kind not in (Kind.LONG_MULTIPLY, Kind.LONG_MULTIPLY_ADD)
            },
            Kind.MULTIPLY_ADD: Cycles(1, 1, 2),
            Kind.FLOAT_MOVE: _TWO,
            Kind.FLOAT_MULTIPLY_ADD: _exactly(3),
            Kind.FLOAT_DIVIDE: _exactly(14),
        }
    ),
)
"""Sections 3.3.1, 3.3.2 and 7.2.3. Products, long and DSP ones too, take one cycle; of MLA and MLS
the revisions of the manual say one and two."""

CORTEX_M7 = replace(
    CORTEX_M4, model="0.6 of a Cortex-M4's cycles, within 30 %", scale=0.6, error=0.3
)
"""A model, no manual: two instructions a cycle where they pair. The published results of the same
four networks by one vendor, M7 against M4, lie between 0.57 and 0.62."""

CORTEX_M33 = replace(
    CORTEX_M4, model="0.9 of a Cortex-M4's cycles, within 20 %", scale=0.9, error=0.2
)
"""A model, no manual. The published results of the same four networks, M33 against M4, lie between
0.84 and 1.02."""

CORES: Mapping[str, CoreCosts] = MappingProxyType(
    {
        "cortex-m0": CORTEX_M0,
        "cortex-m3": CORTEX_M3,
        "cortex-m4": CORTEX_M4,
        "cortex-m7": CORTEX_M7,
        "cortex-m33": CORTEX_M33,
    }
)
"""The cores that have an estimate."""


def estimate(
    costs: CoreCosts,
    blocks: Iterable[Block],
    read: Callable[[int, int], bytes],
    wait_states: int = 0,
) -> Estimate:
    """Cycles of the executed blocks; `read(address, size)` gives their bytes.

    Each of the flash's `wait_states` is paid at every jump and at every read of a literal;
    prefetching hides them in straight code.
    """
    instructions = 0
    total = _exactly(0)
    for block in blocks:
        code = decode(read(block.address, block.size))
        once, jump = straight(costs, code, wait_states), penalty(costs, code, wait_states)
        total += once.times(block.count, block.count, block.count)
        total += jump.times(block.taken, block.taken, block.taken)
        instructions += len(code) * block.count
    scale, error = costs.scale, costs.error
    scaled = total.times(scale * (1 - error), scale, scale * (1 + error))
    model = f"{costs.model}; flash wait states: {wait_states}"
    return Estimate(model, instructions, scaled)


def straight(costs: CoreCosts, code: Sequence[Instruction], wait_states: int = 0) -> Cycles:
    """Cycles of a block, its last instruction falling through."""
    total = _exactly(0)
    before: Instruction | None = None
    for instruction in code:
        total += _single(costs, instruction, before)
        total += _exactly(wait_states if instruction.literal else 0)
        before = instruction
    return total


def penalty(costs: CoreCosts, code: Sequence[Instruction], wait_states: int = 0) -> Cycles:
    """What is added where the last instruction of a block jumps."""
    if not code:
        return _exactly(0)
    last = code[-1]
    if last.kind in (Kind.LOAD, Kind.LOADS) and last.to_pc:
        return costs.pop + _exactly(wait_states)
    if last.kind is Kind.CALL:
        return costs.call + _exactly(wait_states)
    if last.kind in (Kind.BRANCH, Kind.JUMP, Kind.TABLE):
        return costs.taken + _exactly(wait_states)
    return _exactly(0)


def _single(costs: CoreCosts, this: Instruction, before: Instruction | None) -> Cycles:
    if this.kind in (Kind.LOADS, Kind.STORES):
        return _exactly(1 + this.words)
    cost = costs.kinds.get(this.kind, _ONE)
    if not costs.pipelined or this.kind not in (Kind.LOAD, Kind.STORE):
        return cost
    follows = before is not None and before.kind is Kind.LOAD and before.loaded not in this.address
    at_once = this.kind is Kind.STORE and len(this.address) == 1
    return _ONE if follows or at_once else cost
