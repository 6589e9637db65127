"""Front ends as a configuration describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from pydantic import ValidationError

from edgepack import config
from edgepack.board import describe_problem
from edgepack.errors import UsageError
from edgepack.frontend import FrontEnd


def front_end(fields: Mapping[str, object]) -> FrontEnd:
    """The front end of these fields; UsageError names what is unknown or out of range."""
    try:
        checked = config.FrontEnd.model_validate(dict(fields))
    except ValidationError as error:
        problems = [describe_problem(p, config.FrontEnd, "frontend") for p in error.errors()]
        raise UsageError("\n".join(problems)) from error
    made = FrontEnd(**checked.model_dump())
    if made.kind != "window":
        _require_speech(made)
    return made


def front_end_text(front: FrontEnd | None) -> str:
    """What `--frontend` takes for it: the kind, and what differs from that kind's defaults."""
    if front is None:
        return ""
    plain = asdict(FrontEnd(front.kind))
    changed = [f"{name}={value}" for name, value in asdict(front).items() if value != plain[name]]
    return ",".join([front.kind, *changed])


def _require_speech(front: FrontEnd) -> None:
    if front.hop > front.window:
        raise UsageError(
            f"frontend: hop is {front.hop} samples, window {front.window}; a hop may not be longer"
        )
    if not front.low_hz < front.high_hz <= front.sample_rate / 2:
        raise UsageError(
            f"frontend: channels lie between {front.low_hz:g} and {front.high_hz:g} Hz; it must "
            f"be low_hz < high_hz <= {front.sample_rate / 2:g}, half of the sample rate"
        )
    if front.coefficients > front.channels and front.kind == "mfcc":
        raise UsageError(
            f"frontend: {front.coefficients} coefficients of {front.channels} channels; there are "
            "at most as many"
        )
    if not 16 <= front.length <= 2**14:
        raise UsageError(f"frontend: window is {front.window} samples; 16384 is the limit")
