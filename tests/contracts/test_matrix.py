"""The kept matrix is that of the catalogue: no deviation too many or too few, and each breaks what it declares."""

from __future__ import annotations

from contracts import ledger
from sandbox.deviations.catalogue import CATALOGUE
from tests import matrix


def test_matrix_has_exactly_the_deviations_and_their_claims() -> None:
    """A deviation that was added, renamed or given another claim since needs `make matrix`."""
    declared = {name: tuple(claims) for name, (claims, _) in matrix.kept().items()}
    assert declared == {row.name: row.claims for row in CATALOGUE}


def test_matrix_of_claims_that_can_be_checked_leaves_none_out() -> None:
    """Each is red in at least one row as a declared claim, and the page names no claim that there is not."""
    rows = matrix.kept().values()
    assert {claim for declared, _ in rows for claim in declared} == set(matrix.eligible())
    assert {claim for _, besides in rows for claim in besides} <= set(ledger.load().claims)


def test_matrix_page_is_what_is_written_from_its_own_rows() -> None:
    """Nobody has changed the page by hand: written again from what it says, it is the same."""
    rows = {name: [*declared, *besides] for name, (declared, besides) in matrix.kept().items()}
    assert matrix.TABLE.read_text(encoding="utf-8") == matrix.rendered(rows)
