"""What the stages report: frozen values whose `as_json` is the stable JSON schema 1."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

SCHEMA = 1
Kind = Literal["measured", "emulated", "estimated"]
Unit = Literal["us", "cycles", "instructions"]


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Which model; `live_macs` leaves out what the optimiser removed."""

    name: str
    sha256: str
    macs: int
    live_macs: int


@dataclass(frozen=True, slots=True)
class BoardFacts:
    """Which board, and what its figures are."""

    name: str
    core: str
    clock_hz: int
    kind: str  # "measured", "emulated", or "none" for a host process


@dataclass(frozen=True, slots=True)
class Latency:
    """A distribution of one figure over `n` inferences.

    One that is estimated names its `model`; `min` and `max` are then the ends of its error band.
    """

    kind: Kind
    unit: Unit
    n: int
    mean: float
    p50: float
    p95: float
    p99: float
    min: float
    max: float
    model: str = ""


@dataclass(frozen=True, slots=True)
class Flash:
    """Bytes of flash: `total` is weights + tables + code, the harness left out."""

    total: int
    weights: int
    tables: int
    code: int


@dataclass(frozen=True, slots=True)
class Ram:
    """Bytes of RAM: `total` is arena + state + stack_peak + other; `io` is a part of the arena.

    `stack_peak` is None where no device measured it.
    """

    total: int
    arena: int
    io: int
    state: int
    stack_peak: int | None
    other: int


@dataclass(frozen=True, slots=True)
class Memory:
    """Flash and RAM of the model in the image."""

    kind: Kind
    flash: Flash
    ram: Ram


@dataclass(frozen=True, slots=True)
class Harness:
    """What the image takes with an empty model: startup, UART, protocol."""

    flash: int
    ram: int


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A metric over `n` samples on the device, and the oracle's value on the same ones."""

    kind: Kind | Literal["host"]
    metric: str
    value: float
    n: int
    reference_value: float | None  # None where the oracle cannot run the model


@dataclass(frozen=True, slots=True)
class Agreement:
    """Device against oracle; `max_ulp` is None for integer outputs."""

    oracle: str
    bit_exact: bool
    max_ulp: int | None
    n: int
    bound_ulp: int | None = None
    first_difference: str = ""

    @property
    def holds(self) -> bool:
        """Whether the answers agree to the bit, or within the stated bound."""
        within = self.max_ulp is not None and self.bound_ulp is not None
        return self.bit_exact or (within and self.max_ulp <= self.bound_ulp)  # type: ignore[operator]


@dataclass(frozen=True, slots=True)
class Provenance:
    """What made the figures."""

    firmware_sha256: str
    model_sha256: str
    compiler: str
    flags: str
    kernels: str
    emulator: str


@dataclass(frozen=True, slots=True)
class StepProfile:
    """One kernel call: what it is and what it cost, in the unit of the profile."""

    step: int
    operator: int
    kind: str
    kernel: str
    output: str  # its shape, printed
    macs: int
    count: int
    variant: str = "portable"
    cycles: int | None = None  # estimated


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One buffer of the memory plan: its place in bytes and its life in steps."""

    label: str
    offset: int
    bytes: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts [truth][answer] with the labels of both."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class BenchResult:
    """One model on one board: the document `bench --json` prints."""

    model: ModelFacts
    board: BoardFacts
    latency: tuple[Latency, ...]
    memory: Memory
    harness: Harness
    accuracy: Accuracy | None
    agreement: Agreement | None
    provenance: Provenance
    profile: tuple[StepProfile, ...] = ()
    plan: tuple[PlanRow, ...] = ()
    confusion: Confusion | None = None


@dataclass(frozen=True, slots=True)
class LayerAgreement:
    """One tensor on the device against the oracle's."""

    operator: int
    kind: str
    tensor: str
    shape: tuple[int, ...]
    equal: bool
    differing: int
    max_difference: float
    max_ulp: int | None


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """The document `verify --json` prints."""

    model: ModelFacts
    board: BoardFacts
    agreement: Agreement
    provenance: Provenance
    layers: tuple[LayerAgreement, ...] = ()


@dataclass(frozen=True, slots=True)
class Prediction:
    """What an operator is predicted to take: a model's figure, not a measured one."""

    unit: Unit
    value: int
    kind: Kind = "estimated"


@dataclass(frozen=True, slots=True)
class OperatorFacts:
    """One operator: its output and what it needs; `kernels` is empty where it costs nothing."""

    operator: int
    kind: str
    output: str  # type and shape, printed
    kernels: tuple[str, ...]
    macs: int
    weights: int  # bytes of weights and biases
    tables: int  # bytes of other constants
    name: str = ""  # of its first output, as the file has it
    level: str = "balanced"
    predicted: tuple[Prediction, ...] = ()  # nothing without a board, or of unmeasured kernels
    why: str = ""  # of the kernel's choice; '' where there was none


@dataclass(frozen=True, slots=True)
class PatchFacts:
    """Operators that run by patches of rows: from `first` to `last`, by their numbers."""

    first: int
    last: int
    patches: int
    halo: str  # what two patches need: "keep" from one to the next, or make "again"
    extra_macs: int
    row_bytes: int  # of an input that comes row by row; 0 where it lies in RAM


@dataclass(frozen=True, slots=True)
class RegionFacts:
    """One of a board's memories, and what of the model lies in it."""

    name: str
    limit: int
    cost: float  # of an access, relative to the board's other memories
    bytes: int  # arena and constants; code is known after building
    holds: tuple[str, ...]  # "arena", symbols of constants, "code of ..."


SymbolKind = Literal["kernel", "code", "weights", "tables", "arena", "other"]


@dataclass(frozen=True, slots=True)
class SymbolFacts:
    """A function or object of the model in its image.

    `operators` are those that use a constant or call the kernel; none of what a kernel calls.
    """

    name: str
    bytes: int
    kind: SymbolKind
    region: str  # the board's memory that it lies in; "" on a host
    operators: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Inspection:
    """The document `inspect --json` prints; `fits` and `limit`s are None without a board."""

    model: ModelFacts
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    operators: tuple[OperatorFacts, ...]
    weights: int
    tables: int
    arena: int
    peak_operator: int
    plan: tuple[PlanRow, ...]
    board: BoardFacts | None = None
    flash_limit: int | None = None
    ram_limit: int | None = None
    problem: str = ""  # why it does not fit
    arena_bound: int = 0  # no arena is smaller: equal to `arena` where that one is optimal
    patches: PatchFacts | None = None
    state: int = 0  # bytes that it keeps between inferences, behind the arena
    input_names: tuple[str, ...] = ()  # as the signature has them
    output_names: tuple[str, ...] = ()
    external: int = 0  # bytes of weights that the application reads from a file
    symbols: tuple[SymbolFacts, ...] = ()  # of the image, where it was built for them
    regions: tuple[RegionFacts, ...] = ()  # of a board with more memories than one of each kind


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of two results; `worse` by how much in parts of the old one."""

    figure: str
    old: float
    new: float
    change: float
    regressed: bool


@dataclass(frozen=True, slots=True)
class Gate:
    """One thing that had to hold, and whether it did."""

    name: str
    held: bool
    detail: str


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step of a recipe: what it was asked beyond the defaults, and what it left."""

    step: str
    asked: str
    bytes: int  # of the file
    metric: str  # "" where nothing was scored
    before: float | None
    after: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What `run`, `demo` and `compress` found: one result a variant, the first one counts.

    `labels` names the results in order; `steps` are a recipe's.
    """

    title: str
    labels: tuple[str, ...]
    results: tuple[BenchResult, ...]
    gates: tuple[Gate, ...]
    steps: tuple[StepResult, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every gate held."""
        return all(gate.held for gate in self.gates)


@dataclass(frozen=True, slots=True)
class ProfileResult:
    """The document `profile --json` prints."""

    model: ModelFacts
    board: BoardFacts
    kind: Kind
    unit: Unit
    steps: tuple[StepProfile, ...]
    provenance: Provenance
    cycles_model: str = ""  # by which the cycles of the steps were estimated; '' where none were


@dataclass(frozen=True, slots=True)
class CompareResult:
    """The document `compare --json` prints."""

    max_regression: float
    figures: tuple[Comparison, ...]

    @property
    def regressed(self) -> bool:
        """Whether any figure got worse than allowed."""
        return any(figure.regressed for figure in self.figures)


@dataclass(frozen=True, slots=True)
class LabVariant:
    """One way to run a layer on a board, and what it takes there."""

    kernels: tuple[str, ...]
    variant: str  # the folder of the kernels
    levels: tuple[str, ...]  # of --optimize that choose it for this board
    count: int  # of one inference, in the unit of the result
    per_mac: float | None
    per_output: float
    weights: int  # bytes of flash, as tables and code
    tables: int
    code: int  # of the kernels' functions
    scratch: int  # bytes of the arena
    arena: int
    exact: bool  # the bits of the portable kernels
    cycles: int | None = None  # estimated, of one inference
    loop: tuple[str, ...] = ()  # disassembled


@dataclass(frozen=True, slots=True)
class LabResult:
    """The document `lab --json` prints; `samples` is how many each variant answered."""

    kernel: str
    inputs: tuple[str, ...]
    output: str
    outputs: int
    macs: int
    board: BoardFacts
    kind: Kind
    unit: Unit
    samples: int
    compiler: str
    emulator: str
    variants: tuple[LabVariant, ...]
    refusals: tuple[str, ...] = ()  # why instruction sets offer no more


def as_json(value: Any) -> Any:
    """A frozen result as plain JSON values; the outermost one gets `"schema": 1`."""
    return {"schema": SCHEMA, **_plain(value)}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(v) for v in value]
    return value
