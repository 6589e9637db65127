"""Keras models that round as their .tflite will, and train with it."""
