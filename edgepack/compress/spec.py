"""What a compression stage is asked for and what it reports: frozen values, no TensorFlow."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, TypeVar, get_args, get_type_hints

from edgepack.compress.quantizing.width_spec import LayerSensitivity, WidthFigures
from edgepack.errors import UsageError

Ranking = Literal["layer", "global"]
Scheme = Literal["global", "dynamic", "mixed", "power_of_two"]
Ranges = Literal["auto", "max", "percentile", "mse"]
Loss = Literal["auto", "crossentropy", "binary", "mse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSpec:
    """Where samples come from: a `.npz` or `.npy` file, or `module:function`.

    The model is given `x * scale + offset`, so that bytes of an image need no copy on disk.
    """

    source: str
    scale: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizeSpec:
    """How to quantise a model after training.

    `layers` gives single layers other widths: a pattern of names, and "2", "4", "8" (bits of the
    weights), "8x16" (and of the activations) or "float"; of several that fit, the last one counts.
    """

    data: DataSpec | None = None  # representative samples; y only scores
    test: DataSpec | None = None  # x and y to score before and after; none: `data`, if it has y
    samples: int = 200  # calibrated on this many, drawn at random; 0: all of them
    scheme: Scheme = "global"  # dynamic: each width from its weights; power_of_two: 2**-p steps
    max_error: float = 0.15  # dynamic: the relative error that the narrowest width may have
    budget_bytes: int = 0  # mixed: of packed weights, scales and biases; 0: `layers` tells widths
    budget_cost: float = 0.0  # mixed, in place of bytes: in the unit of `costs`
    costs: Mapping[str, Mapping[str, float]] | None = None  # of each layer, by bits of its weights
    weights: int = 8  # bits: 8, 4, 2 (-1, 0 and 1), 16 and 32 (floats)
    activations: int = 8  # bits: 8, 16, or 32 (floats)
    layers: tuple[tuple[str, str | int], ...] = ()
    ranges: Ranges = "auto"  # auto: weights of 8 bits and activations by maximum, others by mse
    percentile: float = 99.99
    per_channel: bool = True  # weight scales a channel, or one a tensor
    equalize: bool = False  # move ranges between layers that follow one another
    correct_bias: bool = False  # for the mean error that rounding makes
    rounding: Literal["nearest", "adaptive"] = "nearest"
    io: Literal["auto", "int8", "int16", "float32"] = "auto"  # type of inputs and outputs
    seed: int = 0
    trust_model: bool = False

    def __post_init__(self) -> None:
        _one_of("quantize.scheme", self.scheme, get_args(Scheme))
        _one_of("quantize.weights", self.weights, (2, 4, 8, 16, 32))
        _one_of("quantize.activations", self.activations, (8, 16, 32))
        _one_of("quantize.ranges", self.ranges, get_args(Ranges))
        _one_of("quantize.rounding", self.rounding, ("nearest", "adaptive"))
        _one_of("quantize.io", self.io, ("auto", "int8", "int16", "float32"))
        _within("quantize.samples", self.samples, 0, 1 << 30)
        _within("quantize.max_error", self.max_error, 0.001, 0.999)
        _within("quantize.budget_bytes", self.budget_bytes, 0, 1 << 40)
        _within("quantize.budget_cost", self.budget_cost, 0.0, 1e18)
        _within("quantize.percentile", self.percentile, 50.0, 100.0)
        for pattern, width in self.layers:
            layer_width(width, f"quantize.layers.{pattern}")
        self._check_together()

    def _check_together(self) -> None:
        if (self.costs is None) != (self.budget_cost == 0) or (self.budget_bytes and self.costs):
            raise UsageError("quantize.budget_cost: goes with costs, and without budget_bytes")
        if self.scheme == "mixed" and not (self.budgeted or self.layers):
            raise UsageError(
                "quantize.scheme: 'mixed' chooses widths within a budget; give budget_bytes, or "
                "budget_cost with costs"
            )
        if self.budgeted and (self.scheme != "mixed" or self.keeps_floats):
            raise UsageError(
                "quantize.budget_bytes: goes with scheme 'mixed' and activations of 8 or 16 bits"
            )
        if self.weights >= 16 and self.scheme != "global":
            raise UsageError(
                f"quantize.scheme: weights of {self.weights} bits are floats, which scheme "
                f"{self.scheme!r} has not; take 2, 4 or 8"
            )
        if self.weights >= 16 and self.activations == 16:
            raise UsageError(
                f"quantize.weights: floats of {self.weights} bits go with activations of 32 bits"
            )
        if self.keeps_floats and (self.extras or self.layers or self.io not in ("auto", "float32")):
            raise UsageError(
                "quantize.activations: floats have no ranges, so layers of other widths, integers "
                "at the ends, equalize, correct_bias and adaptive rounding need activations of 8 "
                "or 16 bits"
            )
        if self.data is None and not self.keeps_floats:
            raise UsageError(
                "quantize.data: ranges of activations need representative inputs: .npz, .npy or "
                "module:function; or set activations to 32"
            )

    @property
    def extras(self) -> bool:
        """Whether rounding, biases or ranges between layers are to be better than plain."""
        return self.equalize or self.correct_bias or self.rounding != "nearest"

    @property
    def budgeted(self) -> bool:
        """Whether the widths of layers are to be found within a budget."""
        return bool(self.budget_bytes or self.budget_cost)

    @property
    def keeps_floats(self) -> bool:
        """Whether activations are floats, so that nothing is calibrated."""
        return self.weights >= 16 or self.activations == 32


def layer_width(text: str | int, where: str = "width") -> tuple[int, int]:
    """Bits of a layer's weights, and of its activations, from "4", "8x16" or "float".

    0 activations: as the model's; (32, 32) is float. Raises UsageError with what is known.
    """
    known = ("2", "4", "8", "2x16", "4x16", "8x16", "float")
    _one_of(where, str(text), known)
    if text == "float":
        return 32, 32
    weights, _, activations = str(text).partition("x")
    return int(weights), int(activations or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertSpec:
    """How to convert a model as it is, to float32."""

    test: DataSpec | None = None  # x and y to score before and after
    seed: int = 0
    trust_model: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSpec:
    """How to train one of the demo's networks; `width` scales its channels."""

    kind: Literal["watch", "digits"]
    data: DataSpec
    test: DataSpec | None = None
    width: float = 1.0
    epochs: int = 0  # 0: what the kind needs
    seed: int = 0

    def __post_init__(self) -> None:
        _one_of("demo.kind", self.kind, ("watch", "digits"))
        _within("demo.width", self.width, 0.05, 8.0)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage is: `done` of `total` (0: not known), and what it is doing."""

    stage: str
    done: int
    total: int
    text: str


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Score:
    """A metric over `n` samples on the host: `accuracy` (a fraction) or `mse`."""

    metric: str
    value: float
    n: int


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model on disk: its name without the folder, SHA-256 and size."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class LayerCut:
    """What pruning took from one layer: output channels, or weights that are not zero."""

    layer: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class TensorFacts:
    """One input or output of a .tflite file; scale 0 where it is not quantised."""

    name: str
    shape: tuple[int, ...]
    type: str
    scale: float
    zero_point: int


@dataclass(frozen=True, slots=True)
class TensorWidth:
    """How one tensor of weights or activations was quantised."""

    layer: str
    tensor: str
    kind: Literal["weights", "activations"]
    bits: int
    scheme: Scheme
    least_step: float
    largest_step: float
    error: float | None  # of weights: squared, over their mean square


@dataclass(frozen=True, slots=True)
class LayerError:
    """Squared error of a layer's output over its variance: rounded to nearest, and as fitted."""

    layer: str
    nearest: float
    fitted: float


@dataclass(frozen=True, slots=True)
class QuantizeReport:
    """What quantisation did; `before` scores the float model, `after` the .tflite file."""

    input: ModelFile
    output: ModelFile
    spec: QuantizeSpec
    versions: Mapping[str, str]
    calibrated_on: int
    tensors: tuple[TensorWidth, ...]
    fits: tuple[LayerError, ...]  # of layers whose rounding or bias was fitted to samples
    figures: tuple[WidthFigures, ...]  # scheme dynamic: what the widths follow from
    sensitivity: tuple[LayerSensitivity, ...]  # scheme mixed: what they were chosen from
    stayed_float: tuple[str, ...]  # layers and their operators that compute floats
    warnings: tuple[str, ...]
    inputs: tuple[TensorFacts, ...]
    outputs: tuple[TensorFacts, ...]
    scored_on: str  # "test"; "data" where no test set was given; or ""
    before: Score | None
    after: Score | None


@dataclass(frozen=True, slots=True)
class ConvertReport:
    """What conversion did; `before` scores the model, `after` the .tflite file."""

    input: ModelFile
    output: ModelFile
    spec: ConvertSpec
    versions: Mapping[str, str]
    inputs: tuple[TensorFacts, ...]
    outputs: tuple[TensorFacts, ...]
    scored_on: str  # "test"; "data" where no test set was given; or ""
    before: Score | None
    after: Score | None


@dataclass(frozen=True, slots=True)
class TrainReport:
    """What training the demo's network gave; `after` is the score on the test set."""

    output: ModelFile
    spec: TrainSpec
    versions: Mapping[str, str]
    parameters: int
    after: Score | None


class Spec(Protocol):
    """What any stage is asked for: a frozen dataclass with a seed."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def seed(self) -> int:
        """Equal seeds give equal results."""

    @property
    def test(self) -> DataSpec | None:
        """Samples to score on."""


class Report(Protocol):
    """What any stage reports: a frozen dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def output(self) -> ModelFile:
        """The file that the stage wrote."""


T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """A spec or report as JSON values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: type[T], plain: Mapping[str, Any]) -> T:
    """The spec or report of class `kind` that `to_plain` wrote."""
    hints = get_type_hints(kind)
    return kind(**{name: _value(hints[name], value) for name, value in plain.items()})


def _value(hint: Any, value: Any) -> Any:
    """`value` as `hint` wants it: a dataclass, a tuple of them, or as it is."""
    arguments = [a for a in get_args(hint) if a not in (type(None), ...)]
    if isinstance(value, list):
        return tuple(_value(arguments[0], item) for item in value)
    for candidate in (hint, *arguments):
        if isinstance(value, Mapping) and dataclasses.is_dataclass(candidate):
            return from_plain(candidate, value)  # type: ignore[arg-type]
    return value


def _one_of(key: str, value: object, known: tuple[object, ...]) -> None:
    if value not in known:
        names = [str(name) for name in known]
        near = difflib.get_close_matches(str(value), names, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"{key}: {value!r} is not known; known: {', '.join(names)}{hint}")


def _within(key: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UsageError(f"{key}: {value} is out of range; the range is {low} to {high}")
