"""The report's page in a browser: no errors, light and dark, wide and narrow."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from edgepack.report.html import to_html
from tests.unit.report.outcomes import outcome

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--enable-logging=stderr", "--v=0",
)  # fmt: skip


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium")
@pytest.mark.parametrize("size", ["390,844", "1280,900"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_opens_without_errors(tmp_path: Path, size: str, scheme: str) -> None:
    page, picture = tmp_path / "report.html", tmp_path / "page.png"
    page.write_text(to_html(outcome()))
    dark = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] * (scheme == "dark")
    done = subprocess.run(
        [str(CHROMIUM), *FLAGS, *dark, f"--user-data-dir={tmp_path / 'profile'}",
         f"--window-size={size}", f"--screenshot={picture}", page.as_uri()],
        capture_output=True, text=True, timeout=90,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "CONSOLE" not in done.stderr, done.stderr
    assert picture.stat().st_size > 10_000


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium")
def test_page_does_not_scroll_sideways_on_a_phone(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    script = "<script>document.title = document.documentElement.scrollWidth</script></body>"
    page.write_text(to_html(outcome()).replace("</body>", script))
    done = subprocess.run(
        [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}",
         "--window-size=500,844", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=90,
    )  # fmt: skip
    title = done.stdout.split("<title>")[1].split("</title>")[0]
    assert int(title) <= 500
