"""What pruning channels and layers is asked for and reports: frozen values, no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from edgepack.compress.spec import LayerCut, ModelFile, Ranking, Score
from edgepack.compress.spec import _one_of as _known
from edgepack.compress.spec import _within as _between
from edgepack.compress.tuning.spec import TuningOptions
from edgepack.errors import UsageError

Method = Literal["channels", "filters", "neurons", "layers"]
Importance = Literal["auto", "l1", "l2", "scale", "activity", "variance", "taylor", "loss"]
Target = Literal["channels", "weights", "macs", "cost"]
_OF_CHANNELS = ("auto", "l1", "l2", "scale", "activity", "variance", "taylor")
_IMPORTANCES: Mapping[Method, tuple[str, ...]] = {
    "channels": _OF_CHANNELS,
    "filters": _OF_CHANNELS,
    "neurons": _OF_CHANNELS,
    "layers": ("auto", "loss"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneSpec(TuningOptions):
    """How to prune a Keras model.

    `filters` (convolutions), `neurons` (dense layers) and `channels` (both) take whole channels
    out; `layers` takes out residual blocks and layers that keep their input's shape.
    """

    method: Method = "channels"
    rate: float = 0.5  # channels: fraction removed, of what `target` names, in [0, 1)
    importance: Importance = "auto"  # auto: l1 (channels), loss (layers)
    target: Target = "channels"  # what `rate` is a fraction of, and what `per_cost` counts
    per_cost: bool = False  # ranked by importance per unit of `target` that goes
    costs: Mapping[str, float] | None = None  # of one output channel, by layer: target "cost"
    ranking: Ranking = "layer"  # the rate holds in every layer, or over the whole model
    min_channels: int = 4  # no layer gets narrower
    multiple_of: int = 1  # widths are multiples of this where the original's is larger
    count: int = 1  # layers: so many are taken out
    max_loss: float | None = None  # layers: none without which the loss is so much higher, untuned
    exclude: tuple[str, ...] = ()  # layer names left alone; * and ? match
    steps: int = 1  # channels: prune and fine-tune this many times, the width falling geometrically

    def __post_init__(self) -> None:
        self.checked("prune")
        _known("prune.method", self.method, get_args(Method))
        _known("prune.ranking", self.ranking, ("layer", "global"))
        _known("prune.target", self.target, get_args(Target))
        _known("prune.importance", self.importance, _IMPORTANCES[self.method])
        _between("prune.rate", self.rate, 0.0, 0.999)
        for name in ("min_channels", "multiple_of", "steps", "count"):
            _between(f"prune.{name}", getattr(self, name), 1, 1 << 20)
        if self.per_cost and self.ranking == "layer" and self.method != "layers":
            raise UsageError("prune.per_cost: compares layers, which ranking 'global' does")
        if (self.target == "cost") != (self.costs is not None):
            raise UsageError(
                "prune.costs: goes with target 'cost': what a channel of a layer costs"
            )


@dataclass(frozen=True, slots=True)
class Size:
    """How large a model is: weights of its kernels, and MACs of one inference."""

    weights: int
    macs: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A part between two tensors of one shape: what the loss is without it, and its size."""

    layers: tuple[str, ...]  # those with a kernel
    loss: float
    size: Size
    round: int  # of looking for the part that matters least, from 1
    removed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What the pruning of channels or layers did to a model."""

    layers: tuple[LayerCut, ...]  # output channels of each layer; 0 are left of one that is gone
    frozen: Mapping[str, str]  # layers whose channels must stay, and why
    size_before: Size
    size_after: Size
    loss: float | None = None  # of layers: the whole model's
    candidates: tuple[Candidate, ...] = ()  # of layers


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneReport(Pruned):
    """What the stage did; `cut` is the score before any fine-tuning."""

    input: ModelFile
    output: ModelFile
    spec: PruneSpec
    versions: Mapping[str, str]
    parameters_before: int
    parameters_after: int
    zero_weights: float  # fraction of the kernels' weights that are zero, after
    scored_on: str  # "test"; "data" where no test set was given; or ""
    before: Score | None
    cut: Score | None
    after: Score | None
