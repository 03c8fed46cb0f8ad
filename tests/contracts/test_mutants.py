"""The mutants: made of real changes, judged in processes of their own, and told in a table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.making import MODULES, ROOT, mutants_of, path_of
from tests.mutants.table import explanations, rendered

SMALL = "sandbox.hrms.tokens"


def test_mutants_of_a_module_are_different_and_can_be_compiled() -> None:
    """Each changes the source, none twice in the same way, and each is Python."""
    original = path_of(SMALL).read_text(encoding="utf-8")
    mutants = mutants_of(SMALL)
    assert len(mutants) > 5
    assert len({mutant.key for mutant in mutants}) == len(mutants)
    assert len({mutant.source for mutant in mutants} | {original}) == len(mutants) + 1
    for mutant in mutants:
        compile(mutant.source, SMALL, "exec")


def test_table_counts_what_was_judged() -> None:
    """Killed, explained and open ones are told apart, and the score leaves out what is explained."""
    module = MODULES[0]
    explained = next(iter(explanations()[module]))
    nothing: dict[str, dict[str, str]] = {name: {} for name in MODULES}
    found = nothing | {module: {"a": "a.check", "b": "detector", explained: "", "open one": ""}}
    page = rendered(found, dict.fromkeys(MODULES, 10))
    assert f"| `{module}` | 10 | 4 | 2 | 1 | 1 | 66.7 % |" in page
    assert "- `open one`: **open**" in page
    assert f"- `{explained}`: {explanations()[module][explained]}" in page


@pytest.mark.slow
def test_mutants_are_judged_by_the_suite_alone(tmp_path: Path) -> None:
    """A sample is judged, a second run finds it judged, and the page shows it."""
    command = [sys.executable, "-m", "tests.mutants", SMALL, "--every", "6", "--minutes", "3"]
    options = ["--results", str(tmp_path / "results"), "--page", str(tmp_path / "page.md")]
    for _ in range(2):
        done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
    assert "not judged yet" in done.stdout
    assert f"| `{SMALL}` | {len(mutants_of(SMALL))} | " in (tmp_path / "page.md").read_text(encoding="utf-8")
