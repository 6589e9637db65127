"""The emulated devices, compiled for this machine on first use and kept."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from edgepack.store import cached, sha256
from edgepack.target import zig

_SOURCE = Path(__file__).with_name("unicorn_devices.c")
_NAME = "devices.so"


def library() -> Path:
    """The shared library of `unicorn_devices.c`, by gcc or clang where installed, else by zig.

    Raises ToolchainError where none is there, or with what the compiler said.
    """
    tool = zig.native_compiler()
    spec = {
        "source": sha256(_SOURCE.read_bytes()),
        "compiler": tool.name,
        "machine": f"{sys.platform}-{platform.machine()}",
    }

    def make(folder: Path) -> None:
        zig.compile_library(tool, _SOURCE, folder / _NAME)

    return cached("unicorn/1", spec, make) / _NAME
