"""The image by symbol, and what no image of an int8 model has."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgepack.board import known_boards, load_board
from edgepack.errors import ToolchainError, UsageError
from edgepack.pipeline import compile_model, inspect_image
from edgepack.pipeline.source import source_tree
from edgepack.results import Inspection
from edgepack.store import Tree
from edgepack.target import toolchain
from edgepack.target.build import build_image
from edgepack.target.sections import symbol_addresses
from tests.system.mlperf import require_board
from tests.tflite_builder import pack
from tests.unit.compiler.small_models import cnn, floats, residual

FLOAT_HELPER = re.compile(
    r"__aeabi_[fd]\w+|__\w+[sd]f\d?|__(fix|float)\w*[sd][fi]\w*"
    r"|(exp|log|pow|sqrt|tanh?|sinh?|cosh?|floor|ceil|l?round|rint|fmod)[fl]?|malloc|_sbrk"
)
MAIN = b"""
#include "ep_port.h"
#include "net.h"
int main(void);
int main(void) { net_init(); net_invoke(); return 0; }
"""
BOARDS = sorted(name for name in known_boards() if name != "host")


def write(folder: Path, make: Callable[[], Any]) -> Path:
    path = folder / "net.tflite"
    path.write_bytes(pack(make()))
    return path


def helpers(model: Path, name: str, folder: Path) -> list[str]:
    """Names in an image of the model and a `main` that stand for floats in software, or a heap."""
    board = load_board(name)
    try:
        toolchain.find(board)
    except ToolchainError as error:
        pytest.skip(str(error))
    tree = source_tree(compile_model(model, board))
    image = build_image(tree, Tree({"ep_bare.c": MAIN}), board, folder)
    names = symbol_addresses(Path(image.elf))
    assert "net_run" in names
    return sorted(name for name in names if FLOAT_HELPER.fullmatch(name))


@pytest.mark.parametrize("name", BOARDS)
@pytest.mark.parametrize("make", [cnn, residual])
def test_an_int8_model_links_no_float_helper(
    tmp_path: Path, name: str, make: Callable[[], Any]
) -> None:
    assert helpers(write(tmp_path, make), name, tmp_path / "out") == []


def test_a_float_model_on_a_core_without_fpu_has_some(tmp_path: Path) -> None:
    assert helpers(write(tmp_path, floats), "microbit", tmp_path / "out") != []


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Inspection:
    require_board("mps2-an386")
    return inspect_image(write(tmp_path_factory.mktemp("map"), cnn), load_board("mps2-an386"))


def test_the_map_names_kernels_weights_and_tables_with_their_operators(found: Inspection) -> None:
    symbols = {symbol.name: symbol for symbol in found.symbols}
    kinds = {symbol.kind for symbol in found.symbols}
    assert {"kernel", "code", "weights", "tables", "arena"} <= kinds
    assert symbols["net_arena"].bytes == found.arena
    assert symbols["net_arena"].region == "ram"
    assert (symbols["net_op4_weights"].kind, symbols["net_op4_weights"].bytes) == ("weights", 48)
    assert symbols["net_op4_weights"].operators == (4,)
    assert symbols["ep_dense_s8"].operators == (4,)
    assert all(s.region == "flash" for s in found.symbols if s.name != "net_arena")
    assert "main" not in symbols
    assert "Reset_Handler" not in symbols


def test_the_map_adds_up_to_the_constants(found: Inspection) -> None:
    constants = sum(s.bytes for s in found.symbols if s.kind in ("weights", "tables"))
    structs = [s for s in found.symbols if re.fullmatch(r"net_op\d+(_\d+)?", s.name)]
    assert constants - sum(s.bytes for s in structs) == found.weights + found.tables


def test_a_map_needs_a_board(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--map: name a board; the map is that of an image"):
        inspect_image(write(tmp_path, cnn), None)
