"""Who may import whom, and what the start of the command line may cost."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "edgepack"
ROOMS = ("compress", "oracle", "compiler", "target", "device", "report")
VALUES = {
    "__version__",
    "board",
    "errors",
    "fidelity",
    "frontend",
    "graph",
    "program",
    "resources",
    "results",
    "store",
}
JOINERS = {"pipeline", "cli"}
HEAVY = {
    "tensorflow": {"compress"},
    "keras": {"compress"},
    "ai_edge_litert": {"oracle"},
    "tflite_runtime": {"oracle"},
    "serial": {"device", "target"},
    "unicorn": {"target"},
    "click": {"cli"},
}


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_only_themselves_and_the_values(room: str) -> None:
    files = [p for p in sources() if room_of(p) == room]
    assert files
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in files
        for name in imports(path)
        if name.startswith("edgepack.") and name.split(".")[1] not in VALUES | {room}
    ]
    assert wrong == []


def test_values_import_only_values() -> None:
    wrong = [
        f"{path.name} imports {name}"
        for path in sources()
        if room_of(path) in VALUES
        for name in imports(path)
        if name.startswith("edgepack.") and name.split(".")[1] not in VALUES
    ]
    assert wrong == []


@pytest.mark.parametrize("package", sorted(HEAVY))
def test_heavy_packages_stay_in_their_room(package: str) -> None:
    users = {
        room_of(path)
        for path in sources()
        for name in imports(path)
        if name.split(".")[0] == package
    }
    assert users <= HEAVY[package]


def test_only_the_command_line_prints_or_exits() -> None:
    wrong = []
    for path in sources():
        if room_of(path) in {"cli"} or is_child(path):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "sys.exit"}:
                wrong.append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
    assert wrong == []


def is_child(path: Path) -> bool:
    """A program of its own, which may talk to its parent."""
    return '__name__ == "__main__"' in path.read_text()


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}; import sys; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in out.stdout.split()}


def test_importing_edgepack_imports_nothing_heavy() -> None:
    assert not loaded_by("import edgepack") & {*HEAVY, "numpy", "pydantic", "jinja2", "rich"}


def test_the_command_line_starts_light() -> None:
    loaded = loaded_by("import edgepack.cli")
    assert "click" in loaded
    assert not loaded & {"numpy", "tensorflow", "ai_edge_litert", "pydantic", "jinja2", "rich"}
