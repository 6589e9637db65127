"""Every error edgepack raises on purpose, with its exit code.

A message says where, what, the limit and the next step. Only `cli` turns one
into text on stderr and an exit status; everything below it raises.
"""

from __future__ import annotations

from pathlib import Path


class EdgepackError(Exception):
    """An error a user can act on."""

    exit_code = 2


class GateError(EdgepackError):
    """A budget or a gate failed: the model does not fit, or a result regressed."""

    exit_code = 1


class UsageError(EdgepackError):
    """Wrong arguments, configuration, data file, output folder or disk."""

    exit_code = 2


class ModelError(EdgepackError):
    """The model is broken, or holds something edgepack does not support."""

    exit_code = 3


class ToolchainError(EdgepackError):
    """A compiler, emulator, flash tool or package is missing or failed."""

    exit_code = 4


class DeviceError(EdgepackError):
    """The board or the serial line did not do what the protocol demands."""

    exit_code = 5


class MismatchError(EdgepackError):
    """The device answered other bits than the oracle."""

    exit_code = 6


class TrainingError(EdgepackError):
    """Training, pruning, quantisation or conversion failed.

    `last_good` is a model's file from before training went wrong, while the worker lives.
    """

    last_good: Path | None = None

    exit_code = 7
