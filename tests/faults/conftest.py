"""What the tests of faults share."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ..api.conftest import shop  # noqa: F401 (a fixture)
from .table import KEPT


@pytest.fixture
def tell(record_property: Any) -> Any:
    """Keeps a row for the table; it comes through to the process that prints."""
    return lambda seen: record_property(KEPT, json.dumps(seen.row()))
