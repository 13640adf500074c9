"""Every failure as an HTTP status and a body in OpenAI's shape."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from penstock.errors import AuthError, MissingError, PenstockError, UsageError
from penstock.serve.wire import error_body


def add_error_handlers(app: FastAPI) -> None:
    """Answer every exception of this app with `error_body`."""
    app.add_exception_handler(PenstockError, _on_penstock_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_body)
    app.add_exception_handler(HTTPException, _on_http_error)


def described(error: PenstockError) -> tuple[int, dict[str, Any]]:
    """The status and the body for an error of ours.

    >>> described(UsageError("too long", where="messages"))[0]
    400
    """
    message = f"{error.message}; {error.hint}" if error.hint else error.message
    if isinstance(error, UsageError):
        return 400, error_body(message, kind="invalid_request_error", param=error.where)
    if isinstance(error, MissingError):
        kind = "invalid_request_error"
        return 404, error_body(message, kind=kind, param=error.where, code="not_found")
    if isinstance(error, AuthError):
        return 401, error_body(message, kind="authentication_error", code="invalid_api_key")
    return 500, error_body(message, kind="server_error")


async def _on_penstock_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, PenstockError)
    status, body = described(error)
    return JSONResponse(body, status)


async def _on_invalid_body(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    # Of the branches of a union, the one that got furthest is the one that was meant.
    first = max(error.errors(), key=lambda one: len(one["loc"]))
    name = ".".join(str(part) for part in first["loc"][1:] if not _is_branch(part))
    code = "invalid_value"
    if first["type"] == "json_invalid":
        message, name = "the body is not JSON", ""
    elif first["type"] == "extra_forbidden":
        message = f"the field `{name}` is not supported by this endpoint"
        code = "unsupported_parameter"
    elif first["type"] == "missing" and name:
        message = f"the field `{name}` is missing"
    elif not name:
        message = "the body must be a JSON object, sent as Content-Type: application/json"
    else:
        message = f"the field `{name}` cannot have this value: {first['msg']}"
    body = error_body(message, kind="invalid_request_error", param=name, code=code)
    return JSONResponse(body, 400)


def _is_branch(part: str | int) -> bool:
    """Whether pydantic names a branch of a union that it tried; to a client that is noise."""
    return isinstance(part, str) and (part.endswith(("]", "-str")) or part == "str")


async def _on_http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    body = error_body(str(error.detail), kind="invalid_request_error")
    return JSONResponse(body, error.status_code, headers=error.headers)
