"""The README: its commands do what it says, and its tables are what the code has."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from sandbox.cli import serve
from sandbox.deviations.catalogue import CATALOGUE as DEVIATIONS
from sandbox.document import load
from sandbox.faults.catalogue import CATALOGUE as FAULTS
from sandbox.faults.catalogue import parameters_of
from sandbox.readings import CATALOGUE
from sandbox.settings import Settings
from sandbox_pytest import SandboxWorld
from tests.conftest import running

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def matches(expected: Any, actual: Any) -> bool:
    """Whether `actual` is what the README shows, where … stands for whatever it leaves out."""
    if isinstance(expected, str) and isinstance(actual, str):
        return expected == actual or (expected.endswith("…") and actual.startswith(expected[:-1]))
    if expected == "…":
        return True
    if isinstance(expected, dict) and isinstance(actual, dict):
        shown = {key: value for key, value in expected.items() if key != "…"}
        complete = len(shown) == len(expected)
        same_keys = shown.keys() == actual.keys() if complete else shown.keys() <= actual.keys()
        return same_keys and all(matches(value, actual[key]) for key, value in shown.items())
    if isinstance(expected, list) and isinstance(actual, list):
        if expected and expected[-1] == "…":
            expected, actual = expected[:-1], actual[: len(expected) - 1]
        return len(expected) == len(actual) and all(map(matches, expected, actual))
    return bool(expected == actual)


def test_readme_commands_answer_what_it_shows() -> None:
    """Every shell block runs in one shell against a fresh server; each JSON block is what the one above it printed."""
    blocks = [(kind, text) for kind, text in BLOCK.findall(README) if kind in ("sh", "json")]
    assert len(blocks) > 15
    marker = "===block==="
    with running(Settings()) as server:
        script = f"\necho '{marker}'\n".join(text for kind, text in blocks if kind == "sh")
        script = script.replace("http://127.0.0.1:8080", server.url)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 0, done.stderr
    outputs = iter(done.stdout.split(marker))
    output = ""
    for kind, text in blocks:
        if kind == "sh":
            output = next(outputs)
            continue
        actual = json.loads(output)
        assert matches(json.loads(text), actual), f"README shows\n{text}\nbut got\n{json.dumps(actual, indent=1)}"


PROGRAMS = [text for kind, text in BLOCK.findall(README) if kind == "python" and "def test_" not in text]


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_readme_programs_run(program: str, tmp_path: Path) -> None:
    """Each block of Python is a program that ends well and says nothing, warnings included."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_readme_tests_pass_with_the_plugin(tmp_path: Path) -> None:
    """Each block with tests for the plugin is a module that passes, beside the sync that it tests."""
    tests = [text for kind, text in BLOCK.findall(README) if kind == "python" and "sandbox_pytest" in text]
    assert tests
    shutil.copy(ROOT / "tests" / "sandbox_pytest" / "suite" / "people_sync.py", tmp_path)
    for number, text in enumerate(tests):
        (tmp_path / f"test_readme_{number}.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "--strict-markers", "-W", "error", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    count = sum(text.count("def test_") for text in tests)
    assert done.stdout.splitlines()[-1].startswith(f"{count} passed in "), done.stdout + done.stderr


def test_readme_has_every_option_of_the_plugin(pytestconfig: pytest.Config) -> None:
    """And no other one."""
    options = {f"--{name.replace('_', '-')}" for name in vars(pytestconfig.option) if name.startswith("sandbox_")}
    assert set(re.findall(r"--sandbox-[a-z]+(?:-[a-z]+)*", README)) == options


def test_readme_names_what_the_fixtures_have(sandbox: SandboxWorld) -> None:
    """Each attribute in the table of fixtures is one."""
    for name, held in (("sandbox", sandbox), ("hrms", sandbox.hrms), ("scan2evolve", sandbox.scan2evolve)):
        row = re.search(rf"^\| `{name}` \| (.*) \|$", README, re.MULTILINE)
        assert row is not None
        named = re.findall(r"(?:^|, |: | and )`(\w+)", row[1])
        assert len(named) > 5
        assert [attribute for attribute in named if not hasattr(held, attribute)] == []


@pytest.mark.parametrize("target", re.findall(r"(?:`|^)make ([a-z-]+)(?:`|$)", README, re.MULTILINE))
def test_readme_make_targets_exist(target: str) -> None:
    """Every make target that the README names is one."""
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def readings_table() -> str:
    """The table of readings."""
    rows = ["| reading | question | values |", "|---|---|---|"]
    rows += [f"| `{row.name}` | {row.question} | {', '.join(f'`{v}`' for v in row.values)} |" for row in CATALOGUE]
    return "\n".join(rows)


def deviations_table() -> str:
    """The table of deviations, without those that leave a rule or a warning out."""
    rows = ["| deviation | what an integrator meets | claims |", "|---|---|---|"]
    rows += [
        f"| `{row.name}` | {row.says} | {', '.join(row.claims)} |"
        for row in DEVIATIONS
        if not row.name.startswith("without-")
    ]
    return "\n".join(rows)


def faults_table() -> str:
    """The table of faults."""
    rows = ["| fault | what an integrator meets | parameters | without a socket |", "|---|---|---|---|"]
    for kind in FAULTS:
        names = ", ".join(f"`{row['name']}`" for row in parameters_of(kind))
        rows.append(f"| `{kind.name}` | {kind.says} | {names} | {kind.in_process} |")
    return "\n".join(rows)


def operations_table() -> str:
    """The table of the vendors' operations."""
    rows = ["| operation | claims |", "|---|---|"]
    for name in ("hrms", "scan2evolve"):
        rows += [
            f"| `{held.method} {held.path}` | {', '.join(held.claims)} |" for held in load(name).operations.values()
        ]
    return "\n".join(rows)


def options_table() -> str:
    """The table of the options of `serve`."""
    rows = ["| option of `serve` | environment variable | default | |", "|---|---|---|---|"]
    for option in serve.params:
        assert isinstance(option, click.Option)
        default = "" if option.is_flag or option.default is None or option.multiple else f"`{option.default}`"
        kind = f" {'|'.join(option.type.choices)}" if isinstance(option.type, click.Choice) else ""
        rows.append(f"| `{option.opts[0]}{kind}` | `{option.envvar}` | {default} | {option.help} |")
    return "\n".join([*rows[:2], *map(_escaped, rows[2:])])


def _escaped(row: str) -> str:
    return re.sub(r"`[^`]*`", lambda code: code[0].replace("|", "\\|"), row)


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("readings", readings_table),
        ("deviations", deviations_table),
        ("faults", faults_table),
        ("operations", operations_table),
        ("options", options_table),
    ],
)
def test_readme_table_is_what_the_code_has(name: str, table: Any) -> None:
    """The tables of readings, deviations, faults, operations and options are the generated ones."""
    between = re.search(rf"<!-- {name}: begin -->\n(.*?)\n?<!-- {name}: end -->", README, re.DOTALL)
    assert between is not None
    assert between[1].strip() == table(), f"put this in its place:\n{table()}"
