"""httpx transports to a sandbox of this process. Imported by who has httpx."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

import httpx

from sandbox.embedded import Answer, AsgiApplication

Asked = Callable[[str, str, Sequence[tuple[bytes, bytes]], bytes], Answer]


class InProcess(httpx.BaseTransport):
    """For httpx.Client: each request is answered by `ask`, a Sandbox's `request`."""

    def __init__(self, ask: Asked) -> None:
        self._ask = ask

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request, whole."""
        target = request.url.raw_path.decode("ascii")
        with _as_on_a_socket(request):
            answer = self._ask(request.method, target, request.headers.raw, request.read())
        return httpx.Response(answer.status, headers=list(answer.headers), stream=httpx.ByteStream(answer.body))


class AsyncInProcess(httpx.AsyncBaseTransport):
    """For httpx.AsyncClient: each request is answered by an ASGI application."""

    def __init__(self, app: AsgiApplication) -> None:
        self._transport = httpx.ASGITransport(app=app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        with _as_on_a_socket(request):
            return await self._transport.handle_async_request(request)


@contextlib.contextmanager
def _as_on_a_socket(request: httpx.Request) -> Iterator[None]:
    """A connection that breaks raises what a client is used to."""
    try:
        yield
    except ConnectionAbortedError as error:
        # Closed in order, but before an answer was whole.
        raise httpx.RemoteProtocolError(str(error), request=request) from error
    except ConnectionError as error:
        raise httpx.ReadError(str(error), request=request) from error
