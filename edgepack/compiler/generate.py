"""Generated C: the tree of files of a lowered and planned model. It computes nothing."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jinja2

from edgepack import __version__
from edgepack.compiler import c_writer as c
from edgepack.compiler import facts
from edgepack.compiler.runtime_files import runtime_file, runtime_files, sources_of
from edgepack.errors import UsageError
from edgepack.program import MemoryPlan, Places, Program, Role
from edgepack.resources import template_bytes
from edgepack.store import Tree

RUNTIME_VERSION = 1  # EP_RUNTIME_VERSION of firmware_templates/runtime/ep_version.h
ARENA_ALIGNMENT = 16
_HEADERS = (
    "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal "
    "stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath "
    "threads time uchar wchar wctype"
)
TAKEN_NAMES = frozenset((*_HEADERS.split(), "main"))


@dataclass(frozen=True, slots=True)
class Golden:
    """A test vector: the bytes of each input and output; float outputs may differ by `ulp`."""

    inputs: tuple[bytes, ...]
    outputs: tuple[bytes, ...]
    ulp: int = 0


@dataclass(frozen=True, slots=True)
class GenerateSpec:
    """What the files say besides the model itself; nothing here may name a machine or a date."""

    source: str = "model.tflite"  # the model file's name, for the banner
    command: str = ""  # regenerates the tree; "" says `edgepack generate <source>`
    digests: tuple[tuple[str, str], ...] = ()  # ("config", sha256), ... besides the model's
    board: str | None = None
    ram_bytes: int | None = None  # the board's RAM: the arena is asserted against it
    golden: Golden | None = None
    places: Places = field(default_factory=Places)
    version: str = __version__


def generate(program: Program, plan: MemoryPlan, spec: GenerateSpec) -> Tree:
    """The library tree of one model: its sources, the runtime files it calls, build files.

    Raises UsageError where the model's name would hide a header or another file of the tree.
    """
    name = program.graph.name
    _check_name(name)
    values = _values(program, plan, spec)
    runtime = runtime_files(program, with_check=spec.golden is not None)
    own = {
        f"{name}.h": "model.h.j2",
        f"{name}.c": "model.c.j2",
        f"{name}_weights.h": "weights.h.j2",
        f"{name}_weights.c": "weights.c.j2",
    }
    if spec.golden is not None:
        own |= {f"{name}_test.h": "test.h.j2", f"{name}_test.c": "test.c.j2"}
    names = sorted([*own, *runtime])
    values["sources"] = [file for file in names if file.endswith((".c", ".S"))]
    values["assembly"] = any(file.endswith(".S") for file in names)
    own |= {"main.c": "main.c.j2", "CMakeLists.txt": "CMakeLists.txt.j2", "edgepack.mk": "mk.j2"}
    rendered = {file: _render(template, values, file) for file, template in own.items()}
    read = {f"{name}_weights.bin": program.external} if program.external else {}
    return Tree({**rendered, **runtime, **read})


def descriptor(program: Program, plan: MemoryPlan, spec: GenerateSpec | None = None) -> Tree:
    """`ep_model.c`, which tells the device's server about the one model of the image."""
    values = _values(program, plan, spec or GenerateSpec())
    source = _render("descriptor.c.j2", values, "ep_model.c")
    files = {"ep_model.c": source, "ep_model.h": runtime_file("ep_model.h")}
    if program.external:
        files["ep_external.c"] = _render("external.c.j2", values, "ep_external.c")
    return Tree(files)


def empty_descriptor() -> Tree:
    """`ep_model.c` of an image without a model, to measure what everything else takes."""
    source = _render("empty_descriptor.c.j2", {}, "ep_model.c")
    return Tree({"ep_model.c": source, "ep_model.h": runtime_file("ep_model.h")})


def constant_symbols(program: Program) -> Mapping[str, Role]:
    """C symbol of every constant of the model to its role in the flash figures."""
    symbols = {constant.symbol: constant.role for constant in facts.constants_of(program).values()}
    tables: dict[str, Role] = {row["symbol"]: "tables" for row in facts.structs_of(program)}
    return {**symbols, **tables}


def _check_name(name: str) -> None:
    if name.lower() in TAKEN_NAMES or name.lower().startswith("ep_"):
        raise UsageError(
            f"model name {name!r}: a file of that name exists in every tree; "
            "choose another name, 'main', 'ep_...' and the names of C's headers are taken"
        )


@cache
def _templates() -> jinja2.Environment:
    loader = jinja2.FunctionLoader(lambda name: template_bytes(f"generated/{name}").decode())
    return jinja2.Environment(
        loader=loader,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def _render(template: str, values: Mapping[str, Any], file: str) -> bytes:
    return _templates().get_template(template).render(values, file=file).encode("ascii")


def _values(program: Program, plan: MemoryPlan, spec: GenerateSpec) -> dict[str, Any]:
    graph = program.graph
    regions = dict(spec.places.constants)
    constants, structs = facts.constants_of(program), facts.structs_of(program, plan)
    ports = {
        "inputs": facts.ports(graph, plan, "input"),
        "outputs": facts.ports(graph, plan, "output"),
    }
    return {
        "name": graph.name,
        "NAME": graph.name.upper(),
        "sha256": graph.sha256,
        "banner": _banner(program, spec),
        "runtime_version": RUNTIME_VERSION,
        "level": "-Os" if program.spec.optimize == "size" else "-O2",
        "board": spec.board or "the board",
        "ram_bytes": spec.ram_bytes,
        "arena_bytes": plan.arena_bytes,
        "arena_bound": plan.lower_bound,
        "state_bytes": plan.state_bytes,
        "fills": facts.fills(program, plan),
        "states": facts.state_rows(program, plan),
        "alignment": max(plan.alignment, ARENA_ALIGNMENT),
        **ports,
        "constants": [
            {**facts.array(constant), "region": regions.get(constant.symbol, "")}
            for constant in constants.values()
        ],
        "regions": sorted(set(regions.values())),
        "arena_region": "" if spec.places.arena == "ram" else spec.places.arena,
        "structs": structs,
        "kernels": sorted(
            {source for step in program.steps for source in sources_of(step) if source}
        ),
        "tensors": facts.local_tensors(program, plan),
        "steps": facts.step_rows(program, plan, constants, structs),
        "stream": facts.stream(program, plan),
        "external": _external(program, spec.places),
        "golden": _golden(spec.golden, ports) if spec.golden else None,
    }


def _external(program: Program, places: Places) -> dict[str, Any] | None:
    """The file of weights that the application reads."""
    if not program.external:
        return None
    return {
        "bytes": len(program.external),
        "crc": f"0x{zlib.crc32(program.external):08X}U",
        "ahead": facts.reads_ahead(program),
        "region": "" if places.external == "flash" else places.external,
        "lines": c.array_lines("uint8_t", program.external),
    }


def _banner(program: Program, spec: GenerateSpec) -> dict[str, str]:
    digests = (("model", program.graph.sha256), *spec.digests)
    return {
        "by": _printable(f"edgepack {spec.version}"),
        "source": _printable(spec.source),
        "command": _printable(spec.command or f"edgepack generate {spec.source}"),
        "digests": ", ".join(f"{_printable(what)} {value[:16]}" for what, value in digests),
    }


def _printable(text: str) -> str:
    """`text` as it may stand in a C comment: printable ASCII, and nothing that ends a comment."""
    clean = "".join(ch if 32 <= ord(ch) < 127 and ch != "\\" else "?" for ch in text)
    return clean.replace("/*", "?*").replace("*/", "*?").replace("*/", "*?")


def _golden(golden: Golden, ports: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The vector's arrays. `first`: where an output begins in the bytes of all outputs."""
    outputs, first = [], 0
    for data, port in zip(golden.outputs, ports["outputs"], strict=True):
        outputs.append({"first": first, **_vector(data, port)})
        first += port["bytes"]
    inputs = [_vector(d, p) for d, p in zip(golden.inputs, ports["inputs"], strict=True)]
    return {"inputs": inputs, "outputs": outputs, "ulp": golden.ulp}


def _vector(data: bytes, port: Mapping[str, Any]) -> dict[str, Any]:
    assert len(data) == port["bytes"], f"golden vector: {len(data)} bytes for {port['bytes']}"
    return {
        "number": port["number"],
        "ctype": port["ctype"],
        "float": port["ctype"] == "float",
        "lines": c.array_lines(port["ctype"], data),
    }
