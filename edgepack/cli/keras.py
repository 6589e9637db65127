"""prune, quantize, convert: Keras models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgepack.cli import show
from edgepack.cli.options import (
    PATH,
    Decorator,
    gathered,
    json_option,
    model_argument,
    quiet_option,
)
from edgepack.errors import UsageError

_data = click.option("--data", help=".npz or .npy of x and y, or module:function.")
_test = click.option("--test", help="Labelled data to score before and after.")
_scale = click.option("--scale", default=1.0, help="The model is given x * scale.")
_seed = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
_trust = click.option("--trust-model", is_flag=True, help="Let code inside the file run.")


def _output(suffix: str) -> Decorator:
    return click.option("-o", "--output", type=PATH, required=True, help=f"A {suffix} file.")


def _sources(values: dict[str, Any]) -> dict[str, Any]:
    from edgepack.compress import DataSpec

    scale = values.pop("scale")
    for name in {"data", "test"} & set(values):
        source = values[name]
        values[name] = DataSpec(source=source, scale=scale) if source else None
    return values


def _prune_spec(**values: Any) -> Any:
    from edgepack.compress import PruneSpec

    return PruneSpec(**_sources(values))


def _quantize_spec(per: str, **values: Any) -> Any:
    from edgepack.compress import QuantizeSpec

    if not values["data"]:
        raise UsageError(
            "quantize needs --data: representative inputs as .npz, .npy or module:function"
        )
    return QuantizeSpec(per_channel=per == "channel", **_sources(values))


def _convert_spec(**values: Any) -> Any:
    from edgepack.compress import ConvertSpec

    return ConvertSpec(**_sources(values))


_prune_options = gathered(
    "spec",
    _prune_spec,
    click.option(
        "--method",
        type=click.Choice(["channels", "filters", "neurons", "weights"]),
        default="channels",
        show_default=True,
        help="Whole channels (of convolutions, of dense layers, of both) or single weights.",
    ),
    click.option("--rate", type=float, default=0.5, show_default=True),
    click.option("--epochs", default=10, show_default=True, help="Of fine-tuning on --data."),
    click.option("--steps", default=1, show_default=True, help="Prune and fine-tune so often."),
    click.option(
        "--ranking",
        type=click.Choice(["layer", "global"]),
        default="layer",
        show_default=True,
        help="The rate holds in every layer, or over the whole model.",
    ),
    click.option("--exclude", multiple=True, help="Layers left alone; * and ? match."),
    click.option("--learning-rate", default=2e-3, show_default=True),
    _data,
    _test,
    _scale,
    _seed,
    _trust,
)
_quantize_options = gathered(
    "spec",
    _quantize_spec,
    click.option("--per", type=click.Choice(["channel", "tensor"]), default="channel"),
    click.option("--io", type=click.Choice(["int8", "float32"]), default="int8"),
    click.option("--samples", default=200, show_default=True, help="Of calibration; 0 is all."),
    _data,
    _test,
    _scale,
    _seed,
    _trust,
)
_convert_options = gathered("spec", _convert_spec, _test, _scale, _seed, _trust)


@click.command()
@model_argument
@_output(".keras")
@_prune_options
@json_option
@quiet_option
def prune(model: Path, output: Path, spec: Any, as_json: bool, quiet: bool) -> None:
    """Prune a Keras model, and fine-tune it."""
    from edgepack.pipeline import prune_model

    with show.progress(quiet) as progress:
        report = prune_model(model, spec, output, progress)
    _print(report, output, as_json)


@click.command()
@model_argument
@_output(".tflite")
@_quantize_options
@json_option
@quiet_option
def quantize(model: Path, output: Path, spec: Any, as_json: bool, quiet: bool) -> None:
    """Quantise a Keras model to an int8 .tflite, calibrated on data."""
    from edgepack.pipeline import quantize_model

    with show.progress(quiet) as progress:
        report = quantize_model(model, spec, output, progress)
    _print(report, output, as_json)


@click.command()
@model_argument
@_output(".tflite")
@_convert_options
@json_option
@quiet_option
def convert(model: Path, output: Path, spec: Any, as_json: bool, quiet: bool) -> None:
    """Convert a Keras model to a float32 .tflite, as it is."""
    from edgepack.pipeline import convert_model

    with show.progress(quiet) as progress:
        report = convert_model(model, spec, output, progress)
    _print(report, output, as_json)


def _print(report: Any, output: Path, as_json: bool) -> None:
    if as_json:
        show.print_json(report)
        return
    click.echo(f"wrote {output} ({report.output.bytes:,} B) and {output.name}.json")
    if report.before and report.after:
        before, after = report.before.value, report.after.value
        click.echo(f"{report.after.metric} {before:.4f} -> {after:.4f}, n = {report.after.n}")


COMMANDS = (prune, quantize, convert)
