"""Reading users over Scan2Evolve: the list, its filters, and one by id."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from contracts.checks import NotObservable, check
from contracts.holdings import account_of, at, later, staff
from contracts.lab import Lab

_FIELDS: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "name": str,
    "email": (str, type(None)),
    "isActive": bool,
    "employeeNumber": (str, type(None)),
    "supervisorName": (str, type(None)),
    "supervisorEmail": (str, type(None)),
    "lastSeen": (str, type(None)),
    "organizationId": str,
    "roles": list,
    "sites": list,
}


def _ids(lab: Lab, query: str = "") -> list[str]:
    return [user["id"] for user in lab.users(query=query)]


def _shape(lab: Lab, user: dict[str, Any], org: int = 0) -> None:
    lab.equal(set(user), set(_FIELDS), "keys of a user")
    for key, kind in _FIELDS.items():
        lab.true(isinstance(user[key], kind), f"{key} of a user has its type, unlike {user[key]!r}")
    organization_id = lab.organization(org).organization_id
    if organization_id is not None:
        lab.equal(user["organizationId"], organization_id, "organizationId of a user")
    for site in user["sites"]:
        lab.equal(set(site), {"id", "name", "code"}, "keys of a user's site")


# -- what a user shows ---------------------------------------------------------------------------------


@check("S2E-USER-01", writes=False)
def users_have_the_documented_fields(lab: Lab) -> None:
    """The list is a bare array of this organization's users, each with exactly the documented fields."""
    for org in range(len(lab.space.credentials.organizations)):
        users = lab.users(org)
        for user in users:
            _shape(lab, user, org)
        lab.equal(len({user["id"] for user in users}), len(users), "number of different ids in the list")


@check("S2E-USER-01", writes=True)
def synced_user_shows_the_employee(lab: Lab) -> None:
    """A synced account appears with the employee's name, e-mail, id, supervisor, roles and sites."""
    supervisor = {"name": "Sam Head", "email": "sam.head@example.com"}
    record = staff(
        lab, displayName="Robin S.", roles=[lab.role()], sites=[at(lab.site())], supervisor=supervisor, status="ACTIVE"
    )
    result = lab.accepted(record)
    user = account_of(lab, record)
    _shape(lab, user)
    lab.equal(user["id"], result.get("userId"), "id of the user, compared with the sync's userId")
    wanted = {
        "name": "Robin S.",
        "email": record["email"],
        "isActive": True,
        "employeeNumber": record["externalEmployeeId"],
        "supervisorName": "Sam Head",
        "supervisorEmail": "sam.head@example.com",
        "lastSeen": None,
        "roles": [lab.role()],
    }
    lab.equal({key: user[key] for key in wanted}, wanted, "what a synced user shows")
    lab.equal([site["id"].casefold() for site in user["sites"]], [lab.site().casefold()], "sites of a synced user")
    if lab.sees("the names of sites"):
        site = lab.add("sites", name=f"{lab.prefix} yard", code=f"{lab.prefix}-Y")
        lab.accepted(record | {"sites": [at(site["id"])]})
        shown = {key: site[key] for key in ("id", "name", "code")}
        lab.equal(account_of(lab, record)["sites"], [shown], "a site of a user, compared with the site itself")


@check("S2E-USER-01", writes=True)
def list_follows_updates(lab: Lab) -> None:
    """What a later sync changes, the list shows at once, under the same id and in the same place."""
    record = staff(lab, status="ACTIVE")
    lab.accepted(record)
    lab.accepted(staff(lab, status="ACTIVE"))
    before = _ids(lab)
    update = record | {
        "displayName": "Another Name",
        "email": lab.new_email(),
        "supervisor": {"name": "New Head", "email": "new.head@example.com"},
    }
    lab.accepted(update)
    user = account_of(lab, record)
    lab.equal((user["name"], user["email"]), ("Another Name", update["email"]), "name and e-mail after an update")
    shown = (user["supervisorName"], user["supervisorEmail"])
    lab.equal(shown, ("New Head", "new.head@example.com"), "supervisor after an update")
    lab.equal(_ids(lab), before, "ids in the list after an update")


@check("S2E-USER-01", writes=True)
def list_is_oldest_first(lab: Lab) -> None:
    """Accounts are listed in the order in which they were made; employees without one are not."""
    before = _ids(lab)
    records = [staff(lab, status="ACTIVE") for _ in range(4)]
    without = lab.person(status="ACTIVE")
    body = lab.sync(*records[:2], without, *records[2:])
    lab.equal(len(body["results"]), 5, "number of results for five new employees")
    made = [result["userId"] for result in body["results"] if result.get("userId")]
    lab.equal(_ids(lab), [*before, *made], "ids in the list after four accounts were made")
    numbers = [user["employeeNumber"] for user in lab.users()]
    lab.true(without["externalEmployeeId"] not in numbers, "an employee without an account is not listed")


@check("S2E-USER-01", writes=True)
def user_linked_to_nobody_is_listed(lab: Lab) -> None:
    """A user made by hand is listed with the name given and no employeeNumber."""
    email = lab.new_email()
    made = lab.add("users", email=email, name="Pat Byhand")
    listed = [user for user in lab.users() if user["id"] == made["id"]]
    lab.equal(len(listed), 1, "how often a user made by hand is listed")
    user = listed[0]
    _shape(lab, user)
    shown = (user["name"], user["email"], user["employeeNumber"], user["isActive"], user["roles"], user["sites"])
    lab.equal(shown, ("Pat Byhand", email, None, True, [], []), "what a user made by hand shows")
    lab.true(made["id"] not in [other["id"] for other in lab.users(1)], "no other organization lists that user")


# -- filters -------------------------------------------------------------------------------------------


@check("S2E-USER-01", writes=True)
def is_active_filters(lab: Lab) -> None:
    """isActive=true and isActive=false part the list; a deactivated account is in the second half."""
    on, off, out = (staff(lab, status="ACTIVE") for _ in range(3))
    lab.sync(on, off, out)
    lab.sync(later(off, status="INACTIVE"), later(out, status="TERMINATED"))
    everybody = lab.users()
    for query, active in (("?isActive=true", True), ("?isActive=false", False)):
        wanted = [user["id"] for user in everybody if user["isActive"] is active]
        lab.equal(_ids(lab, query), wanted, f"ids listed with {query}")
    numbers = {user["employeeNumber"]: user["isActive"] for user in everybody}
    states = [numbers.get(record["externalEmployeeId"]) for record in (on, off, out)]
    lab.equal(states, [True, False, False], "isActive of an ACTIVE, an INACTIVE and a TERMINATED employee")


@check("S2E-USER-01", writes=False)
def other_is_active_values_are_refused(lab: Lab) -> None:
    """IsActive takes true and false and nothing else."""
    lab.users()
    for value in ("maybe", "True", "FALSE", "1", "0", "", " ", "null"):
        answer = lab.scan2evolve("GET", f"/api/v1/users?isActive={quote(value)}")
        lab.equal(answer.status, 400, f"status of isActive={value!r}")
        wanted = f"Invalid isActive '{value}'. Must be true or false"
        lab.equal(answer.body.get("error"), wanted, f"error of isActive={value!r}")


@check("S2E-USER-01", writes=True, about=("role-case",))
def role_filters(lab: Lab) -> None:
    """role=<name> lists exactly those who hold that role; a role that nobody has lists nobody."""
    role = lab.role()
    holder, idle = staff(lab, status="ACTIVE", roles=[role]), staff(lab, status="ACTIVE")
    lab.sync(holder, idle)
    everybody = lab.users()
    wanted = [user["id"] for user in everybody if role in user["roles"]]
    lab.true(account_of(lab, holder)["id"] in wanted, "the new employee holds the role")
    lab.equal(_ids(lab, f"?role={quote(role)}"), wanted, f"ids listed with role={role}")
    lab.equal(_ids(lab, f"?role={quote(lab.prefix + ' no role')}"), [], "ids listed with an unknown role")
    lab.equal(_ids(lab, "?role="), [], "ids listed with an empty role")
    swapped = role.swapcase()
    if swapped not in lab.organization().roles:
        found = wanted if lab.readings["role-case"] == "insensitive" else []
        lab.equal(_ids(lab, f"?role={quote(swapped)}"), found, "ids listed with the role in the other case")


@check("S2E-USER-01", writes=True)
def filters_work_together(lab: Lab) -> None:
    """Both filters given, a user must pass both; parameters that nobody knows are ignored."""
    role = lab.role()
    holder, gone = staff(lab, status="ACTIVE", roles=[role]), staff(lab, status="ACTIVE", roles=[role])
    lab.sync(holder, gone)
    lab.accepted(later(gone, status="INACTIVE"))
    everybody = lab.users()
    for text, active in (("true", True), ("false", False)):
        wanted = [user["id"] for user in everybody if role in user["roles"] and user["isActive"] is active]
        lab.equal(_ids(lab, f"?role={quote(role)}&isActive={text}"), wanted, f"ids with both filters, isActive={text}")
    lab.true(account_of(lab, gone)["id"] not in _ids(lab, f"?role={quote(role)}"), "who was deactivated has no role")
    every = [user["id"] for user in everybody]
    lab.equal(_ids(lab, "?limit=1&offset=1&page=2&status=ACTIVE"), every, "ids listed with unknown parameters")


# -- one user ------------------------------------------------------------------------------------------


@check("S2E-USER-02", writes=True)
def each_user_is_found_by_id(lab: Lab) -> None:
    """Every user of the list is answered by id, exactly as the list shows them."""
    gone = staff(lab, status="ACTIVE")
    lab.sync(staff(lab, status="ACTIVE", roles=[lab.role()], sites=[at(lab.site())]), gone)
    lab.accepted(later(gone, status="INACTIVE"))
    for user in [*lab.users()[:5], *lab.users()[-5:]]:
        answer = lab.scan2evolve("GET", f"/api/v1/users/{user['id']}")
        lab.equal(answer.status, 200, "status of GET /api/v1/users/{id}")
        lab.equal(answer.body, user, "a user by id, compared with the list")


@check("S2E-USER-02", writes=True)
def other_ids_are_unknown(lab: Lab) -> None:
    """What is no userId of this organization, an employee's own ids included, is 404 User not found."""
    record = staff(lab, status="ACTIVE")
    result = lab.accepted(record)
    user_id = account_of(lab, record)["id"]
    others = [record["externalEmployeeId"], result["employeeId"], user_id.upper(), user_id[:-1], user_id + "0"]
    for wrong in (*others, "user_0000000000000000", quote(record["email"])):
        answer = lab.scan2evolve("GET", f"/api/v1/users/{wrong}")
        lab.equal(answer.status, 404, f"status of GET /api/v1/users/{wrong}")
        lab.equal(answer.body.get("error"), "User not found", f"error of GET /api/v1/users/{wrong}")


@check("S2E-USER-02", "S2E-AUTH-16", writes=True)
def users_of_others_are_unknown(lab: Lab) -> None:
    """A user of one organization is 404 for another, as if they did not exist."""
    record = staff(lab, status="ACTIVE")
    user_id = lab.accepted(record).get("userId")
    if user_id is None:
        raise NotObservable("no userId to ask for")
    lab.users()
    answer = lab.scan2evolve("GET", f"/api/v1/users/{user_id}", org=1)
    lab.equal(answer.status, 404, "status of another organization's user")
    lab.equal(answer.body.get("error"), "User not found", "error for another organization's user")
