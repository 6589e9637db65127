"""Front ends in front of models: the firmware's bits against the NumPy twin's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepack import frontend
from edgepack.compiler.frontend import with_front_end
from edgepack.compiler.lowering import lower
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from edgepack.frontend import FrontEnd, Rescale
from edgepack.oracle.frontend import features
from edgepack.pipeline.reference import twin_of
from edgepack.program import LowerSpec
from tests.kernels.harness import run_programs
from tests.tflite_builder import ModelBuilder


def echo(shape: tuple[int, ...], dtype: str, scale: float | None, zero_point: int = 0) -> bytes:
    """A model whose output is its input, flat."""
    b = ModelBuilder()
    size = math.prod(shape)
    x = b.tensor(shape, dtype, scale=scale, zero_point=zero_point)
    y = b.tensor((1, size), dtype, scale=scale, zero_point=zero_point)
    flat = b.tensor((2,), "int32", data=[1, size])
    b.operator("RESHAPE", [x, flat], [y], new_shape=[1, size])
    return b.build([x], [y])


def speech(rng: np.random.Generator, count: int) -> NDArray[np.int16]:
    """A rising tone that swells, in noise, with silence and a full-scale burst in it."""
    t = np.arange(count) / 16_000
    tone = 9000 * np.sin(2 * np.pi * (200 + 900 * t) * t) * np.abs(np.sin(3 * t))
    samples = tone + rng.normal(0, 200, count)
    samples[count // 3 : count // 2] = 0
    samples[-400:] = rng.choice([-32768, 32767], 400)
    return samples.clip(-32768, 32767).astype(np.int16)


def compare(front: FrontEnd, model: bytes, samples: NDArray[np.int16]) -> None:
    """Call by call: the model's input where it runs, and what it was where it does not."""
    graph = optimise(with_front_end(read_model(model, "m"), front))
    calls = samples.reshape(-1, *graph.tensor(graph.inputs[0]).shape[1:])
    answers = run_programs([lower(graph, LowerSpec())], [[calls]], [str(front)])[0]
    plain = read_model(model, "m")
    twin = twin_of(front, plain.tensor(plain.inputs[0]))
    last = np.zeros_like(answers[0][0])
    ran = 0
    for number, call in enumerate(calls):
        made = twin.push(call)
        if made is not None:
            last = made.reshape(last.shape)
            ran += 1
        where = f"{front}, call {number}"
        assert (answers[0][number] == last).all(), where
        if front.stride > 1:
            assert answers[1].reshape(-1)[number] == (made is not None), where
    assert 1 < ran <= len(calls) // front.stride
    assert len(np.unique(answers[0])) > 3


CASES = (
    (FrontEnd("micro_speech", hop=160, stride=3), (1, 3, 40), "int8", 0.1019608, -128),
    (FrontEnd("micro_speech"), (1, 49, 40, 1), "int8", 0.1019608, -128),
    (FrontEnd("log_mel", channels=20, window=400, hop=400), (1, 5, 20), "uint8", 0.08, 0),
    (FrontEnd("log_mel", channels=33, window=1000, hop=300), (1, 2, 33), "float32", None, 0),
    (FrontEnd("mfcc", coefficients=10, channels=40, window=640), (1, 7, 10), "int8", 0.5, 83),
    (FrontEnd("mfcc", channels=26, stride=2), (1, 4, 13), "int16", 0.002, 0),
)


@pytest.mark.parametrize(("front", "shape", "dtype", "scale", "zero_point"), CASES)
def test_the_firmware_computes_the_features_of_the_twin(
    front: FrontEnd, shape: tuple[int, ...], dtype: str, scale: float | None, zero_point: int
) -> None:
    samples = speech(np.random.default_rng(5), 14 * front.hop)
    compare(front, echo(shape, dtype, scale, zero_point), samples)


@pytest.mark.parametrize("stride", (1, 2))
@pytest.mark.parametrize("dtype", ("int8", "float32"))
def test_a_window_over_a_sensor(dtype: str, stride: int) -> None:
    front = FrontEnd("window", hop=4, channels=3, stride=stride, scale=9.81 / 4096)
    model = echo((1, 20, 3), dtype, None if dtype == "float32" else 0.15, 0)
    rng = np.random.default_rng(6)
    compare(front, model, rng.integers(-32768, 32768, (36, 3)).astype(np.int16))


def test_micro_speech_is_what_its_library_makes() -> None:
    library = pytest.importorskip("pymicro_features")
    samples = speech(np.random.default_rng(7), 16_000)
    stream, wanted, at = library.MicroFrontend(), [], 0
    data = samples.tobytes()
    while at + 320 <= len(data):
        found = stream.process_samples(data[at : at + 320])
        at += 2 * found.samples_read
        wanted += [found.features] if found.features else []
    want = np.round(np.array(wanted) * 25.6)
    got = features(FrontEnd("micro_speech", hop=160), samples)
    assert got.shape == want.shape
    assert (got == want).mean() > 0.98  # its transform rounds some values otherwise


def test_mel_features_are_the_logarithms_of_magnitudes() -> None:
    front = FrontEnd("log_mel", window=512, hop=512)
    samples = speech(np.random.default_rng(8), 512 * 20)[: 512 * 6]
    got = features(front, samples) * front.feature_scale
    tables = frontend.filter_tables(front)
    spectra = np.abs(np.fft.rfft(samples.reshape(-1, 512) * np.hanning(512))) ** 2
    taken = np.zeros((len(spectra), front.channels + 2))
    for slope, (start, at, width) in enumerate(
        zip(tables.starts, tables.at, tables.widths, strict=True)
    ):
        part = spectra[:, start : start + width]
        taken[:, slope] += part @ tables.weights[at : at + width]
        taken[:, slope + 1] += part @ tables.others[at : at + width]
    want = np.log(np.sqrt(taken[:, 1:-1] / 4096) * 2**front.correction_bits / 512 * 64)
    loud = want > 4
    assert loud.any()
    assert np.abs(got - want)[loud].max() < 0.2


def test_cosine_transform_of_a_constant_is_its_first_coefficient() -> None:
    front = FrontEnd("mfcc")
    table = frontend.cosine_table(front) / 2**14
    assert np.allclose(table @ table.T, np.eye(front.coefficients), atol=1e-3)


def test_what_does_not_fit_is_refused() -> None:
    model = read_model(echo((1, 49, 40), "int8", 0.1, 0), "m")
    with pytest.raises(ModelError, match="rows of 30 features do not fill it"):
        with_front_end(model, FrontEnd("log_mel", channels=30))
    with pytest.raises(ModelError, match="a hop of at most 49"):
        with_front_end(model, FrontEnd("window", hop=50))
    wild = read_model(echo((1, 1, 40), "int8", 1e-9, 0), "m")
    with pytest.raises(ModelError, match="their ratio must lie in"):
        with_front_end(wild, FrontEnd("log_mel"))


def test_rescaling_rounds_to_the_nearest() -> None:
    how = frontend.rescale(FrontEnd("log_mel", scale=1.0), 3.0, 5, -128, 127)
    assert isinstance(how, Rescale)
    values = np.arange(-300, 300)
    stored = ((values * how.mantissa + (1 << (how.shift - 1))) >> how.shift) + 5
    assert np.abs(stored - (values / 3.0 + 5)).max() <= 0.51
