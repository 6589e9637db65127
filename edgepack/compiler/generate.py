"""Generated C: prints the facts of a lowered and planned model as a tree of files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import jinja2

from edgepack.compiler import c_writer as c
from edgepack.graph import ABSENT, Graph, Operator, Tensor
from edgepack.program import (
    Argument,
    Const,
    MemoryPlan,
    Params,
    Program,
    Role,
    Scalar,
    Scratch,
    Step,
    TensorRef,
)
from edgepack.resources import folder, template_bytes
from edgepack.store import Tree

RUNTIME_VERSION = 1  # EP_RUNTIME_VERSION of firmware_templates/runtime/ep_version.h
_ALWAYS = ("ep_version.h", "ep_model.h", "ep_affine.h")
_INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Golden:
    """A test vector: the bytes of each input and output; floats may differ by `ulp`."""

    inputs: tuple[bytes, ...]
    outputs: tuple[bytes, ...]
    ulp: int = 0


@dataclass(frozen=True, slots=True)
class GenerateSpec:
    """What the files say besides the model itself; nothing here may name a machine or a date."""

    source: str = "model.tflite"  # the model file's name, for the banner
    command: str = ""  # regenerates the tree; "" says `edgepack generate <source>`
    version: str = ""  # of edgepack
    digests: tuple[tuple[str, str], ...] = ()  # ("model", sha256), ("config", ...)
    board: str = ""
    ram_bytes: int | None = None  # the board's RAM: the arena is asserted against it
    golden: Golden | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    """One constant array: operators that share a type and bytes share the symbol."""

    symbol: str
    ctype: str
    data: bytes
    role: Role


def generate(program: Program, plan: MemoryPlan, spec: GenerateSpec) -> Tree:
    """The library tree of one model: sources, the runtime files it needs, build files."""
    name = program.graph.name
    facts = _facts(program, plan, spec)
    files = {
        f"{name}.h": _render("model.h.j2", facts),
        f"{name}.c": _render("model.c.j2", facts),
        f"{name}_weights.h": _render("weights.h.j2", facts),
        f"{name}_weights.c": _render("weights.c.j2", facts),
    }
    files.update(runtime_files(program))
    return Tree(files)


def constant_symbols(program: Program) -> Mapping[str, Role]:
    """C symbol of every constant of the model to its role in the flash figures."""
    symbols = {constant.symbol: constant.role for constant in _constants(program).values()}
    tables: dict[str, Role] = {struct["symbol"]: "tables" for struct in _structs(program)}
    return {**symbols, **tables}


def runtime_files(program: Program) -> dict[str, bytes]:
    """The runtime's files that the program calls, by name, with all that they include."""
    variants: dict[str, str] = {}
    for step in program.steps:
        chosen = variants.setdefault(step.source, step.variant)
        assert chosen == step.variant, f"{step.source}: variants {chosen} and {step.variant}"
    found: dict[str, bytes] = {}
    queue = [(name, "") for name in _ALWAYS]
    queue += [(f"{source}.h", variant) for source, variant in sorted(variants.items())]
    while queue:
        name, variant = queue.pop()
        if name in found:
            continue
        found[name] = _runtime_file(name, variant)
        queue += [(include.decode(), variant) for include in _INCLUDE.findall(found[name])]
        sibling = f"{name[:-2]}.c"
        if name.endswith(".h") and _place(sibling, variants.get(name[:-2], variant)):
            queue.append((sibling, variants.get(name[:-2], variant)))
    return dict(sorted(found.items()))


def _place(name: str, variant: str) -> str | None:
    places = [f"{part}{name}" for part in (f"{variant}/" if variant else "", "", "portable/")]
    runtime = folder("firmware_templates") / "runtime"
    return next((place for place in places if (runtime / place).is_file()), None)


def _runtime_file(name: str, variant: str) -> bytes:
    place = _place(name, variant)
    assert place is not None, f"runtime file {name} ({variant}) is missing"
    return template_bytes(f"runtime/{place}")


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


def _render(template: str, facts: Mapping[str, Any]) -> bytes:
    return _templates().get_template(template).render(facts).encode("ascii")


def _facts(program: Program, plan: MemoryPlan, spec: GenerateSpec) -> dict[str, Any]:
    graph = program.graph
    constants = _constants(program)
    structs = _structs(program)
    return {
        "name": graph.name,
        "NAME": graph.name.upper(),
        "banner": _banner(graph, spec),
        "version": spec.version,
        "runtime_version": RUNTIME_VERSION,
        "board": spec.board,
        "ram_bytes": spec.ram_bytes,
        "arena_bytes": plan.arena_bytes,
        "alignment": max(plan.alignment, 8),
        "inputs": [_port(graph, plan, i, t) for i, t in enumerate(graph.inputs)],
        "outputs": [_port(graph, plan, i, t) for i, t in enumerate(graph.outputs)],
        "constants": [
            {
                "symbol": constant.symbol,
                "ctype": constant.ctype,
                "count": c.element_count(constant.ctype, constant.data),
                "lines": c.array_lines(constant.ctype, constant.data),
            }
            for constant in constants.values()
        ],
        "structs": structs,
        "kernels": sorted({step.source for step in program.steps}),
        "tensors": _locals(program, plan),
        "steps": _steps(program, plan, constants, structs),
    }


def _banner(graph: Graph, spec: GenerateSpec) -> dict[str, Any]:
    digests = spec.digests or (("model", graph.sha256),)
    return {
        "by": f"edgepack {spec.version}".strip(),
        "source": _printable(spec.source),
        "command": _printable(spec.command or f"edgepack generate {spec.source}"),
        "digests": ", ".join(f"{_printable(what)} {value[:16]}" for what, value in digests),
    }


def _printable(text: str) -> str:
    """`text` as it may stand in a C comment: printable ASCII, and nothing that ends a comment."""
    clean = "".join(ch if 32 <= ord(ch) < 127 and ch != "\\" else "?" for ch in text)
    return clean.replace("*/", "*?").replace("/*", "/?")


def _port(graph: Graph, plan: MemoryPlan, number: int, index: int) -> dict[str, Any]:
    tensor = graph.tensor(index)
    low, high = _limits(tensor)
    return {
        "number": number,
        "name": c.identifier(tensor.name),
        "ctype": tensor.dtype.ctype,
        "type": tensor.dtype.tflite,
        "bytes": tensor.bytes,
        "elements": tensor.elements,
        "shape": ", ".join(map(str, tensor.shape)) or "1",
        "rank": len(tensor.shape),
        "offset": plan.offset(index),
        "quantized": tensor.quantization is not None and high > low,
        "scale": c.float_literal(tensor.scale if tensor.quantization else 0.0),
        "zero_point": tensor.zero_point,
        "low": low,
        "high": high,
    }


def _limits(tensor: Tensor) -> tuple[int, int]:
    """The range of an 8-bit or 16-bit integer type, else (0, 0)."""
    ranges = {
        "int8_t": (-128, 127),
        "uint8_t": (0, 255),
        "int16_t": (-32768, 32767),
    }
    return ranges.get(tensor.dtype.ctype, (0, 0))


def _local(tensor: Tensor) -> str:
    return f"{c.identifier(tensor.name)}_{tensor.index}"


def _locals(program: Program, plan: MemoryPlan) -> list[dict[str, Any]]:
    places = dict(plan.offsets)
    used = {
        argument.tensor
        for step in program.steps
        for argument in step.arguments
        if isinstance(argument, TensorRef) and argument.tensor in places
    }
    tensors = [program.graph.tensor(index) for index in sorted(used)]
    return [
        {
            "local": _local(tensor),
            "ctype": tensor.dtype.ctype,
            "offset": places[tensor.index],
            "note": _note(tensor),
        }
        for tensor in tensors
    ]


def _note(tensor: Tensor) -> str:
    zero = f", zp {tensor.zero_point}" if tensor.quantization else ""
    return f"{c.shape_text(tensor.shape)}{zero}"


def _constants(program: Program) -> dict[tuple[str, bytes], Constant]:
    """Constant arrays in the order of their first use, equal ones once."""
    found: dict[tuple[str, bytes], Constant] = {}
    taken: set[str] = set()
    for step in program.steps:
        for argument in step.arguments:
            constant = _constant(program, step, argument)
            if constant is None:
                continue
            stem, ctype, data, role = constant
            known = found.get((ctype, data))
            if known is None:
                symbol = _unique(f"{program.graph.name}_{stem}", taken)
                found[ctype, data] = Constant(symbol, ctype, data, role)
            elif role == "weights" and known.role != role:
                found[ctype, data] = Constant(known.symbol, ctype, data, role)
    return found


def _constant(
    program: Program, step: Step, argument: Argument
) -> tuple[str, str, bytes, Role] | None:
    if isinstance(argument, Const):
        assert argument.data, f"op {step.operator}: empty constant {argument.stem}"
        stem = f"op{step.operator}_{c.identifier(argument.stem)}"
        return stem, argument.ctype, argument.data, argument.role
    if isinstance(argument, TensorRef):
        tensor = program.graph.tensor(argument.tensor)
        if tensor.data is not None:
            return f"tensor{tensor.index}", tensor.dtype.ctype, tensor.data, "weights"
    return None


def _unique(name: str, taken: set[str]) -> str:
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    taken.add(candidate)
    return candidate


def _structs(program: Program) -> list[dict[str, Any]]:
    """Constant structs in the order of first use, equal ones once."""
    found: dict[Params, dict[str, Any]] = {}
    taken: set[str] = set()
    for step in program.steps:
        for argument in step.arguments:
            if isinstance(argument, Params) and argument not in found:
                found[argument] = {
                    "key": argument,
                    "symbol": _unique(f"{program.graph.name}_op{step.operator}", taken),
                    "ctype": argument.ctype,
                    "fields": [
                        {"name": name, "value": c.field_literal(value)}
                        for name, value in argument.fields
                    ],
                }
    return list(found.values())


def _steps(
    program: Program,
    plan: MemoryPlan,
    constants: Mapping[tuple[str, bytes], Constant],
    structs: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    operators = {operator.index: operator for operator in program.graph.operators}
    symbols = {struct["key"]: struct["symbol"] for struct in structs}
    rows = []
    for index, step in enumerate(program.steps):
        scratch = _scratch_offsets(plan, index)
        texts = [
            _argument(program, step, argument, constants, symbols, scratch)
            for argument in step.arguments
        ]
        rows.append(
            {
                "index": index,
                "title": _title(program.graph, operators.get(step.operator), step),
                "kernel": step.kernel,
                "arguments": texts,
            }
        )
    return rows


def _scratch_offsets(plan: MemoryPlan, step: int) -> list[tuple[int, int]]:
    """(bytes, offset) of the scratch of a step."""
    return [(p.bytes, p.offset) for p in plan.placements if p.tensor == ABSENT and p.step == step]


def _argument(
    program: Program,
    step: Step,
    argument: Argument,
    constants: Mapping[tuple[str, bytes], Constant],
    symbols: Mapping[Params, str],
    scratch: list[tuple[int, int]],
) -> str:
    if argument is None:
        return "NULL"
    if isinstance(argument, Params):
        return f"&{symbols[argument]}"
    if isinstance(argument, Scalar):
        return c.literal(argument.ctype, argument.value)
    if isinstance(argument, Scratch):
        place = next(place for place in scratch if place[0] == argument.bytes)
        scratch.remove(place)
        return f"(void*)&arena[{place[1]}]"
    found = _constant(program, step, argument)
    if found is not None:
        return constants[found[1], found[2]].symbol
    assert isinstance(argument, TensorRef)
    return _local(program.graph.tensor(argument.tensor))


def _title(graph: Graph, operator: Operator | None, step: Step) -> str:
    if operator is None:
        return step.kernel
    shapes = [
        " ".join(c.shape_text(graph.tensor(t).shape) for t in tensors if t != ABSENT)
        for tensors in (step.inputs, step.outputs)
    ]
    return f"{operator.index} {operator.kind} {shapes[0]} -> {shapes[1]}"
