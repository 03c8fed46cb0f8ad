"""Composition root: documents, worlds and pipelines made into one ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import __version__, document
from sandbox.calls import Receive, Send
from sandbox.clock import machine_ms
from sandbox.control import company, deviations, faults, journal, organizations, server, waiting
from sandbox.control.api import ControlFace
from sandbox.document import Document
from sandbox.errors import Refusal, problem_body
from sandbox.hrms import api as hrms_api
from sandbox.keeper import Keeper
from sandbox.patterns import Patterns
from sandbox.pipeline import Api, Pipeline
from sandbox.ratelimit import Limit
from sandbox.readings import Readings
from sandbox.registry import Worlds
from sandbox.scan2evolve import api as scan2evolve_api
from sandbox.scan2evolve.rules import ENVELOPE, RULES, WARNINGS
from sandbox.security import Guard
from sandbox.settings import Settings
from sandbox.worlds import DEFAULT, Secrets, World, WorldSpec

_VENDOR_BODY = 10 * 1024 * 1024
# A snapshot of a large world is a large body.
_CONTROL_BODY = 512 * 1024 * 1024
# The people of the default world are made once the server has had time to answer its first requests.
_WARM_UP_SECONDS = 0.5


class Application:
    """The whole server as an ASGI application; `worlds` is everything that it knows.

    Raises document.DocumentError where a document is not understood, and statefile.StateError where a state file
    cannot be used.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        machine: Callable[[], int] = machine_ms,
        documents: Path | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.documents = {name: document.load(name, documents) for name in document.NAMES}
        self.worlds = Worlds(machine, self.settings.max_worlds, self.settings.world_ttl)
        self.keeper = None if self.settings.state is None else Keeper.of(self.worlds, self.settings.state)
        self.default, self.secrets = self._default_world()
        guard = Guard(self.settings.control_key, self.settings.cors_origins, self.settings.host)
        vendors = [o for name in ("hrms", "scan2evolve") for o in self.documents[name].operations.values()]
        plans = faults.Plans(self.documents[name] for name in ("hrms", "scan2evolve"))
        patterns = Patterns(vendors)
        handlers = server.handlers(plans) | deviations.HANDLERS | organizations.HANDLERS | company.HANDLERS
        handlers |= journal.handlers(patterns) | waiting.handlers(patterns) | faults.handlers(plans)
        control = ControlFace(guard, handlers)
        self.pipelines = [
            self._pipeline("hrms", hrms_api, _VENDOR_BODY),
            self._pipeline("scan2evolve", scan2evolve_api, _VENDOR_BODY),
            self._pipeline("control", control, _CONTROL_BODY),
        ]
        hrms_base, scan2evolve_base = (self.documents[name].base_path for name in ("hrms", "scan2evolve"))
        self._bases = (
            (hrms_base.encode(), self.pipelines[0]),
            (scan2evolve_base.encode(), self.pipelines[1]),
            (b"/_sandbox", self.pipelines[2]),
        )
        self._validators = self._compile()
        self._pages = self._make_pages()
        #: The ASGI application proper: what a server should call, without a detour through this object.
        self.asgi: Any = self._route
        if self.settings.cors_origins:
            self.asgi = CORSMiddleware(
                self._route,
                allow_origins=self.settings.cors_origins,
                allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
                allow_headers=("*",),
                expose_headers=("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After"),
            )

    def _default_world(self) -> tuple[World, Secrets]:
        settings = self.settings
        limits: dict[str, Limit | None] = {}
        for name in ("scan2evolve", "hrms"):
            policy = self.documents[name].rate_limit
            on = settings.rate_limit and policy is not None and policy["limit"] is not None
            limits[name] = Limit(policy["limit"], policy["window_seconds"]) if on and policy is not None else None
        spec = WorldSpec(DEFAULT, settings.seed, settings.users, limits=limits)
        if self.keeper is not None and self.keeper.loaded:
            # Its founding secrets are always the same: they follow from its name.
            return self.worlds.default, World(spec).make_credentials()
        return self.worlds.add(spec)

    def _pipeline(self, name: str, face: Any, max_body: int) -> Pipeline:
        return Pipeline(Api(self.documents[name], face, max_body), self.worlds, self.settings.body_timeout, self.keeper)

    def _compile(self) -> int:
        """Every validator under the default readings, so that a bad schema stops the start."""
        readings = Readings()
        schemas = [schema for held in self.documents.values() for schema in held.schemas()]
        for schema in schemas:
            schema.validator(readings)
        return len(schemas)

    @property
    def compiled(self) -> dict[str, int]:
        """How much was compiled, for the start-up banner."""
        return {
            "operations": sum(len(held.operations) for held in self.documents.values()),
            "validators": self._validators,
            "rules": len(RULES) + len(ENVELOPE) + len(WARNINGS),
        }

    def close(self) -> None:
        """The server is about to stop: whoever waits for something is answered."""
        self.worlds.close()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """ASGI: the APIs' paths go through their pipelines, all else to the pages."""
        await self.asgi(scope, receive, send)

    async def _route(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: bytes = scope.get("raw_path") or scope["path"].encode()
            for base, pipeline in self._bases:
                if path.startswith(base) and path[len(base) : len(base) + 1] in (b"/", b""):
                    await pipeline(scope, receive, send)
                    return
        await self._pages(scope, receive, send)

    # -- pages -------------------------------------------------------------------------------------

    def _make_pages(self) -> Starlette:
        @asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncIterator[None]:
            if self.keeper is not None:
                await self.keeper.start()
            warm_up = asyncio.create_task(self._warm_up())
            yield
            warm_up.cancel()
            if self.keeper is not None:
                await self.keeper.close()

        return Starlette(
            routes=[
                Route("/", self._index),
                Route("/openapi/{name}.yaml", self._document_yaml),
                Route("/openapi/{name}.json", self._document_json),
            ],
            exception_handlers={HTTPException: _problem},
            lifespan=lifespan,
        )

    async def _warm_up(self) -> None:
        await asyncio.sleep(_WARM_UP_SECONDS)
        await self.default.populate()

    def _index(self, request: Request) -> Response:
        base = str(request.base_url).rstrip("/")
        return _json(
            {
                "name": "hris-sandbox",
                "version": __version__,
                "hrms": f"{base}{self.documents['hrms'].base_path}",
                "scan2evolve": f"{base}{self.documents['scan2evolve'].base_path}",
                "control": f"{base}/_sandbox",
                "documents": [f"{base}/openapi/{name}.yaml" for name in document.NAMES],
            }
        )

    def _held(self, request: Request) -> Document:
        held = self.documents.get(request.path_params["name"])
        if held is None:
            raise HTTPException(404)
        return held

    def _document_yaml(self, request: Request) -> Response:
        return Response(self._held(request).text, media_type="application/yaml")

    def _document_json(self, request: Request) -> Response:
        return _json(self._held(request).root)


def _json(value: Any, status: int = 200, media_type: str = "application/json") -> Response:
    return Response(orjson.dumps(value), status, media_type=media_type)


async def _problem(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = "There is nothing at this path" if status == 404 else "This cannot be done here"
    body = problem_body(Refusal(status, detail, step="path"), "")
    response = _json(body, status, "application/problem+json")
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response
