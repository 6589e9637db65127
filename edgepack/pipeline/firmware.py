"""From C to an image, and its flash and RAM: built once a digest and kept in the cache."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from edgepack.board import Board
from edgepack.compiler.generate import GenerateSpec, constant_symbols, descriptor, empty_descriptor
from edgepack.compiler.runtime_files import code_files
from edgepack.errors import GateError
from edgepack.pipeline.compile import Compiled
from edgepack.pipeline.inspection import require_fit, unique_constants, weight_bytes
from edgepack.pipeline.source import source_tree
from edgepack.program import Firmware
from edgepack.results import Flash, Harness, Kind, Memory, Ram
from edgepack.store import Tree, cached
from edgepack.target.build import Hot, build, toolchain_identity
from edgepack.target.sections import Sizes, measure, stack_room


@dataclass(frozen=True, slots=True)
class Image:
    """A linked image of a model, and what it takes without the harness."""

    firmware: Firmware
    flash: Flash
    harness: Harness
    other_ram: int  # static RAM of the model besides the arena


def build_image(compiled: Compiled, board: Board, *, hook: bool = False) -> Image:
    """Generate, compile and link for the board; GateError where it does not fit."""
    require_fit(compiled)
    spec = GenerateSpec(places=compiled.places)
    tree = source_tree(compiled).merged(descriptor(compiled.program, compiled.plan, spec))
    small = compiled.spec.optimize == "size"
    firmware = _cached_build(tree, board, hook, hot_of(compiled), small)
    empty = empty_image(board, hook=hook)
    symbols = constant_symbols(compiled.program)
    return _sized(compiled, firmware, measure(firmware, symbols), measure(empty, {}))


def hot_of(compiled: Compiled) -> Hot | None:
    """The files whose code runs from RAM."""
    places = compiled.places
    if not places.hot:
        return None
    return Hot(places.hot, code_files(source_tree(compiled).files, places.kernels))


def empty_image(board: Board, *, hook: bool = False) -> Firmware:
    """The image of a model without operators: the harness alone."""
    return _cached_build(empty_descriptor(), board, hook)


def memory(compiled: Compiled, image: Image, stack_peak: int | None, kind: Kind) -> Memory:
    """Flash and RAM of the model; the stack is what the device measured."""
    arena, state = compiled.plan.arena_bytes, compiled.plan.state_bytes
    total = arena + state + image.other_ram + (stack_peak or 0)
    ram = Ram(total, arena, _io_bytes(compiled), state, stack_peak, image.other_ram)
    return Memory(kind, image.flash, ram)


def _io_bytes(compiled: Compiled) -> int:
    """Bytes of the arena that inputs and outputs take; they may share some."""
    graph = compiled.graph
    taken: set[int] = set()
    stream = compiled.program.stream
    streamed = [chunk.tensor for chunk in stream.chunks] if stream else []
    for index in (*(streamed or graph.inputs), *graph.outputs):
        start = compiled.plan.offset(index)
        taken.update(range(start, start + graph.tensor(index).bytes))
    return len(taken)


def require_room(compiled: Compiled, image: Image, board: Board) -> None:
    """GateError where arena, harness and a kilobyte of stack exceed the board's RAM."""
    if board.memory is None:
        return
    here = compiled.plan.block_bytes if compiled.places.arena == "ram" else 0
    need = here + image.other_ram + image.harness.ram + 1024
    limit = board.memory.ram.bytes
    state = f", state {compiled.plan.state_bytes} B" if compiled.plan.state_bytes else ""
    if need > limit:
        raise GateError(
            f"{compiled.graph.name}: arena {compiled.plan.arena_bytes} B{state}, harness "
            f"{image.harness.ram} B and 1024 B of stack make {need} B; {board.name} has {limit} B "
            f"of RAM, {need - limit} B too few. Prune, or take a larger board."
        )


def require_stack(image: Image, stack_peak: int, board: Board) -> None:
    """GateError where the measured stack reaches into static data, so that no figure is right."""
    room = stack_room(image.firmware)
    if room is not None and stack_peak > room:
        raise GateError(
            f"the stack needs {stack_peak} B and {board.name} has {room} B left for it; "
            "prune the model, or take a board with more RAM"
        )


def _cached_build(
    tree: Tree, board: Board, hook: bool, hot: Hot | None = None, small: bool = False
) -> Firmware:
    spec = {
        "tree": tree.digest,
        "board": board.canonical,
        "hook": hook,
        "toolchain": toolchain_identity(board),
        **({"hot": [hot.region, *hot.files]} if hot else {}),
        **({"small": True} if small else {}),
    }

    def make(folder: Path) -> None:
        firmware = build(tree, board, folder, hook=hook, hot=hot, small=small)
        (folder / "firmware.json").write_text(json.dumps(asdict(firmware)))

    folder = cached("build/1", spec, make)
    stored = json.loads((folder / "firmware.json").read_text())
    return Firmware(**{**stored, "elf": str(folder / Path(stored["elf"]).name)})


def _fed_bytes(compiled: Compiled) -> int:
    """Of a streamed input: the harness holds it and feeds its rows, as a camera would."""
    stream = compiled.program.stream
    return compiled.graph.tensor(stream.tensor).bytes if stream else 0


def _sized(compiled: Compiled, firmware: Firmware, whole: Sizes, empty: Sizes) -> Image:
    read = len(compiled.program.external)
    flash = whole.flash - empty.flash - read
    code = flash - whole.weights - whole.tables
    packed = sum(constant.tables for constant in unique_constants(compiled.program))
    weights = min(whole.weights - packed, weight_bytes(compiled.graph))
    tables = whole.weights + whole.tables - weights
    fed = _fed_bytes(compiled)
    ram = whole.ram - empty.ram - fed - compiled.plan.block_bytes
    return Image(
        firmware=firmware,
        flash=Flash(flash, weights, tables, code),
        harness=Harness(empty.flash + read, empty.ram + fed),
        other_ram=max(ram, 0),
    )
