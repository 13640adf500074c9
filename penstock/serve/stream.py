"""From an engine's blocking iterator to the event loop, ending the work when the client goes."""

import asyncio
import contextlib
import logging
import threading
import traceback
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor

from fastapi import Request as HttpRequest

from penstock.errors import PenstockError
from penstock.serve.engine import Delta, Engine, Request

log = logging.getLogger(__name__)
Put = Callable[[Delta], None]


async def stream_deltas(
    engine: Engine, request: Request, pool: Executor, http: HttpRequest | None = None
) -> AsyncIterator[Delta]:
    """The deltas of one answer, from a thread of `pool`.

    The iteration ends early when the client of `http` disconnects, and the engine's iterator is
    closed at its next delta when this one is closed, for whatever reason. An engine's exception
    that is not a PenstockError becomes one.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Delta | PenstockError | None] = asyncio.Queue()
    leave = threading.Event()

    def put(item: Delta | PenstockError | None) -> None:
        loop.call_soon_threadsafe(queue.put_nowait, item)

    def work() -> None:
        try:
            if not leave.is_set():
                _pump(engine, request, leave, put)
        except PenstockError as error:
            put(error)
        except Exception as error:
            put(_breakdown(error))
        finally:
            put(None)

    async def watch() -> None:
        if http is not None and await _disconnected(http):
            leave.set()
            queue.put_nowait(None)

    working = loop.run_in_executor(pool, work)
    watching = asyncio.create_task(watch())
    try:
        while (item := await queue.get()) is not None:
            if isinstance(item, PenstockError):
                raise item
            yield item
    finally:
        leave.set()
        working.cancel()  # one that still waits for a thread never starts
        watching.cancel()


def _pump(engine: Engine, request: Request, leave: threading.Event, put: Put) -> None:
    deltas = engine.generate(request)
    with contextlib.closing(deltas):
        for delta in deltas:
            if leave.is_set():
                return
            put(delta)


async def _disconnected(http: HttpRequest) -> bool:
    # The body has been read, so the next message can only say that the client has gone.
    return str((await http.receive())["type"]) == "http.disconnect"


def _breakdown(error: Exception) -> PenstockError:
    """The engine's own failure, told without its message: that could quote a prompt."""
    kind = type(error).__name__
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("the engine broke down: %s\n%s", kind, frames)
    return PenstockError(
        f"the engine broke down ({kind})", hint="the endpoint's log shows where, without the prompt"
    )
