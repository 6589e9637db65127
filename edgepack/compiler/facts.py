"""What the templates print of a program: plain values under plain names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from edgepack.compiler import c_writer as c
from edgepack.compiler.planner import state_tensors
from edgepack.graph import ABSENT, Graph, Operator, Tensor
from edgepack.program import (
    Argument,
    Const,
    Loaded,
    MemoryPlan,
    Params,
    Program,
    Role,
    Scalar,
    Scratch,
    Step,
    TensorRef,
)


@dataclass(frozen=True, slots=True)
class Constant:
    """One constant array: operators that share a type and bytes share the symbol."""

    symbol: str
    ctype: str
    data: bytes
    role: Role


def ports(graph: Graph, plan: MemoryPlan, role: Literal["input", "output"]) -> list[dict[str, Any]]:
    """The inputs or outputs of the model; names are the signature's, each once."""
    taken: set[str] = set()
    ends = graph.inputs if role == "input" else graph.outputs
    pairs = zip(ends, graph.end_names(role), strict=True)
    return [
        _port(graph, plan, number, index, _unique(c.identifier(name), taken))
        for number, (index, name) in enumerate(pairs)
    ]


def _port(graph: Graph, plan: MemoryPlan, number: int, index: int, name: str) -> dict[str, Any]:
    tensor = graph.tensor(index)
    low, high = _limits(tensor)
    return {
        "number": number,
        "name": name,
        "NAME": name.upper(),
        "ctype": tensor.dtype.ctype,
        "type": tensor.dtype.tflite,
        "bytes": tensor.bytes,
        "elements": tensor.elements,
        "shape": ", ".join(map(str, tensor.shape)) or "1",
        "rank": len(tensor.shape),
        "offset": dict(plan.offsets).get(index, 0),  # a streamed input has no place as a whole
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


def array(constant: Constant) -> dict[str, Any]:
    """A constant array as it is printed."""
    return {
        "symbol": constant.symbol,
        "ctype": constant.ctype,
        "count": c.element_count(constant.ctype, constant.data),
        "lines": c.array_lines(constant.ctype, constant.data),
    }


def _local(graph: Graph, tensor: Tensor) -> str:
    """A local variable's name: the tensor's number makes it unique and no keyword."""
    name = f"{c.identifier(tensor.name)}_{tensor.index}"
    return f"t_{name}" if name.startswith((f"{graph.name.lower()}_", "ep_")) else name


def local_tensors(program: Program, plan: MemoryPlan) -> list[dict[str, Any]]:
    """The pointers into the arena that the kernels' arguments name, by tensor number."""
    places = dict(plan.offsets)
    used = {
        argument.tensor
        for step in program.steps
        if not _stays(step, plan)
        for argument in step.arguments
        if isinstance(argument, TensorRef) and argument.tensor in places
    }
    tensors = [program.graph.tensor(index) for index in sorted(used)]
    return [
        {
            "local": _local(program.graph, tensor),
            "ctype": tensor.dtype.ctype,
            "offset": places[tensor.index],
            "note": _note(tensor),
        }
        for tensor in tensors
    ]


def _note(tensor: Tensor) -> str:
    zero = f", zp {tensor.zero_point}" if tensor.quantization else ""
    return f"{c.shape_text(tensor.shape)}{zero}"


def stream(program: Program, plan: MemoryPlan) -> dict[str, Any] | None:
    """Where rows of a streamed input go, and before which step a part of them has come."""
    if program.stream is None:
        return None
    row_bytes, chunks = program.stream.row_bytes, program.stream.chunks
    return {
        "rows": program.graph.tensor(program.stream.tensor).shape[1],
        "row_bytes": row_bytes,
        "begins": {chunk.step: part for part, chunk in enumerate(chunks) if part},
        "parts": [
            {
                "end": chunk.first + chunk.rows,
                "start": plan.offset(chunk.tensor) - chunk.first * row_bytes,
            }
            for chunk in chunks
        ],
    }


def constants_of(program: Program) -> dict[tuple[str, bytes], Constant]:
    """Constant arrays in the order of their first use, equal ones once."""
    found: dict[tuple[str, bytes], Constant] = {}
    taken: set[str] = set()
    for stem, ctype, data, role in _all_constants(program):
        known = found.get((ctype, data))
        if known is None:
            symbol = _unique(f"{program.graph.name}_{stem}", taken)
            found[ctype, data] = Constant(symbol, ctype, data, role)
        elif role == "weights" and known.role != role:
            found[ctype, data] = Constant(known.symbol, ctype, data, role)
    return found


def _all_constants(program: Program) -> Iterator[tuple[str, str, bytes, Role]]:
    for step in program.steps:
        for argument in step.arguments:
            constant = _constant(program, step, argument)
            if constant is not None:
                yield constant
    for tensor in state_tensors(program):
        first = _first_contents(tensor)
        if first is not None:
            yield first


def fills(program: Program, plan: MemoryPlan) -> list[dict[str, int]]:
    """Stretches of the block that start as copies of one byte; neighbours are joined."""
    joined: list[dict[str, int]] = []
    for tensor in state_tensors(program):
        contents = tensor.state or b""
        if contents.count(contents[:1]) != len(contents):
            continue
        start = plan.offset(tensor.index)
        last = joined[-1] if joined else None
        if last and last["value"] == contents[0] and start - last["end"] < plan.alignment:
            last["end"] = start + tensor.bytes
        else:
            joined.append({"start": start, "end": start + tensor.bytes, "value": contents[0]})
    return joined


def state_rows(program: Program, plan: MemoryPlan) -> list[dict[str, Any]]:
    """The other tensors that keep their contents, with the constant that each starts as."""
    constants = constants_of(program)
    found = []
    for tensor in state_tensors(program):
        first = _first_contents(tensor)
        if first is not None:
            symbol = constants[first[1], first[2]].symbol
            place = plan.offset(tensor.index)
            found.append({"offset": place, "bytes": tensor.bytes, "symbol": symbol})
    return found


def _first_contents(tensor: Tensor) -> tuple[str, str, bytes, Role] | None:
    """The array that a tensor's first contents need; None where a fill does."""
    contents = tensor.state
    if contents is None or contents.count(contents[:1]) == len(contents):
        return None
    return f"state{tensor.index}", "uint8_t", contents, "tables"


def _constant(
    program: Program, step: Step, argument: Argument
) -> tuple[str, str, bytes, Role] | None:
    if isinstance(argument, Const):
        assert argument.data, f"op {step.operator}: empty constant {argument.stem}"
        stem = f"{_step_name(step)}_{c.identifier(argument.stem)}"
        return stem, argument.ctype, argument.data, argument.role
    if isinstance(argument, TensorRef):
        tensor = program.graph.tensor(argument.tensor)
        if tensor.data is not None:
            return f"tensor{tensor.index}", tensor.dtype.ctype, tensor.data, "weights"
    return None


def _step_name(step: Step) -> str:
    """`op3` after the operator that the step serves, `copy` where it serves none."""
    return f"op{step.operator}" if step.operator >= 0 else "copy"


def _unique(name: str, taken: set[str]) -> str:
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    taken.add(candidate)
    return candidate


def structs_of(program: Program, plan: MemoryPlan | None = None) -> list[dict[str, Any]]:
    """Constant structs in the order of first use, equal ones once; with a plan, those it needs."""
    found: dict[Params, dict[str, Any]] = {}
    taken: set[str] = set()
    for step in program.steps:
        for argument in () if plan and _stays(step, plan) else step.arguments:
            if isinstance(argument, Params) and argument not in found:
                found[argument] = {
                    "key": argument,
                    "symbol": _unique(f"{program.graph.name}_{_step_name(step)}", taken),
                    "ctype": argument.ctype,
                    "fields": [
                        {"name": name, "value": c.field_literal(value)}
                        for name, value in argument.fields
                    ],
                }
    return list(found.values())


def step_rows(
    program: Program,
    plan: MemoryPlan,
    constants: Mapping[tuple[str, bytes], Constant],
    structs: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    """The calls of kernels, with a title for the comment above each, and lines of control flow.

    `lines` is a call or the line; `done` whether the hook is called behind it.
    """
    operators = {operator.index: operator for operator in program.graph.operators}
    symbols = {struct["key"]: struct["symbol"] for struct in structs}
    rows = []
    depth = 1
    for index, step in enumerate(program.steps):
        depth -= step.control in ("else", "end")
        margin = depth * "    "
        depth += step.control in ("if", "else", "while")
        scratch = _scratch_offsets(plan, index)
        stays = _stays(step, plan)
        texts = [
            _argument(program, step, argument, constants, symbols, scratch)
            for argument in (() if stays else step.arguments)
        ]
        rows.append(
            {
                "index": index,
                "margin": margin,
                "title": _title(program.graph, operators.get(step.operator), step),
                "lines": _reads(program, plan, index, margin) + _lines(step, texts, margin, stays),
                "done": step.control in ("", "end"),
            }
        )
    return rows


def reads_ahead(program: Program) -> bool:
    """Whether weights are read while the step in front of theirs runs."""
    return any(loaded.ahead for step in program.steps for loaded in _loaded(step))


def _loaded(step: Step) -> list[Loaded]:
    return [argument for argument in step.arguments if isinstance(argument, Loaded)]


def _reads(program: Program, plan: MemoryPlan, index: int, margin: str) -> str:
    """The lines before a step: read its weights, wait for them, begin to read the next step's."""
    own = _loaded(program.steps[index])
    late = any(not loaded.ahead for loaded in own)
    lines = _read_calls(program, plan, index, margin) if late else []
    if own and reads_ahead(program):
        lines.append(f"{margin}{program.graph.name.upper()}_READ_WAIT();\n")
    after = index + 1
    if after < len(program.steps) and any(x.ahead for x in _loaded(program.steps[after])):
        lines += _read_calls(program, plan, after, margin)
    return "".join(lines)


def _read_calls(program: Program, plan: MemoryPlan, index: int, margin: str) -> list[str]:
    scratch = _scratch_offsets(plan, index)
    lines = []
    for argument in program.steps[index].arguments:
        if isinstance(argument, Scratch):
            place = next(place for place in scratch if place[0] == argument.bytes)
            scratch.remove(place)
            if isinstance(argument, Loaded):
                read = f"{program.graph.name.upper()}_READ"
                where = f"{argument.offset}U, {argument.bytes}U, &arena[{place[1]}]"
                lines.append(f"{margin}{read}({where});\n")
    return lines


def _lines(step: Step, texts: list[str], margin: str, stays: bool) -> str:
    if step.control:
        return margin + _CONTROL[step.control].format(*texts)
    if stays:
        return f"{margin}/* in place: nothing to copy */"
    if step.unpacks is not None:
        *texts, params, packed = texts
        unpacks = c.call(step.unpacks.kernel, [params, packed, texts[step.unpacks.place]], margin)
        return f"{unpacks}\n{c.call(step.kernel, texts, margin)}"
    return c.call(step.kernel, texts, margin)


_CONTROL = {
    "if": "if (*{}) {{",
    "else": "}} else {{",
    "while": "for (;;) {{",
    "test": "if (!*{}) {{ break; }}",
    "end": "}}",
}


def _stays(step: Step, plan: MemoryPlan) -> bool:
    """Whether a copy's source and target were given the same bytes."""
    if step.kernel != "ep_copy" or len(step.inputs) != 1 or not step.overlaps:
        return False
    fields = step.arguments[0].fields if isinstance(step.arguments[0], Params) else ()
    whole = {"rows": 1, "x_start": 0, "y_start": 0}
    same = plan.offset(step.inputs[0]) == plan.offset(step.outputs[0])
    return same and all(dict(fields).get(name) == value for name, value in whole.items())


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
    return _local(program.graph, program.graph.tensor(argument.tensor))


def _title(graph: Graph, operator: Operator | None, step: Step) -> str:
    if operator is None:
        return step.kernel
    shapes = [
        " ".join(c.shape_text(graph.tensor(t).shape) for t in tensors if t != ABSENT)
        for tensors in (step.inputs, step.outputs)
    ]
    return " ".join(filter(None, (str(operator.index), operator.kind, shapes[0], "->", shapes[1])))
