import inspect
import itertools
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgepack.compiler.identifiers import identifier
from edgepack.compiler.operators import TABLE
from edgepack.compiler.operators.checks import printable
from edgepack.compiler.reader import MAX_FILE_BYTES, read_model
from edgepack.errors import ModelError
from edgepack.graph import ABSENT, DType, Quantization
from tests.tflite_builder import ModelBuilder, options_name, pack, unpack
from tests.unit.compiler.small_models import MODELS
from tests.unit.compiler.small_models import cnn as cnn_model

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def cnn():
    return read_model(pack(cnn_model()), "cnn")


def by_name(graph, name):
    (found,) = [t for t in graph.tensors if t.name == name]
    return found


def test_the_graph_of_a_small_cnn(cnn):
    kinds = [op.kind for op in cnn.operators]
    assert kinds == [
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "AVERAGE_POOL_2D",
        "RESHAPE",
        "FULLY_CONNECTED",
        "SOFTMAX",
    ]
    assert [op.index for op in cnn.operators] == list(range(6))
    assert [cnn.tensors[t].name for t in (*cnn.inputs, *cnn.outputs)] == ["x", "y"]
    assert len(cnn.sha256) == 64


def test_options_are_read_by_the_schema_s_names(cnn):
    conv, depthwise, pool, _, dense, softmax = cnn.operators
    assert conv.option("padding") == "SAME"
    assert conv.option("fused_activation_function") == "RELU"
    assert dense.option("fused_activation_function") == "NONE"
    assert (depthwise.option("stride_w"), depthwise.option("stride_h")) == (2, 2)
    assert pool.option("padding") == "VALID"
    assert (pool.option("filter_width"), pool.option("filter_height")) == (2, 2)
    assert softmax.option("beta") == 1.0


def test_defaults_stand_in_for_fields_that_the_file_leaves_out(cnn):
    assert cnn.operators[0].option("dilation_w_factor") == 1


def test_constants_and_quantisation(cnn):
    weights = by_name(cnn, "conv/weights")
    assert (weights.shape, weights.dtype) == ((4, 3, 3, 1), DType.INT8)
    assert weights.data is not None and len(weights.data) == 36
    expected = tuple(float(np.float32(s)) for s in (0.01, 0.02, 0.03, 0.04))
    assert weights.quantization == Quantization(expected, (0, 0, 0, 0), 0)
    assert by_name(cnn, "depthwise/weights").quantization.axis == 3
    assert by_name(cnn, "x").quantization == Quantization((0.5,), (-1,), 0)
    assert by_name(cnn, "x").data is None
    np.testing.assert_array_equal(by_name(cnn, "shape").array(), [1, 16])


def test_float_tensors_have_no_quantisation():
    graph = read_model(pack(MODELS["floats"]()), "floats")
    assert all(t.quantization is None for t in graph.tensors)


def test_an_optional_input_is_absent():
    b = ModelBuilder()
    x, y = b.tensor((1, 4), "float32"), b.tensor((1, 2), "float32")
    w = b.tensor((2, 4), "float32", data=np.ones((2, 4)))
    b.operator("FULLY_CONNECTED", [x, w, -1], [y])
    assert read_model(b.build([x], [y])).operators[0].inputs == (x, w, ABSENT)


def test_unused_tensors_of_any_sort_are_no_obstacle():
    model = cnn_model()
    b = ModelBuilder(tensors=model.subgraphs[0].tensors)
    b.tensor((0, -1), "float64", name="odd")
    model.subgraphs[0].tensors[-1].type = 5
    graph = read_model(pack(model))
    assert len(graph.tensors) == len(model.subgraphs[0].tensors)
    assert graph.tensors[-1].name == "odd"


def test_tensors_that_share_a_buffer_share_its_bytes():
    b = ModelBuilder()
    x, y, z = (b.tensor((4,), "float32") for _ in range(3))
    one = b.tensor((4,), "float32", data=[1, 2, 3, 4])
    two = b.tensor((2, 2), "float32", data=[9])
    b.tensors[two].shape, b.tensors[two].buffer = [4], b.tensors[one].buffer
    b.operator("ADD", [x, one], [y])
    b.operator("ADD", [y, two], [z])
    graph = read_model(b.build([x], [z]))
    assert graph.tensors[one].data is graph.tensors[two].data


def test_a_model_with_large_codes_keeps_its_operator(cnn):
    """Files from before 2020 have only deprecated_builtin_code; newer ones both."""
    model = unpack(pack(cnn_model()))
    for code in model.operatorCodes:
        code.builtinCode = 0
    assert [op.kind for op in read_model(pack(model)).operators] == [
        op.kind for op in cnn.operators
    ]


def test_a_batch_left_open_is_one():
    graph = read_model(pack(cnn_model()))
    assert graph.tensors[graph.inputs[0]].shape == (1, 8, 8, 1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kws", "kws"),
        ("my model-v2.1", "my_model_v2_1"),
        ("2fast", "model_2fast"),
        ("int", "int_model"),
        ("main", "main_model"),
        ("string", "string_model"),
        ("ep_model", "model_ep_model"),
        ("", "model"),
        ("../../etc/passwd", "etc_passwd"),
        ("x*/ int evil(void){} /*", "x_int_evil_void"),
        ("größe", "gr_e"),
        ("__attribute__", "attribute"),
        ("a" * 99, "a" * 40),
    ],
)
def test_names_become_identifiers(name, expected):
    assert identifier(name) == expected
    assert identifier(expected) == expected
    assert read_model(pack(MODELS["moves"]()), name).name == expected


def test_printable_names_are_one_plain_line():
    assert printable("a\nb'c\"d\\e\u202eé") == "a?b?c?d?e??"
    assert printable("x" * 50) == "x" * 37 + "..."


def test_a_hostile_tensor_name_is_sanitised_in_messages():
    model = cnn_model()
    model.subgraphs[0].tensors[0].name = "x\x1b[31m\nERROR"
    model.subgraphs[0].tensors[0].shape = [1, 0, 8, 1]
    model.subgraphs[0].tensors[0].shapeSignature = None
    with pytest.raises(ModelError) as caught:
        read_model(pack(model))
    assert str(caught.value) == (
        "tensor 0 'x?[31m?ERROR' int8[1,0,8,1]: dimension 1 is 0; each must be above 0. "
        "Fix the input's shape before you convert."
    )


def test_the_full_text_for_a_vendor_s_operator():
    model = cnn_model()
    model.operatorCodes[4].builtinCode = model.operatorCodes[4].deprecatedBuiltinCode = 32
    model.operatorCodes[4].customCode = "edgetpu-custom-op"
    with pytest.raises(ModelError) as caught:
        read_model(pack(model))
    assert str(caught.value) == (
        "op 4 CUSTOM 'edgetpu-custom-op', which makes 'logits': compiled for the Edge TPU, no C "
        "for it exists. Use the .tflite from before edgetpu_compiler."
    )


def test_the_full_text_for_an_operator_that_is_not_supported():
    model = cnn_model()
    model.operatorCodes[2].builtinCode = model.operatorCodes[2].deprecatedBuiltinCode = 10
    with pytest.raises(ModelError) as caught:
        read_model(pack(model))
    assert str(caught.value) == (
        f"op 2 HASHTABLE_LOOKUP 'pool': not supported; {len(TABLE)} others are, `edgepack "
        "operators` lists them. Move it out of the model, into your code before or after it."
    )


def test_a_file_over_the_limit_is_refused_unread():
    with pytest.raises(ModelError, match="the limit is 67108864"):
        read_model(bytes(MAX_FILE_BYTES + 1))


def test_a_file_whose_tensors_all_point_at_one_long_string_is_refused_in_time():
    model = cnn_model()
    model.operatorCodes[0].customCode = "x" * 1_000_000
    model.subgraphs[0].tensors += [model.subgraphs[0].tensors[0]] * 5000
    data = bytearray(pack(model))
    tree = schema.Model.GetRootAs(data)
    code = tree.OperatorCodes(0)._tab
    start = code.Pos + code.Offset(6)
    target = start + struct.unpack_from("<I", data, start)[0]
    for index in range(tree.Subgraphs(0).TensorsLength()):
        tensor = tree.Subgraphs(0).Tensors(index)._tab
        field = tensor.Pos + tensor.Offset(10)
        struct.pack_into("<I", data, field, target - field)
    began = time.perf_counter()
    with pytest.raises(ModelError, match="more numbers, text or data"):
        read_model(bytes(data))
    assert time.perf_counter() - began < 2


def test_constants_that_overlap_without_end_are_refused_in_time():
    """200 tensors, each the next window of the same 400 kB."""
    b = ModelBuilder()
    shape, count = (1, 100, 1000), 200
    sums = [b.tensor(shape, "float32") for _ in range(count + 1)]
    for before, after in itertools.pairwise(sums):
        b.operator("ADD", [before, b.tensor(shape, "float32", data=[0])], [after])
    data = bytearray(b.build(sums[:1], sums[-1:]))
    start = len(data) + -len(data) % 4
    data += bytes(start - len(data)) + struct.pack("<I", 400_000) * count + bytes(400_000)
    tree = schema.Model.GetRootAs(data)
    for index in range(count):
        table = tree.Buffers(index + 1)._tab
        field = table.Pos + table.Offset(4)
        struct.pack_into("<I", data, field, start + 4 * index - field)
    began = time.perf_counter()
    with pytest.raises(ModelError, match="more numbers, text or data"):
        read_model(bytes(data))
    assert time.perf_counter() - began < 2


def test_each_row_reads_the_options_that_the_schema_has():
    """Slots, kinds and defaults of the table of operators against the schema's own accessors."""
    for kind, row in TABLE.items():
        if row.custom is not None:
            assert row.code == schema.BuiltinOperator.CUSTOM
            continue
        assert getattr(schema.BuiltinOperator, kind) == row.code
        name = options_name(kind)
        if not row.options:
            continue
        assert name is not None
        assert getattr(schema.BuiltinOptions, name) == row.options_type
        fresh = vars(getattr(schema, name + "T")())
        for field in row.options:
            head, *rest = field.name.split("_")
            attribute = head + "".join(part.capitalize() for part in rest)
            assert attribute in fresh, (kind, field.name)
            writer = getattr(schema, f"{name}Add{attribute[0].upper()}{attribute[1:]}")
            assert f"Slot({field.slot}, " in inspect.getsource(writer), (kind, field.name)
            if field.kind != "ints":
                assert (fresh[attribute] or 0) == field.default, (kind, field.name)


def test_importing_the_reader_is_light():
    code = (
        "import sys, edgepack.compiler.reader; "
        "print([m for m in ('ai_edge_litert', 'tensorflow', 'flatbuffers') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    assert done.stdout.strip() == b"[]", done.stderr


MODELS_DIR = os.environ.get("EDGEPACK_MODELS")


@pytest.mark.skipif(not MODELS_DIR, reason="EDGEPACK_MODELS is not set")
@pytest.mark.parametrize(
    ("file", "operators", "input_shape"),
    [
        ("ad01_int8", 10, (1, 640)),
        ("kws_ref_model", 13, (1, 49, 10, 1)),
        ("pretrainedResnet_quant", 16, (1, 32, 32, 3)),
        ("vww_96_int8", 31, (1, 96, 96, 3)),
    ],
)
def test_the_mlperf_tiny_models_are_read_in_a_tenth_of_a_second(file, operators, input_shape):
    data = (Path(MODELS_DIR) / f"{file}.tflite").read_bytes()
    read_model(data)
    began = time.perf_counter()
    graph = read_model(data, file)
    assert time.perf_counter() - began < 0.1
    assert len(graph.operators) == operators
    assert graph.tensors[graph.inputs[0]].shape == input_shape


@pytest.mark.skipif(not MODELS_DIR, reason="EDGEPACK_MODELS is not set")
def test_a_model_quantised_in_its_weights_only_is_read():
    data = (Path(MODELS_DIR) / "kws_ref_model_float32.tflite").read_bytes()
    graph = read_model(data)
    assert graph.tensors[graph.operators[0].inputs[1]].dtype.name == "INT8"
    assert graph.tensors[graph.inputs[0]].dtype.name == "FLOAT32"
