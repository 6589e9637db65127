"""Firmware images: the same bytes anywhere, their sizes, and what a failure says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from edgepack.board import Board, known_boards, load_board
from edgepack.errors import GateError, ToolchainError, UsageError
from edgepack.resources import template_bytes
from edgepack.store import Tree, cache_root
from edgepack.target import build, sections, toolchain
from tests.system.target.echo import HARNESS, build_echo, environment, require_compiler

BOARDS = {name: load_board(name) for name in known_boards()}
M4 = BOARDS["mps2-an386"]
MODEL = b"""/* SPDX-License-Identifier: MIT-0 */
#include <stdint.h>
#include "ep_port.h"
extern const int8_t used_weights[1000];
const int8_t used_weights[1000] = {1, 2, 3};
extern const int32_t used_table[10];
const int32_t used_table[10] = {4};
extern const int8_t unused_weights[5000];
const int8_t unused_weights[5000] = {1};
uint8_t arena[3000];
int64_t slow(int64_t a, int64_t b);
int64_t slow(int64_t a, int64_t b) { return a / b; }
"""
MAIN = b"""/* SPDX-License-Identifier: MIT-0 */
#include <stdint.h>
#include "ep_port.h"
extern const int8_t used_weights[1000];
extern const int32_t used_table[10];
extern uint8_t arena[3000];
int64_t slow(int64_t a, int64_t b);
int main(void);
int main(void) {
    ep_port_init();
    for (;;) {
        const int32_t at = ep_port_getc();
        if (at >= 0) {
            arena[at] = (uint8_t)used_weights[at];
            ep_port_putc((uint8_t)(arena[at] + slow(used_table[at % 10], at)));
        }
    }
}
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects come from the compiler, not from an earlier run; zig keeps its own cache."""
    monkeypatch.setenv("ZIG_GLOBAL_CACHE_DIR", str(cache_root() / "zig"))
    monkeypatch.setenv("EDGEPACK_CACHE", str(tmp_path_factory.mktemp("cache")))


def image(board: Board, folder: Path, model: bytes = MODEL, main: bytes = MAIN, **more: bytes):
    tree = Tree({"model.c": model, "main.c": b"#error not for firmware\n", **more})
    return build.build_image(tree, Tree({"ep_main.c": main}), board, folder)


@pytest.mark.parametrize("name", ["mps2-an386", "riscv-virt", "host"])
@pytest.mark.parametrize("kind", ["gcc", "zig"])
def test_same_bytes_in_any_folder(name: str, kind: str, tmp_path: Path) -> None:
    board = BOARDS[name]
    if (name, kind) == ("host", "zig"):
        pytest.skip("zig builds a C library for the host first, which takes a quarter of a minute")
    require_compiler(board, kind)
    images = []
    for number in (1, 2):
        folder = tmp_path / f"{'deeper/' * number}out"
        with environment(EDGEPACK_COMPILER=kind, EDGEPACK_CACHE=str(tmp_path / f"cache{number}")):
            firmware = build_echo(board, folder)
        images.append(firmware)
        content = Path(firmware.elf).read_bytes()
        assert str(tmp_path).encode() not in content
        assert sys.prefix.encode() not in content
    assert images[0].sha256 == images[1].sha256
    assert images[0].identity == images[1].identity


def test_identity_follows_every_input(tmp_path: Path) -> None:
    require_compiler(M4)
    usual = image(M4, tmp_path / "a")
    assert image(M4, tmp_path / "b").identity == usual.identity
    other_source = image(M4, tmp_path / "c", MODEL.replace(b"{1, 2, 3}", b"{1, 2, 4}"))
    other_board = image(M4.model_copy(update={"name": "mine"}), tmp_path / "d")
    hooked = build.build_image(
        Tree({"model.c": MODEL}), Tree({"ep_main.c": MAIN}), M4, tmp_path / "e", hook=True
    )
    ids = {f.identity for f in (usual, other_source, other_board, hooked)}
    assert len(ids) == 4
    assert hooked.hook
    assert not usual.hook


def test_hook_is_a_macro_of_the_whole_image(tmp_path: Path) -> None:
    require_compiler(M4)
    probe = b"extern const int probe;\nconst int probe = EP_HOOK;\n"
    main = MAIN.replace(b"ep_port_init();", b"ep_port_init(); arena[0] = (uint8_t)probe;")
    main = main.replace(b"int main(void);", b"extern const int probe;\nint main(void);")
    for hook in (False, True):
        firmware = build.build_image(
            Tree({"model.c": MODEL, "probe.c": probe}),
            Tree({"ep_main.c": main}),
            M4,
            tmp_path / str(hook),
            hook=hook,
        )
        assert word_of_symbol(firmware.elf, "probe") == int(hook)


def test_second_build_compiles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_compiler(M4)
    first = build_echo(M4, tmp_path / "a")
    calls: list[list[str]] = []
    run = build.run_compiler
    monkeypatch.setattr("edgepack.target.objects.run_compiler", lambda *a: calls.append(a))
    monkeypatch.setattr(build, "run_compiler", run)
    assert build_echo(M4, tmp_path / "b").sha256 == first.sha256
    assert calls == []


@pytest.mark.parametrize("kind", ["gcc", "zig"])
def test_sizes_are_those_of_the_sections(kind: str, tmp_path: Path) -> None:
    require_compiler(M4, kind)
    with environment(EDGEPACK_COMPILER=kind):
        firmware = image(M4, tmp_path)
    found = sections.measure(
        firmware,
        {"used_weights": "weights", "unused_weights": "weights", "used_table": "tables"},
    )
    assert (found.weights, found.tables) == (1000, 40)
    if shutil.which("arm-none-eabi-size") is None:
        pytest.skip("arm-none-eabi-size is not installed")
    shown = subprocess.run(
        ["arm-none-eabi-size", firmware.elf], capture_output=True, text=True, check=True
    )
    text, data, zeroed = map(int, shown.stdout.splitlines()[1].split()[:3])
    assert found.flash == text + data
    assert found.ram == data + zeroed - M4.memory.stack_bytes
    assert found.ram >= 3000


def test_no_heap_and_no_unwinder(tmp_path: Path) -> None:
    for name, board in BOARDS.items():
        if board.toolchain.family == "host":
            continue
        require_compiler(board)
        linked = sections.symbol_bytes(Path(image(board, tmp_path / name).elf))
        assert "slow" in linked
        assert "unused_weights" not in linked
        unwanted = re.compile(r"malloc|free$|_?sbrk|__aeabi_unwind|_Unwind|abort|printf")
        assert [symbol for symbol in linked if unwanted.search(symbol)] == []


def test_what_is_left_for_the_stack(tmp_path: Path) -> None:
    require_compiler(M4)
    firmware = image(shrunk(M4, ram=16384), tmp_path / "m4")
    used = sections.measure(firmware, {}).ram
    room = sections.stack_room(firmware)
    assert room is not None
    assert 16384 - used - 32 <= room <= 16384 - used
    require_compiler(BOARDS["host"])
    assert sections.stack_room(build_echo(BOARDS["host"], tmp_path / "host")) is None


@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("name", ["mps2-an386"])
def test_ram_overflow_says_by_how_much(name: str, kind: str, tmp_path: Path) -> None:
    board = BOARDS[name]
    require_compiler(board, kind)
    small = shrunk(board, ram=2500)
    with environment(EDGEPACK_COMPILER=kind), pytest.raises(GateError) as caught:
        image(small, tmp_path / "out")
    message = str(caught.value)
    assert re.fullmatch(
        r"mps2-an386: ram has 2500 B and the image needs \d+ B more; the biggest part is "
        r"\.bss\.arena of model\.c with 3000 B\. Prune the model, or take a larger board\.",
        message,
    )
    over = int(re.search(r"needs (\d+) B more", message)[1])
    assert 3000 + 2048 - 2500 <= over <= 3000 + 2048 - 2500 + 256
    assert not (tmp_path / "out").exists()


def test_flash_overflow_names_the_biggest_part(tmp_path: Path) -> None:
    require_compiler(M4)
    with pytest.raises(GateError) as caught:
        image(shrunk(M4, flash=512), tmp_path / "out")
    assert re.fullmatch(
        r"mps2-an386: flash has 512 B and the image needs \d+ B more; the biggest part is "
        r"\.rodata\.unused_weights of model\.c with 5000 B\. Prune the model, or take a larger "
        r"board\.",
        str(caught.value),
    )


def test_refused_source_gives_the_compilers_first_error(tmp_path: Path) -> None:
    require_compiler(M4)
    with pytest.raises(ToolchainError) as caught:
        image(M4, tmp_path / "out", MODEL + b"int broken = missing;\n")
    assert re.fullmatch(
        r"arm-none-eabi-gcc \S+ refuses model\.c: model\.c:13:14: error: 'missing' undeclared.*",
        str(caught.value),
    )
    assert not (tmp_path / "out").exists()


def test_missing_function_is_named(tmp_path: Path) -> None:
    require_compiler(M4)
    main = MAIN.replace(b"slow(", b"absent(")
    with pytest.raises(ToolchainError, match=r"cannot link the image: .*undefined.*absent"):
        image(M4, tmp_path / "out", main=main)


def test_assembly_is_part_of_an_image(tmp_path: Path) -> None:
    require_compiler(M4)
    code = b"""    .syntax unified
    .section .text.seven, "ax"
    .global seven
    .type seven, %function
    .thumb_func
seven:
    movs r0, #7
    bx lr
    .size seven, . - seven
"""
    main = MAIN.replace(b"ep_port_init();", b"ep_port_init(); arena[0] = (uint8_t)seven();")
    main = main.replace(b"int main(void);", b"int seven(void);\nint main(void);")
    for kind in ("gcc", "zig"):
        require_compiler(M4, kind)
        with environment(EDGEPACK_COMPILER=kind):
            firmware = image(M4, tmp_path / kind, main=main, **{"kernels/seven.S": code})
        assert sections.symbol_bytes(Path(firmware.elf))["seven"] == 4


def test_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_compiler(M4)

    def full(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UsageError, match=r"^cannot build in .*: No space left on device$"):
        image(M4, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_foreign_files_are_left_alone(tmp_path: Path) -> None:
    require_compiler(M4)
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"holds files edgepack did not write \(thesis\.txt\)"):
        image(M4, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["thesis.txt"]


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_every_port_compiles_without_a_warning(name: str, tmp_path: Path) -> None:
    board = BOARDS[name]
    require_compiler(board)
    compiler = toolchain.find(board)
    plan = build.plan_image(Tree({}), HARNESS, board, compiler, hook=False)
    for path, data in plan.sources.files.items():
        (tmp_path / path).write_bytes(data)
    for unit in plan.units:
        call = compiler.compile(unit.path, "out.o", *unit.options, "-Werror")
        done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_image_starts_where_the_board_boots(name: str, tmp_path: Path) -> None:
    board = BOARDS[name]
    if board.memory is None:
        pytest.skip("a host board has no memory map")
    require_compiler(board)
    firmware = build_echo(board, tmp_path)
    symbols = sections.symbol_addresses(Path(firmware.elf))
    origin = board.memory.flash.origin
    top = board.memory.ram.origin + board.memory.ram.bytes
    assert symbols["__stack_top"] == top
    with Path(firmware.elf).open("rb") as file:
        first = ELFFile(file).get_section_by_name(".text")
        assert first["sh_addr"] == origin
        start = first.data()[:8]
    if board.toolchain.family == "arm":
        assert int.from_bytes(start[:4], "little") == top
        assert int.from_bytes(start[4:], "little") == symbols["Reset_Handler"]
    else:
        assert symbols["Reset_Handler"] == origin


def test_memory_functions_do_what_c_says(tmp_path: Path) -> None:
    require_compiler(BOARDS["host"])
    compiler = toolchain.find(BOARDS["host"])
    source = template_bytes("ports/ep_memory.c")
    renamed = re.sub(rb"\b(mem(?:cpy|move|set|cmp))\b", rb"ours_\1", source)
    (tmp_path / "ours.c").write_bytes(renamed)
    (tmp_path / "check.c").write_bytes(Path(__file__).with_name("memory_check.c").read_bytes())
    for name in ("ours", "check"):
        call = compiler.compile(f"{name}.c", f"{name}.o", "-O2", "-fsanitize=address,undefined")
        subprocess.run(call, cwd=tmp_path, check=True)
    link = [*compiler.command, "ours.o", "check.o", "-fsanitize=address,undefined", "-o", "check"]
    subprocess.run(link, cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "check"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "all right\n"), done.stderr


def shrunk(board: Board, **sizes: int) -> Board:
    regions: Mapping[str, object] = {
        name: getattr(board.memory, name).model_copy(update={"bytes": size})
        for name, size in sizes.items()
    }
    return board.model_copy(update={"memory": board.memory.model_copy(update=regions)})


def word_of_symbol(elf: str, name: str) -> int:
    address = sections.symbol_addresses(Path(elf))[name]
    with Path(elf).open("rb") as file:
        for section in ELFFile(file).iter_sections():
            start = section["sh_addr"]
            if section["sh_type"] == "SHT_PROGBITS" and 0 <= address - start < section["sh_size"]:
                return int.from_bytes(section.data()[address - start :][:4], "little")
    raise AssertionError(f"{name} lies in no section")
