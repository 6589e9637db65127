"""Small models to break: those that the tests of tests/kernels make.

    python -m tests.models.seeds FOLDER [FILE ...]

Runs these files (all of them where none is named) with what compiles or asks the reference
taken out, and keeps their models, a few of each mix of operators and types.
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.tflite_builder import unpack

KERNELS = Path(__file__).resolve().parents[1] / "kernels"
MAX_BYTES = 60_000
A_MIX = 3  # models kept of one mix of operators and types
CASES = 3  # random cases a test draws


class _Recorder:
    """A pytest plugin that keeps the models of a test and ends the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.counts: Counter[str] = Counter()

    def keep(self, cases: Sequence[Any]) -> None:
        for case in cases:
            if len(case.model) > MAX_BYTES:
                continue
            name, mix = hashlib.sha256(case.model).hexdigest()[:16], _mix(case.model)
            path = self.folder / f"{name}.tflite"
            if self.counts[mix] < A_MIX and not path.exists():
                self.counts[mix] += 1
                path.write_bytes(case.model)

    def and_skip(self, *arguments: Any, **_: Any) -> Any:
        for argument in arguments:
            if isinstance(argument, (list, tuple)) and argument and hasattr(argument[0], "model"):
                self.keep(argument)
        pytest.skip("its models are kept")

    def and_go_on(self, cases: Sequence[Any], *_: Any, **__: Any) -> int:
        self.keep(cases)
        return 0


def _mix(data: bytes) -> str:
    """The operators and types of a model, as a text."""
    model = unpack(data)
    codes = {(code.builtinCode, code.customCode) for code in model.operatorCodes}
    types = {tensor.type for graph in model.subgraphs for tensor in graph.tensors}
    return f"{sorted(map(str, codes))} {sorted(types)}"


def collect(folder: Path, files: Sequence[str] = ()) -> list[bytes]:
    """The models of these files of tests/kernels, also written into `folder`."""
    import edgepack.oracle
    from tests.kernels import emulated, harness, oracle_check

    folder.mkdir(parents=True, exist_ok=True)
    recorder = _Recorder(folder)
    edgepack.oracle.run_cases = recorder.and_skip
    harness.run_cases = recorder.and_skip
    harness.run_programs = recorder.and_skip
    emulated.run_on_board = emulated.check_on_board = recorder.and_skip  # type: ignore[assignment]
    oracle_check.check = recorder.and_go_on
    wanted = [str(KERNELS / name) for name in files] or [str(KERNELS)]
    options = ["-p", "no:cacheprovider", "-q", "--no-header", "--tb=no", "--cases", str(CASES)]
    pytest.main([*options, *wanted], plugins=[recorder])
    return [path.read_bytes() for path in sorted(folder.glob("*.tflite"))]


if __name__ == "__main__":
    print(len(collect(Path(sys.argv[1]), sys.argv[2:])), "models")
