"""What training on the integer grid is asked for and what it reports: frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from edgepack.compress.spec import DataSpec, Loss, ModelFile, Score
from edgepack.errors import UsageError

_WEIGHTS = (8, 4, 2)
_ACTIVATIONS = (8, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwareSpec:
    """How to train a Keras model with weights and activations rounded as the .tflite's will be."""

    weights: int = 8  # bits: 8, 4, or 2 for -1, 0 and 1
    activations: int = 8  # bits: 8 with a zero point, or 16 without
    scheme: Literal["global", "power_of_two"] = "global"  # steps are free, or powers of two
    layers: tuple[tuple[str, int], ...] = ()  # pattern of names, bits; the last that fits counts
    ends: int = 0  # bits of the first and the last layer with weights; 0: as the others
    data: DataSpec  # x and y to train on; ranges start from some of x
    test: DataSpec | None = None  # x and y to score before and after; none: `data`
    samples: int = 200  # whose largest activations the steps start from; 0: all
    epochs: int = 5  # 0: steps by calibration alone
    batch_size: int = 32
    learning_rate: float = 1e-3  # Adam, cosine to 0; of the steps too
    loss: Loss = "auto"
    distill: bool = False  # learn from the answers of a teacher as well
    teacher: str = ""  # a Keras file; "": the model as it came
    temperature: float = 4.0
    teacher_weight: float = 0.9
    seed: int = 0
    trust_model: bool = False

    def __post_init__(self) -> None:
        _known("weights", self.weights, _WEIGHTS)
        _known("activations", self.activations, _ACTIVATIONS)
        _known("scheme", self.scheme, ("global", "power_of_two"))
        _known("loss", self.loss, ("auto", "crossentropy", "binary", "mse"))
        for pattern, bits in self.layers:
            _known(f"layers.{pattern}", bits, _WEIGHTS)
        _known("ends", self.ends, (0, *_WEIGHTS))
        _between("epochs", self.epochs, 0, 1 << 20)
        _between("batch_size", self.batch_size, 1, 1 << 20)
        _between("samples", self.samples, 0, 1 << 30)
        _between("learning_rate", self.learning_rate, 0.0, 10.0)
        _between("temperature", self.temperature, 0.1, 100.0)
        _between("teacher_weight", self.teacher_weight, 0.0, 1.0)


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


def _known(key: str, value: object, known: tuple[object, ...]) -> None:
    if value not in known:
        raise UsageError(
            f"train-quantized.{key}: {value!r} is not known; known: {', '.join(map(str, known))}"
        )


def _between(key: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UsageError(
            f"train-quantized.{key}: {value} is out of range; the range is {low} to {high}"
        )
