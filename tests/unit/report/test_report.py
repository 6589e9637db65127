from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from xml.etree import ElementTree

from edgepack.report import report_tree
from edgepack.report.html import boxes, to_html
from edgepack.report.text import gate_lines, to_csv, to_junit, to_markdown
from edgepack.results import Agreement, Gate, as_json
from tests.unit.report.outcomes import NASTY, outcome, result


def test_many_answers_that_agree_are_one_line_and_what_fails_has_its_own() -> None:
    held = [Gate(f"v{i}: answers", True, "bit-exact") for i in range(4)]
    failed = Gate("v9: answers of host", False, "differs")
    budget = Gate("flash", True, "10, the budget is 20")
    few = replace(outcome(), gates=(*held[:3], failed))
    assert gate_lines(few)[0] == "ok     v0: answers: bit-exact"
    assert len(gate_lines(few)) == 4
    assert gate_lines(replace(outcome(), gates=(*held, failed, budget))) == [
        "FAILED v9: answers of host: differs",
        "ok     flash: 10, the budget is 20",
        "ok     answers: 4 comparisons hold; the report lists them",
    ]


def test_the_tree_holds_every_form() -> None:
    names = {"report.json", "report.csv", "report.md", "report.junit.xml", "report.html"}
    assert set(report_tree(outcome()).files) == names


SCHEMA = {
    "": "schema model board latency memory harness accuracy agreement provenance profile plan "
    "confusion",
    "model": "name sha256 macs live_macs",
    "board": "name core clock_hz kind",
    "latency.0": "kind unit n mean p50 p95 p99 min max model",
    "memory": "kind flash ram",
    "memory.flash": "total weights tables code",
    "memory.ram": "total arena io state stack_peak other",
    "harness": "flash ram",
    "accuracy": "kind metric value n reference_value",
    "agreement": "oracle bit_exact max_ulp n bound_ulp first_difference",
    "provenance": "firmware_sha256 model_sha256 compiler flags kernels emulator",
    "profile.0": "step operator kind kernel output macs count variant cycles",
    "plan.0": "label offset bytes first last",
    "confusion": "labels counts",
}


def test_json_has_the_documented_fields_and_no_others() -> None:
    document = as_json(result())
    assert document["schema"] == 1
    for place, names in SCHEMA.items():
        found = document
        for part in place.split(".") if place else ():
            found = found[int(part) if part.isdigit() else part]
        assert list(found) == names.split(), place
    assert document["latency"][0]["unit"] == "instructions"
    assert json.loads(json.dumps(document)) == document


def test_csv_reads_back() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(outcome()))))
    assert [row["variant"] for row in rows] == ["int8", "float32"]
    assert rows[0]["flash"] == "33440"
    assert rows[0]["kind"] == "emulated"


def test_junit_counts_failures() -> None:
    suite = ElementTree.fromstring(to_junit(outcome(exact=False)))
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    assert suite.find("testcase/failure") is not None
    assert ElementTree.fromstring(to_junit(outcome())).find("testcase/failure") is None


def test_markdown_says_the_verdict_and_escapes() -> None:
    text = to_markdown(outcome())
    assert ": PASS" in text
    assert ": FAIL" in to_markdown(outcome(exact=False))
    assert "<script" not in text
    assert "instructions, not time" in text


def test_html_escapes_everything_and_fetches_nothing() -> None:
    page = to_html(outcome())
    assert NASTY not in page
    assert "<script" not in page
    for source in ("http://", "https://", "src=", "@import", "url("):
        assert source not in page
    assert 'name="viewport"' in page
    assert "prefers-color-scheme: dark" in page


def test_html_without_latency_or_accuracy() -> None:
    bare = replace(
        result(latency=False), accuracy=None, agreement=None, confusion=None, profile=(), plan=()
    )
    page = to_html(replace(outcome(), labels=("host",), results=(bare,)))
    assert "a host process has none worth reporting" in page
    assert 'id="plan"' not in page


def test_plan_boxes_stay_inside_the_picture_and_keep_their_size() -> None:
    found = boxes(result().plan)
    assert all(box.x >= 64 and box.x + box.width <= 960.1 for box in found)
    assert all(box.y >= 0 and box.y + box.height <= 332.1 for box in found)
    heights = [box.height for box in found]
    assert abs(heights[1] / heights[0] - 8000 / 490) < 0.05


def test_a_difference_beyond_the_bound_does_not_hold() -> None:
    within = Agreement("o", False, 3, 1, 4)
    assert within.holds
    assert not replace(within, max_ulp=5).holds
    assert not replace(within, max_ulp=None).holds
    assert replace(within, bit_exact=True, max_ulp=None).holds
