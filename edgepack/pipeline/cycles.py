"""Cycles estimated beside counted instructions: one more inference, its blocks counted."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from edgepack.board import Board
from edgepack.device.session import Identity, Session, open_session
from edgepack.errors import ToolchainError
from edgepack.pipeline.compile import Compiled
from edgepack.pipeline.firmware import Image, empty_image
from edgepack.program import Port
from edgepack.results import Latency, Unit
from edgepack.target import block_counts, unicorn_emulator
from edgepack.target.cycles import CORES, Block, Cycles, Estimate, estimate
from edgepack.target.sections import functions, symbol_addresses

HOOK = "profile_hook"  # of the device's server: called after each step


def obstacle(board: Board) -> str:
    """Why there can be no estimate for the board, or ''."""
    if board.core not in CORES:
        return f"{board.core} has no model; {', '.join(CORES)} have one"
    if board.unicorn is None:
        return f"unicorn cannot play {board.name}, and it alone counts blocks"
    if unicorn_emulator.version() is None:
        return f"unicorn is missing: {unicorn_emulator.install_command()}"
    return ""


def cycle_estimate(
    compiled: Compiled,
    image: Image,
    board: Board,
    inputs: Sequence[bytes],
    wait_states: int = 0,
) -> Estimate:
    """Cycles of one inference with these inputs, whatever the data of others would take.

    Behind a front end that runs the model every few calls, the mean of that many. Only where there
    is no `obstacle`. Raises what the emulator raises.
    """
    front = compiled.spec.front_end
    calls = front.stride if front is not None else 1
    counted = _counted(
        compiled, image, board, lambda session: [session.infer(inputs) for _ in range(calls)]
    )
    if counted.runs != calls:
        raise ToolchainError(f"{board.name}: {calls} inferences ran, {counted.runs} were counted")
    read = code_of(Path(image.firmware.elf))
    found = estimate(CORES[board.core], counted.blocks, read, wait_states)
    each = found.cycles.times(1 / calls, 1 / calls, 1 / calls)
    return Estimate(found.model, found.instructions // calls, each)


def step_estimates(
    compiled: Compiled,
    image: Image,
    board: Board,
    inputs: Sequence[bytes],
    wait_states: int = 0,
) -> tuple[Estimate, ...]:
    """Cycles of each step of an image with the hook, the same way; the hook's own are left out."""
    elf = Path(image.firmware.elf)
    counted = _counted(compiled, image, board, lambda session: session.profile(inputs), HOOK)
    own = harness_functions(elf, board)
    blocks = [b for b in counted.blocks if not any(b.address in span for span in own)]
    read, costs = code_of(elf), CORES[board.core]
    return tuple(
        estimate(costs, _per_run(blocks, lap, counted.runs), read, wait_states)
        for lap in range(len(compiled.program.steps))
    )


def _per_run(blocks: Iterable[Block], lap: int, runs: int) -> list[Block]:
    return [
        replace(b, count=b.count // runs, taken=b.taken // runs) for b in blocks if b.lap == lap
    ]


def harness_functions(elf: Path, board: Board) -> tuple[range, ...]:
    """Where the image has the harness's functions; the C library's may be the kernels'."""
    names = {function.name for function in functions(Path(empty_image(board, hook=True).elf))}
    library = ("mem", "__")
    return tuple(
        range(function.address, function.address + function.size)
        for function in functions(elf)
        if function.name in names and not function.name.startswith(library)
    )


def _counted(
    compiled: Compiled,
    image: Image,
    board: Board,
    ask: Callable[[Session], object],
    lap: str = "",
) -> block_counts.Counted:
    """The blocks of `<name>_invoke` that run while the session is asked for something."""
    elf = Path(image.firmware.elf)
    identity = Identity(compiled.graph.sha256, image.firmware.identity, board.name)
    addresses = symbol_addresses(elf)
    entry = addresses[f"{compiled.graph.name}_invoke"] & ~1
    with tempfile.TemporaryDirectory(prefix="edgepack-cycles-") as folder:
        file = Path(folder) / "counts"
        block_counts.prepare(file)
        count = block_counts.Counting(entry, file, addresses[lap] & ~1 if lap else 0)
        with (
            unicorn_emulator.start(board, image.firmware, count) as (path, name),
            open_session(Port(path, board.serial.baud, name), identity) as session,
        ):
            ask(session)
            return block_counts.read(file)


def code_of(elf: Path) -> Callable[[int, int], bytes]:
    """Bytes of the image by address and size, where they lie as the program runs."""
    from elftools.elf.elffile import ELFFile

    with elf.open("rb") as file:
        loaded = [
            (int(s["p_vaddr"]), bytes(s.data()))
            for s in ELFFile(file).iter_segments("PT_LOAD")
            if s["p_filesz"] > 0
        ]

    def read(address: int, size: int) -> bytes:
        for start, data in loaded:
            if start <= address and address + size <= start + len(data):
                return data[address - start : address - start + size]
        raise ToolchainError(f"{elf}: {size} B at {address:#x} ran and are not in the image")

    return read


def as_latencies(found: Estimate, clock_hz: int) -> tuple[Latency, ...]:
    """The estimate in cycles, and in microseconds where the clock is known."""
    figures = [_latency(found, "cycles", found.cycles)]
    if clock_hz > 0:
        us = 1e6 / clock_hz
        figures.append(_latency(found, "us", found.cycles.times(us, us, us)))
    return tuple(figures)


def _latency(found: Estimate, unit: Unit, cycles: Cycles) -> Latency:
    likely = cycles.likely
    return Latency(
        kind="estimated",
        unit=unit,
        n=1,
        mean=likely,
        p50=likely,
        p95=likely,
        p99=likely,
        min=cycles.low,
        max=cycles.high,
        model=found.model,
    )
