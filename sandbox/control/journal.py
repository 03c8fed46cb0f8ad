"""Control plane: a world's journal, and whether what is in it is what a test expects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sandbox import har, journal
from sandbox.calls import Call, Reply
from sandbox.control.api import Handler, body_of, pointer, ring_cursor, ring_page, world_of
from sandbox.control.problems import conflict, invalid, missing
from sandbox.errors import Refusal
from sandbox.explanations import Explanations
from sandbox.patterns import Impossible, Patterns
from sandbox.verification import Exchange, Miss, Pattern, in_order, nearest_misses
from sandbox.worlds import DEFAULT, World

_ELSEWHERE = (
    "The journal is empty. Does your code use this world's base URL and credentials? "
    "Requests whose credentials no world knows are in the journal of the world default"
)


def _matching(call: Call, world: World) -> list[tuple[int, journal.Entry]]:
    operation, status = call.query.get("operation"), call.query.get("status")
    request_id: str | None = call.query.get("request_id")
    return [
        (number, entry)
        for number, entry in world.journal.items(ring_cursor(call))
        if operation in (None, entry.act.operation)
        and status in (None, entry.act.status)
        and (request_id is None or journal.answers(entry, request_id))
    ]


def _shower(world: World) -> Callable[[int, journal.Entry], dict[str, Any]]:
    """Shows entries of a world, their records explained."""
    told = Explanations(world.organizations, deviated=world.deviated)
    return lambda number, entry: journal.view(number, entry) | {"records": told.records(entry)}


def list_journal(call: Call) -> Reply:
    """What was asked of a world and what was decided, oldest first."""
    world = world_of(call)
    return ring_page(call, _matching(call, world), _shower(world))


def clear_journal(call: Call) -> Reply:
    """Forget the journal, or the entries that match."""
    world = world_of(call)
    if not call.query:
        world.journal.clear()
        return Reply(204)
    matching = _matching(call, world)
    world.journal.drop({number for number, _ in matching[: call.query.get("limit", len(matching))]})
    return Reply(204)


def get_journal_entry(call: Call) -> Reply:
    """One entry of the journal."""
    world, text = world_of(call), call.path_values[-1]
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
    entry = world.journal.get(number)
    if entry is None:
        raise missing(f"journal entry {text!r}, or not any more", "#/path/id")
    return Reply(payload=_shower(world)(number, entry))


def export_journal(call: Call) -> Reply:
    """The journal, or the entries that match, as an HTTP Archive."""
    world = world_of(call)
    matching, show = _matching(call, world), _shower(world)
    entries = [(entry, show(number, entry)) for number, entry in matching[: call.query.get("limit", len(matching))]]
    disposition = f'attachment; filename="{world.id}.har"'.encode()
    payload = har.archive(world.id, call.scheme, entries)
    return Reply(payload=payload, headers=[(b"content-disposition", disposition)])


# -- verification -----------------------------------------------------------------------------------------------


def verify_journal(patterns: Patterns, call: Call) -> Reply:
    """Whether the journal holds what a pattern expects, so often or in that order; 409 says what it lacks."""
    world, body = world_of(call), body_of(call)
    if ("pattern" in body) == ("in_order" in body):
        raise invalid("/in_order: give either pattern or in_order", "/in_order")
    if "times" in body and "at_least" in body:
        raise invalid("/at_least: times says already how often", "/at_least")
    for key in ("times", "at_least"):
        if key in body and "in_order" in body:
            raise invalid(f"/{key}: goes with pattern, not with in_order", f"/{key}")
    after = int(body.get("after", "0"))
    if "in_order" in body:
        wanted = [_read(patterns, raw, "in_order", index) for index, raw in enumerate(body["in_order"])]
        return _verify_order(wanted, Seen(world, after))
    pattern = _read(patterns, body["pattern"], "pattern")
    if "times" in body:
        _refuse_gap(world, after)
        return _verify_count(pattern, Seen(world, after), body["times"], exactly=True)
    return _verify_count(pattern, Seen(world, after), body.get("at_least", 1), exactly=False)


class Seen:
    """The part of a world's journal that is looked at."""

    def __init__(self, world: World, after: int) -> None:
        self.exchanges = [Exchange(number, entry) for number, entry in world.journal.items(after)]
        self._world, self._after = world, after

    def emptiness(self) -> str:
        """What to say where there is nothing to look at."""
        if self._after:
            return f"Nothing came after entry {self._after}"
        return "The journal is empty" if self._world.id == DEFAULT else _ELSEWHERE


def _read(patterns: Patterns, raw: dict[str, Any], *place: str | int) -> Pattern:
    try:
        return patterns.read(raw)
    except Impossible as impossible:
        where = pointer(*place, *impossible.path)
        raise invalid(f"{where}: {impossible}", where) from None


def _refuse_gap(world: World, after: int) -> None:
    """How often something came cannot be said once entries that count have made room for newer ones."""
    lost = world.journal.lost
    if lost > after:
        raise conflict(
            f"/times: the journal has let go of the entries up to {lost} to make room, so nobody can say how often. "
            f"Ask for what came after {lost}, or clear the journal before a test",
            "/after",
        )


def _verify_count(pattern: Pattern, seen: Seen, wanted: int, *, exactly: bool) -> Reply:
    matched = [exchange for exchange in seen.exchanges if pattern.fits(exchange)]
    if len(matched) == wanted if exactly else len(matched) >= wanted:
        return _verified(seen, matched)
    expected = {"times": wanted} if exactly else {"at_least": wanted}
    count = f"{'exactly' if exactly else 'at least'} {requests(wanted)}" if wanted else "no request"
    detail = f"Expected {count}{pattern.says}, found {len(matched) or 'none'} among {requests(len(seen.exchanges))}."
    if len(matched) > wanted:
        numbers = ", ".join(str(exchange.number) for exchange in matched[:10])
        detail += f" Those that fit: {numbers}{', …' if len(matched) > 10 else ''}."
        raise failed(detail, expected, seen, matched, [])
    raise failed(detail, expected, seen, matched, nearest_misses(pattern, seen.exchanges))


def _verify_order(wanted: Sequence[Pattern], seen: Seen) -> Reply:
    found = in_order(wanted, seen.exchanges)
    if len(found) == len(wanted):
        return _verified(seen, found)
    pattern = wanted[len(found)]
    last = found[-1].number if found else 0
    behind = f" after entry {last}" if found else ""
    detail = (
        f"Expected {requests(len(wanted))} in order. Number {len(found) + 1}, a request{pattern.says}, "
        f"did not come{behind}."
    )
    early = [exchange.number for exchange in seen.exchanges if exchange.number <= last and pattern.fits(exchange)]
    if early:
        detail += f" One came too early: entry {early[-1]}."
    later = [exchange for exchange in seen.exchanges if exchange.number > last]
    place = f"/in_order/{len(found)}"
    raise failed(detail, {"in_order": len(wanted)}, seen, found, nearest_misses(pattern, later), place)


def _verified(seen: Seen, matched: list[Exchange]) -> Reply:
    return Reply(payload=matches(seen, matched))


def matches(seen: Seen, matched: list[Exchange]) -> dict[str, Any]:
    """What was found, as the control plane shows it."""
    return {
        "looked_at": len(seen.exchanges),
        "found": len(matched),
        "matched": [exchange.summary() for exchange in matched],
    }


def failed(
    detail: str,
    expected: dict[str, int],
    seen: Seen,
    matched: list[Exchange],
    nearest: list[Miss],
    place: str | None = None,
    extra: dict[str, Any] | None = None,
) -> Refusal:
    """409: what was expected, what was found, and what comes nearest, with members of its own."""
    if nearest:
        detail += f" {nearest[0].says()}"
    elif not seen.exchanges:
        detail += f" {seen.emptiness()}."
    members = {
        "type": "/problems/verification-failed",
        "title": "Verification failed",
        "pointer": place,
        "expected": expected,
        **matches(seen, matched),
        "nearest": [miss.view() for miss in nearest],
    }
    return Refusal(409, detail, step="verification", extra=members | (extra or {}))


def requests(count: int) -> str:
    """`1 request`, `2 requests`."""
    return f"{count} request{'' if count == 1 else 's'}"


_HANDLERS: dict[str, Handler] = {
    "listJournal": list_journal,
    "clearJournal": clear_journal,
    "getJournalEntry": get_journal_entry,
    "exportJournal": export_journal,
}


def handlers(patterns: Patterns) -> dict[str, Handler]:
    """The journal's handlers, which read patterns so."""
    return _HANDLERS | {"verifyJournal": partial(verify_journal, patterns)}
