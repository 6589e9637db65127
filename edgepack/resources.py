"""Finds `boards/` and `firmware_templates/`: beside the package, or inside it in a wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@cache
def folder(name: str) -> Path:
    """The folder `boards` or `firmware_templates`."""
    for parent in (_PACKAGE / "_data", _PACKAGE.parent):
        if (parent / name).is_dir():
            return parent / name
    raise FileNotFoundError(f"{name}: not in the package and not beside it")


def template_bytes(path: str) -> bytes:
    """The bytes of a file below firmware_templates/, by its relative POSIX path."""
    return (folder("firmware_templates") / path).read_bytes()
