"""The gateway: OpenAI's routes in front of an engine."""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse, Response, StreamingResponse

from penstock.errors import PenstockError
from penstock.serve.engine import Delta, Engine, Request, Usage, find_model
from penstock.serve.failures import add_error_handlers, described
from penstock.serve.guard import Guard
from penstock.serve.stream import stream_deltas
from penstock.serve.wire import (
    ChatBody,
    CompletionBody,
    Defaults,
    Reply,
    error_body,
    model_list,
)

log = logging.getLogger(__name__)
THREADS = 64  # answers that may be waited for at once; each holds one thread


def make_app(engine: Engine, *, defaults: Defaults | None = None, key: str = "") -> FastAPI:
    """The ASGI app that serves `engine`; with a `key`, every route asks for it.

    The app closes the engine when it is shut down.
    """
    gateway = Gateway(engine, defaults or Defaults())

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        gateway.warm_up()
        yield
        gateway.close()

    # The documentation pages would load scripts from elsewhere.
    app = FastAPI(title="penstock", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.add_middleware(Guard, key=key)
    add_error_handlers(app)
    app.post("/v1/chat/completions", response_model=None)(gateway.chat)
    app.post("/v1/completions", response_model=None)(gateway.completions)
    app.get("/v1/models", response_model=None)(gateway.models)
    app.get("/ping", response_model=None)(gateway.ping)
    app.get("/health", response_model=None)(gateway.health)
    return app


class Gateway:
    """The routes, and what they share: the engine, threads to wait in, and the proof of life."""

    def __init__(self, engine: Engine, defaults: Defaults) -> None:
        self._engine = engine
        self._defaults = defaults
        self._pool = ThreadPoolExecutor(THREADS, "answer")
        self._started = int(time.time())
        self._proof: asyncio.Task[None] | None = None

    def warm_up(self) -> asyncio.Task[None]:
        """Begin, once, to generate one token with every model."""
        if self._proof is None:
            self._proof = asyncio.create_task(self._prove())
        return self._proof

    def close(self) -> None:
        """Let answers that are being written end, and close the engine."""
        if self._proof is not None:
            self._proof.cancel()
        self._engine.close()
        self._pool.shutdown()

    async def health(self) -> JSONResponse:
        """Whether the process is alive: always 200."""
        return JSONResponse({"status": "ok"})

    async def ping(self) -> Response:
        """Whether it can answer: 200 once every model has generated a token, else 503."""
        proof = self.warm_up()
        if not proof.done() or proof.cancelled():
            return JSONResponse({"status": "starting"}, 503)
        if (failure := proof.exception()) is not None:
            return JSONResponse(error_body(str(failure), kind="server_error"), 503)
        return JSONResponse({"status": "ready"})

    async def models(self) -> JSONResponse:
        """GET /v1/models."""
        return JSONResponse(model_list(self._engine.models(), self._started))

    async def chat(self, body: ChatBody, http: HttpRequest) -> Response:
        """POST /v1/chat/completions."""
        return await self._answer(body, http)

    async def completions(self, body: CompletionBody, http: HttpRequest) -> Response:
        """POST /v1/completions."""
        return await self._answer(body, http)

    async def _answer(self, body: ChatBody | CompletionBody, http: HttpRequest) -> Response:
        model = find_model(self._engine.models(), body.model)
        reply = Reply(model, chat=isinstance(body, ChatBody))
        deltas = stream_deltas(self._engine, body.request(self._defaults), self._pool, http)
        headers = {"x-model-digest": model.digest}
        if not body.stream:
            return await _whole(deltas, reply, headers)
        # What is wrong with the question shows at the first delta, before a status is sent.
        first = await anext(deltas, Delta())
        events = _events(first, deltas, reply, body.stream_options.include_usage)
        headers |= {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        return StreamingResponse(events, headers=headers, media_type="text/event-stream")

    async def _prove(self) -> None:
        """Generate one token with every model."""
        for model in self._engine.models():
            request = Request(model.name, max_tokens=1, prompt="1", temperature=0.0)
            async for _ in stream_deltas(self._engine, request, self._pool):
                pass
            log.info("model %s answers", model.name)


async def _whole(deltas: AsyncIterator[Delta], reply: Reply, headers: dict[str, str]) -> Response:
    """The answer in one body."""
    text, reason, usage = [], None, Usage(0, 0)
    async for delta in deltas:
        text.append(delta.text)
        reason, usage = delta.finish_reason or reason, delta.usage or usage
    if reason is None:
        return Response(status_code=499)  # the client has gone, nobody reads this
    return JSONResponse(reply.whole("".join(text), reason, usage), headers=headers)


async def _events(
    first: Delta, rest: AsyncIterator[Delta], reply: Reply, include_usage: bool
) -> AsyncIterator[str]:
    """The answer as server-sent events; an engine that breaks down ends it with an error event."""
    try:
        for chunk in reply.opening():
            yield _event(chunk)
        usage = Usage(0, 0)
        async for delta in _chain(first, rest):
            usage = delta.usage or usage
            for chunk in reply.piece(delta):
                yield _event(chunk)
        if include_usage:
            yield _event(reply.counts(usage))
        yield "data: [DONE]\n\n"
    except PenstockError as error:
        yield _event(described(error)[1])
    finally:
        await rest.aclose()  # type: ignore[attr-defined]


async def _chain(first: Delta, rest: AsyncIterator[Delta]) -> AsyncIterator[Delta]:
    yield first
    async for delta in rest:
        yield delta


def _event(chunk: dict[str, object]) -> str:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
