"""What is kept of short texts is bounded, and what is long or refused is made each time."""

from __future__ import annotations

import pytest

from sardonyx.launcher.kept import Kept, is_short


def test_short_keys_are_made_once_and_never_more_than_four_thousand_are_held() -> None:
    made: list[str] = []

    def make(key: str) -> str:
        made.append(key)
        return key.upper()

    kept = Kept(make, lambda key, _: is_short(key))
    assert [kept["ab"], kept["ab"]] == ["AB", "AB"]
    assert made == ["ab"]
    long = "x" * 129
    assert [kept[long], kept[long]] == [long.upper()] * 2
    assert made == ["ab", long, long]
    for number in range(10_000):
        assert kept[f"key{number}"] == f"KEY{number}"
        assert len(kept) <= 4096


def test_what_is_refused_is_not_held() -> None:
    def refuse(key: str) -> str:
        raise ValueError(key)

    kept = Kept(refuse, lambda key, _: is_short(key))
    for _ in range(2):
        with pytest.raises(ValueError, match="a"):
            kept["a"]
    assert not kept
