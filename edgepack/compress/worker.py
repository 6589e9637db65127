"""The process that imports TensorFlow: reads requests, answers with events, dies with its parent.

Started by child.py with a scratch folder as its argument. Whatever libraries print, on
Python's or on C's side, goes to the parent's log file and never to a terminal.
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import queue
import shutil
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from edgepack import errors
from edgepack.compress import spec as specs
from edgepack.compress.aware.spec import AwareSpec
from edgepack.compress.pruning.spec import PruneSpec
from edgepack.compress.tuning.spec import ClusterSpec, FineTuneSpec, WeightsSpec

_FUNCTIONS: Mapping[type, tuple[str, str]] = {
    PruneSpec: ("pruning.stage", "prune"),
    WeightsSpec: ("pruning.sparsity", "sparsify"),
    FineTuneSpec: ("tuning.lesson", "fine_tune"),
    ClusterSpec: ("pruning.clustering", "cluster"),
    specs.QuantizeSpec: ("quantizing.stage", "quantize"),
    specs.ConvertSpec: ("conversion", "convert"),
    specs.TrainSpec: ("training", "train"),
    AwareSpec: ("aware.stage", "train_quantized"),
}
_KINDS = {kind.__name__: kind for kind in _FUNCTIONS}


def main() -> None:
    """Answer requests until standard input closes."""
    folder = Path(sys.argv[1])
    events = _take_stdout()
    requests = _requests(folder)

    def send(event: dict[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")
        events.flush()

    while True:
        send(_answer(json.loads(requests.get()), folder, send))


def _take_stdout() -> TextIO:
    """A private copy of standard output; descriptor 1 then goes where standard error goes."""
    events = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return events


def _requests(folder: Path) -> queue.Queue[str]:
    """Lines of standard input; at its end the process leaves at once, its scratch removed."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line)
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return lines


def _answer(
    request: dict[str, Any], folder: Path, send: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    def tell(done: int, total: int, text: str) -> None:
        send({"event": "progress", "done": done, "total": total, "text": text})

    try:
        return {"event": "result", "value": _run(request, folder, tell)}
    except errors.EdgepackError as error:
        return {**_failure(type(error).__name__, str(error)), **_last_good(error, folder)}
    except MemoryError as error:
        return _failure("TrainingError", _no_memory(request["stage"], error))
    except OSError as error:
        full = error.errno == errno.ENOSPC
        hint = "; free some space, or set TMPDIR to a larger disk" if full else ""
        return _failure("UsageError", f"{request['stage']}: {error}{hint}")
    except Exception as error:
        import traceback

        traceback.print_exc()
        if type(error).__name__ == "ResourceExhaustedError":  # TensorFlow's
            return _failure("TrainingError", _no_memory(request["stage"], error))
        first = (str(error).strip().splitlines() or [""])[0][:300]
        return _failure("TrainingError", f"{request['stage']}: {type(error).__name__}: {first}")


def _no_memory(stage: str, error: BaseException) -> str:
    first = (str(error).strip().splitlines() or [""])[0][:200]
    return (
        f"{stage}: out of memory{f' ({first})' if first else ''}; give fewer samples or a smaller "
        "batch_size, or end other programs"
    )


def _last_good(error: errors.EdgepackError, folder: Path) -> dict[str, str]:
    """The file of the last good weights, where training went wrong after some."""
    model = getattr(error, "model", None)
    if model is None:
        return {}
    from edgepack.compress.save import keras_bytes

    path = folder / "last_good.keras"
    path.write_bytes(keras_bytes(model, folder))
    return {"file": str(path)}


def _failure(kind: str, message: str) -> dict[str, Any]:
    return {"event": "error", "class": kind, "message": message}


def _run(
    request: dict[str, Any], folder: Path, tell: Callable[[int, int, str], None]
) -> dict[str, Any]:
    from edgepack.compress import load

    tell(0, 0, "importing TensorFlow")
    load.check_toolchain()
    _settle(request["spec"].get("seed", 0))
    from edgepack.compress.conversion import Job

    kind: Any = _KINDS[request["kind"]]
    module, function = _FUNCTIONS[kind]
    stage = getattr(importlib.import_module(f"edgepack.compress.{module}"), function)
    job = Job(folder, request["output"], tell)
    content, report = stage(Path(request["path"]), specs.from_plain(kind, request["spec"]), job)
    result = folder / "result"
    result.write_bytes(content)
    return {"file": str(result), "report": specs.to_plain(report)}


def _settle(seed: int) -> None:
    """Equal seeds give equal results, whatever this process did before."""
    import keras
    import tensorflow as tf

    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
