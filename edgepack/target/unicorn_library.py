"""The emulated devices, compiled for this machine on first use and kept."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from edgepack.store import cached, sha256
from edgepack.target import zig

_FILES = tuple(
    Path(__file__).with_name(name)
    for name in ("unicorn_core.c", "unicorn_devices.c", "unicorn_core.h")
)
_NAME = "devices.so"


def library() -> Path:
    """The shared library of `unicorn_*.c`, by gcc or clang where installed, else by zig.

    Raises ToolchainError where none is there, or with what the compiler said.
    """
    tool = zig.native_compiler()
    spec = {
        "sources": [sha256(file.read_bytes()) for file in _FILES],
        "compiler": tool.name,
        "machine": f"{sys.platform}-{platform.machine()}",
    }

    def make(folder: Path) -> None:
        sources = [file for file in _FILES if file.suffix == ".c"]
        zig.compile_library(tool, sources, folder / _NAME)

    return cached("unicorn/1", spec, make) / _NAME
