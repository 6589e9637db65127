"""quantize, convert: a Keras model in, a .tflite out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgepack.cli import show
from edgepack.cli.keras_options import (
    data_option,
    output_option,
    print_report,
    scale_option,
    seed_option,
    sources,
    test_option,
    trust_option,
)
from edgepack.cli.options import gathered, json_option, model_argument, number, quiet_option
from edgepack.errors import UsageError


def _quantize_spec(per: str, layer: tuple[str, ...], **values: Any) -> Any:
    from edgepack.compress import QuantizeSpec

    widths = tuple(_width(text) for text in layer)
    return QuantizeSpec(per_channel=per == "channel", layers=widths, **sources(values))


def _width(text: str) -> tuple[str, str]:
    pattern, equals, width = text.rpartition("=")
    if not (pattern and equals):
        raise UsageError(f"--layer {text}: write NAME=WIDTH, as conv*=4, dense=8x16 or conv1=float")
    return pattern, width


def _convert_spec(**values: Any) -> Any:
    from edgepack.compress import ConvertSpec

    return ConvertSpec(**sources(values))


_quantize_options = gathered(
    "spec",
    _quantize_spec,
    click.option(
        "--scheme",
        type=click.Choice(["global", "dynamic", "mixed", "power_of_two"]),
        default="global",
        show_default=True,
        help="dynamic: each width from its weights. power_of_two: requantising is a shift.",
    ),
    click.option(
        "--weights",
        type=click.Choice(["2", "4", "8", "16", "32"]),
        default="8",
        show_default=True,
        callback=number,
        help="Bits; 2 is -1, 0 and 1, 16 and 32 are floats.",
    ),
    click.option(
        "--activations",
        type=click.Choice(["8", "16", "32"]),
        default="8",
        show_default=True,
        callback=number,
        help="Bits; 32 are floats.",
    ),
    click.option(
        "--layer",
        multiple=True,
        metavar="NAME=WIDTH",
        help="Another width of some layers: conv*=4, dense=8x16, conv1=float.",
    ),
    click.option(
        "--ranges",
        type=click.Choice(["auto", "max", "percentile", "mse"]),
        default="auto",
        show_default=True,
        help="How ranges are chosen; auto: by maximum, weights below 8 bits by mse.",
    ),
    click.option("--percentile", default=99.99, show_default=True),
    click.option("--max-error", default=0.15, show_default=True, help="Of scheme dynamic."),
    click.option(
        "--budget-bytes",
        default=0,
        help="Of scheme mixed: the widths of the least loss whose weights, scales and biases fit.",
    ),
    click.option("--equalize", is_flag=True, help="Even out channels between layers."),
    click.option("--correct-bias", is_flag=True, help="Take out rounding's mean error."),
    click.option(
        "--rounding",
        type=click.Choice(["nearest", "adaptive"]),
        default="nearest",
        show_default=True,
    ),
    click.option("--per", type=click.Choice(["channel", "tensor"]), default="channel"),
    click.option("--io", type=click.Choice(["auto", "int8", "int16", "float32"]), default="auto"),
    click.option("--samples", default=200, show_default=True, help="Of calibration; 0 is all."),
    data_option,
    test_option,
    scale_option,
    seed_option,
    trust_option,
)
_convert_options = gathered(
    "spec", _convert_spec, test_option, scale_option, seed_option, trust_option
)


@click.command()
@model_argument
@output_option(".tflite")
@_quantize_options
@json_option
@quiet_option
def quantize(model: Path, output: Path, spec: Any, as_json: bool, quiet: bool) -> None:
    """Quantise a Keras model, or a float .tflite, calibrated on data."""
    from edgepack.pipeline import quantize_model

    with show.progress(quiet) as progress:
        report = quantize_model(model, spec, output, progress)
    print_report(report, output, as_json)
    if not as_json:
        for warning in report.warnings:
            click.echo(f"warning: {warning}", err=True)
        if report.stayed_float:
            click.echo(f"stayed float: {', '.join(report.stayed_float)}")


@click.command()
@model_argument
@output_option(".tflite")
@_convert_options
@json_option
@quiet_option
def convert(model: Path, output: Path, spec: Any, as_json: bool, quiet: bool) -> None:
    """Convert a Keras model to a float32 .tflite, as it is."""
    from edgepack.pipeline import convert_model

    with show.progress(quiet) as progress:
        report = convert_model(model, spec, output, progress)
    print_report(report, output, as_json)


COMMANDS = (quantize, convert)
