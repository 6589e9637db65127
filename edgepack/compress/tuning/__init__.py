"""Trains Keras models: towards labels, a teacher's answers, or both."""
