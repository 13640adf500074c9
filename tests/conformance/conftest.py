"""Fixtures of the comparisons with peers."""

import sys
from pathlib import Path
from typing import Any

import pytest

# The generators run as scripts in other environments; the tests import the same modules.
collect_ignore_glob = ["make_*.py"]
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def real(real_data: Path) -> dict[bytes, Any]:
    """The real documents, by digest."""
    import golden

    return {golden.key(one.text): one for one in golden.texts(real_data) if one.name is None}


@pytest.fixture(scope="session", params=["edge cases", "real documents"])
def known(request: Any) -> dict[bytes, Any]:
    """The texts at hand, by digest: the edge cases always, real documents where they are."""
    import golden

    if request.param == "real documents":
        return request.getfixturevalue("real")
    return {golden.key(one.text): one for one in golden.texts(None)}
