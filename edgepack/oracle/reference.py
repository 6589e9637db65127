"""Run models in LiteRT's reference interpreter, in a child process.

The interpreter is C++ that trusts its input: a bad model can kill it or corrupt its heap, so it
never runs in this process.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from edgepack.errors import EdgepackError, ModelError, ToolchainError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Numerics = Literal["litert", "tflm"]
NO_INTERPRETER = 90  # the child's exit status
TIMEOUT_S = 600.0
FIRST_S, EACH_S = 90.0, 30.0  # what samples of one model may take, up to that
UNASSIGNED = " (the model reads a variable to which nothing was assigned before)"
CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True, slots=True)
class ReferenceRun:
    """What the reference answered.

    `outputs[i]` is [n, *shape[1:]] where the tensor's leading dimension is 1; else [*shape] for
    one sample and [n, *shape] for several. `tensors[t]` is always [n, *shape], for each tensor
    that an operator writes and for the inputs; None unless asked for.
    """

    oracle: str  # "LiteRT 2.3.0 BUILTIN_REF"
    outputs: tuple[NDArray[np.generic], ...]
    tensors: Mapping[int, NDArray[np.generic]] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One model and its inputs, one array a graph input, as `run_reference` takes them."""

    model: bytes
    inputs: tuple[NDArray[np.generic], ...]
    layers: bool = False


def run_reference(
    model: bytes,
    inputs: Sequence[NDArray[np.generic]],
    *,
    layers: bool = False,
    numerics: Numerics = "litert",
) -> ReferenceRun:
    """Run a model over n samples, one by one, with the reference kernels and no delegate.

    `numerics` "tflm" asks TFLite Micro's interpreter, which has no `layers`.

    Each input is [n, *shape[1:]] where the tensor's leading dimension is 1, else [n, *shape], or
    [*shape] where n is 1. State carries over from sample to sample. ModelError where the
    interpreter refuses the model or dies of it; UsageError where an input has another shape or
    type; ToolchainError where no interpreter is installed, or where it gives no answer in time.
    """
    samples = max((len(values) for values in inputs if values.ndim), default=1)
    timeout_s = min(TIMEOUT_S, FIRST_S + EACH_S * samples)
    (result,) = run_cases(
        [Case(model, tuple(inputs), layers)], timeout_s=timeout_s, numerics=numerics
    )
    if isinstance(result, EdgepackError):
        raise result
    return result


def run_cases(
    cases: Sequence[Case], *, timeout_s: float = TIMEOUT_S, numerics: Numerics = "litert"
) -> list[ReferenceRun | EdgepackError]:
    """Run many small models in one child; an error or a crash of one is that case's result.

    Costs 0.4 s once and a few milliseconds a case. ToolchainError where no interpreter is
    installed.
    """
    if not cases:
        return []
    reply = _decode(_run_child(_encode(cases, numerics), timeout_s, numerics))
    return [_result(reply, index) for index in range(len(cases))]


def _encode(cases: Sequence[Case], numerics: Numerics) -> bytes:
    import numpy as np

    arrays: dict[str, NDArray[np.generic]] = {}
    for index, case in enumerate(cases):
        arrays[f"{index}/model"] = np.frombuffer(case.model, np.uint8)
        for place, values in enumerate(case.inputs):
            arrays[f"{index}/x{place}"] = np.asarray(values)
    meta = [{"inputs": len(c.inputs), "layers": c.layers, "numerics": numerics} for c in cases]
    return _savez(arrays, meta)


def _savez(arrays: Mapping[str, NDArray[np.generic]], meta: Any) -> bytes:
    import numpy as np

    file = io.BytesIO()
    text = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    np.savez(file, meta=text, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def _decode(data: bytes) -> dict[str, Any]:
    import numpy as np

    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        reply: dict[str, Any] = {name: file[name] for name in file.files if name != "meta"}
        reply["meta"] = json.loads(file["meta"].tobytes())
    return reply


def _result(reply: Mapping[str, Any], index: int) -> ReferenceRun | EdgepackError:
    from edgepack.errors import UsageError

    meta = reply["meta"]["cases"][index]
    if "error" in meta:
        classes = {"usage": UsageError, "model": ModelError}
        hint = UNASSIGNED if "variable != nullptr" in meta["error"] else ""
        why = meta["error"].rstrip(".") + hint
        return classes[meta["class"]](f"{reply['meta']['oracle']}: {why}")
    outputs = tuple(reply[f"{index}/y{place}"] for place in range(meta["outputs"]))
    tensors = {t: reply[f"{index}/t{t}"] for t in meta["tensors"]} if meta["layers"] else None
    return ReferenceRun(reply["meta"]["oracle"], outputs, tensors)


def _run_child(request: bytes, timeout_s: float, numerics: Numerics) -> bytes:
    command = [sys.executable, str(CHILD)]
    pipe = subprocess.PIPE
    child = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=os.name == "posix"
    )
    try:
        output, noise = child.communicate(request, timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        raise ToolchainError(
            f"reference interpreter: no answer after {timeout_s:g} s; run fewer samples, and look "
            "whether the model has a loop that does not end"
        ) from error
    finally:
        _kill(child)
    if child.returncode == NO_INTERPRETER:
        raise ToolchainError(
            "no TFLite interpreter is installed: the reference answers come from it. "
            "Install one: pip install ai-edge-litert"
            if numerics == "litert"
            else "TFLite Micro's interpreter is not installed: numerics 'tflm' are compared with "
            "its answers. Install it: pip install edgepack[tflm]"
        )
    if child.returncode != 0:
        last = noise.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        raise ToolchainError(f"reference interpreter: exit {child.returncode}: {last[0]}")
    return output


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End a child that still runs, with its forks; those of a dead one die with it."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(child.pid, signal.SIGKILL)
            else:
                child.kill()
        child.communicate()
