"""What a kernel call is predicted to take: instructions, cycles, and the functions it links.

costs.json holds, for each core and kernel, how many instructions there are a call, an output
channel, a line of one, a pixel, an output, an input, a value of a window and a multiplication,
fitted to counts on emulated boards; the cycles an instruction, where the core has a table of costs;
and the bytes of the functions.
`python -m benchmarks.costs` measures them anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from edgepack.graph import Graph
from edgepack.program import Cost, Isa, Step

FEATURES = ("calls", "channels", "lines", "pixels", "outputs", "inputs", "windows", "macs")
FILE = Path(__file__).with_name("costs.json")
_CORES: tuple[tuple[Isa, str], ...] = (
    ("mve", "cortex-m55"),
    ("dsp", "cortex-m4"),
    ("rv32m", "rv32imac"),
    ("thumb1", "cortex-m0"),
)
_POINTWISE = ("ep_chain_1x1_s8", "ep_chain_1x1_blocks_s8", "ep_chain_1x1_book_s8")
_TILES = dict.fromkeys(_POINTWISE, 4)  # pixels made at once; each one left over takes as long
LEAST_LAYERS = 4  # from which on a fit is one
_ROUGH = (100.0, 0.0, 0.0, 0.0, 15.0, 5.0, 0.0, 6.0)  # of a kernel that was not measured


@dataclass(frozen=True, slots=True)
class KernelCost:
    """The measured figures of one kernel on one core."""

    instructions: tuple[float, ...]  # one a feature; none where too few layers were measured
    cycles: float  # an instruction; 0 where the core has no table of costs
    functions: Mapping[str, int]  # what it links, in bytes


def core_of(isa: frozenset[Isa]) -> str:
    """The core whose figures serve an instruction set."""
    return next((core for feature, core in _CORES if feature in isa), "cortex-m3")


def features(step: Step, graph: Graph) -> tuple[float, ...]:
    """How often the call does what `FEATURES` names."""
    results = [graph.tensor(index) for index in step.outputs]
    outputs = sum(tensor.elements for tensor in results)
    width, channels = (1, 1, *results[0].shape)[-2:]
    inputs = sum(graph.tensor(index).elements for index in step.inputs)
    windows = step.macs / channels
    work = step.macs if step.work is None else step.work
    pixels = outputs // channels
    tile = _TILES.get(step.kernel, 1)
    whole = tile * (pixels // tile + pixels % tile) / pixels
    counts = (outputs / width, pixels, outputs, inputs, windows, work)
    return (1, channels, *(whole * count for count in counts))


def cost_of(steps: Iterable[Step], graph: Graph, isa: frozenset[Isa]) -> Cost | None:
    """What the calls take together; None where one of the kernels was never measured."""
    kernels = measured(core_of(isa))
    instructions = cycles = 0.0
    for step in steps:
        kernel = kernels.get(step.kernel)
        if kernel is None or not kernel.instructions:
            return None
        count = _dot(kernel.instructions, features(step, graph))
        if step.unpacks is not None:
            unpack = kernels.get(step.unpacks.kernel)
            if unpack is None:
                return None
            count += _dot(unpack.instructions, (1, *[0] * 6, step.unpacks.weights))
        instructions += count
        cycles += count * kernel.cycles
    return Cost(instructions, cycles)


def rough_cost(steps: Iterable[Step], graph: Graph) -> Cost:
    """A guess at calls of unknown kernels, so that they count for something."""
    count = sum(_dot(_ROUGH, features(step, graph)) for step in steps if not step.control)
    return Cost(count, count)


def functions_of(step: Step, isa: frozenset[Isa]) -> Mapping[str, int]:
    """The functions that the call links, with their bytes; nothing where it was never measured."""
    kernels = measured(core_of(isa))
    rows = [kernels[name] for name in step.kernels if name in kernels]
    return {name: size for row in rows for name, size in row.functions.items()}


@cache
def measured(core: str) -> Mapping[str, KernelCost]:
    """The kernels that were measured on a core, by name."""
    data = json.loads(FILE.read_text())["cores"].get(core, {})
    return {
        name: KernelCost(
            tuple(row["instructions"]) if row["layers"] >= LEAST_LAYERS else (),
            row["cycles"],
            row["functions"],
        )
        for name, row in data.items()
    }


def _dot(one: Iterable[float], other: Iterable[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
