"""edgepack: from a Keras or TFLite model to C, firmware and numbers from the microcontroller."""

__version__ = "0.1.0"
