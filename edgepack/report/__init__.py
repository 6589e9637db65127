"""Results to JSON, CSV, Markdown, JUnit and HTML."""

from __future__ import annotations

import json

from edgepack.report.html import to_html
from edgepack.report.text import to_csv, to_junit, to_markdown
from edgepack.results import Outcome, as_json
from edgepack.store import Tree


def report_tree(outcome: Outcome) -> Tree:
    """Every form of the report, as files."""
    texts = {
        "report.json": json.dumps(as_json(outcome), indent=2) + "\n",
        "report.csv": to_csv(outcome),
        "report.md": to_markdown(outcome),
        "report.junit.xml": to_junit(outcome),
        "report.html": to_html(outcome),
    }
    return Tree({name: text.encode() for name, text in texts.items()})
