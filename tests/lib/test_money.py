from __future__ import annotations

from decimal import Decimal

import pytest

from sharespine.lib.money import cents, decimal, is_cents


@pytest.mark.parametrize(
    ("value", "expected"),
    [("12.50", "12.50"), (" 7 ", "7"), (3, "3"), (Decimal("0.1"), "0.1"), ("", "0"), ("-0.005", "-0.005")],
)
def test_exact_numbers_become_decimals(value: object, expected: str) -> None:
    assert decimal(value) == Decimal(expected)


@pytest.mark.parametrize(
    "value",
    [
        0.1, True, None, "12,50", "abc", "NaN", "Infinity", Decimal("NaN"), Decimal("-Infinity"), b"1", [],
        "1e400", "1e-400", "1e99999999999999999999", "1000000000000", 10**12, "9" * 5000,
    ],
)  # fmt: skip
def test_anything_that_is_not_an_exact_finite_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        decimal(value)


@pytest.mark.parametrize(
    ("amount", "rounded"), [("0.005", "0.01"), ("-0.005", "-0.01"), ("2.675", "2.68"), ("2.674", "2.67"), ("1", "1.00")]
)
def test_half_an_ore_is_rounded_away_from_zero(amount: str, rounded: str) -> None:
    assert str(cents(Decimal(amount))) == rounded


def test_trailing_zeros_do_not_make_an_amount_finer_than_ore() -> None:
    assert is_cents(Decimal("1.500"))
    assert not is_cents(Decimal("1.505"))
