"""Specs of stages from tables of a TOML file: a table's keys are the fields of its spec."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar, get_args, get_type_hints

from edgepack.board import in_words
from edgepack.compress.aware.spec import AwareSpec
from edgepack.compress.pruning.spec import PruneSpec
from edgepack.compress.spec import DataSpec, QuantizeSpec, Spec
from edgepack.compress.tuning.spec import ClusterSpec, FineTuneSpec, WeightsSpec
from edgepack.errors import UsageError

STAGES: Mapping[str, type[Spec]] = {
    "prune": PruneSpec,
    "fine-tune": FineTuneSpec,
    "cluster": ClusterSpec,
    "train-quantized": AwareSpec,
    "quantize": QuantizeSpec,
}
"""Stages that a table or a step of a recipe may ask for, by name."""

_SPELT = {"per": ("per_channel", {"channel": True, "tensor": False})}
"""Keys that are spelt otherwise in a file: the field, and what its values mean."""

MOST_SEED = 2**32 - 1
"""What Keras takes."""

S = TypeVar("S")


def spec_of(
    kind: type[S],
    table: Mapping[str, Any],
    where: str,
    shared: Mapping[str, Any] | None = None,
    without: Collection[str] = (),
) -> S:
    """The spec of class `kind` that `table` asks for.

    `shared` holds values for the fields that the spec has and the table does not name. `data` and
    `test` are texts, or tables of DataSpec's fields. Raises UsageError with `where`, the key and
    the nearest known one; keys in `without` are not known here.
    """
    given = dict(table)
    known = [key for key in keys_of(kind) if key not in without]
    for key in given:
        if key not in known:
            raise UsageError(f"{where}: unknown key {key!r}; {_nearest(key, known)}")
    values = {_field(key): _meant(key, value, where) for key, value in given.items()}
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    values = {name: v for name, v in (shared or {}).items() if name in fields} | values
    for field in fields.values():
        required = field.default is dataclasses.MISSING
        if required and field.default_factory is dataclasses.MISSING and not values.get(field.name):
            raise UsageError(f"{where}.{field.name}: is missing, and has no default")
    hints = get_type_hints(kind)
    typed = {name: _typed(hints[name], value, f"{where}.{name}") for name, value in values.items()}
    if not 0 <= typed.get("seed", 0) <= MOST_SEED:
        raise UsageError(f"{where}.seed: {typed['seed']} is out of range; it is 0 to {MOST_SEED}")
    return kind(**typed)


def keys_of(kind: type) -> tuple[str, ...]:
    """The keys that a table of this spec may hold, sorted."""
    names = {field.name for field in dataclasses.fields(kind)}
    spelt = {key: field for key, (field, _) in _SPELT.items() if field in names}
    return tuple(sorted(names - set(spelt.values()) | set(spelt)))


def stage_of(name: str, where: str, table: Mapping[str, Any] | None = None) -> type[Spec]:
    """The spec of the stage called so; UsageError with the nearest name.

    What `prune` is depends on the `method` that its table names.
    """
    if name == "prune" and (table or {}).get("method") == "weights":
        return WeightsSpec
    if name not in STAGES:
        raise UsageError(f"{where}: unknown step {name!r}; {_nearest(name, STAGES)}")
    return STAGES[name]


def stage_name(spec: Spec) -> str:
    """How files call the stage of this spec."""
    if isinstance(spec, WeightsSpec):
        return "prune"
    return next(name for name, kind in STAGES.items() if isinstance(spec, kind))


def data_of(value: Any, where: str) -> DataSpec | None:
    """Where samples come from, as a text or a table of DataSpec's fields; None for ""."""
    if isinstance(value, DataSpec) or value is None:
        return value
    if isinstance(value, str):
        return DataSpec(source=value) if value else None
    if isinstance(value, Mapping):
        return spec_of(DataSpec, value, where)
    raise UsageError(f"{where}: {value!r} names no data; give a file, or module:function")


def check_order(names: Sequence[str], where: str) -> None:
    """UsageError where a step cannot work on what those before it leave, with why."""
    for number, (name, before) in enumerate(zip(names[1:], names, strict=False), 2):
        place = f"{where} {number}, {name}"
        if before == "quantize":
            again = "the model is quantised already; leave one out"
            past = f"it works on a Keras model, and step {number - 1} has made a .tflite of it"
            raise UsageError(
                f"{place}: {again if name == 'quantize' else past + '; put it before'}"
            )
        if "train-quantized" in names[: number - 1] and name not in ("quantize", "fine-tune"):
            raise UsageError(
                f"{place}: would change the weights that train-quantized has put on their grid; "
                "put it before"
            )
    if "train-quantized" in names and names[-1] != "quantize":
        raise UsageError(
            f"{where} {len(names)}, {names[-1]}: the integers that train-quantized learns are "
            'written by quantize; put do = "quantize" at the end'
        )


def _field(key: str) -> str:
    return _SPELT[key][0] if key in _SPELT else key


def _meant(key: str, value: Any, where: str) -> Any:
    if key not in _SPELT:
        return value
    meanings = _SPELT[key][1]
    if value not in meanings:
        raise UsageError(
            f"{where}.{key}: {value!r} is not known; known: {', '.join(map(str, meanings))}"
        )
    return meanings[value]


def _nearest(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{hint}known: {', '.join(known)}"


def _typed(hint: Any, value: Any, where: str) -> Any:
    """`value` in the field's type."""
    from pydantic import TypeAdapter, ValidationError

    if DataSpec in (hint, *get_args(hint)):
        return data_of(value, where)
    if isinstance(value, Mapping) and getattr(hint, "__origin__", None) is tuple:
        value = tuple(value.items())
    try:
        return TypeAdapter(hint).validate_python(value)
    except ValidationError as error:
        problem: Mapping[str, Any] = dict(error.errors()[0])
        raise UsageError(f"{where}: {in_words(problem)}") from error
