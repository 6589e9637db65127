"""What this machine has (tools, packages, serial ports), and what models may use."""

from __future__ import annotations

from edgepack.target.doctor import examine as diagnose
from edgepack.target.doctor import list_ports

__all__ = ["diagnose", "list_operators", "list_ports"]


def list_operators() -> list[dict[str, str]]:
    """The one table of operators as text: a row each, in order of their names."""
    from edgepack.compiler.operators import TABLE

    rows = []
    for kind, row in sorted(TABLE.items()):
        whole = [dtype for dtype in row.types if not dtype.startswith("float")]
        floats = f"within {row.float_ulp} ulp" if row.float_ulp else "exact"
        rows.append(
            {
                "operator": kind,
                "types": " ".join(sorted(row.types, key=_TYPES.index)),
                "integers": ("bit-exact" if row.exact else "see its notes") if whole else "-",
                "float32": floats if "float32" in row.types else "-",
                "oracle": row.oracle,
                "notes": row.notes,
            }
        )
    return rows


_TYPES = (
    *("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
    *("bool", "float16", "float32"),
)
