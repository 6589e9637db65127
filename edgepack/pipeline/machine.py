"""What this machine has: tools, packages, serial ports."""

from __future__ import annotations

from edgepack.target.doctor import Findings, examine, list_ports

__all__ = ["diagnose", "list_ports"]


def diagnose() -> Findings:
    """What was found, what is missing, and the command that gets the rest."""
    return examine()
