"""The nearest way out of an operator that edgepack has no kernel for."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from edgepack.compiler.operators.checks import printable
from edgepack.errors import ModelError

COMPILED: tuple[tuple[str, str, str], ...] = (  # prefix of the code, for what, by what
    ("edgetpu", "the Edge TPU", "edgetpu_compiler"),
    ("ethos-u", "the Arm Ethos-U", "vela"),
    ("xc_", "XMOS xcore", "xcore-opt"),
    ("neutron", "the NXP Neutron NPU", "neutron-converter"),
    ("vsi-npu", "a VeriSilicon NPU", "its compiler"),
    ("akida", "BrainChip Akida", "its compiler"),
)
DECODE = "End the model before it and decode the raw outputs in your code"
KNOWN: tuple[tuple[str, str], ...] = (
    ("flex", "an operator of TensorFlow itself. Convert without SELECT_TF_OPS"),
    ("posenet", f"PoseNet's decoder of key points. {DECODE}"),
    ("signal", "an audio front end. Start the model at the features; compute them in your code"),
    ("maxpoolingwithargmax2d", "MediaPipe's operator. Use MaxPooling2D in the model instead"),
    ("maxunpooling2d", "MediaPipe's operator. Use an up-sampling that is supported instead"),
    ("convolution2dtransposebias", "MediaPipe's operator. Use padding and CONV_2D instead"),
)
COMPARISON = "Move the comparison out of the model, into your code after its output"
OUTSIDE = "Move it out of the model, into your code before or after it"
WAYS: Mapping[str, str] = {
    "WHERE": COMPARISON,
    "RFFT2D": OUTSIDE,
    "HASHTABLE_LOOKUP": OUTSIDE,
    "NON_MAX_SUPPRESSION_V4": OUTSIDE,
    "NON_MAX_SUPPRESSION_V5": OUTSIDE,
}


def unsupported_custom(index: int, code: str, tensor: str) -> ModelError:
    """The error of a custom operator, with the vendor that made it where it is known."""
    words = _custom_words(code.lower())
    return ModelError(
        f"op {index} CUSTOM '{printable(code)}', which makes '{printable(tensor)}': {words}."
    )


def unsupported_operator(
    index: int, kind: str, tensor: str, supported: Collection[str]
) -> ModelError:
    """The error of a builtin operator that has no row in the table."""
    way = WAYS.get(kind, "Replace it in the model by supported ones")
    return ModelError(
        f"op {index} {kind} '{printable(tensor)}': not supported; {len(supported)} others are, "
        f"`edgepack operators` lists them. {way}."
    )


def _custom_words(code: str) -> str:
    for prefix, what, compiler in COMPILED:
        if code.startswith(prefix):
            return (
                f"compiled for {what}, no C for it exists. Use the .tflite from before {compiler}"
            )
    for prefix, words in KNOWN:
        if code.startswith(prefix):
            return words
    return (
        "a custom operator, no C for it exists. Replace it in the model by builtin ones, or bring "
        "your own C with --operators (docs/custom-operators.md)"
    )
