"""The process that serves an endpoint: `python -m penstock.serve.server RUN --parent PID`."""

import argparse
import logging
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from penstock.data.atomic import write_json
from penstock.errors import PenstockError
from penstock.runs.children import end_with
from penstock.runs.folder import read_run
from penstock.serve.engine import Engine
from penstock.serve.settings import Endpoint, check_address, key_in_force

ADDRESS = "address.json"  # the file in the run folder that says where the server listens
DRAIN_SECONDS = 30  # how long answers that are being written may go on after SIGTERM
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where a server on all addresses is reached


def serve(folder: Path, *, trust: bool = False) -> None:
    """Serve the endpoint that the run folder describes, until SIGTERM or SIGINT."""
    import uvicorn

    from penstock.serve.app import make_app
    from penstock.serve.wire import Defaults

    endpoint = Endpoint(**read_run(folder).record["spec"])
    key = key_in_force()
    check_address(endpoint.host, key)
    with _listening(endpoint) as listener:
        defaults = Defaults(endpoint.max_tokens, endpoint.temperature)
        app = make_app(open_engine(endpoint, trust=trust), defaults=defaults, key=key)
        # uvicorn's own log lines name method, path and status, never a body.
        config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=DRAIN_SECONDS)
        write_json(folder / ADDRESS, {"url": _url(endpoint.host, listener), "pid": os.getpid()})
        uvicorn.Server(config).run(sockets=[listener])


def open_engine(endpoint: Endpoint, *, trust: bool = False) -> Engine:
    """Load the engine that an endpoint names. Raises what the engine raises."""
    if endpoint.engine == "scripted":
        from penstock.serve.scripted import ScriptedEngine, read_script

        return ScriptedEngine(read_script(Path(endpoint.model)))
    from penstock.serve.hf import HfEngine

    adapters: Mapping[str, str] = endpoint.adapters
    return HfEngine(endpoint.model, adapters, dtype=endpoint.dtype, trust=trust)


def main(argv: Sequence[str] | None = None) -> int:
    """The entry of the child process; gives its exit code."""
    parser = argparse.ArgumentParser(prog="penstock.serve.server")
    parser.add_argument("run", type=Path)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--trust", action="store_true")
    options = parser.parse_args(argv)
    end_with(options.parent, grace=DRAIN_SECONDS + 5)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # httpx names every URL that it fetches from the hub; what the server does would drown in it.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        serve(options.run, trust=options.trust)
    except PenstockError as error:
        print(error.render(), file=sys.stderr, flush=True)
        return error.exit_code
    return 0


def _listening(endpoint: Endpoint) -> socket.socket:
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    # Naming the protocol is what lets asyncio switch Nagle's algorithm off for the connections:
    # without it every streamed answer waits 40 ms for the client to acknowledge the headers.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((endpoint.host, endpoint.port))
        listener.listen(2048)
        return listener
    except OSError as error:
        listener.close()
        raise PenstockError(
            f"cannot listen on {endpoint.host}:{endpoint.port}: {error.strerror or error}",
            hint="`port: 0` takes a free one",
        ) from error


def _url(host: str, listener: Any) -> str:
    reached = _WILDCARDS.get(host, host)
    return f"http://{f'[{reached}]' if ':' in reached else reached}:{listener.getsockname()[1]}"


if __name__ == "__main__":
    sys.exit(main())
