"""How the measures of a run are distributed, and where its thresholds stand: one HTML page."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from penstock.data.atomic import write_text
from penstock.errors import PenstockError
from penstock.ops.base import Filter, Rule, failing
from penstock.recipe.load import Step
from penstock.recipe.plan import plan
from penstock.recipe.records import measuring
from penstock.recipe.whatif import recorded_recipe
from penstock.runs.folder import Run

BINS = 48
SAMPLE = 100_000  # values of a shard that decide where the bins stand
TOP = 12  # values of a measure that is no number
WIDTH, HEIGHT = 640, 120


@dataclass(frozen=True)
class Distribution:
    """How one measure is distributed.

    `counts` are those of the bins between `edges`; what stands outside is in the first and last.
    For a measure that is no number, `values` are its commonest.
    """

    step: Step
    measure: str
    rules: tuple[Rule, ...]
    rows: int
    missing: int
    edges: np.ndarray | None = None
    counts: np.ndarray | None = None
    values: tuple[tuple[str, int], ...] = ()
    # For each rule the share of the rows that fail it, whatever the others say.
    failing: tuple[float, ...] = ()


def explore(run: Run, target: Path | None = None) -> Path:
    """Write the page, into the run folder unless `target` says where, and give its path."""
    path = target or run.path / "explore.html"
    write_text(path, page(run, list(distributions(run))))
    return path


def distributions(run: Run) -> Iterator[Distribution]:
    """The distribution of every measure. Raises PenstockError where nothing is measured."""
    _, recipe = recorded_recipe(run)
    files = sorted((run.path / "measures").glob("*.parquet"))
    if not files:
        raise PenstockError(f"{run.path} has no measures", hint="only filters measure")
    for step in (step for stage in plan(recipe) for step in measuring(stage)):
        operator = cast(Filter, step.operator)
        for measure in operator.measures:
            rules = tuple(rule for rule in operator.rules() if rule.measure == measure)
            yield _distribution(files, step, measure, rules)


def _distribution(
    files: Sequence[Path], step: Step, measure: str, rules: tuple[Rule, ...]
) -> Distribution:
    name = f"{step.label}.{measure}"
    columns = [pq.read_table(file, columns=[name]).column(name) for file in files]
    rows = sum(len(column) for column in columns)
    missing = sum(column.null_count for column in columns)
    shares = tuple(sum(_failing(rule, one) for one in columns) / max(rows, 1) for rule in rules)
    known = Distribution(step, measure, rules, rows, missing, failing=shares)
    kind = columns[0].type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        counts: Counter[str] = Counter()
        for column in columns:
            found = pc.value_counts(column.drop_null()).to_pylist()
            counts.update({str(one["values"]): one["counts"] for one in found})
        return _with(known, values=tuple(counts.most_common(TOP)))
    edges = _edges(columns, rules)
    bins = np.zeros(len(edges) - 1, np.int64)
    for column in columns:
        values = column.drop_null().to_numpy().astype(float)
        bins += np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
    return _with(known, edges=edges, counts=bins)


def _with(known: Distribution, **found: Any) -> Distribution:
    return Distribution(**{**vars(known), **found})


def _failing(rule: Rule, column: pa.ChunkedArray) -> int:
    found = failing((rule,), {rule.measure: column.combine_chunks()}, len(column))
    return int((found == 0).sum())


def _edges(columns: Sequence[pa.ChunkedArray], rules: Sequence[Rule]) -> np.ndarray:
    """Bins from the 0.5th to the 99.5th percentile, widened to the thresholds that stand near."""
    sample = np.concatenate([one.drop_null()[:SAMPLE].to_numpy().astype(float) for one in columns])
    sample = sample[np.isfinite(sample)]
    if not len(sample):
        return np.linspace(0, 1, BINS + 1)
    low, high = np.percentile(sample, [0.5, 99.5])
    span = high - low or abs(high) or 1.0
    for bound in (float(rule.threshold) for rule in rules if _is_number(rule.threshold)):
        if low - span <= bound <= high + span:
            low, high = min(low, bound), max(high, bound)
    if low == high:
        high = low + span
    return np.linspace(low, high, BINS + 1)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def page(run: Run, found: Sequence[Distribution]) -> str:
    """The page as text: nothing is fetched, and every text is escaped."""
    record = run.record
    funnel = "".join(
        f"<tr><td>{html.escape(step['step'])}<td>{step['rows_in']:,}<td>{step['rows_out']:,}"
        f"<td><meter max={max(record['totals']['read'], 1)} value={step['rows_out']}></meter>"
        for step in record["steps"]
    )
    figures = "\n".join(map(_figure, found))
    return _file("explore.html").format(
        title=html.escape(record["name"]),
        run=html.escape(run.path.name),
        read=f"{record['totals']['read']:,}",
        kept=f"{record['totals']['kept']:,}",
        funnel=funnel,
        figures=figures,
        style=_file("explore.css"),
        script=_file("explore.js"),
    )


def _figure(one: Distribution) -> str:
    head = f"{html.escape(one.step.label)} <b>{html.escape(one.measure)}</b>"
    body = _bars(one) if one.counts is None else _histogram(one)
    told = f"{one.rows:,} rows"
    if one.missing:
        told += f", {one.missing:,} of them not measured"
    rules = "".join(
        f"<li>{html.escape(rule.name)}: fails {html.escape(_said(rule))}"
        f" — {share:.1%} of the rows</li>"
        for rule, share in zip(one.rules, one.failing, strict=True)
    )
    return f"<section><h2>{head}</h2><p>{told}</p>{body}<ul>{rules}</ul></section>"


def _said(rule: Rule) -> str:
    threshold = rule.threshold
    if isinstance(threshold, tuple):
        threshold = ", ".join(map(str, threshold))
    return f"{rule.fails} {threshold}"


def _histogram(one: Distribution) -> str:
    """Bars, the thresholds as lines, and a slider that counts what lies beside it."""
    edges, counts = cast(np.ndarray, one.edges), cast(np.ndarray, one.counts)
    tallest = max(int(counts.max()), 1)
    wide = WIDTH / len(counts)
    bars = "".join(
        f"<rect x={n * wide:.1f} y={HEIGHT - HEIGHT * count / tallest:.1f} width={wide - 1:.1f}"
        f" height={HEIGHT * count / tallest:.1f}>"
        f"<title>{left:.4g} to {right:.4g}: {count:,}</title></rect>"
        for n, (count, left, right) in enumerate(zip(counts, edges[:-1], edges[1:], strict=True))
    )
    lines = "".join(_line(rule, edges) for rule in one.rules)
    data = ",".join(map(str, counts))
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT + 18}" role=img>{bars}{lines}'
        f"<text x=0 y={HEIGHT + 14}>{edges[0]:.4g}</text>"
        f"<text x={WIDTH} y={HEIGHT + 14} text-anchor=end>{edges[-1]:.4g}</text></svg>"
        f'<label><input type=range min=0 max={len(counts)} value=0 data-counts="{data}"'
        f' data-low="{edges[0]:.10g}" data-high="{edges[-1]:.10g}"><output></output></label>'
    )


def _line(rule: Rule, edges: np.ndarray) -> str:
    if not _is_number(rule.threshold) or not edges[0] <= rule.threshold <= edges[-1]:
        return ""
    at = WIDTH * (rule.threshold - edges[0]) / (edges[-1] - edges[0])
    side = "end" if at > WIDTH / 2 else "start"
    text = f"{html.escape(rule.name)} {rule.threshold:g}"
    beside = at - 4 if side == "end" else at + 4
    return (
        f"<line x1={at:.1f} x2={at:.1f} y1=0 y2={HEIGHT} />"
        f"<text class=rule x={beside:.1f} y=10 text-anchor={side}>{text}</text>"
    )


def _bars(one: Distribution) -> str:
    most = max([count for _, count in one.values], default=1)
    rows = "".join(
        f"<tr><td>{html.escape(value) or '(empty)'}<td>{count:,}"
        f"<td><meter max={most} value={count}></meter>"
        for value, count in one.values
    )
    return f"<table>{rows}</table>"


def _file(name: str) -> str:
    return resources.files("penstock.recipe").joinpath(name).read_text(encoding="utf-8")
