"""What training on the integer grid is asked for and what it reports: frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from edgepack.compress.spec import ModelFile, Score
from edgepack.compress.spec import _one_of as _known
from edgepack.compress.spec import _within as _between
from edgepack.compress.tuning.spec import TuningOptions
from edgepack.errors import UsageError

_WEIGHTS = (8, 4, 2)
_ACTIVATIONS = (8, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwareSpec(TuningOptions):
    """How to train a Keras model with weights and activations rounded as the .tflite's will be.

    With no epochs the steps stay where calibration put them.
    """

    weights: int = 8  # bits: 8, 4, or 2 for -1, 0 and 1
    activations: int = 8  # bits: 8 with a zero point, or 16 without
    scheme: Literal["global", "power_of_two"] = "global"  # steps are free, or powers of two
    layers: tuple[tuple[str, int], ...] = ()  # pattern of names, bits; the last that fits counts
    ends: int = 0  # bits of the first and the last layer with weights; 0: as the others
    samples: int = 200  # whose largest activations the steps start from; 0: all
    epochs: int = 5
    learning_rate: float = 1e-3  # Adam, cosine to 0; of the steps too

    def __post_init__(self) -> None:
        self.checked("train-quantized")
        _known("train-quantized.weights", self.weights, _WEIGHTS)
        _known("train-quantized.activations", self.activations, _ACTIVATIONS)
        _known("train-quantized.scheme", self.scheme, ("global", "power_of_two"))
        for pattern, bits in self.layers:
            _known(f"train-quantized.layers.{pattern}", bits, _WEIGHTS)
        _known("train-quantized.ends", self.ends, (0, *_WEIGHTS))
        _between("train-quantized.samples", self.samples, 0, 1 << 30)
        if self.data is None:
            raise UsageError("train-quantized.data: name samples to train on")


@dataclass(frozen=True, slots=True)
class AwareWeights:
    """One layer's kernel on its grid."""

    layer: str
    bits: int
    channels: int
    least_step: float
    largest_step: float
    zeros: float  # fraction of the integers that are 0


@dataclass(frozen=True, slots=True)
class AwareActivation:
    """One grid of activations; several tensors may share it."""

    layer: str
    bits: int
    scale: float
    zero_point: int


@dataclass(frozen=True, slots=True)
class AwareGrids:
    """Every grid of a model that rounds, in its order."""

    layers: tuple[AwareWeights, ...]
    activations: tuple[AwareActivation, ...]
    left: tuple[str, ...]  # layers whose weights are first rounded by `quantize`


@dataclass(frozen=True, slots=True)
class AwareReport:
    """What training on the grid did.

    `before` scores the model as it came, `rounded` with rounding and no training, `after` with
    both.
    """

    input: ModelFile
    output: ModelFile
    spec: AwareSpec
    versions: Mapping[str, str]
    layers: tuple[AwareWeights, ...]
    activations: tuple[AwareActivation, ...]
    left: tuple[str, ...]  # layers whose weights are first rounded by `quantize`
    scored_on: str  # "test"; "data" where no test set was given; or ""
    before: Score | None
    rounded: Score | None
    after: Score | None
