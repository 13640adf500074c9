"""What a `kind: endpoint` file says."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from penstock.errors import UsageError
from penstock.specs.build import build
from penstock.specs.read import Spec

KEY_VARIABLE = "PENSTOCK_KEY"
_HEAD = ("kind", "name")


@dataclass(frozen=True)
class Endpoint:
    """A model to serve, the adapters beside it, and where.

    `model` is a folder or a hub id, `adapters` maps names to adapter folders (or whole models);
    beside adapters the model is served as `base`, alone under its own name.
    `port` 0 takes a free one. `max_tokens` and `temperature` are for requests that do not say.
    `startup_seconds` is how long loading may take. The `scripted` engine takes a JSON file of
    answers as its `model`; it is for tests. The key is no setting: it comes from PENSTOCK_KEY.
    """

    model: str
    adapters: Mapping[str, str] = field(default_factory=dict)
    engine: Literal["hf", "scripted"] = "hf"
    host: str = "127.0.0.1"
    port: int = 0
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    max_tokens: int = 512
    temperature: float = 1.0
    startup_seconds: float = 600.0

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError("`port` must be between 0 and 65535")
        if self.max_tokens < 1:
            raise ValueError("`max_tokens` must be at least 1")
        if not 0 <= self.temperature <= 2:
            raise ValueError("`temperature` must be between 0 and 2")


def load_endpoint(spec: Spec) -> Endpoint:
    """The endpoint that a spec describes. Raises UsageError, with the line, if it is wrong.

    >>> from penstock.specs.read import parse_spec
    >>> load_endpoint(parse_spec("kind: endpoint\\nmodel: out/base\\nport: 8000")).port
    8000
    """
    values = {key: value for key, value in spec.data.items() if key not in _HEAD}
    if "key" in values:
        raise UsageError(
            "a key does not belong into a file",
            where=spec.where("key"),
            hint=f"set it in the environment: {KEY_VARIABLE}=…",
        )
    return build(Endpoint, values, spec.where, owner="endpoint")


def key_in_force() -> str:
    """The key that requests must carry, from the environment; "" when there is none."""
    return os.environ.get(KEY_VARIABLE, "")


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_address(host: str, key: str) -> None:
    """Refuse (UsageError) to listen for other machines while there is no key."""
    if not key and not is_loopback(host):
        raise UsageError(
            f"host {host} can be reached from other machines, and there is no key",
            hint=f"set {KEY_VARIABLE} to a long random text, or use host 127.0.0.1",
        )
