"""Whose a release is: names are one person's where capitals alone tell them apart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.services.fakes import ADA, GROUP
from tests.services.test_listing import release

from sardonyx.services.models import Standing
from sardonyx.services.ownership import standing


def said(owner: str, username: str) -> Standing:
    """Return what a person is to what `owner` launched in their group, unshared."""
    seen = replace(release("lab"), project=GROUP.id, owner=owner, shared=False)
    return standing(replace(ADA, username=username), GROUP, seen)


@pytest.mark.parametrize(
    ("owner", "username"),
    [("ada", "Ada"), ("JÜRGEN", "jürgen"), ("ΣΟΦΊΑ", "σοφία"), ("weiß", "WEIß"), ("İnci", "İNCI")],
)
def test_capitals_make_nobody_else(owner: str, username: str) -> None:
    assert said(owner, username) is Standing.OWNER
    assert said(username, owner) is Standing.OWNER


@pytest.mark.parametrize(
    ("owner", "username"),
    [
        ("weiß", "weiss"),
        ("kim", "\N{KELVIN SIGN}im"),
        ("\N{LATIN SMALL LIGATURE FI}ona", "fiona"),
        ("\N{LATIN SMALL LETTER LONG S}am", "sam"),
        ("ırma", "irma"),
        ("σοφος", "σοφοσ"),
        ("ada", "ada "),
        ("ada", "ad"),
    ],
)
def test_another_letter_is_another_person(owner: str, username: str) -> None:
    assert said(owner, username) is Standing.STRANGER
    assert said(username, owner) is Standing.STRANGER
