"""The reference: TFLite's own reference kernels, run in child processes.

`run_reference` runs one model over samples; `run_cases` runs many small models in one child.
"""

from __future__ import annotations

from edgepack.oracle.reference import Case, ReferenceRun, run_cases, run_reference

__all__ = ["Case", "ReferenceRun", "run_cases", "run_reference"]
