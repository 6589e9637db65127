"""Kernels for instruction sets: each module offers steps for the layers it can run.

A module of this folder serves one feature of `LowerSpec.isa`. Its functions are named after the
layers, such as `conv(layer: ConvLayer, spec: LowerSpec) -> Step | None`, and give None where a
precondition of its kernels fails. `twin(step: Step) -> Step | None` trades a portable kernel for
one of the same arguments.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from edgepack.compiler.variants.layers import ConvLayer, DenseLayer, SumLayer
    from edgepack.program import Isa, LowerSpec, Step

Kind = Literal["conv", "dense", "total"]
_MODULES: tuple[tuple[Isa, str], ...] = (
    ("mve", "mve"),
    ("dsp", "dsp"),
    ("rv32m", "riscv"),
    ("thumb1", "thumb1"),
)  # the first that offers a step wins


def choose(kind: Kind, layer: ConvLayer | DenseLayer | SumLayer, spec: LowerSpec) -> Step | None:
    """The step of the best kernel that `spec.isa` has for the layer; None for the portable one.

    The level "size" takes the portable kernels: they need the least code, tables and scratch.
    """
    if spec.optimize == "size":
        return None
    for feature, name in _MODULES:
        if feature not in spec.isa:
            continue
        offer = getattr(importlib.import_module(f"{__name__}.{name}"), kind, None)
        step: Step | None = offer(layer, spec) if offer is not None else None
        if step is not None:
            return step
    return None


def twin(step: Step, spec: LowerSpec) -> Step:
    """The step by the instruction set's kernel of the same arguments, where there is one."""
    for feature, name in _MODULES:
        if feature not in spec.isa or step.variant != "portable":
            continue
        offer = getattr(importlib.import_module(f"{__name__}.{name}"), "twin", None)
        found: Step | None = offer(step) if offer is not None else None
        if found is not None:
            return found
    return step
