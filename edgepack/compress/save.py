"""A Keras model as the bytes of a `.keras` file, equal models giving equal bytes."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

_EPOCH = (1980, 1, 1, 0, 0, 0)


def keras_bytes(model: Any, folder: Path) -> bytes:
    """`model` without its optimiser and the date; `folder` is scratch space."""
    model.compiled = False
    model.optimizer = None
    path = folder / "out.keras"
    try:
        model.save(path)
        return _undated(path.read_bytes())
    finally:
        path.unlink(missing_ok=True)


def _undated(content: bytes) -> bytes:
    """The same zip with fixed time stamps, and no saving date in its metadata."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for name in sorted(source.namelist()):
            data = source.read(name)
            if name == "metadata.json":
                facts = {k: v for k, v in json.loads(data).items() if k != "date_saved"}
                data = json.dumps(facts, sort_keys=True).encode()
            target.writestr(zipfile.ZipInfo(name, _EPOCH), data)
    return out.getvalue()
