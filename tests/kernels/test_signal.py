"""The signal library against TFLite Micro's, sample after sample."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.harness import Case, run_cases
from tests.kernels.signal_cases import Spec, Values, samples, signal_model
from tests.kernels.tflm_check import check_tflm, tflm_answers

STEPS = 5  # calls in a row
Rng = np.random.Generator
T = {"int16": 7, "int32": 2, "float32": 0}


def case(
    rng: Rng,
    kind: str,
    inputs: tuple[Spec, ...],
    outputs: tuple[Spec, ...],
    constants: tuple[Values, ...] = (),
    **options: float,
) -> Case:
    model = signal_model(kind, inputs, outputs, constants, **options)
    rows = [(shape[1:] if shape[:1] == (1,) else shape, dtype) for shape, dtype in inputs]
    given = [samples(rng, (STEPS, *row), dtype) for row, dtype in rows]
    return Case(model, given, label=f"{kind} {inputs} {options}")


def window(rng: Rng) -> Case:
    n = int(rng.integers(1, 70))
    x: Spec = ((int(rng.integers(1, 4)), n), "int16")
    weights = samples(rng, (n,))
    return case(rng, "SignalWindow", (x,), (x,), (weights,), shift=int(rng.integers(0, 20)))


def auto_scale(rng: Rng) -> Case:
    x: Spec = ((int(rng.integers(1, 70)),), "int16")
    made = case(rng, "SignalFftAutoScale", (x,), (x, ((), "int32")))
    return Case(made.model, [np.maximum(made.inputs[0], np.int16(-32767))], label=made.label)


def rfft(rng: Rng) -> Case:
    length, dtype = 2 ** int(rng.integers(4, 10)), str(rng.choice(list(T)))
    n = length if rng.random() < 0.5 else int(rng.integers(1, length + 1))
    batches = int(rng.integers(1, 3))
    x, y = ((batches, n), dtype), ((batches, length + 2), dtype)
    return case(rng, "SignalRfft", (x,), (y,), T=T[dtype], fft_length=length)


def irfft(rng: Rng) -> Case:
    length, dtype = 2 ** int(rng.integers(4, 10)), str(rng.choice(list(T)))
    x, y = ((1, length + 2), dtype), ((1, length), dtype)
    return case(rng, "SignalIrfft", (x,), (y,), T=T[dtype], fft_length=length)


def energy(rng: Rng) -> Case:
    n = int(rng.integers(1, 70))
    x, y = ((2 * n,), "int16"), ((n,), "uint32")
    return case(rng, "SignalEnergy", (x,), (y,), start_index=0, end_index=n)


def filter_bank(rng: Rng) -> Case:
    channels, energies = int(rng.integers(1, 20)), int(rng.integers(2, 100))
    starts = rng.integers(0, energies, channels + 1)
    widths = np.array([rng.integers(0, min(9, energies - s + 1)) for s in starts])
    at = np.cumsum(widths) - widths
    weights = rng.integers(0, 4097, max(1, int(widths.sum())))
    tables = [v.astype(np.int16) for v in (weights, 4096 - weights, starts, at, widths)]
    x, y = ((energies,), "uint32"), ((channels,), "uint64")
    return case(rng, "SignalFilterBank", (x,), (y,), tuple(tables), num_channels=channels)


def root(rng: Rng) -> Case:
    n = int(rng.integers(1, 60))
    bits = np.array(rng.integers(0, 16), np.int32)
    x, y = ((n,), "uint64"), ((n,), "uint32")
    return case(rng, "SignalFilterBankSquareRoot", (x,), (y,), (bits,))


def noise(rng: Rng) -> Case:
    n = int(rng.integers(1, 50))
    names = ("smoothing", "one_minus_smoothing", "alternate_smoothing")
    shares = {name: int(rng.integers(0, 2**14)) for name in names}
    x: Spec = ((n,), "uint32")
    return case(
        rng,
        "SignalFilterBankSpectralSubtraction",
        (x,),
        (x, x),
        num_channels=n,
        alternate_one_minus_smoothing=int(rng.integers(0, 2**14)),
        min_signal_remaining=int(rng.integers(0, 2**14)),
        smoothing_bits=int(rng.integers(0, 12)),
        spectral_subtraction_bits=14,
        clamping=bool(rng.integers(0, 2)),
        **shares,
    )


def pcan(rng: Rng) -> Case:
    x: Spec = ((int(rng.integers(1, 50)),), "uint32")
    gains = samples(rng, (125,))
    return case(rng, "SignalPCAN", (x, x), (x,), (gains,), snr_shift=int(rng.integers(0, 20)))


def logarithm(rng: Rng) -> Case:
    n = int(rng.integers(1, 60))
    x, y = ((n,), "uint32"), ((n,), "int16")
    scale, bits = int(rng.choice([16, 1600, 65535])), int(rng.integers(0, 8))
    options = {"output_scale": scale, "input_correction_bits": bits}
    return case(rng, "SignalFilterBankLog", (x,), (y,), **options)


def delay(rng: Rng) -> Case:
    x: Spec = ((int(rng.integers(1, 4)), int(rng.integers(1, 20))), "int16")
    return case(rng, "SignalDelay", (x,), (x,), delay_length=int(rng.integers(1, 40)))


def overlap_add(rng: Rng) -> Case:
    size = int(rng.integers(1, 30))
    step, frames = int(rng.integers(1, size + 1)), int(rng.integers(1, 4))
    dtype = str(rng.choice(["int16", "float32"]))
    x, y = ((frames, size), dtype), ((frames * step,), dtype)
    return case(rng, "SignalOverlapAdd", (x,), (y,), T=T[dtype], frame_step=step)


def framer(rng: Rng) -> Case:
    size = int(rng.integers(1, 30))
    step, frames = int(rng.integers(1, size + 1)), int(rng.integers(1, 4))
    channels = int(rng.integers(1, 3))
    x = ((channels, frames * step), "int16")
    y = ((channels, frames, size), "int16")
    prefill = bool(rng.integers(0, 2))
    options = {"frame_size": size, "frame_step": step, "prefill": prefill}
    return case(rng, "SignalFramer", (x,), (y, ((), "bool")), **options)


def stacker(rng: Rng) -> Case:
    left, right = (int(n) for n in rng.integers(0, 4, 2))
    n = int(rng.integers(1, 8))
    x, y = ((n,), "int16"), ((n * (left + right + 1),), "int16")
    return case(
        rng,
        "SignalStacker",
        (x,),
        (y, ((), "bool")),
        num_channels=n,
        stacker_left_context=left,
        stacker_right_context=right,
        stacker_step=int(rng.integers(1, left + right + 2)),
    )


MAKERS = (window, auto_scale, rfft, irfft, energy, filter_bank, root, noise, pcan, logarithm,
          delay, overlap_add)  # fmt: skip


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_random_cases(maker: Callable[[Rng], Case], case_count: int) -> None:
    rng = np.random.default_rng(len(maker.__name__))
    check_tflm([maker(rng) for _ in range(max(4, case_count // 4))])


@pytest.mark.parametrize("maker", (framer, stacker), ids=lambda maker: maker.__name__)
def test_random_cases_where_valid(maker: Callable[[Rng], Case], case_count: int) -> None:
    rng = np.random.default_rng(7)
    cases = [maker(rng) for _ in range(max(8, case_count // 4))]
    some = 0
    for one, answer, wanted in zip(cases, run_cases(cases), tflm_answers(cases), strict=True):
        valid = wanted[1].ravel().astype(bool)
        assert (answer[1].ravel() == valid).all(), one.label
        got, want = answer[0].reshape(STEPS, -1), wanted[0].reshape(STEPS, -1)
        assert (got[valid] == want[valid]).all(), one.label
        assert not got[~valid].any(), one.label
        some += int(valid.sum())
    assert some > len(cases)


def test_what_the_reference_gets_wrong() -> None:
    x: Spec = ((4,), "int16")
    loudest = signal_model("SignalFftAutoScale", (x,), (x, ((), "int32")))
    stacks = signal_model(
        "SignalStacker",
        (((1,), "int16"),),
        (((2,), "int16"), ((), "bool")),
        num_channels=1,
        stacker_left_context=1,
        stacker_right_context=0,
        stacker_step=3,
    )
    given = [np.array([[-32768, 1, 2, 3]], np.int16), np.arange(1, 9, dtype=np.int16)[:, None]]
    scaled, stacked = run_cases([Case(loudest, given[:1]), Case(stacks, given[1:])])
    assert scaled[0].ravel().tolist() == [-32768, 1, 2, 3]
    assert scaled[1].ravel().tolist() == [0]
    assert stacked[1].ravel().tolist() == [True, False, False, True, False, False, True, False]
    assert stacked[0].reshape(-1, 2)[stacked[1].ravel()].tolist() == [[1, 1], [3, 4], [6, 7]]


def test_every_logarithm_of_16_bits() -> None:
    n = 8192
    options = {"output_scale": 65535, "input_correction_bits": 0}
    spec = (((n,), "uint32"),), (((n,), "int16"),)
    model = signal_model("SignalFilterBankLog", *spec, **options)
    every = np.arange(2**16, dtype=np.uint32).reshape(-1, n)
    check_tflm([Case(model, [every]), Case(model, [(every << 16) + 12345])])


REFUSED: tuple[tuple[str, tuple[Spec, ...], tuple[Spec, ...], dict[str, float], str], ...] = (
    ("SignalRfft", (((1, 30), "int16"),), (((1, 26), "int16"),), {"fft_length": 24}, "power of 2"),
    ("SignalRfft", (((1, 40), "int16"),), (((1, 34), "int16"),), {"fft_length": 32}, "longer"),
    ("SignalFramer", (((1, 7), "int16"),), (((1, 2, 4), "int16"), ((), "bool")),
     {"frame_size": 4, "frame_step": 3}, "whole steps"),
    ("SignalFramer", (((1, 8), "int16"),), (((1, 2, 3), "int16"), ((), "bool")),
     {"frame_size": 3, "frame_step": 4}, "frame_step is 4"),
    ("SignalEnergy", (((8,), "int16"),), (((4,), "uint32"),), {"end_index": 5}, "end_index"),
    ("SignalDelay", (((8,), "int16"),), (((8,), "int16"),), {"delay_length": -1}, "delay_length"),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "inputs", "outputs", "options", "words"), REFUSED)
def test_what_is_refused(
    kind: str,
    inputs: tuple[Spec, ...],
    outputs: tuple[Spec, ...],
    options: dict[str, float],
    words: str,
) -> None:
    with pytest.raises(ModelError, match=words):
        read_model(signal_model(kind, inputs, outputs, **options), "m")


def test_a_filter_bank_never_reads_outside() -> None:
    rng = np.random.default_rng(1)
    model = filter_bank(rng).model
    assert read_model(model, "m")
    tables = [np.array(v, np.int16) for v in ([1, 1], [1, 1], [0, 3], [0, 1], [1, 2])]
    spec = (((4,), "uint32"),), (((1,), "uint64"),)
    with pytest.raises(ModelError, match="energy 5"):
        read_model(signal_model("SignalFilterBank", *spec, tables, num_channels=1), "m")
