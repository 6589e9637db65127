"""The full text of what the validator says, one case a class of fault."""

import pytest

from edgepack.cli import main
from edgepack.compiler.lowering import lower
from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from edgepack.program import LowerSpec
from tests.tflite_builder import pack, unpack
from tests.unit.compiler.mutants import corpus
from tests.unit.compiler.mutation import BYTES, number

MUTANTS = {m.name: m.data for m in corpus()}
DAMAGED = "The file is damaged: download or convert it again."
QUANTISE = "Quantise the model again with representative data."
TEXTS = {
    "cnn: shape conv (65536, 65536, 65536, 65536)": (
        "tensor 3 'conv' int8[65536,65536,65536,65536]: 18446744073709551616 bytes; the limit is "
        "268435456. Make the layer smaller."
    ),
    "cnn: buffer of 35": (
        "tensor 1 'conv/weights' int8[4,3,3,1]: its buffer has 35 bytes, its shape and type need "
        f"36; they must agree. {DAMAGED}"
    ),
    "cnn: null buffer of conv/weights": (
        "op 0 CONV_2D 'conv': it reads tensor 1 'conv/weights' int8[4,3,3,1], which has no data "
        f"and which nothing writes; each input must have one of them. {DAMAGED}"
    ),
    "cnn: scale 0.0 of x": (
        f"tensor 0 'x' int8[1,8,8,1]: its scale is 0.0; it must be finite and above 0. {QUANTISE}"
    ),
    "cnn: zero point 128": (
        f"tensor 3 'conv' int8[1,8,8,4]: its zero point is 128; its type holds -128 to 127. "
        f"{QUANTISE}"
    ),
    "cnn: scale 1e-12 of logits": (
        "op 4 FULLY_CONNECTED 'logits': tensor 12 'logits' int8[1,3] has the scale "
        f"9.99999996e-13, more than 2^30 times smaller than what it is computed from. {QUANTISE}"
    ),
    "cnn: signature (1, -1, 8, 1)": (
        "tensor 0 'x': is an input whose dimension 1 is left open; only the batch may be, and is "
        "then 1. Give the input its shape, --shape NAME=1,..., or fix it before you convert: "
        "keras.Input(shape=..., batch_size=1)."
    ),
    "cnn: variable": (
        "op 0 CONV_2D 'conv': it writes tensor 3 'conv' int8[1,8,8,4], a variable; that is never "
        "allowed. The file is damaged: download or convert it again."
    ),
    "cnn: wrong order": (
        "op 1 AVERAGE_POOL_2D 'pool': it reads tensor 6 'depthwise' int8[1,4,4,4], which op 2 "
        "DEPTHWISE_CONV_2D 'depthwise' writes only later; operators must stand in the order they "
        "run. Convert the model again."
    ),
    "cnn: two writers": (
        "op 5 SOFTMAX 'logits': it writes tensor 12 'logits' int8[1,3], which op 4 "
        "FULLY_CONNECTED 'logits' has written; a tensor has one writer. Convert the model again."
    ),
    "cnn: writes a constant": (
        "op 0 CONV_2D 'conv/weights': it writes tensor 1 'conv/weights' int8[4,3,3,1], a "
        f"constant; that is never allowed. {DAMAGED}"
    ),
    "cnn: -1 as input 0 of SOFTMAX": (
        "op 5 SOFTMAX 'y': input 0 is left out (-1); only these may be: none. "
        "Convert the model again."
    ),
    "cnn: op 5 with 0 inputs": (
        "op 5 SOFTMAX 'y': 0 inputs; SOFTMAX has 1. Convert the model again."
    ),
    "cnn: the last operator lost": (
        "tensor 13 'y' int8[1,3]: output 0 of the model, but never written by an operator; an "
        "operator must compute it. Convert the model again."
    ),
    "cnn: no operator": (
        "cnn: it has no operator; at least 1 is needed. Convert the model again, with a layer in "
        "it."
    ),
    "cnn: conv as uint8": (
        "op 0 CONV_2D 'conv': tensor 0 'x' int8[1,8,8,1] and tensor 3 'conv' uint8[1,8,8,4] "
        "differ in type; they must agree. Convert the model again with a current TensorFlow."
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_full_text(name):
    with pytest.raises(ModelError) as caught:
        read_model(MUTANTS[name], "cnn")
    assert str(caught.value) == TEXTS[name]


def test_an_output_that_is_a_constant_is_one_that_the_compiler_takes():
    model = unpack(BYTES["cnn"])
    model.subgraphs[0].outputs = [number(model, "y"), number(model, "dense/weights")]
    graph = read_model(pack(model))
    assert len(lower(graph, LowerSpec()).graph.outputs) == 2


def test_the_command_line_refuses_every_mutant_and_writes_nothing(tmp_path, capsys):
    file, out = tmp_path / "cnn.tflite", tmp_path / "out"
    for name, data in MUTANTS.items():
        file.write_bytes(data)
        with pytest.raises(SystemExit) as stop:
            main(["generate", str(file), "-o", str(out)])
        printed = capsys.readouterr()
        assert stop.value.code == 3, name
        assert printed.out == "" and not out.exists(), name
        assert printed.err.startswith("edgepack: ") and "Traceback" not in printed.err, name
