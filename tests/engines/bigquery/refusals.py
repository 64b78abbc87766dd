"""What tests say of errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.engines.bigquery.client import RefusedError


@contextmanager
def refused(reason: str, message: str = "") -> Iterator[None]:
    """What is inside is refused with that reason, and a message that has that part."""
    with pytest.raises(RefusedError) as refusal:
        yield
    assert refusal.value.reason == reason
    assert message in refusal.value.message
