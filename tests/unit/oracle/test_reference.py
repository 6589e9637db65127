import numpy as np

from edgepack.oracle import run_reference
from tests.tflite_builder import ModelBuilder


def add_model(shape=(1, 3)):
    b = ModelBuilder()
    x, y = b.tensor(shape, "float32"), b.tensor(shape, "float32")
    c = b.tensor(shape[1:], "float32", data=np.arange(np.prod(shape[1:])))
    b.operator("ADD", [x, c], [y], fused_activation_function="RELU")
    return b, x, y


def test_samples_run_one_by_one_along_the_leading_dimension():
    b, x, y = add_model()
    samples = np.array([[1, 2, 3], [-5, 0, 1]], np.float32)
    run = run_reference(b.build([x], [y]), [samples])
    np.testing.assert_array_equal(run.outputs[0], [[1, 3, 5], [0, 1, 3]])
    assert run.oracle.endswith("BUILTIN_REF")
    assert run.tensors is None


if __name__ == "__main__":
    test_samples_run_one_by_one_along_the_leading_dimension()
