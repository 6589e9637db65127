from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.protocol.lockstep import Firmware, compile_firmware


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_firmware(tmp_path_factory.mktemp("firmware"))


@pytest.fixture
def firmware(program: Path) -> Iterator[Firmware]:
    running = Firmware(program)
    yield running
    assert running.close() == ""
