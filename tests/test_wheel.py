"""The wheel by itself: built, installed without extras, and run outside of the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import httpx
import pytest

from sandbox import __version__
from sandbox.document import NAMES, folder
from tests.client import ServerClient
from tests.processes import CHECKOUT, clean_environment, completed, started

TEST_LIBRARIES = ("httpx", "hypothesis", "pytest", "schemathesis")
pytestmark = pytest.mark.slow


def pip(python: str, *arguments: str) -> None:
    """Run pip; skip where no index is to be reached, fail otherwise, as by a version that is nowhere."""
    command = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    result = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=300, check=False)
    unreachable = ("from versions: none", "Connection", "No module named pip")
    if result.returncode and any(sign in result.stderr for sign in unreachable):
        pytest.skip(f"pip cannot reach an index: {result.stderr.strip().splitlines()[-1]}")
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of a fresh virtual environment that holds the wheel and what it needs."""
    made = tmp_path_factory.mktemp("wheel")
    pip(sys.executable, "wheel", str(CHECKOUT), "--no-deps", "-w", str(made))
    (wheel,) = made.glob("hris_sandbox-*.whl")
    assert wheel.name == f"hris_sandbox-{__version__}-py3-none-any.whl"
    venv.create(made / "venv", with_pip=True)
    commands = made / "venv" / ("Scripts" if os.name == "nt" else "bin")
    pip(str(commands / "python"), "install", str(wheel))
    return commands


def test_wheel_prints_version_and_documents_outside_of_the_checkout(installed: Path, tmp_path: Path) -> None:
    """The command works anywhere, and the documents come with it."""
    command = (str(installed / "hris-sandbox"),)
    assert completed("--version", command=command, folder=tmp_path).stdout == f"hris-sandbox, version {__version__}\n"
    for name in NAMES:
        printed = completed("spec", name, command=command, folder=tmp_path)
        assert printed.stdout == (folder() / f"{name}.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("way", ["script", "module"])
def test_wheel_serves_all_apis_outside_of_the_checkout(installed: Path, tmp_path: Path, way: str) -> None:
    """Installed without extras, the server makes worlds and answers both APIs."""
    script, module = (str(installed / "hris-sandbox"),), (str(installed / "python"), "-m", "sandbox")
    with started("--port", "0", command=script if way == "script" else module, folder=tmp_path) as process:
        server = ServerClient(process.url)
        world = server.world()
        assert len(world.hrms("/users").json()["data"]) == 3
        assert world.accepted({"externalEmployeeId": "E-1"})["status"] == "CREATED"
        assert httpx.get(f"{process.url}/openapi/hrms.json", timeout=10).status_code == 200
        server.http.close()
        assert process.log() == ""


def test_wheel_without_the_extra_tls_says_what_to_install(installed: Path, tmp_path: Path) -> None:
    """HTTPS takes a library that does not come along: one line names it, and no file is made."""
    result = completed("serve", "--port", "0", "--tls", command=(str(installed / "hris-sandbox"),), folder=tmp_path)
    assert result.stderr == "hris-sandbox: trustme is not installed: pip install 'hris-sandbox[tls]'\n"
    assert (result.returncode, result.stdout, list(tmp_path.iterdir())) == (2, "", [])


def test_wheel_needs_no_test_library(installed: Path, tmp_path: Path) -> None:
    """None of them is installed with it, and everything of the server can be imported."""
    code = (
        "import importlib, importlib.util, pkgutil, sandbox\n"
        "for found in pkgutil.walk_packages(sandbox.__path__, 'sandbox.'):\n"
        "    if found.name != 'sandbox.__main__':\n"
        "        importlib.import_module(found.name)\n"
        f"print([name for name in {TEST_LIBRARIES!r} if importlib.util.find_spec(name)])\n"
    )
    result = completed("-c", code, command=(str(installed / "python"),), folder=tmp_path)
    assert (result.stdout, result.stderr) == ("[]\n", "")


def test_wheel_without_the_extra_pytest_leaves_pytest_alone(installed: Path, tmp_path: Path) -> None:
    """With pytest alone beside it the plugin is there: fixtures work, and clients say what they are missing."""
    folder = tmp_path / "with-pytest"
    folder.mkdir()
    held = tmp_path / "pytest"
    pip(str(installed / "python"), "install", "--target", str(held), "pytest>=9")
    (folder / "test_own.py").write_text(
        """
import pytest

def test_without_a_world():
    pass

def test_with_one(sandbox):
    sandbox.advance(1)
    assert sandbox.verify(times=0)["looked_at"] == 0

def test_client(hrms):
    with pytest.raises(RuntimeError, match="^httpx is not installed: pip install 'hris-sandbox.pytest.'$"):
        hrms.client
""",
        encoding="utf-8",
    )
    command = (str(installed / "python"), "-m", "pytest")
    arguments = ("-q", "-W", "error", "--strict-markers", "-p", "no:cacheprovider")
    result = completed(*arguments, command=command, folder=folder, environment={"PYTHONPATH": str(held)})
    assert result.stdout.splitlines()[-1].startswith("3 passed in "), result.stdout + result.stderr


def test_wheel_has_typed_packages_and_the_entry_point(installed: Path, tmp_path: Path) -> None:
    """Type checkers may look into all three packages; pytest finds the plugin by its name."""
    code = (
        "import importlib.util, importlib.metadata, pathlib\n"
        "for name in ('sandbox', 'sandbox_pytest', 'contracts'):\n"
        "    folder = pathlib.Path(importlib.util.find_spec(name).origin).parent\n"
        "    print(name, (folder / 'py.typed').exists(), any(folder.rglob('test_*.py')))\n"
        "(entry,) = importlib.metadata.entry_points(group='pytest11', name='hris-sandbox')\n"
        "print(entry.value)\n"
    )
    result = completed("-c", code, command=(str(installed / "python"),), folder=tmp_path)
    assert result.stdout.splitlines() == [
        "sandbox True False",
        "sandbox_pytest True False",
        "contracts True False",
        "sandbox_pytest.plugin",
    ]
