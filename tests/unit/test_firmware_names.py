"""A kernel and the harness are linked together: no function may be defined in both."""

import re
from pathlib import Path

TEMPLATES = Path(__file__).parents[2] / "firmware_templates"
DEFINED = re.compile(r"^(?!static\b)(?:\w+[\s*]+)+(\w+)\([^;{]*\)\s*\{", re.MULTILINE)


def defined(*folders):
    sources = (file for folder in folders for file in (TEMPLATES / folder).rglob("*.c"))
    return {name for file in sources for name in DEFINED.findall(file.read_text())}


def test_kernels_and_harness_define_different_functions():
    kernels, harness = defined("runtime"), defined("protocol", "ports")
    assert {"ep_copy", "ep_conv_1x1_s8"} <= kernels
    assert "ep_put_bytes" in harness
    assert kernels & harness == set()
