"""What the system tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edgepack import compress
from edgepack.compress import Worker


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    """The child process in which stages run: TensorFlow is loaded there once."""
    with compress.open_worker() as shared:
        yield shared
