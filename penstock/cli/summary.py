"""What a run did, as text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penstock.cli.table import size, table
from penstock.runs.folder import Run, read_run


def summary(run: Run) -> str:
    """A run in a few lines, by its kind."""
    record = run.record
    tellers = {
        "recipe": _recipe,
        "train": _training,
        "compare": _comparison,
        "flow": _flow,
        "endpoint": _endpoint,
    }
    head = f"{record['name']}: {record['state']}"
    if record["reason"]:
        head += f" ({record['reason']})"
    return "\n".join([head, *tellers[record["kind"]](run), f"run   {run.path}"])


def _recipe(run: Run) -> list[str]:
    from penstock.recipe.run import quarantine_causes

    record = run.record
    if "totals" not in record:
        return []
    rows = [
        [
            step["step"],
            f"{step['rows_in']:,}",
            f"{step['rows_out']:,}",
            _gone(step),
            step["seconds"],
        ]
        for step in record["steps"]
    ]
    lines = [table(rows, ["step", "in", "out", "gone", "seconds"]), _balance(record["totals"])]
    for step, error, count in quarantine_causes(
        sorted((run.path / "quarantine").glob("*.parquet"))
    ):
        lines.append(f"quarantined {count:,} at {step}: {_short(error)}")
    return [*lines, *_memory(record), f"data  {record['out']}"]


def _memory(record: Mapping[str, Any]) -> list[str]:
    """What was held at most, where a bound was asked for."""
    peak, bound = record.get("peak_memory"), record.get("memory")
    if peak is None or bound is None:
        return []
    over = ", more than --memory allows: please report it" if peak > bound else ""
    return [f"memory {size(peak)} at most, of {size(bound)}{over}"]


def _gone(step: Mapping[str, Any]) -> str:
    gone = step["rows_in"] - step["rows_out"]
    return f"{gone / step['rows_in']:.1%}" if gone else ""


def _balance(totals: Mapping[str, int]) -> str:
    ends = ("kept", "dropped", "merged", "quarantined", "split")
    told = " + ".join(f"{totals[end]:,} {end}" for end in ends if totals[end] or end == "kept")
    born = f" + {totals['born']:,} born" if totals["born"] else ""
    return f"{totals['read']:,} read{born} = {told}"


def _training(run: Run) -> list[str]:
    metrics = run.record.get("metrics")
    if not metrics:
        return []
    before, after = metrics["eval_loss_before"], metrics["eval_loss"]
    held = "" if after is None else f", held-out loss {before:.3f} → {after:.3f}"
    return [
        f"{metrics['steps']:,} steps, {metrics['tokens']:,} tokens in {metrics['seconds']:.1f} s"
        f" ({metrics['tokens_per_second']:,.0f} a second)",
        f"train loss {metrics['train_loss']:.3f}{held}",
        f"model {run.record['out']} ({metrics['parameters']:,} parameters)",
    ]


# The measures of a comparison that a terminal shows, and how; the report has them all.
_MEASURES = {
    "exact_match": ("exact match", "{:.1%}"),
    "f1": ("token F1", "{:.3f}"),
    "rouge_l": ("ROUGE-L", "{:.3f}"),
    "loss": ("loss of the answers", "{:.3f}"),
    "seconds_p50": ("median seconds", "{:.3f}"),
}
_GROUPS = {"held_out": "held-out", "train": "training"}


def _comparison(run: Run) -> list[str]:
    metrics = run.record.get("metrics")
    if not metrics:
        return []
    lines = [str(metrics["verdict"])]
    for group, title in _GROUPS.items():
        numbers = metrics.get(group)
        if numbers is None:
            continue
        rows = [
            [said, *(_formed(form, numbers.get(f"{side}_{key}")) for side in ("base", "tuned"))]
            for key, (said, form) in _MEASURES.items()
        ]
        head = f"{numbers['questions']} {title} questions"
        lines.append(table(rows, [head, "base", "tuned"]))
    return [*lines, f"report {run.path / 'report.html'}"]


def _formed(form: str, value: float | None) -> str:
    return "" if value is None else form.format(value)


def _flow(run: Run) -> list[str]:
    lines = []
    for entry in run.record.get("steps", []):
        inner = read_run(Path(entry["run"]))
        lines += ["", *(f"  {line}" for line in summary(inner).splitlines())]
    return [*lines, ""]


def _endpoint(run: Run) -> list[str]:
    return [f"url   {run.record.get('url', '')}"]


def planned(found: Mapping[str, Any]) -> str:
    """What `penstock plan` says."""
    lines = [f"{found['kind']} {found['name']}"]
    if "input" in found:
        given = found["input"]
        lines.append(
            f"reads {given['files']:,} files, {size(given['bytes'])}, in {given['shards']:,} shards"
        )
        passes = found["passes"]
        lines += [f"pass {n}: {' → '.join(steps)}" for n, steps in enumerate(passes, start=1)]
        lines.append("columns: " + ", ".join(f"{k} {v}" for k, v in found["columns"].items()))
    if "probe" in found:
        lines += _probed(found)
    for name, value in _flat(found.get("settings", {})):
        lines.append(f"  {name}: {value}")
    for name, address in found.get("inputs", {}).items():
        gone = "  (missing)" if name in found["missing"] else ""
        lines.append(f"input {name}: {address}{gone}")
    for step in found.get("flow_steps", []):
        lines += ["", *(f"  {line}" for line in planned(step).splitlines())]
    return "\n".join(lines)


def _probed(found: Mapping[str, Any]) -> list[str]:
    """What trying a recipe on its first documents has shown."""
    steps = found["probe"]["steps"]
    spent = sum(one["seconds"] for one in steps) or 1.0
    rows = [
        [
            one["step"],
            f"{one['rows_in']:,}",
            f"{one['rows_out']:,}",
            f"{one['seconds'] / spent:.0%}",
        ]
        for one in steps
    ]
    told = found["estimate"]
    lines = [f"tried on {found['probe']['read']:,} records:"]
    lines += [table(rows, ["step", "in", "out", "of the time"])] if rows else []
    lines.append(
        f"about {told['read']:,} records to read, {told['kept']:,} to keep (copies are not seen);"
        f" {told['seconds']:,.0f} s and {size(told['memory'])} on {told['workers']} workers at most"
    )
    lines += [f"warning: {said}" for said in found["warnings"]]
    return [*lines, *(f"suggestion: {said}" for said in found["suggestions"])]


def _flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in settings.items():
        if isinstance(value, dict):
            found += _flat(value, f"{prefix}{name}.")
        else:
            found.append((prefix + name, value))
    return found


def _short(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= 120 else line[:117] + "..."
