"""What the HRMS shows: users, one user with what belongs to them, departments and positions."""

from __future__ import annotations

from typing import Any

from contracts.checks import Broken, NotObservable, check
from contracts.claims.hrms_access import USERS, says
from contracts.lab import Lab

_ATTRIBUTES = {"staffId", "email", "name", "preferred_name", "phone", "status"}
_RELATED = ("department", "position", "work_locations")


def _environments(lab: Lab, scope: str) -> list[str]:
    found = {row.environment for row in lab.space.credentials.hrms if scope in row.scopes}
    if not found:
        raise NotObservable(f"the credentials name no HRMS token with {scope}")
    return sorted(found)


def _get(lab: Lab, path: str, environment: str, scope: str = "users:read") -> dict[str, Any]:
    token, _ = lab.hrms_token(environment, (scope,))
    answer = lab.hrms(path, environment=environment, token=token)
    lab.equal(answer.status, 200, f"status of GET {path} in {environment}")
    body = answer.body
    if not isinstance(body, dict) or "data" not in body:
        raise Broken(f"expected that GET {path} answers under data")
    return body


def _list(lab: Lab, path: str, environment: str, scope: str = "users:read") -> list[dict[str, Any]]:
    body = _get(lab, path, environment, scope)
    lab.equal(set(body), {"data"}, f"keys of the answer to GET {path}")
    lab.true(isinstance(body["data"], list), f"data of GET {path} is an array")
    return list(body["data"])


def _held(lab: Lab, collection: str, environment: str) -> list[dict[str, Any]]:
    path = f"/hrms/{collection}?environment={environment}&limit=1000"
    return list(lab.space.control("GET", path)["items"])


def _make(lab: Lab, collection: str, **wish: Any) -> dict[str, Any]:
    made: dict[str, Any] = lab.space.control("POST", f"/hrms/{collection}", {"environment": "staging", **wish})
    return made


def _is_user(lab: Lab, user: dict[str, Any], what: str) -> None:
    lab.true({"id", "type", "attributes"} <= set(user), f"{what} has id, type and attributes")
    lab.true(isinstance(user["id"], str) and user["id"] != "", f"the id of {what} is a text")
    lab.equal(user["type"], "user", f"type of {what}")
    for key in _ATTRIBUTES:
        lab.true(key in user["attributes"], f"{what} has the attribute {key}")
        value = user["attributes"][key]
        may_miss = key in ("preferred_name", "phone") and value is None
        lab.true(isinstance(value, str) or may_miss, f"{key} of {what} is a text, unlike {value!r}")


# -- the list ------------------------------------------------------------------------------------------


@check("HRMS-USER-01", "HRMS-USER-02", writes=False)
def users_are_listed_in_their_shape(lab: Lab) -> None:
    """The list is an array under data, of users with exactly the documented members."""
    for environment in _environments(lab, "users:read"):
        users = _list(lab, USERS, environment)
        for user in users:
            _is_user(lab, user, "a user of the list")
            lab.equal(set(user), {"id", "type", "attributes"}, "keys of a user of the list")
            lab.equal(set(user["attributes"]), _ATTRIBUTES, "attributes of a user of the list")
        lab.equal(len({user["id"] for user in users}), len(users), "number of different ids in the list")


@check("HRMS-USER-01", "HRMS-USER-02", writes=False)
def list_holds_everybody(lab: Lab) -> None:
    """Everybody of the environment is listed, whatever their status, with the values that the HRMS holds."""
    _make(lab, "users", name="Gone Person", email=lab.new_email(), status="inactive", preferred_name="Gee")
    _make(lab, "users", name="Plain Person", email=lab.new_email(), environment="uat")
    for environment in ("staging", "uat"):
        held = _held(lab, "users", environment)
        wanted = [
            {"id": row["id"], "type": "user", "attributes": {key: row[key] for key in _ATTRIBUTES}} for row in held
        ]
        lab.equal(_list(lab, USERS, environment), wanted, f"users listed in {environment}")
    lab.true("inactive" in [row["status"] for row in _held(lab, "users", "staging")], "an inactive user is held")


@check("HRMS-USER-01", writes=False)
def list_has_no_pages(lab: Lab) -> None:
    """However many there are, all users come in one answer."""
    before = len(_list(lab, USERS, "staging"))
    for _ in range(101):
        _make(lab, "users", name="One More", email=lab.new_email())
    lab.equal(len(_list(lab, USERS, "staging")), before + 101, "number of users listed after 101 were added")


@check("HRMS-USER-01", writes=False)
def unknown_parameters_are_ignored(lab: Lab) -> None:
    """Query parameters that the page does not name change nothing."""
    environment = _environments(lab, "users:read")[0]
    users = _list(lab, USERS, environment)
    for query in ("?limit=1", "?page=2&per_page=1", "?status=inactive", "?page[number]=2&page[size]=1", "?id=x"):
        lab.equal(_list(lab, f"{USERS}{query}", environment), users, f"users listed with {query}")


@check("HRMS-USER-01", "HRMS-USER-03", writes=False)
def changes_are_shown(lab: Lab) -> None:
    """What is changed or taken away in the HRMS is shown so at once, in list and detail."""
    for environment in ("staging", "uat"):
        made = _make(lab, "users", name="First Name", email=lab.new_email(), environment=environment)
        path = f"{USERS}/{made['id']}"
        lab.equal(_get(lab, path, environment)["data"]["attributes"]["name"], "First Name", "name of a new user")
        listed = [user["id"] for user in _list(lab, USERS, environment)]
        lab.equal(listed.count(made["id"]), 1, "how often a new user is listed")
        lab.space.control("PATCH", f"/hrms/users/{made['id']}", {"name": "Second Name", "status": "inactive"})
        for where, user in (
            ("detail", _get(lab, path, environment)["data"]),
            ("list", next(user for user in _list(lab, USERS, environment) if user["id"] == made["id"])),
        ):
            shown = user["attributes"]["name"], user["attributes"]["status"]
            lab.equal(shown, ("Second Name", "inactive"), f"name and status in the {where} after a change")
        lab.space.control("DELETE", f"/hrms/users/{made['id']}")
        answer = lab.hrms(path, environment=environment)
        says(lab, answer, 404, "Resource not found", "a user who was taken away")
        listed = [user["id"] for user in _list(lab, USERS, environment)]
        lab.true(made["id"] not in listed, "who was taken away is not listed")


# -- one user ------------------------------------------------------------------------------------------


@check("HRMS-USER-03", "HRMS-USER-06", writes=False)
def each_user_is_found_by_id(lab: Lab) -> None:
    """Every user of the list is answered by id, under data, with the list's attributes."""
    for environment in _environments(lab, "users:read"):
        for user in _list(lab, USERS, environment)[:25]:
            found = _get(lab, f"{USERS}/{user['id']}", environment)["data"]
            _is_user(lab, found, "a user by id")
            lab.equal(found["id"], user["id"], "id of a user asked for by id")
            shared = {key: found["attributes"][key] for key in user["attributes"]}
            lab.equal(shared, user["attributes"], "attributes by id, compared with the list")


def _related(lab: Lab, body: dict[str, Any]) -> dict[str, Any]:
    """Department, position and work locations of a user detail, each with its id and attributes in one object."""
    if lab.readings["user-detail"] == "embedded":
        lab.equal(set(body), {"data"}, "keys of a user detail")
        lab.equal(set(body["data"]["attributes"]), {*_ATTRIBUTES, *_RELATED}, "attributes of a user detail")
        return {key: body["data"]["attributes"][key] for key in _RELATED}
    lab.equal(set(body), {"data", "included"}, "keys of a user detail")
    lab.equal(set(body["data"]["attributes"]), _ATTRIBUTES, "attributes of a user detail")
    lab.equal(set(body["data"]["relationships"]), set(_RELATED), "relationships of a user detail")
    resources = {(row["type"], row["id"]): row["attributes"] for row in body["included"]}
    lab.equal(len(resources), len(body["included"]), "number of different resources included")
    named: list[tuple[str, str]] = []

    def resolved(link: dict[str, Any]) -> dict[str, Any]:
        key = link["type"], link["id"]
        lab.true(key in resources, f"{key} is among the included")
        named.append(key)
        return {"id": link["id"], **resources[key]}

    links = {name: body["data"]["relationships"][name]["data"] for name in _RELATED}
    lab.true(isinstance(links["work_locations"], list), "the relationship work_locations is an array")
    found: dict[str, Any] = {
        name: None if links[name] is None else resolved(links[name]) for name in ("department", "position")
    }
    found["work_locations"] = [resolved(link) for link in links["work_locations"]]
    lab.equal(set(named), set(resources), "what is included, compared with what the relationships name")
    return found


@check("HRMS-USER-04", writes=False)
def detail_includes_what_belongs_to_a_user(lab: Lab) -> None:
    """User detail includes department, position and work locations, in the shape of the reading."""
    for environment in _environments(lab, "users:read"):
        for user in _list(lab, USERS, environment)[:10]:
            related = _related(lab, _get(lab, f"{USERS}/{user['id']}", environment))
            for name in ("department", "position"):
                item = related[name]
                good = item is None or (isinstance(item["id"], str) and isinstance(item["name"], str))
                lab.true(good, f"the {name} in a user detail has id and name, or there is none")
            for place in related["work_locations"]:
                lab.true(isinstance(place["id"], str) and isinstance(place["name"], str), "a location has id and name")


@check("HRMS-USER-04", writes=False)
def detail_shows_the_users_own(lab: Lab) -> None:
    """Department, position and all work locations shown are the user's own, none where there is none."""
    department = _make(lab, "departments", name=f"{lab.prefix} department", code="D1")
    position = _make(lab, "positions", name=f"{lab.prefix} position")
    places = [_make(lab, "work-locations", name=f"{lab.prefix} place {n}", city="Penang") for n in (1, 2)]
    full = _make(
        lab,
        "users",
        name="Full Person",
        email=lab.new_email(),
        department_id=department["id"],
        position_id=position["id"],
        work_location_ids=[place["id"] for place in places],
    )
    bare = _make(lab, "users", name="Bare Person", email=lab.new_email())

    def shown(item: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in item.items() if key != "environment"}

    whole = {"department": shown(department), "position": shown(position), "work_locations": [*map(shown, places)]}
    none: dict[str, Any] = {"department": None, "position": None, "work_locations": []}
    for user, wanted in ((full, whole), (bare, none)):
        found = _related(lab, _get(lab, f"{USERS}/{user['id']}", "staging"))
        lab.equal(found, wanted, f"what belongs to {user['name']}")
    lab.space.control("PATCH", f"/hrms/users/{full['id']}", {"department_id": None, "work_location_ids": []})
    found = _related(lab, _get(lab, f"{USERS}/{full['id']}", "staging"))
    lab.equal(found, none | {"position": shown(position)}, "what belongs to a user after a change")


@check("HRMS-USER-05", writes=False)
def unknown_user_is_404(lab: Lab) -> None:
    """An id that no user has, another resource's id or a staffId included, is 404 Resource not found."""
    for environment in _environments(lab, "users:read"):
        token, _ = lab.hrms_token(environment, ("users:read",))
        users = _list(lab, USERS, environment)
        wrong = [
            lab.prefix,
            "0",
            *(user["id"] + "0" for user in users[-1:]),
            *(user["id"].upper() for user in users[:1]),
        ]
        known = {user["id"] for user in users}
        wrong += [user["attributes"]["staffId"] for user in users[:1] if user["attributes"]["staffId"] not in known]
        for user_id in wrong:
            answer = lab.hrms(f"{USERS}/{user_id}", environment=environment, token=token)
            says(lab, answer, 404, "Resource not found", f"the unknown user {user_id}")


# -- departments and positions -------------------------------------------------------------------------


def _all_listed(lab: Lab, path: str, kind: str) -> None:
    scope = f"{kind}s:read"
    for environment in _environments(lab, scope):
        rows = _list(lab, path, environment, scope)
        for row in rows:
            lab.equal(set(row), {"id", "type", "attributes"}, f"keys of a {kind}")
            lab.equal(row["type"], kind, f"type of a {kind}")
            lab.true(isinstance(row["id"], str) and row["id"] != "", f"the id of a {kind} is a text")
            lab.true(isinstance(row["attributes"].get("name"), str), f"a {kind} has a name")
        lab.equal(len({row["id"] for row in rows}), len(rows), f"number of different ids of {kind}s")
        lab.equal(_list(lab, f"{path}?limit=1&page=2", environment, scope), rows, f"{kind}s with unknown parameters")
    if not lab.sees("whether the list is whole"):
        return
    for n in range(101):
        _make(lab, f"{kind}s", name=f"{lab.prefix} {kind} {n}", code=f"C{n}" if n else None)
    _make(lab, f"{kind}s", name=f"{lab.prefix} {kind} of uat", environment="uat")
    for environment in ("staging", "uat"):
        listed = {row["id"]: row["attributes"] for row in _list(lab, path, environment, scope)}
        held = {row["id"]: {"name": row["name"], "code": row["code"]} for row in _held(lab, f"{kind}s", environment)}
        lab.equal(listed, held, f"{kind}s listed in {environment}")


@check("HRMS-DEPT-01", writes=False)
def departments_are_all_listed(lab: Lab) -> None:
    """All departments of the environment are listed under data, each with its name."""
    _all_listed(lab, "/v1/departments", "department")


@check("HRMS-POS-01", writes=False)
def positions_are_all_listed(lab: Lab) -> None:
    """All positions of the environment are listed under data, each with its name."""
    _all_listed(lab, "/v1/positions", "position")


@check("HRMS-DEPT-01", "HRMS-POS-01", writes=False)
def people_belong_to_what_is_listed(lab: Lab) -> None:
    """The department and position of each user are among those listed, with the same name."""
    for environment in _environments(lab, "users:read"):
        names = {
            kind: {
                row["id"]: row["attributes"]["name"] for row in _list(lab, f"/v1/{kind}s", environment, f"{kind}s:read")
            }
            for kind in ("department", "position")
        }
        for user in _list(lab, USERS, environment)[:10]:
            related = _related(lab, _get(lab, f"{USERS}/{user['id']}", environment))
            for kind, listed in names.items():
                if related[kind] is not None:
                    lab.equal(listed.get(related[kind]["id"]), related[kind]["name"], f"name of a user's {kind}")
