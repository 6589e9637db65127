"""Weights of few bits for kernels that read bytes: they are unpacked into RAM before each call.

Every kernel that takes its weights as int8, of whichever instruction set, has them so at a half or
a quarter of the flash, for the bytes of RAM during its call and about an instruction and a half a
weight. It pays where a layer has many pixels, or RAM to spare.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgepack.compiler.variants.few_bits import widths_of
from edgepack.program import Const, Lowered, Params, Scratch, Step, Unpacking

LEAST_BYTES = 128  # of weights, below which nothing is saved
PACKED = ("_s4", "_s2")  # kernels whose weights are no bytes
PLANES = {"ep_planes_3x3_s8": (2, 3), "ep_planes_3x3_twice_s8": (2, 3)}
"""Words of bytes, and words that stay, of each row of a kernel's stream."""


def with_unpacked(lowered: Lowered) -> Lowered:
    """What an operator may become, and behind it the same kernels with weights of few bits."""
    ways = [way for way in lowered.ways if len(way) == 1]
    found = tuple(offer for (step,) in ways for offer in _unpacked(step))
    return replace(lowered, offers=(*lowered.offers, *found)) if found else lowered


def _unpacked(step: Step) -> list[Step]:
    """The step by weights of each number of bits that they have."""
    places = [
        place
        for place, argument in enumerate(step.arguments)
        if isinstance(argument, Const) and argument.stem in ("weights", "channels")
    ]
    if len(places) != 1 or step.kernel.endswith(PACKED):
        return []
    place = places[0]
    const = step.arguments[place]
    assert isinstance(const, Const)
    if len(const.data) < LEAST_BYTES:
        return []
    words, kept = PLANES.get(step.kernel, (0, 0))
    if not words and const.ctype != "int8_t":
        return []
    return [
        _by(step, place, const, bits, kept)
        for bits in widths_of(_bytes_of(const, words, kept).reshape(-1))
        if words % (8 // bits) == 0
    ]


def _bytes_of(const: Const, words: int, kept: int) -> NDArray[np.int8]:
    """[rows, bytes]: what is packed; one row where nothing lies between."""
    data = np.frombuffer(const.data, np.int8)
    return data.reshape(-1, 4 * (words + kept))[:, : 4 * words] if words else data.reshape(1, -1)


def _by(step: Step, place: int, const: Const, bits: int, kept: int) -> Step:
    words = PLANES.get(step.kernel, (0, 0))[0]
    values = _bytes_of(const, words, kept)
    together = 32 // bits
    values = np.pad(values, [(0, 0), (0, -values.shape[1] % together)])
    packed = _packed(values, bits)
    rest = np.frombuffer(const.data, "<u4").reshape(len(values), -1)[:, words:] if words else None
    data = packed if rest is None else np.concatenate([packed, rest], axis=1)
    tables = const.tables if rest is not None else 0
    params = Params(
        "ep_unpack_t", (("rows", len(values)), ("words", packed.shape[1]), ("kept", kept))
    )
    stored = Const("packed", "uint32_t", data.astype("<u4").tobytes(), const.role, tables)
    arguments = list(step.arguments)
    arguments[place] = Scratch(values.size + 4 * kept * len(values))
    return replace(
        step,
        arguments=(*arguments, params, stored),
        unpacks=Unpacking(f"ep_unpack_s{bits}", place, values.size),
    )


def _packed(values: NDArray[np.int8], bits: int) -> NDArray[np.uint32]:
    """[rows, words]: see ep_unpack.h."""
    codes = (values + 2 ** (bits - 1)).astype(np.uint8).view("<u4")
    together = 8 // bits
    parts = codes.reshape(len(codes), -1, together)
    shifts = bits * np.arange(together, dtype=np.uint32)
    found: NDArray[np.uint32] = (parts << shifts).sum(axis=2, dtype=np.uint32)
    return found
