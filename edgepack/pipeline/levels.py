"""Levels of single layers, and the memory that the compiler may spend: what `choose` is given."""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar, cast, get_args

from edgepack.board import Board
from edgepack.compiler.choice import STACK_BYTES, Budget
from edgepack.errors import UsageError
from edgepack.graph import ABSENT, Graph, Operator
from edgepack.program import Level

HARNESS_FLASH = 8192  # bytes that startup, UART and protocol take at most
_NUMBERS = re.compile(r"(\d+)(?:-(\d+))?")

Value = TypeVar("Value")
Patterns = tuple[tuple[str, Level], ...]


def operator_levels(
    graph: Graph, patterns: Iterable[tuple[str, Value]]
) -> tuple[tuple[int, Value], ...]:
    """The level, or whatever else, of each operator that a pattern names; the last pattern counts.

    A pattern is an operator's index or a range of them (`3`, `4-7`), its kind (`CONV_2D`), or the
    name of a tensor that it writes or of a constant that it reads; `*` and `?` stand for any text
    in names. Raises UsageError, with the nearest names, where one matches nothing.
    """
    found: dict[int, Value] = {}
    for pattern, level in patterns:
        matched = [o.index for o in graph.operators if _matches(pattern, o, graph)]
        if not matched:
            raise UsageError(_no_match(pattern, graph))
        found.update(dict.fromkeys(matched, level))
    return tuple(sorted(found.items()))


def _matches(pattern: str, operator: Operator, graph: Graph) -> bool:
    numbers = _NUMBERS.fullmatch(pattern)
    if numbers:
        first = int(numbers[1])
        return first <= operator.index <= int(numbers[2] or first)
    return any(fnmatch.fnmatchcase(name, pattern) for name in _names(operator, graph))


def _names(operator: Operator, graph: Graph) -> list[str]:
    constants = [i for i in operator.inputs if i != ABSENT and graph.tensor(i).data is not None]
    names = [graph.tensor(i).name for i in (*operator.outputs, *constants)]
    return [operator.kind, *(name for name in names if name)]


def _no_match(pattern: str, graph: Graph) -> str:
    text = f"layer {pattern!r} matches no operator"
    if _NUMBERS.fullmatch(pattern):
        return f"{text}; they are numbered 0 to {max(o.index for o in graph.operators)}"
    names = sorted({name for o in graph.operators for name in _names(o, graph)})
    near = difflib.get_close_matches(pattern.strip("*"), names, n=3, cutoff=0.3)
    hint = f"; the nearest names are {', '.join(map(repr, near))}" if near else ""
    return f"{text}{hint}. `edgepack inspect` lists operators and names; * stands for any text"


def parse_layers(texts: Iterable[str]) -> Patterns:
    """The patterns of `PATTERN=LEVEL`; UsageError where one is not written so."""
    found = []
    for text in texts:
        pattern, _, level = text.rpartition("=")
        if not pattern or level not in get_args(Level):
            raise UsageError(
                f"--layer {text!r}: write PATTERN=LEVEL, such as 'conv1*=speed'; levels are "
                f"{', '.join(get_args(Level))}"
            )
        found.append((pattern, cast("Level", level)))
    return tuple(found)


def table_layers(table: Mapping[str, Level]) -> Patterns:
    """The patterns of edgepack.toml's [compile.layers]."""
    return tuple(table.items())


def budget_of(board: Board | None, ram_bytes: int, flash_bytes: int) -> Budget:
    """What the model may take: what is given, and no more than the board has left.

    0 is no limit of one's own. The stack's room and the harness's flash are kept free.
    """
    ram = [ram_bytes - STACK_BYTES] if ram_bytes else []
    flash = [flash_bytes] if flash_bytes else []
    if board is not None and board.memory is not None:
        ram.append(board.memory.ram.bytes - board.memory.stack_bytes)
        flash.append(board.memory.flash.bytes - HARNESS_FLASH)
    return Budget(min(ram, default=None), min(flash, default=None))
