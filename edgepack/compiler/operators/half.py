"""Float weights that are halves exactly stay halves in flash (float16 models)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgepack.program import Argument, Const, Lowered, LowerSpec, Params, Step


def halved(lowered: Lowered, spec: LowerSpec) -> Lowered:
    """The float layer with its weights in half precision, where each is a finite half exactly.

    They take half the flash and, whenever one is read, a few instructions more; results stay the
    same bits. So at level "balanced" it is done where each is read once, at "size" everywhere.
    """
    once = all(step.kernel == "ep_dense_f32" for step in lowered.steps)
    if spec.optimize == "speed" or (spec.optimize == "balanced" and not once):
        return lowered
    return replace(lowered, steps=tuple(_step(step) for step in lowered.steps))


def _step(step: Step) -> Step:
    arguments: list[Argument] = []
    for argument in step.arguments:
        if isinstance(argument, Const) and argument.stem == "weights":
            values = np.frombuffer(argument.data, "<f4")
            small = values[np.abs(values) < 2.0**16].astype("<f2")
            if len(small) < len(values) or not np.array_equal(small.astype("<f4"), values):
                return step
            argument = replace(argument, ctype="uint16_t", data=small.tobytes())
        elif isinstance(argument, Params):
            argument = replace(argument, ctype=argument.ctype.replace("_f32", "_f16"))
        arguments.append(argument)
    kernel = step.kernel.replace("_f32", "_f16")
    return replace(step, kernel=kernel, source=kernel, arguments=tuple(arguments))
