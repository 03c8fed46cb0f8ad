"""The state machine: steps that Hypothesis puts together at random, and makes short where one breaks a claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, precondition, rule

from contracts.machine import drawing
from contracts.machine.drawing import one_of
from contracts.machine.pair import Pair
from contracts.model.tokens import Token
from contracts.violations import MODES, STATUSES, Surroundings, Violation, valid_record

# Mostly the first: people must meet.
ORGANIZATIONS = one_of(0, 0, 0, 1)
# Around the 24 hours of a token, and short of them.
SECONDS = one_of(1, 3_600, 43_200, 86_399, 86_400)
QUERIES = st.fixed_dictionaries(
    {}, optional={"role": one_of("<role 0>", "<role 0 in other letters>"), "isActive": one_of("true", "false", "maybe")}
)
# An organization and the body that was sent to it.
Batch = tuple[int, dict[str, Any]]


class SyncMachine(RuleBasedStateMachine):
    """One example. `begin` makes the pair it works on; what differs is Broken from there."""

    batches: Bundle[Batch] = Bundle("batches")
    tokens: Bundle[Token] = Bundle("tokens")

    def __init__(self, begin: Callable[[], Pair]) -> None:
        super().__init__()
        self.pair = begin()
        self.organizations = len(self.pair.world.organizations)

    def _sync(self, org: int, records: list[Any], token: Token | None = None, **envelope: Any) -> Batch:
        org = org % self.organizations
        body = self.pair.concrete({"employees": records, **envelope})
        self.pair.sync(org, body, token)
        return org, {"employees": records, **envelope}

    # -- syncs -----------------------------------------------------------------------------------------

    @rule(target=batches, org=ORGANIZATIONS, records=drawing.BATCHES)
    def sync(self, org: int, records: list[Any]) -> Batch:
        """New people and known ones, good records and odd ones."""
        return self._sync(org, records)

    @rule(target=batches, record=drawing.RECORDS, batch_id=one_of("~ batch", ""))
    def sync_one(self, record: dict[str, Any], batch_id: str) -> Batch:
        """One record in a batch with a name."""
        return self._sync(0, [record], syncBatchId=batch_id)

    @rule(batch=batches)
    def repeat(self, batch: Batch) -> None:
        """The same request again."""
        self._sync(batch[0], **_parts(batch))

    @rule(target=batches, batch=batches, changes=drawing.CHANGES)
    def change(self, batch: Batch, changes: dict[str, Any]) -> Batch:
        """The first record of an earlier batch with some fields changed."""
        org, records = batch[0], batch[1]["employees"]
        return self._sync(org, [{**records[0], **deepcopy(changes)}])

    @rule(batch=batches, changes=drawing.CHANGES)
    def send_changes_alone(self, batch: Batch, changes: dict[str, Any]) -> None:
        """An update that leaves out all that did not change."""
        org, records = batch[0], batch[1]["employees"]
        self._sync(org, [{"externalEmployeeId": records[0]["externalEmployeeId"], **deepcopy(changes)}])

    @rule(batch=batches, email=one_of(*drawing.EMAILS), account=st.none() | drawing.ACCOUNTS)
    def move(self, batch: Batch, email: str, account: dict[str, Any] | None) -> None:
        """Another e-mail, and nothing else or a wish for the account."""
        update = {"externalEmployeeId": batch[1]["employees"][0]["externalEmployeeId"], "email": email}
        self._sync(batch[0], [update if account is None else {**update, "userAccount": account}])

    @rule(batch=batches, status=one_of(*STATUSES))
    def switch(self, batch: Batch, status: str) -> None:
        """Everybody of an earlier batch deactivated, terminated or back."""
        self._sync(batch[0], [{**record, "status": status} for record in batch[1]["employees"]])

    @rule(
        target=batches,
        batch=batches,
        record=drawing.RECORDS,
        same=one_of("externalEmployeeId", "email", "userAccount"),
        first=st.booleans(),
    )
    def collide(self, batch: Batch, record: dict[str, Any], same: str, *, first: bool) -> Batch:
        """Two records of a batch with the same id, e-mail or username."""
        known = batch[1]["employees"][0]
        other = {**record, same: known[same]} if same in known else record
        return self._sync(batch[0], [other, known] if first else [known, other])

    @precondition(lambda self: self.organizations > 1)
    @rule(batch=batches, keep=st.booleans())
    def sync_elsewhere(self, batch: Batch, *, keep: bool) -> None:
        """The records of one organization sent to the other, with the same e-mails or none."""
        records = batch[1]["employees"]
        if not keep:
            records = [{name: value for name, value in record.items() if name != "email"} for record in records]
        self._sync(1 - batch[0], records)

    @rule(
        violations=st.lists(drawing.VIOLATIONS, min_size=1, max_size=6),
        status=one_of(*STATUSES),
        mode=one_of(*MODES),
        good=st.lists(drawing.RECORDS, max_size=2),
    )
    def mix(self, violations: list[Violation], status: str, mode: str, good: list[dict[str, Any]]) -> None:
        """Full records that break a rule of the catalogue each, between others."""
        around = Surroundings(
            ("<role 0>", "<role 1>"), ("<group 0>",), ("<site 0>", "<site 1>"), dict(self.pair.readings)
        )
        records = [*good[:1]]
        for number, violation in enumerate(violations):
            record = valid_record(f"~-mixed-{number}", f"~-mixed-{number}@example.com", around, status, mode)
            records.append(violation.break_(record, around))
        self._sync(0, records + good[1:])

    @rule(body=drawing.BODIES)
    def send_odd_body(self, body: Any) -> None:
        """A request that is refused whole, or has no records."""
        self.pair.sync(0, self.pair.concrete(body))

    # -- tokens and time -------------------------------------------------------------------------------

    @rule(target=tokens, org=ORGANIZATIONS)
    def issue_token(self, org: int) -> Token:
        """A new token."""
        return self.pair.issue_token(org % self.organizations)

    @rule(token=tokens, record=drawing.RECORDS)
    def sync_with_token(self, token: Token, record: dict[str, Any]) -> None:
        """A sync with a token, live or dead."""
        self._sync(token.org, [record], token)

    @rule(token=tokens)
    def read_with_token(self, token: Token) -> None:
        """Users listed with a token, live or dead."""
        self.pair.read_users(token.org, {}, token)

    @precondition(lambda self: self.pair.lab.controlled)
    @rule(seconds=SECONDS)
    def advance(self, seconds: int) -> None:
        """Time goes on."""
        self.pair.advance(seconds)

    # -- others ----------------------------------------------------------------------------------------

    @precondition(lambda self: self.pair.lab.controlled)
    @rule(org=ORGANIZATIONS, email=one_of(*drawing.EMAILS), username=st.none() | one_of(*drawing.USERNAMES))
    def invite(self, org: int, email: str, username: str | None) -> None:
        """Somebody makes a user by hand."""
        name = self.pair.concrete(username) if username is not None else None
        self.pair.invite(org % self.organizations, self.pair.concrete(email), name)

    @rule(org=ORGANIZATIONS, what=QUERIES | st.integers(0, 5))
    def read(self, org: int, what: Mapping[str, str] | int) -> None:
        """Users listed, filtered or not, or one user, of this organization or of the other."""
        if isinstance(what, int):
            self.pair.read_user(org % self.organizations, what)
        else:
            self.pair.read_users(org % self.organizations, self.pair.concrete(what))

    @precondition(lambda self: self.pair.lab.wire.target.hrms is not None)
    @rule(
        environment=one_of("staging", "uat", None, "", "Staging"),
        content_type=one_of("application/json", None, "text/plain"),
        known=one_of(True, True, True, False),
        detail=st.booleans(),
    )
    def read_hrms(self, environment: str | None, content_type: str | None, *, known: bool, detail: bool) -> None:
        """The HRMS asked with good headers and bad ones."""
        self.pair.read_hrms(environment, content_type, known=known, detail=detail)


def _parts(batch: Batch) -> dict[str, Any]:
    body = dict(batch[1])
    return {"records": body.pop("employees"), **body}
