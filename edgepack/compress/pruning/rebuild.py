"""Builds a Keras model anew from its calls, some of them replaced. Runs in the worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edgepack.compress.pruning.unroll import Call, Unrolled


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A new model, and what became of each old tensor, by its number."""

    model: Any
    tensors: Mapping[int, Any]


@dataclass
class Copies:
    """New layers, one for each key, under names that are theirs alone; weights are given last."""

    made: dict[Any, Any] = field(default_factory=dict)
    _values: dict[Any, list[Any]] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)

    def of(
        self,
        key: Any,
        kind: type,
        config: Mapping[str, Any],
        values: Sequence[Any] | None = None,
    ) -> Any:
        """The layer of `key`: at first a new `kind` from `config`, which later gets `values`."""
        if key not in self.made:
            given = dict(config)
            while given["name"] in self._names:
                given["name"] += "_"
            self._names.add(given["name"])
            self.made[key] = kind.from_config(given)  # type: ignore[attr-defined]
            if values:
                self._values[key] = list(values)
        return self.made[key]

    def same(self, operation: Any) -> Any:
        """A copy of a layer; an operation without weights is used as it is."""
        import keras

        if not isinstance(operation, keras.Layer):
            return operation
        values = operation.get_weights()
        return self.of(id(operation), type(operation), operation.get_config(), values)

    def give_weights(self) -> None:
        """Give every layer its weights, once calls have built it."""
        for key, values in self._values.items():
            self.made[key].set_weights(values)


def rebuilt(
    graph: Unrolled,
    chain: Callable[[int, Call], Sequence[Any]],
    after: Callable[[int], Any] = lambda tensor: None,
) -> Rebuilt:
    """The model in which `chain(i, call)` stands for call i, and `after(tensor)` follows a tensor.

    The first operation of a chain takes the call's arguments, each further one the single
    answer of that before it; no operation at all hands the call's first input on.
    """
    import keras

    tensors: dict[int, Any] = {}
    inputs = []
    for number, old in zip(graph.inputs, graph.placeholders, strict=True):
        inputs.append(keras.Input(batch_shape=old.shape, dtype=old.dtype, name=old.name))
        tensors[number] = _followed(inputs[-1], after(number))
    for i, call in enumerate(graph.calls):
        operations = list(chain(i, call))
        if not operations:
            tensors[call.outputs[0]] = tensors[call.inputs[0]]
            continue
        made = apply(operations[0], call, tensors)
        for operation in operations[1:]:
            made = [operation(made[0])]
        for number, tensor in zip(call.outputs, made, strict=True):
            tensors[number] = _followed(tensor, after(number))
    outputs = [tensors[number] for number in graph.outputs]
    return Rebuilt(keras.Model(single(inputs), single(outputs), name=graph.name), tensors)


def apply(operation: Any, call: Call, tensors: Mapping[int, Any]) -> list[Any]:
    """What `operation` makes of the call's arguments, its tensors taken from `tensors`."""
    import keras

    places = zip(call.arguments.keras_tensors, call.inputs, strict=True)
    args, kwargs = call.arguments.fill_in({id(old): tensors[number] for old, number in places})
    kwargs = {key: value for key, value in kwargs.items() if value is not None}
    return list(keras.tree.flatten(operation(*args, **kwargs)))


def single(values: list[Any]) -> Any:
    """The only one, or all of them."""
    return values[0] if len(values) == 1 else values


def _followed(tensor: Any, operation: Any) -> Any:
    return tensor if operation is None else operation(tensor)
