"""Compress a small classifier step by step, and see after each what it costs on a board.

Two features, two classes, a network of dense layers: its weights are quantised to 8 bits, half
of them are pruned, and each model is evaluated in Python and on an emulated Cortex-M4.

python moons.py [BOARD]
"""

from __future__ import annotations

import sys

import keras
import numpy as np

import edgepack


def moons(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points x [n, 2] on two half circles that reach into each other, and which one, y [n]."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, n)
    angle = random.uniform(0, np.pi, n)
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x[y == 1] = [1.0, 0.5] - x[y == 1]
    return (x + random.normal(0, 0.12, x.shape)).astype(np.float32), y


def main(board: str) -> None:
    """Train, compress and evaluate; a line for each model."""
    keras.utils.set_random_seed(1)
    train, test = moons(1000, seed=1), moons(300, seed=2)

    model = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(*train, epochs=15, batch_size=32, verbose=0)

    quantized, grid = edgepack.quantize_weights(model, bits=8)
    pruned, zeros = edgepack.prune_weights(quantized, 0.5, train, epochs=5)
    narrow, cut = edgepack.prune_neurons(quantized, 0.5, train, epochs=5)

    print(f"8 bits change the weights by {max(t.error for t in grid.tensors):.4f} at most")
    print(f"{zeros.zero_weights:.1%} of the pruned model's weights are zero")
    print("neurons left:", ", ".join(f"{c.layer} {c.after}/{c.before}" for c in cut.layers))

    print(f"\n{'':22}{'Python':>8}{board:>14}{'flash B':>10}{'RAM B':>8}{'count':>8}")
    for name, compressed, options in (
        ("float", model, {"weights": 32, "activations": 32}),
        ("weights of 8 bits", quantized, {}),
        ("and half of them zero", pruned, {}),
        ("and half the neurons", narrow, {}),
    ):
        found = edgepack.evaluate(compressed, test, board=board, samples=50, **options)
        on_board = found.device.accuracy.value
        print(
            f"{name:22}{found.python.value:8.3f}{on_board:14.3f}{found.cost.flash_bytes:10,}"
            f"{found.cost.ram_bytes:8,}{found.cost.latency or 0:8,.0f}"
        )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "mps2-an386")
