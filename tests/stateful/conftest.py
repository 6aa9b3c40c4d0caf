"""A house for plain tests of what happens one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.stateful.house import House, opened


@pytest.fixture
def house(db: None) -> Iterator[House]:
    with opened(datetime(2026, 11, 2, 9, 30, 15, 123_456, UTC)) as house:
        yield house
