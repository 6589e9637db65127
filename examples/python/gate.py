"""A build script's gate: the model must answer exactly, fit, and not have become slower.

python gate.py kws.tflite mps2-an386 --flash 40000 --ram 12000 --instructions 3000000
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import edgepack


def main() -> int:
    """Measure and compare with the budget; 1 where something does not hold."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("board")
    for name in ("flash", "ram", "instructions"):
        parser.add_argument(f"--{name}", type=int, required=True)
    arguments = parser.parse_args()
    try:
        result = edgepack.bench(arguments.model, edgepack.load_board(arguments.board))
    except edgepack.EdgepackError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    found = {
        "flash": result.memory.flash.total,
        "ram": result.memory.ram.total,
        "instructions": result.latency[0].mean,
    }
    over = [name for name, value in found.items() if value > getattr(arguments, name)]
    for name, value in found.items():
        print(f"{name:13}{value:12,.0f} of {getattr(arguments, name):,}")
    exact = result.agreement is not None and result.agreement.bit_exact
    print(f"bit-exact    {exact}")
    return int(bool(over) or not exact)


if __name__ == "__main__":
    sys.exit(main())
