"""TFLite_Detection_PostProcess against LiteRT's own."""

from __future__ import annotations

import numpy as np
import pytest
from flatbuffers import flexbuffers

from edgepack import oracle
from edgepack.compiler.operators.detection import OPTIONS
from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.emulated import run_on_board
from tests.kernels.harness import Case, run_cases
from tests.tflite_builder import ModelBuilder

GIVEN = {
    "max_detections": 10,
    "max_classes_per_detection": 1,
    "detections_per_class": 5,
    "use_regular_nms": False,
    "nms_score_threshold": 0.2,
    "nms_iou_threshold": 0.5,
    "num_classes": 3,
    "y_scale": 10.0,
    "x_scale": 10.0,
    "h_scale": 5.0,
    "w_scale": 5.0,
}


def detector(
    options: dict, boxes: int = 40, depth: int = 4, scores: int = 4, dtype: str = "float32"
) -> bytes:
    """A model of this one operator; anchors are a grid."""
    b = ModelBuilder()
    given = [{}, {}] if dtype == "float32" else [{"scale": 0.06, "zero_point": 131},
                                                 {"scale": 1 / 256}]  # fmt: skip
    x = b.tensor((1, boxes, depth), dtype, name="boxes", **given[0])
    s = b.tensor((1, boxes, scores), dtype, name="scores", **given[1])
    side = int(np.ceil(boxes**0.5))
    centers = np.stack(np.divmod(np.arange(boxes), side), axis=1) / side
    anchors = np.concatenate([centers, np.full((boxes, 2), 0.3)], axis=1)
    if dtype == "uint8":
        a = b.tensor((boxes, 4), dtype, data=np.round(anchors * 200), scale=0.0049, zero_point=3)
    else:
        a = b.tensor((boxes, 4), "float32", data=anchors.astype(np.float32))
    most = options["max_detections"]
    shapes = ((1, most, 4), (1, most), (1, most), (1,))
    outputs = [b.tensor(shape, "float32", name=f"y{n}") for n, shape in enumerate(shapes)]
    custom = bytes(flexbuffers.Dumps(options))
    b.operator("TFLite_Detection_PostProcess", [x, s, a], outputs, custom=custom)
    return b.build([x, s], outputs)


def case(rng: np.random.Generator, number: int) -> Case:
    boxes = int(rng.integers(1, 60))
    classes = int(rng.integers(1, 6))
    background = int(rng.integers(0, 2))
    depth = int(rng.choice([4, 4, 6]))
    options = {
        **GIVEN,
        "max_detections": int(rng.integers(1, 15)),
        "detections_per_class": int(rng.integers(1, 12)),
        "use_regular_nms": number % 2 == 1,
        "nms_score_threshold": float(np.float32(rng.choice([0.0, 0.3, 0.6, 0.95, 1.5]))),
        "nms_iou_threshold": float(np.float32(rng.choice([0.1, 0.5, 1.0]))),
        "num_classes": classes,
        "y_scale": float(np.float32(rng.uniform(1, 12))),
    }
    if rng.random() < 0.3:
        del options["detections_per_class"]
    x = rng.standard_normal((1, boxes, depth)).astype(np.float32) * 2
    scores = rng.permutation(boxes * (classes + background)) / (boxes * (classes + background))
    s = scores.reshape(1, boxes, -1).astype(np.float32)
    if number % 5 == 4 and s.size <= 256:
        x = rng.integers(0, 256, x.shape).astype(np.uint8)
        s = rng.permutation(256)[: s.size].reshape(s.shape).astype(np.uint8)
    model = detector(options, boxes, depth, classes + background, str(x.dtype))
    return Case(model, [x, s], label=f"{number} {options}")


def test_random(case_count: int) -> None:
    """What LiteRT leaves unwritten behind the last detection is 0 here."""
    rng = np.random.default_rng(1)
    cases = [case(rng, number) for number in range(case_count)]
    references = oracle.run_cases([oracle.Case(c.model, tuple(c.inputs)) for c in cases])
    found = 0
    for one, answers, reference in zip(cases, run_cases(cases), references, strict=True):
        assert isinstance(reference, oracle.ReferenceRun), f"{one.label}: {reference}"
        count = int(reference.outputs[3][0])
        found += count
        assert answers[3].tolist() == [count], one.label
        for answer, expected in zip(answers[:3], reference.outputs[:3], strict=True):
            assert not answer[0, count:].any(), one.label
            np.testing.assert_array_equal(answer[0, :count], expected[0, :count], one.label)
    assert found > case_count


def test_options_are_read_with_their_defaults() -> None:
    kept = {k: v for k, v in GIVEN.items() if k not in ("use_regular_nms", "detections_per_class")}
    read = OPTIONS(bytes(flexbuffers.Dumps(kept)))
    assert read == {**GIVEN, "detections_per_class": 100, "use_regular_nms": False} | {
        "nms_score_threshold": pytest.approx(0.2)
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"max_classes_per_detection": 2}, "gives 2 classes a detection; 1 is supported."),
        ({"num_classes": 9}, "has 4 scores a box for 9 classes"),
        ({"nms_iou_threshold": 0.0}, "has the thresholds 0.0 of overlap"),
        ({"y_scale": 0.0}, "has the scales [0.0, 10.0, 5.0, 5.0]"),
    ],
)
def test_refusals(changes: dict, words: str) -> None:
    with pytest.raises(ModelError) as caught:
        read_model(detector({**GIVEN, **changes}))
    assert words in str(caught.value)
    assert str(caught.value).startswith("op 0 TFLite_Detection_PostProcess 'y0': ")


def test_broken_options_are_refused_whatever_they_are() -> None:
    rng = np.random.default_rng(2)
    whole = bytes(flexbuffers.Dumps(GIVEN))
    refused = 0
    for _ in range(400):
        data = bytearray(whole[: int(rng.integers(0, len(whole) + 1))])
        for _ in range(int(rng.integers(0, 4))):
            if data:
                data[int(rng.integers(0, len(data)))] = int(rng.integers(0, 256))
        try:
            read = OPTIONS(bytes(data))
        except ValueError:
            refused += 1
            continue
        assert set(read) == set(GIVEN)
    assert 100 < refused < 400


@pytest.mark.parametrize(
    "board", ["mps2-an386", pytest.param("riscv-virt", marks=pytest.mark.long)]
)
def test_boards_answer_as_the_host(board: str) -> None:
    rng = np.random.default_rng(3)
    cases = [case(rng, number) for number in range(6)]
    for here, there in zip(run_cases(cases), run_on_board(board, cases), strict=True):
        for one, two in zip(here, there.outputs, strict=True):
            np.testing.assert_array_equal(one, two)
