"""prune, cluster, fine-tune: a Keras model in, a Keras model out."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click

from edgepack.cli import show
from edgepack.cli.keras_options import output_option, print_report, sources, training_options
from edgepack.cli.options import gathered, json_option, model_argument, quiet_option
from edgepack.errors import UsageError

_training = training_options(epochs=10, learning_rate=2e-3)
_exclude = click.option("--exclude", multiple=True, help="Layers left alone; * and ? match.")
_spare_ends = click.option(
    "--spare-ends", is_flag=True, default=None, help="Leave the first and last kernel alone."
)


def _prune_spec(method: str, **values: Any) -> Any:
    from edgepack.compress import PruneSpec, WeightsSpec

    given = {name: value for name, value in sources(values).items() if value is not None}
    kind = WeightsSpec if method == "weights" else PruneSpec
    known = {field.name for field in dataclasses.fields(kind)}
    for name in given:
        if name not in known:
            raise UsageError(f"--{name.replace('_', '-')} does not go with --method {method}")
    return kind(method=method, **given)  # type: ignore[arg-type]


def _cluster_spec(**values: Any) -> Any:
    from edgepack.compress import ClusterSpec

    given = {name: value for name, value in sources(values).items() if value is not None}
    return ClusterSpec(**given)


def _fine_tune_spec(**values: Any) -> Any:
    from edgepack.compress import FineTuneSpec

    return FineTuneSpec(**sources(values))


_prune_options = gathered(
    "spec",
    _prune_spec,
    click.option(
        "--method",
        type=click.Choice(["channels", "filters", "neurons", "layers", "weights"]),
        default="channels",
        show_default=True,
        help="Whole channels (of convolutions, of dense layers, of both), layers, or weights.",
    ),
    click.option("--rate", type=float, help="The fraction that goes.  [default: 0.5]"),
    click.option("--importance", help="What stays, e.g. l1, taylor; of weights: magnitude."),
    click.option("--pattern", help="Of weights: none, 2:4, 1:4, or 1x4 (blocks)."),
    click.option("--schedule", help="Of weights: gradual, one-shot or rewind."),
    click.option("--target", help="Of channels: --rate of channels, weights or macs."),
    click.option(
        "--per-cost", is_flag=True, default=None, help="Rank by importance for what is saved."
    ),
    click.option("--count", type=int, help="Of layers: how many go.  [default: 1]"),
    click.option("--max-loss", type=float, help="Of layers: how far the loss may rise."),
    click.option("--min-channels", type=int, help="No layer gets narrower.  [default: 4]"),
    click.option("--multiple-of", type=int, help="Widths are multiples of it."),
    click.option("--steps", type=int, help="Prune and fine-tune, or rewind, so often."),
    click.option("--rewind-epochs", type=int, help="Rewind to the weights after so many."),
    click.option(
        "--ranking",
        type=click.Choice(["layer", "global"]),
        help="The rate holds in every layer, or over the whole model.  [default: layer]",
    ),
    _exclude,
    _spare_ends,
    *_training,
)
_cluster_options = gathered(
    "spec",
    _cluster_spec,
    click.option("--entries", default=16, show_default=True, help="Values of a codebook."),
    click.option("--group", default=0, help="Channels a codebook; 0: all of a kernel."),
    _exclude,
    _spare_ends,
    *_training,
)
_fine_tune_options = gathered("spec", _fine_tune_spec, *_training)


@click.command()
@model_argument
@output_option(".keras")
@_prune_options
@json_option
@quiet_option
def prune(model: Path, output: Path, spec: Any, as_json: bool, quiet: bool) -> None:
    """Prune a Keras model, and fine-tune it."""
    from edgepack.pipeline import prune_model

    with show.progress(quiet) as progress:
        report = prune_model(model, spec, output, progress)
    print_report(report, output, as_json)


@click.command()
@model_argument
@output_option(".keras")
@_cluster_options
@json_option
@quiet_option
def cluster(model: Path, output: Path, spec: Any, as_json: bool, quiet: bool) -> None:
    """Give the weights of each kernel few values in common, and fine-tune them."""
    from edgepack.pipeline import cluster_model

    with show.progress(quiet) as progress:
        report = cluster_model(model, spec, output, progress)
    print_report(report, output, as_json)


@click.command("fine-tune")
@model_argument
@output_option(".keras")
@_fine_tune_options
@json_option
@quiet_option
def fine_tune(model: Path, output: Path, spec: Any, as_json: bool, quiet: bool) -> None:
    """Train a Keras model further; zeros and shared weights stay what they are."""
    from edgepack.pipeline import fine_tune_model

    with show.progress(quiet) as progress:
        report = fine_tune_model(model, spec, output, progress)
    print_report(report, output, as_json)


COMMANDS = (prune, cluster, fine_tune)
