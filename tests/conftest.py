"""Options of the test suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="rewrite tests/golden/")
    parser.addoption("--cases", type=int, default=40, help="random cases a kernel (default 40)")


@pytest.fixture
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    """Whether the committed golden files are to be replaced by what comes out."""
    return bool(request.config.getoption("--rewrite-golden"))


@pytest.fixture
def case_count(request: pytest.FixtureRequest) -> int:
    """How many random cases a kernel's test draws."""
    return int(request.config.getoption("--cases"))
