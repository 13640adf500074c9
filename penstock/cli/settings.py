"""Which settings are in force: flag, then environment, then `penstock.toml`, then default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penstock.errors import UsageError
from penstock.text.sizes import parse_size

FILE = "penstock.toml"
DEFAULTS: Mapping[str, Any] = {
    "runs": "runs",
    "engine": "local",
    "workers": None,
    "memory": None,
    "trust": False,
}


@dataclass(frozen=True)
class Setting:
    """A setting's value, and where it comes from."""

    name: str
    value: Any
    origin: str


def in_force(flags: Mapping[str, Any] | None = None) -> dict[str, Setting]:
    """Every setting with its origin. A flag that is None was not given.

    Raises UsageError for an unknown key in penstock.toml, or a value of the wrong type.
    """
    told = _file()
    return {name: _setting(name, (flags or {}).get(name), told) for name in DEFAULTS}


def _setting(name: str, flag: Any, told: Mapping[str, Any]) -> Setting:
    variable = f"PENSTOCK_{name.upper()}"
    if flag is not None:
        value = _parsed(name, flag, f"--{name}") if name == "memory" else flag
        return Setting(name, value, "flag")
    if os.environ.get(variable):
        return Setting(name, _parsed(name, os.environ[variable], variable), variable)
    if name in told:
        return Setting(name, _parsed(name, str(told[name]), FILE), FILE)
    return Setting(name, DEFAULTS[name], "default")


def _file() -> Mapping[str, Any]:
    import tomllib

    path = Path(FILE)
    if not path.is_file():
        return {}
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"not valid TOML: {error}", where=FILE) from None
    for key in told:
        if key not in DEFAULTS:
            raise UsageError(
                f"unknown setting `{key}`", where=FILE, hint=f"settings: {', '.join(DEFAULTS)}"
            )
    return told


def _parsed(name: str, text: str, origin: str) -> Any:
    if name == "workers":
        if not text.isdecimal() or text == "0":
            raise UsageError(f"workers is `{text}`", where=origin, hint="a whole number from 1")
        return int(text)
    if name == "memory":
        try:
            return parse_size(text)
        except ValueError as error:
            raise UsageError(f"memory: {error}", where=origin) from None
    if name == "trust":
        return text.lower() in ("1", "true", "yes")
    return text
