"""Checks beyond the claims: schemathesis over both documents, phase by phase."""

from __future__ import annotations

from contracts import generic
from contracts.checks import check
from contracts.lab import Lab


@check(writes=False, serial=True)
def hrms_examples(lab: Lab) -> None:
    """The HRMS answers the examples of its document as the document says."""
    generic.run(lab, "hrms", "examples")


@check(writes=False, serial=True)
def hrms_coverage(lab: Lab) -> None:
    """The HRMS answers every border case of its document as the document says."""
    generic.run(lab, "hrms", "coverage")


@check(writes=False, serial=True)
def hrms_fuzzing(lab: Lab) -> None:
    """The HRMS answers random requests, good and bad, as its document says."""
    generic.run(lab, "hrms", "fuzzing")


@check(writes=False, serial=True)
def hrms_stateful(lab: Lab) -> None:
    """The HRMS answers scenarios along the links of its document as the document says."""
    generic.run(lab, "hrms", "stateful")


@check(writes=False, serial=True)
def scan2evolve_examples(lab: Lab) -> None:
    """Scan2Evolve answers the examples of its document as the document says."""
    generic.run(lab, "scan2evolve", "examples")


@check(writes=False, serial=True)
def scan2evolve_coverage(lab: Lab) -> None:
    """Scan2Evolve answers every border case of its document as the document says."""
    generic.run(lab, "scan2evolve", "coverage")


@check(writes=False, serial=True)
def scan2evolve_fuzzing(lab: Lab) -> None:
    """Scan2Evolve answers random requests, good and bad, as its document says."""
    generic.run(lab, "scan2evolve", "fuzzing")


@check(writes=False, serial=True)
def scan2evolve_stateful(lab: Lab) -> None:
    """Scan2Evolve answers scenarios along the links of its document as the document says."""
    generic.run(lab, "scan2evolve", "stateful")
