"""Launcher 16: the password found for a service, and the address of its open button."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.launcher.test_section_11_patch import json_objects

from sardonyx.launcher.access import find_address, find_password, notes_with_port

PASSWORD = "9x4"
LABS = ("https://b.lab", "https://a.lab")


@pytest.mark.parametrize(
    ("notes", "values", "found"),
    [
        # The table, row by row.
        ("use 9x4", {}, "9x4"),
        ("Password: tulip", {}, "tulip"),
        ("ready", {"auth": {"token": "9x4"}}, "9x4"),
        ("ready", {"a": {"password": "u"}, "b": {"password": "w"}}, "w"),
        ("ready", {"port": 80}, None),
        # The text around it.
        ("Password: tulip, or 9x4", {}, "9x4"),
        ("PASSWORD:`tulip`", {}, "tulip"),
        ("**Password:** **tulip**", {}, None),
        ("password: **tulip**", {}, "tulip"),
        ("password: \"''\"\nthen password: rose", {}, "rose"),
        ("password:   tulip", {}, None),
        ("password: ", {"a": {"password": "w"}}, "w"),
        ("", {"list": ["x", "a 9x4 b"]}, "9x4"),
        ("", {"a": {"password": "u"}, "b": {"userPassword": "w"}}, "u"),
        ("", {"b": {"userPassword": "w"}}, "w"),
        ("", {"b": {"password": ""}, "a": {"x": "", "PASSWORD": ""}}, None),
        ("", {"b": {"password": 1234}}, "1234"),
        ("", {"generatePassword": True, "password": None}, None),
    ],
)
def test_the_password_is(notes: str, values: Any, found: str | None) -> None:
    assert find_password(notes, values, project_password=PASSWORD) == found


def test_an_empty_project_password_never_matches() -> None:
    assert find_password("ready", {"a": "x"}, project_password="") is None


@pytest.mark.parametrize(
    ("urls", "notes", "port", "address"),
    [
        # The table, row by row.
        (LABS, "see https://b.lab/ui?t=1", None, "https://b.lab/ui?t=1"),
        (LABS, "see https://docs.example", None, "https://a.lab"),
        (LABS[1:], "https://a.lab.evil/x", None, "https://a.lab"),
        (LABS[1:], "go to https://a.lab/x#k.", 8443, "https://a.lab:8443/x#k"),
        ((), "https://z.example", None, None),
        # The text around it.
        (LABS, "https://docs.example then https://b.lab, https://a.lab", None, "https://b.lab"),
        (LABS, "[open](https://b.lab/ui)", None, "https://b.lab/ui"),
        (LABS, "[https://b.lab/ui](https://b.lab/ui)", None, "https://b.lab/ui"),
        (LABS, "**https://b.lab**", None, "https://b.lab"),
        (LABS, "https://b.lab:9000/x", 8443, "https://b.lab:9000/x"),
        (LABS, "https://b.lab?x=1", 8443, "https://b.lab:8443?x=1"),
        (LABS, "https://b.lab:pw@evil.example/x", None, "https://a.lab"),
        (LABS, "https://b.lab:99999999/x", 8443, "https://b.lab:99999999/x"),
        (("https://a.lab/base",), "https://a.lab/basement", None, "https://a.lab/base"),
        (("https://a.lab/base/",), "https://a.lab/base/x", None, "https://a.lab/base/x"),
        (("http://[::1]:80",), "at http://[::1]:80/x", 8443, "http://[::1]:80/x"),
        (("https://a.lab:444",), "", 8443, "https://a.lab:444"),
    ],
)
def test_the_open_button_leads_to(urls: Any, notes: str, port: int | None, address: Any) -> None:
    assert find_address(urls, notes, port=port) == address


def test_the_port_of_the_region_is_put_into_the_notes() -> None:
    notes = "See https://a.lab/x, https://a.lab.evil/y and https://a.lab:1/z."
    assert notes_with_port(LABS, notes, port=8443) == (
        "See https://a.lab:8443/x, https://a.lab.evil/y and https://a.lab:1/z."
    )
    assert notes_with_port(LABS, notes, port=None) == notes


@given(st.lists(st.text(max_size=12), max_size=3), st.text(max_size=60), json_objects)
def test_nothing_raises(urls: Any, notes: str, values: Any) -> None:
    notes = f"{notes} https://{notes} password: {notes}"
    find_address(urls, notes, port=8443)
    notes_with_port(urls, notes, port=8443)
    find_password(notes, values, project_password="x")
