"""How near a quantised model's tensors are to the float model's, and what would bring them nearer.

Ratios of signal to noise are in dB: 10 log10 of the summed squares of the float values over those
of the differences, at most 200.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MOST_DB = 200.0


@dataclass(frozen=True, slots=True)
class LayerFidelity:
    """One operator of the quantised model: its output against the float model's tensor."""

    operator: int
    kind: str
    layer: str  # that of Keras where the file's names tell, as `quantize --layer` takes it
    name: str  # of the tensor, quantised
    against: str  # of the tensor, float
    matched: Literal["name", "content"]
    rescaled: bool  # its channels are the float ones times a factor each (equalisation)
    snr_db: float
    added: float  # noise over signal that is its own, not passed on from its inputs
    rounding: float  # noise over signal that its output's step alone makes
    bias: float  # share of the noise that is a constant error of each channel
    saturated: float  # share of values that its range clips
    unused_bits: float  # log2 of the levels there are over those between the extremes seen
    bits: int  # of the output; 32 of floats
    weight_bits: int | None
    weight_snr_db: float | None
    helps: tuple[str, ...]  # what would, the most telling first; empty where little is lost


@dataclass(frozen=True, slots=True)
class Fidelity:
    """The document `inspect --against --json` prints; layers that lose most come first."""

    model: str
    against: str
    samples: int
    oracle: str
    output_snr_db: tuple[float, ...]
    layers: tuple[LayerFidelity, ...]
    unmatched: tuple[str, ...]  # quantised tensors for which the float model has none
