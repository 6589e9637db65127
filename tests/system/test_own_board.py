"""A user's own board and port, beside their project, without a change to edgepack."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edgepack.board import known_boards, load_board
from edgepack.errors import UsageError
from edgepack.pipeline import bench
from edgepack.resources import folder
from tests.system.mlperf import require_board
from tests.tflite_builder import pack
from tests.unit.compiler.small_models import cnn


def own_board(tmp_path: Path, port: str) -> Path:
    text = known_boards()["mps2-an386"].read_text()
    text = text.replace('name = "mps2-an386"', 'name = "mine"').replace(
        'port = "mps2"', f'port = "{port}"'
    )
    path = tmp_path / "boards" / "mine.toml"
    path.parent.mkdir()
    path.write_text(text)
    return path


def test_a_port_beside_the_board_file(tmp_path: Path) -> None:
    require_board("mps2-an386")
    own_board(tmp_path, "./my_port")
    port = tmp_path / "boards" / "my_port"
    port.mkdir()
    shutil.copy(folder("firmware_templates") / "ports" / "mps2" / "ep_port.c", port)
    model = tmp_path / "net.tflite"
    model.write_bytes(pack(cnn()))
    board = load_board("mine", tmp_path)
    result = bench(model, board)
    assert result.agreement is not None
    assert result.agreement.bit_exact
    assert result.board.name == "mine"


def test_a_port_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = own_board(tmp_path, "./my_port")
    with pytest.raises(UsageError, match=r"mine\.toml: port: there is no .*my_port/ep_port\.c"):
        load_board(str(path))


def test_the_text_of_a_board_is_the_same_everywhere(tmp_path: Path) -> None:
    one = load_board(str(own_board(tmp_path, "mps2"))).canonical
    assert '"isa":["dsp","fpu"]' in one
    assert str(tmp_path) not in one
