"""Who may talk to the gateway: checked before any route is looked up, so no route can forget it."""

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastapi.responses import JSONResponse

from penstock.serve.settings import KEY_VARIABLE, is_loopback
from penstock.serve.wire import error_body

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """ASGI middleware: with a key, every request must carry it as `Authorization: Bearer …`.

    Without one the gateway is on loopback, and a request must also *name* a loopback host:
    otherwise a web page could reach it through a name that resolves to 127.0.0.1.
    """

    def __init__(self, app: App, key: str = "") -> None:
        self._app = app
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 401 or 403."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        headers = {name.lower(): value for name, value in scope["headers"]}
        if self._key:
            scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
            if scheme.lower() != b"bearer" or not hmac.compare_digest(given.strip(), self._key):
                return await _refuse(scope, receive, send, 401, *_NO_KEY)
        elif not is_loopback(_host(headers.get(b"host", b"localhost").decode("latin-1"))):
            return await _refuse(scope, receive, send, 403, *_FOREIGN_HOST)
        return await self._app(scope, receive, send)


_NO_KEY = (
    "the key is missing or wrong: send it as `Authorization: Bearer …`",
    "authentication_error",
    "invalid_api_key",
)
_FOREIGN_HOST = (
    f"without a key only localhost may be named as the host; set {KEY_VARIABLE} to serve others",
    "permission_error",
    "foreign_host",
)


def _host(header: str) -> str:
    """The host in a Host header, without port and brackets."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].lower()


async def _refuse(
    scope: Scope, receive: Receive, send: Send, status: int, message: str, kind: str, code: str
) -> None:
    if scope["type"] == "websocket":
        return await send({"type": "websocket.close", "code": 1008, "reason": message})
    response = JSONResponse(
        error_body(message, kind=kind, code=code),
        status,
        headers={"WWW-Authenticate": "Bearer"} if status == 401 else None,
    )
    return await response(scope, receive, send)
