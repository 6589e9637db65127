"""The text of the MLPerf Tiny runner, spoken as that runner speaks it."""

from __future__ import annotations

import math
import random
import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from edgepack.device.exchange import Patience
from edgepack.device.session import open_session
from tests.protocol import fake_model
from tests.protocol.lockstep import Firmware, Wire, compile_firmware

NAME = re.compile(r"^m-name-dut-\[[^]]+\]$")
MODEL = re.compile(r"^m-(model|profile)-\[([^]]+)\]$")
RESULTS = re.compile(r"^m-results-\[([^]]+)\]$")
LAP = re.compile(r"^m-lap-us-([0-9]+)$")
CHUNK = 31
STEPS = 10

Talk = Callable[[str], list[str]]


def lines(data: bytes) -> list[str]:
    text = data.decode("ascii")
    assert text.endswith("\r\n")
    found = text.split("\r\n")[:-1]
    assert all("\r" not in line and "\n" not in line and line == line.strip() for line in found)
    return found


def talker(firmware: Firmware) -> Talk:
    def talk(command: str) -> list[str]:
        found = lines(firmware.feed(command.encode() + b"%"))
        assert found.count("m-ready") == 1 and found[-1] == "m-ready"
        return found[:-1]

    return talk


def load(talk: Talk, data: bytes) -> None:
    assert talk(f"db load {len(data)}") == [f"m-[Expecting {len(data)} bytes]"]
    for at in range(0, len(data), CHUNK):
        last = at + CHUNK >= len(data)
        assert talk(f"db {data[at : at + CHUNK].hex()}") == (["m-load-done"] if last else [])


def results(line: str) -> list[float]:
    match = RESULTS.match(line)
    assert match, line
    return [float(text) for text in match[1].split(",")]


def model_answer(inputs: bytes, outputs: int) -> list[float]:
    """The fake model's first output, dequantised."""
    arena = fake_model.arena_after([inputs], STEPS - 1, outputs)
    raw = arena[len(inputs) // 2 : len(inputs) // 2 + outputs]
    return [((byte ^ 0x80) - 128 - 7) * 0.125 for byte in raw]


class Bench:
    def __init__(self, folder: Path, inputs: int, outputs: int, *more: str) -> None:
        sizes = [f"-DINPUT_BYTES={inputs}", f"-DOUTPUT_BYTES={outputs}"]
        program = compile_firmware(folder, *sizes, "-DSECOND_INPUT=0", f"-DSTEPS={STEPS}", *more)
        self.firmware = Firmware(program)
        self.talk = talker(self.firmware)


@pytest.fixture
def bench(tmp_path: Path):
    made: list[Bench] = []

    def make(inputs: int, outputs: int, *more: str) -> Bench:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Bench(folder, inputs, outputs, *more))
        return made[-1]

    yield make
    for each in made:
        assert each.firmware.close() == ""


def test_boot_and_names(bench) -> None:
    kws = bench(490, 12)
    boot = lines(kws.firmware.boot)
    assert boot[0] == "m-timestamp-mode-performance" and LAP.match(boot[1])
    assert boot[2:] == ["m-init-done"]
    [name] = kws.talk("name")
    assert NAME.match(name)
    assert kws.talk("profile") == [
        "m-profile-[ULPMark for tinyML Firmware V0.0.1]",
        "m-model-[kws01]",
    ]
    assert all(MODEL.match(line) for line in kws.talk("profile"))
    [lap] = kws.talk("timestamp")
    assert LAP.match(lap)
    assert kws.talk("bogus 1 2") == ["e-[Unknown command: bogus 1 2]"]
    assert kws.talk("") == ["e-[Unknown command: ]"]
    assert kws.talk("x" * 200) == ["e-[Command too long]"]
    assert kws.talk("name") == [name]


@pytest.mark.parametrize("buffer", [0, 490])
def test_keyword_spotting(bench, buffer: int) -> None:
    kws = bench(490, 12, f"-DEP_MLPERF_BUFFER_BYTES={buffer}")
    data = random.Random(3).randbytes(490)
    load(kws.talk, data)
    printed = kws.talk("db print")
    assert len(printed) == 62
    assert printed[0] == "m-buffer-" + "-".join(f"{byte:02x}" for byte in data[:8])
    assert printed[-1] == "m-buffer-" + "-".join(f"{byte:02x}" for byte in data[488:])
    found = kws.talk("infer 4 2")
    assert found[:3] == ["m-warmup-start-2", "m-warmup-done", "m-infer-start-4"]
    first, last = (int(LAP.match(line)[1]) for line in found[3:5])
    assert 0 < last - first - 4 * sum(100 + s for s in range(STEPS)) < 50
    assert found[5] == "m-infer-done" and len(found) == 7
    assert results(found[6]) == model_answer(data, 12)
    assert kws.talk("results") == [found[6]]
    assert kws.talk("infer")[:3] == ["m-warmup-start-10", "m-warmup-done", "m-infer-start-1"]
    assert kws.talk("results") == [found[6]]


@pytest.mark.parametrize(("inputs", "outputs", "name"), [(3072, 10, "ic01"), (27648, 2, "vww01")])
def test_images_are_unsigned_on_the_line(bench, inputs: int, outputs: int, name: str) -> None:
    image = bench(inputs, outputs)
    assert image.talk("profile")[1] == f"m-model-[{name}]"
    data = random.Random(4).randbytes(inputs)
    load(image.talk, data)
    assert image.talk("db print")[0] == "m-buffer-" + "-".join(f"{b:02x}" for b in data[:8])
    found = image.talk("infer 1 0")
    signed = bytes(byte ^ 0x80 for byte in data)
    assert results(found[-1]) == model_answer(signed, outputs)


def test_anomaly_detection_scores_float_windows(bench) -> None:
    ad = bench(640, 640, "-DEP_MLPERF_BUFFER_BYTES=2560")
    assert ad.talk("profile")[1] == "m-model-[ad01]"
    rng = random.Random(5)
    window = [0.25, -0.25, 0.75, -0.75, 200.0, -200.0]
    window += [rng.uniform(-70, 70) for _ in range(634)]
    data = struct.pack("<640f", *window)
    load(ad.talk, data)
    window = list(struct.unpack("<640f", data))
    nearest = [math.copysign(math.floor(abs(x / 0.5) + 0.5), x) for x in window]
    quantised = [max(-128, min(127, int(n) - 3)) for n in nearest]
    answer = model_answer(bytes(q & 0xFF for q in quantised), 640)
    score = sum((a - x) ** 2 for a, x in zip(answer, window, strict=True)) / 640
    for _ in range(2):
        [found] = results(ad.talk("infer 3 1")[-1])
        assert found == pytest.approx(score, rel=1e-5)


def test_anomaly_detection_without_a_buffer_says_so(bench) -> None:
    ad = bench(640, 640)
    assert ad.talk("db load 2560") == [
        "e-[No buffer: this model needs EP_MLPERF_BUFFER_BYTES=2560]"
    ]


def test_wrong_loads(bench) -> None:
    kws = bench(490, 12)
    assert kws.talk("db load 27648") == ["e-[The buffer takes 490 bytes]"]
    assert kws.talk("db load -1") == ["e-[db load takes a number of bytes]"]
    assert kws.talk("db load 99999999999") == ["e-[db load takes a number of bytes]"]
    assert kws.talk("db 00") == ["e-[No load under way: db load N first]"]
    kws.talk("db load 490")
    assert kws.talk("db 0g") == ["e-[Not hexadecimal bytes]"]
    kws.talk("db load 490")
    assert kws.talk("db 000") == ["e-[Not hexadecimal bytes]"]
    kws.talk("db load 490")
    for _ in range(15):
        assert kws.talk("db " + "00" * 32) == []
    assert kws.talk("db " + "00" * 11) == ["e-[More bytes than db load said]"]
    assert kws.talk("infer 0 1")[0].startswith("e-[infer takes two numbers")
    assert kws.talk("infer 1 x")[0].startswith("e-[infer takes two numbers")
    assert kws.talk("results")[0].startswith("e-[No results")


def test_text_and_frames_take_turns(firmware: Firmware) -> None:
    """Text between frames, behind a lost delimiter, and amid a session's requests."""
    patience = Patience(0.5, 0.002, 0.5)
    talk = talker(firmware)
    wire = Wire(firmware)
    with open_session(
        fake_model.PORT, fake_model.IDENTITY, patience, open_with=lambda _: wire
    ) as session:
        for inputs in fake_model.samples(4):
            talk("name")
            session._send_inputs(inputs, streams=False)
            talk("db load 300")
            talk("db 0011223344")
            assert session.infer(inputs).outputs == fake_model.answer(inputs)
            firmware.feed(b"\0")
            assert NAME.match(talk("name")[0])
            assert session.echo(b"name%infer 1 1%") == b"name%infer 1 1%"


def test_noise_before_a_command_is_forgotten(firmware: Firmware) -> None:
    assert NAME.match(lines(firmware.feed(b"\xff\xfe\x80name\r\n%"))[0])
    assert NAME.match(lines(firmware.feed(b"na\0name%"))[0])


def test_time_goes_on_past_the_counters_wrap(firmware: Firmware) -> None:
    talk = talker(firmware)
    before = int(LAP.match(talk("timestamp")[0])[1])
    firmware.wrap_soon()
    for _ in range(30):
        talk("timestamp")
    after = int(LAP.match(talk("timestamp")[0])[1])
    assert after > before and after >= 2**32
