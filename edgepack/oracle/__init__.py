"""The reference answers: interpreters in child processes, and NumPy twins."""
