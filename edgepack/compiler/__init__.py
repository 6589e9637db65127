"""From a .tflite to C: pure functions on frozen values, no files, no clock."""
