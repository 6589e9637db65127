"""C to a firmware image: the model, the protocol and the board's port, compiled and linked."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from edgepack.board import Board
from edgepack.errors import GateError, UsageError
from edgepack.program import Firmware
from edgepack.resources import folder as resource_folder
from edgepack.resources import template_bytes
from edgepack.store import Tree, canonical_json, sha256, write_tree
from edgepack.target import sections, toolchain
from edgepack.target.objects import Unit, compile_unit, object_name, run_compiler
from edgepack.target.toolchain import Toolchain

MODEL_LEVEL, SMALL_LEVEL = "-O2", "-Os"
HARNESS_LEVEL = "-Os"
ELF = "firmware.elf"
SCRIPT = "link.ld"
ENTRY = "Reset_Handler"
_JOBS = 2
_PAINT_BYTES = 0x1_0000
_SHARED = {
    "arm": ("ep_memory.c", "ep_stack.c", "ep_start_arm.c"),
    "riscv": ("ep_memory.c", "ep_stack.c", "ep_start_riscv.c"),
    "host": (),
}
_OVERFLOW = re.compile(
    r"region [`'](?P<gcc>\w+)' overflowed by (?P<gcc_bytes>\d+) bytes"
    r"|will not fit in region '(?P<lld>\w+)': overflowed by (?P<lld_bytes>\d+) bytes"
)


@dataclass(frozen=True, slots=True)
class Hot:
    """C files of the model whose code startup copies into a region of RAM, where it runs."""

    region: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides an image's bytes, before any compiler ran."""

    sources: Tree
    units: tuple[Unit, ...]
    identity: str
    flags: str


def build(
    tree: Tree,
    board: Board,
    folder: Path,
    *,
    hook: bool = False,
    hot: Hot | None = None,
    small: bool = False,
) -> Firmware:
    """Compile and link the model's C with the protocol's server and the board's port.

    What is `hot` runs from RAM; `small` has the compiler save flash rather than time. `folder`
    gets the sources and `firmware.elf`, whole or not at all.
    Raises ToolchainError where the compiler is missing or refuses, GateError where the image does
    not fit the board.
    """
    return build_image(tree, protocol_tree(), board, folder, hook=hook, hot=hot, small=small)


def build_image(
    tree: Tree,
    harness: Tree,
    board: Board,
    folder: Path,
    *,
    hook: bool = False,
    hot: Hot | None = None,
    small: bool = False,
) -> Firmware:
    """`build` with another harness, which defines `main`; a `main.c` in the tree is left out."""
    compiler = toolchain.find(board)
    plan = plan_image(tree, harness, board, compiler, hook=hook, hot=hot, small=small)
    try:
        with tempfile.TemporaryDirectory(prefix="edgepack-build-") as scratch:
            image = _link(plan, board, compiler, Path(scratch))
    except OSError as error:
        raise UsageError(f"cannot build in {tempfile.gettempdir()}: {error.strerror}") from error
    write_tree(plan.sources.merged(Tree({ELF: image})), folder)
    (folder / ELF).chmod(0o755)
    return Firmware(
        elf=str(folder / ELF),
        sha256=sha256(image),
        identity=plan.identity,
        compiler=compiler.name,
        flags=plan.flags,
        hook=hook,
    )


def toolchain_identity(board: Board) -> str:
    """A digest of what besides the model decides an image: compiler, flags, protocol and port."""
    compiler = toolchain.find(board)
    harness = protocol_tree().merged(port_tree(board))
    return sha256(canonical_json([compiler.build, compiler.flags, harness.digest]).encode())


def protocol_tree() -> Tree:
    """The device's server, which every image carries, with the runtime's headers it includes."""
    templates = resource_folder("firmware_templates")
    files = {
        path.name: path.read_bytes()
        for path in sorted((templates / "protocol").iterdir())
        if path.suffix in (".c", ".h")
    }
    todo = sorted(files)
    while todo:
        for name in _includes(files[todo.pop()]):
            header = templates / "runtime" / name
            if name not in files and header.is_file():
                files[name] = header.read_bytes()
                todo.append(name)
    return Tree(files)


def port_tree(board: Board, hot: Hot | None = None) -> Tree:
    """The board's startup, serial line, counter and linker script."""
    shared = ("ep_port.h", *_SHARED[board.toolchain.family])
    files = {name: template_bytes(f"ports/{name}") for name in shared}
    port = resource_folder("firmware_templates") / "ports" / board.port  # absolute: a user's own
    files["ep_port.c"] = (port / "ep_port.c").read_bytes()
    if board.memory is not None:
        files[SCRIPT] = linker_script(board, hot).encode()
    return Tree(files)


def linker_script(board: Board, hot: Hot | None = None) -> str:
    """The board's memory regions as a script for GNU ld and LLVM's lld."""
    import jinja2

    assert board.memory is not None
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True, trim_blocks=True
    )
    template = environment.from_string(template_bytes("ports/link.ld.j2").decode())
    return template.render(
        entry=ENTRY,
        flash=board.memory.flash,
        ram=board.memory.ram,
        more=board.memory.more,
        hot=[object_name(path) for path in hot.files] if hot else [],
        hot_region=hot.region if hot else "",
        stack_bytes=board.memory.stack_bytes,
        paint_bytes=_PAINT_BYTES,
    )


def plan_image(
    tree: Tree,
    harness: Tree,
    board: Board,
    compiler: Toolchain,
    *,
    hook: bool,
    hot: Hot | None = None,
    small: bool = False,
) -> Plan:
    """Which files are compiled, how, and the identity that the image tells at the handshake."""
    model = {path: data for path, data in tree.files.items() if _compiles(path)}
    port = port_tree(board, hot)
    sources = Tree(model).merged(harness).merged(port)
    level = SMALL_LEVEL if small else MODEL_LEVEL
    flags = " ".join([*compiler.flags, level, f"-DEP_HOOK={int(hook)}"])
    defines = _defines(board, compiler, flags)
    identity = sha256(
        canonical_json([sources.digest, compiler.build, flags, defines, HARNESS_LEVEL]).encode()
    )
    defines["EP_FIRMWARE_ID"] = _text(identity)
    ours = {*harness.files, *port.files}
    units = tuple(
        _unit(path, sources, defines, HARNESS_LEVEL, hook=hook)
        if path in ours
        else _unit(path, sources, {}, level, hook=hook)
        for path in sorted(sources.files)
        if path.endswith((".c", ".S"))
    )
    return Plan(sources, units, identity, flags)


def _compiles(path: str) -> bool:
    return path.endswith((".c", ".h", ".S", ".inc")) and path != "main.c"


def _defines(board: Board, compiler: Toolchain, flags: str) -> dict[str, str]:
    return {
        "EP_BOARD_NAME": _text(board.name),
        "EP_CLOCK_HZ": str(board.clock_hz),
        "EP_TIMER_HZ": str(board.timer.hz),
        "EP_BAUD": str(board.serial.baud),
        "EP_COMPILER": _text(compiler.name),
        "EP_FLAGS": _text(flags),
        **{name: str(value) for name, value in sorted(board.toolchain.defines.items())},
    }


def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unit(path: str, sources: Tree, defines: Mapping[str, str], level: str, *, hook: bool) -> Unit:
    closure = _closure(path, sources)
    read = b"\n".join(sources.files[name] for name in closure)
    used = [f"-D{n}={v}" for n, v in defines.items() if re.search(rb"\b%s\b" % n.encode(), read)]
    options = (level, f"-DEP_HOOK={int(hook)}", *used)
    return Unit(path, options, Tree({name: sources.files[name] for name in closure}))


def _closure(path: str, sources: Tree) -> list[str]:
    """The file and every file of the tree that it includes, directly or not."""
    found, todo = {path}, [path]
    while todo:
        for name in _includes(sources.files[todo.pop()]):
            if name in sources.files and name not in found:
                found.add(name)
                todo.append(name)
    return sorted(found)


def _includes(source: bytes) -> list[str]:
    text = source.decode(errors="replace")
    return re.findall(r'^\s*#\s*include\s+"([^"]+)"', text, re.MULTILINE)


def _link(plan: Plan, board: Board, compiler: Toolchain, scratch: Path) -> bytes:
    """The image's bytes, linked in `scratch`."""
    for name, data in plan.sources.files.items():
        (scratch / name).parent.mkdir(parents=True, exist_ok=True)
        (scratch / name).write_bytes(data)
    with ThreadPoolExecutor(_JOBS) as pool:
        objects = list(pool.map(lambda unit: compile_unit(unit, compiler, scratch), plan.units))
    call = compiler.link(objects, SCRIPT, ELF, ENTRY)
    failure = run_compiler(call, compiler, scratch)
    if failure is not None:
        raise _overflow(failure, board, [scratch / o for o in objects]) or failure.error(
            f"{board.name}: {compiler.name} cannot link the image"
        )
    return (scratch / ELF).read_bytes()


def _overflow(failure: object, board: Board, objects: Iterable[Path]) -> GateError | None:
    found = _OVERFLOW.search(str(failure))
    if found is None or board.memory is None:
        return None
    region = found["gcc"] or found["lld"]
    over = max(
        int(m["gcc_bytes"] or m["lld_bytes"])
        for m in _OVERFLOW.finditer(str(failure))
        if (m["gcc"] or m["lld"]) == region
    )
    limit = board.memory.region(region).bytes
    name, size = sections.biggest_input(objects, ram=region in board.memory.all("ram"))
    return GateError(
        f"{board.name}: {region} has {limit} B and the image needs {over} B more; the biggest part "
        f"is {name} with {size} B. Prune the model, or take a larger board."
    )
