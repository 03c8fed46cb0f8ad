"""A target and the model side by side: each request goes to both, and all that can be seen is compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from contracts.checks import Broken, NotObservable
from contracts.evidence import shown_value
from contracts.holdings import NO_SITE
from contracts.lab import Answer, Lab
from contracts.model import answers, hrms, tokens, views
from contracts.model.state import MANAGER, Claims, Organization, Symbol, User, World, alike
from contracts.model.sync import Answer as Expected
from contracts.model.sync import sync
from contracts.space import NOW

SYNC = "/api/v1/sync/employees"
USERS = "/api/v1/users"
TOKEN = "/api/v1/auth/token"
# The model keeps these apart: an organization of its own, and one beside it.
_MOST_ORGANIZATIONS = 2
# So many differences are told of one step.
_MOST_TOLD = 4
# So much of a body is told.
_LONGEST_TOLD = 2_000
Watch = Callable[[], AbstractContextManager[None]]


class Pair:
    """One example: a fresh state at the target, and a model that starts from the same.

    `readings` are those in force during the example. `tag` goes into all identifiers. Each step is made under
    `watch`. `start`: the organizations of a fresh world, where an earlier example has seen them. Broken where
    the two differ, with the claims concerned and all requests so far.
    """

    def __init__(
        self,
        lab: Lab,
        readings: Mapping[str, str],
        tag: str,
        watch: Watch = nullcontext,
        start: list[Organization] | None = None,
    ) -> None:
        self.lab = lab
        self.readings = readings
        self.tag = tag
        self._watch = watch
        self.told: list[str] = []
        self.sees_users = True
        self.issued = 0
        number = len(lab.space.credentials.organizations[:_MOST_ORGANIZATIONS])
        self.world = World(readings, start or [self._organization(index) for index in range(number)])
        self.invited = False
        if lab.controlled:
            self._start_over()
        if start is None and lab.controlled:
            self._look_around()
        self.names = self._names()

    # -- a fresh start ---------------------------------------------------------------------------------

    def _organization(self, org: int) -> Organization:
        held = self.lab.organization(org)
        sites: dict[str, tuple[str, str | None] | None] = dict.fromkeys(held.sites)
        return Organization(held.organization_id, held.roles, held.groups, sites)

    def _start_over(self) -> None:
        """Reset the target's world, stop its clock, and set the readings."""
        control = self.lab.space.control
        fresh = control("POST", "/reset")
        self.lab.wire.begin()
        if (fresh["now"], fresh["frozen"]) != (NOW, True):
            control("PATCH", "/clock", {"now": NOW, "frozen": True})
        if self.readings != self.lab.readings:
            control("PATCH", "/readings", dict(self.readings))
        self.world.now = views.milliseconds(NOW)

    def _look_around(self) -> None:
        """See which sites and users a fresh world has."""
        for organization in self.world.organizations:
            path = f"/scan2evolve/organizations/{organization.organization_id}"
            sites = self.lab.space.control("GET", f"{path}/sites?limit=1000")["items"]
            organization.sites = {site["id"]: (site["name"], site["code"]) for site in sites}
            for row in self.lab.space.control("GET", f"{path}/users?limit=1000")["items"]:
                organization.users.append(_user(row))

    def _names(self) -> dict[str, str]:
        """What the names of `contracts.machine.drawing` stand for; unknown names where the target has too little."""
        own, *others = self.world.organizations
        roles = [role for role in own.roles if not alike(role, MANAGER)]
        sites = [*own.sites][:2]
        sites += [NO_SITE] * (2 - len(sites)) + [site for other in others for site in other.sites][:2]
        groups = [name for name, _ in own.groups]
        keys = [key for _, key in own.groups if key is not None]
        names = {f"<role {index}>": role for index, role in enumerate(roles)}
        names |= {f"<site {index}>": site for index, site in enumerate(sites)}
        names |= {f"<group {index}>": group for index, group in enumerate(groups)}
        swapped = {"<role 0 in other letters>": roles[0].swapcase(), "<site 0 in other letters>": sites[0].upper()}
        return names | swapped | {"<group id>": keys[0] if keys else f"{self.tag} group id", "<no site>": NO_SITE}

    def concrete(self, drawn: Any) -> Any:
        """What was drawn, with the target's own names and the example's prefix put in."""
        if isinstance(drawn, str):
            known = self.names.get(drawn, drawn)
            return NO_SITE if known.startswith("<site") else known.replace("~", self.tag)
        if isinstance(drawn, dict):
            return {key: self.concrete(value) for key, value in drawn.items()}
        return [self.concrete(value) for value in drawn] if isinstance(drawn, list) else drawn

    # -- steps -----------------------------------------------------------------------------------------

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """One step of the example; an answer that cannot be read breaks the claims of the check."""
        self.told.append(what)
        with self._watch():
            try:
                yield
            except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
                self._broken((), f"the answer has another shape: {type(error).__name__} {error}")
            except Broken as broken:
                if broken.claims:
                    raise
                self._broken((), str(broken))

    def sync(self, org: int, body: Any, token: tokens.Token | None = None) -> None:
        """Send a batch, by Basic or with a token; compare the answer, then the state.

        Where the model does not know, the example is over: no later step does anything.
        """
        if self.world.undecided:
            return
        who = "" if token is None else f" with token {token.number}"
        with self.step(f"sync to organization {org + 1}{who}: {_short(body)}"):
            answer = self._send("POST", SYNC, org, token, body)
            if token is not None and not self._let_in(token, answer):
                expected = None
            else:
                expected = sync(self.world, org, body)
                if self.world.undecided:
                    return
                self.differ(answers.answer_differences(self.world, expected, answer.status, answer.body))
            self.compare(self._refused(org, expected))

    def _send(self, method: str, path: str, org: int, token: tokens.Token | None, body: Any = ...) -> Answer:
        authorization = "" if token is None else f"Bearer {token.text}"
        content = body if isinstance(body, bytes) else None
        headers = {"content-type": "application/json"} if content is not None else None
        payload = ... if content is not None else body
        return self.lab.scan2evolve(
            method, path, payload, org=org, authorization=authorization, content=content, headers=headers
        )

    def _let_in(self, token: tokens.Token, answer: Answer) -> bool:
        """Whether the token is good; Broken where the target sees that in another way."""
        now = self.world.now or 0
        if token.is_alive(now, self.readings):
            token.used = now
            if answer.status == 401:
                self._broken(token.claims(now), "status of a request with a live token: expected no 401, got 401")
            return True
        self.differ(answers.error_differences(answer.status, answer.body, tokens.UNAUTHORIZED, token.claims(now)))
        return False

    def _refused(self, org: int, expected: Expected | None) -> dict[views.Place, Claims]:
        """Whose records were refused and not accepted in the same batch."""
        if expected is None:
            return {}
        accepted = {result.external_id for result in expected.results}
        entries = [(error.entry.get("externalEmployeeId"), error.claims) for error in expected.errors]
        return {(org, who): claims for who, claims in entries if who and who not in accepted}

    def issue_token(self, org: int) -> tokens.Token:
        """A new token of an organization; its answer is as it must be."""
        with self.step(f"token {self.issued + 1}, of organization {org + 1}"):
            held = self.lab.organization(org)
            grant = {
                "client_id": held.client_id,
                "client_secret": held.client_secret,
                "grant_type": "client_credentials",
            }
            answer = self.lab.scan2evolve("POST", TOKEN, grant, authorization=None)
            body = answer.body
            now = self.world.now or 0
            shown = [answer.status, body.get("token_type"), body.get("expires_in")]
            self._equal(("S2E-AUTH-01", "S2E-AUTH-02"), "status, type and life", [200, "Bearer", 86_400], shown)
            if self.world.now is not None:
                expires = views.milliseconds(body["expires_at"])
                self._equal(("S2E-AUTH-05",), "expires_at (ms)", now + tokens.LIFE, expires)
        self.issued += 1
        return tokens.Token(self.issued, org, str(body["access_token"]), now, now)

    def advance(self, seconds: int) -> None:
        """Move the clock of both."""
        with self.step(f"clock forward by {seconds} s"):
            self.lab.advance(seconds)
            self.world.now = (self.world.now or 0) + seconds * 1000

    def invite(self, org: int, email: str, username: str | None) -> None:
        """Make a user linked to nobody, if nobody has that e-mail or username yet."""
        if self.world.undecided:
            return
        organization = self.world.organizations[org]
        held = [user.email for each in self.world.organizations for user in each.users]
        held += [who.fields["email"] or "" for each in self.world.organizations for who in each.employees.values()]
        names = [user.username for user in organization.users]
        if any(alike(email, other) for other in held) or any(alike(username or email, other) for other in names):
            return
        with self.step(f"user {email} invited to organization {org + 1}, username {username or 'by default'}"):
            self.invited = True
            wish = {"email": email, "name": "Invited By Hand"} | ({"username": username} if username else {})
            organization.users.append(_user(self.lab.add("users", org, **wish), follows=username is None))

    # -- reading ---------------------------------------------------------------------------------------

    def read_users(self, org: int, query: Mapping[str, str], token: tokens.Token | None = None) -> None:
        """List users, filtered or not, by Basic or with a token."""
        if self.world.undecided:
            return
        text = "&".join(f"{name}={value.replace(' ', '%20')}" for name, value in query.items())
        who = "" if token is None else f" with token {token.number}"
        with self.step(f"users of organization {org + 1}{who}, {text or 'all'}"):
            answer = self._send("GET", f"{USERS}?{text}" if text else USERS, org, token)
            if token is not None and not self._let_in(token, answer):
                return
            if answer.status == 404 and not self.lab.controlled:
                self.sees_users = False
                return
            active = query.get("isActive")
            if active not in (None, "true", "false"):
                message = f"Invalid isActive '{active}'. Must be true or false"
                expected = (400, message)
                self.differ(answers.error_differences(answer.status, answer.body, expected, ("S2E-USER-01",)))
                return
            self._equal(("S2E-USER-01",), "status", 200, answer.status)
            organization = self.world.organizations[org]
            wanted = [user.id.value for user in organization.users if self._matches(organization, user, query)]
            own = {user.id.value for user in organization.users}
            shown = [row["id"] for row in answer.body if self.lab.controlled or row["id"] in own]
            self._equal(("S2E-USER-01",), "ids of the users listed", wanted, shown)

    def _matches(self, organization: Organization, user: User, query: Mapping[str, str]) -> bool:
        row = {name: value for name, (value, _) in views.user_row(organization, user).items()}
        role = organization.role(query["role"], self.readings) if "role" in query else None
        by_role = "role" not in query or (role is not None and role in row["roles"])
        by_state = "isActive" not in query or row["isActive"] == (query["isActive"] == "true")
        return by_role and by_state

    def read_user(self, org: int, index: int) -> None:
        """Ask an organization for one of all users of the world: its own, or 404."""
        known = [(each, user) for each in self.world.organizations for user in each.users]
        if not known or not self.sees_users or self.world.undecided:
            return
        home, user = known[index % len(known)]
        own = self.world.organizations[org]
        with self.step(f"user {user.email} from organization {org + 1}"):
            answer = self._send("GET", f"{USERS}/{user.id.value}", org, None)
            if home is not own:
                unknown = answers.error_differences(
                    answer.status, answer.body, (404, "User not found"), ("S2E-USER-02", "S2E-AUTH-16")
                )
                self.differ(unknown)
                return
            self._equal(("S2E-USER-02",), "status", 200, answer.status)
            came = views.user_came(own, answer.body)
            for name, (value, claims) in views.user_row(own, user).items():
                self._equal((*claims, "S2E-USER-02"), f"{name} of user {user.email}", value, came[name])

    def read_hrms(self, environment: str | None, content_type: str | None, *, known: bool, detail: bool) -> None:
        """Ask the HRMS for its users, or for one, with these headers."""
        token, own = self.lab.hrms_token(scopes=("users:read",))
        shown = f"X-Environment {environment}, Content-Type {content_type}"
        with self.step(f"HRMS users with {shown}{'' if known else ', unknown token'}"):
            headers = {"x-environment": environment, "content-type": content_type}
            text = token if known else "hrms_" + "0" * 40
            answer = self.lab.hrms("/v1/users", token=text, headers=headers)
            request = hrms.Request(own if known else None, environment, content_type)
            refusal = hrms.refusal(request, self.readings)
            if refusal is not None:
                came = [answer.status, answer.body]
                self._equal(refusal.claims, "status and body", [refusal.status, refusal.body], came)
                return
            self._equal(("HRMS-AUTH-01",), "status", 200, answer.status)
            people = answer.body["data"]
            if detail and people:
                one = self.lab.hrms(f"/v1/users/{people[0]['id']}", token=token, headers=headers)
                placed = hrms.detail_is_well_placed(one.body, self.readings)
                what = f"user detail {self.readings['user-detail']}"
                self._equal(("HRMS-USER-04",), what, expected=True, came=placed)

    # -- comparing -------------------------------------------------------------------------------------

    def compare(self, refused: Mapping[views.Place, Claims]) -> None:
        """Broken unless all that the target shows is as in the model."""
        shown = [self._shown(org) for org in range(len(self.world.organizations))]
        outbox = self.lab.outbox() if self.lab.controlled else None
        self.differ(views.state_differences(self.world, views.Seen(shown, outbox, refused)))

    def _shown(self, org: int) -> views.Shown:
        if not self.sees_users:
            return views.Shown()
        try:
            users = self.lab.users(org)
        except NotObservable:
            self.sees_users = False
            return views.Shown()
        if not self.lab.controlled:
            # Others live in a tenant, too; only what this example made is compared.
            return views.Shown([row for row in users if str(row.get("employeeNumber")).startswith(f"{self.tag}-")])
        if not self.invited:
            return views.Shown(users, self.lab.employees(org))
        # The username of a user linked to nobody is seen in one place only.
        path = f"/scan2evolve/organizations/{self.world.organizations[org].organization_id}/users?limit=1000"
        return views.Shown(users, self.lab.employees(org), self.lab.space.control("GET", path)["items"])

    def _equal(self, claims: Claims, what: str, expected: Any, came: Any) -> None:
        if not views.same(came, expected):
            self.differ(iter([answers.Difference(claims, what, expected, came)]))

    def differ(self, differences: Iterator[answers.Difference]) -> None:
        """Broken if there are any."""
        found = list(differences)[:_MOST_TOLD]
        if found:
            claims = tuple(dict.fromkeys(claim for difference in found for claim in difference.claims))
            texts = [
                f"{row.what}: expected {shown_value(row.expected)}, got {shown_value(row.actual)}" for row in found
            ]
            self._broken(claims, "; ".join(texts))

    def _broken(self, claims: Claims, text: str) -> None:
        steps = "".join(f"\n{number}. {step}" for number, step in enumerate(self.told, 1))
        other = {name: value for name, value in self.readings.items() if value != self.lab.readings[name]}
        under = f"\nunder {', '.join(f'{name}={value}' for name, value in other.items())}" if other else ""
        named = f"{', '.join(claims)}: " if claims else ""
        raise Broken(f"{named}{text}{under}\nafter:{steps}", claims)


def _user(row: Mapping[str, Any], *, follows: bool | None = None) -> User:
    """A user as a control plane shows them, linked to nobody; a username like the e-mail was made from it."""
    made = row["username"] == row["email"] if follows is None else follows
    return User(
        Symbol("user_", row["id"]),
        row["email"],
        row["name"],
        row["username"],
        made,
        row["enabled"],
        row["mustResetPassword"],
    )


def _short(body: Any) -> str:
    text = repr(body) if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False)
    return text if len(text) <= _LONGEST_TOLD else f"{text[:_LONGEST_TOLD]}… ({len(text)} characters)"
