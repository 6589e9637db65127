"""The four MLPerf Tiny models on every emulated board: `make bench`, `make bench-check`.

Reads the models from EDGEPACK_MODELS, writes benchmarks/results.json and benchmarks/operators.md,
and prints the tables that the README shows.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from benchmarks.operators import operator_tables
from benchmarks.tables import MODELS, bench_tables
from edgepack import CompileSpec, DeviceSpec, EdgepackError, load_board
from edgepack.board import Board, known_boards
from edgepack.errors import GateError
from edgepack.pipeline.compile import compile_model
from edgepack.pipeline.device import silent
from edgepack.pipeline.whole import measured
from edgepack.program import Level
from edgepack.results import as_json
from edgepack.store import write_file

RESULTS = Path(__file__).with_name("results.json")
OPERATORS = Path(__file__).with_name("operators.md")
SAMPLES = 10
OTHER_LEVELS = ("mps2-an386:size", "mps2-an386:speed")  # measured as well
TOLERANCE = 0.01
FIGURES: Mapping[str, Callable[[Any], float]] = {
    "instructions": lambda r: r["latency"][0]["mean"],
    "RAM": lambda r: r["memory"]["ram"]["total"],
    "flash": lambda r: r["memory"]["flash"]["total"],
}


def main() -> int:
    """Measure, write and print; 6 where a board's answer is not the oracle's.

    With --check nothing is written: 1 where a figure is worse than the kept one by over 1 %.
    """
    folder = os.environ.get("EDGEPACK_MODELS")
    if not folder:
        print("EDGEPACK_MODELS names no folder with the MLPerf Tiny models", file=sys.stderr)
        return 2
    check = "--check" in sys.argv
    named = [a for a in sys.argv[1:] if a != "--check"]
    wanted = named or [*emulated_boards(), *OTHER_LEVELS]
    kept = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    results = {name: measure(Path(folder), name) for name in wanted}
    wrong = [
        f"{board}/{model}"
        for board, models in results.items()
        for model, result in models.items()
        if "agreement" in result and not result["agreement"]["bit_exact"]
    ]
    if wrong:
        print(f"not bit-exact: {', '.join(wrong)}", file=sys.stderr)
        return 6
    if check:
        worse = regressions(kept, results)
        print("\n".join(worse) or f"nothing is worse than kept, on {len(results)} boards")
        return int(bool(worse))
    results = {**kept, **results}
    write_file(RESULTS, (json.dumps(results, indent=1, sort_keys=True) + "\n").encode())
    write_file(OPERATORS, operator_tables(results).encode())
    print(bench_tables(results))
    return 0


def emulated_boards() -> list[str]:
    """The names of all boards that an emulator plays."""
    return [name for name in known_boards() if load_board(name).kind == "emulated"]


def measure(folder: Path, name: str) -> dict[str, Any]:
    """The four models on one board; "board:level" asks for another level of optimisation."""
    board, _, level = name.partition(":")
    spec = CompileSpec(optimize=cast("Level", level or "balanced"))
    return {m: one(folder / file, load_board(board), spec) for m, file in MODELS.items()}


def regressions(kept: Mapping[str, Any], results: Mapping[str, Any]) -> list[str]:
    """A line a figure that is over 1 % worse, or that is no longer there."""
    found = []
    for board, models in results.items():
        for model, result in models.items():
            old = kept.get(board, {}).get(model)
            if old is None or "model" not in old:
                continue
            if "model" not in result:
                found.append(f"{board} {model}: {result}")
                continue
            for name, figure in FIGURES.items():
                was, now = figure(old), figure(result)
                if now > was * (1 + TOLERANCE):
                    found.append(f"{board} {model}: {name} {was:,.0f} -> {now:,.0f}")
    return found


def one(model: Path, board: Board, spec: CompileSpec) -> dict[str, object]:
    """The figures of one model on one board, without what the tables do not need."""
    print(f"{model.stem} on {board.name}", file=sys.stderr)
    try:
        compiled = compile_model(model, board, spec)
        device = DeviceSpec(samples=SAMPLES, cycles=True)
        result = as_json(measured(compiled, board, device, silent))
    except GateError as error:
        return {"does_not_fit": str(error)}
    except EdgepackError as error:
        return {"failed": str(error)}
    kept = ("model", "latency", "memory", "harness", "agreement", "provenance", "profile")
    return {name: result[name] for name in kept}


if __name__ == "__main__":
    sys.exit(main())
