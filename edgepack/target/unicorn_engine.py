"""unicorn's core with hooks and devices that are C functions, which its Python binding has not."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edgepack.errors import ToolchainError

PAGE = 0x1000
_RISCV_CPUS = {"riscv32": "UC_CPU_RISCV32_ANY"}
_ARM_CPUS = {
    "cortex-m0": "UC_CPU_ARM_CORTEX_M0",
    "cortex-m3": "UC_CPU_ARM_CORTEX_M3",
    "cortex-m4": "UC_CPU_ARM_CORTEX_M4",
    "cortex-m7": "UC_CPU_ARM_CORTEX_M7",
    "cortex-m33": "UC_CPU_ARM_CORTEX_M33",
}


@dataclass(frozen=True, slots=True)
class Binding:
    """The names of the unicorn package that are used here."""

    package: Any
    const: Any
    arm: Any
    riscv: Any
    library: Any


def load() -> Binding:
    """The installed unicorn; ToolchainError where there is none, or one of another shape."""
    try:
        import unicorn
        from unicorn import arm_const, riscv_const, unicorn_const
        from unicorn.unicorn_py3.unicorn import uclib
    except ImportError as error:
        raise ToolchainError(
            f"unicorn: cannot be loaded ({error}): pip install 'unicorn>=2.1.4'"
        ) from error
    return Binding(unicorn, unicorn_const, arm_const, riscv_const, uclib)


class Engine:
    """One core: memory that this process holds, devices and hooks from a library of C functions."""

    def __init__(self, binding: Binding, devices: ctypes.CDLL, cpu: str) -> None:
        if cpu not in _ARM_CPUS and cpu not in _RISCV_CPUS:
            known = ", ".join([*_ARM_CPUS, *_RISCV_CPUS])
            raise ToolchainError(f"unicorn.cpu: {cpu!r} is unknown; known: {known}")
        self._binding = binding
        self._devices = devices
        self.is_riscv = cpu in _RISCV_CPUS
        const = binding.const
        if self.is_riscv:
            self._uc = binding.package.Uc(const.UC_ARCH_RISCV, const.UC_MODE_RISCV32)
            self._uc.ctl_set_cpu_model(getattr(binding.riscv, _RISCV_CPUS[cpu]))
        else:
            mode = const.UC_MODE_THUMB | const.UC_MODE_MCLASS
            self._uc = binding.package.Uc(const.UC_ARCH_ARM, mode)
            self._uc.ctl_set_cpu_model(getattr(binding.arm, _ARM_CPUS[cpu]))

    def map_memory(self, origin: int, size: int, host: int, *, writable: bool) -> None:
        """Let `size` bytes at address `host` of this process be memory from `origin` on."""
        const = self._binding.const
        access = const.UC_PROT_ALL if writable else const.UC_PROT_READ | const.UC_PROT_EXEC
        self._uc.mem_map_ptr(origin, size, access, ctypes.c_void_p(host))

    def map_device(self, origin: int, size: int, name: str, data: int = 0) -> None:
        """Let `<name>_read` and `<name>_write` of the library answer from `origin` on."""
        if origin % PAGE:
            raise ToolchainError(f"unicorn: {name}: {origin:#x} is no multiple of {PAGE:#x}")
        status = self._binding.library.uc_mmio_map(
            self._uc._uch,
            ctypes.c_uint64(origin),
            ctypes.c_size_t(size),
            self._function(f"{name}_read"),
            ctypes.c_void_p(data),
            self._function(f"{name}_write"),
            ctypes.c_void_p(data),
        )
        self._check(status, f"map {name}")

    def hook_blocks(self, function: str) -> None:
        """Call the library's function as each block begins."""
        self._hook(self._binding.const.UC_HOOK_BLOCK, function, 1, 0)

    def hook_code(self, function: str, begin: int, end: int) -> None:
        """Call the library's function before each instruction from `begin` to before `end`."""
        self._hook(self._binding.const.UC_HOOK_CODE, function, begin, end - 1)
        self._uc.ctl_remove_cache(max(0, begin - PAGE), end + PAGE)

    def hook_invalid(self, callback: Callable[[str, int], None]) -> None:
        """Call back with a verb and an address where the core leaves its memory."""
        const = self._binding.const
        fetches = (const.UC_MEM_FETCH_UNMAPPED, const.UC_MEM_FETCH_PROT)
        writes = (const.UC_MEM_WRITE_UNMAPPED, const.UC_MEM_WRITE_PROT)

        def invalid(_uc: Any, kind: int, address: int, _size: int, _value: int, _: Any) -> bool:
            verb = "jumps to" if kind in fetches else "writes to" if kind in writes else "reads"
            callback(verb, address)
            return False

        self._uc.hook_add(const.UC_HOOK_MEM_INVALID, invalid)

    def write(self, address: int, data: bytes) -> bool:
        """Store `data`; whether there is memory for it."""
        try:
            self._uc.mem_write(address, data)
        except self._binding.package.UcError:
            return False
        return True

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes from `address` on."""
        return bytes(self._uc.mem_read(address, size))

    def set_stack(self, address: int) -> None:
        """Set Arm's stack pointer."""
        self._uc.reg_write(self._binding.arm.UC_ARM_REG_SP, address)

    def run(self, address: int, never: int) -> tuple[int, str]:
        """Run from `address` until stopped: where it stands, and the engine's complaint or ""."""
        complaint = ""
        try:
            self._uc.emu_start(address if self.is_riscv else address | 1, never)
        except self._binding.package.UcError as error:
            complaint = str(error)
        riscv, arm = self._binding.riscv.UC_RISCV_REG_PC, self._binding.arm.UC_ARM_REG_PC
        return int(self._uc.reg_read(riscv if self.is_riscv else arm)), complaint

    def _function(self, name: str) -> ctypes.c_void_p:
        return ctypes.cast(getattr(self._devices, name), ctypes.c_void_p)

    def _hook(self, kind: int, function: str, begin: int, end: int) -> None:
        handle = ctypes.c_size_t()
        status = self._binding.library.uc_hook_add(
            self._uc._uch,
            ctypes.byref(handle),
            kind,
            self._function(function),
            None,
            ctypes.c_uint64(begin),
            ctypes.c_uint64(end),
        )
        self._check(status, f"hook {function}")

    def _check(self, status: int, what: str) -> None:
        if status:
            raise ToolchainError(f"unicorn: cannot {what}: {self._binding.package.UcError(status)}")
