"""Operators that a user brings: rows in Python, kernels in C, both in their own project."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from edgepack.compiler.operators import OperatorRow
from edgepack.compiler.schema_names import OPERATORS
from edgepack.errors import UsageError
from edgepack.store import read_file

SUFFIXES = (".c", ".h", ".S")


@dataclass(frozen=True, slots=True)
class OwnOperators:
    """The rows of a user's custom operators, and their C files by name."""

    rows: tuple[OperatorRow, ...] = ()
    files: tuple[tuple[str, bytes], ...] = ()


def load_operators(modules: Sequence[Path]) -> OwnOperators:
    """What Python files define: `ROWS`, and C files in the folder `KERNELS`, else beside them.

    The files are run. UsageError where one cannot be, or where what it defines cannot be used.
    """
    rows: dict[str, OperatorRow] = {}
    files: dict[str, bytes] = {}
    for path in modules:
        module = _run(path)
        for row in _rows(path, module):
            if row.kind in rows:
                raise UsageError(
                    f"{path}: ROWS has {row.kind!r}, which is there already; rename it"
                )
            rows[row.kind] = row
        for file in _kernels(path, module):
            if file.name in files:
                raise UsageError(f"{file}: a C file of that name is there already; rename it")
            files[file.name] = read_file(file, "C file")
    return OwnOperators(tuple(rows.values()), tuple(sorted(files.items())))


def _run(path: Path) -> ModuleType:
    if not path.is_file():
        raise UsageError(f"{path}: no such file; operators are a Python file that defines ROWS")
    name = f"edgepack_operators_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise UsageError(f"{path}: not a Python file; operators are one that defines ROWS")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise UsageError(f"{path}: it fails with {type(error).__name__}: {error}") from error
    return module


def _rows(path: Path, module: ModuleType) -> Sequence[OperatorRow]:
    rows = getattr(module, "ROWS", None)
    if not isinstance(rows, (tuple, list)) or not all(isinstance(r, OperatorRow) for r in rows):
        raise UsageError(f"{path}: ROWS must be a tuple of OperatorRow")
    for row in rows:
        if row.kind in OPERATORS:
            raise UsageError(
                f"{path}: {row.kind} is TFLite's own; only custom operators can be added"
            )
        if row.custom is None:
            raise UsageError(
                f"{path}: the row of {row.kind!r} has no `custom`, which reads the bytes of its "
                "options; for none: custom=lambda data: {}"
            )
    return rows


def _kernels(path: Path, module: ModuleType) -> Iterator[Path]:
    folder = Path(getattr(module, "KERNELS", path.resolve().parent))
    if not folder.is_dir():
        raise UsageError(f"{path}: KERNELS is {folder}; there is no such folder")
    for file in sorted(folder.iterdir()):
        if file.suffix not in SUFFIXES:
            continue
        if file.name.startswith("ep_"):
            raise UsageError(f"{file}: names that begin with ep_ are edgepack's; rename it")
        yield file
