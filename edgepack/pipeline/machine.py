"""What this machine has: tools, packages, serial ports."""

from edgepack.target.doctor import examine as diagnose
from edgepack.target.doctor import list_ports

__all__ = ["diagnose", "list_ports"]
