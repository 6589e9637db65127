"""Cycles estimated beside counted instructions: one more inference, its blocks counted."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from edgepack.board import Board
from edgepack.device.session import Identity, open_session
from edgepack.errors import ToolchainError
from edgepack.pipeline.compile import Compiled
from edgepack.pipeline.firmware import Image
from edgepack.program import Port
from edgepack.results import Latency, Unit
from edgepack.target import block_counts, unicorn_emulator
from edgepack.target.cycles import CORES, Cycles, Estimate, estimate
from edgepack.target.sections import symbol_addresses


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

    Only where there is no `obstacle`. Raises what the emulator raises.
    """
    elf = Path(image.firmware.elf)
    identity = Identity(compiled.graph.sha256, image.firmware.identity, board.name)
    entry = symbol_addresses(elf)[f"{compiled.graph.name}_invoke"] & ~1
    with tempfile.TemporaryDirectory(prefix="edgepack-cycles-") as folder:
        file = Path(folder) / "counts"
        block_counts.prepare(file)
        count = block_counts.Counting(entry, file)
        with (
            unicorn_emulator.start(board, image.firmware, count) as (path, name),
            open_session(Port(path, board.serial.baud, name), identity) as session,
        ):
            session.infer(inputs)
            counted = block_counts.read(file)
    if counted.runs != 1:
        raise ToolchainError(f"{board.name}: one inference was run, {counted.runs} were counted")
    return estimate(CORES[board.core], counted.blocks, code_of(elf), wait_states)


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
