"""What the README shows of a terminal, and the report's picture: `make readme`.

Runs each command as a user would, keeps what it printed in benchmarks/sessions/, and takes a
picture of the demo's report with Debian's chromium.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.tables import HERE, MODELS

SESSIONS = HERE / "sessions"
PICTURE = HERE.parent / "docs" / "images" / "report.png"
CHROMIUM = (
    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
    "--disable-background-networking", "--hide-scrollbars", "--window-size=1080,1500",
)  # fmt: skip


def main() -> int:
    """Run every session; 1 where a command failed."""
    models = os.environ.get("EDGEPACK_MODELS", "")
    commands = {
        "demo": ("demo",),
        "run": ("run", MODELS["kws"], "--board", "mps2-an386"),
        "inspect": ("inspect", MODELS["kws"], "--board", "mps2-an386"),
    }
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in MODELS.values():
            if models:
                (folder / name).symlink_to(Path(models) / name)
        for name, arguments in commands.items():
            if not keep(name, arguments, folder):
                return 1
        picture(folder / "edgepack-out" / "demo-watch" / "report" / "report.html", folder)
    return 0


def keep(name: str, arguments: tuple[str, ...], folder: Path) -> bool:
    """Run one command in `folder` and keep its output; whether it succeeded."""
    print(f"edgepack {' '.join(arguments)}", file=sys.stderr)
    done = subprocess.run(
        [sys.executable, "-m", "edgepack", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode == 0:
        SESSIONS.mkdir(exist_ok=True)
        text = f"$ edgepack {' '.join(arguments)}\n{done.stdout}"
        (SESSIONS / f"{name}.txt").write_text(text)
    return done.returncode == 0


def picture(page: Path, folder: Path) -> None:
    """The page as a PNG in docs/images."""
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    profile = f"--user-data-dir={folder / 'profile'}"
    subprocess.run(
        [*CHROMIUM, profile, f"--screenshot={PICTURE}", page.as_uri()],
        check=True,
        capture_output=True,
    )


if __name__ == "__main__":
    sys.exit(main())
