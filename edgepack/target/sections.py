"""What an image takes of flash and RAM, read from its ELF file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepack.errors import ToolchainError
from edgepack.program import Firmware, Role

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile

_ALLOC = 0x2
_WRITE = 0x1
_HOT = ".hot"  # code in RAM
_STACK = ".stack"  # room the linker script reserves; what is used of it a device measures


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of an image. Initialised data counts in both: it lies in flash and is copied to RAM."""

    flash: int
    ram: int  # without stack
    weights: int  # of `flash`: the named constants of that role
    tables: int


@dataclass(frozen=True, slots=True)
class Function:
    """A function that was linked; the address of its first instruction."""

    name: str
    address: int
    size: int


@dataclass(frozen=True, slots=True)
class Linked:
    """A function or an object that was linked."""

    name: str
    address: int
    bytes: int
    code: bool


def linked(elf: Path) -> tuple[Linked, ...]:
    """Every function and object with bytes of its own; none of a program that is no ELF file."""
    if elf.read_bytes()[:4] != b"\x7fELF":
        return ()
    kinds = {"STT_FUNC": True, "STT_OBJECT": False}
    with _opened(elf) as opened:
        return tuple(
            Linked(s.name, int(s["st_value"]), int(s["st_size"]), kinds[s["st_info"]["type"]])
            for s in _symbols(opened)
            if s["st_info"]["type"] in kinds and s["st_size"]
        )


def measure(firmware: Firmware, symbols: Mapping[str, Role]) -> Sizes:
    """The image's flash and RAM, and how much of its flash the named constants take.

    A constant the linker dropped counts nothing. An image that is no ELF file (a host board on
    macOS) has sizes of zero.
    """
    path = Path(firmware.elf)
    if path.read_bytes()[:4] != b"\x7fELF":
        return Sizes(0, 0, 0, 0)
    with _opened(path) as elf:
        allocated = [s for s in elf.iter_sections() if s["sh_flags"] & _ALLOC]
        found = _symbol_bytes(elf)
    flash = sum(s["sh_size"] for s in allocated if not _is_zeroed(s))
    ram = sum(s["sh_size"] for s in allocated if _is_in_ram(s) and s.name != _STACK)
    of_role = {
        role: sum(found.get(name, 0) for name, of in symbols.items() if of == role)
        for role in ("weights", "tables")
    }
    return Sizes(flash, ram, of_role["weights"], of_role["tables"])


def stack_room(firmware: Firmware) -> int | None:
    """Bytes between the image's static data and the top of RAM; None for a host's program."""
    path = Path(firmware.elf)
    if path.read_bytes()[:4] != b"\x7fELF":
        return None
    found = symbol_addresses(path)
    if "__stack_top" not in found:
        return None
    return found["__stack_top"] - found["__bss_end"]


def symbol_bytes(elf: Path) -> dict[str, int]:
    """The size of every function and object that was linked, by its name."""
    with _opened(elf) as opened:
        return _symbol_bytes(opened)


def symbol_addresses(elf: Path) -> dict[str, int]:
    """The address of every symbol that was linked, by its name; a Thumb function's is odd."""
    with _opened(elf) as opened:
        return {s.name: int(s["st_value"]) for s in _symbols(opened)}


def functions(elf: Path) -> tuple[Function, ...]:
    """Every function that was linked; those of different files may share a name."""
    with _opened(elf) as opened:
        thumb = opened["e_machine"] == "EM_ARM"
        found = [s for s in _symbols(opened) if s["st_info"]["type"] == "STT_FUNC" and s["st_size"]]
        return tuple(
            Function(s.name, int(s["st_value"]) & (~1 if thumb else ~0), int(s["st_size"]))
            for s in found
        )


def biggest_input(objects: Iterable[Path], *, ram: bool) -> tuple[str, int]:
    """The largest section that objects bring to RAM or to flash, and its bytes."""
    best = ("nothing", 0)
    for path in objects:
        with _opened(path) as elf:
            for section in elf.iter_sections():
                wanted = _is_in_ram(section) if ram else not _is_zeroed(section)
                if section["sh_flags"] & _ALLOC and wanted and section["sh_size"] > best[1]:
                    best = (f"{section.name} of {path.stem}", int(section["sh_size"]))
    return best


def _opened(path: Path) -> _Opened:
    return _Opened(path)


class _Opened:
    """An ELF file for the length of a `with` block; ToolchainError where it is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("rb")

    def __enter__(self) -> ELFFile:
        from elftools.common.exceptions import ELFError
        from elftools.elf.elffile import ELFFile

        try:
            return ELFFile(self._file)
        except ELFError as error:
            self._file.close()
            raise ToolchainError(f"{self._path}: not an ELF file: {error}") from error

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _is_zeroed(section: Any) -> bool:
    return bool(section["sh_type"] == "SHT_NOBITS")


def _is_in_ram(section: Any) -> bool:
    return _is_zeroed(section) or bool(section["sh_flags"] & _WRITE) or section.name == _HOT


def _symbols(elf: ELFFile) -> Iterator[Any]:
    table: Any = elf.get_section_by_name(".symtab")
    return iter(()) if table is None else table.iter_symbols()


def _symbol_bytes(elf: ELFFile) -> dict[str, int]:
    kinds = ("STT_OBJECT", "STT_FUNC")
    return {s.name: int(s["st_size"]) for s in _symbols(elf) if s["st_info"]["type"] in kinds}
