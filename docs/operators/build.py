"""Write the pages of this folder from the operators' docstrings, fields and cases.

Run by `make docs`; a test holds the pages to what this would write.
"""

import dataclasses
import inspect
import itertools
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from penstock.ops.base import Filter, Group, Map, Operator, Read, Survey, Write
from penstock.ops.catalogue import entry, find, names
from penstock.specs.build import type_name

HERE = Path(__file__).parent
CASES = HERE.parents[1] / "tests" / "cases"
SHAPES = {
    Read: "read",
    Map: "map",
    Filter: "filter",
    Group: "group",
    Survey: "survey",
    Write: "write",
}
SHOWN = 3  # cases of an operator
LONGEST = 60  # characters of a text in a case


def pages() -> dict[str, str]:
    """Every page of the folder by its file name."""
    kinds = {
        kind: list(group)
        for kind, group in itertools.groupby(names(), lambda name: name.partition(".")[0])
    }
    found = {f"{kind}.md": page(kind, listed) for kind, listed in kinds.items()}
    return {"README.md": index(kinds), **found}


def index(kinds: dict[str, list[str]]) -> str:
    """The list of all operators."""
    total = sum(map(len, kinds.values()))
    lines = ["# Operators", "", f"{total} operators. `penstock ops NAME` says the same.", ""]
    for kind, listed in kinds.items():
        lines += [f"## [{kind}]({kind}.md)", "", "| operator | |", "|---|---|"]
        lines += [
            f"| [`{name}`]({kind}.md#{anchor(name)}) | {entry(name).summary} |" for name in listed
        ]
        lines.append("")
    return "\n".join(lines)


def anchor(name: str) -> str:
    """How a heading is linked to."""
    return name.replace(".", "")


def page(kind: str, listed: list[str]) -> str:
    """The operators of one kind."""
    parts = [f"# {kind}", *(part for name in listed for part in operator(name))]
    return "\n\n".join(parts) + "\n"


def operator(name: str) -> list[str]:
    """What there is to know of one operator, as paragraphs."""
    cls = find(name)
    shape = next(said for base, said in SHAPES.items() if issubclass(cls, base))
    parts = [f"## {name}", document(cls)]
    needs = f" Needs {', '.join(f'`{need}`' for need in cls.needs)}." if cls.needs else ""
    parts.append(f"Shape: {shape}.{needs}")
    rows = [
        f"| `{field.name}` | `{type_name(field)}` | {default(field)} |".replace(
            " | None", " or None"
        )
        for field in dataclasses.fields(cls)
    ]
    if rows:
        parts.append("\n".join(["| parameter | type | default |", "|---|---|---|", *rows]))
    if issubclass(cls, Filter):
        measured = ", ".join(f"`{name}` ({kind})" for name, kind in cls.measures.items())
        parts.append(f"Measures: {measured}.")
    cases = examples(name, cls)
    if cases:
        parts.append("Cases:\n\n```yaml\n" + "\n".join(cases) + "\n```")
    return parts


def document(cls: type[Operator]) -> str:
    """The docstring, with its examples as code."""
    out, code = [], False
    for line in (inspect.getdoc(cls) or "").split("\n"):
        is_code = line.startswith((">>>", "...")) or (code and line.strip() != "")
        if is_code != code:
            out.append("```python" if is_code else "```")
            code = is_code
        out.append(line)
    return "\n".join([*out, "```"] if code else out)


def default(field: "dataclasses.Field[Any]") -> str:
    """The default of a parameter as YAML would say it."""
    if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
        return "required"
    value = field.default
    if value is dataclasses.MISSING:
        return ""
    if isinstance(value, tuple):
        shown = f"[{', '.join(map(str, value))}]"
        return f"`{shown}`" if len(shown) <= LONGEST else f"{len(value)} values"
    return {None: "none", True: "`true`", False: "`false`", "": "`''`"}.get(value, f"`{value}`")


def examples(name: str, cls: type[Operator]) -> list[str]:
    """A few of the cases that the operator is tested with."""
    kind, _, file = name.partition(".")
    cases = YAML(typ="safe").load((CASES / kind / f"{file}.yaml").read_text("utf-8"))
    outcomes = ("result", "pieces", "drops", "measures")
    found = []
    for case in cases:
        text, outcome = case.get("text"), [key for key in outcomes if key in case]
        if not isinstance(text, str) or not text.strip() or len(text) > LONGEST or not outcome:
            continue
        shown = {key: case[key] for key in ("params", "given", "text", *outcome) if key in case}
        if len(str(shown)) <= 4 * LONGEST:
            found.append(f"- {flow(shown)}")
    return found[:SHOWN] if issubclass(cls, Map | Filter) else []


def flow(value: Any) -> str:
    """A value as YAML on one line."""
    import json

    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    for old in HERE.glob("*.md"):
        old.unlink()
    for name, text in pages().items():
        (HERE / name).write_text(text, "utf-8")
