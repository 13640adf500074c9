"""Compute columns with SQL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.data.schema import FIXED
from penstock.errors import RecordError, UsageError
from penstock.ops.base import Map

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

NUMBER = "__number"
# One thread, so that a result depends on nothing else; and no way out of the process.
SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
    "temp_directory": "",
    "lock_configuration": True,
}


@dataclass(frozen=True)
class Sql(Map):
    """Run a DuckDB query over the table `rows`: `select *, length(text) as chars from rows`.

    It must give each row once and keep `*`, whose hidden row number shows that: `* exclude (a)` and
    `* replace (trim(text) as text)` leave out and change columns, `column.select` leaves out
    afterwards. The rows come a batch at a time, so aggregates and windows over them are refused,
    and so is what gives another answer each time (`random()`, `now()`). Files, network, extensions
    and settings are shut off. A mistake in the query is told before the run starts; a value that
    it fails on, such as a text cast to a number, quarantines its document.

    >>> Sql(query="select *, length(text) as chars from rows").needs
    ('duckdb',)
    """

    needs: ClassVar[tuple[str, ...]] = ("duckdb",)

    query: str

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows with what the query makes of them."""
        import numpy as np
        import pyarrow as pa

        numbers = pa.array(np.arange(rows.num_rows))
        found = self._run(pa.Table.from_batches([rows.append_column(NUMBER, numbers)]))
        twice = {name for name in found.schema.names if found.schema.names.count(name) > 1}
        if twice:
            raise UsageError(
                f"column.sql: the result has two columns called `{min(twice)}`",
                hint="to change a column write `select * replace (… as name)`",
            )
        if NUMBER not in found.schema.names:
            raise UsageError(
                "column.sql: the result has lost the row numbers, which come with `*`",
                hint="write `select *, … from rows`; `* exclude (a, b)` leaves columns out",
            )
        order = found.column(NUMBER).to_numpy()
        if not np.array_equal(np.sort(order), np.arange(rows.num_rows)):
            raise UsageError(
                f"column.sql: the query gave {found.num_rows} rows for {rows.num_rows}, or some of"
                " them twice",
                hint="each row must come out once; to drop rows use a filter",
            )
        if not np.array_equal(order, np.arange(rows.num_rows)):
            found = found.take(pa.array(np.argsort(order, kind="stable")))
        return _with_identity(rows, found)

    def _run(self, table: pa.Table) -> pa.Table:
        import duckdb

        connection = self._connection
        connection.register("rows", table)
        try:
            return connection.sql(self.query).to_arrow_table()
        except duckdb.Error as error:
            of_values = isinstance(error, duckdb.DataError | duckdb.InvalidInputException)
            if of_values and table.num_rows:
                raise RecordError(f"column.sql: {_first(error)}") from error
            raise self._mistake(error) from None
        finally:
            connection.unregister("rows")

    def _mistake(self, error: Exception) -> UsageError:
        """What DuckDB says of the query, with the line and character that its caret points at."""
        import duckdb

        try:
            self._connection.execute(self.query)
        except duckdb.Error as placed:  # `sql` has told the same without the place
            error = placed
        lines = str(error).splitlines()
        where = "the query"
        for line, below in pairwise(lines):
            found = re.match(r"LINE (\d+): ", line)
            if found and "^" in below:
                where += f", line {found[1]}, character {below.index('^') - found.end() + 1}"
        hints = [line for line in lines[1:] if line.startswith(("Did you", "Candidate bindings"))]
        return UsageError(f"column.sql: {_first(error)}", where=where, hint="".join(hints[:1]))

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        """A database in memory; the query has been checked against it."""
        import duckdb

        connection = duckdb.connect(":memory:", config=SETTINGS)
        parsed = connection.execute("select json_serialize_sql($1)", [self.query]).fetchall()
        tree = json.loads(parsed[0][0])
        if not tree["error"]:
            reason = next(_reasons(tree, connection), "")
        else:  # mistakes of grammar are told by running the query, with their place
            reason = tree["error_message"] if tree["error_type"] != "parser" else ""
        if reason:
            raise UsageError(f"column.sql: {reason}", hint="write `select *, … from rows`")
        return connection


def _reasons(tree: dict[str, Any], connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Why the query cannot give one row for each row, and the same each time."""
    if len(tree["statements"]) != 1:
        yield f"these are {len(tree['statements'])} queries; write one"
        return
    node = tree["statements"][0]["node"]
    modifiers = {modifier["type"] for modifier in node["modifiers"]} - {"ORDER_MODIFIER"}
    if modifiers or any(node.get(key) for key in ("where_clause", "qualify", "sample")):
        yield "the query drops rows; filters do that, and the ledger then says why"
    known = "select distinct function_name, function_type, stability from duckdb_functions()"
    kinds = {name: (kind, stability) for name, kind, stability in connection.sql(known).fetchall()}
    for name in dict.fromkeys(_called(tree)):
        kind, stability = kinds.get(name, ("", "CONSISTENT"))
        if kind == "aggregate":
            yield (
                f"`{name}` needs all rows, and the query sees a batch at a time; for the items of a"
                " list there is list_sum, list_max and so on"
            )
        if stability not in ("CONSISTENT", None):
            yield f"`{name}` gives another answer each time, so the run could not be repeated"
    if any(part.get("class") == "WINDOW" for part in _parts(tree)):
        yield "a window (`over`) needs all rows, and the query sees a batch at a time"


def _called(tree: Any) -> Iterator[str]:
    """The functions in a query; current_date and its like are written as columns."""
    for part in _parts(tree):
        if part.get("class") == "FUNCTION" or part.get("type") == "TABLE_FUNCTION":
            yield str(part.get("function_name", "")).lower()
        elif part.get("class") == "COLUMN_REF" and len(part["column_names"]) == 1:
            name = str(part["column_names"][0]).lower()
            if name.startswith(("current_", "localtime")):
                yield name


def _parts(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
    for child in tree.values() if isinstance(tree, dict) else tree:
        if isinstance(child, dict | list):
            yield from _parts(child)


def _with_identity(rows: pa.RecordBatch, found: pa.Table) -> pa.RecordBatch:
    """The result after the identity of each row, which a query may leave out but not change."""
    import pyarrow as pa

    own = [name for name in FIXED if name in rows.schema.names]
    for name in own:
        if name in found.schema.names and not found.column(name).combine_chunks().equals(
            rows.column(name)
        ):
            raise UsageError(
                f"column.sql: the query changes `{name}`, by which the ledger finds documents"
            )
    columns = {name: rows.column(name) for name in own}
    for name in found.schema.names:
        if name not in (*own, NUMBER):
            columns[name] = found.column(name).combine_chunks()
    return pa.RecordBatch.from_pydict(columns)


def _first(error: Exception) -> str:
    return str(error).partition("\n")[0]
