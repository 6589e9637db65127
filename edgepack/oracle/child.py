"""The child of `reference.py`: reads cases from stdin, answers on stdout.

It is run as a file and imports nothing of edgepack, so that it works from any checkout. Cases
run in forked groups, so that a crash costs one group, which then runs again case by case.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

GROUP = 32
NO_INTERPRETER = 90
Arrays = dict[str, Any]
Answer = tuple[dict[str, Any], Arrays]


def main() -> int:
    """Answer one request; the exit status."""
    _die_with_parent()
    reply_to = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # the interpreter prints to stdout at will
    if sys.path[:1] == [os.path.dirname(os.path.abspath(__file__))]:  # noqa: PTH100, PTH120
        sys.path.pop(0)
    import numpy as np

    with np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False) as file:
        request = {name: file[name] for name in file.files}
    meta = json.loads(request.pop("meta").tobytes())
    try:
        micro = any(case.get("numerics") == "tflm" for case in meta)
        oracle, interpreter = _micro() if micro else _interpreter()
    except ImportError:
        return NO_INTERPRETER
    answers = list(_answer_all(interpreter, request, meta))
    arrays = {
        f"{i}/{name}": values
        for i, (_, named) in enumerate(answers)
        for name, values in named.items()
    }
    _write(reply_to, {"oracle": oracle, "cases": [m for m, _ in answers]}, arrays)
    return 0


def _interpreter() -> tuple[str, Any]:
    """The oracle's name, and a function from model bytes and `layers` to an interpreter."""
    from importlib.metadata import version

    try:
        from ai_edge_litert import interpreter as module

        oracle = f"LiteRT {version('ai-edge-litert')} BUILTIN_REF"
    except ImportError:
        from tflite_runtime import interpreter as module

        oracle = f"tflite_runtime {version('tflite-runtime')} BUILTIN_REF"

    def make(model: bytes, layers: bool) -> Any:
        return module.Interpreter(
            model_content=model,
            experimental_op_resolver_type=module.OpResolverType.BUILTIN_REF,
            experimental_preserve_all_tensors=layers,
            num_threads=1,
        )

    return oracle, make


def _micro() -> tuple[str, Any]:
    """The same of TFLite Micro."""
    import importlib.util
    from importlib.metadata import version
    from pathlib import Path

    from tflite_micro.python.tflite_micro import runtime as _  # noqa: F401

    place = Path(__file__).with_name("micro.py")
    spec = importlib.util.spec_from_file_location("micro", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def make(model: bytes, layers: bool) -> Any:
        if layers:
            raise _UsageError("TFLite Micro's interpreter does not give tensors inside the model")
        return module.Micro(model)

    return f"TFLite Micro {version('tflite-micro')}", make


def _answer_all(make: Any, request: Arrays, meta: Sequence[dict[str, Any]]) -> Iterator[Answer]:
    places = range(len(meta))
    if not hasattr(os, "fork") or len(meta) == 0:
        yield from (_answer(make, request, meta[i], i) for i in places)
        return
    for start in range(0, len(meta), GROUP):
        group = places[start : start + GROUP]
        answers, status = _forked(make, request, meta, group)
        if len(answers) == len(group):
            yield from answers
            continue
        for place in group:
            alone, status = _forked(make, request, meta, [place])
            died = f"the interpreter died of this model ({_status_text(status)})"
            yield alone[0] if alone else ({"error": died, "class": "model"}, {})


def _forked(
    make: Any, request: Arrays, meta: Sequence[dict[str, Any]], places: Sequence[int]
) -> tuple[list[Answer], int]:
    """The answers of some cases, none where the fork died, and its wait status."""
    import numpy as np

    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _die_with_parent()
        answers = [_answer(make, request, meta[i], i) for i in places]
        arrays = {
            f"{n}/{name}": values
            for n, (_, named) in enumerate(answers)
            for name, values in named.items()
        }
        with os.fdopen(writer, "wb") as file:
            _write(file, [m for m, _ in answers], arrays)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        data = file.read()
    _, status = os.waitpid(pid, 0)
    if status != 0:
        return [], status
    with np.load(io.BytesIO(data), allow_pickle=False) as reply:
        metas = json.loads(reply["meta"].tobytes())
        named: list[Arrays] = [{} for _ in metas]
        for key in reply.files:
            if key != "meta":
                place, name = key.split("/")
                named[int(place)][name] = reply[key]
    return list(zip(metas, named, strict=True)), status


def _answer(make: Any, request: Arrays, meta: dict[str, Any], index: int) -> Answer:
    inputs = [request[f"{index}/x{place}"] for place in range(meta["inputs"])]
    try:
        interpreter = make(request[f"{index}/model"].tobytes(), meta["layers"])
        interpreter.allocate_tensors()
        samples = _samples(interpreter.get_input_details(), inputs)
        return _run(interpreter, samples, meta["layers"])
    except _UsageError as error:
        return {"error": str(error), "class": "usage"}, {}
    except Exception as error:
        text = " ".join(str(error).split()) or type(error).__name__
        return {"error": text, "class": "model"}, {}


class _UsageError(Exception):
    """The inputs do not fit the model."""


def _samples(details: Sequence[Any], inputs: Sequence[Any]) -> list[list[Any]]:
    """The inputs of each sample, each in the tensor's own shape."""
    if len(inputs) != len(details):
        raise _UsageError(f"{len(inputs)} input arrays, the model has {len(details)} inputs")
    columns = [_column(i, d, x) for i, (d, x) in enumerate(zip(details, inputs, strict=True))]
    counts = {len(column) for column in columns}
    if len(counts) > 1:
        raise _UsageError(f"the inputs have different numbers of samples: {sorted(counts)}")
    return [list(row) for row in zip(*columns, strict=True)] if columns else [[]]


def _column(place: int, detail: Any, values: Any) -> list[Any]:
    shape = tuple(int(d) for d in detail["shape"])
    batched = shape[:1] == (1,)
    wanted = shape[1:] if batched else shape
    stacked = batched or (values.ndim == len(shape) + 1 and values.shape[1:] == shape)
    given = values.shape[1:] if stacked else values.shape
    if given != wanted or values.dtype != detail["dtype"]:
        expected = (["n", *wanted] if batched else [*wanted], detail["dtype"].__name__)
        raise _UsageError(
            f"input {place} is {list(values.shape)} {values.dtype}, "
            f"the model takes {str(expected[0]).replace(chr(39), '')} {expected[1]}"
        )
    return [row.reshape(shape) for row in values] if stacked else [values]


def _run(interpreter: Any, samples: Sequence[Sequence[Any]], layers: bool) -> Answer:
    import numpy as np

    inputs = [d["index"] for d in interpreter.get_input_details()]
    outputs = [d["index"] for d in interpreter.get_output_details()]
    written = _written(interpreter, inputs) if layers else []
    kept: dict[int, list[Any]] = {t: [] for t in [*written, *outputs]}
    for sample in samples:
        for tensor, values in zip(inputs, sample, strict=True):
            interpreter.set_tensor(tensor, values)
        interpreter.invoke()
        for tensor, rows in kept.items():
            rows.append(interpreter.get_tensor(tensor))
    arrays = {f"y{i}": _joined(kept[t]) for i, t in enumerate(outputs)}
    arrays |= {f"t{t}": np.stack(kept[t]) for t in written}
    return {"outputs": len(outputs), "layers": layers, "tensors": written}, arrays


def _written(interpreter: Any, inputs: Sequence[int]) -> list[int]:
    operators = interpreter._get_ops_details()
    made = {int(t) for op in operators for t in op["outputs"]} | {int(t) for t in inputs}
    return sorted(made - {-1} - _handles(operators))


def _handles(operators: Sequence[Any]) -> set[int]:
    """Handles of variables, where they are made: to read one as an array ends the process."""
    return {int(t) for op in operators if op["op_name"] == "VAR_HANDLE" for t in op["outputs"]}


def _joined(rows: Sequence[Any]) -> Any:
    import numpy as np

    if rows[0].shape[:1] == (1,):
        return np.concatenate(rows)
    return rows[0] if len(rows) == 1 else np.stack(rows)


def _write(file: BinaryIO, meta: Any, arrays: Arrays) -> None:
    import numpy as np

    data = io.BytesIO()
    np.savez(data, meta=np.frombuffer(json.dumps(meta).encode(), np.uint8), **arrays)
    file.write(data.getvalue())
    file.flush()


def _status_text(status: int) -> str:
    import signal

    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return f"exit {os.WEXITSTATUS(status)}"


def _die_with_parent() -> None:
    """On Linux, end this process when the one that started it ends."""
    with contextlib.suppress(OSError, AttributeError):
        import ctypes
        import signal

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
