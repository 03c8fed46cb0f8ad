"""Random records of employee sync: good ones, and good ones with something broken somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from sandbox.readings import CATALOGUE
from tests.client import MAIN, NORTH
from tests.scan2evolve.samples import NO_SITE, PAT, ROBIN

Record = dict[str, Any]

# Few names and addresses, so that records get in each other's way.
IDS = ["A", "B", "C", "a"]
EMAILS = ["a@example.com", "b@example.com", "A@Example.com", PAT, ROBIN]
ROLES = ["site_manager", "site_manager", "SITE_MANAGER", "inspector", "admin", "nobody", ""]
SITES = [MAIN, MAIN.upper(), NORTH, NO_SITE, "no uuid"]
GROUPS = ["Maintenance Team", "Field Team", "TEAM-001", "nowhere", " "]
DATES = ["2023-04-12", "2024-02-29", "2023-02-29", "2023-04-12T00:00:00Z", "2023-04-12T23:59:59.999Z", "0000-01-01"]
ODD = list(" .@-Z0\n\u0000\u00a0\u0661\u00e9\u2028")

words = st.sampled_from(["", " ", "Ada", "King", "\u3000", "{x}"])
_groups = st.fixed_dictionaries(
    {"groupName": st.sampled_from(GROUPS)}, optional={"externalGroupId": st.sampled_from(GROUPS), "role": words}
) | st.fixed_dictionaries({"externalGroupId": st.sampled_from(GROUPS)}, optional={"role": words})
_sites = st.fixed_dictionaries({"id": st.sampled_from(SITES)}, optional={"role": st.sampled_from(ROLES)})
_accounts = st.fixed_dictionaries(
    {},
    optional={
        "username": st.sampled_from(["ada", "ADA", "grace", *EMAILS[:2]]),
        "forcePasswordReset": st.booleans(),
        "sendWelcomeEmail": st.booleans(),
    },
)

_fields: dict[str, st.SearchStrategy[Any]] = {
    "status": st.sampled_from(["ACTIVE", "ACTIVE", "INACTIVE", "TERMINATED"]),
    "firstName": words,
    "lastName": words,
    "displayName": words,
    "email": st.sampled_from(EMAILS),
    "phone": words,
    "hireDate": st.sampled_from(DATES[:2]),
    "terminationDate": st.sampled_from([None, *DATES[3:5]]),
    "supervisor": st.fixed_dictionaries({}, optional={"name": words, "email": words}),
    "roles": st.lists(st.sampled_from(ROLES), max_size=3),
    "groups": st.lists(_groups, max_size=2),
    "sites": st.lists(_sites, max_size=3),
    "metadata": st.dictionaries(words, st.none() | st.integers(-5, 5) | words, max_size=2),
    "userAccount": _accounts,
    "updateMode": st.sampled_from(["replace", "additive"]),
}


def _records_with(*keys: str) -> st.SearchStrategy[Record]:
    required = {"externalEmployeeId": st.sampled_from(IDS)} | {key: _fields[key] for key in keys}
    return st.fixed_dictionaries(required, optional={key: _fields[key] for key in _fields if key not in keys})


#: What is a good record in most organizations, and under most readings.
plain_records = _records_with() | _records_with("email", "userAccount") | _records_with("roles", "sites", "updateMode")

_junk: st.SearchStrategy[Any] = st.sampled_from(
    [None, 5, 1.5, True, "", " ", "x", [], {}, [None], *EMAILS, *DATES, *SITES, *ODD]
)


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) below `node`."""
    keys = list(node) if isinstance(node, dict) else range(len(node))
    for key in keys:
        yield node, key
        if isinstance(node[key], dict | list):
            yield from _places(node[key])


@st.composite
def broken_records(draw: st.DrawFn) -> Any:
    """A plain record with one or two places spoilt: another value, a character more or less, a strange key."""
    record = deepcopy(draw(plain_records))
    for _ in range(draw(st.integers(1, 2))):
        places = list(_places(record))
        if not places:
            break
        container, key = places[draw(st.integers(0, len(places) - 1))]
        value = container[key]
        how = draw(st.integers(0, 3))
        if how == 0 and isinstance(value, str):
            at = draw(st.integers(0, len(value)))
            cut = draw(st.integers(0, 1))
            container[key] = value[:at] + draw(st.sampled_from(["", *ODD])) + value[at + cut :]
        elif how == 1 and isinstance(container, dict):
            container[draw(st.sampled_from(["shoeSize", "email", "id", "role"]))] = deepcopy(draw(_junk))
        else:
            container[key] = deepcopy(draw(_junk))
    return record


records: st.SearchStrategy[Any] = plain_records | broken_records() | st.sampled_from([None, 5, [], {}])
batches = st.lists(plain_records | records, min_size=1, max_size=6)

_SUBJECTS = ("-BATCH-", "-FIELD-", "-ACCT-", "-ROLE-", "-SITE-", "-SM-", "-MODE-")
SYNC_READINGS = [row for row in CATALOGUE if any(part in claim for claim in row.claims for part in _SUBJECTS)]
readings: st.SearchStrategy[dict[str, str]] = st.fixed_dictionaries(
    {row.name.replace("-", "_"): st.sampled_from(row.values) for row in SYNC_READINGS}
)
