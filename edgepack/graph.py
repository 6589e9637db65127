"""A model as the compiler sees it: tensors and operators, validated and frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from math import prod
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OptionValue = int | float | bool | str | tuple[int, ...] | tuple[float, ...]
ABSENT = -1


class DType(Enum):
    """An element type: TFLite's number, NumPy's code, the type in C."""

    FLOAT32 = (0, "<f4", "float")
    FLOAT16 = (1, "<f2", "uint16_t")
    INT32 = (2, "<i4", "int32_t")
    UINT8 = (3, "u1", "uint8_t")
    INT64 = (4, "<i8", "int64_t")
    BOOL = (6, "?", "bool")
    INT16 = (7, "<i2", "int16_t")
    INT8 = (9, "i1", "int8_t")
    UINT64 = (12, "<u8", "uint64_t")
    UINT32 = (15, "<u4", "uint32_t")
    UINT16 = (16, "<u2", "uint16_t")
    INT4 = (17, "i1", "int8_t")

    def __init__(self, tflite: int, numpy: str, ctype: str) -> None:
        self.tflite = tflite
        self.numpy = numpy
        self.ctype = ctype

    @property
    def bytes(self) -> int:
        """Bytes of one element in RAM."""
        return int(self.numpy[-1]) if self.numpy != "?" else 1


@dataclass(frozen=True, slots=True)
class Quantization:
    """real = scale * (stored - zero_point); one pair, or one a slice along `axis`."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        """Whether each slice along `axis` has a scale of its own."""
        return len(self.scales) > 1


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor. `data` holds the little-endian bytes of a constant, else None.

    `state` holds the first contents of one that keeps them from inference to inference;
    `variable` names it where several subgraphs may use it.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: DType
    quantization: Quantization | None = None
    data: bytes | None = None
    state: bytes | None = None
    variable: str = ""

    @property
    def elements(self) -> int:
        """How many elements it has (1 for a scalar)."""
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """Bytes it takes in RAM."""
        return self.elements * self.dtype.bytes

    @property
    def scale(self) -> float:
        """The scale of a per-tensor quantised tensor."""
        assert self.quantization is not None
        return self.quantization.scales[0]

    @property
    def zero_point(self) -> int:
        """The zero point of a per-tensor quantised tensor; 0 where it is not quantised."""
        return self.quantization.zero_points[0] if self.quantization else 0

    @property
    def in_arena(self) -> bool:
        """Whether it is computed anew in each inference: neither a constant nor kept state."""
        return self.data is None and self.state is None

    def array(self) -> NDArray[np.generic]:
        """The constant's values, in its shape; read-only."""
        import numpy as np

        assert self.data is not None
        return np.frombuffer(self.data, dtype=self.dtype.numpy).reshape(self.shape)


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator. `inputs` holds `ABSENT` where an optional input is left out.

    `index` is the operator's place in the file, for messages; it survives the optimiser. `own` is
    the row of an operator that the user brings (compiler.operators.row.OperatorRow).
    """

    index: int
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, OptionValue]
    version: int = 1
    own: Any = None

    def option(self, name: str) -> Any:
        """The value of a builtin option, by the schema's field name."""
        return self.options[name]


@dataclass(frozen=True, slots=True)
class Graph:
    """A whole model, or what one of its operators runs: operators over numbered tensors.

    Operators stand in the order in which they run.
    """

    name: str  # a C identifier
    sha256: str  # of the .tflite file
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    subgraphs: tuple[Graph, ...] = ()  # what IF and WHILE run; their options say which
    input_names: tuple[str, ...] = ()  # as the signature has them
    output_names: tuple[str, ...] = ()

    def end_names(self, role: Literal["input", "output"]) -> tuple[str, ...]:
        """How its inputs or outputs are called: by the signature, else as their tensors."""
        names = self.input_names if role == "input" else self.output_names
        ends = self.inputs if role == "input" else self.outputs
        return names or tuple(self.tensor(index).name for index in ends)

    def tensor(self, index: int) -> Tensor:
        """The tensor of that number."""
        return self.tensors[index]
