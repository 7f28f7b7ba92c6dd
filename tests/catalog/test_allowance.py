"""Where people's own charts may come from: what a pattern permits, and what it must not."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sardonyx.catalog.allowance import ANYWHERE, Allowance, fault, permits
from sardonyx.catalog.errors import ChartAddressRefusedError, ChartArchiveRefusedError

STABLE = "https://charts.example/stable"


@pytest.mark.parametrize(
    ("pattern", "address"),
    [
        (STABLE, STABLE),
        (STABLE, f"{STABLE}/tide-1.0.0.tgz"),
        (f"{STABLE}/", f"{STABLE}/tide-1.0.0.tgz"),
        (STABLE, "https://charts.example:443/stable/x.tgz"),
        (STABLE, "https://CHARTS.example/stable/x.tgz"),
        ("https://charts.example:8443", "https://charts.example:8443/x.tgz"),
        ("oci://*.example/team", "oci://registry.example/team/tide:1.0.0"),
        ("oci://registry.example/team/tide", "oci://registry.example/team/tide:1.0.0"),
        ("https://*", "https://anywhere.example/x.tgz"),
        ("git+https://git.example/ada", "git+https://git.example/ada/charts.git"),
    ],
)
def test_what_begins_as_a_pattern_says_is_permitted(pattern: str, address: str) -> None:
    assert fault(pattern) == ""
    assert permits(pattern, address)


@pytest.mark.parametrize(
    ("pattern", "address"),
    [
        (STABLE, "http://charts.example/stable/x.tgz"),
        (STABLE, "oci://charts.example/stable/x"),
        (STABLE, "https://charts.example/stable-not/x.tgz"),
        (STABLE, "https://charts.example/other/x.tgz"),
        (STABLE, "https://charts.example.evil/stable/x.tgz"),
        (STABLE, "https://charts.example@evil.example/stable/x.tgz"),
        (STABLE, "https://charts.example:8443/stable/x.tgz"),
        (STABLE, f"{STABLE}/../other/x.tgz"),
        (STABLE, f"{STABLE}/%2e%2e/other/x.tgz"),
        (STABLE, f"{STABLE}/..\\other/x.tgz"),
        (STABLE, f"{STABLE}//evil.example/x.tgz"),
        ("oci://*.example/team", "oci://example/team/tide"),
        ("oci://*.example/team", "oci://evilexample/team/tide"),
        ("git+https://git.example", "git+ssh://git.example/x.git"),
        ("git+https://git.example", "git+file:///etc"),
        ("https://*", "x.tgz"),
        ("https://*", "https://[::1"),
        ("https://*", "https:///x.tgz"),
        ("https://*", "https://a.example:99999/x.tgz"),
        ("https://*", ""),
    ],
)
def test_what_only_looks_like_it_is_not(pattern: str, address: str) -> None:
    assert not permits(pattern, address)


@pytest.mark.parametrize(
    "pattern",
    [
        *("", "*", "charts.example", "http://charts.example", "git+ssh://git.example", "https://"),
        *("https://a*.example", "https://ada@charts.example", "https://charts.example?x=1"),
        *("https://charts.example#x", "git+https://*", "git+https://*.example", "https://[::1"),
        *("https://a_b.example", "https://charts.example:x"),
    ],
)
def test_a_pattern_that_allows_nothing_or_too_much_is_told(pattern: str) -> None:
    assert fault(pattern)


@given(pattern=st.sampled_from((STABLE, "oci://*.example", "https://*")), address=st.text())
def test_whatever_is_written_nothing_raises(pattern: str, address: str) -> None:
    for one in (address, f"https://{address}", f"{STABLE}{address}"):
        if permits(pattern, one):
            assert urlsplit(one).scheme == urlsplit(pattern).scheme
        fault(one)


@given(rest=st.text(alphabet="abc./%\\:@?#-_ "))
def test_below_a_path_nothing_leads_out_of_it(rest: str) -> None:
    if permits(STABLE, STABLE + rest):
        parts = urlsplit(STABLE + rest)
        assert parts.hostname == "charts.example"
        assert parts.path.startswith("/stable") and ".." not in parts.path.split("/")


def test_an_allowance_says_what_it_takes() -> None:
    ANYWHERE.check_address("git+ssh://git.example/x.git")
    ANYWHERE.check_archive()
    some = Allowance((STABLE, "oci://*.example"), archives=False)
    assert some.named == {"charts.example"}
    some.check_address(f"{STABLE}/x.tgz")
    with pytest.raises(ChartAddressRefusedError) as refused:
        some.check_address("https://ada:key@evil.example/x.tgz?token=t")
    assert "key" not in str(refused.value) and "token" not in str(refused.value)
    assert STABLE in refused.value.next_text().in_language("en")
    with pytest.raises(ChartArchiveRefusedError):
        some.check_archive()
