"""Toolchains, builds, flash drivers and emulators."""
