"""How one small well-formed model is broken: by a change of its object tree, or of its bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.tflite_builder import pack, unpack
from tests.unit.compiler.small_models import MODELS

BYTES = {name: pack(make()) for name, make in MODELS.items()}
Change = Callable[[Any], object]
Row = tuple[str, str, str, str, Change]  # base model, name, where, what, the change


@dataclass(frozen=True)
class Mutant:
    """A broken file, and parts of the message that refuses it: where, and what."""

    name: str
    data: bytes
    where: str
    what: str


def tensor(model: Any, name: str) -> Any:
    (found,) = [t for t in model.subgraphs[0].tensors if t.name == name.encode()]
    return found


def number(model: Any, name: str) -> int:
    return [t.name for t in model.subgraphs[0].tensors].index(name.encode())


def options(model: Any, op: int) -> Any:
    return model.subgraphs[0].operators[op].builtinOptions


def quantization(model: Any, name: str) -> Any:
    return tensor(model, name).quantization


def buffer(model: Any, name: str) -> Any:
    return model.buffers[tensor(model, name).buffer]


def put(thing: Any, **fields: Any) -> None:
    for name, value in fields.items():
        assert hasattr(thing, name), name
        setattr(thing, name, value)


def changed(base: str, change: Change) -> bytes:
    model = unpack(BYTES[base])
    change(model)
    return pack(model)
