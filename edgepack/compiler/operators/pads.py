"""PAD, PADV2 and MIRROR_PAD: rows of the table of operators."""

from __future__ import annotations

from edgepack.compiler.operators.checks import (
    RECONVERT,
    constant_ints,
    input_tensor,
    output_tensor,
    require,
    require_constant,
    require_rank,
    require_same_quantization,
    require_same_type,
    require_shape,
    require_type,
    tensor_text,
)
from edgepack.compiler.operators.moves import (
    TYPES,
    check_same,
    lower_same_bytes,
    mapped,
    move_step,
    require_small_tables,
)
from edgepack.compiler.operators.row import OperatorRow, OptionField
from edgepack.graph import Graph, Operator
from edgepack.program import Lowered, LowerSpec, Params, Scalar


def check_pad(op: Operator, graph: Graph) -> None:
    """Constant paddings from 0 up, up to 5 dimensions; a constant value of the input's type."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    require_type(op, graph, x, TYPES)
    require_same_type(op, graph, x, y)
    require_rank(op, graph, x, 1, 5)
    paddings = _paddings(op, graph)
    require_shape(
        op,
        graph,
        y,
        [low + size + high for size, (low, high) in zip(x.shape, paddings, strict=True)],
    )
    if op.kind == "PADV2":
        value = require_constant(op, graph, 2)
        require_same_type(op, graph, x, value)
        require(
            value.elements == 1,
            op,
            graph,
            f"{tensor_text(value)} holds {value.elements} values; it must be one. {RECONVERT}.",
        )
        if value.quantization is not None:
            require_same_quantization(op, graph, y, value)


def _paddings(op: Operator, graph: Graph) -> list[tuple[int, int]]:
    x = input_tensor(op, graph, 0)
    values = constant_ints(op, graph, 1)
    require_shape(op, graph, input_tensor(op, graph, 1), (len(x.shape), 2))
    require(
        min(values) >= 0,
        op,
        graph,
        f"pads by {min(values)}; paddings are 0 or more. {RECONVERT}.",
    )
    return list(zip(values[::2], values[1::2], strict=True))


def _padding_bits(op: Operator, graph: Graph) -> int:
    """The padding's bits as an unsigned number of the element's size."""
    y = output_tensor(op, graph)
    if op.kind == "PADV2":
        data = input_tensor(op, graph, 2).data
        assert data is not None
        return int.from_bytes(data, "little")
    return y.zero_point % (1 << 8 * y.dtype.bytes)


def lower_pad(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """Runs of the input with paddings between them, written in order."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    paddings = _paddings(op, graph)
    if not any(low or high for low, high in paddings):
        return lower_same_bytes(op, graph, spec)
    bits = 8 * x.dtype.bytes
    value = Scalar(f"uint{bits}_t", _padding_bits(op, graph))
    params = Params("ep_pad_t", _pad_fields(x.shape, paddings))
    return Lowered(steps=(move_step(op, f"ep_pad_{bits}", "ep_pad", params, x, y, value),))


def check_mirror_pad(op: Operator, graph: Graph) -> None:
    """Constant paddings that the input is large enough to mirror."""
    x, y = check_same(op, graph)
    require_rank(op, graph, x, 1, 8)
    paddings = _paddings(op, graph)
    reflect = op.option("mode") == "REFLECT"
    for axis, (size, ends) in enumerate(zip(x.shape, paddings, strict=True)):
        most = size - 1 if reflect else size
        require(
            max(ends) <= most,
            op,
            graph,
            f"pads dimension {axis} of {tensor_text(x)} by {max(ends)}; {op.option('mode')} "
            f"mirrors up to {most}. {RECONVERT}.",
        )
    require_small_tables(op, graph, y)
    require_shape(op, graph, y, [a + n + b for n, (a, b) in zip(x.shape, paddings, strict=True)])


def lower_mirror_pad(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """Tables of places that turn back at the ends."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    edge = 1 if op.option("mode") == "SYMMETRIC" else 0
    maps = [
        [_mirrored(i - low, size, edge) for i in range(low + size + high)]
        for size, (low, high) in zip(x.shape, _paddings(op, graph), strict=True)
    ]
    return mapped(op, x, y, maps)


def _mirrored(place: int, size: int, edge: int) -> int:
    """A place outside of [0, size) mirrored at the nearer end, which counts twice with `edge`."""
    if place < 0:
        return -place - edge
    return place if place < size else 2 * size - 2 + edge - place


def _pad_fields(
    shape: tuple[int, ...], paddings: list[tuple[int, int]]
) -> tuple[tuple[str, int | tuple[int, ...]], ...]:
    """Dimensions without padding join the run of the one outside; then lead, gaps and tail."""
    dims: list[tuple[int, int, int]] = []  # (size, before, after) in elements, innermost first
    block = 1  # elements of one index along the dimension at hand
    for size, (low, high) in zip(reversed(shape), reversed(paddings), strict=True):
        if dims and dims[-1][1:] == (0, 0):
            inner = dims.pop()[0]
            block //= inner
            size, low, high = size * inner, low * inner, high * inner
        dims.append((size, low, high))
        block *= size + low + high
    return _pad_layout(dims)


def _pad_layout(
    dims: list[tuple[int, int, int]],
) -> tuple[tuple[str, int | tuple[int, ...]], ...]:
    unit = lead = tail = 0
    unit, counts, gaps = 1, [], []
    for place, (size, low, high) in enumerate(dims):
        if place:
            counts.append(size)
            gaps.append(lead + tail)
        lead += low * unit
        tail += high * unit
        unit *= size + low + high
    return (
        ("lead", lead),
        ("tail", tail),
        ("run", dims[0][0]),
        ("rank", len(counts)),
        ("count", tuple(counts) or (0,)),
        ("gap", tuple(gaps) or (0,)),
    )


ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="PAD",
        code=34,
        inputs=(2, 2),
        types=TYPES,
        check=check_pad,
        lower=lower_pad,
        notes="Up to 5 dimensions, as TFLite.",
    ),
    OperatorRow(
        kind="PADV2",
        code=60,
        inputs=(3, 3),
        types=TYPES,
        check=check_pad,
        lower=lower_pad,
        notes="Up to 5 dimensions, as TFLite. The value must be a constant.",
    ),
    OperatorRow(
        kind="MIRROR_PAD",
        code=100,
        options_type=77,
        options=(OptionField("mode", 0, "int8", 0, ("REFLECT", "SYMMETRIC")),),
        inputs=(2, 2),
        types=TYPES,
        check=check_mirror_pad,
        lower=lower_mirror_pad,
    ),
)
