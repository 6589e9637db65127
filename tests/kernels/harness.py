"""Runs generated models on the host, many at once, under ASan and UBSan.

    outputs = run_cases([Case(model, [x]), ...])   # outputs[case][output], [n, ...] as the oracle

Each model is read, lowered, planned and generated as for a device, twice: with its memory plan,
and with every tensor apart from the others and poisoned bytes between, so that a kernel that
steps outside its tensors is caught as well as a wrong claim of overlap. The planned one runs with
two fills of its arena; all three must answer the same bytes, so nothing depends on memory it
did not write. What a model keeps is reset before the first sample, then carried from one to the
next, as the oracle does.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgepack.compiler.generate import GenerateSpec, generate
from edgepack.compiler.lowering import lower
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.planner import (
    alignment_of,
    plan_memory,
    plan_of,
    scratch_groups,
    state_tensors,
    tensor_groups,
    with_state,
)
from edgepack.compiler.reader import read_model
from edgepack.graph import Graph
from edgepack.program import LowerSpec, MemoryPlan, Program

WARNINGS = (
    *("-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion"),
    *("-Wsign-conversion", "-Wundef", "-Wmissing-prototypes"),
)
FLAGS = ("-ffp-contract=off", "-ffreestanding", "-g1")
OBJECTS = Path(__file__).resolve().parents[2] / ".pytest_cache" / "edgepack-kernels"
GAP = 64  # poisoned bytes between tensors of the spread plan


@dataclass(frozen=True)
class Case:
    """A model and one array per graph input: [n, *shape[1:]] where its leading dimension is 1."""

    model: bytes
    inputs: Sequence[NDArray[np.generic]]
    spec: LowerSpec = field(default_factory=LowerSpec)
    label: str = ""
    optimise: bool = False


def run_cases(cases: Sequence[Case]) -> list[list[NDArray[np.generic]]]:
    """The outputs of each case, [n, *shape[1:]] each, in the order of the graph."""
    graphs = [read_model(case.model, f"m{i}") for i, case in enumerate(cases)]
    graphs = [optimise(g) if c.optimise else g for g, c in zip(graphs, cases, strict=True)]
    return run_programs(
        [lower(graph, case.spec) for graph, case in zip(graphs, cases, strict=True)],
        [case.inputs for case in cases],
        [case.label for case in cases],
    )


def run_programs(
    programs: Sequence[Program],
    inputs: Sequence[Sequence[NDArray[np.generic]]],
    labels: Sequence[str] | None = None,
) -> list[list[NDArray[np.generic]]]:
    """The same for programs that are lowered already."""
    programs = [_renamed(program, f"m{i}") for i, program in enumerate(programs)]
    plans = [plan_memory(program) for program in programs]
    samples = [_samples(p.graph, given) for p, given in zip(programs, inputs, strict=True)]
    labels = labels or [""] * len(programs)
    with tempfile.TemporaryDirectory() as folder:
        binary = _compile(programs, plans, samples, Path(folder))
        return _run(binary, programs, inputs, samples, labels, Path(folder))


def spread_plan(program: Program) -> MemoryPlan:
    """A plan in which nothing shares memory and poisoned gaps lie between."""
    groups = (*tensor_groups(program), *scratch_groups(program))
    alignment = max(16, alignment_of(program))
    offsets, position = [], GAP
    for group in groups:
        offsets.append(position)
        position += -(-group.bytes // alignment) * alignment + GAP
    plan = plan_of(groups, tuple(offsets), alignment, len(program.steps))
    return with_state(dataclasses.replace(plan, arena_bytes=position), program, GAP)


def gaps_of(plan: MemoryPlan, program: Program) -> list[int]:
    """Starts and sizes of what lies between a spread plan's tensors."""
    spans = [(p.offset, p.offset + p.bytes) for p in plan.placements]
    for tensor in state_tensors(program):
        spans.append((plan.offset(tensor.index), plan.offset(tensor.index) + tensor.bytes))
    gaps, end = [], 0
    for start, stop in sorted(spans):
        gaps += [end, start - end] if start > end else []
        end = max(end, stop)
    return [*gaps, end, plan.block_bytes - end]


def _renamed(program: Program, name: str) -> Program:
    return dataclasses.replace(program, graph=dataclasses.replace(program.graph, name=name))


def _samples(graph: Graph, inputs: Sequence[NDArray[np.generic]]) -> int:
    assert len(inputs) == len(graph.inputs), "one array per input"
    counts = set()
    for index, array in zip(graph.inputs, inputs, strict=True):
        tensor = graph.tensor(index)
        assert array.nbytes % tensor.bytes == 0, f"{array.shape} for {tensor.shape}"
        assert array.dtype == np.dtype(tensor.dtype.numpy), f"{array.dtype} for {tensor.dtype}"
        counts.add(array.nbytes // tensor.bytes)
    assert len(counts) == 1, "as many samples for every input"
    return counts.pop()


def _run(
    binary: Path,
    programs: Sequence[Program],
    inputs: Sequence[Sequence[NDArray[np.generic]]],
    samples: Sequence[int],
    labels: Sequence[str],
    folder: Path,
) -> list[list[NDArray[np.generic]]]:
    stream = bytearray()
    for given, count in zip(inputs, samples, strict=True):
        arrays = [np.ascontiguousarray(array).tobytes() for array in given]
        for sample in range(count):
            for data in arrays:
                size = len(data) // count
                stream += data[sample * size : (sample + 1) * size]
    (folder / "in").write_bytes(stream)
    done = subprocess.run(
        [binary, folder / "in", folder / "out"],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=0"},
    )
    if done.returncode:
        case = int(done.stderr.split("case ")[-1].split("\n")[0]) if "case " in done.stderr else 0
        error = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("case "))
        raise AssertionError(f"case {case} {labels[case]}: {error[:4000]}")
    return _collect((folder / "out").read_bytes(), programs, samples, labels)


def _collect(
    stream: bytes, programs: Sequence[Program], samples: Sequence[int], labels: Sequence[str]
) -> list[list[NDArray[np.generic]]]:
    results = []
    position = 0
    for case, (program, count) in enumerate(zip(programs, samples, strict=True)):
        tensors = [program.graph.tensor(t) for t in program.graph.outputs]
        size = count * sum(t.bytes for t in tensors)
        runs = [stream[position + k * size : position + (k + 1) * size] for k in range(3)]
        position += 3 * size
        where = f"case {case} {labels[case]}"
        assert runs[0] == runs[1], f"{where}: the answer depends on memory it did not write"
        assert runs[0] == runs[2], f"{where}: a kernel overwrites what it still needs"
        columns: list[list[bytes]] = [[] for _ in tensors]
        at = 0
        for _ in range(count):
            for column, tensor in zip(columns, tensors, strict=True):
                column.append(runs[0][at : at + tensor.bytes])
                at += tensor.bytes
        results.append(
            [
                np.frombuffer(b"".join(column), tensor.dtype.numpy).reshape(
                    (count * tensor.shape[0], *tensor.shape[1:]) if tensor.shape else (count,)
                )
                for column, tensor in zip(columns, tensors, strict=True)
            ]
        )
    assert position == len(stream)
    return results


@cache
def compiler() -> tuple[str, ...]:
    """The host's C compiler: gcc, else zig's."""
    if shutil.which("gcc"):
        return ("gcc",)
    return (sys.executable, "-m", "ziglang", "cc")


@cache
def sanitizers() -> tuple[str, ...]:
    """Flags of the sanitizers that the compiler links (zig brings UBSan's trap only)."""
    if compiler()[0] != "gcc":
        return ("-fsanitize=undefined", "-fsanitize-trap=undefined")
    return (
        "-fsanitize=address,undefined",
        "-fsanitize=float-cast-overflow",
        "-fno-sanitize-recover=all",
    )


def _compile(
    programs: Sequence[Program], plans: Sequence[MemoryPlan], samples: Sequence[int], folder: Path
) -> Path:
    runtime: dict[str, bytes] = {}
    rows = []
    units: list[list[str]] = [[] for _ in range(min(4, len(programs)))]
    for case, (program, plan) in enumerate(zip(programs, plans, strict=True)):
        spread = spread_plan(program)
        for name, chosen in ((f"m{case}", plan), (f"s{case}", spread)):
            tree = generate(_renamed(program, name), chosen, GenerateSpec())
            for path, data in tree.files.items():
                if path.startswith((f"{name}.", f"{name}_weights")):
                    (folder / path).write_bytes(data)
                elif path.startswith("ep_"):
                    assert runtime.setdefault(path, data) == data, f"two versions of {path}"
            units[case % len(units)] += [f'#include "{name}_weights.c"', f'#include "{name}.c"']
        rows.append(_row(case, program, plan, spread, samples[case]))
    for path, data in runtime.items():
        (folder / path).write_bytes(data)
    for number, lines in enumerate(units):
        (folder / f"unit{number}.c").write_text("\n".join(lines) + "\n")
    (folder / "main.c").write_text(_main(rows, len(programs)))
    objects = _objects(folder, sorted(p for p in runtime if p.endswith(".c")), len(units))
    binary = folder / "cases"
    _call([*compiler(), *sanitizers(), *map(str, objects), "-o", str(binary)])
    return binary


def _objects(folder: Path, runtime: Sequence[str], units: int) -> list[Path]:
    OBJECTS.mkdir(parents=True, exist_ok=True)
    common = [*compiler(), *WARNINGS, *FLAGS, *sanitizers(), f"-I{folder}", "-c"]
    commands: list[tuple[list[str], Path, Path]] = []
    for path in runtime:
        flags = [flag for flag in common if str(folder) not in flag]
        key = hashlib.sha256(repr((flags, _with_includes(folder, path))).encode()).hexdigest()[:24]
        kept = OBJECTS / f"{path[:-2]}-{key}.o"
        if not kept.exists():
            for stale in OBJECTS.glob(f"{path[:-2]}-{'?' * 24}.o"):
                stale.unlink(missing_ok=True)
        commands.append(([*common, "-O2", str(folder / path)], folder / f"{path}.o", kept))
    for name in [f"unit{i}" for i in range(units)]:
        flags = [*common, "-O0", str(folder / f"{name}.c")]
        commands.append((flags, folder / f"{name}.o", Path()))
    main = [*compiler(), "-std=c11", "-O1", *sanitizers(), f"-I{folder}", "-c"]
    commands.append(([*main, str(folder / "main.c")], folder / "main.o", Path()))
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(_object, commands))


def _with_includes(folder: Path, path: str) -> list[bytes]:
    """The file's bytes and those of all that it includes."""
    found: dict[str, bytes] = {}
    queue = [path]
    while queue:
        name = queue.pop()
        if name not in found:
            found[name] = (folder / name).read_bytes()
            queue += re.findall(r'#include "([^"]+)"', found[name].decode())
    return [found[name] for name in sorted(found)]


def _object(command: tuple[list[str], Path, Path]) -> Path:
    arguments, target, kept = command
    with contextlib.suppress(FileNotFoundError, IsADirectoryError):
        return Path(shutil.copy(kept, target))
    _call([*arguments, "-o", str(target)])
    if kept != Path():
        temporary = kept.with_suffix(f".{os.getpid()}")
        shutil.copy(target, temporary)
        temporary.replace(kept)
    return target


def _call(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr[:6000]}"


def _row(
    case: int, program: Program, plan: MemoryPlan, spread: MemoryPlan, samples: int
) -> tuple[str, str]:
    graph = program.graph

    def table(name: str, values: Sequence[int]) -> str:
        return f"static const uint32_t {name}[] = {{{', '.join(map(str, values)) or '0'}}};"

    def ports(tensors: Sequence[int], used: MemoryPlan) -> list[int]:
        return [v for t in tensors for v in (used.offset(t), graph.tensor(t).bytes)]

    gaps = gaps_of(spread, program)
    lines = [
        *(f"void {n}{case}_{f}(uint8_t* arena);" for n in "ms" for f in ("run", "reset")),
        table(f"in{case}", ports(graph.inputs, plan)),
        table(f"out{case}", ports(graph.outputs, plan)),
        table(f"sin{case}", ports(graph.inputs, spread)),
        table(f"sout{case}", ports(graph.outputs, spread)),
        table(f"gaps{case}", gaps),
    ]
    entry = (
        f"{{m{case}_run, s{case}_run, m{case}_reset, s{case}_reset, {plan.arena_bytes}, "
        f"{spread.arena_bytes}, {plan.block_bytes}, {spread.block_bytes}, "
        f"{len(graph.inputs)}, {len(graph.outputs)}, {samples}, {len(gaps) // 2}, "
        f"in{case}, out{case}, sin{case}, sout{case}, gaps{case}}},"
    )
    return "\n".join(lines), entry


def _main(rows: Sequence[tuple[str, str]], count: int) -> str:
    declarations = "\n".join(row[0] for row in rows)
    entries = "\n".join(row[1] for row in rows)
    return MAIN.replace("@TABLES@", declarations).replace("@ENTRIES@", entries)


MAIN = """
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define __asan_poison_memory_region(p, n) ((void)0)
#define __asan_unpoison_memory_region(p, n) ((void)0)
#endif
typedef struct {
    void (*run)(uint8_t*);
    void (*run_spread)(uint8_t*);
    void (*reset)(uint8_t*);
    void (*reset_spread)(uint8_t*);
    uint32_t arena, arena_spread, block, block_spread, inputs, outputs, samples, gaps;
    const uint32_t *in, *out, *in_spread, *out_spread, *gap;
} entry_t;
@TABLES@
static const entry_t entries[] = {
@ENTRIES@
};
static void fill(uint8_t* arena, uint32_t bytes, uint32_t seed)
{
    for (uint32_t i = 0; i < bytes; ++i) {
        seed = seed * 1664525u + 1013904223u;
        arena[i] = (uint8_t)(seed >> 24);
    }
}
static void need(int ok)
{
    if (!ok) {
        perror("harness");
        exit(3);
    }
}
static void once(const entry_t* e, int mode, uint8_t* arena, FILE* in, FILE* out, uint32_t seed)
{
    const uint32_t* from = mode == 2 ? e->in_spread : e->in;
    const uint32_t* to = mode == 2 ? e->out_spread : e->out;
    fill(arena, mode == 2 ? e->arena_spread : e->arena, seed);
    for (uint32_t i = 0; i < e->inputs; ++i) {
        need(fread(arena + from[2 * i], 1, from[2 * i + 1], in) == from[2 * i + 1]);
    }
    if (mode == 2) {
        for (uint32_t g = 0; g < e->gaps; ++g) {
            __asan_poison_memory_region(arena + e->gap[2 * g], e->gap[2 * g + 1]);
        }
        e->run_spread(arena);
        __asan_unpoison_memory_region(arena, e->block_spread);
    } else {
        e->run(arena);
    }
    for (uint32_t i = 0; i < e->outputs; ++i) {
        need(fwrite(arena + to[2 * i], 1, to[2 * i + 1], out) == to[2 * i + 1]);
    }
}
int main(int argc, char** argv)
{
    need(argc == 3);
    FILE* in = fopen(argv[1], "rb");
    FILE* out = fopen(argv[2], "wb");
    need(in != NULL && out != NULL);
    for (uint32_t c = 0; c < sizeof entries / sizeof entries[0]; ++c) {
        const entry_t* e = &entries[c];
        fprintf(stderr, "case %u\\n", (unsigned)c);
        const long start = ftell(in);
        for (int mode = 0; mode < 3; ++mode) {
            uint8_t* arena = malloc(mode == 2 ? e->block_spread : e->block);
            need(arena != NULL && fseek(in, start, SEEK_SET) == 0);
            fill(arena, mode == 2 ? e->block_spread : e->block, 7u + (uint32_t)mode);
            (mode == 2 ? e->reset_spread : e->reset)(arena);
            for (uint32_t s = 0; s < e->samples; ++s) {
                once(e, mode, arena, in, out, 1u + s + 77777u * (uint32_t)mode);
            }
            free(arena);
        }
    }
    need(fclose(out) == 0);
    return 0;
}
"""
