"""Weights that the application reads: from a file on the host, from another memory on a board."""

from __future__ import annotations

import shutil
import subprocess
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgepack.board import load_board
from edgepack.compiler.external import with_external
from edgepack.errors import UsageError
from edgepack.pipeline import CompileSpec, bench, compile_model, generate_c, inspect_model
from edgepack.pipeline.firmware import build_image
from edgepack.program import Loaded
from edgepack.target.sections import symbol_addresses
from tests.kernels.harness import WARNINGS, compiler
from tests.system.mlperf import require_board
from tests.tflite_builder import ModelBuilder

# What is read arrives as late as it may, and what lay there is gone as early as it may be.
READER = """
#include <string.h>
#include "ep_read.h"
#include "net_test.h"
static const uint8_t file[] = {
#include "bytes.inc"
};
static struct { uint32_t offset, bytes; uint8_t* to; } asked[16];
static unsigned count;
void ep_read(uint32_t offset, uint32_t bytes, void* to) {
    memset(to, 0xA5, bytes);
    asked[count].offset = offset; asked[count].bytes = bytes; asked[count++].to = to;
#if !AHEAD
    ep_read_wait();
#endif
}
void ep_read_wait(void) {
    while (count > 0U) {
        count--;
        memcpy(asked[count].to, file + asked[count].offset, asked[count].bytes);
    }
}
int main(void) { return net_self_test() != 0; }
"""


def net() -> Any:
    """int8: a convolution, a dense layer of 256 values, one of few weights, two equal ones."""
    rng = np.random.default_rng(11)
    b = ModelBuilder()

    def layer(kind: str, x: int, shape: tuple[int, ...], out: tuple[int, ...], **how: Any) -> int:
        w = b.tensor(shape, scale=0.01, data=rng.integers(-127, 128, shape))
        bias = b.tensor(shape[:1], "int32", scale=0.001, data=rng.integers(-500, 500, shape[:1]))
        y = b.tensor(out, scale=0.3, zero_point=2)
        b.operator(kind, [x, w, bias], [y], **how)
        return y

    x = b.tensor((1, 8, 8, 8), scale=0.1, zero_point=-1, name="x")
    conv = {"padding": "SAME", "stride_w": 2, "stride_h": 2}
    conv |= {"dilation_w_factor": 1, "dilation_h_factor": 1}
    h = layer("CONV_2D", x, (16, 3, 3, 8), (1, 4, 4, 16), **conv)
    shape = b.tensor((2,), "int32", data=[1, 256])
    flat = b.tensor((1, 256), scale=0.3, zero_point=2)
    b.operator("RESHAPE", [h, shape], [flat], new_shape=(1, 256))
    h = layer("FULLY_CONNECTED", flat, (90, 256), (1, 90))
    y = layer("FULLY_CONNECTED", h, (3, 90), (1, 3))
    return b.build([x], [y])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "net.tflite"
    path.write_bytes(net())
    return path


def spec(*, ahead: bool, limit: int = 6144) -> CompileSpec:
    return CompileSpec(external=("*",), read_ahead=ahead, external_slice=limit)


@pytest.mark.parametrize("limit", [0, 6144])
@pytest.mark.parametrize("ahead", [False, True])
def test_late_reads_give_the_same_bits(
    model: Path, tmp_path: Path, ahead: bool, limit: int
) -> None:
    folder = tmp_path / "out"
    generate_c(model, folder, None, spec(ahead=ahead, limit=limit))
    (folder / "main.c").write_text(READER)
    file = (folder / "net_weights.bin").read_bytes()
    (folder / "bytes.inc").write_text(",".join(map(str, file)))
    sources = sorted(path.name for path in folder.glob("*.c"))
    call = [*compiler(), "-std=c11", "-O1", "-I.", f"-DAHEAD={int(ahead)}", *sources, "-o", "run"]
    subprocess.run(call, cwd=folder, check=True, timeout=120)
    assert subprocess.run(["./run"], cwd=folder, timeout=60).returncode == 0
    header = (folder / "net.h").read_text()
    assert f"NET_EXTERNAL_BYTES {len(file)}\n" in header
    assert f"NET_EXTERNAL_CRC32 0x{zlib.crc32(file):08X}U" in header
    damaged = bytearray(file)
    damaged[100] ^= 0x40
    (folder / "bytes.inc").write_text(",".join(map(str, damaged)))
    subprocess.run(call, cwd=folder, check=True, timeout=120)
    assert subprocess.run(["./run"], cwd=folder, timeout=60).returncode == 1


def test_the_example_reads_the_file_beside_it(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    generate_c(model, folder, None, spec(ahead=True))
    sources = sorted(path.name for path in folder.glob("*.c"))
    call = [*compiler(), "-std=c11", *WARNINGS, "-O1", "-I.", *sources, "-o", "run"]
    subprocess.run(call, cwd=folder, check=True, timeout=120)
    assert subprocess.run(["./run"], cwd=folder, timeout=60).returncode == 0
    (folder / "net_weights.bin").unlink()
    done = subprocess.run(["./run"], cwd=folder, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (1, "cannot read net_weights.bin\n")


@pytest.mark.skipif(shutil.which("cmake") is None, reason="cmake is not installed")
def test_cmake_runs_it_where_the_file_lies(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    generate_c(model, folder, None, spec(ahead=False))
    for call in (["cmake", "-S", "out", "-B", "b"], ["cmake", "--build", "b"]):
        subprocess.run(call, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    subprocess.run(["ctest"], cwd=tmp_path / "b", check=True, capture_output=True, timeout=60)


@pytest.mark.parametrize("ahead", [False, True])
def test_a_board_reads_them_from_another_memory(model: Path, ahead: bool) -> None:
    require_board("mps3-an547")
    board = load_board("mps3-an547")
    result = bench(model, board, spec(ahead=ahead))
    assert result.agreement is not None
    assert result.agreement.bit_exact
    plain = bench(model, board)
    assert result.memory.flash.weights < plain.memory.flash.weights - 24_000
    assert result.memory.ram.arena < 24_000
    image = build_image(compile_model(model, board, spec(ahead=ahead)), board)
    assert board.memory is not None
    ssram = board.memory.region("ssram")
    file = symbol_addresses(Path(image.firmware.elf))["file"]
    assert ssram.origin <= file < ssram.end


def test_the_same_bits_on_a_cortex_m4(model: Path) -> None:
    require_board("mps2-an386")
    result = bench(model, load_board("mps2-an386"), spec(ahead=True))
    assert result.agreement is not None
    assert result.agreement.bit_exact


def test_slices_need_less_ram_and_reading_ahead_more(model: Path) -> None:
    whole, sliced, ahead = (
        inspect_model(model, None, s)
        for s in (spec(ahead=False, limit=0), spec(ahead=False), spec(ahead=True))
    )
    assert sliced.arena < ahead.arena < whole.arena
    assert whole.external >= 90 * 256 + 16 * 72
    assert whole.weights < 2048


def test_one_layer_is_read_and_small_constants_stay(model: Path) -> None:
    compiled = compile_model(model, None, CompileSpec(external=("FULLY_CONNECTED",)))
    found = {
        (step.operator, argument.const.stem)
        for step in compiled.program.steps
        for argument in step.arguments
        if isinstance(argument, Loaded)
    }
    assert {operator for operator, _ in found} == {2, 3}
    assert (3, "bias") not in found


def test_equal_weights_lie_in_the_file_once(model: Path) -> None:
    program = compile_model(model, None).program
    once = with_external(program, {2}, ahead=False)
    twice = with_external(
        type(program)(program.graph, program.steps * 2, program.aliases, program.spec),
        {2},
        ahead=False,
    )
    assert twice.external == once.external != b""


def test_a_pattern_that_names_nothing(model: Path) -> None:
    with pytest.raises(UsageError, match="layer 'LSTM' matches no operator"):
        compile_model(model, None, CompileSpec(external=("LSTM",)))
