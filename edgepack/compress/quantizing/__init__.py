"""Makes a quantised .tflite of a float one."""
