"""Ten random networks on emulated boards: `python -m benchmarks.nets [--check] [BOARD ...]`.

Nobody tuned a kernel on these. Measures instructions, RAM and flash by the kernels that are chosen
at "balanced", and by the first that are offered; writes benchmarks/nets.json, and with --check
compares with it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.mlperf_tiny import TOLERANCE
from edgepack import DeviceSpec, load_board
from edgepack.board import Board
from edgepack.compiler.choice import choose
from edgepack.compiler.lowering import lower, offer
from edgepack.compiler.planner import plan_memory
from edgepack.graph import Graph, Operator, Quantization, Tensor
from edgepack.pipeline.compile import Compiled
from edgepack.pipeline.data import random_samples
from edgepack.pipeline.device import attached, sample_bytes
from edgepack.pipeline.lab_layers import INPUT, LayerSpec, build_layer
from edgepack.program import LowerSpec, MemoryPlan, Program
from edgepack.store import write_file

RESULTS = Path(__file__).with_name("nets.json")
BOARDS = ("mps2-an385-m0", "mps2-an385", "mps2-an386", "mps3-an547", "riscv-virt")
NETS = 10


def main() -> int:
    """Measure and write; with --check 1 where a figure is over 1 % worse than the kept one."""
    boards = [a for a in sys.argv[1:] if a != "--check"] or list(BOARDS)
    nets = {f"net{seed}": random_net(seed) for seed in range(NETS)}
    found = {name: _board(load_board(name), nets) for name in boards}
    kept = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    if "--check" in sys.argv:
        worse = regressions(kept, found)
        print("\n".join(worse) or f"nothing is worse than kept, on {len(found)} boards")
        return int(bool(worse))
    write_file(RESULTS, (json.dumps({**kept, **found}, indent=1, sort_keys=True) + "\n").encode())
    return 0


def regressions(kept: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """A line a chosen net's figure that is over 1 % worse."""
    lines = []
    for board, nets in found.items():
        for net, result in nets.items():
            old = kept.get(board, {}).get(net, {}).get("chosen", {})
            for figure, now in result["chosen"].items():
                was = old.get(figure, now)
                if now > was * (1 + TOLERANCE):
                    lines.append(f"{board} {net}: {figure} {was:,} -> {now:,}")
    return lines


def _board(board: Board, nets: dict[str, Graph]) -> dict[str, Any]:
    spec, rows = LowerSpec(board.isa), {}
    for name, graph in nets.items():
        first = lower(graph, spec)
        ways = {"first": (first, plan_memory(first)), "chosen": choose(offer(graph, spec))}
        rows[name] = {way: _figures(*found, board) for way, found in ways.items()}
        print(board.name, name, rows[name], file=sys.stderr)
    return rows


def _figures(program: Program, plan: MemoryPlan, board: Board) -> dict[str, int]:
    compiled = Compiled(b"", "a net", program.graph, program, plan, board)
    inputs = sample_bytes(random_samples(program.graph, 1, 0), 0)
    with attached(compiled, board, DeviceSpec()) as running:
        ticks = running.session.infer(inputs).ticks
        stack, flash = running.session.stack_peak(), running.image.flash.total
    instructions = board.count(ticks)
    return {"instructions": instructions, "RAM": plan.arena_bytes + stack, "flash": flash}


def random_net(seed: int) -> Graph:
    """A chain of int8 layers: a window or a dense layer first, then blocks, then a classifier."""
    rng = np.random.default_rng(seed)
    if seed % 5 == 4:
        widths = [int(n) for n in rng.choice([16, 32, 64, 96, 128], int(rng.integers(2, 6)))]
        return _chained(
            [LayerSpec("dense", (int(rng.choice([40, 128, 256])),), widths[0], relu=True)]
            + [LayerSpec("dense", (1,), n, relu=True) for n in widths[1:]],
            seed,
        )
    size = int(rng.choice([16, 20, 24, 32]))
    channels = int(rng.choice([1, 2, 3]))
    width = int(rng.choice([8, 12, 16, 24]))
    first = LayerSpec("conv", (size, size, channels), width, (3, 3), (2, 2), relu=True)
    specs = [first]
    for _ in range(int(rng.integers(2, 5))):
        stride = (2, 2) if rng.random() < 0.3 else (1, 1)
        width = min(64, int(width * rng.choice([1, 1.5, 2])))
        if rng.random() < 0.6:
            specs.append(LayerSpec("depthwise", (1, 1, 1), None, (3, 3), stride, relu=True))
            specs.append(LayerSpec("conv", (1, 1, 1), width, relu=True))
        else:
            specs.append(LayerSpec("conv", (1, 1, 1), width, (3, 3), stride, relu=True))
    specs.append(LayerSpec("average_pool", (1, 1, 1), None, (2, 2)))
    return _chained(specs, seed)


def _chained(specs: Sequence[LayerSpec], seed: int) -> Graph:
    """Each layer on what the one before it gives; scales such that its multipliers stay."""
    shape = specs[0].shape
    tensors: list[Tensor] = []
    operators: list[Operator] = []
    for number, spec in enumerate(specs):
        if spec.kernel.endswith("pool") and min(shape[:2]) < 2:
            continue
        layer = build_layer(replace(spec, shape=shape, seed=seed * 100 + number))
        x, *constants, y = layer.tensors
        source = tensors[-1] if tensors else replace(x, name="x")
        if not tensors:
            tensors.append(source)
        base = len(tensors) - 1
        assert y.quantization is not None
        scale = y.quantization.scales[0] * source.scale / INPUT.scales[0]
        result = replace(y, quantization=Quantization((scale,), y.quantization.zero_points))
        for tensor in (*constants, result):
            tensors.append(
                replace(tensor, index=base + tensor.index, name=f"{tensor.name}{number}")
            )
        (operator,) = layer.operators
        inputs = (source.index, *(base + i for i in operator.inputs[1:]))
        operators.append(
            replace(operator, index=len(operators), inputs=inputs, outputs=(base + y.index,))
        )
        shape = y.shape[1:]
    name, last = f"net{seed}", tensors[-1].index
    digest = build_layer(specs[0]).sha256
    return Graph(name, digest, tuple(tensors), tuple(operators), (0,), (last,))


if __name__ == "__main__":
    sys.exit(main())
