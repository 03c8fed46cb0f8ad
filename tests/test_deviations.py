"""Deviations at work: composed, switched, shown, kept in snapshots, and never the end of the server."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest

from sandbox.deviations.catalogue import BY_NAME, CATALOGUE, Clash, Unknown, compiled
from sandbox.deviations.deviation import POLICIES, STANDARD, clash, compose
from sandbox.scan2evolve.employees import Batch
from sandbox.scan2evolve.rules import RULES
from sandbox.settings import Settings
from tests.client import MAIN, ServerClient, WorldClient
from tests.conftest import running
from tests.survey import look_at_everything

BAD_EMAIL = {"externalEmployeeId": "E-1", "email": "nobody"}


# -- what a world is made of -------------------------------------------------------------------------


def test_world_without_deviations_has_the_domain_as_it_is() -> None:
    """Without deviations not one class, rule or renderer is another: nothing is paid for what is not used."""
    assert compiled(()) is STANDARD
    parts = (STANDARD.batch, STANDARD.organization, STANDARD.tokens, STANDARD.rates, STANDARD.ids, STANDARD.recorder)
    assert set(parts) | {type(STANDARD.envelope), type(STANDARD.access), Batch.assigning} == set(POLICIES)
    assert STANDARD.rulebook.rules == RULES
    assert STANDARD.renderers == ()


def test_deviation_swaps_what_it_is_about_and_nothing_else() -> None:
    """A rule left out leaves all classes alone, and a policy leaves the rules and the other classes alone."""
    off, policy = compiled(("without-email-format",)), compiled(("tokens-never-expire",))
    assert [row.name for row in RULES if row not in off.rulebook.rules] == ["email-format"]
    assert (off.batch, off.envelope, off.tokens) == (STANDARD.batch, STANDARD.envelope, STANDARD.tokens)
    assert policy.rulebook is STANDARD.rulebook
    assert policy.tokens is not STANDARD.tokens
    assert issubclass(policy.tokens, STANDARD.tokens)
    assert policy.batch is STANDARD.batch


def test_deviations_of_the_same_names_are_composed_once() -> None:
    """Two worlds with the same deviations share their classes."""
    names = "update-says-created retry-after-missing"
    assert compiled(tuple(names.split())) is compiled(tuple(names.split()))


def test_deviations_that_can_stand_in_line_all_take_part(server: ServerClient) -> None:
    """Several policies of one class, warnings, rules and renderers work in one world, each as by itself."""
    names = ["update-says-created", "texts-trimmed", "without-role-unknown", "without-email-format"]
    world = server.world(deviations=[*names, "results-in-reverse-order", "metadata-merged"])
    records: list[dict[str, Any]] = [
        {**BAD_EMAIL, "firstName": " Ann ", "roles": ["none"], "metadata": {"a": 1}},
        {"externalEmployeeId": "E-2"},
    ]
    world.sync(*records)
    results = world.sync({**records[0], "metadata": {"b": 2}}, records[1])["results"]
    shown = [(row["externalEmployeeId"], row["status"], row["warnings"]) for row in results]
    assert shown == [("E-2", "CREATED", []), ("E-1", "CREATED", [])]
    stored = world.employee("E-1")
    assert (stored["firstName"], stored["email"], stored["metadata"]) == ("Ann", "nobody", {"a": 1, "b": 2})
    world.control("DELETE")


@pytest.mark.parametrize(
    ("first", "second", "spot"),
    [
        ("without-email-format", "email-format-reworded", "rule email-format"),
        ("without-email-linked", "emails-compared-with-case", "rule email-linked"),
        ("without-role-unknown", "role-unknown-reworded", "warning role-unknown"),
        ("retry-after-missing", "retry-after-too-short", "answer: Retry-After"),
        ("limit-not-enforced", "limit-shared-between-organizations", "policy RateLimiter.count"),
    ],
)
def test_deviations_that_swap_the_same_are_refused_together(
    server: ServerClient, world: WorldClient, first: str, second: str, spot: str
) -> None:
    """400 names both and what they share; neither is put in force, and no world is made."""
    problem = f"/deviations/2: {first} and {second} both swap {spot}"
    names = [first, "update-says-created", second]
    before = server.http.get("/_sandbox/health").json()["worlds"]
    for answer in (
        server.http.post("/_sandbox/worlds", json={"deviations": names}),
        world.control("PATCH", "/deviations", json={"deviations": names, "show": True}),
    ):
        assert (answer.status_code, answer.json()["detail"]) == (400, problem)
        assert answer.json()["pointer"] == "/deviations/2"
    assert world.control("GET", "/deviations").json() == {"deviations": [], "show": False}
    assert server.http.get("/_sandbox/health").json()["worlds"] == before
    with pytest.raises(Clash):
        compiled((first, second))


def test_any_two_deviations_go_together_or_swap_the_same() -> None:
    """Two that are not refused can be composed, in either order."""
    refused = 0
    for pair in permutations(CATALOGUE, 2):
        both = clash(pair)
        if both is None:
            assert compose(pair) is not STANDARD
            continue
        refused += 1
        assert both[:2] == pair
        assert both[2] in set(pair[0].swaps) & set(pair[1].swaps)
    assert refused


def test_deviation_named_twice_or_unknown_is_told_by_its_place() -> None:
    """The second of two, or the name that there is not."""
    for names, index in ((("update-says-created", "update-says-created"), 1), (("nonsense",), 0)):
        with pytest.raises(Unknown) as caught:
            compiled(names)
        assert caught.value.index == index


# -- switching ---------------------------------------------------------------------------------------


def test_deviations_of_a_world_are_its_own(server: ServerClient, world: WorldClient) -> None:
    """One world's bug is in no other world, though one server has both."""
    other = server.world(deviations=["without-email-format"])
    assert other.accepted(BAD_EMAIL)["status"] == "CREATED"
    assert world.refused(BAD_EMAIL) == "Invalid email format"
    other.control("DELETE")


def test_deviations_hold_from_the_next_request_on(world: WorldClient) -> None:
    """Switched on and off again in a living world, with all that it holds: tokens, windows and people stay."""
    bearer = {"Authorization": f"Bearer {world.token()}"}
    world.accepted({"externalEmployeeId": "E-0"})
    world.control("PATCH", "/deviations", json={"deviations": ["tokens-never-expire", "without-email-format"]})
    world.advance(90_000)
    assert world.scan2evolve("GET", "/users", headers=bearer).status_code == 200
    world.accepted(BAD_EMAIL)
    assert len(world.scan2evolve_state("employees")) == 2
    world.control("PATCH", "/deviations", json={"deviations": None})
    assert world.scan2evolve("GET", "/users", headers=bearer).status_code == 401
    assert world.refused({**BAD_EMAIL, "externalEmployeeId": "E-2"}) == "Invalid email format"


def test_data_that_a_deviation_let_in_is_answered_after_it_is_taken_back(
    world: WorldClient, no_errors_logged: None
) -> None:
    """What no document allows is there all the same: shown as it is, and no 500, until a reset."""
    world.control("PATCH", "/deviations", json={"deviations": ["without-email-format"]})
    world.accepted({**BAD_EMAIL, "userAccount": {}})
    world.control("PATCH", "/deviations", json={"deviations": []})
    answer = world.scan2evolve("GET", "/users")
    assert answer.status_code == 200
    assert [user["email"] for user in answer.json()][1:] == ["nobody"]
    assert world.scan2evolve("GET", f"/users/{answer.json()[1]['id']}").json()["email"] == "nobody"


def test_reset_goes_back_to_the_deviations_that_the_world_was_made_with(server: ServerClient) -> None:
    """What was patched since is gone, and what it was made with is back, the header too."""
    world = server.world(deviations=["without-email-format"], show_deviations=True)
    world.control("PATCH", "/deviations", json={"deviations": ["update-says-created"], "show": False})
    shown = world.control("POST", "/reset").json()
    assert (shown["deviations"], shown["show_deviations"]) == (["without-email-format"], True)
    assert world.accepted(BAD_EMAIL)["status"] == "CREATED"
    assert world.accepted(BAD_EMAIL)["status"] == "UPDATED"
    world.control("DELETE")


def test_snapshot_brings_deviations_back_and_takes_them_away(server: ServerClient) -> None:
    """A snapshot has the deviations of its moment, and what they have stored, whatever the rules say of it."""
    world = server.world(deviations=["without-email-format"])
    world.accepted(BAD_EMAIL)
    taken = world.control("GET", "/snapshot").json()
    world.control("PATCH", "/deviations", json={"deviations": ["update-says-created"], "show": True})
    changed = world.control("GET", "/snapshot").json()
    for snapshot, names, show in ((taken, ["without-email-format"], False), (changed, ["update-says-created"], True)):
        assert world.control("PUT", "/snapshot", json=snapshot).status_code == 204
        assert world.control("GET", "/snapshot").json() == snapshot
        assert world.control("GET", "/deviations").json() == {"deviations": names, "show": show}
    world.control("DELETE")


@pytest.mark.parametrize(
    ("place", "names", "pointer"),
    [
        ("state", ["nonsense"], "/state/deviations/0"),
        ("spec", ["update-says-created", "nonsense"], "/state/spec/deviations/1"),
        ("state", ["retry-after-missing", "retry-after-too-short"], "/state/deviations"),
        ("state", "update-says-created", "/state/deviations"),
    ],
)
def test_snapshot_with_deviations_that_there_are_not_is_refused(
    world: WorldClient, place: str, names: Any, pointer: str
) -> None:
    """422 with the place, and the world stays as it is."""
    before = world.control("GET", "/snapshot").json()
    snapshot = world.control("GET", "/snapshot").json()
    (snapshot["state"] if place == "state" else snapshot["state"]["spec"])["deviations"] = names
    answer = world.control("PUT", "/snapshot", json=snapshot)
    assert (answer.status_code, answer.json()["pointer"]) == (422, pointer)
    assert world.control("GET", "/snapshot").json() == before


# -- what is sent ------------------------------------------------------------------------------------


def test_header_names_the_deviations_where_the_world_shows_them(world: WorldClient) -> None:
    """On every answer of both APIs, refusals too, and on none where it is off or there are no deviations."""

    def named() -> list[str | None]:
        answers = (
            world.scan2evolve("GET", "/users"),
            world.scan2evolve("POST", "/sync/employees", json={}),
            world.hrms("/users"),
            world.hrms("/nothing"),
        )
        return [answer.headers.get("x-sandbox-deviation") for answer in answers]

    names = ["update-says-created", "retry-after-missing"]
    for patch, value in (
        ({"show": True}, None),
        ({"deviations": names}, "update-says-created, retry-after-missing"),
        ({"show": False}, None),
        ({"show": True}, "update-says-created, retry-after-missing"),
        ({"show": None}, None),
        ({"show": True, "deviations": []}, None),
    ):
        world.control("PATCH", "/deviations", json=patch)
        assert named() == [value] * 4


def test_journal_shows_what_was_really_sent(server: ServerClient) -> None:
    """Status, headers and body of the entry are those of the wire."""
    world = server.world(deviations=["unknown-user-is-null", "no-limit-headers-on-reads"], show_deviations=True)
    world.control("PATCH", "/limits", json={"scan2evolve": {"limit": 5, "window_seconds": 60}})
    answer = world.scan2evolve("GET", "/users/user_0000000000000000")
    assert (answer.status_code, answer.json(), answer.headers["content-length"]) == (200, None, "4")
    entry = world.journal()[-1]
    sent = [[name, value] for name, value in answer.headers.multi_items() if name != "server"]
    assert (entry["status"], entry["response"]["body"], entry["response"]["headers"]) == (200, "null", sent)
    assert "x-ratelimit-limit" not in answer.headers
    world.control("DELETE")


# -- whatever comes ----------------------------------------------------------------------------------

_WRONG: tuple[Any, ...] = (5, True, None, "", " ", "x", [], [5], [None], [{}], {}, {"a": [1]}, {"id": 5})
_FIELDS = ("externalEmployeeId", "status", "email", "displayName", "hireDate", "terminationDate", "supervisor")
_MORE_FIELDS = ("roles", "groups", "sites", "metadata", "userAccount", "updateMode")


def _awkward() -> list[Any]:
    """Records of every wrong type, and good ones that get into each other's way."""
    records: list[Any] = [None, 5, "E", [], {}]
    for number, field in enumerate((*_FIELDS, *_MORE_FIELDS)):
        for place, value in enumerate(_WRONG):
            records.append({"externalEmployeeId": f"W-{number}-{place}", field: value})
    flags = {"forcePasswordReset": True, "sendWelcomeEmail": True}
    first: dict[str, Any] = {"externalEmployeeId": "A", "email": "a@example.com", "userAccount": flags}
    first |= {"metadata": {"x": {"y": 1}}}
    first |= {"supervisor": {"name": "S", "email": "s@example.com"}, "groups": [{"externalGroupId": "TEAM-001"}]}
    first |= {"roles": ["site_manager", "admin", "none"], "sites": [{"id": MAIN, "role": "site_manager"}]}
    second: dict[str, Any] = {
        "externalEmployeeId": "B",
        "email": "A@example.com",
        "userAccount": {"username": "A@example.com"},
    }
    third: dict[str, Any] = {"externalEmployeeId": "C", "email": "pat.morgan@example.com", "userAccount": {}}
    for status in ("ACTIVE", "INACTIVE", "TERMINATED", "ACTIVE"):
        for mode in ("replace", "additive"):
            for record in (first, second, third):
                records += [record | {"status": status, "updateMode": mode}]
            records += [first | {"email": f"{status}{mode}@example.com"}, second | {"email": "b@example.com"}]
            records += [{"externalEmployeeId": "A"}, {"externalEmployeeId": "B", "userAccount": {"username": " "}}]
    return records


@pytest.fixture(scope="module")
def patient() -> Iterator[ServerClient]:
    """A server that waits for a body as long as it does by default, however busy the machine is."""
    with running(Settings()) as client:
        yield client


@pytest.mark.slow
@pytest.mark.parametrize("name", BY_NAME)
def test_deviation_never_makes_the_server_fail(patient: ServerClient, no_errors_logged: None, name: str) -> None:
    """Awkward batches, odd envelopes, and all that a world can show: no 500, and a snapshot that comes back."""
    limits = {"scan2evolve": {"limit": 1000, "window_seconds": 60}, "hrms": None}
    world = patient.world(deviations=[name], limits=limits)
    records = _awkward()
    for org in (0, 1):
        for start in range(0, len(records), 40):
            batch = {"employees": records[start : start + 40]}
            assert world.scan2evolve("POST", "/sync/employees", org, json=batch).status_code == 200
    payloads: tuple[Any, ...] = (None, 5, [], [{}], {}, {"employees": 5}, {"employees": [], "syncBatchId": {}})
    for payload in (*payloads, {"employees": [{}] * 501}, {"employees": [{}], "syncBatchId": 5}):
        assert world.scan2evolve("POST", "/sync/employees", json=payload).status_code < 500
    grants: tuple[dict[str, Any], ...] = ({}, {"grant_type": 5}, {"grant_type": "x", "client_id": []})
    for body in grants:
        assert world.http.post("/scan2evolve/api/v1/auth/token", json=body).status_code < 500
    look_at_everything(world)
    snapshot = world.control("GET", "/snapshot").json()
    assert world.control("PUT", "/snapshot", json=snapshot).status_code == 204
    assert world.control("GET", "/snapshot").json() == snapshot
    world.control("PATCH", "/deviations", json={"deviations": []})
    for record in records:
        answer = world.scan2evolve("POST", "/sync/employees", json={"employees": [record]})
        assert answer.status_code == 200, answer.text
    look_at_everything(world)
    world.control("DELETE")
