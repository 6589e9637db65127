"""Float layers by a single-precision FPU: the portable kernels' sums, more of them at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from edgepack.compiler.operators.window import Window, overlap_lead
from edgepack.program import Lowered, LowerSpec, Overlap, Scratch, Step

if TYPE_CHECKING:
    from edgepack.program import Argument

PIXELS = 4  # of a tile
FLOAT = 4  # bytes


def conv(lowered: Lowered, window: Window, outputs: int, spec: LowerSpec) -> Lowered:
    """A convolution of one group, by tiles of pixels and outputs beside the portable way."""
    (step,) = lowered.steps
    if "fpu" not in spec.isa or step.kernel != "ep_conv_2d_f32" or outputs < PIXELS:
        return lowered
    return replace(lowered, offers=(_tiled(step, window, outputs),))


def _tiled(step: Step, window: Window, outputs: int) -> Step:
    first, pixel = FLOAT * window.first_elements(), FLOAT * outputs
    lead = max(overlap_lead(first, pixel, n, in_step=False) for n in (1, PIXELS))
    arguments: list[Argument] = [
        Scratch(PIXELS * a.bytes) if isinstance(a, Scratch) else a for a in step.arguments
    ]
    return replace(
        step,
        kernel="ep_conv_2d_tile_f32",
        source="ep_conv_2d_tile_f32",
        arguments=tuple(arguments),
        overlaps=(Overlap(step.inputs[0], step.outputs[0], lead),),
        variant="fpu",
    )


def dense(lowered: Lowered, spec: LowerSpec) -> Lowered:
    """A dense layer by four outputs at once, of the same arguments."""
    (step,) = lowered.steps
    if "fpu" not in spec.isa or step.kernel != "ep_dense_f32":
        return lowered
    kernel = "ep_dense_four_f32"
    return replace(lowered, offers=(replace(step, kernel=kernel, source=kernel, variant="fpu"),))
