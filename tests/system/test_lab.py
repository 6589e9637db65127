"""The kernel laboratory: variants side by side, and what it refuses."""

from __future__ import annotations

import importlib
import json
import shutil
from typing import Any

import pytest

from edgepack.board import load_board
from edgepack.pipeline.lab import lab, variants_of
from edgepack.pipeline.lab_layers import LayerSpec, build_layer
from tests.system.command_line import edgepack, refused
from tests.system.mlperf import require_board

BOARD = "mps2-an386"
POINTWISE = ("conv", "--shape", "12x5x16", "--out", "8", "-b", BOARD)


def measured(*arguments: str) -> dict[str, Any]:
    require_board(BOARD)
    done = edgepack("lab", *arguments, "--json", "-q")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def require_figures(found: dict[str, Any], macs: int) -> None:
    variants = found["variants"]
    assert found["macs"] == macs
    assert [v["variant"] for v in variants[:2]] == ["portable", "dsp"]
    levels = [level for v in variants for level in v["levels"]]
    assert sorted(levels) == ["balanced", "size", "speed"]
    for v in variants:
        assert v["exact"]
        assert v["per_mac"] == v["count"] / macs
        assert v["per_output"] == v["count"] / found["outputs"]
        assert 0.3 < v["per_mac"] < 30
        assert min(v["weights"], v["tables"], v["scratch"], v["arena"]) > 0
        assert 500 < v["code"] < 10_000
    assert variants[1]["count"] < variants[0]["count"]


def test_a_pointwise_convolution_and_its_inner_loop() -> None:
    if shutil.which("arm-none-eabi-objdump") is None:
        pytest.skip("arm-none-eabi-objdump is not installed")
    found = measured(*POINTWISE, "--disassemble")
    require_figures(found, 12 * 5 * 16 * 8)
    portable, dsp = (v["loop"] for v in found["variants"][:2])
    assert any("smlad" in line for line in dsp)
    assert not any("smlad" in line for line in portable)
    assert any("mla" in line or "smla" in line for line in portable)


def test_a_depthwise_convolution() -> None:
    found = measured("depthwise", "--shape", "12x5x16", "--relu", "-b", BOARD)
    require_figures(found, 12 * 5 * 16 * 9)
    assert found["output"].endswith("zero point -128")


def test_the_table_on_a_terminal() -> None:
    require_board(BOARD)
    done = edgepack("lab", "softmax", "--shape", "10", "-b", BOARD)
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("ep_softmax")]
    assert {row[0] for row in rows} == {"ep_softmax_s8", "ep_softmax_table_s8"}
    assert all(row[-1] == "equal" for row in rows)
    assert "bits against the portable kernels' on 5 samples" in done.stdout


def test_other_bits_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    require_board(BOARD)
    layer = LayerSpec("max_pool", (4, 4, 3))
    board = load_board(BOARD)

    def with_another(graph: Any, _: Any) -> Any:
        other = build_layer(LayerSpec("average_pool", (4, 4, 3)))
        return (*variants_of(graph, board), *variants_of(other, board))

    module = importlib.import_module("edgepack.pipeline.lab")
    monkeypatch.setattr(module, "variants_of", with_another)
    assert [v.exact for v in lab(layer, board).variants] == [True, False]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("conv", "--shape", "5x5"), "--shape 5x5: conv takes HxWxC"),
        (("conv", "--shape", "5,5,3"), "--shape '5,5,3': write sizes as 25x5x64"),
        (("conv", "--shape", "5x0x3"), "--shape 5x0x3: each size must lie in 1 to 32767"),
        (("conv", "--shape", "5x5x3"), "conv needs --out, the number of its outputs"),
        (("softmax", "--shape", "5", "--out", "3"), "--out is not for softmax; it is for conv, de"),
        (("dense", "--shape", "5", "--kernel", "3"), "--kernel is not for dense"),
        (("max_pool", "--shape", "5x5x3", "--kernel", "1x2x3"), "takes a height and a width"),
        (
            ("max_pool", "--shape", "5x5x3", "--kernel", "6", "--padding", "valid"),
            "--kernel 6x6: does not fit into 5x5 with --padding valid",
        ),
        (("add", "--shape", "30000x30000"), "--shape 30000x30000: makes 900,000,000 B; 4,194,304"),
        (
            ("conv", "--shape", "64x64x64", "--out", "64", "--kernel", "5"),
            "conv of that shape has 419,430,400 multiplications; 268,435,456 is the limit",
        ),
    ],
)
def test_what_makes_no_layer_is_refused(arguments: tuple[str, ...], message: str) -> None:
    refused(2, edgepack("lab", *arguments, "-b", BOARD), message)


def test_unknown_kernels_and_boards_without_a_counter_are_refused() -> None:
    refused(2, edgepack("lab", "fft", "--shape", "8", "-b", BOARD), "'fft' is not one of 'conv'")
    refused(2, edgepack("lab", "add", "--shape", "8", "-b", "host"), "host counts nothing")
