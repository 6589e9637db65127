"""Device answers against the oracle's: to the bit, and in units of the last place for floats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgepack.errors import DeviceError
from edgepack.results import Agreement, LayerAgreement


def compare(
    device: Sequence[NDArray[np.generic]],
    reference: Sequence[NDArray[np.generic]],
    oracle: str,
    bound_ulp: int | None = None,
) -> Agreement:
    """How n samples agree; each array is [n, ...], and only sizes and types must match.

    For float32 outputs `max_ulp` is the largest distance; two NaNs agree.
    """
    first = ""
    max_ulp: int | None = None
    exact = True
    count = len(reference[0]) if reference else 0
    for number, (ours, theirs) in enumerate(zip(device, reference, strict=True)):
        mine, due = _pair(ours, theirs, f"output {number}")
        if mine.dtype == np.float32:
            max_ulp = max(max_ulp or 0, int(ulp_distance(mine, due).max(initial=0)))
        different = differs(mine, due)
        if different.any():
            exact = False
            first = first or _describe(mine, due, different, number, count)
    return Agreement(oracle, exact, max_ulp, count, bound_ulp, first)


def compare_layer(
    operator: int,
    kind: str,
    tensor: str,
    device: bytes,
    reference: NDArray[np.generic],
) -> LayerAgreement:
    """One tensor read out of the arena against the oracle's; DeviceError where sizes differ."""
    if len(device) != reference.nbytes:
        raise DeviceError(
            f"op {operator} {kind}: {len(device)} bytes read of {tensor!r}, which has "
            f"{reference.nbytes}"
        )
    ours = np.frombuffer(device, dtype=reference.dtype.newbyteorder("<")).reshape(reference.shape)
    mine, due = _pair(ours, reference, tensor)
    different = differs(mine, due)
    is_float = mine.dtype == np.float32
    with np.errstate(invalid="ignore", over="ignore"):
        gaps = np.abs(mine.astype(np.float64) - due.astype(np.float64))
    gaps = np.where(different, np.nan_to_num(gaps, nan=np.inf), 0.0)
    return LayerAgreement(
        operator=operator,
        kind=kind,
        tensor=tensor,
        shape=tuple(reference.shape),
        equal=not different.any(),
        differing=int(different.sum()),
        max_difference=float(gaps.max(initial=0.0)),
        max_ulp=int(ulp_distance(mine, due).max(initial=0)) if is_float else None,
    )


def differs(a: NDArray[np.generic], b: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Where the bits differ; two NaNs count as the same, 0.0 and -0.0 do not."""
    if a.dtype != np.float32:
        return np.asarray(a != b)
    bits = a.view(np.uint32) != b.view(np.uint32)
    return np.asarray(bits & ~(np.isnan(a) & np.isnan(b)))


def ulp_distance(a: NDArray[np.generic], b: NDArray[np.generic]) -> NDArray[np.int64]:
    """How many float32 values lie from a to b; 0 for two NaNs, 2**32 for a NaN and a number."""
    distance: NDArray[np.int64] = np.abs(_ordered(a) - _ordered(b))
    nan_a, nan_b = np.isnan(a), np.isnan(b)
    distance[nan_a & nan_b] = 0
    distance[nan_a ^ nan_b] = 2**32
    return distance


def _ordered(values: NDArray[np.generic]) -> NDArray[np.int64]:
    """Integers in the order of the floats, consecutive where those are."""
    bits = values.view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(2**31) - bits, bits)


def _pair(
    ours: NDArray[np.generic], theirs: NDArray[np.generic], what: str
) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """Both flat a sample, in native byte order; DeviceError where they cannot be compared."""
    mine = np.ascontiguousarray(ours).astype(ours.dtype.newbyteorder("="))
    due = np.ascontiguousarray(theirs).astype(theirs.dtype.newbyteorder("="))
    if mine.dtype != due.dtype or mine.size != due.size:
        raise DeviceError(
            f"{what}: the device has {mine.size} of {mine.dtype}, the oracle {due.size} of "
            f"{due.dtype}"
        )
    return mine.reshape(-1), due.reshape(-1)


def _describe(
    mine: NDArray[np.generic],
    due: NDArray[np.generic],
    different: NDArray[np.bool_],
    output: int,
    count: int,
) -> str:
    at = int(np.argmax(different))
    per_sample = max(1, mine.size // max(1, count))
    return (
        f"sample {at // per_sample}, output {output}, element {at % per_sample}: "
        f"device {mine[at]}, oracle {due[at]}; {int(different.sum())} of {mine.size} differ"
    )
