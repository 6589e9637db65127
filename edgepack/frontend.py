"""Audio and sensor front ends: what turns samples into a model's input, and its tables.

`FrontEnd` says which; `compiler.frontend` puts it in front of a graph, and `oracle.frontend`
computes the same bits with NumPy, for training and for tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int16]

Kind = Literal["micro_speech", "log_mel", "mfcc", "window"]

WINDOW_BITS = 12  # binary places of the window and of the filters' weights
FILTER_BITS = 12
LOG_SCALE = 64  # features are natural logarithms times this
COSINE_BITS = 14
SMOOTHING_BITS = 10  # of the noise estimate
SHARE_BITS = 14
EVEN_SMOOTHING, ODD_SMOOTHING, MIN_SIGNAL = 0.025, 0.06, 0.05  # micro-speech's
GAIN_BITS, GAIN_OFFSET, GAIN_STRENGTH = 21, 80.0, 0.95
SNR_BITS = 12
GAIN_PIECES = 32
LARGEST_16 = 0x7FFF


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """A front end: frames of `window` samples, one every `hop`, each a row of the model's input.

    "micro_speech" gives the features of TFLite Micro's speech examples: mel filters on magnitudes,
    noise taken off, automatic gain, logarithm. "log_mel" leaves noise and gain out; "mfcc" takes
    the first `coefficients` of its cosine transform. "window" hands on what it is given: `hop`
    rows a call, each of as many values as a row of the model's input.

    A feature stands for feature * `scale`: micro-speech's is 1 / 25.6, the others' 1 / 64, so
    that they are natural logarithms of magnitudes. The model runs once every `stride` calls.
    """

    kind: Kind
    sample_rate: int = 16_000
    window: int = 480
    hop: int = 320
    channels: int = 40
    low_hz: float = 125.0
    high_hz: float = 7500.0
    coefficients: int = 13
    stride: int = 1
    scale: float = 0.0  # 0 takes the kind's

    @property
    def length(self) -> int:
        """Samples of the Fourier transform: the next power of 2 from the window on."""
        return 1 << max(4, (self.window - 1).bit_length())

    @property
    def width(self) -> int:
        """Features of one frame."""
        return self.coefficients if self.kind == "mfcc" else self.channels

    @property
    def feature_scale(self) -> float:
        """What one step of a feature stands for."""
        usual = {"micro_speech": 1 / 25.6, "window": 1.0}
        return self.scale or usual.get(self.kind, 1 / LOG_SCALE)

    @property
    def correction_bits(self) -> int:
        """Binary places that the transform's scaling takes from magnitudes."""
        return self.length.bit_length() - 1 - FILTER_BITS // 2


def window_table(front: FrontEnd) -> Ints:
    """A Hann window, its values halfway between the samples' ends, [window]."""
    import numpy as np

    step = float(np.float32(2.0 * np.pi / front.window))
    raised = (0.5 - 0.5 * np.cos(step * (np.arange(front.window) + 0.5))).astype(np.float32)
    table: Ints = np.floor(raised * (1 << WINDOW_BITS) + 0.5).astype(np.int16)
    return table


@dataclass(frozen=True, slots=True)
class Filters:
    """Triangles on the mel scale: each slope's first energy, first weight and width."""

    weights: Ints
    others: Ints
    starts: Ints
    at: Ints
    widths: Ints
    first: int  # of the energies that any slope takes
    end: int


def mel(hertz: NDArray[np.float32]) -> NDArray[np.float32]:
    """mel = 1127 ln(1 + f / 700), rounded to single precision as micro-speech does it."""
    import numpy as np

    mels: NDArray[np.float32] = (1127.0 * np.log1p(hertz.astype(np.float64) / 700.0)).astype("f4")
    return mels


def filter_tables(front: FrontEnd) -> Filters:
    """The filters of `channels` triangles between `low_hz` and `high_hz`.

    Energies are those of `length` / 2 + 1 frequencies. A slope that no frequency falls into has
    the width 0.
    """
    import numpy as np

    slopes = front.channels + 1
    low, high = mel(np.array([front.low_hz, front.high_hz], np.float32))
    spacing = np.float32((high - low) / np.float32(slopes))
    centers = (low + spacing * (np.arange(slopes, dtype=np.float32) + 1)).astype(np.float32)
    step = np.float32(0.5 * front.sample_rate / (front.length // 2))
    mels = mel(np.arange(front.length // 2 + 1, dtype=np.float32) * step)
    first = int(1.5 + front.low_hz / float(step))
    starts, widths = [], []
    weights: list[int] = []
    others: list[int] = []
    start = first
    for slope in range(slopes):
        end = max(start, int(np.searchsorted(mels, centers[slope], side="right")))
        end = min(end, front.length // 2 + 1)
        before = low if slope == 0 else centers[slope - 1]
        share = ((centers[slope] - mels[start:end]) / (centers[slope] - before)).astype(float)
        one = 1 << FILTER_BITS
        weights += np.floor(share * one + 0.5).astype(int).tolist()
        others += np.floor((1.0 - share) * one + 0.5).astype(int).tolist()
        starts.append(start)
        widths.append(end - start)
        start = end
    at = np.cumsum(widths) - widths
    tables = (weights or [0], others or [0], starts, at, widths)
    made = [np.array(table).clip(-LARGEST_16 - 1, LARGEST_16).astype(np.int16) for table in tables]
    return Filters(made[0], made[1], made[2], made[3], made[4], first, start)


def gain_table(front: FrontEnd) -> Ints:
    """Gains by the noise: 2^21 * (noise + 80)^-0.95 in quadratic pieces, one an octave, [125]."""
    import numpy as np

    places = SMOOTHING_BITS - front.correction_bits

    def gain(noise: int) -> int:
        exact = (1 << GAIN_BITS) * (noise / (1 << places) + GAIN_OFFSET) ** -GAIN_STRENGTH
        return min(LARGEST_16, int(exact + 0.5))

    table = [gain(0), gain(1)]
    for piece in range(2, GAIN_PIECES + 1):
        begin = 1 << (piece - 1)
        end = begin + begin - 1 if piece == GAIN_PIECES else 2 * begin
        first, middle, last = (gain(at) for at in (begin, begin + begin // 2, end))
        slope = 4 * (middle - first) - (last - first)
        table += [first, slope, last - first - slope, 0]
    return np.array(table[:125], np.int16)


def cosine_table(front: FrontEnd) -> Ints:
    """The orthonormal DCT-II, [coefficients][channels], 14 binary places."""
    import numpy as np

    n = front.channels
    angles = np.pi / n * (np.arange(n) + 0.5) * np.arange(front.coefficients)[:, None]
    table = np.sqrt(2.0 / n) * np.cos(angles)
    table[0] /= np.sqrt(2.0)
    fixed: Ints = np.round(table * (1 << COSINE_BITS)).astype(np.int16)
    return fixed


def noise_shares() -> dict[str, int]:
    """The smoothing of the noise estimate, with 14 binary places, by the operator's names."""
    one = 1 << SHARE_BITS
    even, odd = int(EVEN_SMOOTHING * one), int(ODD_SMOOTHING * one)
    return {
        "smoothing": even,
        "one_minus_smoothing": one - even,
        "alternate_smoothing": odd,
        "alternate_one_minus_smoothing": one - odd,
        "min_signal_remaining": int(MIN_SIGNAL * one),
    }


@dataclass(frozen=True, slots=True)
class Rescale:
    """stored = clamp(((feature * mantissa + 2^(shift - 1)) >> shift) + zero_point)."""

    mantissa: int  # below 2^15
    shift: int
    zero_point: int
    low: int
    high: int


def rescale(front: FrontEnd, scale: float, zero_point: int, low: int, high: int) -> Rescale:
    """How a feature becomes a value of the model's input, which stands for steps of `scale`."""
    import math

    ratio = front.feature_scale / scale
    fraction, exponent = math.frexp(ratio)
    mantissa, shift = round(fraction * 2**15), 15 - exponent
    if mantissa == 2**15:
        mantissa, shift = mantissa // 2, shift - 1
    return Rescale(mantissa, shift, zero_point, low, high)
