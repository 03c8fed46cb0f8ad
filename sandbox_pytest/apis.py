"""The two APIs of a world: what code under test has to be pointed at, and clients that are ready to ask."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sandbox.client import shapes
from sandbox_pytest.paging import PAGE, all_items

if TYPE_CHECKING:
    import httpx

    from sandbox_pytest.world import SandboxWorld


class MissingExtra(RuntimeError):
    """What was asked for takes a library that is not installed; the text says how to get it."""


class Api(ABC):
    """What both APIs have in common: where they are, and how they are asked."""

    def __init__(self, world: SandboxWorld, base_url: str) -> None:
        self._world = world
        #: What its paths go behind.
        self.base_url = base_url

    @abstractmethod
    def _access(self) -> dict[str, Any]:
        """What a client is made with to be let in."""

    @cached_property
    def client(self) -> httpx.Client:
        """A client with `base_url` and credentials, over the socket or in process, as the mode says.

        It is closed when the test ends. Raises MissingExtra where httpx is not installed.
        """
        made: httpx.Client = require_httpx().Client(
            base_url=self.base_url, transport=self._world.server.transport(), **self._access()
        )
        return self._world.closing.enter_context(made)

    def async_client(self) -> httpx.AsyncClient:
        """A new client of the same kind for asyncio; use it in an `async with` block, in any event loop.

        Raises MissingExtra where httpx is not installed.
        """
        made: httpx.AsyncClient = require_httpx().AsyncClient(
            base_url=self.base_url, transport=self._world.server.async_transport(), **self._access()
        )
        return made


class Hrms(Api):
    """The HRMS of a world, as an application with all scopes sees it in one environment.

    Paths begin with `/v1` behind `base_url`; each request needs `headers`.
    """

    def __init__(self, world: SandboxWorld, environment: shapes.Environment = "staging") -> None:
        held = world.world["hrms"]
        super().__init__(world, held["base_url"])
        self.environment: shapes.Environment = environment
        #: All application tokens that the world was made with.
        self.tokens = held["tokens"]
        #: The first of this environment, with all scopes.
        self.token = next(row["token"] for row in self.tokens if row["environment"] == environment)

    def __repr__(self) -> str:
        return f"<Hrms of world {self._world.id!r}, {self.environment}, at {self.base_url}>"

    @property
    def headers(self) -> dict[str, str]:
        """What a request to the HRMS has to carry."""
        return {"Authorization": f"Bearer {self.token}", "X-Environment": self.environment}

    def in_environment(self, environment: shapes.Environment) -> Hrms:
        """The same HRMS in that environment: other people, another token."""
        return Hrms(self._world, environment)

    def users(self) -> list[shapes.HrmsUser]:
        """All people of the environment, as the control plane shows them; counts for no limit or journal."""
        control, environment = self._world.control, self.environment
        return all_items(lambda after: control.list_hrms_users(environment=environment, after=after, limit=PAGE))

    def _access(self) -> dict[str, Any]:
        return {"headers": self.headers | self._world.header}


class Scan2Evolve(Api):
    """Scan2Evolve of a world, as one of its organizations sees it.

    Paths begin with `/api/v1` behind `base_url`. The pair of `client_id` and `client_secret` is good for HTTP Basic,
    as `client` uses it, and for access tokens.
    """

    def __init__(self, world: SandboxWorld, organization: shapes.OrganizationCreated) -> None:
        super().__init__(world, world.world["scan2evolve"]["base_url"])
        #: The organization as the world was made with it: its names, sites, roles and groups.
        self.organization = organization
        self.organization_id = organization["organization_id"]
        self.client_id = organization["client_id"]
        self.client_secret = organization["client_secret"]

    def __repr__(self) -> str:
        return f"<Scan2Evolve of world {self._world.id!r}, {self.organization_id}, at {self.base_url}>"

    def access_token(self) -> str:
        """A new access token, by a request like any other: it counts, and the journal has it. Needs httpx."""
        grant = {
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "grant_type": "client_credentials",
        }
        # The pair in the body alone: with a second one in a header it would be refused.
        answer = self.client.post("/api/v1/auth/token", json=grant, auth=require_httpx().Auth())
        answer.raise_for_status()
        token: str = answer.json()["access_token"]
        return token

    def employees(self) -> list[shapes.Employee]:
        """All employees of the organization as the syncs have left them, in the order they were first synced."""
        control, organization = self._world.control, self.organization_id
        return all_items(lambda after: control.list_employees(organization, after=after, limit=PAGE))

    def users(self) -> list[shapes.OrganizationUser]:
        """All users of the organization, linked to an employee or not."""
        control, organization = self._world.control, self.organization_id
        return all_items(lambda after: control.list_organization_users(organization, after=after, limit=PAGE))

    def _access(self) -> dict[str, Any]:
        return {"auth": (self.client_id, self.client_secret), "headers": self._world.header}


def require_httpx() -> Any:
    """httpx, for who asks for a client. Raises MissingExtra."""
    try:
        import httpx
    except ImportError:
        raise MissingExtra("httpx is not installed: pip install 'hris-sandbox[pytest]'") from None
    return httpx
