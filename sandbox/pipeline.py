"""THE request pipeline: every request to every API goes through `Pipeline._decide`, top to bottom."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl

import jsonschema_rs
import orjson

from sandbox.calls import Call, ClientLeft, Listing, Message, Overtaken, Receive, Reply, Send
from sandbox.clock import http_date, machine_ms
from sandbox.deviations.deviation import Sent
from sandbox.document import Document, Operation, Parameter
from sandbox.errors import Gone, Refusal
from sandbox.faults.fault import Forsaken, NoAnswer
from sandbox.faults.header import NAME as FAULT_HEADER
from sandbox.faults.strike import Strike
from sandbox.journal import Body
from sandbox.jsontext import encode
from sandbox.keeper import Keeper
from sandbox.readings import Readings
from sandbox.recorder import Seen
from sandbox.registry import Worlds
from sandbox.routes import Routes
from sandbox.schemas import DocumentError

Header = tuple[bytes, bytes]

log = logging.getLogger("sandbox")

# A long answer is checked and encoded so many items at a time; in between, others are served.
SLICE = 500

_DEFAULTS = Readings()
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")


class AnswerMismatch(Exception):
    """An answer of ours is not what its document says."""


class Api:
    """One API: its document bound to its handlers, and the module that speaks for it on the wire.

    Raises DocumentError where operations and handlers do not match one to one.
    """

    def __init__(self, document: Document, face: ModuleType | Any, max_body: int) -> None:
        self.document = document
        self.name = document.name
        self.face = face
        self.max_body = max_body
        self.routes = Routes(document)
        self.handlers: dict[str, Callable[[Call], Reply | Awaitable[Reply]]] = face.HANDLERS
        self.asynchronous = {name for name, handler in self.handlers.items() if inspect.iscoroutinefunction(handler)}
        missing = document.operations.keys() - self.handlers.keys()
        surplus = self.handlers.keys() - document.operations.keys()
        if missing or surplus:
            raise DocumentError(
                f"{document.name}.yaml#/paths: operations without handler {sorted(missing)}, "
                f"handlers without operation {sorted(surplus)}"
            )


class Pipeline:
    """An ASGI application for the paths of one API."""

    def __init__(self, api: Api, worlds: Worlds, body_timeout: float, keeper: Keeper | None = None) -> None:
        self.api = api
        self.keeper = keeper
        self.face = api.face
        self.worlds = worlds
        self.body_timeout = body_timeout
        #: Whether it is a vendor's API, whose requests belong to worlds.
        self.vendor = api.name != "control"
        self._dates: tuple[int, bytes] = (-1, b"")

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request; whatever happens, in the API's own format."""
        client = scope.get("client")
        call = Call(
            self.worlds,
            scope["method"],
            scope.get("raw_path") or scope["path"].encode(),
            scope["query_string"],
            scope["headers"],
            client[0] if client else "local",
            scope["scheme"],
        )
        try:
            await self._answer(call, scope, receive, send)
        except BaseException:
            # The server stops, or something is wrong here: nobody goes on with it.
            call.leave()
            raise

    async def _answer(self, call: Call, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        refusal: Refusal | None = None
        reply, body = Reply(), b""
        try:
            reply, body = await self._decide(call, receive)
        except Gone as gone:
            await self._let_go(gone, call, scope, send)
            return
        except Refusal as raised:
            # Its traceback leads back to this frame: a circle that would keep the body until it is collected.
            refusal = raised.with_traceback(None)
        except AnswerMismatch as mismatch:
            log.error("%s %s: %s", call.method, call.path.decode("latin-1"), mismatch)  # noqa: TRY400 - the text says it all
            refusal = self.face.server_error(call)
        except Exception:
            log.exception("%s %s failed", call.method, call.path.decode("latin-1"))
            refusal = self.face.server_error(call)
        if refusal is not None:
            reply, body = self._refuse(call, refusal)
        # 10. Headers, and the bugs that a world's vendor has in its answers.
        headers = self._headers(call, reply, body)
        if self.vendor:
            world = call.world
            if world.renderers and (refusal is None or (refusal.body is None and not isinstance(refusal, NoAnswer))):
                headers, body = _rendered(call, reply, headers, body)
            # 11. Faults of the second point.
            if call.strike is not None:
                try:
                    headers, body = await call.strike.after(reply, headers, body)
                except Gone as gone:
                    await self._let_go(gone, call, scope, send)
                    return
        # 12. The journal, and the state file.
        self._record(call, refusal, reply, headers, body)
        if log.isEnabledFor(logging.INFO):
            log.info("%s %s %d", call.method, call.path.decode("latin-1"), reply.status)
        # 13. Send.
        if call.strike is not None:
            await call.strike.send(scope, send, reply.status, headers, body)
            return
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _record(self, call: Call, refusal: Refusal | None, reply: Reply, headers: list[Header], body: bytes) -> None:
        """Keep what was decided; a request to the control plane merely may have changed something."""
        if self.vendor:
            world = call.world
            # What was overtaken while its answer was made has nothing to say in the journal of now.
            if call.life is world.life:
                action = self.face.action(call)
                world.recorder.note(Seen(self.api.name, action, world.readings, call, refusal, reply, headers, body))
            call.leave()
            if self.keeper is not None:
                self.keeper.changed(world)
        elif self.keeper is not None and call.method != "GET":
            self.keeper.changed(self.worlds.peek(call.path_values[0]) if call.path_values else None)

    async def _let_go(self, gone: Gone, call: Call, scope: MutableMapping[str, Any], send: Send) -> None:
        """What becomes of a call that nobody waits for, or whose world is no more."""
        call.leave()
        if isinstance(gone, Overtaken):
            # It is decided about as if it came now, whole.
            await self(scope, _sender(call.body), send)
        elif isinstance(gone, Forsaken):
            await Strike.forsake(scope, send)

    async def _decide(self, call: Call, receive: Receive) -> tuple[Reply, bytes]:
        """The numbered steps; a Refusal ends them early, and so does Gone."""
        face = self.face
        # 1. Path and method, on the raw path. A fault here is answered only once the caller is known.
        methods, values = self.api.routes.find(call.path)
        operation = call.operation = methods.get(call.method)
        call.path_values = values
        # 2. World and principal. A token request says in its body who asks.
        late: Refusal | None = None
        body_first = operation is not None and face.reads_body_first(operation)
        if body_first:
            try:
                await self._read_body(call, receive)
            except Refusal as unread:
                late = unread
        face.identify(call, use=operation is not None)
        if self.vendor:
            # 3. Rate limit: everything counts for somebody, but only a known caller is turned away.
            refusable = call.refusable and operation is not None
            call.standing = call.world.rates.count(self.api.name, call.party, call.now, refusable)
        if operation is None:
            raise face.method_not_allowed(call, ", ".join(sorted(methods))) if methods else face.not_found(call)
        if call.unauthorized is not None:
            raise call.unauthorized
        if call.standing is not None and call.standing.retry_after is not None:
            raise face.too_many(call)
        # 4. Parameters, then what the principal may do.
        faults = self._parameter_faults(call, operation)
        face.check_parameters(call, faults, self._unknown_parameters(call, operation) if call.query else [])
        face.authorize(call)
        # 5. Media type and body.
        if late is not None:
            raise late
        if operation.body:
            if not body_first:
                await self._read_body(call, receive)
                call.keep_up()
            if call.body or operation.body_required:
                face.check_media(call, call.header(b"content-type"))
                face.decode_body(call)
                # 6. Validation, where the document rather than the rules decides.
                self._validate(call, operation)
        # 7. Faults of the first point.
        if self.vendor and (call.world.faults.armed or FAULT_HEADER in call.headers):
            call.strike = Strike()
            await call.strike.before(call, face)
        # 8. The handler.
        if face.needs_people and not call.world.populated:
            await call.world.populate()
            call.keep_up()
        handler = self.api.handlers[operation.id]
        if operation.id in self.api.asynchronous:
            call.receive = receive
            reply: Reply = await handler(call)  # type: ignore[misc]
        else:
            reply = handler(call)  # type: ignore[assignment]
        # 9. The answer, held against the document and the readings in force.
        return reply, await self._encode(call, operation, reply)

    # -- what comes in -----------------------------------------------------------------------------

    async def _read_body(self, call: Call, receive: Receive) -> None:
        """Read the body whole: 413 where it is too long, 408 where it does not come in time."""
        limit = self.api.max_body
        declared = call.headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared[:20]) > limit:
            raise self._too_large()
        chunks, size = [], 0
        try:
            async with asyncio.timeout(self.body_timeout):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ClientLeft
                    chunk = message.get("body", b"")
                    size += len(chunk)
                    if size > limit:
                        raise self._too_large()
                    chunks.append(chunk)
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            raise Refusal(408, "Request timed out", step="body", headers={"Connection": "close"}) from None
        call.body = chunks[0] if len(chunks) == 1 else b"".join(chunks)

    @staticmethod
    def _too_large() -> Refusal:
        return Refusal(413, "Request body too large", step="body", rule="body-size")

    def _parameter_faults(self, call: Call, operation: Operation) -> list[tuple[Parameter, str | None]]:
        """The parameters that are missing (None) or not what their schema says (their text)."""
        if call.query_string:
            pairs = parse_qsl(call.query_string.decode("latin-1"), keep_blank_values=True)
            for name, text in pairs:
                call.query[name] = f"{call.query[name]},{text}" if name in call.query else text
        faults: list[tuple[Parameter, str | None]] = []
        positions = operation.path_names
        for parameter in operation.parameters:
            value: Any
            if parameter.location == "header":
                value = call.header(parameter.raw_name)
            elif parameter.location == "query":
                value = call.query.get(parameter.name)
            else:
                value = call.path_values[positions.index(parameter.name)]
            if value is None:
                if parameter.required:
                    faults.append((parameter, None))
                continue
            typed = value if parameter.kind == "string" else _typed(value, parameter.kind)
            if not parameter.is_valid(typed):
                faults.append((parameter, value))
            elif parameter.location == "query":
                call.query[parameter.name] = typed
        return faults

    def _unknown_parameters(self, call: Call, operation: Operation) -> list[str]:
        """Query parameters that the operation does not describe, where the document says to refuse them."""
        if not self.api.document.refuses_unknown_parameters:
            return []
        known = {parameter.name for parameter in operation.parameters if parameter.location == "query"}
        return [name for name in call.query if name not in known]

    def _validate(self, call: Call, operation: Operation) -> None:
        check = getattr(self.face, "check_payload", None)
        if check is not None:
            check(call, operation)

    # -- what goes out -----------------------------------------------------------------------------

    async def _encode(self, call: Call, operation: Operation, reply: Reply) -> bytes:
        """The reply's bytes, valid against the document. Raises AnswerMismatch where they are not."""
        if reply.payload is None and reply.listing is None:
            answer = operation.answer(reply.status, self._readings(call))
            if answer is None or answer.media:
                raise AnswerMismatch(f"{operation.id} does not document {reply.status} without a body")
            return b""
        listing = reply.listing
        if listing is not None and listing.version is not None:
            kept = call.world.encoded.get((operation.id, call.actor.environment))
            if kept is not None and kept[0] == (listing.version, call.world.readings):
                reply.journaled = kept[2]
                return kept[1]
        validator = self._validator(call, operation, reply)
        if listing is None:
            self._check(call, validator, reply.payload, reply.status)
            return encode(reply.payload)
        body, reply.journaled = await self._encode_listing(call, operation, listing, validator)
        return body

    def _readings(self, call: Call) -> Readings:
        return call.world.readings if self.vendor else _DEFAULTS

    def _validator(self, call: Call, operation: Operation, reply: Reply) -> jsonschema_rs.Validator:
        readings = self._readings(call)
        answer = operation.answer(reply.status, readings)
        if answer is None or reply.media_type not in answer.media:
            raise AnswerMismatch(f"{operation.id} does not document {reply.status} {reply.media_type}")
        return answer.media[reply.media_type].validator(readings)

    async def _encode_listing(
        self, call: Call, operation: Operation, listing: Listing, validator: jsonschema_rs.Validator
    ) -> tuple[bytes, Body]:
        key = (operation.id, call.actor.environment)
        made_from = (listing.version, call.world.readings)
        pieces = []
        items = list(listing.items)
        for start in range(0, len(items) or 1, SLICE):
            if start:
                await asyncio.sleep(0)
            shown = [listing.show(item) for item in items[start : start + SLICE]]
            self._check(call, validator, shown if listing.key is None else {listing.key: shown}, 200)
            pieces.append(orjson.dumps(shown)[1:-1])
        array = b"[" + b",".join(pieces) + b"]"
        body = array if listing.key is None else b'{"%s":%s}' % (listing.key.encode(), array)
        journaled = Body.of(body)
        if listing.version is not None:
            call.world.encoded[key] = made_from, body, journaled
        return body, journaled

    def _refuse(self, call: Call, refusal: Refusal) -> tuple[Reply, bytes]:
        """A refusal as a reply, in the API's format, valid against the document where it says a word."""
        if isinstance(refusal, NoAnswer):
            return Reply(refusal.status), b""
        request_id = ""
        if self.api.name == "scan2evolve":
            call.request_id = request_id = call.world.ids.request_id(call.now)
        reply = Reply(
            status=refusal.status,
            payload=self.face.error_body(refusal, request_id) if refusal.body is None else refusal.body,
            headers=[(name.lower().encode(), value.encode()) for name, value in refusal.headers.items()],
            media_type=refusal.media_type or self.face.ERROR_MEDIA_TYPE,
        )
        if reply.media_type != self.face.ERROR_MEDIA_TYPE:
            return reply, str(refusal.body).encode()
        if call.operation is not None and refusal.status != 500 and refusal.step != "fault":
            try:
                self._check(call, self._validator(call, call.operation, reply), reply.payload, reply.status)
            except AnswerMismatch as mismatch:
                log.error("%s %s: %s", call.method, call.path.decode("latin-1"), mismatch)  # noqa: TRY400 - as above
                return self._refuse(call, self.face.server_error(call))
        return reply, encode(reply.payload)

    def _check(self, call: Call, validator: jsonschema_rs.Validator, payload: Any, status: int) -> None:
        """Raise AnswerMismatch where the document does not allow this payload; whoever has or had bugs sends it."""
        if validator.is_valid(payload) or (self.vendor and call.world.deviated):
            return
        error = next(iter(validator.iter_errors(payload)))
        place = "".join(f"/{step}" for step in error.instance_path)
        raise AnswerMismatch(f"answer {status} is not what the document says: {place or '/'} {error.message[:300]}")

    def _headers(self, call: Call, reply: Reply, body: bytes) -> list[Header]:
        headers: list[Header] = [(b"date", self._date(call))]
        if reply.status != 204:
            headers.append((b"content-length", b"%d" % len(body)))
        if reply.status >= 400 and b"expect" in call.headers and not call.body:
            # Refused unread: whether the body still comes, nobody can tell (RFC 9110, 10.1.1).
            headers.append((b"connection", b"close"))
        if body:
            headers.append((b"content-type", reply.media_type.encode()))
        if call.standing is not None:
            headers.extend(call.standing.headers())
        headers.extend(reply.headers)
        return headers

    def _date(self, call: Call) -> bytes:
        now = call.now if self.vendor else machine_ms()
        second = now // 1000
        if self._dates[0] != second:
            self._dates = second, http_date(now)
        return self._dates[1]


def _sender(body: bytes) -> Receive:
    """What a request's body comes from that has been read already."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    return receive


def _rendered(call: Call, reply: Reply, headers: list[Header], body: bytes) -> tuple[list[Header], bytes]:
    """The answer as the world's deviations send it; the journal shows it so."""
    sent = Sent(reply.status, headers, body)
    for render in call.world.renderers:
        render(call, sent)
    reply.status, reply.journaled = sent.status, None
    return sent.headers, sent.body


def _typed(text: str, kind: str) -> Any:
    """A parameter's text as the JSON type that its schema asks for; itself where it is not of that type."""
    if kind == "integer" and text.removeprefix("-").isdecimal() and text.isascii() and len(text) < 19:
        return int(text)
    if kind == "number" and _NUMBER.fullmatch(text):
        return float(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text
