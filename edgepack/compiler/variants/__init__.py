"""Kernels for instruction sets: each module offers the layers it can run, and says at what cost."""
