"""The import rules of pyproject.toml hold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_import_rules_of_the_project_are_kept() -> None:
    """Domain modules know no HTTP, the vendors not each other, the contract suite not the sandbox."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    top = Path(__file__).parent.parent
    done = subprocess.run([*command, "--no-cache"], cwd=top, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout
