"""Compression on Keras models; the only folder that imports TensorFlow."""
