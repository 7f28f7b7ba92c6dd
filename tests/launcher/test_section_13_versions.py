"""Launcher 13: the version of a chart, and names."""

from __future__ import annotations

from typing import Any

import pytest

from sardonyx.launcher.versions import choose_version


@pytest.mark.parametrize(
    ("listed", "version"),
    [
        (["2.0.0-rc1", "1.4.0", "1.10.0"], "1.10.0"),
        (["0.1.0-b", "0.1.0-a"], "0.1.0-b"),
        (["nightly", "0.1.0-a"], "0.1.0-a"),
        (["nightly", "1.0.0", "weekly"], "1.0.0"),
        (["nightly", "weekly"], "weekly"),
        (["1.0.0+build-1", "0.9.0"], "1.0.0+build-1"),
        (["1.0.0-rc.2", "1.0.0-rc.10"], "1.0.0-rc.10"),
        ([], None),
    ],
)
def test_the_default_version(listed: Any, version: str | None) -> None:
    chosen = choose_version(None, listed)
    assert (chosen.version, chosen.notice) == (version, None)


def test_a_listed_version_is_taken_as_asked() -> None:
    for asked in ("2.0.0-rc1", "1.4.0", "nightly"):
        chosen = choose_version(asked, ["nightly", "2.0.0-rc1", "1.4.0", "1.10.0"])
        assert (chosen.version, chosen.notice) == (asked, None)


def test_a_version_that_is_not_listed_is_told() -> None:
    chosen = choose_version("3.0.0", ["1.4.0", "1.10.0"])
    assert chosen.version == "1.10.0"
    assert chosen.notice is not None
    assert (chosen.notice.code, chosen.notice.level) == ("version_not_listed", "warning")
    assert "3.0.0" in chosen.notice.message.in_language("en")
    assert choose_version("3.0.0", []).version is None
