"""The process that plays one board with unicorn: memory, devices, the run and its end.

Started by `unicorn_emulator`, which reads lines of JSON from it: the pty's path once the image is
written and verified, and later perhaps what went wrong. Counted blocks go to a file that it shares.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import pty
import sys
import threading
import tty
from pathlib import Path

from edgepack.board import Board, Region
from edgepack.errors import DeviceError, EdgepackError, ToolchainError
from edgepack.target import block_counts, flash
from edgepack.target.unicorn_engine import PAGE, Engine, load

_STOP_PLACE, _STOP_RESET = 1, 2  # as in unicorn_core.h
_NEVER = 0xFFFFFFFE
_ARM_PRIVATE = Region(origin=0xE0000000, bytes=0x100000)
_NRF51_CLOCK = 0x40000000
_RISCV_POWER = 0x100000
# `csrrs rd, csr, x0` of [m]cycle, [m]instret and their high halves; rd is masked out
_COUNTER_READS = frozenset(
    (bank + half + kind) << 20 | 0x2073
    for bank in (0xB00, 0xC00)
    for half in (0, 0x80)
    for kind in (0, 2)
)
_RD_MASK = 0x1F << 7


def main(text: str) -> None:
    """Play the board of one JSON task (board, elf, library, lifeline, count). Never returns."""
    task = json.loads(text)
    threading.Thread(target=_end_with, args=(int(task["lifeline"]),), daemon=True).start()
    try:
        board = Board.model_validate(task["board"])
        machine = Machine(board, Path(task["elf"]), ctypes.CDLL(task["library"]))
        if task["count"] is not None:
            counting = task["count"]
            machine.count(counting["entry"], counting["lap_entry"], Path(counting["file"]))
        written = machine.flash()
        _tell(port=machine.port, written=written)
        machine.run()
    except EdgepackError as error:
        _tell(error=str(error), tool=isinstance(error, ToolchainError))
    except Exception as error:
        _tell(error=f"the unicorn emulator failed: {type(error).__name__}: {error}", tool=True)
    os._exit(1)


def _tell(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _end_with(lifeline: int) -> None:
    """End this process when the pipe's other end closes, however its holder died."""
    while os.read(lifeline, 1):
        pass
    os._exit(0)


class Machine:
    """A board: its memory, its devices on a pty, and a core that `run` keeps going."""

    def __init__(self, board: Board, elf: Path, devices: ctypes.CDLL) -> None:
        assert board.memory is not None
        assert board.unicorn is not None
        self._board = board
        self._plan = board.unicorn
        self._flash = board.memory.flash
        self._regions = [
            *((region, False) for region in board.memory.all("flash").values()),
            *((region, True) for region in board.memory.all("ram").values()),
        ]
        self._elf = elf
        self._devices = devices
        self._binding = load()
        self._views = [_host_memory(region.bytes) for region, _ in self._regions]
        self._private = _host_memory(_ARM_PRIVATE.bytes)
        self._timed: set[tuple[int, int]] = set()  # blocks that touch a timer
        self._fault = ""
        self._block_hook = "on_block"
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._set_up_devices()
        self._engine = self._assemble()

    @property
    def port(self) -> str:
        """The path of the serial line's pty."""
        return os.ttyname(self._slave)

    def flash(self) -> int:
        """Write the image's segments and read them back; the bytes written."""
        return flash.write_verified(self, flash.segments(self._elf), self._board.name)

    def count(self, entry: int, lap_entry: int, file: Path) -> None:
        """Count the blocks of the function at `entry` in `file`, laid out by `block_counts`."""
        with file.open("r+b") as shared:
            self._counts = mmap.mmap(shared.fileno(), 0)
        self._devices.machine_count(
            (ctypes.c_uint8 * len(self._counts)).from_buffer(self._counts),
            ctypes.c_uint32(block_counts.capacity(len(self._counts))),
            ctypes.c_uint64(entry),
            ctypes.c_uint64(lap_entry),
        )
        self._block_hook = "on_counted_block"
        self._engine = self._assemble()

    def write_memory(self, address: int, data: bytes) -> None:
        """Store `data`; DeviceError where the engine cannot."""
        if not self._engine.write(address, data):
            raise DeviceError(f"{self._board.name}: cannot write {len(data)} B to {address:#x}")

    def read_memory(self, address: int, size: int) -> bytes:
        """`size` bytes from `address` on."""
        return self._engine.read(address, size)

    def run(self) -> None:
        """Play the board, through resets, until it fails: DeviceError says where and how."""
        while True:
            place: int | None = self._begin()
            while place is not None:
                place = self._run_from(place)
            self._devices.machine_reset()
            self._engine = self._assemble()

    def _begin(self) -> int:
        """Put the core where a reset puts it; the address of the first instruction."""
        if self._engine.is_riscv:
            for address in counter_reads(flash.segments(self._elf)):
                self._engine.hook_code("on_counter", address, address + 4)
            return flash.entry(self._elf)
        table = self.read_memory(self._flash.origin, 8)
        stack, entry = (int.from_bytes(table[i : i + 4], "little") for i in (0, 4))
        self._engine.set_stack(stack)
        return entry & ~1

    def _run_from(self, address: int) -> int | None:
        """Run until the engine stops: where to go on, or None for a reset."""
        place, complaint = self._engine.run(address, _NEVER)
        reason = self._devices.machine_stopped(ctypes.c_uint64(place))
        if reason == _STOP_RESET:
            return None
        if reason != _STOP_PLACE:
            self._devices.machine_flush()
            problem = self._fault or complaint or "it sleeps, and nothing can wake it"
            raise DeviceError(
                f"{self._board.name}: the firmware stopped at {place:#x}"
                f"{_symbol(self._elf, place)}: {problem}. "
                f"Look the address up in {self._elf} with addr2line or objdump."
            )
        block = (int(self._devices.machine_block()), int(self._devices.machine_block_end()))
        self._timed.add(block)
        self._engine.hook_code("on_place", *block)
        return place

    def _set_up_devices(self) -> None:
        """Tell the devices their line, their time, and the memory that instructions lie in."""
        self._devices.machine_block.restype = ctypes.c_uint64
        self._devices.machine_block_end.restype = ctypes.c_uint64
        riscv = self._binding.riscv
        is_riscv = self._board.toolchain.family == "riscv"
        self._devices.machine_setup(
            self._master,
            self._board.qemu.icount_shift if self._board.qemu else 0,
            ctypes.c_uint64(self._board.timer.hz),
            ctypes.cast(self._binding.library.uc_emu_stop, ctypes.c_void_p),
            ctypes.cast(self._binding.library.uc_reg_write, ctypes.c_void_p),
            riscv.UC_RISCV_REG_X0 if is_riscv else 0,
            riscv.UC_RISCV_REG_PC if is_riscv else 0,
        )
        for (region, _), view in zip(self._regions, self._views, strict=True):
            if not self._devices.machine_memory(
                ctypes.c_uint64(region.origin), ctypes.c_uint64(region.bytes), view
            ):
                raise ToolchainError(f"unicorn: {self._board.name} has too many memory regions")

    def _assemble(self) -> Engine:
        """A fresh core over the board's memory and devices."""
        engine = Engine(self._binding, self._devices, self._plan.cpu)
        for (region, writable), view in zip(self._regions, self._views, strict=True):
            host = ctypes.addressof(view)
            engine.map_memory(region.origin, region.bytes, host, writable=writable)
        engine.map_device(self._plan.uart_base, PAGE, f"{self._plan.uart}_uart")
        if self._plan.timer != "minstret":
            engine.map_device(self._plan.timer_base, PAGE, f"{self._plan.timer}_timer")
        if self._plan.uart == "nrf51":
            engine.map_device(_NRF51_CLOCK, PAGE, "nrf51_clock")
        if engine.is_riscv:
            engine.map_device(_RISCV_POWER, PAGE, "power")
        else:
            private = ctypes.addressof(self._private)
            engine.map_device(_ARM_PRIVATE.origin, _ARM_PRIVATE.bytes, "registers", private)
        engine.hook_blocks(self._block_hook)
        for block in self._timed:
            engine.hook_code("on_place", *block)
        engine.hook_invalid(self._on_invalid)
        return engine

    def _on_invalid(self, verb: str, address: int) -> None:
        in_flash = any(r.origin <= address < r.end for r, writable in self._regions if not writable)
        why = "which is flash" if in_flash else "where the board has nothing"
        self._fault = f"it {verb} {address:#x}, {why}"


def counter_reads(image: tuple[flash.Segment, ...]) -> list[int]:
    """The addresses of what looks like a RISC-V instruction that reads a counter."""
    return [
        segment.address + at
        for segment in image
        for at in range(0, len(segment.data) - 3, 2)
        if segment.data[at] == 0x73 or segment.data[at] == 0xF3
        if int.from_bytes(segment.data[at : at + 4], "little") & ~_RD_MASK in _COUNTER_READS
    ]


def _host_memory(size: int) -> ctypes.Array[ctypes.c_uint8]:
    """Zeroed memory of this process, for as long as what comes back lives."""
    return (ctypes.c_uint8 * size).from_buffer(mmap.mmap(-1, size))


def _symbol(elf: Path, address: int) -> str:
    """` (name+0x12)` of the function around an address, or nothing."""
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    with elf.open("rb") as file:
        tables = [s for s in ELFFile(file).iter_sections() if isinstance(s, SymbolTableSection)]
        for symbol in (symbol for table in tables for symbol in table.iter_symbols()):
            start = symbol["st_value"] & ~1
            is_function = symbol["st_info"]["type"] == "STT_FUNC"
            if is_function and start <= address < start + symbol["st_size"]:
                return f" ({symbol.name}+{address - start:#x})"
    return ""
