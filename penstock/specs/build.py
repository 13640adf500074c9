"""A frozen dataclass from plain data, strictly: unknown keys and wrong types name their line."""

import dataclasses
import json
import re
import typing
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from penstock.errors import UsageError
from penstock.text.nearest import did_you_mean

T = TypeVar("T")


def build(cls: type[T], values: Mapping[str, Any], where: Callable[[str], str], *, owner: str) -> T:
    """Make `cls` from `values`.

    `where` gives the `file:line` of a key, `owner` is how the user knows the thing
    (``step 3 `filter.word_count` ``). Raises UsageError for an unknown key (with the nearest one),
    a missing key, or a value of the wrong type.
    """
    known = [field.name for field in dataclasses.fields(cls) if field.init]  # type: ignore[arg-type]
    for key in values:
        if key not in known:
            raise UsageError(
                f"{owner}: no parameter `{key}`",
                where=where(key),
                hint=did_you_mean(key, known, label="parameters") or "it takes no parameters",
            )
    return _validated(cls, values, where, owner)


def _validated(
    cls: type[T], values: Mapping[str, Any], where: Callable[[str], str], owner: str
) -> T:
    from pydantic import TypeAdapter, ValidationError

    try:
        # JSON's strict mode takes lists for tuples and whole numbers for floats, and nothing else:
        # "5" is not a number and `true` is not 1.
        return TypeAdapter(cls).validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0]) if first["loc"] else ""
        if first["type"] == "missing":
            message, hint = f"{owner}: `{key}` is missing", f"add `{key}:`"
        elif key:
            message = f"{owner}: `{key}` is {_shown(first['input'])}: {_lower(first['msg'])}"
            hint = _type_hint(cls, key)
        else:
            message, hint = f"{owner}: {_lower(first['msg'])}", ""
            # A check of several values together names the one that is wrong.
            key = next((name for name in re.findall(r"`(\w+)`", message) if name in values), "")
        raise UsageError(message, where=where(key), hint=hint) from None
    except TypeError as error:  # a value that JSON cannot hold, such as a date
        raise UsageError(f"{owner}: {error}", where=where("")) from None


def _type_hint(cls: type, key: str) -> str:
    for field in dataclasses.fields(cls):
        if field.name == key:
            return f"`{key}` takes {type_name(field)}"
    return ""


def schema(cls: type) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a dataclass: what its YAML may say. Unknown keys are mistakes.

    >>> from penstock.ops.filter.word_count import WordCount
    >>> schema(WordCount)["properties"]["min"]["type"]
    'integer'
    """
    from pydantic import TypeAdapter

    return {**TypeAdapter(cls).json_schema(), "additionalProperties": False}


def type_name(field: dataclasses.Field[Any]) -> str:
    """The type of a field as its author wrote it.

    >>> from penstock.ops.filter.word_count import WordCount
    >>> type_name(dataclasses.fields(WordCount)[0])
    'int'
    """
    if isinstance(field.type, type) and not typing.get_args(field.type):
        return field.type.__name__
    return str(field.type).replace("typing.", "")


def _lower(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _shown(value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= 60 else shown[:57] + "..."
