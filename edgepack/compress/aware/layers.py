"""Keras layers that round as a quantised .tflite does, and learn how long their steps are.

The forward pass gives values on the integer grid; gradients pass straight through the rounding
and stop where it saturates. A step is kept as its logarithm to base 2, so that it stays positive
and a fixed change is a fixed ratio. Runs in the worker, which imports this module before it loads
a model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from edgepack.compress.quantizing.ranges import limit

_LN2 = math.log(2.0)
_FUSED_FROM = 4096  # values of a sample, from which one compiled pass over them pays
_register = keras.saving.register_keras_serializable(package="edgepack")


@_register
class FakeQuantize(keras.layers.Layer):  # type: ignore[misc]
    """Activations on a grid of 8 bits (with a zero point) or 16 (symmetric)."""

    def __init__(
        self, bits: int = 8, power_of_two: bool = False, learned: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.bits, self.power_of_two, self.learned = bits, power_of_two, learned
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """The step's logarithm and the zero point, scalars."""
        self.step = self.add_weight(
            name="activation_step", shape=(), initializer="zeros", trainable=self.learned
        )
        self.zero_point = self.add_weight(
            name="zero_point", shape=(), initializer="zeros", trainable=False
        )

    def call(self, inputs: Any) -> Any:
        """`inputs` rounded and saturated."""
        least, most = self.levels()
        zero = ops.convert_to_tensor(self.zero_point)
        return fake_quantized(inputs, self._exponent(), least - zero, most - zero)

    def levels(self) -> tuple[int, int]:
        """The least and the largest integer."""
        return (-128, 127) if self.bits == 8 else (-32767, 32767)

    def affine(self) -> tuple[float, int]:
        """Scale and zero point as they are now."""
        scale = float(tf.pow(2.0, self._exponent()))
        return scale, round(float(ops.convert_to_numpy(self.zero_point)))

    def start(self, scale: float, zero_point: int) -> None:
        """Begin with this grid."""
        self.step.assign(math.log2(scale))
        self.zero_point.assign(zero_point)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` takes."""
        own = {"bits": self.bits, "power_of_two": self.power_of_two, "learned": self.learned}
        return {**super().get_config(), **own}

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's."""
        return input_shape

    def _exponent(self) -> Any:
        exponent = ops.convert_to_tensor(self.step)
        return _straight_round(exponent) if self.power_of_two else exponent


class AwareKernel:
    """Mixed into a layer with a `kernel`: it is used as integers times a step a channel.

    `bits` is 8, 4 or 2 (-1, 0 and 1); the range is symmetric, so a zero weight stays zero. Steps
    that are not `learned` stay where they start. With powers of two the grid is that of the kernel
    times a fixed `gain` a channel, the factor of a batch norm that is folded into it.
    """

    _channel_axes: tuple[int, ...] = (-1,)

    def __init__(
        self,
        *args: Any,
        bits: int = 8,
        power_of_two: bool = False,
        learned: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        limit(bits)
        self.bits, self.power_of_two, self.learned = bits, power_of_two, learned

    def build(self, input_shape: Any) -> None:
        """The layer's own weights, and the logarithm of each channel's step, [channels]."""
        super().build(input_shape)  # type: ignore[misc]
        shape = self._kernel_variable().shape
        channels = math.prod(shape[axis] for axis in self._channel_axes)
        self.kernel_step = self.add_weight(  # type: ignore[attr-defined]
            name="kernel_step",
            shape=(channels,),
            initializer="zeros",
            trainable=self.learned,
        )
        if self.power_of_two:
            self.gain = self.add_weight(  # type: ignore[attr-defined]
                name="kernel_gain", shape=(channels,), initializer="ones", trainable=False
            )

    def call(self, inputs: Any) -> Any:
        """The layer's answer with its kernel on the grid."""
        variable = self._kernel_variable()
        rounded = self._fake_kernel(variable)
        with keras.StatelessScope(state_mapping=[(variable, rounded)]):
            return super().call(inputs)  # type: ignore[misc]

    def get_config(self) -> dict[str, Any]:
        """What `from_config` takes."""
        own = {"bits": self.bits, "power_of_two": self.power_of_two, "learned": self.learned}
        return {**super().get_config(), **own}  # type: ignore[misc]

    def save_own_variables(self, store: Any) -> None:
        """Each weight under its name: Keras's own layers know of no third."""
        for variable in self.weights:  # type: ignore[attr-defined]
            store[variable.name] = variable

    def load_own_variables(self, store: Any) -> None:
        """What `save_own_variables` wrote."""
        for variable in self.weights:  # type: ignore[attr-defined]
            variable.assign(store[variable.name])

    def channels_last(self, kernel: NDArray[Any]) -> NDArray[Any]:
        """A kernel of this layer's shape as [weights a channel, channels]."""
        moved = np.moveaxis(kernel, self._channel_axes, range(-len(self._channel_axes), 0))
        channels = math.prod(kernel.shape[axis] for axis in self._channel_axes)
        return moved.reshape(-1, channels)

    def steps(self) -> NDArray[np.float32]:
        """The step of each channel as it is now, [channels]."""
        exponents = tf.convert_to_tensor(self.kernel_step)
        if self.power_of_two:
            exponents = tf.round(exponents)
        return np.asarray(tf.pow(2.0, exponents), np.float32)

    def integers(self) -> NDArray[np.int8]:
        """The kernel's integers as they are now, gain included, in its own layout."""
        kernel = np.asarray(ops.convert_to_numpy(self._kernel_variable()), np.float32)
        shape = self._step_shape(kernel.shape)
        scaled = np.rint(kernel / np.asarray(tf.pow(2.0, self._exponents())).reshape(shape))
        if self.power_of_two:
            scaled = scaled * np.sign(ops.convert_to_numpy(self.gain)).reshape(shape)
        top = limit(self.bits)
        return np.asarray(np.clip(scaled, -top, top), np.int8)

    def start(self, steps: NDArray[Any]) -> None:
        """Begin with these steps, [channels]."""
        self.kernel_step.assign(np.log2(steps).astype(np.float32))

    def _kernel_variable(self) -> Any:
        return self.kernel  # type: ignore[attr-defined]

    def _step_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        kept = {axis % len(shape) for axis in self._channel_axes}
        return tuple(size if i in kept else 1 for i, size in enumerate(shape))

    def _exponents(self) -> Any:
        """The logarithm of each channel's step before the gain."""
        exponents = tf.convert_to_tensor(self.kernel_step)
        if not self.power_of_two:
            return exponents
        gain = tf.abs(tf.convert_to_tensor(self.gain))
        return _straight_round(exponents) - tf.math.log(gain) / _LN2

    def _fake_kernel(self, variable: Any) -> Any:
        shape = self._step_shape(variable.shape)
        most = float(limit(self.bits))
        exponents = tf.reshape(self._exponents(), shape)
        rounded = fake_quantized(ops.convert_to_tensor(variable), exponents, -most, most)
        return rounded * ops.reshape(self.gain, shape) if self.power_of_two else rounded


@_register
class AwareConv1D(AwareKernel, keras.layers.Conv1D):  # type: ignore[misc]
    """Conv1D with its kernel on a grid."""


@_register
class AwareConv2D(AwareKernel, keras.layers.Conv2D):  # type: ignore[misc]
    """Conv2D with its kernel on a grid."""


@_register
class AwareConv2DTranspose(AwareKernel, keras.layers.Conv2DTranspose):  # type: ignore[misc]
    """Conv2DTranspose, whose kernel is [h, w, out, in], with it on a grid."""

    _channel_axes = (-2,)


@_register
class AwareDepthwiseConv1D(AwareKernel, keras.layers.DepthwiseConv1D):  # type: ignore[misc]
    """DepthwiseConv1D, whose kernel is [w, in, multiplier], with it on a grid."""

    _channel_axes = (-2, -1)


@_register
class AwareDepthwiseConv2D(AwareKernel, keras.layers.DepthwiseConv2D):  # type: ignore[misc]
    """DepthwiseConv2D, whose kernel is [h, w, in, multiplier], with it on a grid."""

    _channel_axes = (-2, -1)


@_register
class AwareDense(AwareKernel, keras.layers.Dense):  # type: ignore[misc]
    """Dense with its kernel on a grid."""


AWARE: Mapping[str, type] = {
    "Conv1D": AwareConv1D,
    "Conv2D": AwareConv2D,
    "Conv2DTranspose": AwareConv2DTranspose,
    "DepthwiseConv1D": AwareDepthwiseConv1D,
    "DepthwiseConv2D": AwareDepthwiseConv2D,
    "Dense": AwareDense,
}
"""The layer on a grid for each Keras layer that has one."""


def fake_quantized(x: Any, exponent: Any, low: Any, high: Any) -> Any:
    """`x` as round(x / step) * step, step = 2**exponent, within `low` to `high` steps.

    The gradient of x is the answer's where x is in range, else 0; that of the exponent is
    ln 2 * (answer - x) in range and ln 2 * answer where it saturates (the learned step size of
    Esser et al., 2020, in the logarithm). `exponent` broadcasts against x.
    """
    least, most = tf.cast(low, tf.float32), tf.cast(high, tf.float32)
    large = exponent.shape.rank == 0 and (x.shape[1:].num_elements() or 0) >= _FUSED_FROM
    forward, backward = (_forward_fused, _backward_fused) if large else (_forward, _backward)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def rounded(x: Any, exponent: Any) -> Any:
        def gradient(upstream: Any) -> Any:
            return backward(x, exponent, least, most, upstream)

        return forward(x, exponent, least, most), gradient

    return rounded(tf.convert_to_tensor(x), tf.convert_to_tensor(exponent))


def _forward(x: Any, exponent: Any, low: Any, high: Any) -> Any:
    step = tf.pow(2.0, exponent)
    return tf.round(tf.clip_by_value(x, low * step, high * step) / step) * step


def _backward(x: Any, exponent: Any, low: Any, high: Any, upstream: Any) -> Any:
    step = tf.pow(2.0, exponent)
    inside = tf.clip_by_value(x, low * step, high * step)
    answer = tf.round(inside / step) * step
    passing = tf.where(tf.equal(x, inside), upstream, 0.0)
    total = upstream * answer - passing * x
    alone = [i for i, size in enumerate(exponent.shape) if size == 1]
    every = exponent.shape.rank == 0
    summed = tf.reduce_sum(total) if every else tf.reduce_sum(total, alone, keepdims=True)
    return passing, summed * _LN2


_forward_fused = tf.function(_forward, jit_compile=True)
_backward_fused = tf.function(_backward, jit_compile=True)


def _straight_round(exponent: Any) -> Any:
    return exponent + ops.stop_gradient(ops.round(exponent) - exponent)


def is_aware(model: Any) -> bool:
    """Whether any layer of the model is one of these."""
    return any(isinstance(layer, (FakeQuantize, AwareKernel)) for layer in model._flatten_layers())
