"""What the one table of operators knows of each TFLite operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from edgepack.graph import Graph, Operator, OptionValue
from edgepack.program import Lowered, LowerSpec


@dataclass(frozen=True, slots=True)
class OptionField:
    """One field of the operator's builtin-options table in TFLite's schema.

    `slot` is the field's place in the flatbuffer table, from 0; `choices` names an enum's values
    (the validator refuses others), and the option is then that name.
    """

    name: str
    slot: int
    kind: Literal["int32", "int8", "uint8", "int64", "bool", "float32", "string", "ints", "floats"]
    default: int | float | bool = 0
    choices: tuple[str, ...] = ()


Check = Callable[[Operator, Graph], None]
Lower = Callable[[Operator, Graph, LowerSpec], Lowered]
PADDING = ("SAME", "VALID")
ACTIVATION = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRow:
    """One TFLite operator: how to read, check, lower and test it."""

    kind: str  # "CONV_2D"
    code: int  # BuiltinOperator's number
    options_type: int = 0  # BuiltinOptions' number, 0 for none
    options: tuple[OptionField, ...] = ()
    custom: Callable[[bytes], Mapping[str, OptionValue]] | None = None
    """Of a custom operator, whose kind is its code in the file: reads the bytes of its options,
    and raises ValueError where they are broken. None for TFLite's own operators."""
    inputs: tuple[int, int]  # fewest and most inputs
    outputs: tuple[int, int] = (1, 1)
    optional: frozenset[int] = frozenset()  # places of inputs that may be ABSENT
    types: tuple[str, ...] = ("int8", "float32")  # of the activations
    check: Check
    """Raises ModelError unless types, shapes and options are ones that TFLite's reference
    kernel accepts and `lower` handles; it also checks the output's shape."""
    lower: Lower
    shape: Callable[[Operator, Graph], Sequence[tuple[int, ...]]] | None = None
    """The outputs' shapes from the inputs', where a file leaves them open; None: what
    shape_rules.py has for its kind."""
    oracle: str = "LiteRT reference"
    exact: bool = True  # int8: bit-identical to the oracle
    float_ulp: int = 0  # float32: the bound on the distance, in units of the last place
    notes: str = ""  # stated exceptions, for the documentation
    tags: frozenset[str] = field(default_factory=frozenset)
