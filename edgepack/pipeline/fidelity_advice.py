"""What would bring a quantised layer nearer to the float one, from its figures."""

from __future__ import annotations

from edgepack.fidelity import LayerFidelity

FUNCTIONS = ("SOFTMAX", "LOG_SOFTMAX", "LOGISTIC", "TANH", "L2_NORMALIZATION")  # of fixed range
_MATTERS = 0.05  # of the model's noise: what a layer adds below needs no help
_CLIPPED = 0.001
_WIDE_BITS = 1.0
_CONSTANT = 0.25
_MOST = 0.4  # of what a layer adds: then its own step explains it


def what_helps(layer: LayerFidelity, worst: float, *, per_tensor: bool) -> tuple[str, ...]:
    """What to try, the most telling first, in the words of `edgepack quantize`.

    `worst` is the noise over signal of the model's worst output.
    """
    if layer.added < _MATTERS * worst or layer.added == 0:
        return ()
    return tuple(
        text
        for holds, text in (
            (layer.saturated > _CLIPPED, f"a wider range: {layer.saturated:.1%} is clipped; "
             "calibrate on more samples, or ranges max"),
            (_from_weights(layer) and (layer.weight_bits or 8) < 8,
             f"wider weights than {layer.weight_bits} bits, or rounding adaptive in place of "
             "nearest"),
            (_from_weights(layer) and per_tensor, "weight steps per channel"),
            (_from_weights(layer) and (layer.weight_bits or 0) == 8 and not per_tensor,
             "equalize"),
            (layer.weight_bits is not None and layer.bias > _CONSTANT,
             f"correct_bias: {layer.bias:.0%} of the noise is constant"),
            (layer.kind not in FUNCTIONS and layer.unused_bits > _WIDE_BITS,
             f"ranges mse or percentile: {layer.unused_bits:.1f} bits of its range are not used"),
            (layer.bits == 8 and layer.rounding > _MOST * layer.added,
             "activations of 16 bits"),
        )
        if holds
    )  # fmt: skip


def _from_weights(layer: LayerFidelity) -> bool:
    """Whether the weights' rounding makes more noise than that of the layer's output."""
    if layer.weight_snr_db is None:
        return False
    return float(10.0 ** (-layer.weight_snr_db / 10.0)) > layer.rounding
