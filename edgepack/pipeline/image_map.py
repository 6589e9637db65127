"""The linker's map by symbol: what of an image's bytes is which kernel, table or weights."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from edgepack.board import Board
from edgepack.compiler import facts
from edgepack.compiler.generate import constant_symbols
from edgepack.errors import UsageError
from edgepack.pipeline.compile import Compiled, CompileSpec, compile_model
from edgepack.pipeline.firmware import build_image, empty_image
from edgepack.pipeline.inspection import inspection
from edgepack.program import Const, Params, Role, TensorRef
from edgepack.results import Inspection, SymbolFacts, SymbolKind
from edgepack.target.sections import Linked, linked

_PRIVATE = re.compile(r"^__\w+_veneer$")


def inspect_image(model: Path, board: Board | None, spec: CompileSpec | None = None) -> Inspection:
    """The inspection of a model with the symbols of its image, which is built for that.

    The harness's own symbols are left out. Raises UsageError without a board, ToolchainError
    without its compiler, GateError where the image does not fit.
    """
    if board is None:
        raise UsageError("--map: name a board; the map is that of an image built for it")
    compiled = compile_model(model, board, spec)
    return replace(inspection(compiled), symbols=symbols_of(compiled, board))


def symbols_of(compiled: Compiled, board: Board) -> tuple[SymbolFacts, ...]:
    """Functions and objects that the model brought into its image, the largest first."""
    image = Path(build_image(compiled, board).firmware.elf)
    harness = {(s.name, s.bytes) for s in linked(Path(empty_image(board).elf))}
    roles = constant_symbols(compiled.program)
    users = _users(compiled)
    found = [
        SymbolFacts(
            name=symbol.name,
            bytes=symbol.bytes,
            kind=_kind(symbol, compiled, roles),
            region=_region(symbol, board),
            operators=users.get(symbol.name, ()),
        )
        for symbol in linked(image)
        if (symbol.name, symbol.bytes) not in harness and not _PRIVATE.match(symbol.name)
    ]
    return tuple(sorted(found, key=lambda s: (-s.bytes, s.name)))


def _kind(symbol: Linked, compiled: Compiled, roles: Mapping[str, Role]) -> SymbolKind:
    name = compiled.graph.name
    if symbol.name in roles:
        return "weights" if roles[symbol.name] == "weights" else "tables"
    if symbol.name == f"{name}_arena":
        return "arena"
    if not symbol.code:
        return "other"
    return "kernel" if symbol.name.startswith("ep_") else "code"


def _region(symbol: Linked, board: Board) -> str:
    if board.memory is None:
        return ""
    regions = {**board.memory.all("flash"), **board.memory.all("ram")}
    inside = (n for n, r in regions.items() if r.origin <= symbol.address < r.end)
    return next(inside, "")


def _users(compiled: Compiled) -> dict[str, tuple[int, ...]]:
    """The operators that use each constant, and that call each kernel, by symbol."""
    program = compiled.program
    constants = facts.constants_of(program)
    structs = {row["key"]: row["symbol"] for row in facts.structs_of(program)}
    found: dict[str, set[int]] = defaultdict(set)
    for step in program.steps:
        for kernel in step.kernels:
            found[kernel].add(step.operator)
        for argument in step.arguments:
            if isinstance(argument, Params):
                found[structs[argument]].add(step.operator)
            elif isinstance(argument, Const):
                key = (argument.ctype, argument.data)
                found[constants[key].symbol].add(step.operator)
            elif isinstance(argument, TensorRef):
                tensor = program.graph.tensor(argument.tensor)
                held = constants.get((tensor.dtype.ctype, tensor.data or b""))
                if held is not None:
                    found[held.symbol].add(step.operator)
    return {name: tuple(sorted(operators)) for name, operators in found.items()}
