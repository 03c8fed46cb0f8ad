"""report.json."""

from __future__ import annotations

import json

from contracts.verdicts import Report, as_dict


def render(report: Report) -> bytes:
    """The report as indented JSON, in UTF-8."""
    return (json.dumps(as_dict(report), indent=1, ensure_ascii=False) + "\n").encode()
