"""Windows that slide over images: their geometry, and how far outputs may run over inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.operators import checks
from edgepack.graph import Graph, Operator, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

LIMIT = 2**15 - 1  # an int16 of ep_window_t
NOWHERE = 2**40  # beyond every tensor


@dataclass(frozen=True, slots=True)
class Window:
    """The fields of `ep_window_t`, in their order."""

    batches: int
    in_h: int
    in_w: int
    in_c: int
    out_h: int
    out_w: int
    kernel_h: int
    kernel_w: int
    stride_h: int
    stride_w: int
    dilation_h: int
    dilation_w: int
    pad_top: int
    pad_left: int

    @property
    def fields(self) -> tuple[int, ...]:
        """All of them, as a struct's initialiser."""
        return tuple(getattr(self, name) for name in self.__dataclass_fields__)

    @property
    def pixels(self) -> int:
        """Output pixels of all batches."""
        return self.batches * self.out_h * self.out_w

    @property
    def leaves_input(self) -> bool:
        """Whether some tap of some window lies outside the input."""
        bottom = (self.out_h - 1) * self.stride_h + (self.kernel_h - 1) * self.dilation_h
        right = (self.out_w - 1) * self.stride_w + (self.kernel_w - 1) * self.dilation_w
        return (
            self.pad_top > 0
            or self.pad_left > 0
            or bottom - self.pad_top >= self.in_h
            or right - self.pad_left >= self.in_w
        )

    @property
    def is_3x3(self) -> bool:
        """Whether it sees three by three neighbours."""
        kernel = (self.kernel_h, self.kernel_w)
        return kernel == (3, 3) and (self.dilation_h, self.dilation_w) == (1, 1)

    @property
    def reads_ahead(self) -> bool:
        """Whether a kernel that keeps the rows it has read may write each row over its input.

        Then each row's outputs end before the first row that no window has seen yet.
        """
        for i in range(self.out_h):
            unread = max(0, i * self.stride_h - self.pad_top + self.kernel_h)
            if unread < self.in_h and (i + 1) * self.out_w > unread * self.in_w:
                return False
        return self.batches == 1

    def as_pointwise(self) -> Window:
        """Where it sees a whole image at once: the 1x1 window over that image as one pixel."""
        if self.leaves_input or (self.kernel_h, self.kernel_w) != (self.in_h, self.in_w):
            return self
        depth = self.in_h * self.in_w * self.in_c
        if depth > LIMIT:
            return self
        return Window(self.batches, 1, 1, depth, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0)

    def first_elements(self) -> NDArray[np.int64]:
        """The lowest input element that each output pixel's window touches: [pixels].

        A pixel whose window lies outside altogether gets NOWHERE, or more.
        """
        rows = _first_inside(
            self.out_h, self.stride_h, self.pad_top, self.kernel_h, self.dilation_h, self.in_h
        )
        columns = _first_inside(
            self.out_w, self.stride_w, self.pad_left, self.kernel_w, self.dilation_w, self.in_w
        )
        image = self.in_h * self.in_w * self.in_c
        at = (rows[:, None] * self.in_w + columns[None, :]) * self.in_c
        at = np.where((rows[:, None] < 0) | (columns[None, :] < 0), NOWHERE, at).reshape(-1)
        starts = np.arange(self.batches, dtype=np.int64) * image
        return (starts[:, None] + at[None, :]).reshape(-1)


def _first_inside(
    outputs: int, stride: int, pad: int, kernel: int, dilation: int, size: int
) -> NDArray[np.int64]:
    starts = np.arange(outputs, dtype=np.int64) * stride - pad
    first = starts + np.maximum(0, -(starts // dilation)) * dilation
    first = np.where(starts < 0, first, starts)
    inside = (first < size) & (first <= starts + (kernel - 1) * dilation)
    return np.where(inside, first, -1)


def read_window(
    op: Operator, graph: Graph, kernel: tuple[int, int], channels: int, output: Tensor
) -> Window:
    """The window of a convolution or pool over input 0, checked against the output's shape.

    `kernel` is (height, width); `channels` are the output's. Strides, dilations and the padding
    come from the options. Raises ModelError.
    """
    data = checks.input_tensor(op, graph, 0)
    checks.require_rank(op, graph, data, 4, 4)
    checks.require_positive(op, graph, "stride_h", "stride_w", limit=LIMIT)
    dilation = (1, 1)
    if "dilation_h_factor" in op.options:
        names = ("dilation_h_factor", "dilation_w_factor")
        checks.require_positive(op, graph, *names, limit=LIMIT)
        dilation = (op.option(names[0]), op.option(names[1]))
    batches, in_h, in_w, in_c = data.shape
    stride = (op.option("stride_h"), op.option("stride_w"))
    padding = op.option("padding")
    sides = list(zip((in_h, in_w), kernel, stride, dilation, strict=True))
    pads, (out_h, out_w) = _padded(sides, padding)
    checks.require_shape(op, graph, output, (batches, out_h, out_w, channels))
    checks.require(
        max(*kernel, *pads) <= LIMIT,
        op,
        graph,
        f"its window is {kernel[0]}x{kernel[1]} and its padding {pads[0]} and {pads[1]}; "
        f"{LIMIT} is the limit. Split the layer in the model.",
    )
    return Window(
        batches, in_h, in_w, in_c, out_h, out_w, *kernel, *stride, *dilation, pads[0], pads[1]
    )


def _padded(
    sides: list[tuple[int, int, int, int]], padding: str | tuple[int, int, int, int]
) -> tuple[list[int], list[int]]:
    """Padding before each side, and its outputs. Sides are (size, window, stride, dilation).

    `padding` is the option's name, or (top, bottom, left, right), which the optimiser folds in.
    """
    if isinstance(padding, str):
        return (
            [checks.window_padding(*side, padding)[0] for side in sides],
            [checks.window_output(*side, padding) for side in sides],
        )
    before, behind = padding[::2], padding[1::2]
    outputs = [
        checks.window_output(size + low + high, window, stride, dilation, "VALID")
        for (size, window, stride, dilation), low, high in zip(sides, before, behind, strict=True)
    ]
    return list(before), outputs


def overlap_lead(
    first_bytes: NDArray[np.int64],
    pixel_bytes: int,
    group: int,
    *,
    in_step: bool,
) -> int:
    """How far the output must start before the input (`Overlap.lead_bytes`), 0 at least.

    first_bytes: the lowest input byte that each output pixel needs. The kernel finishes `group`
    pixels of pixel_bytes at a time. It reads all that a group needs before it writes any of it;
    with `in_step` it goes through the group's channels instead, in both tensors at the same pace,
    reading each channel before it writes it.
    """
    pixels = len(first_bytes)
    ends = np.append(np.arange(group, pixels, group), pixels)
    later = np.append(np.minimum.accumulate(first_bytes[::-1])[::-1], np.iinfo(np.int64).max)
    lead = int((ends * pixel_bytes - later[ends])[:-1].max(initial=0))
    if in_step:
        starts = np.append(0, ends[:-1])
        lowest = np.minimum.reduceat(first_bytes, starts)
        lead = max(lead, int(((ends - 1) * pixel_bytes - lowest).max()))
    return lead
