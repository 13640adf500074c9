"""What an endpoint's file may say."""

import pytest

from penstock.errors import UsageError
from penstock.serve.settings import Endpoint, load_endpoint
from penstock.specs.read import parse_spec


def load(text: str) -> Endpoint:
    return load_endpoint(parse_spec(f"kind: endpoint\nname: qa\n{text}", "qa.yaml"))


def test_a_full_file() -> None:
    endpoint = load("model: out/base\nadapters: {tuned: out/tuned}\nport: 8000\nmax_tokens: 64")
    assert endpoint == Endpoint("out/base", {"tuned": "out/tuned"}, port=8000, max_tokens=64)


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("port: 80", "`model` is missing", 1),
        ("model: m\nprot: 80", "no parameter `prot`", 4),
        ("model: m\nport: 70000", "between 0 and 65535", 4),
        ("model: m\nengine: magic", "engine", 4),
        ("model: m\nkey: secret", "does not belong into a file", 4),
        ("model: m\nmax_tokens: 0", "at least 1", 4),
        ("model: m\ntemperature: 3", "between 0 and 2", 4),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, message: str, line: int) -> None:
    with pytest.raises(UsageError, match=message) as error:
        load(text)
    assert error.value.where == f"qa.yaml:{line}"


def test_settings_and_start_load_nothing_heavy() -> None:
    import subprocess
    import sys

    code = (
        "import sys, penstock.serve.start, penstock.serve.settings, penstock.serve.listing;"
        "print([m for m in ('torch', 'transformers', 'fastapi', 'httpx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
