"""What reports say of chosen widths: figures of distributions, and measured sensitivity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WidthFigures:
    """Scheme dynamic: a tensor's weights, the width they were given, and why."""

    layer: str
    weights: int
    low: float
    high: float
    peak: float  # the largest magnitude over the root mean square
    kurtosis: float  # 3 of a normal distribution
    errors: Mapping[str, float]  # by bits: relative, at the best step
    bits: int
    why: str


@dataclass(frozen=True, slots=True)
class LayerSensitivity:
    """Scheme mixed: a layer's loss and cost by bits, each measured with it alone, and the choice.

    Losses are divergences of the outputs from the float net's; of the width of a layer that was
    not asked they are empty.
    """

    layer: str
    weights: int
    losses: Mapping[str, float]
    costs: Mapping[str, float]
    bits: int
