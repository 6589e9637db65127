"""TFLite_Detection_PostProcess, which decodes a detector's boxes: a row of the table."""

from __future__ import annotations

import math

from edgepack.compiler.operators.checks import (
    RECONVERT,
    input_tensor,
    output_tensor,
    require,
    require_rank,
    require_shape,
    require_type,
    tensor_text,
)
from edgepack.compiler.operators.custom import flexbuffer_options
from edgepack.compiler.operators.row import OperatorRow
from edgepack.graph import Graph, Operator
from edgepack.program import Lowered, LowerSpec, Params, Scratch, Step, TensorRef

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
    for tensor in (boxes, scores, anchors, *(output_tensor(op, graph, i) for i in range(4))):
        require_type(op, graph, tensor, ("float32",))
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
    middle = Scratch(4 * (most + 1)) if regular else Scratch(4 * count)
    step = Step(
        operator=op.index,
        kernel=f"ep_detection_{'regular' if regular else 'fast'}_f32",
        source="ep_detection",
        arguments=(
            Params("ep_detection_t", fields),
            Scratch(16 * count),
            middle,
            Scratch(count),
            *(TensorRef(tensor.index) for tensor in inputs),
            *(TensorRef(index) for index in op.outputs),
        ),
        inputs=tuple(tensor.index for tensor in inputs if tensor.data is None),
        outputs=op.outputs,
    )
    return Lowered(steps=(step,))


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
        notes="One class a detection. What lies behind the last detection is 0. Equal scores come "
        "in the order of the boxes, then of the classes; boxes that LiteRT refuses as empty "
        "overlap nothing.",
    ),
)
