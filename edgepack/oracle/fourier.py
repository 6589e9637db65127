"""The Fourier transform of 16-bit samples as the firmware computes it, with NumPy."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Pair = tuple[Ints, Ints]  # real and imaginary parts
BITS, TOP = 15, 2**15 - 1


def real_spectrum(samples: Ints, length: int) -> Ints:
    """The spectrum of each row in 16-bit fixed point, [n, length + 2]: re, im, re, im, ...

    samples: [n, up to length]. Every pass scales by its radix, so the result is the transform
    divided by `length`, rounded pass by pass.
    """
    count = length // 2
    rows = np.zeros((len(samples), length), np.int64)
    rows[:, : samples.shape[1]] = samples
    re, im = _complex(rows[:, ::2], rows[:, 1::2])
    spectrum = np.zeros((len(samples), count + 1, 2), np.int64)
    first, other = _scaled(re[:, 0], 2), _scaled(im[:, 0], 2)
    spectrum[:, 0, 0], spectrum[:, count, 0] = _wrapped(first + other), _wrapped(first - other)
    k = np.arange(1, count // 2 + 1)
    front = (_scaled(re[:, k], 2), _scaled(im[:, k], 2))
    back = (_scaled(re[:, count - k], 2), _scaled(_wrapped(-im[:, count - k]), 2))
    even = (_wrapped(front[0] + back[0]), _wrapped(front[1] + back[1]))
    apart = (_wrapped(front[0] - back[0]), _wrapped(front[1] - back[1]))
    odd = _product(apart, _turns(-np.pi * (k / count + 0.5)))
    spectrum[:, k, 0], spectrum[:, k, 1] = (even[0] + odd[0]) >> 1, (even[1] + odd[1]) >> 1
    spectrum[:, count - k, 0] = (even[0] - odd[0]) >> 1
    spectrum[:, count - k, 1] = (odd[1] - even[1]) >> 1
    return spectrum.reshape(len(samples), length + 2)


def _wrapped(values: Ints) -> Ints:
    return values.astype(np.int16).astype(np.int64)


def _rounded(values: Ints) -> Ints:
    return _wrapped((values + (1 << (BITS - 1))) >> BITS)


def _scaled(values: Ints, parts: int) -> Ints:
    return _rounded(values * (TOP // parts))


def _product(a: Pair, b: Pair) -> Pair:
    return _rounded(a[0] * b[0] - a[1] * b[1]), _rounded(a[0] * b[1] + a[1] * b[0])


def _turns(angles: NDArray[np.float64]) -> Pair:
    re, im = (np.floor(0.5 + TOP * f(angles)).astype(np.int64) for f in (np.cos, np.sin))
    return re, im


def _radices(count: int) -> list[int]:
    bits = count.bit_length() - 1
    return [4] * (bits // 2) + [2] * (bits % 2)


@cache
def _places(count: int) -> NDArray[np.intp]:
    """Where each value stands before the first pass: its digits in opposite order."""
    rest, places, block = np.arange(count), np.zeros(count, np.intp), count
    for radix in _radices(count):
        block //= radix
        places += rest % radix * block
        rest //= radix
    return places


def _complex(re: Ints, im: Ints) -> Pair:
    count = re.shape[1]
    y = np.zeros((2, *re.shape), np.int64)
    y[0][:, _places(count)], y[1][:, _places(count)] = re, im
    turns = _turns(-2 * np.pi * np.arange(count) / count)
    m = 1
    for radix in reversed(_radices(count)):
        groups = y.reshape(2, len(re), -1, radix, m)
        parts = [(_scaled(g[0], radix), _scaled(g[1], radix)) for g in np.moveaxis(groups, 3, 0)]
        stride = count // (radix * m)
        for n in range(1, radix):
            at = n * np.arange(m) * stride
            parts[n] = _product(parts[n], (turns[0][at], turns[1][at]))
        joined = _pass_of_4(parts) if radix == 4 else _pass_of_2(parts)
        y = np.stack([np.stack([p[i] for p in joined], axis=2) for i in (0, 1)])
        y = y.reshape(2, len(re), count)
        m *= radix
    return y[0], y[1]


def _plus(a: Pair, b: Pair) -> Pair:
    return _wrapped(a[0] + b[0]), _wrapped(a[1] + b[1])


def _minus(a: Pair, b: Pair) -> Pair:
    return _wrapped(a[0] - b[0]), _wrapped(a[1] - b[1])


def _pass_of_2(parts: list[Pair]) -> list[Pair]:
    return [_plus(*parts), _minus(*parts)]


def _pass_of_4(parts: list[Pair]) -> list[Pair]:
    a, b, c, d = parts
    even, odd, both, apart = _plus(a, c), _minus(a, c), _plus(b, d), _minus(b, d)
    turned = (apart[1], _wrapped(-apart[0]))
    return [_plus(even, both), _plus(odd, turned), _minus(even, both), _minus(odd, turned)]
