"""What a front end makes of samples, with NumPy, to the bit as the firmware does.

features(FrontEnd("micro_speech"), samples)      [frames, width]: to train with
FrontEndTwin(front, ...).push(samples)           call by call, as the firmware takes them
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edgepack import frontend
from edgepack.frontend import FrontEnd, Rescale
from edgepack.oracle.fourier import real_spectrum

Ints = NDArray[np.int64]
Objects = NDArray[np.object_]


def features(front: FrontEnd, samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """The features of a recording, [frames, width]; a frame every `hop` samples.

    The first frame is the first that is complete. A feature stands for itself times
    `front.feature_scale`.
    """
    count = max(0, (len(samples) - front.window) // front.hop + 1)
    starts = np.arange(count)[:, None] * front.hop + np.arange(front.window)
    return features_of(front, samples[starts], Noise(front))


class Noise:
    """The estimate of each channel's noise, which goes on from frame to frame."""

    def __init__(self, front: FrontEnd) -> None:
        self.estimate = np.zeros(front.channels, np.int64)


def features_of(front: FrontEnd, frames: NDArray[np.int16], noise: Noise) -> NDArray[np.int16]:
    """The features of whole frames in order: [n, window] to [n, width]."""
    if not len(frames):
        return np.zeros((0, front.width), np.int16)
    windowed = (frames.astype(np.int64) * frontend.window_table(front)) >> frontend.WINDOW_BITS
    windowed = windowed.clip(-(2**15), 2**15 - 1)
    loudest = np.abs(windowed).max(axis=1)
    bits = np.array([max(0, 15 - int(top).bit_length()) if top else 0 for top in loudest])
    spectra = real_spectrum(windowed << bits[:, None], front.length)
    energies = spectra[:, ::2] ** 2 + spectra[:, 1::2] ** 2
    channels = roots(filtered(front, energies), bits)
    if front.kind == "micro_speech":
        channels = np.stack([_without_noise(front, row, noise) for row in channels])
    logs = logarithms(channels << front.correction_bits, frontend.LOG_SCALE)
    if front.kind != "mfcc":
        return logs.astype(np.int16)
    sums = logs @ frontend.cosine_table(front).astype(np.int64).T
    half = 1 << (frontend.COSINE_BITS - 1)
    return ((sums + half) >> frontend.COSINE_BITS).clip(-(2**15), 2**15 - 1).astype(np.int16)


def filtered(front: FrontEnd, energies: Ints) -> Objects:
    """Energies [n, frequencies] through the triangles, [n, channels] of unbounded integers."""
    tables = frontend.filter_tables(front)
    taken = np.zeros((len(energies), front.channels + 2), object)
    for slope, (start, at, width) in enumerate(
        zip(tables.starts, tables.at, tables.widths, strict=True)
    ):
        part = energies[:, start : start + width].astype(object)
        taken[:, slope] += part @ tables.weights[at : at + width].astype(object)
        taken[:, slope + 1] += part @ tables.others[at : at + width].astype(object)
    return taken[:, 1:-1]


def roots(values: Objects, bits: Ints) -> Ints:
    """Square roots to the nearest, of 16 bits where the value has 32, shifted right."""
    rows = [[_root(int(v)) >> int(b) for v in row] for row, b in zip(values, bits, strict=True)]
    return np.array(rows, np.int64)


def _root(value: int) -> int:
    root = math.isqrt(value)
    full = root == (2**16 - 1 if value < 2**32 else 2**32 - 1)
    return root + 1 if value - root * root > root and not full else root


def _without_noise(front: FrontEnd, signal: Ints, noise: Noise) -> Ints:
    """Spectral subtraction, then a gain that depends on the noise, and a soft root."""
    shares = frontend.noise_shares()
    odd = np.arange(front.channels) % 2 == 1
    share = np.where(odd, shares["alternate_smoothing"], shares["smoothing"])
    up = signal << frontend.SMOOTHING_BITS
    rest = (1 << frontend.SHARE_BITS) - share
    noise.estimate = (up * share + noise.estimate * rest) >> frontend.SHARE_BITS
    left = (up - np.minimum(noise.estimate, up)) >> frontend.SMOOTHING_BITS
    low = (signal * shares["min_signal_remaining"]) >> frontend.SHARE_BITS
    gains = frontend.gain_table(front).astype(np.int64)
    shift = frontend.GAIN_BITS - front.correction_bits - frontend.SNR_BITS
    gain = np.array([_gain(int(n), gains) for n in noise.estimate])
    ratio = (np.maximum(left, low) * gain) >> shift
    shrunk: Ints = np.where(ratio < (2 << 12), (ratio * ratio) >> 20, (ratio >> 6) - 64)
    return shrunk


def _gain(noise: int, gains: Ints) -> int:
    if noise <= 2:
        return int(gains[noise])
    piece = noise.bit_length()
    part = ((noise << (11 - piece)) if piece < 11 else (noise >> (piece - 11))) & 0x3FF
    first, slope, bend = (int(gains[4 * piece - 6 + n]) for n in range(3))
    rise = (((bend * part) >> 5) + (slope << 5)) * part
    return ((rise + (1 << 14)) >> 15) + first


def logarithms(values: Ints, scale: int) -> Ints:
    """The natural logarithm times `scale`, at most 32767; 0 for 0 and 1."""
    table = np.array([round(65536 * math.log2(1 + k / 128)) - 512 * k for k in range(129)] + [0])
    safe = np.maximum(values, 2)
    whole = np.floor(np.log2(safe)).astype(np.int64)
    whole -= (1 << whole) > safe
    whole += (2 << whole) <= safe
    rest = safe - (1 << whole)
    part = np.where(whole < 16, rest << (16 - whole).clip(0), rest >> (whole - 16).clip(0))
    piece = part >> 9
    bent = table[piece] + (((table[piece + 1] - table[piece]) * (part & 511)) >> 16)
    natural = (45426 * ((whole << 16) + part + bent) + (1 << 15)) >> 16
    scaled = (scale * natural + (1 << 15)) >> 16
    return np.where(values <= 1, 0, scaled.clip(max=2**15 - 1))


def stored(values: NDArray[np.int16], how: Rescale | float) -> NDArray[np.generic]:
    """Features as the model's input stores them: integers by `Rescale`, floats by a factor."""
    if isinstance(how, float):
        return values.astype(np.float32) * np.float32(how)
    half = 1 << (how.shift - 1)
    moved = ((values.astype(np.int64) * how.mantissa + half) >> how.shift) + how.zero_point
    kind = np.uint8 if how.low == 0 else np.int8 if how.high == 127 else np.int16
    return moved.clip(how.low, how.high).astype(kind)


class FrontEndTwin:
    """A front end call by call: `hop` samples in, the model's input out.

    The model's input holds `rows` frames of `width` values; `how` is the way features become its
    values, `empty` what it holds before the first frame.
    """

    def __init__(
        self, front: FrontEnd, rows: int, width: int, how: Rescale | float, empty: float
    ) -> None:
        self.front, self.how = front, how
        self.noise = Noise(front)
        self.calls = 0
        self.past = np.zeros(_past(front), np.int16)
        self.missing = len(self.past)
        first = stored(np.zeros((rows, width), np.int16), how)
        self.window = np.full_like(first, empty)

    def push(self, samples: NDArray[np.int16]) -> NDArray[np.generic] | None:
        """The model's input after these samples, or None where the model does not run."""
        front = self.front
        if front.kind == "window":
            fresh = stored(samples.reshape(front.hop, -1), self.how)
        else:
            held = np.concatenate([self.past, samples])
            frame = held[: front.window] if self.missing <= 0 else np.zeros(front.window, np.int16)
            self.past = held[len(samples) :]
            self.missing -= len(samples)
            fresh = stored(features_of(front, frame[None], self.noise), self.how)
        self.window = np.concatenate([self.window[len(fresh) :], fresh])
        self.calls += 1
        return self.window if self.calls % front.stride == 0 else None


def _past(front: FrontEnd) -> int:
    """Samples kept between calls: enough whole hops that a frame is complete with the next."""
    if front.kind == "window":
        return 0
    return -(-front.window // front.hop) * front.hop - front.hop
