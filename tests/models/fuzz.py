"""Mutants through the whole compiler, and what it makes of them against the reference.

    python -m tests.models.fuzz FOLDER --mutants 100000 --run 2000

FOLDER/seeds holds the models that are broken (made where there are none); what is found is
written to FOLDER/found, the mutant beside the text of what went wrong. Exit 1 where something was.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import random
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import numpy as np
from numpy.typing import NDArray

from edgepack import oracle
from edgepack.compiler.generate import GenerateSpec, generate
from edgepack.compiler.lowering import lower
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.planner import plan_memory
from edgepack.compiler.reader import read_model
from edgepack.errors import EdgepackError
from edgepack.graph import DType, Graph, Tensor
from edgepack.program import LowerSpec
from tests.kernels.harness import Case, run_cases
from tests.models.mutants import mutant
from tests.models.whole import compare, random_inputs

LIMIT_S = 2.0  # of this process's own time, for one mutant
LIMIT_BYTES = 2**30
ISAS = (
    frozenset(),
    frozenset({"thumb1"}),
    frozenset({"dsp"}),
    frozenset({"dsp", "mve"}),
    frozenset({"rv32"}),
)
RUN_BYTES = 2**20  # of an arena or of constants: what a sampled mutant may have
RUN_MACS = 2_000_000
BATCH = 16


@dataclass(frozen=True)
class Found:
    """A mutant, and what went wrong with it."""

    data: bytes
    text: str


@dataclass(frozen=True)
class Accepted:
    """A mutant that compiles, small enough to be run or not."""

    data: bytes
    small: bool


class _Slow(BaseException):
    """The mutant took too long; not an Exception, so that nothing catches it on the way."""


def _on_alarm(number: int, frame: FrameType | None) -> None:
    raise _Slow


def compiled(data: bytes, isa: frozenset[str]) -> Accepted | Found | None:
    """What becomes of one mutant; None where it is refused as it should be."""
    before = signal.signal(signal.SIGVTALRM, _on_alarm)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_S)
    _limit_memory(LIMIT_BYTES)
    try:
        return Accepted(data, _small(read_model(data, "m"), isa))
    except EdgepackError as error:
        text = str(error)
        proper = error.exit_code == 3 and text.isascii() and "\n" not in text
        return None if proper else Found(data, f"refused with {error.exit_code}: {text!r}")
    except _Slow:
        return Found(data, f"slower than {LIMIT_S} s\n{traceback.format_exc()}")
    except Exception:
        return Found(data, traceback.format_exc())
    finally:
        _limit_memory(None)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _small(graph: Graph, isa: frozenset[str]) -> bool:
    """Compile a graph; whether what comes out is small enough to be run on the host."""
    program = lower(optimise(graph), LowerSpec(isa=isa))  # type: ignore[arg-type]
    plan = plan_memory(program)
    tree = generate(program, plan, GenerateSpec())
    size = sum(len(data) for data in tree.files.values())
    tensors = sum(tensor.bytes for tensor in graph.tensors)
    return (
        max(plan.block_bytes, size // 6, tensors) <= RUN_BYTES
        and program.macs <= RUN_MACS
        and not any(op.kind == "WHILE" for op in graph.operators)  # it may run for ever
    )


def checked(mutants: Sequence[bytes]) -> list[Found]:
    """Run accepted mutants in C, under the sanitizers, and in the reference."""
    graphs = [read_model(m, "m") for m in mutants]
    cases = [
        Case(m, _inputs(graph), optimise=True) for m, graph in zip(mutants, graphs, strict=True)
    ]
    try:
        answers = run_cases(cases)
    except Exception as error:
        if len(mutants) == 1:
            return [Found(mutants[0], f"generated C: {str(error)[:3000]}")]
        return [found for m in mutants for found in checked([m])]
    references = oracle.run_cases([oracle.Case(c.model, tuple(c.inputs)) for c in cases])
    found = []
    for case, graph, reference, answer in zip(cases, graphs, references, answers, strict=True):
        if not isinstance(reference, oracle.ReferenceRun) or _followed_elsewhere(graph):
            continue  # the reference refuses more than is wrong; ours is defined, as just seen
        try:
            for place, (got, want) in enumerate(zip(answer, reference.outputs, strict=True)):
                compare(got, want, f"output {place}")
        except (AssertionError, ValueError) as error:
            kinds = [op.kind for op in graph.operators]
            found.append(Found(case.model, f"other answers: {kinds[:8]}: {str(error)[:600]}"))
    return found


def _inputs(graph: Graph) -> list[NDArray[np.generic]]:
    """Random ones; whole numbers of 4 bytes may be places, where the reference checks none: 0."""
    return [x * 0 if x.dtype.kind in "iu" and x.itemsize >= 4 else x for x in random_inputs(graph)]


def _followed_elsewhere(graph: Graph) -> bool:
    """Whether it has what LiteRT gets wrong, as the notes of the rows say."""
    for op in graph.operators:
        data = graph.tensor(op.inputs[0]).dtype if op.inputs else None
        if op.kind == "SUM" and data in (DType.INT8, DType.INT16):
            return True
        if op.kind == "DIV" and data in (DType.INT8, DType.UINT8, DType.INT16):
            return True
        if data is DType.FLOAT32 and any(
            _holds_least(graph.tensor(i)) for i in op.inputs if i >= 0
        ):
            return True  # a hybrid layer's weight
        if op.kind == "SVDF" and data is DType.INT8 and graph.tensor(op.inputs[4]).dtype is data:
            return True
    return False


def _holds_least(tensor: Tensor) -> bool:
    """Whether it is a constant of int8 with a -128 in it."""
    return tensor.dtype is DType.INT8 and tensor.data is not None and -128 in tensor.array()


def _limit_memory(more: int | None) -> None:
    """So much beyond what this process has; None for no limit, which the sanitizers need."""
    soft = hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    statm = Path("/proc/self/statm")
    if more is not None and statm.exists():
        soft = int(statm.read_text().split()[0]) * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def stream(seeds: Sequence[bytes], count: int, seed: int) -> Iterator[tuple[bytes, frozenset[str]]]:
    """Mutants, and the instruction set that each is compiled for."""
    rng = random.Random(seed)
    for _ in range(count):
        yield mutant(rng.choice(seeds), rng), rng.choice(ISAS)


def fuzz(
    seeds: Sequence[bytes], count: int, to_run: int, seed: int = 0
) -> tuple[Counter[str], list[Found]]:
    """`count` mutants compiled and about `to_run` of them run; counts, and what was found."""
    counts: Counter[str] = Counter()
    found: list[Found] = []
    rng, waiting = random.Random(seed), []
    for data, isa in stream(seeds, count, seed):
        result = compiled(data, isa)
        counts["mutants"] += 1
        if result is None:
            counts["refused"] += 1
        elif isinstance(result, Found):
            found.append(result)
        else:
            counts["accepted"] += 1
            if result.small and rng.random() < 10 * to_run / count and counts["run"] < to_run:
                counts["run"] += 1
                waiting.append(data)
        if len(waiting) == BATCH:
            found += checked(waiting)
            waiting = []
    return counts, found + (checked(waiting) if waiting else [])


def seeds_in(folder: Path) -> list[bytes]:
    """The models of a folder, made by a process of its own where there are none."""
    import subprocess

    if not any(folder.glob("*.tflite")):
        command = [sys.executable, "-m", "tests.models.seeds", str(folder)]
        subprocess.run(command, check=True, capture_output=True)
    return [path.read_bytes() for path in sorted(folder.glob("*.tflite"))]


def write(found: Sequence[Found], folder: Path) -> None:
    """Each mutant and its text, by the mutant's digest."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in found:
        stem = folder / hashlib.sha256(one.data).hexdigest()[:16]
        stem.with_suffix(".tflite").write_bytes(one.data)
        stem.with_suffix(".txt").write_text(one.text)


def main() -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(description="Fuzz the compiler with broken models.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mutants", type=int, default=100_000)
    parser.add_argument("--run", type=int, default=2000, help="of them run on the host")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    seeds = seeds_in(given.folder / "seeds")
    total: Counter[str] = Counter()
    failed, began, part = 0, time.monotonic(), 1000
    for start in range(0, given.mutants, part):
        count = min(part, given.mutants - start)
        share = given.run * count // given.mutants
        with contextlib.suppress(KeyboardInterrupt):
            counts, found = fuzz(seeds, count, share, given.seed + start)
            total += counts
            failed += len(found)
            write(found, given.folder / "found")
            print(f"{time.monotonic() - began:.0f} s: {dict(total)}, {failed} found", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
