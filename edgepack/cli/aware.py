"""train-quantized: a Keras model in, one trained with its rounding out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgepack.cli import show
from edgepack.cli.keras_options import output_option, print_report, sources, training_options
from edgepack.cli.options import gathered, json_option, model_argument, number, quiet_option
from edgepack.errors import UsageError


def _spec(layer: tuple[str, ...], **values: Any) -> Any:
    from edgepack.compress import AwareSpec

    return AwareSpec(layers=tuple(_bits(text) for text in layer), **sources(values))


def _bits(text: str) -> tuple[str, int]:
    pattern, equals, width = text.rpartition("=")
    if not (pattern and equals and width.isdigit()):
        raise UsageError(f"--layer {text}: write NAME=BITS, as conv*=4; bits are 8, 4 or 2")
    return pattern, int(width)


_options = gathered(
    "spec",
    _spec,
    click.option(
        "--weights",
        type=click.Choice(["8", "4", "2"]),
        default="8",
        show_default=True,
        callback=number,
        help="Bits; 2 is -1, 0 and 1.",
    ),
    click.option(
        "--activations",
        type=click.Choice(["8", "16"]),
        default="8",
        show_default=True,
        callback=number,
        help="Bits.",
    ),
    click.option(
        "--scheme",
        type=click.Choice(["global", "power_of_two"]),
        default="global",
        show_default=True,
        help="power_of_two: requantising is a shift.",
    ),
    click.option(
        "--layer", multiple=True, metavar="NAME=BITS", help="Other bits of some layers: conv*=4."
    ),
    click.option(
        "--ends",
        type=click.Choice(["0", "8", "4", "2"]),
        default="0",
        show_default=True,
        callback=number,
        help="Bits of the first and the last layer; 0: as the others.",
    ),
    click.option("--samples", default=200, show_default=True, help="Of calibration; 0 is all."),
    *training_options(epochs=5, learning_rate=1e-3),
)


@click.command("train-quantized")
@model_argument
@output_option(".keras")
@_options
@json_option
@quiet_option
def train_quantized(model: Path, output: Path, spec: Any, as_json: bool, quiet: bool) -> None:
    """Train a Keras model with the rounding that quantize writes."""
    from edgepack.pipeline import train_quantized_model

    with show.progress(quiet) as progress:
        report = train_quantized_model(model, spec, output, progress)
    print_report(report, output, as_json)
    if not as_json and report.left:
        click.echo(f"not trained with rounding: {', '.join(report.left)}")


COMMANDS = (train_quantized,)
