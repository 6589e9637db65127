"""Options that several commands share, turned into the values the pipeline takes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

if TYPE_CHECKING:
    from edgepack.board import Board

Command = Callable[..., Any]
Decorator = Callable[[Command], Command]

PATH = click.Path(path_type=Path)


class BoardType(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A board's name or .toml file, converted to the Board."""

    name = "board"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Board:
        """The board; UsageError where it is unknown or broken."""
        from edgepack.board import load_board

        return load_board(value, Path.cwd())


BOARD = BoardType()


class PatchesType(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """How many patches, or "auto"."""

    name = "patches"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number, 0 or at least 2, or "auto"."""
        if value in ("auto", 0):
            return value
        if not str(value).isdecimal() or int(value) == 1:
            self.fail(f"{value!r} is neither 'auto' nor 2 or more, nor 0 for none", param, ctx)
        return int(value)


PATCHES = PatchesType()


def gathered(into: str, make: Callable[..., Any], *options: Decorator) -> Decorator:
    """Options whose values become one argument, `into`, made by `make(**values)`."""

    def decorate(command: Command) -> Command:
        names: list[str] = []

        @functools.wraps(command)
        def call(**values: Any) -> Any:
            own = {name: values.pop(name) for name in names}
            return command(**values, **{into: make(**own)})

        before = {p.name for p in getattr(call, "__click_params__", [])}
        wrapped: Any = call
        for option in reversed(options):
            wrapped = option(wrapped)
        names.extend(p.name for p in wrapped.__click_params__ if p.name not in before)
        return cast("Command", wrapped)

    return decorate


def number(context: click.Context, option: click.Parameter, value: str) -> int:
    """The callback of a choice of numbers: click 8.1 chooses between texts alone."""
    return int(value)


def _compile_spec(**values: Any) -> Any:
    from edgepack.pipeline import CompileSpec
    from edgepack.pipeline.levels import parse_layers
    from edgepack.pipeline.places import parse_places

    values["places"] = parse_places(values.pop("place"))
    values["layers"] = parse_layers(values.pop("levels"))
    shapes = tuple(_shape(text) for text in values.pop("shape"))
    made = _front_end(values.pop("frontend"))
    return CompileSpec(shapes=shapes, front_end=made, **values)


def _front_end(text: str) -> Any:
    """`micro_speech,hop=160` as a front end; None for nothing."""
    if not text:
        return None
    from edgepack.pipeline.frontend import front_end

    kind, *pairs = text.split(",")
    return front_end({"kind": kind, **dict(pair.partition("=")[::2] for pair in pairs)})


def _shape(text: str) -> tuple[str, tuple[int, ...]]:
    """`image=1,96,96,3` as a name and sizes; UsageError where it is not of that form."""
    from edgepack.errors import UsageError

    name, equals, sizes = text.rpartition("=")
    try:
        shape = tuple(int(size) for size in sizes.split(","))
    except ValueError:
        shape = ()
    if not name or not equals or not shape:
        raise UsageError(f"--shape {text!r}: it must be NAME=SIZE,SIZE,...: image=1,96,96,3")
    return name, shape


def _device_spec(**values: Any) -> Any:
    from edgepack.pipeline import DeviceSpec

    return DeviceSpec(**values)


json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
model_argument = click.argument("model", type=PATH)
board_option = click.option(
    "-b", "--board", type=BOARD, required=True, help="A name, or the path of a .toml."
)
optional_board = click.option("-b", "--board", type=BOARD, help="A name, or the path of a .toml.")

compile_options = gathered(
    "spec",
    _compile_spec,
    click.option("--name", default="", help="How the model is called in C."),
    click.option(
        "--numerics",
        type=click.Choice(["litert", "tflm"]),
        default="litert",
        show_default=True,
        help="Whose rounding to follow; each is compared with its own interpreter.",
    ),
    click.option(
        "--optimize",
        type=click.Choice(["size", "balanced", "speed"]),
        default="balanced",
        show_default=True,
        help="What time is worth in RAM and flash.",
    ),
    click.option(
        "--layer",
        "levels",
        multiple=True,
        metavar="PATTERN=LEVEL",
        help="The level of some layers: an index, 4-7, a kind, or a tensor's name with *.",
    ),
    click.option(
        "--ram",
        "ram_bytes",
        type=click.IntRange(min=0),
        default=0,
        help="Bytes for arena and stack.",
    ),
    click.option(
        "--flash",
        "flash_bytes",
        type=click.IntRange(min=0),
        default=0,
        help="Bytes for constants and kernels.",
    ),
    click.option(
        "--signature", default="", help="Which function of the file; default: the only one."
    ),
    click.option(
        "--shape",
        multiple=True,
        metavar="INPUT=SIZES",
        help="Of an input, such as image=1,96,96,3; shapes behind it follow.",
    ),
    click.option(
        "--frontend",
        default="",
        metavar="KIND,KEY=VALUE,...",
        help="Samples instead of features: micro_speech, log_mel, mfcc, window; hop=160, ...",
    ),
    click.option(
        "--patches",
        type=PATCHES,
        default=0,
        metavar="N|auto",
        help="Layers by patches of rows, where that lowers the arena.",
    ),
    click.option(
        "--external",
        multiple=True,
        metavar="PATTERN",
        help="Operators whose weights the application reads from a file; '*' for all.",
    ),
    click.option(
        "--read-ahead", is_flag=True, help="Read a step's weights while the step in front runs."
    ),
    click.option(
        "--external-slice",
        type=click.IntRange(min=0),
        default=16_384,
        show_default=True,
        help="Bytes of a dense layer's weights to read at once; 0 for all.",
    ),
    click.option(
        "--place",
        multiple=True,
        metavar="WHAT=REGION",
        help="A memory of the board for arena, weights, code or an operator's constants.",
    ),
    click.option(
        "--stream-input", is_flag=True, help="The application feeds the input row by row."
    ),
    click.option(
        "--operators",
        type=PATH,
        multiple=True,
        help="A Python file with rows of your own custom operators; may be given again.",
    ),
)

_port = click.option("--port", envvar="EDGEPACK_PORT", help="Serial port of a real board.")
_emulator = click.option(
    "--emulator",
    type=click.Choice(["qemu", "unicorn"]),
    help="Default: EDGEPACK_EMULATOR, else QEMU where it is installed.",
)
_samples = (
    click.option("--data", type=PATH, help=".npz of x and y; default: random inputs."),
    click.option(
        "--samples", type=click.IntRange(min=0), default=0, help="The first so many; 0 is all."
    ),
    click.option("--seed", type=click.IntRange(min=0), default=0, help="Of the random inputs."),
)
_metric = click.option(
    "--metric",
    type=click.Choice(["accuracy", "auc"]),
    default="accuracy",
    show_default=True,
    help="Of labelled data; auc is of a reconstruction's error.",
)
_journal = (
    click.option("--journal", type=PATH, help="Keeps each sample's result at once."),
    click.option("--resume", is_flag=True, help="Go on where the journal ends."),
)

_cycles = (
    click.option(
        "--cycles/--no-cycles",
        default=True,
        show_default=True,
        help="Estimate cycles too, by unicorn: M0, M3, M4, M7, M33.",
    ),
    click.option(
        "--wait-states",
        type=click.IntRange(0, 63),
        default=0,
        show_default=True,
        help="Of the flash, at jumps and literals, for --cycles.",
    ),
)
link_options = gathered("device", _device_spec, _port, _emulator)
sample_options = gathered("device", _device_spec, _port, _emulator, *_samples)
profile_options = gathered("device", _device_spec, _port, _emulator, *_cycles)
run_options = gathered("device", _device_spec, _port, _emulator, *_samples, _metric, *_cycles)
bench_options = gathered(
    "device", _device_spec, _port, _emulator, *_samples, _metric, *_journal, *_cycles
)
