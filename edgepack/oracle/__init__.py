"""The reference: LiteRT's own reference kernels, or TFLite Micro's, run in child processes.

`run_reference` runs one model over samples; `run_cases` runs many small models in one child.
"""

from __future__ import annotations

from edgepack.oracle.reference import Case, Numerics, ReferenceRun, run_cases, run_reference

__all__ = ["Case", "Numerics", "ReferenceRun", "run_cases", "run_reference"]
