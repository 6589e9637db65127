import itertools
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from edgepack.errors import ModelError, ToolchainError, UsageError
from edgepack.oracle import Case, child, reference, run_cases, run_reference
from tests.tflite_builder import ModelBuilder

ROOT = Path(__file__).parents[3]


def add_constant(shape=(1, 3)):
    """y = relu(x + [0, 1, 2, ...]) in float32."""
    b = ModelBuilder()
    x, y = b.tensor(shape, "float32"), b.tensor(shape, "float32")
    c = b.tensor(shape, "float32", data=np.arange(np.prod(shape)).reshape(shape))
    b.operator("ADD", [x, c], [y], fused_activation_function="RELU")
    return b.build([x], [y])


def eight_layers():
    """Each doubles the one before; without care the interpreter reuses their memory."""
    b = ModelBuilder()
    chain = [b.tensor((1, 2), "float32") for _ in range(9)]
    for before, after in itertools.pairwise(chain):
        b.operator("ADD", [before, before], [after])
    return b.build(chain[:1], chain[-1:]), chain


def test_samples_run_one_by_one_along_the_leading_dimension():
    samples = np.array([[1, 2, 3], [-5, 0, 1]], np.float32)
    run = run_reference(add_constant(), [samples])
    np.testing.assert_array_equal(run.outputs[0], [[1, 3, 5], [0, 1, 3]])
    assert run.oracle.startswith("LiteRT ") and run.oracle.endswith(" BUILTIN_REF")
    assert run.tensors is None


def test_an_input_without_a_batch_is_one_sample_in_its_own_shape():
    run = run_reference(add_constant((2, 2)), [np.zeros((2, 2), np.float32)])
    np.testing.assert_array_equal(run.outputs[0], [[0, 1], [2, 3]])


def test_layers_gives_every_computed_tensor_of_every_sample():
    model, chain = eight_layers()
    samples = np.array([[1, -1], [-2, 3]], np.float32)
    run = run_reference(model, [samples], layers=True)
    assert run.tensors is not None
    assert sorted(run.tensors) == chain
    for depth, index in enumerate(chain):
        np.testing.assert_array_equal(run.tensors[index], samples[:, None, :] * 2**depth)


def test_a_refused_model_names_the_oracle_and_its_words():
    b = ModelBuilder()
    x, y = b.tensor((1, 4), scale=1.0), b.tensor((1, 4), scale=1.0, zero_point=3)
    b.operator("SOFTMAX", [x], [y], beta=1.0)
    with pytest.raises(ModelError, match=r"^LiteRT .*zero_point.*SOFTMAX"):
        run_reference(b.build([x], [y]), [np.zeros((1, 4), np.int8)])


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ([np.zeros((2, 4), np.float32)], r"input 0 is \[2, 4\] float32, the model takes \[n, 3\]"),
        ([np.zeros((2, 3), np.int8)], r"input 0 is \[2, 3\] int8, .* float32"),
        ([], "0 input arrays, the model has 1"),
    ],
)
def test_inputs_that_do_not_fit_are_the_users_error(inputs, words):
    with pytest.raises(UsageError, match=words):
        run_reference(add_constant(), inputs)


def test_inputs_of_different_lengths_are_refused():
    b = ModelBuilder()
    x, z, y = (b.tensor((1, 2), "float32") for _ in range(3))
    b.operator("ADD", [x, z], [y])
    two, three = np.zeros((2, 2), np.float32), np.zeros((3, 2), np.float32)
    with pytest.raises(UsageError, match="different numbers of samples"):
        run_reference(b.build([x, z], [y]), [two, three])


def test_cases_run_in_one_child_and_a_refused_one_costs_only_itself():
    x = (np.ones((1, 3), np.float32),)
    good = Case(add_constant(), x)
    results = run_cases([good] * 40 + [Case(b"no model", x)] + [good] * 40)
    assert isinstance(results[40], ModelError)
    assert sum(not isinstance(r, Exception) for r in results) == 80


def test_a_case_that_kills_the_interpreter_costs_only_itself(monkeypatch, tmp_path):
    poison = tmp_path / "child.py"
    source = Path(child.__file__).read_text()
    hook = "def _answer(make: Any, request: Arrays, meta: dict[str, Any], index: int) -> Answer:\n"
    assert hook in source
    poison.write_text(source.replace(hook, hook + "    if index == 3: os.abort()\n"))
    monkeypatch.setattr(reference, "CHILD", poison)
    x = (np.ones((1, 3), np.float32),)
    results = run_cases([Case(add_constant(), x)] * 6)
    assert [i for i, r in enumerate(results) if isinstance(r, ModelError)] == [3]
    assert "died of this model (SIGABRT)" in str(results[3])


def test_many_small_cases_are_quick():
    cases = [Case(add_constant(), (np.ones((1, 3), np.float32),))] * 200
    began = time.perf_counter()
    assert len(run_cases(cases)) == 200
    assert time.perf_counter() - began < 10


def test_no_interpreter_is_a_toolchain_error_with_the_command(monkeypatch, tmp_path):
    for package in ("ai_edge_litert", "tflite_runtime"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("raise ImportError('hidden')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ToolchainError, match="pip install ai-edge-litert"):
        run_reference(add_constant(), [np.ones((1, 3), np.float32)])


def test_tflite_runtime_is_used_and_named_where_it_is_the_one_installed(monkeypatch, tmp_path):
    (tmp_path / "ai_edge_litert").mkdir()
    (tmp_path / "ai_edge_litert" / "__init__.py").write_text("raise ImportError('hidden')")
    runtime = tmp_path / "tflite_runtime"
    runtime.mkdir()
    (runtime / "__init__.py").write_text("")
    (runtime / "interpreter.py").write_text(FAKE_RUNTIME)
    info = tmp_path / "tflite_runtime-2.14.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tflite-runtime\nVersion: 2.14.0\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    run = run_reference(b"anything", [np.array([[3.0]], np.float32)])
    assert run.oracle == "tflite_runtime 2.14.0 BUILTIN_REF"
    np.testing.assert_array_equal(run.outputs[0], [[6.0]])


FAKE_RUNTIME = """
import enum
import numpy as np
class OpResolverType(enum.Enum):
    BUILTIN_REF = 2
class Interpreter:
    def __init__(self, model_content, experimental_op_resolver_type, **rest):
        assert experimental_op_resolver_type is OpResolverType.BUILTIN_REF
    def allocate_tensors(self): pass
    def get_input_details(self):
        return [{"index": 0, "shape": np.array([1, 1]), "dtype": np.float32}]
    def get_output_details(self): return [{"index": 1}]
    def set_tensor(self, index, value): self.x = value
    def invoke(self): self.y = self.x * 2
    def get_tensor(self, index): return self.y
"""


def test_a_deadline_ends_the_child_and_its_forks(monkeypatch, tmp_path):
    slow = tmp_path / "child.py"
    mark = tmp_path / "pid"
    slow.write_text(
        "import os, time\n"
        "pid = os.fork()\n"
        f"if pid: open({str(mark)!r}, 'w').write(str(pid))\n"
        "time.sleep(60)\n"
    )
    monkeypatch.setattr(reference, "CHILD", slow)
    began = time.perf_counter()
    with pytest.raises(ToolchainError, match=r"no answer after 2 s"):
        run_cases([Case(b"", ())], timeout_s=2)
    assert time.perf_counter() - began < 20
    assert _ends(int(mark.read_text()))


@pytest.mark.skipif(sys.platform != "linux", reason="needs prctl")
def test_the_child_dies_with_the_process_that_started_it(tmp_path):
    mark = tmp_path / "pid"
    code = (
        "import os, sys, time\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from edgepack.oracle import child\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    child._die_with_parent()\n"
        f"    open({str(mark)!r}, 'w').write(str(os.getpid()))\n"
        "    time.sleep(60)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    try:
        deadline = time.monotonic() + 10
        while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        parent.kill()
        parent.wait()
    assert _ends(int(mark.read_text()))


def _ends(pid, within_s=10):
    deadline = time.monotonic() + within_s
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not _alive(pid)


def _alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_importing_the_oracle_imports_no_interpreter():
    code = "import sys, edgepack.oracle; print('ai_edge_litert' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    assert done.stdout.strip() == b"False"
