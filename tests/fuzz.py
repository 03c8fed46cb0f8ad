"""`python -m tests.fuzz`: round after round of property tests and of `conform`, each with a seed of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import click

from tests.processes import CHECKOUT, MODULE, clean_environment
from tests.thoroughness import VARIABLE

#: Where the reports and cases of a round go, in a folder named after its seed.
FOUND = CHECKOUT / ".fuzz"
# No round takes longer: what hangs is a finding, too.
_ROUND_SECONDS = 3 * 60 * 60


def properties(seed: int, factor: int) -> int:
    """Run the property tests with `factor` times as many examples, drawn from `seed`; pytest's exit code."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "hypothesis", "-p", "no:cacheprovider"]
    environment = dict(os.environ) | {VARIABLE: str(factor)}
    return _run([*command, f"--hypothesis-seed={seed}"], environment)


def conformance(seed: int, profile: str) -> int:
    """Judge a sandbox of our own by that profile and seed, keeping report and cases; the suite's exit code."""
    folder = FOUND / str(seed)
    return _run(
        [*MODULE, "conform", "--profile", profile, "--seed", str(seed), "--report", str(folder)], clean_environment()
    )


def _run(command: list[str], environment: dict[str, str]) -> int:
    try:
        return subprocess.run(command, cwd=CHECKOUT, env=environment, timeout=_ROUND_SECONDS, check=False).returncode
    except subprocess.TimeoutExpired:
        click.echo(f"stopped after {_ROUND_SECONDS} s")
        return 1


@click.command()
@click.option("--minutes", default=60.0, show_default=True, help="Begin no round after so long.")
@click.option("--seed", default=None, type=int, help="Of the first round, the next one's is one more; by default new.")
@click.option("--factor", default=40, show_default=True, help="So many times the examples of `make test`.")
@click.option("--profile", default="nightly", show_default=True, type=click.Choice(["quick", "ci", "nightly"]))
def main(minutes: float, seed: int | None, factor: int, profile: str) -> None:
    """Look for what no test has met yet. Exit code 1 where a round found something; its seed finds it again."""
    ends = time.monotonic() + 60 * minutes
    seed = int.from_bytes(os.urandom(3), "big") if seed is None else seed
    rounds, failed = 0, []
    while rounds == 0 or time.monotonic() < ends:
        click.echo(f"round {rounds + 1}, seed {seed}: property tests")
        if properties(seed, factor):
            failed.append(f"property tests: make fuzz ARGS='--seed {seed} --minutes 0 --factor {factor}'")
        click.echo(f"round {rounds + 1}, seed {seed}: conform --profile {profile}")
        if conformance(seed, profile):
            failed.append(f"conform: hris-sandbox conform --profile {profile} --seed {seed} ({_shown(FOUND)}/{seed})")
        rounds, seed = rounds + 1, seed + 1
    click.echo(f"{rounds} rounds, {len(failed)} of {2 * rounds} parts found something")
    for line in failed:
        click.echo(line)
    sys.exit(1 if failed else 0)


def _shown(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


if __name__ == "__main__":
    main()
