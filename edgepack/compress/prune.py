"""Pruning (being written)."""
