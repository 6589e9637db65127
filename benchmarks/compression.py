"""The compression table: `python -m benchmarks.compression [TASK ...] [--rows PATTERN] [--again]`.

Makes each row of compression.toml with each random seed, measures it on the emulated board, and
writes benchmarks/compression.json after every one, so that a run that was cut off goes on where it
was. Accuracy is that of the whole test set on `host`, whose answers are the board's bits.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, get_args

from benchmarks.compression_data import Split, Task, split
from edgepack import CompileSpec, DeviceSpec, load_board
from edgepack.board import tomllib
from edgepack.compress import ConvertSpec
from edgepack.config import Config
from edgepack.errors import EdgepackError, UsageError
from edgepack.pipeline.device import silent
from edgepack.pipeline.evidence import Measuring
from edgepack.pipeline.keras import kept as stage
from edgepack.pipeline.recipe import Variant, make
from edgepack.store import cache_root, write_file

RESULTS = Path(__file__).with_name("compression.json")
ROWS = Path(__file__).with_name("compression.toml")
BOARD = "mps2-an386"
ON_BOARD = 10
SEEDS: Mapping[Task, int] = {"digits": 3, "watch": 3, "spoken": 3, "images": 1}
EPOCHS: Mapping[Task, int] = {"digits": 20, "watch": 8, "spoken": 5, "images": 1}
BATCH = 64
TRAINING = ("prune", "cluster", "fine-tune", "train-quantized")


@dataclass(frozen=True, slots=True)
class Figures:
    """One row with one seed; bytes are those of the board."""

    accuracy: float
    n: int
    weights: int  # packed weights and biases
    tables: int  # multipliers and whatever else is not code
    code: int
    ram: int
    instructions: int
    bit_exact: bool
    seconds: float  # of compression, on the machine at hand


def main() -> int:
    """Make what is missing; 1 where a row failed."""
    parser = argparse.ArgumentParser(prog="benchmarks.compression")
    parser.add_argument("tasks", nargs="*", choices=[[], *get_args(Task)])
    parser.add_argument("--rows", default="*", help="Names of rows; * and ? match.")
    parser.add_argument("--again", action="store_true", help="Measure what is there anew.")
    asked = parser.parse_args()
    failed = False
    for task in asked.tasks or get_args(Task):
        for row in rows_of(task, asked.rows):
            for seed in range(SEEDS[task]):
                if asked.again or str(seed) not in kept().get(task, {}).get(row["name"], {}):
                    failed |= not _make_and_keep(task, row, seed)
    return int(failed)


def rows_of(task: Task, pattern: str = "*") -> list[dict[str, Any]]:
    """The rows that this task has, by name."""
    rows = tomllib.loads(ROWS.read_text("utf-8"))["row"]
    return [
        row
        for row in rows
        if task in row.get("tasks", [task]) and fnmatchcase(row["name"], pattern)
    ]


def kept() -> dict[str, Any]:
    """What was measured: Figures by task, row and seed."""
    found: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    return found


def _make_and_keep(task: Task, row: Mapping[str, Any], seed: int) -> bool:
    try:
        figures = measured(task, row, seed)
    except EdgepackError as error:
        print(f"{task}, {row['name']}, seed {seed}: {error}", file=sys.stderr)
        return False
    found = kept()
    found.setdefault(task, {}).setdefault(row["name"], {})[str(seed)] = asdict(figures)
    write_file(RESULTS, (json.dumps(found, indent=1, sort_keys=True) + "\n").encode())
    print(f"{task}, {row['name']}, seed {seed}: {figures}", file=sys.stderr, flush=True)
    return True


def measured(task: Task, row: Mapping[str, Any], seed: int) -> Figures:
    """What the row makes of the task's network, on the board."""
    data = split(task, seed, cache_root() / "compression-data")
    folder = cache_root() / "compression-rows" / task / str(seed)
    start = time.monotonic()
    name = row["name"]
    model = _made(task, row, seed, data, folder / name)
    seconds = time.monotonic() - start
    device = DeviceSpec(data=data.test)
    measuring = Measuring(load_board(BOARD), CompileSpec(), device, ON_BOARD, silent)
    result, _ = measuring.of(Variant(name, model))
    assert result.accuracy is not None and result.agreement is not None
    flash = result.memory.flash
    return Figures(
        accuracy=result.accuracy.value,
        n=result.accuracy.n,
        weights=flash.weights,
        tables=flash.tables,
        code=flash.code,
        ram=result.memory.ram.total,
        instructions=round(result.latency[0].mean),
        bit_exact=result.agreement.bit_exact,
        seconds=round(seconds, 1),
    )


def _made(task: Task, row: Mapping[str, Any], seed: int, data: Split, folder: Path) -> Path:
    """The row's .tflite; `edgepack compress` makes it, but for a row without steps."""
    teacher = _network(task, 1.0, seed, data)
    model = teacher
    if "width" in row:
        model = _network(task, row["width"], seed, data, teacher if row.get("taught") else None)
    if "step" not in row:
        return stage(model, ConvertSpec(), folder / "float32.tflite", silent)
    steps = [_step(task, step, row, teacher, seed) for step in row["step"]]
    table = {
        "model": {"path": str(model)},
        "board": {"name": BOARD},
        "compress": {"data": str(data.tune), "test": str(data.test), "seed": seed, "step": steps},
    }
    config = Config.model_validate(table)
    found = make(config, folder, folder, row["name"], silent, controls=False, seed=seed)
    return found.result.model


def _step(
    task: Task, step: Mapping[str, Any], row: Mapping[str, Any], teacher: Path, seed: int
) -> dict[str, Any]:
    """A step with the task's epochs, teacher and bytes in the place of shares."""
    found = dict(step)
    effort = found.pop("effort", None)
    if effort is not None:
        found["epochs"] = max(1, round(effort * EPOCHS[task]))
    share = found.pop("share", None)
    if share is not None:
        base = kept().get(task, {}).get("int8", {}).get(str(seed))
        if base is None:
            raise UsageError(f"{row['name']}: takes a share of the row int8, which is not there")
        found["budget_bytes"] = round(share * base["weights"])
    if step["do"] in TRAINING:
        found["batch_size"] = BATCH
        if row.get("distil"):
            found["teacher"] = str(teacher)
    return found


def _network(task: Task, width: float, seed: int, data: Split, teacher: Path | None = None) -> Path:
    """The trained network; TensorFlow runs in a process of its own, which ends with it."""
    import multiprocessing

    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_train, (task, width, seed, data, teacher))


def _train(task: Task, width: float, seed: int, data: Split, teacher: Path | None) -> Path:
    os.environ.update(
        TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0", CUDA_VISIBLE_DEVICES="-1"
    )
    from benchmarks.compression_nets import kept, reference_file

    if task == "images" and width == 1.0:
        return reference_file()
    return kept(task, width, seed, data, teacher)


if __name__ == "__main__":
    sys.exit(main())
