"""The page of findings says what the code says."""

from __future__ import annotations

from tools.findings_page import PAGE, page


def test_the_page_of_findings_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python tools/findings_page.py"
