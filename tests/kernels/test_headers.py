"""The runtime's headers live together: one model may call any of their kernels."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.kernels.harness import WARNINGS, compiler

RUNTIME = Path(__file__).resolve().parents[2] / "firmware_templates" / "runtime"


def test_all_headers_in_one_file(tmp_path: Path) -> None:
    kernels = {path.stem for path in RUNTIME.glob("portable/ep_*.c")}
    names = sorted(path.name for path in RUNTIME.glob("ep_*.h") if path.stem in kernels)
    assert len(names) > 80
    source = tmp_path / "all.c"
    source.write_text("".join(f'#include "{name}"\n' for name in names))
    command = [*compiler(), *WARNINGS, "-Wno-unused-function", "-fsyntax-only", f"-I{RUNTIME}"]
    done = subprocess.run([*command, source], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[:4000]
