"""TFLite_Detection_PostProcess, which decodes a detector's boxes: a row of the table."""

from __future__ import annotations

import math

import numpy as np

from edgepack.compiler.operators.checks import (
    RECONVERT,
    input_tensor,
    output_tensor,
    require,
    require_constant,
    require_per_tensor,
    require_rank,
    require_same_type,
    require_shape,
    require_type,
    tensor_text,
)
from edgepack.compiler.operators.custom import flexbuffer_options
from edgepack.compiler.operators.row import OperatorRow
from edgepack.graph import DType, Graph, Operator, Tensor
from edgepack.program import (
    Argument,
    Const,
    Lowered,
    LowerSpec,
    Params,
    Scratch,
    Step,
    TensorRef,
)

OPTIONS = flexbuffer_options(
    max_detections=0,
    max_classes_per_detection=0,
    detections_per_class=100,
    use_regular_nms=False,
    nms_score_threshold=0.0,
    nms_iou_threshold=0.0,
    num_classes=0,
    y_scale=0.0,
    x_scale=0.0,
    h_scale=0.0,
    w_scale=0.0,
)
SCALES = ("y_scale", "x_scale", "h_scale", "w_scale")
MOST = 2**16


def check_detection(op: Operator, graph: Graph) -> None:
    """Boxes [1, n, 4 or more], scores [1, n, classes with or without background], anchors."""
    boxes, scores, anchors = (input_tensor(op, graph, place) for place in range(3))
    require_type(op, graph, boxes, ("float32", "uint8"))
    require_same_type(op, graph, boxes, scores)
    require_type(op, graph, anchors, ("float32", "uint8"))
    if anchors.dtype.name == "UINT8":
        require_constant(op, graph, 2)
    require_per_tensor(op, graph, *(t for t in (boxes, scores, anchors) if t.dtype.bytes == 1))
    for place in range(4):
        require_type(op, graph, output_tensor(op, graph, place), ("float32",))
    require_rank(op, graph, boxes, 3, 3)
    require_rank(op, graph, scores, 3, 3)
    count = boxes.shape[1]
    classes, most = op.option("num_classes"), op.option("max_detections")
    require(
        boxes.shape[0] == 1 and boxes.shape[2] >= 4,
        op,
        graph,
        f"{tensor_text(boxes)} must be [1,boxes,4 or more]. {RECONVERT}.",
    )
    require(
        0 < most <= MOST and 0 < classes <= MOST and op.option("detections_per_class") >= 0,
        op,
        graph,
        f"has {most} detections and {classes} classes; both lie in 1 to {MOST}. {RECONVERT}.",
    )
    require(
        op.option("max_classes_per_detection") == 1,
        op,
        graph,
        f"gives {op.option('max_classes_per_detection')} classes a detection; 1 is supported. "
        "Export the detector with max_classes_per_detection=1.",
    )
    require(
        scores.shape[2] - classes in (0, 1),
        op,
        graph,
        f"{tensor_text(scores)} has {scores.shape[2]} scores a box for {classes} classes; there "
        f"may be one more, of the background. {RECONVERT}.",
    )
    _check_numbers(op, graph)
    require_shape(op, graph, scores, (1, count, scores.shape[2]))
    require_shape(op, graph, anchors, (count, 4))
    for place, shape in enumerate(((1, most, 4), (1, most), (1, most), (1,))):
        require_shape(op, graph, output_tensor(op, graph, place), shape)


def _check_numbers(op: Operator, graph: Graph) -> None:
    scales = [op.option(name) for name in SCALES]
    require(
        all(math.isfinite(scale) and scale > 0 for scale in scales),
        op,
        graph,
        f"has the scales {scales}; each must be above 0. {RECONVERT}.",
    )
    overlap, score = op.option("nms_iou_threshold"), op.option("nms_score_threshold")
    require(
        0 < overlap <= 1 and math.isfinite(score),
        op,
        graph,
        f"has the thresholds {overlap} of overlap and {score} of the score; the one lies in 0 to "
        f"1, 0 excluded, the other is a number. {RECONVERT}.",
    )


def lower_detection(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """One kernel, by class or for the best class of each box."""
    inputs = [input_tensor(op, graph, place) for place in range(3)]
    boxes, scores, _ = inputs
    count, classes = boxes.shape[1], op.option("num_classes")
    most = op.option("max_detections")
    fields = (
        ("boxes", count),
        ("box_pitch", boxes.shape[2]),
        ("classes", classes),
        ("score_pitch", scores.shape[2]),
        ("background", scores.shape[2] - classes),
        ("most", most),
        ("per_class", min(op.option("detections_per_class"), most)),
        ("score", op.option("nms_score_threshold")),
        ("overlap", op.option("nms_iou_threshold")),
        *((name, op.option(name)) for name in SCALES),
    )
    regular = op.option("use_regular_nms")
    real, suffix = ((), "f32") if boxes.dtype is DType.FLOAT32 else (_real(boxes, scores), "u8")
    middle = Scratch(4 * (most + 1)) if regular else Scratch(4 * count)
    step = Step(
        operator=op.index,
        kernel=f"ep_detection_{'regular' if regular else 'fast'}_{suffix}",
        source="ep_detection",
        arguments=(
            Params("ep_detection_t", fields),
            *real,
            Scratch(16 * count),
            middle,
            Scratch(count),
            TensorRef(boxes.index),
            TensorRef(scores.index),
            _anchors(inputs[2]),
            *(TensorRef(index) for index in op.outputs),
        ),
        inputs=tuple(tensor.index for tensor in inputs if tensor.data is None),
        outputs=op.outputs,
    )
    return Lowered(steps=(step,))


def _real(boxes: Tensor, scores: Tensor) -> tuple[Argument, ...]:
    """What uint8 inputs stand for, and room for them as real numbers."""
    fields = (
        ("box_scale", boxes.scale),
        ("box_zero_point", boxes.zero_point),
        ("score_scale", scores.scale),
        ("score_zero_point", scores.zero_point),
    )
    room = (Scratch(4 * boxes.elements), Scratch(4 * scores.elements))
    return (Params("ep_detection_real_t", fields), *room)


def _anchors(anchors: Tensor) -> Argument:
    if anchors.data is None:
        return TensorRef(anchors.index)
    values = anchors.array()
    if anchors.dtype is not DType.FLOAT32:
        shifted = values.astype(np.float32) - np.float32(anchors.zero_point)
        values = shifted * np.float32(anchors.scale)
    return Const("anchors", "float", values.astype("<f4").tobytes(), "weights")


ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="TFLite_Detection_PostProcess",
        code=32,
        custom=OPTIONS,
        inputs=(3, 3),
        outputs=(4, 4),
        types=("float32",),
        check=check_detection,
        lower=lower_detection,
        float_ulp=1,
        notes="From float32, or uint8 as in models of TFLite 1.x. One class a detection. What lies "
        "behind the last detection is 0. Equal scores come in the order of the boxes, then of the "
        "classes; boxes that LiteRT refuses as empty overlap nothing.",
    ),
)
