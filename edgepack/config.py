"""edgepack.toml: one table a stage, as frozen values; unknown keys are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edgepack.board import describe_problem
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


class Prune(_Frozen):
    """Pruning of a Keras model, before it is quantised."""

    method: Literal["channels", "filters", "neurons", "weights"] = "channels"
    rate: float = Field(default=0.5, gt=0, lt=1)
    ranking: Literal["layer", "global"] = "layer"
    exclude: tuple[str, ...] = ()
    steps: int = Field(default=1, ge=1)
    epochs: int = Field(default=10, ge=0)
    learning_rate: float = Field(default=2e-3, gt=0)
    data: str = ""
    test: str = ""
    seed: int = Field(default=0, ge=0)


class Quantize(_Frozen):
    """Post-training quantisation to int8."""

    data: str = Field(min_length=1)
    per: Literal["channel", "tensor"] = "channel"
    test: str = ""
    samples: int = Field(default=200, ge=0)
    seed: int = Field(default=0, ge=0)


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
    prune: Prune | None = None
    quantize: Quantize | None = None
    compile: Compile = Compile()
    operators: Operators = Operators()
    frontend: FrontEnd | None = None
    bench: Bench = Bench()
    report: Report = Report()
    budget: Budget = Budget()


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
# method = "channels"     # whole filters and neurons; or one kind; or "weights" by magnitude
# rate = 0.5
# epochs = 10             # of fine-tuning
# data = "train.npz"      # arrays x and y, or "package.module:function"
# test = "test.npz"       # scored before and after

# [quantize]              # Keras models only
# data = "train.npz"      # representative inputs
# per = "channel"         # or "tensor"

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
