"""A board is data: one TOML file, read into a frozen value with named checks."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edgepack.errors import UsageError
from edgepack.program import Isa
from edgepack.resources import folder
from edgepack.store import canonical_json

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib  # type: ignore[import-not-found,no-redef,unused-ignore]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Region(_Frozen):
    """A stretch of the address space."""

    origin: int = Field(ge=0)
    bytes: int = Field(gt=0)

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.origin + self.bytes


class CostedRegion(Region):
    """A region with what an access to it costs, relative to the others of the board."""

    cost: float = Field(default=1.0, gt=0)


class MoreRegion(CostedRegion):
    """A further region: `ram` may hold an arena or code, `flash` constants that lie in place."""

    kind: Literal["ram", "flash"]


class Memory(_Frozen):
    """Where code and constants go (`flash`), and data, arena and stack (`ram`)."""

    flash: CostedRegion
    ram: CostedRegion
    stack_bytes: int = Field(default=2048, ge=256)
    """What the linker keeps free at the top of RAM; an image that leaves less does not link."""
    more: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], MoreRegion] = {}
    """Tightly coupled memory, PSRAM, external flash, by name; startup sets none of them up."""

    def all(self, kind: Literal["ram", "flash"]) -> dict[str, CostedRegion]:
        """The regions of that kind by name; the first one is named after it."""
        own = self.ram if kind == "ram" else self.flash
        return {kind: own, **{n: r for n, r in self.more.items() if r.kind == kind}}

    def region(self, name: str) -> CostedRegion:
        """The region of that name."""
        return {**self.all("flash"), **self.all("ram")}[name]


class Toolchain(_Frozen):
    """How firmware for this board is compiled, by gcc and by zig."""

    family: Literal["arm", "riscv", "host"]
    gcc_flags: tuple[str, ...] = ()
    zig_target: str = ""
    zig_cpu: str = ""
    defines: dict[str, str | int] = {}
    """Macros that the port reads: register bases, clock dividers."""


class Flash(_Frozen):
    """How an image gets onto the board."""

    driver: Literal["copy", "emulator", "openocd"]
    args: tuple[str, ...] = ()


class Serial(_Frozen):
    """The serial line; `vid` and `pid` find a real board's port."""

    baud: int = 115200
    vid: int | None = None
    pid: int | None = None


class Qemu(_Frozen):
    """How QEMU plays the board: one instruction takes 2**icount_shift ns of its time."""

    system: Literal["arm", "riscv32"]
    machine: str
    icount_shift: int = Field(ge=0, le=10)
    args: tuple[str, ...] = ()
    pc: str = ""
    """Expression gdb sets the program counter to; empty resets the machine instead."""


class Unicorn(_Frozen):
    """How unicorn plays the board: the CPU model and the addresses it answers at."""

    cpu: str
    uart: Literal["cmsdk", "nrf51", "stm32", "ns16550"]
    uart_base: int
    timer: Literal["cmsdk", "nrf51", "stm32", "minstret"]
    timer_base: int = 0


class Timer(_Frozen):
    """The counter behind every latency: its frequency, and what is counted."""

    hz: int = Field(ge=0)
    unit: Literal["none", "instructions", "cycles"]


class Board(_Frozen):
    """One board, real or emulated."""

    name: str
    description: str
    status: Literal["emulated", "compiled", "hardware"]
    core: str
    isa: frozenset[Isa] = frozenset()
    clock_hz: int = Field(ge=0)
    port: str
    note: str = ""
    memory: Memory | None = None
    toolchain: Toolchain
    flash: Flash
    serial: Serial = Serial()
    timer: Timer
    qemu: Qemu | None = None
    unicorn: Unicorn | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Board:
        for check in _CHECKS:
            problem = check(self)
            if problem:
                raise ValueError(problem)
        return self

    @property
    def kind(self) -> Literal["measured", "emulated", "none"]:
        """What a latency from this board is; a host process has none worth reporting."""
        if self.timer.unit == "none":
            return "none"
        return "measured" if self.flash.driver == "openocd" else "emulated"

    @property
    def canonical(self) -> str:
        """Everything that the file says, as text that is the same on every machine."""
        plain = self.model_dump(mode="json")
        return canonical_json({**plain, "isa": sorted(self.isa), "port": Path(self.port).name})

    def count(self, ticks: int) -> int:
        """Ticks of the counter as `timer.unit`: exact for an emulated board.

        One instruction takes 2**icount_shift ns of the emulator's time, so that
        instructions = round(ticks * 1e9 / hz / 2**shift); elsewhere a tick is a unit.
        """
        if self.timer.unit != "instructions" or self.qemu is None:
            return ticks
        nanoseconds_hz = self.timer.hz << self.qemu.icount_shift
        return (2 * ticks * 10**9 + nanoseconds_hz) // (2 * nanoseconds_hz)


def _memory_is_there(board: Board) -> str:
    if board.memory is None and board.toolchain.family != "host":
        return "memory: missing; only a host board has none"
    return ""


def _regions_are_apart(board: Board) -> str:
    if board.memory is None:
        return ""
    more = board.memory.more
    taken = [name for name in ("flash", "ram") if name in more]
    if taken:
        return f"memory.more.{taken[0]}: that is the name of memory.{taken[0]}; take another one"
    regions = {"flash": board.memory.flash, "ram": board.memory.ram, **more}
    for (one, a), (other, b) in combinations(regions.items(), 2):
        if a.origin < b.end and b.origin < a.end:
            return f"memory: {one} and {other} overlap"
    ram = board.memory.ram
    if board.memory.stack_bytes >= ram.bytes:
        return f"memory.stack_bytes: {board.memory.stack_bytes} does not fit {ram.bytes} B of ram"
    return ""


def _port_is_known(board: Board) -> str:
    ports = folder("firmware_templates") / "ports"
    if board.port.startswith("./") or (ports / board.port / "ep_port.c").is_file():
        return ""
    known = sorted(path.parent.name for path in ports.glob("*/ep_port.c"))
    near = difflib.get_close_matches(board.port, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"port: {board.port!r} is unknown; {hint}known: {', '.join(known)}"


def _driver_can_flash(board: Board) -> str:
    driver = board.flash.driver
    if driver == "emulator" and not (board.qemu or board.unicorn):
        return "flash.driver is 'emulator' but there is no [qemu] or [unicorn]"
    if (driver == "copy") != (board.toolchain.family == "host"):
        return "flash.driver: 'copy' is for toolchain.family 'host', and for it alone"
    if driver == "openocd" and not board.flash.args:
        return "flash.args: missing; openocd needs '-f' and a configuration"
    return ""


def _counter_counts(board: Board) -> str:
    if (board.timer.unit == "none") != (board.timer.hz == 0):
        return "timer.hz: 0 is for unit 'none', and for it alone"
    if board.timer.unit == "instructions" and board.flash.driver == "openocd":
        return "timer.unit: a real board counts 'cycles', not 'instructions'"
    return ""


_CHECKS: tuple[Callable[[Board], str], ...] = (
    _memory_is_there,
    _regions_are_apart,
    _port_is_known,
    _driver_can_flash,
    _counter_counts,
)


def parse_board(text: str, where: str) -> Board:
    """A Board from TOML text; a UsageError names the file, the key and the nearest known one."""
    try:
        return Board.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{where}: not TOML: {error}") from error
    except ValidationError as error:
        raise UsageError("\n".join(_problems(error, Board, where))) from error


def known_boards(project: Path | None = None) -> dict[str, Path]:
    """Name to file of every board shipped, and of those in the project's own `boards/`."""
    paths = sorted(folder("boards").glob("*.toml"))
    if project is not None:
        paths += sorted((project / "boards").glob("*.toml"))
    return {path.stem: path for path in paths}


def load_board(name: str, project: Path | None = None) -> Board:
    """The board of that name, or in that .toml file."""
    path = Path(name) if name.endswith(".toml") else known_boards(project).get(name)
    if path is None or not path.is_file():
        raise UsageError(_unknown(name, list(known_boards(project))))
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot read the board: {error}") from error
    board = parse_board(text, str(path))
    if board.name != path.stem:
        raise UsageError(f"{path}: name is {board.name!r}; it must be the file's, {path.stem!r}")
    return _with_own_port(board, path)


def _with_own_port(board: Board, path: Path) -> Board:
    """A port "./x" is a folder beside the board's file, for UARTs and counters of one's own."""
    if not board.port.startswith("./"):
        return board
    own = (path.parent / board.port).resolve()
    if not (own / "ep_port.c").is_file():
        raise UsageError(
            f"{path}: port: there is no {own / 'ep_port.c'}; ep_port.h says what it is"
        )
    return board.model_copy(update={"port": str(own)})


def _unknown(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"board {name!r} is unknown; {hint}`edgepack boards` lists them"


def _problems(error: ValidationError, model: type[BaseModel], where: str) -> list[str]:
    return [describe_problem(problem, model, where) for problem in error.errors()]


def describe_problem(problem: object, model: type[BaseModel], where: str) -> str:
    """One pydantic problem as `file: table.key: what; known: ...`."""
    assert isinstance(problem, dict)
    place = [str(part) for part in problem["loc"]]
    if problem["type"] == "extra_forbidden":
        table = ".".join(place[:-1])
        fields = _model_at(model, place[:-1]).model_fields
        known = sorted(field.alias or name for name, field in fields.items())
        near = difflib.get_close_matches(place[-1], known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        dot = f"{table}: " if table else ""
        return f"{where}: {dot}unknown key {place[-1]!r}; {hint}known: {', '.join(known)}"
    return f"{where}: {'.'.join(place)}{': ' if place else ''}{in_words(problem)}"


_WANTED = {
    "string": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "tuple": "a list, [...]",
    "list": "a list, [...]",
    "dict": "a table",
    "model": "a table",
    "mapping": "a table",
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "too_short": "not empty",
    "too_long": "at most {max_length} long",
    "string_too_short": "not empty",
}


def in_words(problem: Mapping[str, Any]) -> str:
    """What is wrong with one value, by pydantic's account of it."""
    kind, given, context = str(problem["type"]), problem["input"], problem.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind in ("literal_error", "enum"):
        known = str(context["expected"])
        near = difflib.get_close_matches(str(given), re.findall(r"'([^']*)'", known), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"{given!r} is not known; known: {known}{hint}"
    wanted = _WANTED.get(kind) or _WANTED.get(kind.rsplit("_", 1)[0])
    if wanted is None:
        return str(problem["msg"]).removeprefix("Value error, ")
    return f"must be {wanted.format(**context)}; it is {given!r}"


def _model_at(model: type[BaseModel], place: list[str]) -> type[BaseModel]:
    parts = list(place)
    while parts:
        annotation = model.model_fields[parts.pop(0)].annotation
        if get_origin(annotation) is dict:
            parts.pop(0)  # the entry's own name
        options = [*getattr(annotation, "__args__", ()), annotation]
        model = next(o for o in options if isinstance(o, type) and issubclass(o, BaseModel))
    return model
