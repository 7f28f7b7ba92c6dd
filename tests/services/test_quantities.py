"""Kubernetes quantities, and allowances as people see them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sardonyx.services.models import QuotaUse
from sardonyx.services.quantities import quantity, written
from sardonyx.services.quotas import gauges

NUMBERS = st.decimals(0, 10**9, places=3, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("500m", "0.5"),
        ("2", "2"),
        ("1.5", "1.5"),
        ("10Gi", str(10 * 1024**3)),
        ("1k", "1000"),
        ("2e3", "2000"),
        ("1E", str(10**18)),
        ("100n", "0.0000001"),
        (3, "3"),
    ],
)
def test_a_quantity_is_read(text: object, number: str) -> None:
    assert quantity(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "Gi", "1 Gi", "1KB", "many", "1e999", "1" * 99, None, True])
def test_what_is_none_is_not_guessed(text: object) -> None:
    assert quantity(text) is None


@given(NUMBERS, st.sampled_from(["", "m", "k", "M", "Ki", "Mi", "Gi"]))
def test_what_is_written_is_read_again(amount: Decimal, unit: str) -> None:
    text = written(amount, like=f"1{unit}")
    one = quantity(f"1{unit}")
    read = quantity(text)
    assert read is not None and one is not None
    assert abs(read - amount) <= one / 100


def test_gauges_put_the_fullest_first() -> None:
    shown = gauges(
        [
            QuotaUse("limits.cpu", "1", "4"),
            QuotaUse("limits.memory", "7900Mi", "8Gi"),
            QuotaUse("count/pods", "0", "0"),
            QuotaUse("odd", "x", "1"),
        ]
    )
    assert [(one.resource, one.tone) for one in shown] == [
        ("limits.memory", "full"),
        ("limits.cpu", "good"),
    ]
