from __future__ import annotations

from pathlib import Path

import pytest

from edgepack.config import STARTER, load_config
from edgepack.errors import UsageError


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "edgepack.toml"
    path.write_text(text)
    return path


def test_the_starter_is_valid_as_it_is(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, STARTER.format(model="m.tflite", board="host")))
    assert (config.model.path, config.board.name) == ("m.tflite", "host")
    assert config.prune is None
    assert config.quantize is None


def test_the_starter_is_valid_with_every_comment_opened(tmp_path: Path) -> None:
    lines = STARTER.format(model="m.keras", board="host").splitlines()
    opened = "\n".join(line.removeprefix("# ") if i else line for i, line in enumerate(lines))
    config = load_config(write(tmp_path, opened))
    assert config.prune is not None
    assert config.quantize is not None
    assert config.budget.flash_bytes == 100_000
    assert config.board.port == "/dev/ttyACM0"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[model]\npath = "m"\nnam = "x"\n[board]\nname = "host"\n',
         "model: unknown key 'nam'; did you mean 'name'? known: name, path"),
        ('[model]\npath = "m"\n', "board: is missing"),
        ('[model]\npath = "m"\n[board]\nname = "host"\n[train-quantised]\n',
         "unknown key 'train-quantised'; did you mean 'train-quantized'?"),
        ('[model]\npath = "m"\n[board]\nname = "host"\n[train-quantized]\ndata = "d"\nends = 3\n',
         "train-quantized.ends: 3 is not known; known: 0, 8, 4, 2"),
        ('[model]\npath = "m"\n[board]\nname = "host"\n[prune]\nrate = 1.5\n', "prune.rate"),
        ('[model]\npath = "m"\n[board]\nname = "host"\n[bords]\n',
         "unknown key 'bords'; did you mean 'board'?"),
        ('[model]\npath = "m"\n[board]\nname = "host"\n[quantize]\ndata = ""\n', "quantize.data"),
        ("[model\n", "not TOML"),
    ],
)  # fmt: skip
def test_problems_name_the_file_and_the_key(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as error:
        load_config(path)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)
