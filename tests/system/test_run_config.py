"""What beats edgepack.toml, and what `run`, `bench` and `check` refuse or print."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from edgepack.board import load_board
from edgepack.errors import EdgepackError
from edgepack.resources import folder
from edgepack.target import toolchain
from tests.system.command_line import edgepack, refused
from tests.tflite_builder import pack
from tests.unit.compiler.small_models import cnn

CONFIG = """
[model]
path = "net.tflite"
name = "filed"
[board]
name = "mps2-an386"
[bench]
samples = 2
seed = 1
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "net.tflite").write_bytes(pack(cnn()))
    (tmp_path / "edgepack.toml").write_text(CONFIG)
    return tmp_path


def needs_host() -> None:
    try:
        toolchain.find(load_board("host"))
    except EdgepackError as error:
        pytest.skip(str(error))


def test_the_command_line_beats_the_file(project: Path) -> None:
    needs_host()
    arguments = ("run", "-b", "host", "--samples", "3", "--name", "given", "-o", "elsewhere")
    done = edgepack(*arguments, "--json", cwd=project)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["results"]
    assert (found["model"]["name"], found["board"]["name"]) == ("given", "host")
    assert found["agreement"]["n"] == 3
    assert [path.name for path in (project / "elsewhere").iterdir()] == ["given-host"]
    assert not (project / "edgepack-out").exists()


def test_a_host_process_has_no_stack_worth_a_figure(project: Path) -> None:
    needs_host()
    done = edgepack("bench", "net.tflite", "-b", "host", "--json", cwd=project)
    assert done.returncode == 0, done.stderr
    ram = json.loads(done.stdout)["memory"]["ram"]
    assert ram["stack_peak"] is None
    assert ram["total"] == ram["arena"] + ram["other"]


def test_a_model_comes_from_one_place(project: Path) -> None:
    arguments = ("run", "net.tflite", "-b", "host", "-c", "edgepack.toml")
    refused(2, edgepack(*arguments, cwd=project), "MODEL or --config", "not both")


def test_resume_needs_a_journal(project: Path) -> None:
    done = edgepack("bench", "net.tflite", "-b", "host", "--resume", cwd=project)
    refused(2, done, "name the file with --journal")


def test_check_prints_its_document_where_the_model_does_not_fit(project: Path) -> None:
    text = (folder("boards") / "microbit.toml").read_text()
    text = text.replace('name = "microbit"', 'name = "tiny"').replace("0x4_0000", "0x40")
    (project / "tiny.toml").write_text(text)
    done = edgepack("check", "net.tflite", "-b", "tiny.toml", "--json", cwd=project)
    assert done.returncode == 1, done.stderr
    problem = json.loads(done.stdout)["problem"]
    assert "tiny has 64 B of flash" in problem
    assert done.stderr == f"edgepack: {problem}\n"


def test_check_says_what_fits_and_invents_no_limit(project: Path) -> None:
    done = edgepack("check", "net.tflite", "-b", "microbit", cwd=project)
    assert " of 262,144 B of flash, arena " in done.stdout
    assert " of 16,384 B of RAM; code and stack" in done.stdout
    host = edgepack("check", "net.tflite", "-b", "host", cwd=project).stdout
    assert host.startswith("fits: constants ")
    assert not re.search(r"\d of \d", host)


def test_foreign_files_stop_a_run_before_it_starts(project: Path) -> None:
    report = project / "out" / "filed-mps2-an386"
    report.mkdir(parents=True)
    (report / "notes.txt").write_text("mine")
    done = edgepack("run", "-o", "out", cwd=project, env={"PATH": "/nowhere"})
    message = refused(2, done, "notes.txt", "another folder")
    assert "build for" not in message
