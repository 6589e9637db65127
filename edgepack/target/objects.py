"""Compiling one C file, at most once: objects are kept under a digest of all that decides them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgepack.errors import ToolchainError, UsageError
from edgepack.store import Tree, cache_root, canonical_json, sha256, write_file
from edgepack.target.toolchain import Toolchain

_TIMEOUT_S = 600.0
_ERROR = re.compile(r"\berror: (?!ld returned)|undefined reference|undefined symbol", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unit:
    """One C file to compile: its path, its own options, and it with all it includes."""

    path: str
    options: tuple[str, ...]
    sources: Tree


@dataclass(frozen=True, slots=True)
class Failure:
    """What a compiler or linker said when it refused."""

    output: str

    def __str__(self) -> str:
        return self.output

    def error(self, what: str) -> ToolchainError:
        """A ToolchainError with the first line that names an error."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        named = [line for line in lines if _ERROR.search(line)]
        return ToolchainError(f"{what}: {(named or lines or ['it said nothing'])[0]}")


def object_name(path: str) -> str:
    """What the object of a source file is called."""
    return re.sub(r"[^\w.]", "_", path) + ".o"


def compile_unit(unit: Unit, compiler: Toolchain, scratch: Path) -> str:
    """The object's name in `scratch`, where the sources lie; taken from the cache where it can."""
    name = object_name(unit.path)
    kept = cache_root() / "objects" / _address(unit, compiler)
    if kept.is_file():
        shutil.copyfile(kept, scratch / name)
        return name
    failure = run_compiler(compiler.compile(unit.path, name, *unit.options), compiler, scratch)
    if failure is not None:
        raise failure.error(f"{compiler.name} refuses {unit.path}")
    _keep(scratch / name, kept)
    return name


def run_compiler(call: Sequence[str], compiler: Toolchain, scratch: Path) -> Failure | None:
    """Run it in `scratch`; None where it succeeds."""
    try:
        done = subprocess.run(
            call,
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            env={**os.environ, **compiler.environment},
        )
    except OSError as error:
        raise ToolchainError(f"{call[0]}: cannot start: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise ToolchainError(f"{compiler.name}: still busy after {_TIMEOUT_S:g} s") from error
    return Failure(done.stderr + done.stdout) if done.returncode else None


def _address(unit: Unit, compiler: Toolchain) -> str:
    words = [w for w in compiler.command if not Path(w).is_absolute()]
    decisive = [unit.path, unit.options, unit.sources.digest, compiler.build, words, compiler.flags]
    return sha256(canonical_json(decisive).encode())


def _keep(made: Path, kept: Path) -> None:
    try:
        write_file(kept, made.read_bytes())
    except UsageError as error:
        raise UsageError(f"{error}; set EDGEPACK_CACHE to another folder") from error
