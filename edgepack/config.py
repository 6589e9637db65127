"""edgepack.toml: one table a stage, as frozen values; unknown keys are refused."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    model_validator,
)

from edgepack.board import Board, describe_problem, load_board
from edgepack.compress import AwareSpec, DataSpec, PruneSpec, QuantizeSpec, WeightsSpec
from edgepack.compress.spec import Spec
from edgepack.compress.tables import MOST_SEED, STAGES, check_order, data_of, spec_of, stage_of
from edgepack.errors import UsageError
from edgepack.program import Level

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib  # type: ignore[import-not-found,no-redef,unused-ignore]

FILE = "edgepack.toml"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Model(_Frozen):
    """What is deployed."""

    path: str
    name: str = ""
    signature: str = ""  # which of the file's functions
    shapes: dict[str, tuple[int, ...]] = Field(default_factory=dict)  # of inputs


class Control(_Frozen):
    """The small model, trained from scratch, that a recipe's result stands beside."""

    path: str = ""  # a Keras model that is trained already
    net: Literal["", "watch", "digits"] = ""  # or one of the demo's networks
    width: float = Field(default=0.5, ge=0.05, le=8)  # of its channels
    epochs: int = Field(default=0, ge=0)  # 0: what the network needs
    distill_epochs: int = Field(default=0, ge=0)  # then so many more with the recipe's teacher

    @model_validator(mode="after")
    def _one(self) -> Control:
        if bool(self.path) == bool(self.net):
            raise UsageError(
                "compress.control: name a trained Keras model as `path`, or one of the demo's "
                "networks as `net`, with its `width`"
            )
        return self


CostUnit = Literal["instructions", "flash"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a recipe: the stage's name, what it is asked for, and that as it was written."""

    name: str
    spec: Annotated[Spec, PlainValidator(lambda spec: spec)]
    asked: str = ""
    costs: CostUnit | None = None  # what the spec's `costs` are to be in, on the recipe's board


class Compress(_Frozen):
    """A recipe: what its steps share, and the steps in order."""

    data: DataSpec | None = None
    test: DataSpec | None = None
    teacher: str = ""  # a Keras model whose answers steps that train learn from; "": labels alone
    seed: int = Field(default=0, ge=0, le=MOST_SEED)
    trust_model: bool = False
    on_board: int = Field(default=20, ge=0)
    """Samples that the board answers, where `host` answers the whole set; 0: the board does."""
    step: tuple[Step, ...] = ()
    control: Control | None = None

    @model_validator(mode="before")
    @classmethod
    def _steps(cls, table: Any) -> Any:
        """The steps' tables as specs, with what the recipe says for all of them."""
        if not isinstance(table, dict):
            return table
        given = dict(table)
        for key in ("data", "test"):
            if key in given:
                given[key] = data_of(given[key], f"compress.{key}")
        shared = {k: v for k, v in given.items() if k not in ("step", "control", "on_board")}
        rows = given.get("step", [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise UsageError("compress.step: steps are tables of their own: [[compress.step]]")
        given["step"] = tuple(_step(i + 1, row, shared) for i, row in enumerate(rows))
        check_order([step.name for step in given["step"]], "compress.step")
        return given

    @model_validator(mode="after")
    def _taught(self) -> Compress:
        if self.control is not None and self.control.distill_epochs and not self.teacher:
            raise UsageError("compress.control.distill_epochs: name the teacher in [compress]")
        return self


def _step(number: int, row: dict[str, Any], shared: dict[str, Any]) -> Step:
    table = dict(row)
    name = table.pop("do", "")
    where = f"compress.step {number}"
    if not isinstance(name, str) or not name:
        raise UsageError(f"{where}: says not what to do; write do = one of {', '.join(STAGES)}")
    asked = ", ".join(f"{key} {value}" for key, value in table.items())
    unit = table.get("costs")
    if isinstance(unit, str):
        if unit not in get_args(CostUnit):
            known = ", ".join(get_args(CostUnit))
            raise UsageError(f"{where}, {name}.costs: {unit!r} is not known; known: {known}")
        table["costs"] = {}
    spec = spec_of(stage_of(name, where, table), table, f"{where}, {name}", shared)
    return Step(name, spec, asked, unit if isinstance(unit, str) else None)  # type: ignore[arg-type]


def _stage(name: str) -> Any:
    """A table whose keys are the fields of the stage's spec."""

    def read(table: Any) -> Any:
        if table is None or dataclasses.is_dataclass(table):
            return table
        if not isinstance(table, dict):
            raise UsageError(f"{name}: it is a table; write [{name}]")
        return spec_of(stage_of(name, name, table), table, name)

    return PlainValidator(read)


class Target(_Frozen):
    """The board, and how to reach it."""

    name: str
    port: str = ""
    emulator: Literal["", "qemu", "unicorn"] = ""


class Compile(_Frozen):
    """Choices of the compiler."""

    numerics: Literal["litert", "tflm"] = "litert"
    optimize: Level = "balanced"
    patches: Annotated[int, Field(ge=2)] | Literal[0, "auto"] = 0
    """Layers in so many patches of rows, where that lowers the arena; 0 for none."""
    stream_input: bool = False
    """The application feeds the input row by row."""
    layers: dict[str, Level] = {}
    """Levels of single layers by a pattern; of several that match, the last one counts."""
    external: tuple[str, ...] = ()
    """Operators, by patterns, whose weights the application reads from a file."""
    read_ahead: bool = False
    """Read a step's weights while the step in front runs."""
    external_slice: int = Field(default=16_384, ge=0)
    """Bytes of a dense layer's weights that are read at once; 0 for all."""
    place: dict[str, str] = {}
    """Memories of the board for `arena`, `weights`, `code` and operators' constants."""


class FrontEnd(_Frozen):
    """What makes the model's first input out of samples; lengths are in samples."""

    kind: Literal["micro_speech", "log_mel", "mfcc", "window"]
    sample_rate: int = Field(default=16_000, ge=1)
    window: int = Field(default=480, ge=1, le=2**15)
    hop: int = Field(default=320, ge=1, le=2**15)
    channels: int = Field(default=40, ge=1, le=1024)
    low_hz: float = Field(default=125.0, ge=0)
    high_hz: float = Field(default=7500.0, gt=0)
    coefficients: int = Field(default=13, ge=1)
    stride: int = Field(default=1, ge=1, le=2**16)
    scale: float = Field(default=0.0, ge=0)


class Operators(_Frozen):
    """Custom operators of one's own: Python files that define ROWS, with their C beside them."""

    modules: tuple[str, ...] = ()


class Bench(_Frozen):
    """What is measured on the board."""

    data: str = ""
    samples: int = Field(default=0, ge=0)
    metric: Literal["accuracy", "auc"] = "accuracy"
    seed: int = Field(default=0, ge=0)


class Report(_Frozen):
    """Where the results go."""

    folder: str = "edgepack-out"


class Budget(_Frozen):
    """Limits; 0 is none. `run` exits with 1 where one is exceeded."""

    flash_bytes: int = Field(default=0, ge=0)
    ram_bytes: int = Field(default=0, ge=0)
    instructions: int = Field(default=0, ge=0)
    accuracy: float = Field(default=0.0, ge=0, le=1)


class Config(_Frozen):
    """The whole file; a stage whose table is missing is left out."""

    model: Model
    board: Target
    prune: Annotated[PruneSpec | WeightsSpec | None, _stage("prune")] = None
    train_quantized: Annotated[AwareSpec | None, _stage("train-quantized")] = Field(
        default=None, alias="train-quantized"
    )
    quantize: Annotated[QuantizeSpec | None, _stage("quantize")] = None
    compress: Compress | None = None
    compile: Compile = Compile()
    operators: Operators = Operators()
    frontend: FrontEnd | None = None
    bench: Bench = Bench()
    report: Report = Report()
    budget: Budget = Budget()

    def board_at(self, folder: Path) -> Board:
        """The board that the file names, whose own paths start from `folder`."""
        name = self.board.name
        return load_board(str(folder / name) if name.endswith(".toml") else name, folder)


def load_config(path: Path) -> Config:
    """The configuration; a UsageError names the key and the nearest known one."""
    try:
        return Config.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise UsageError(
            f"{path}: cannot read it: {error.strerror}; `edgepack init` writes one"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not TOML: {error}") from error
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    except ValidationError as error:
        problems = [describe_problem(p, Config, str(path)) for p in error.errors()]
        raise UsageError("\n".join(problems)) from error


STARTER = """\
# edgepack.toml: what `edgepack run` does. Each table is a stage; leave one out to skip it.

[model]
path = "{model}"          # .keras, .h5, a SavedModel folder, or a .tflite
# name = "kws"            # how it is called in C; default: from the file's name

[board]
name = "{board}"          # `edgepack boards` lists them; or the path of your own .toml
# port = "/dev/ttyACM0"   # default: found by USB id, or the emulator's
# emulator = "qemu"       # or "unicorn"; default: whichever is installed, QEMU first

# [prune]                 # Keras models only
# method = "channels"     # or "filters", "neurons", "layers", "weights": docs/compression.md
# rate = 0.5
# epochs = 10             # of fine-tuning
# data = "train.npz"      # arrays x and y, or "package.module:function"
# test = "test.npz"       # scored before and after

# [train-quantized]       # Keras models only: with the rounding that [quantize] then writes
# data = "train.npz"      # x and y
# weights = 4             # bits: 8, 4, or 2 for -1, 0 and 1
# teacher = "net.keras"   # learn from its answers, too: mostly the model as it came

# [quantize]              # of a Keras model, or of a .tflite of floats
# data = "train.npz"      # representative inputs
# per = "channel"         # or "tensor"

# [compress]              # a recipe of several steps, for `edgepack compress`: docs/compression.md
# data = "train.npz"      # for all steps
# test = "test.npz"
# [[compress.step]]
# do = "prune"            # its other keys are those of [prune]
# [[compress.step]]
# do = "quantize"

[compile]
# numerics = "litert"     # or "tflm" for TFLite Micro's rounding
# optimize = "balanced"   # or "size", "speed"
# patches = "auto"        # layers by patches of rows, to need less RAM; or how many
# stream_input = true     # the application feeds the input row by row
# external = ["*"]        # operators whose weights the application reads: docs/several-memories.md

# [frontend]              # the model's first input is made out of samples: docs/front-ends.md
# kind = "micro_speech"   # or "log_mel", "mfcc", or "window" over a sensor
# hop = 320               # samples a call

# [operators]             # custom operators of your own: docs/custom-operators.md
# modules = ["my_ops.py"] # Python files that define ROWS, with their C beside them

# [compile.layers]        # levels of single layers: an index, a range, a kind, a tensor's name
# "conv1*" = "speed"
# "4-7" = "size"

# [compile.place]         # on a board with several memories: docs/several-memories.md
# arena = "psram"

[bench]
# data = "test.npz"       # x and y; without it, random inputs and no accuracy
# samples = 200           # the first so many; 0 is all
# metric = "accuracy"     # or "auc" of a reconstruction error

[budget]                  # exit code 1 where one is exceeded; 0 is no limit
# flash_bytes = 100000
# ram_bytes = 20000
# instructions = 5000000
# accuracy = 0.9

[report]
folder = "edgepack-out"
"""
