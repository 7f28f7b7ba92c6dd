"""Which names files may have."""

from __future__ import annotations

import pytest

from sardonyx.files.errors import ObjectNameError
from sardonyx.files.names import (
    BackslashError,
    ControlCharacterError,
    DotPartError,
    EmptyNameError,
    EmptyPartError,
    LongNameError,
    checked_key,
    checked_prefix,
)


@pytest.mark.parametrize(
    "key",
    [
        "data.parquet",
        "my data/a b.csv",
        'it\'s "quoted".csv',
        "données/été 🌞.csv",
        "a..b/...hidden",
        "-rf",
        "$HOME `x`;&|*?[1]#%2F.csv",
        "x" * 1024,
        "👩‍🔬.csv",
    ],
)
def test_ordinary_and_odd_names_are_taken_as_they_are(key: str) -> None:
    assert checked_key(key) == key


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ("", EmptyNameError),
        ("/etc/passwd", EmptyPartError),
        ("a//b", EmptyPartError),
        ("folder/", EmptyPartError),
        ("..", DotPartError),
        ("../other", DotPartError),
        ("a/../b", DotPartError),
        ("a/./b", DotPartError),
        ("two\nlines", ControlCharacterError),
        ("a\rb", ControlCharacterError),
        ("nul\x00", ControlCharacterError),
        ("a\u2028b", ControlCharacterError),
        ("\udc80", ControlCharacterError),
        ("a\\b", BackslashError),
        ("x" * 1025, LongNameError),
        ("é" * 513, LongNameError),
    ],
)
def test_a_dangerous_name_is_refused_with_its_reason(
    key: str, error: type[ObjectNameError]
) -> None:
    with pytest.raises(error) as caught:
        checked_key(key)
    assert caught.value.code == "object_name"
    assert caught.value.field == "key"
    words = caught.value.detail_text().in_language("en")
    assert "{" not in words
    assert words.isprintable()


def test_a_folder_may_be_named_with_or_without_its_slash() -> None:
    assert checked_prefix("") == ""
    assert checked_prefix("a/b") == checked_prefix("a/b/") == "a/b/"
    with pytest.raises(DotPartError):
        checked_prefix("../")
    with pytest.raises(EmptyNameError):
        checked_prefix("/")
