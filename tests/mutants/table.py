"""The table of mutants: score and survivors of each module, with the reasons of those that are explained."""

from __future__ import annotations

from typing import Any

import yaml

from tests.mutants.making import MODULES, ROOT

TABLE = ROOT / "contracts" / "mutants.md"
#: module -> {key of a survivor: why no answer can show it}
EXPLAINED = ROOT / "tests" / "mutants" / "explained.yaml"

_TOP = """\
# Mutants
How strong the contract suite is by itself: each mutant is one small change of a domain module (the operators of
mutmut, module level included), served in a process of its own and judged by the claims' checks alone, under the default
readings and under each other value. None of the sandbox's own tests has a part in it. `make mutants` judges them, and
writes this page from what it found. Where fewer were judged than there are, they are a sample: each n-th, in order of
lines.

"""


def explanations() -> dict[str, dict[str, str]]:
    """The survivors that are explained, by module."""
    read: Any = yaml.safe_load(EXPLAINED.read_text(encoding="utf-8"))
    return read or {}


def rendered(found: dict[str, dict[str, str]], mutants: dict[str, int]) -> str:
    """The page, from module -> mutant -> what killed it ("" for a survivor), and module -> number of mutants."""
    reasons = explanations()
    rows = ["| module | mutants | judged | killed | explained | open | score |", "|---|---|---|---|---|---|---|"]
    totals = [0, 0, 0, 0]
    for module in MODULES:
        judged = found[module]
        alive = [key for key, killer in judged.items() if not killer]
        explained = sum(key in reasons.get(module, {}) for key in alive)
        numbers = [mutants[module], len(judged), len(judged) - len(alive), explained]
        totals = [total + number for total, number in zip(totals, numbers, strict=True)]
        rows.append(_row(f"`{module}`", *numbers))
    rows.append(_row("all", *totals))
    parts = [_TOP, "\n".join(rows), "\n\nScore: killed of those judged that are not explained.\n"]
    for module in MODULES:
        alive = [key for key, killer in found[module].items() if not killer]
        if alive:
            lines = [f"- `{key}`: {reasons.get(module, {}).get(key, '**open**')}" for key in alive]
            parts.append(f"\n## Survivors in {module}\n\n" + "\n".join(lines) + "\n")
    return "".join(parts)


def _row(name: str, mutants: int, judged: int, killed: int, explained: int) -> str:
    rest = judged - explained
    score = f"{100 * killed / rest:.1f} %" if rest else "-"
    return f"| {name} | {mutants} | {judged} | {killed} | {explained} | {judged - killed - explained} | {score} |"
