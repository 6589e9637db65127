"""What sparsifying, clustering and fine-tuning are asked for and report: frozen values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from edgepack.compress.spec import (
    DataSpec,
    LayerCut,
    Loss,
    ModelFile,
    Ranking,
    Score,
)
from edgepack.compress.spec import _one_of as _known
from edgepack.compress.spec import _within as _between
from edgepack.errors import UsageError

WeightImportance = Literal["magnitude", "movement", "taylor"]
Schedule = Literal["gradual", "one-shot", "rewind"]
_N_OF_M = re.compile(r"(\d+):(\d+)")
_BLOCK = re.compile(r"(\d+)x(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningOptions:
    """How a stage fine-tunes: Adam, its rate falling to 0 along a cosine."""

    data: DataSpec | None = None  # x and y to train on; none: no fine-tuning
    test: DataSpec | None = None  # x and y to score before and after; none: `data`
    epochs: int = 10  # 0: batch norm's statistics alone are taken anew
    batch_size: int = 32
    learning_rate: float = 2e-3
    loss: Loss = "auto"  # auto: from the labels' shape and type
    teacher: str = ""  # a Keras model whose answers are learnt too: distillation
    temperature: float = 4.0  # of the teacher's answers
    teacher_weight: float = 0.9  # of the teacher in the loss; the labels have the rest
    seed: int = 0
    trust_model: bool = False  # allow code inside the model file (Lambda layers)

    def checked(self, stage: str) -> None:
        """Raise UsageError, naming `stage`, where an option is out of its range."""
        _known(f"{stage}.loss", self.loss, ("auto", "crossentropy", "binary", "mse"))
        _between(f"{stage}.epochs", self.epochs, 0, 1 << 20)
        _between(f"{stage}.batch_size", self.batch_size, 1, 1 << 20)
        _between(f"{stage}.learning_rate", self.learning_rate, 0.0, 10.0)
        _between(f"{stage}.temperature", self.temperature, 0.01, 1000.0)
        _between(f"{stage}.teacher_weight", self.teacher_weight, 0.0, 1.0)
        if self.teacher and self.data is None:
            raise UsageError(f"{stage}.teacher: is asked about samples; name them in {stage}.data")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsSpec(TuningOptions):
    """How to zero single weights of a Keras model, whose shapes stay.

    Rows are what the .tflite keeps contiguous: the weights of one output channel, [kh, kw, in].
    """

    method: Literal["weights"] = "weights"
    rate: float = 0.5  # fraction of zeros, in [0, 1); with N:M the pattern says it
    # "none": single weights; "N:M": at most N of M in a row stay; "RxC": C along each of R rows go
    pattern: str = "none"
    importance: WeightImportance = "magnitude"
    ranking: Ranking = "layer"  # the rate holds in every layer, or over the whole model
    schedule: Schedule = "gradual"
    schedule_end: float = 0.5  # gradual: the fraction of fine-tuning at which `rate` is reached
    schedule_power: int = 3  # gradual: zeros = rate * (1 - (1 - t)**power)
    steps: int = 3  # rewind: train, zero and rewind this many times, then train once more
    rewind_epochs: int = 1  # rewind: to the weights after so many epochs
    exclude: tuple[str, ...] = ()  # layer names left alone; * and ? match
    spare_ends: bool = False  # leave the first and the last kernel alone

    def __post_init__(self) -> None:
        self.checked("prune")
        _between("prune.rate", self.rate, 0.0, 0.999)
        _between("prune.schedule_end", self.schedule_end, 0.0, 1.0)
        _known("prune.importance", self.importance, ("magnitude", "movement", "taylor"))
        _known("prune.ranking", self.ranking, ("layer", "global"))
        _known("prune.schedule", self.schedule, ("gradual", "one-shot", "rewind"))
        for name in ("schedule_power", "steps"):
            _between(f"prune.{name}", getattr(self, name), 1, 1 << 20)
        _between("prune.rewind_epochs", self.rewind_epochs, 0, 1 << 20)
        if self.pattern != "none" and self.n_of_m is None and self.block is None:
            raise UsageError(
                f"prune.pattern: {self.pattern!r} is not known; known: none, N:M with "
                "0 < N < M <= 32, such as 2:4, and RxC of 1 to 64 each, such as 1x4"
            )
        if self.importance != "magnitude" and self.data is None:
            raise UsageError(
                f"prune.importance: {self.importance!r} is measured on samples; "
                "name them in prune.data, or take 'magnitude'"
            )
        if self.importance == "movement" and (self.schedule == "one-shot" or self.epochs == 0):
            raise UsageError(
                "prune.importance: 'movement' is seen while training; take the schedule "
                "'gradual' or 'rewind', and epochs"
            )
        if self.schedule == "rewind" and (self.data is None or self.epochs == 0):
            raise UsageError("prune.schedule: 'rewind' trains; name prune.data, and epochs")

    @property
    def n_of_m(self) -> tuple[int, int] | None:
        """N and M of the pattern N:M."""
        n, m = _numbers(_N_OF_M, self.pattern)
        return (n, m) if 0 < n < m <= 32 else None

    @property
    def block(self) -> tuple[int, int] | None:
        """Rows, and weights along a row, that go together: of the pattern RxC."""
        rows, along = _numbers(_BLOCK, self.pattern)
        return (rows, along) if 1 <= rows <= 64 and 1 <= along <= 64 else None


def _numbers(shape: re.Pattern[str], text: str) -> tuple[int, int]:
    """The two numbers of `text`, or zeros where it has another shape."""
    found = shape.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of a stage and the score after it."""

    name: str
    zero_weights: float  # fraction of the kernels' weights that are zero
    score: Score | None


@dataclass(frozen=True, slots=True)
class WeightsReport:
    """What zeroing weights did."""

    input: ModelFile
    output: ModelFile
    spec: WeightsSpec
    versions: Mapping[str, str]
    zero_weights: float  # fraction of the kernels' weights that are zero, after
    layers: tuple[LayerCut, ...]
    spared: Mapping[str, str]  # kernels that were left alone, and why
    phases: tuple[Phase, ...]
    scored_on: str  # "test"; "data" where no test set was given; or ""
    before: Score | None
    after: Score | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSpec(TuningOptions):
    """How to give the weights of a kernel few values in common."""

    entries: int = 16  # values of a codebook, from 2 to 16
    group: int = 0  # output channels that share a codebook; 0: all of a kernel
    exclude: tuple[str, ...] = ()  # layer names left alone; * and ? match
    spare_ends: bool = False  # leave the first and the last kernel alone

    def __post_init__(self) -> None:
        self.checked("cluster")
        _between("cluster.entries", self.entries, 2, 16)
        _between("cluster.group", self.group, 0, 1 << 16)


@dataclass(frozen=True, slots=True)
class LayerCodebook:
    """The codebooks of one kernel: values in use, and the error that sharing them made.

    `error` is the root mean square of the change over that of the weights; `step` is what the
    values are multiples of, from -127 to 127 times.
    """

    layer: str
    codebooks: int
    entries: int
    step: float
    error: float


@dataclass(frozen=True, slots=True)
class ClusterReport:
    """What clustering did; `cut` is the score before any fine-tuning."""

    input: ModelFile
    output: ModelFile
    spec: ClusterSpec
    versions: Mapping[str, str]
    layers: tuple[LayerCodebook, ...]
    spared: Mapping[str, str]  # kernels that were left alone, and why
    scored_on: str  # "test"; "data" where no test set was given; or ""
    before: Score | None
    cut: Score | None
    after: Score | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuneSpec(TuningOptions):
    """How to train a Keras model further; masks and codebooks stay what they are."""

    def __post_init__(self) -> None:
        self.checked("fine-tune")
        if self.data is None:
            raise UsageError("fine-tune.data: name samples to train on")


@dataclass(frozen=True, slots=True)
class FineTuneReport:
    """What fine-tuning did."""

    input: ModelFile
    output: ModelFile
    spec: FineTuneSpec
    versions: Mapping[str, str]
    losses: tuple[float, ...]  # of each epoch
    scored_on: str  # "test"; "data" where no test set was given; or ""
    before: Score | None
    after: Score | None
