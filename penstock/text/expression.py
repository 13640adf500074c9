"""Conditions on columns, such as `language_score > 0.8 and domain not in ["x.example"]`.

The syntax is a small part of Python's. Nothing is ever executed as Python: an expression is parsed,
whatever is not listed here is refused, and who evaluates it walks the tree that is left.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from penstock.text.nearest import did_you_mean

LONGEST = 10_000
DEEPEST = 50
# The functions by name, with how many arguments they take.
FUNCTIONS = {
    "len": 1, "lower": 1, "upper": 1, "strip": 1, "abs": 1, "is_null": 1, "column": 1,
    "startswith": 2, "endswith": 2, "contains": 2, "matches": 2,
}  # fmt: skip
# Those that take a text in quotes, as the last of them.
IN_QUOTES = ("column", "startswith", "endswith", "contains", "matches")
# Names that stand for values, as YAML and SQL write them.
VALUES = {"true": True, "false": False, "null": None}
_NODES = (
    ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub,
    ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn,
    ast.Is, ast.IsNot, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div,
    ast.Name, ast.Attribute, ast.Load, ast.Constant, ast.Call,
)  # fmt: skip
_OFFERED = "names of columns, numbers, texts, lists of them, comparisons, in, and, or, not, + - * /"


def parse(text: str) -> ast.expr:
    """The tree of an expression. Raises ValueError that says what in it is not understood.

    >>> ast.unparse(parse("score >= 0.5 and not is_null(url)"))
    'score >= 0.5 and (not is_null(url))'
    """
    if len(text) > LONGEST:
        raise ValueError(f"it has {len(text):,} characters, more than {LONGEST:,}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = error.msg if isinstance(error, SyntaxError) else str(error)
        raise ValueError(f"it cannot be read: {why}") from None
    nodes = list(_walk(tree))
    for node in nodes:
        _check(node)
    return tree


def dotted(node: ast.expr) -> str:
    """The name of a column as it is written, dots and all.

    >>> dotted(parse("gopher_quality.words"))
    'gopher_quality.words'
    """
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    raise ValueError(f"`{ast.unparse(node)}` is not the name of a column")


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    # Not by recursion, which a deep enough tree would break.
    stack = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        if depth > DEEPEST:
            raise ValueError(f"it is nested more than {DEEPEST} deep")
        yield node
        stack += [(child, depth + 1) for child in _children(node)]


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """What is below a node, but for the lists after `in`, which are looked at here."""
    listed: list[ast.AST] = []
    if isinstance(node, ast.Compare):
        for sign, side in zip(node.ops, node.comparators, strict=True):
            if isinstance(sign, ast.In | ast.NotIn) and isinstance(side, ast.List | ast.Tuple):
                listed.append(side)
                for item in side.elts:
                    literal(item)
    return (child for child in ast.iter_child_nodes(node) if child not in listed)


def _check(node: ast.AST) -> None:
    if isinstance(node, ast.List | ast.Tuple):
        raise ValueError(f"`{ast.unparse(node)[:60]}`: a list stands after `in` only")
    if not isinstance(node, _NODES):
        shown = ast.unparse(node) if isinstance(node, ast.expr) else type(node).__name__
        raise ValueError(f"`{shown[:60]}` is not understood; an expression has {_OFFERED}")
    if isinstance(node, ast.Attribute):
        dotted(node)
    elif isinstance(node, ast.Constant):
        _check_constant(node)
    elif isinstance(node, ast.Call):
        _check_call(node)


def _check_constant(node: ast.Constant) -> None:
    value = node.value
    if not isinstance(value, str | int | float | bool | None):
        raise ValueError(f"`{ast.unparse(node)[:60]}` is neither a number nor a text")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError(f"{str(value)[:30]} is larger than numbers here can be")


def _check_call(node: ast.Call) -> None:
    name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
    if name not in FUNCTIONS:
        hint = did_you_mean(name, FUNCTIONS, label="functions")
        raise ValueError(f"there is no function `{name[:60]}` ({hint})")
    if node.keywords or len(node.args) != FUNCTIONS[name]:
        raise ValueError(f"`{name}` takes {FUNCTIONS[name]} of them, in its brackets")
    if name in IN_QUOTES:
        last = node.args[-1]
        if not (isinstance(last, ast.Constant) and isinstance(last.value, str)):
            raise ValueError(f"`{name}` takes a text in quotes, not `{ast.unparse(last)[:60]}`")


def literal(node: ast.expr) -> str | int | float | bool | None:
    """The value that a node stands for by itself. Raises ValueError where it is none.

    >>> literal(parse("-3")), literal(parse("null"))
    (-3, None)
    """
    if isinstance(node, ast.Constant):
        return node.value  # type: ignore[return-value]
    if isinstance(node, ast.Name) and node.id in VALUES:
        return VALUES[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = literal(node.operand)
        if isinstance(value, int | float):
            return -value
    raise ValueError(f"`{ast.unparse(node)[:60]}` is not a value; a list holds numbers and texts")
