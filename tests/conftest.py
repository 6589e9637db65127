"""Options of the test suite."""

from __future__ import annotations

import pytest
from hypothesis import settings

# A machine that does other things as well makes no example wrong.
settings.register_profile("edgepack", deadline=None)
settings.load_profile("edgepack")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="rewrite tests/golden/")
    parser.addoption("--cases", type=int, default=40, help="random cases a kernel (default 40)")
    parser.addoption("--board", help="run tests/hardware on this board")
    parser.addoption("--serial", help="serial port of that board; default: found by its USB id")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--board"):
        for item in items:
            if item.get_closest_marker("hardware"):
                item.add_marker(pytest.mark.skip(reason="needs a board: --board NAME"))


@pytest.fixture
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    """Whether the committed golden files are to be replaced by what comes out."""
    return bool(request.config.getoption("--rewrite-golden"))


@pytest.fixture
def case_count(request: pytest.FixtureRequest) -> int:
    """How many random cases a kernel's test draws."""
    return int(request.config.getoption("--cases"))
