"""Conditions on the columns of a batch, evaluated by Arrow."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from penstock.data.schema import column
from penstock.errors import RecordError, UsageError
from penstock.text.expression import VALUES, dotted, literal, parse

_COMPARE: dict[type, Callable[..., Any]] = {
    ast.Eq: pc.equal, ast.NotEq: pc.not_equal, ast.Lt: pc.less, ast.LtE: pc.less_equal,
    ast.Gt: pc.greater, ast.GtE: pc.greater_equal,
}  # fmt: skip
_ARITHMETIC: dict[type, Callable[..., Any]] = {
    ast.Add: pc.add_checked, ast.Sub: pc.subtract_checked, ast.Mult: pc.multiply_checked,
    ast.Div: lambda one, other: pc.divide(_number(one), _number(other)),
}  # fmt: skip
_OF_ONE: dict[str, Callable[..., Any]] = {
    "lower": pc.utf8_lower, "upper": pc.utf8_upper, "strip": pc.utf8_trim_whitespace,
    "abs": pc.abs_checked, "is_null": pc.is_null,
}  # fmt: skip
_OF_TEXT: dict[str, Callable[..., Any]] = {
    "startswith": pc.starts_with, "endswith": pc.ends_with, "contains": pc.match_substring,
    "matches": pc.match_substring_regex,
}  # fmt: skip


def holds(where: str, rows: pa.RecordBatch) -> pa.Array:
    """For each row whether the condition is true; where it is null it is not.

    Raises UsageError for a column that is not there, or of a type that the condition does not fit,
    and RecordError where a value of a row does not, such as a sum too large.
    """
    value = _value(parse(where), rows)
    if not pa.types.is_boolean(value.type):
        raise UsageError(
            f"`{where}` is {value.type}, neither true nor false", hint="compare it: `… > 0`"
        )
    if isinstance(value, pa.Scalar):
        value = pa.repeat(value, rows.num_rows)
    return pc.fill_null(value, False)


def _value(node: ast.expr, rows: pa.RecordBatch) -> Any:
    try:
        return _evaluated(node, rows)
    except pa.ArrowException as error:
        why = f"`{ast.unparse(node)}` cannot be computed: {str(error).partition(chr(10))[0]}"
        if isinstance(error, pa.ArrowInvalid) and rows.num_rows:
            raise RecordError(why) from error
        columns = ", ".join(f"{one.name} ({one.type})" for one in rows.schema)
        raise UsageError(why, hint=f"the columns are {columns}") from error


def _evaluated(node: ast.expr, rows: pa.RecordBatch) -> Any:
    if isinstance(node, ast.BoolOp):
        combine = pc.and_kleene if isinstance(node.op, ast.And) else pc.or_kleene
        found, *others = (_value(one, rows) for one in node.values)
        for other in others:
            found = combine(found, other)
        return found
    if isinstance(node, ast.UnaryOp):
        operand = _value(node.operand, rows)
        return pc.invert(operand) if isinstance(node.op, ast.Not) else pc.negate_checked(operand)
    if isinstance(node, ast.BinOp):
        return _ARITHMETIC[type(node.op)](_value(node.left, rows), _value(node.right, rows))
    if isinstance(node, ast.Compare):
        return _compared(node, rows)
    if isinstance(node, ast.Call):
        return _called(node, rows)
    if isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id in VALUES):
        return pa.scalar(literal(node))
    return _plain(column(rows, dotted(node)))


def _compared(node: ast.Compare, rows: pa.RecordBatch) -> Any:
    """`a < b <= c` is `a < b and b <= c`."""
    sides = [node.left, *node.comparators]
    found = None
    for left, sign, right in zip(sides, node.ops, sides[1:], strict=False):
        one = _relation(left, sign, right, rows)
        found = one if found is None else pc.and_kleene(found, one)
    return found


def _relation(left: ast.expr, sign: ast.cmpop, right: ast.expr, rows: pa.RecordBatch) -> Any:
    one = _value(left, rows)
    if isinstance(sign, ast.Is | ast.IsNot):
        found = pc.is_null(one) if _is_null(right) else pc.equal(*_alike(one, _value(right, rows)))
        return pc.invert(found) if isinstance(sign, ast.IsNot) else found
    if isinstance(sign, ast.In | ast.NotIn):
        found = _within(one, right, rows)
        return pc.invert(found) if isinstance(sign, ast.NotIn) else found
    return _COMPARE[type(sign)](*_alike(one, _value(right, rows)))


def _within(one: Any, right: ast.expr, rows: pa.RecordBatch) -> Any:
    if isinstance(right, ast.List | ast.Tuple):
        values = pa.array([literal(item) for item in right.elts])
        kind = one.type if pa.types.is_null(values.type) else values.type
        if pa.types.is_floating(kind) and pa.types.is_integer(one.type):
            one = one.cast(kind)
        found = pc.is_in(one, value_set=values.cast(one.type))
        return pc.if_else(pc.is_valid(one), found, pa.scalar(None, pa.bool_()))
    if not isinstance(one, pa.Scalar):
        raise UsageError("what stands before `in` is a text in quotes, or after it stands a list")
    return pc.match_substring(_value(right, rows), one.as_py())


def _called(node: ast.Call, rows: pa.RecordBatch) -> Any:
    assert isinstance(node.func, ast.Name)
    name = node.func.id
    if name == "column":
        return _plain(column(rows, str(literal(node.args[0]))))
    value = _value(node.args[0], rows)
    if name == "len":
        is_text = pa.types.is_string(value.type) or pa.types.is_large_string(value.type)
        return (pc.utf8_length if is_text else pc.list_value_length)(value)
    if name in _OF_ONE:
        return _OF_ONE[name](value)
    pattern = str(literal(node.args[1]))
    if name == "matches":
        _check_pattern(pattern)
    return _OF_TEXT[name](value, pattern)


def _check_pattern(pattern: str) -> None:
    # Arrow looks at the pattern only when there is a text to match.
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        raise UsageError(
            f"`{pattern}` is no regular expression: {error}", hint="the syntax is RE2's"
        ) from error


def _alike(one: Any, other: Any) -> tuple[Any, Any]:
    """Both sides of a comparison; a text that is compared with a date or time is one too."""
    for left, right, turned in ((one, other, False), (other, one, True)):
        is_text = isinstance(right, pa.Scalar) and pa.types.is_string(right.type)
        if is_text and pa.types.is_temporal(left.type):
            right = right.cast(left.type)
            return (right, left) if turned else (left, right)
    return one, other


def _is_null(node: ast.expr) -> bool:
    try:
        return literal(node) is None
    except ValueError:
        return False


def _number(value: Any) -> Any:
    return value.cast(pa.float64())


def _plain(values: pa.Array) -> pa.Array:
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
