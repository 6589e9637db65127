"""What the fake board's model answers, and samples for it."""

from __future__ import annotations

import random

from edgepack.device.hello import Identity
from edgepack.program import Port

INPUTS = (300, 41)
ANSWER = slice(150, 650)
ARENA_BYTES = 300 + 41 + 500 + 8
STEPS = 70
IDENTITY = Identity(
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", "ab" * 32, "fake"
)
PORT = Port("fake", 10**10, "")
EMULATED = Port("fake", 10**10, "lock step")


def arena_after(inputs: list[bytes], last_step: int = STEPS - 1, outputs: int = 500) -> bytes:
    """The arena after a step, without the 8 bytes behind it."""
    arena = bytearray(b"".join(inputs) + bytes(outputs))
    for step in range(0, last_step + 1, 10):
        carry = (step + 1) & 0xFF
        for i, was in enumerate(arena):
            arena[i] = (was * 5 + carry + i) & 0xFF
            carry = arena[i] ^ (carry >> 1)
    return bytes(arena)


def answer(inputs: list[bytes]) -> tuple[bytes, bytes]:
    """Both outputs."""
    arena = arena_after(inputs)
    total = 0
    for byte in arena:
        total = (total * 31 + byte) & 0xFFFFFFFF
    return arena[ANSWER], total.to_bytes(4, "little")


def samples(count: int, seed: int = 1) -> list[list[bytes]]:
    """Random inputs; some all zeros, which frames encode at length."""
    rng = random.Random(seed)
    found = [[rng.randbytes(size) for size in INPUTS] for _ in range(count)]
    found[0] = [bytes(size) for size in INPUTS]
    return found
