"""Results for programs."""

import json
from typing import Any


def emit(value: Any) -> None:
    """Print a result as JSON on stdout."""
    print(json.dumps(value, indent=1, ensure_ascii=False, default=str))
