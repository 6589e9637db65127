"""Kernels for instruction sets: each module offers steps for the layers it can run.

A module of this folder serves one feature of `LowerSpec.isa`. Its functions are named after the
layers, such as `conv(layer: ConvLayer, spec: LowerSpec)`, and give an offer or a tuple of them, the
best first: a `Step`, or a `str` that says which precondition of its kernels fails. None stands for
a refusal without words. `twin(step: Step) -> Step | None` trades a portable kernel for one of the
same arguments.

Every offer gives the same bits. Which one a layer takes is decided by what it is predicted to
cost: `compiler/choice.py`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from types import ModuleType

    from edgepack.compiler.variants.layers import ConvLayer, DenseLayer, SumLayer
    from edgepack.program import Isa, Lowered, LowerSpec, Step

Kind = Literal["conv", "dense", "total"]
_MODULES: tuple[tuple[Isa | None, str], ...] = (  # None: every instruction set
    ("mve", "mve"),
    ("mve", "mve_few_bits"),
    ("dsp", "dsp"),
    ("dsp", "dsp_half_bytes"),
    ("dsp", "dsp_blocks"),
    ("dsp", "dsp_book"),
    ("rv32m", "riscv"),
    ("thumb1", "thumb1"),
    ("thumb2", "thumb2"),
    (None, "sparse_rows"),
    (None, "few_bits_rows"),
)


@dataclass(frozen=True, slots=True)
class Offers:
    """The steps that instruction sets have for a layer, and why there are no more."""

    steps: tuple[Step, ...] = ()
    refusals: tuple[str, ...] = ()

    def beside(self, lowered: Lowered) -> Lowered:
        """The portable way, and these beside it."""
        others = tuple(step for step in self.steps if (step,) != lowered.steps)
        return replace(lowered, offers=others, refusals=self.refusals)


def offers(kind: Kind, layer: ConvLayer | DenseLayer | SumLayer, spec: LowerSpec) -> Offers:
    """What all modules of `spec.isa` offer, in the order of the modules."""
    steps: list[Step] = []
    refusals: list[str] = []
    for feature, module in _modules(spec):
        function = getattr(module, kind, None)
        found = function(layer, spec) if function is not None else None
        for offer in found if isinstance(found, tuple) else (found,):
            if isinstance(offer, str):
                refusals.append(f"{feature}: {offer}" if feature else offer)
            elif offer is not None:
                steps.append(offer)
    return Offers(tuple(steps), tuple(refusals))


def twin(step: Step, spec: LowerSpec) -> Step | None:
    """The step by an instruction set's kernel of the same arguments, where there is one."""
    if step.variant != "portable":
        return None
    for _, module in _modules(spec):
        offer = getattr(module, "twin", None)
        found: Step | None = offer(step) if offer is not None else None
        if found is not None:
            return found
    return None


def _modules(spec: LowerSpec) -> list[tuple[Isa | None, ModuleType]]:
    return [
        (feature, importlib.import_module(f"{__name__}.{name}"))
        for feature, name in _MODULES
        if feature is None or feature in spec.isa
    ]
