"""The `ziglang` wheel as a C compiler: no root, every target, one download."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgepack.errors import ToolchainError
from edgepack.store import cache_root

INSTALL = 'pip install "edgepack[zig]"'


@dataclass(frozen=True, slots=True)
class Compiler:
    """A C compiler: its name and version, the words that start it, what its environment adds."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]


def version() -> str | None:
    """The wheel's version, such as "0.17.1"; None where it is not installed."""
    if importlib.util.find_spec("ziglang") is None:
        return None
    try:
        return importlib.metadata.version("ziglang")
    except importlib.metadata.PackageNotFoundError:
        return None


def compiler(target: str = "", cpu: str = "") -> Compiler:
    """`zig cc` for a board's `zig_target` and `zig_cpu`, or for this machine where both are empty.

    Raises ToolchainError where the wheel is missing.
    """
    found = version()
    if found is None:
        raise ToolchainError(f"zig: the ziglang wheel is not installed; `{INSTALL}` gets it")
    words = [sys.executable, "-m", "ziglang", "cc"]
    words += ["-target", target] if target else []
    words += [f"-mcpu={cpu}"] if cpu else []
    return Compiler(f"zig {found}", tuple(words), environment())


def environment() -> dict[str, str]:
    """What zig's environment adds to this process's: caches in edgepack's, where it has none."""
    cache = str(cache_root() / "zig")
    caches = ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR")
    return {name: cache for name in caches if name not in os.environ}


def native_compiler() -> Compiler:
    """A compiler for programs of this machine: gcc or clang where installed, else zig."""
    for program in ("gcc", "clang"):
        path = shutil.which(program)
        if path is None:
            continue
        reply = subprocess.run([path, "-dumpversion"], capture_output=True, text=True, check=False)
        if reply.returncode == 0:
            return Compiler(f"{program} {reply.stdout.strip()}", (path,), {})
    if version() is None:
        raise ToolchainError(
            f"no C compiler for this machine: no gcc, no clang, no zig; `{INSTALL}` gets one"
        )
    return compiler()


def compile_library(tool: Compiler, sources: Sequence[Path], output: Path) -> None:
    """Compile C files to a shared library of this machine.

    Raises ToolchainError with the compiler's first words where it fails.
    """
    words = [*tool.command, "-std=c11", "-O2", "-fPIC", "-shared"]
    reply = subprocess.run(
        [*words, "-o", str(output), *map(str, sources)],
        env={**os.environ, **tool.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if reply.returncode:
        said = (reply.stderr or reply.stdout).strip().splitlines()[:8]
        raise ToolchainError("\n".join([f"{tool.name}: cannot compile {sources[0].name}:", *said]))
