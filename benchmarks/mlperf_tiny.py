"""The four MLPerf Tiny models on every emulated board: `make bench`.

Reads the models from EDGEPACK_MODELS, writes benchmarks/results.json and prints the tables that
the README shows.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from benchmarks.tables import MODELS, bench_tables
from edgepack import DeviceSpec, EdgepackError, bench, load_board
from edgepack.board import Board, known_boards
from edgepack.errors import GateError
from edgepack.results import as_json
from edgepack.store import write_file

RESULTS = Path(__file__).with_name("results.json")
SAMPLES = 10


def main() -> int:
    """Measure, write and print; 6 where a board's answer is not the oracle's, 1 where none came."""
    folder = os.environ.get("EDGEPACK_MODELS")
    if not folder:
        print("EDGEPACK_MODELS names no folder with the MLPerf Tiny models", file=sys.stderr)
        return 2
    wanted = sys.argv[1:] or [n for n in known_boards() if load_board(n).kind == "emulated"]
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    for name in wanted:
        board = load_board(name)
        results[name] = {m: one(Path(folder) / file, board) for m, file in MODELS.items()}
    write_file(RESULTS, (json.dumps(results, indent=1, sort_keys=True) + "\n").encode())
    print(bench_tables(results))
    wrong = [
        f"{board}/{model}"
        for board, models in results.items()
        for model, result in models.items()
        if "agreement" in result and not result["agreement"]["bit_exact"]
    ]
    if wrong:
        print(f"not bit-exact: {', '.join(wrong)}", file=sys.stderr)
    failed = [r["failed"] for name in wanted for r in results[name].values() if "failed" in r]
    if failed:
        print("\n".join(failed), file=sys.stderr)
    return 6 if wrong else 1 if failed else 0


def one(model: Path, board: Board) -> dict[str, object]:
    """The figures of one model on one board, without what the tables do not need."""
    print(f"{model.stem} on {board.name}", file=sys.stderr)
    try:
        result = as_json(bench(model, board, device=DeviceSpec(samples=SAMPLES)))
    except GateError as error:
        return {"does_not_fit": str(error)}
    except EdgepackError as error:
        return {"failed": str(error)}
    kept = ("model", "latency", "memory", "harness", "agreement", "provenance")
    return {name: result[name] for name in kept}


if __name__ == "__main__":
    sys.exit(main())
