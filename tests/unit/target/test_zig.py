"""zig's call, its caches, and what is said where it is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from edgepack.errors import ToolchainError
from edgepack.target import zig


def test_call_for_a_board(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zig, "version", lambda: "0.17.1")
    found = zig.compiler("thumb-freestanding-eabi", "cortex_m0")
    start = (sys.executable, "-m", "ziglang", "cc")
    assert found.name == "zig 0.17.1"
    assert found.command == (*start, "-target", "thumb-freestanding-eabi", "-mcpu=cortex_m0")
    assert zig.compiler().command == start


def test_caches_lie_in_ours_unless_the_user_set_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EDGEPACK_CACHE", str(tmp_path))
    monkeypatch.delenv("ZIG_GLOBAL_CACHE_DIR", raising=False)
    monkeypatch.setenv("ZIG_LOCAL_CACHE_DIR", "/theirs")
    assert zig.environment() == {"ZIG_GLOBAL_CACHE_DIR": str(tmp_path / "zig")}


def test_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zig, "version", lambda: None)
    with pytest.raises(ToolchainError) as caught:
        zig.compiler("thumb-freestanding-eabi", "cortex_m0")
    assert str(caught.value) == (
        'zig: the ziglang wheel is not installed; `pip install "edgepack[zig]"` gets it'
    )


def test_no_native_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zig, "version", lambda: None)
    monkeypatch.setattr(zig.shutil, "which", lambda name: None)
    with pytest.raises(ToolchainError) as caught:
        zig.native_compiler()
    assert str(caught.value) == (
        "no C compiler for this machine: no gcc, no clang, no zig; "
        '`pip install "edgepack[zig]"` gets one'
    )


def test_what_the_compiler_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = zig.Compiler("cc 1", (sys.executable, "-c", "import sys; sys.exit('x.c:1: no')"), {})
    with pytest.raises(ToolchainError) as caught:
        zig.compile_library(tool, [tmp_path / "x.c"], tmp_path / "x.so")
    assert str(caught.value) == "cc 1: cannot compile x.c:\nx.c:1: no"
