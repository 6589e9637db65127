"""What each kernel costs: `python -m benchmarks.costs [--only WORD] [BOARD ...]`: costs.json.

Runs seeded random layers on an emulated board of each core, every kernel that is offered for them
in an image of its own, and fits its instructions to the features of compiler/costs.py. Cycles are
the estimate of the whole image over its instructions. With --only, the kernels whose names have the
word; the others keep their figures.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack import DeviceSpec, load_board
from edgepack.board import Board
from edgepack.compiler.costs import FEATURES, FILE, LEAST_LAYERS, core_of, features
from edgepack.compiler.lowering import Offered, offer
from edgepack.compiler.planner import plan_memory
from edgepack.errors import EdgepackError
from edgepack.graph import Graph, Operator, Tensor
from edgepack.pipeline.compile import Compiled
from edgepack.pipeline.cycles import cycle_estimate, obstacle
from edgepack.pipeline.data import random_samples
from edgepack.pipeline.device import attached, sample_bytes
from edgepack.pipeline.lab import own_functions
from edgepack.pipeline.lab_layers import LayerSpec, Pattern, build_layer
from edgepack.program import LowerSpec, Program
from edgepack.store import write_file

BOARDS = ("mps2-an385-m0", "mps2-an385", "mps2-an386", "mps3-an547", "riscv-virt")
LAYERS = 22  # of a kind
MOST_MACS = 400_000
FEW = 3  # pixels of a convolution that may run as a dense layer
UNPACKING = ("ep_unpack_s4", "ep_unpack_s2")
MOST_BYTES = 12_000  # of an input or output


def main() -> int:
    """Measure the boards that are named, or all, and keep the others' figures."""
    data = json.loads(FILE.read_text()) if FILE.is_file() else {}
    cores = data.get("cores", {})
    layers = merged(list(random_layers(0)))
    parser = argparse.ArgumentParser(description="Measure kernels for compiler/costs.json.")
    parser.add_argument("--only", action="append", default=[], metavar="WORD")
    parser.add_argument("boards", nargs="*", default=BOARDS, metavar="BOARD")
    given = parser.parse_args()
    for name in given.boards:
        board = load_board(name)
        found = measure(layers, board, given.only)
        kept = cores.get(core_of(board.isa), {}) if given.only else {}
        cores[core_of(board.isa)] = {**kept, **found}
    document = {"command": "python -m benchmarks.costs", "features": FEATURES}
    write_file(FILE, _lines(document, cores).encode())
    return 0


def _lines(document: dict[str, Any], cores: dict[str, Any]) -> str:
    """JSON with a line a kernel."""
    parts = []
    for core, kernels in sorted(cores.items()):
        rows = ",\n".join(
            f'   "{name}": {json.dumps(row)}' for name, row in sorted(kernels.items())
        )
        parts.append(f'  "{core}": {{\n{rows}\n  }}')
    head = "".join(f' "{key}": {json.dumps(value)},\n' for key, value in document.items())
    return "{\n" + head + ' "cores": {\n' + ",\n".join(parts) + "\n }\n}\n"


def random_layers(seed: int, each: int = LAYERS) -> Iterator[Graph]:
    """`each` layers of every kind, of many shapes, small enough to be run together."""
    rng = np.random.default_rng(seed)
    kinds: tuple[Callable[[np.random.Generator], LayerSpec], ...] = (
        _pointwise,
        _window,
        _wide,
        _deep,
        _depthwise,
        _long,
        _single,
        _planes,
        _dense,
        _add,
        _pool,
        _softmax,
        *(partial(_thin, pattern=pattern) for pattern in ("blocks", "single", "n:m")),
        *(partial(_shared, most=most) for most in (16, 4)),
        _doubling,
        *(partial(_few_bits, bits) for bits in (4, 2, 2, 2)),
    )
    for kind in kinds:
        found = 0
        while found < each:
            spec = replace(kind(rng), seed=int(rng.integers(1 << 30)))
            try:
                graph = build_layer(spec)
            except EdgepackError:
                continue
            tensors = [graph.tensor(i) for i in (*graph.inputs, *graph.outputs)]
            if max(t.bytes for t in tensors) <= MOST_BYTES and _macs(graph) <= MOST_MACS:
                found += 1
                yield graph


def _macs(graph: Graph) -> int:
    return offer(graph, LowerSpec()).program([0]).macs


def _draw(rng: np.random.Generator, *values: int) -> int:
    return int(rng.choice(values))


def _shape(rng: np.random.Generator, *channels: int) -> tuple[int, int, int]:
    height, width = (int(n) for n in rng.integers(1, 26, 2))
    return height, width, _draw(rng, *channels)


def _relu(rng: np.random.Generator) -> bool:
    return bool(rng.random() < 0.7)


def _pointwise(rng: np.random.Generator) -> LayerSpec:
    shape = _shape(rng, 3, 8, 10, 16, 24, 32, 48, 64, 96, 128)
    outputs = _draw(rng, 2, 5, 8, 16, 24, 32, 64, 96, 128)
    return LayerSpec("conv", shape, outputs, relu=_relu(rng))


def _window(rng: np.random.Generator) -> LayerSpec:
    shape = _shape(rng, 1, 2, 3, 4, 8, 12, 16, 24, 32, 64)
    window = (_draw(rng, 1, 2, 3, 3, 5, 10), _draw(rng, 1, 3, 3, 3, 4, 5))
    stride = _draw(rng, 1, 1, 2)
    padding: Any = str(rng.choice(["same", "valid"]))
    outputs = _draw(rng, 3, 8, 12, 16, 32, 64)
    return LayerSpec("conv", shape, outputs, window, (stride, stride), padding, _relu(rng))


def _wide(rng: np.random.Generator) -> LayerSpec:
    height, channels = int(rng.integers(3, 20)), _draw(rng, 4, 8, 16, 32, 64)
    shape = (height, 4 * int(rng.integers(1, 6)), channels)
    return LayerSpec("conv", shape, _draw(rng, 4, 8, 16, 32), (3, 3), relu=_relu(rng))


def _deep(rng: np.random.Generator) -> LayerSpec:
    shape = (int(rng.integers(1, 12)), int(rng.integers(1, 12)), _draw(rng, 64, 96, 128))
    window = (1, 1) if rng.random() < 0.6 else (3, 3)
    return LayerSpec("conv", shape, _draw(rng, 8, 16, 32, 64), window, relu=rng.random() < 0.6)


def _planes(rng: np.random.Generator) -> LayerSpec:
    shape = _shape(rng, 4, 8, 9, 16, 25, 32)
    stride = _draw(rng, 1, 2)
    return LayerSpec("depthwise", shape, None, (3, 3), (stride, stride), relu=_relu(rng))


def _depthwise(rng: np.random.Generator) -> LayerSpec:
    shape = _shape(rng, 4, 8, 12, 16, 32, 64, 100, 128)
    window = (3, 3) if rng.random() < 0.6 else (_draw(rng, 1, 2, 3, 5), _draw(rng, 3, 4, 5))
    stride = _draw(rng, 1, 1, 2)
    padding: Any = str(rng.choice(["same", "same", "valid"]))
    relu = bool(rng.random() < 0.8)
    return LayerSpec("depthwise", shape, None, window, (stride, stride), padding, relu)


def _long(rng: np.random.Generator) -> LayerSpec:
    """Depthwise windows as streams have them: long, of one or a few outputs a channel."""
    length = int(rng.integers(4, 24))
    shape = (length + _draw(rng, 0, 0, 0, 3), 1, _draw(rng, 16, 32, 48, 64, 96))
    relu = bool(rng.random() < 0.4)
    return LayerSpec("depthwise", shape, None, (length, 1), padding="valid", relu=relu)


def _single(rng: np.random.Generator) -> LayerSpec:
    """Convolutions of one to three pixels."""
    shape = (1, _draw(rng, 1, 1, 2, 3), _draw(rng, 16, 24, 32, 64, 96, 128, 200))
    return LayerSpec("conv", shape, _draw(rng, 8, 16, 32, 64, 96, 128), relu=_relu(rng))


def _dense(rng: np.random.Generator) -> LayerSpec:
    depth, outputs = (_draw(rng, 4, 8, 10, 16, 33, 64, 100, 128, 256, 640) for _ in range(2))
    shape = (depth,) if rng.random() < 0.7 else (int(rng.integers(2, 9)), depth)
    return LayerSpec("dense", shape, outputs, relu=_relu(rng))


def _add(rng: np.random.Generator) -> LayerSpec:
    return LayerSpec("add", _shape(rng, 1, 4, 8, 16, 30, 64), relu=_relu(rng))


def _pool(rng: np.random.Generator) -> LayerSpec:
    height, width, channels = _shape(rng, 1, 4, 8, 16, 30, 64)
    window = (height, width) if rng.random() < 0.4 else (_draw(rng, 2, 3), _draw(rng, 2, 3))
    kind = str(rng.choice(["average_pool", "max_pool"]))
    return LayerSpec(kind, (height, width, channels), None, window)


def _softmax(rng: np.random.Generator) -> LayerSpec:
    return LayerSpec("softmax", (_draw(rng, 1, 1, 1, 4, 30), _draw(rng, 2, 4, 10, 12, 30, 100)))


def _thin(rng: np.random.Generator, pattern: Pattern) -> LayerSpec:
    """A convolution or dense layer of which some weights are zero."""
    zeros = _draw_rate(rng, pattern)
    return replace(_weighted(rng), zeros=zeros, pattern=pattern)


def _draw_rate(rng: np.random.Generator, pattern: Pattern) -> float:
    rates = {"blocks": (0.4, 0.6, 0.8, 0.95), "single": (0.6, 0.8, 0.9, 0.95), "n:m": (0.5, 0.75)}
    return float(rng.choice(rates[pattern]))


def _shared(rng: np.random.Generator, most: int) -> LayerSpec:
    """A layer of few values."""
    return replace(_weighted(rng), values=int(rng.integers(most // 2 + 1, most + 1)))


def _few_bits(bits: int, rng: np.random.Generator) -> LayerSpec:
    """A layer of weights of few bits."""
    make = [_pointwise, _window, _wide, _deep, _dense, _dense, _single][int(rng.integers(7))]
    return replace(make(rng), bits=bits)


def _doubling(rng: np.random.Generator) -> LayerSpec:
    """A depthwise layer whose scales are powers of two."""
    return replace(_planes(rng), power_of_two=True)


def _weighted(rng: np.random.Generator) -> LayerSpec:
    make = [_pointwise, _window, _wide, _deep, _dense][int(rng.integers(5))]
    spec = make(rng)
    if len(spec.shape) == 3 and rng.random() < 0.8:  # whole bytes of places
        spec = replace(spec, shape=(*spec.shape[:2], 16 * (1 + spec.shape[2] // 16)))
    return spec


def merged(graphs: Sequence[Graph]) -> Graph:
    """One graph of operators that have nothing to do with one another."""
    tensors: list[Tensor] = []
    operators: list[Operator] = []
    inputs: list[int] = []
    outputs: list[int] = []
    for number, graph in enumerate(graphs):
        base = len(tensors)
        tensors += [
            replace(t, index=t.index + base, name=f"l{number}_{t.name}") for t in graph.tensors
        ]
        (operator,) = graph.operators
        moved = [tuple(i + base for i in side) for side in (operator.inputs, operator.outputs)]
        operators.append(replace(operator, index=number, inputs=moved[0], outputs=moved[1]))
        inputs += [i + base for i in graph.inputs]
        outputs += [i + base for i in graph.outputs]
    return replace(
        graphs[0],
        tensors=tuple(tensors),
        operators=tuple(operators),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
    )


def measure(layers: Graph, board: Board, only: Sequence[str] = ()) -> dict[str, Any]:
    """The figures of every kernel that the board's instruction set has for the layers, of those
    whose names have one of these words.
    """
    picks: dict[str, dict[int, int]] = defaultdict(dict)
    offered = [
        offer(layers, LowerSpec(board.isa, optimize=level))
        for level in ("balanced", "size", "speed")
    ]
    found: dict[str, tuple[Offered, dict[int, int]]] = {}
    for way_of in offered:
        picks.clear()
        for place, lowered in enumerate(way_of.operators):
            for pick, (step, *rest) in enumerate(lowered.ways):
                assert not rest, "a layer of one call"
                if step.unpacks is None:
                    picks[step.kernel].setdefault(place, pick)
                elif step.variant == "portable":
                    picks[step.unpacks.kernel].setdefault(place, pick)
        for kernel, places in picks.items():
            if kernel not in found or len(places) > len(found[kernel][1]):
                found[kernel] = (way_of, dict(places))
    rows = {}
    for kernel, (way_of, places) in sorted(found.items()):
        if only and not any(word in kernel for word in only):
            continue
        usual = _usual(way_of.graph, places)
        if kernel in UNPACKING:
            rows[kernel] = _unpacking(way_of, usual, board)
        else:
            rows[kernel] = _kernel(_alone(way_of, usual), board)
        print(f"{board.name} {kernel}: {rows[kernel]}", file=sys.stderr)
    return rows


def _usual(graph: Graph, picks: dict[int, int]) -> dict[int, int]:
    """The layers without convolutions of few pixels, whose last tiles would bend the fit; all,
    where a kernel is for them.
    """

    def few(place: int) -> bool:
        operator = graph.operators[place]
        output = graph.tensor(operator.outputs[0])
        return operator.kind == "CONV_2D" and output.elements // output.shape[-1] <= FEW

    usual = {place: pick for place, pick in picks.items() if not few(place)}
    return usual if len(usual) >= LEAST_LAYERS else picks


def _alone(offered: Offered, picks: dict[int, int]) -> Program:
    """The program of these operators alone, each by the way that was picked."""
    graph = offered.graph
    operators = tuple(graph.operators[place] for place in picks)
    touched = {i for operator in operators for i in (*operator.inputs, *operator.outputs)}
    graph = replace(
        graph,
        operators=operators,
        inputs=tuple(i for i in graph.inputs if i in touched),
        outputs=tuple(i for i in graph.outputs if i in touched),
    )
    steps = tuple(offered.operators[place].ways[pick][0] for place, pick in picks.items())
    return Program(graph, steps, (), offered.spec)


def _unpacking(offered: Offered, picks: dict[int, int], board: Board) -> dict[str, Any]:
    """What unpacking adds to kernels that read bytes: instructions a call, and a weight."""
    program = _alone(offered, picks)
    plain = {
        place: next(
            n
            for n, (step, *_) in enumerate(offered.operators[place].ways)
            if step.unpacks is None and step.kernel == offered.operators[place].ways[pick][0].kernel
        )
        for place, pick in picks.items()
    }
    more, less = counted(program, board), counted(_alone(offered, plain), board)
    added = more.instructions - less.instructions
    weights = [step.unpacks.weights for step in program.steps if step.unpacks is not None]
    found = fit(np.array([[1.0, weight] for weight in weights]), added)
    factors = [found.factors[0], *[0.0] * (len(FEATURES) - 2), found.factors[1]]
    own = {name: size for name, size in more.functions.items() if name not in less.functions}
    return {
        "instructions": [float(f"{value:.4g}") for value in factors],
        "cycles": more.cycles,
        "functions": own,
        "layers": len(added),
        "error": round(found.error, 3),
    }


def _kernel(program: Program, board: Board) -> dict[str, Any]:
    graph = program.graph
    run = counted(program, board)
    rows = np.array([features(step, graph) for step in program.steps])
    found = fit(rows, run.instructions)
    return {
        "instructions": [float(f"{value:.4g}") for value in found.factors],
        "cycles": run.cycles,
        "functions": dict(run.functions),
        "layers": len(run.instructions),
        "error": round(found.error, 3),
    }


@dataclass(frozen=True)
class Counted:
    """A program's run: instructions of each step, cycles an instruction, bytes of its functions."""

    instructions: NDArray[np.float64]
    cycles: float
    functions: Mapping[str, int]


def counted(program: Program, board: Board) -> Counted:
    """One inference of random inputs on the board."""
    graph = program.graph
    compiled = Compiled(b"", "layers", graph, program, plan_memory(program), board)
    inputs = sample_bytes(random_samples(graph, 1, 0), 0)
    with attached(compiled, board, DeviceSpec(), hook=True) as running:
        counts = np.array([board.count(t) for t in running.session.profile(inputs)], float)
        own = own_functions(running, board)
    cycles = 0.0
    if not obstacle(board):
        estimate = cycle_estimate(compiled, running.image, board, inputs)
        cycles = estimate.cycles.likely / estimate.instructions
    return Counted(counts, round(cycles, 3), {f.name: f.size for f in own})


class Fit:
    """Factors of the features, and the root of the mean square of relative errors."""

    def __init__(self, factors: NDArray[np.float64], error: float) -> None:
        self.factors, self.error = factors, error


def fit(rows: NDArray[np.float64], counts: NDArray[np.float64]) -> Fit:
    """The factors, none negative, of the least relative error (Lawson and Hanson's method)."""
    a, b = rows / counts[:, None], np.ones(len(counts))
    scale = np.linalg.norm(a, axis=0) + 1e-300
    a = a / scale
    chosen = np.zeros(a.shape[1], bool)
    x = np.zeros(a.shape[1])
    while not chosen.all():
        slope = np.where(chosen, -np.inf, a.T @ (b - a @ x))
        if slope.max() < 1e-9:
            break
        chosen[slope.argmax()] = True
        while True:
            trial = np.zeros_like(x)
            trial[chosen] = np.linalg.lstsq(a[:, chosen], b, rcond=None)[0]
            if (trial[chosen] > 0).all():
                break
            down = chosen & (trial <= 0)
            step = (x[down] / (x[down] - trial[down] + 1e-300)).min()
            x = x + step * (trial - x)
            chosen &= x > 1e-12
            x[~chosen] = 0
        x = trial
    error = float(np.sqrt(np.mean((a @ x - b) ** 2)))
    return Fit(x / scale, error)


if __name__ == "__main__":
    sys.exit(main())
