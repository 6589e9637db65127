"""Random networks whose input comes row by row give the bits that they give at once."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edgepack.compiler.generate import GenerateSpec, Golden, generate
from edgepack.compiler.lowering import lower
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.patch_choice import by_patches, patched
from edgepack.compiler.patches import cuts, regions
from edgepack.compiler.planner import plan_memory
from edgepack.compiler.reader import read_model
from edgepack.graph import Graph
from edgepack.program import LowerSpec, Patching, Program
from tests.kernels.channel_nets import random_net
from tests.kernels.harness import (
    FLAGS,
    WARNINGS,
    Case,
    compiler,
    run_programs,
    sanitizers,
)
from tests.tflite_builder import ModelBuilder

SPEC = LowerSpec()


def plain(graph: Graph) -> Program:
    return lower(graph, SPEC)


def nets(rng: np.random.Generator, count: int) -> list[tuple[Case, Graph]]:
    """Networks whose first layers split; every second keeps rows of its input for the next ones."""
    found: list[tuple[Case, Graph]] = []
    while len(found) < count:
        case = random_net(rng)
        graph = optimise(read_model(case.model, f"m{len(found)}"))
        splits = any(start == 0 for start, _ in regions(graph))
        if splits and (len(found) % 2 == 1 or reads_rows_again(graph)):
            found.append((case, graph))
    return found


def reads_rows_again(graph: Graph) -> bool:
    """Whether the windows of the first layer lie over one another from row to row."""
    first = graph.operators[0]
    if first.kind not in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        return False
    return graph.tensor(first.inputs[1]).shape[1] > int(first.options["stride_h"])


def streamed(graph: Graph, rng: np.random.Generator) -> Program:
    ends = [end for start, end in regions(graph) if start == 0]
    end = int(rng.choice(ends))
    rows = graph.tensor(graph.operators[end - 1].outputs[0]).shape[1]
    halo = "keep" if rng.random() < 0.7 else "again"
    patching = Patching(0, end, int(rng.integers(2, rows + 1)), halo)
    return patched(graph, plain, patching, plain(graph).macs, stream=True)


def test_rows_pushed_one_by_one(tmp_path: Path, case_count: int) -> None:
    rng = np.random.default_rng(7)
    found = nets(rng, case_count // 4)
    answers = run_programs([plain(graph) for _, graph in found], [c.inputs for c, _ in found])
    calls = []
    for (case, graph), outputs in zip(found, answers, strict=True):
        program = streamed(graph, rng)
        assert program.stream is not None
        for sample in (0, 2):
            name = f"{graph.name}_{sample}"
            golden = Golden(
                tuple(x[sample].tobytes() for x in case.inputs),
                tuple(y[sample].tobytes() for y in outputs),
            )
            tree = generate(
                _named(program, name), plan_memory(program), GenerateSpec(golden=golden)
            )
            for path, data in tree.files.items():
                if path.endswith((".c", ".h", ".S")) and path != "main.c":
                    (tmp_path / path).write_bytes(data)
            calls.append(name)
    run_self_tests(tmp_path, calls)


def _named(program: Program, name: str) -> Program:
    return dataclasses.replace(program, graph=dataclasses.replace(program.graph, name=name))


def run_self_tests(folder: Path, names: list[str]) -> None:
    """Each model's own test, twice, its arena full of ones."""
    lines = ["#include <string.h>", "#include <stdio.h>"]
    lines += [f'#include "{name}.h"\n#include "{name}_test.h"' for name in names]
    lines.append("int main(void)\n{")
    for name in names:
        again = f'if ({name}_self_test() != 0U) {{ puts("{name}"); return 1; }}'
        lines += [f"memset({name}_arena, 255, sizeof {name}_arena);", again, again]
    (folder / "main.c").write_text("\n".join([*lines, "return 0;\n}\n"]))
    sources = sorted(str(path) for path in folder.glob("*.c"))
    units = [path for path in sources if not path.endswith("main.c")]
    command = [*compiler(), *WARNINGS, *FLAGS, *sanitizers(), "-O0", f"-I{folder}", *units]
    binary = str(folder / "run")
    done = subprocess.run(
        [*command, str(folder / "main.c"), "-o", binary], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[:4000]
    done = subprocess.run([binary], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr[:4000]


def test_an_input_that_is_a_vector_cannot_be_streamed() -> None:
    builder = ModelBuilder()
    x, y = (builder.tensor((1, 8), "float32") for _ in range(2))
    builder.operator("RELU", [x], [y])
    graph = read_model(builder.build([x], [y]), "m")
    assert cuts(graph) == [0, 1]
    assert regions(graph) == []
    program, _ = by_patches(graph, plain, "auto", stream=True)
    assert program.stream is None


@pytest.mark.parametrize("count", [2, "auto"])
def test_a_streamed_input_takes_less(count: int) -> None:
    rng = np.random.default_rng(3)
    less = 0
    for _, graph in nets(rng, 5):
        program, plan = by_patches(graph, plain, count, stream=True)
        less += plan.arena_bytes < plan_memory(plain(graph)).arena_bytes
        assert program.stream is None or graph.inputs[0] not in dict(plan.offsets)
    assert less > 0
