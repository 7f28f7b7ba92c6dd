"""Turn a chart's notes (Markdown) into HTML that cannot act: no script, no style, no form."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

_MARKDOWN = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table")
_TAGS = {
    "a", "blockquote", "br", "code", "details", "em", "h1", "h2", "h3", "h4", "hr", "li", "ol",
    "p", "pre", "strong", "summary", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
# A chart's first title must not compete with the page's own.
_LOWER = {"h1": "h3", "h2": "h4"}


def safe_html(markdown: str) -> Markup:
    """Return `markdown` as HTML made of harmless tags; links leave the page by themselves."""
    tokens = _MARKDOWN.parse(markdown)
    for token in tokens:
        token.tag = _LOWER.get(token.tag, token.tag)
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    cleaned = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href", "title"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    # A box that scrolls must be reached by keyboard.
    cleaned = cleaned.replace("<pre>", '<pre tabindex="0">')
    return Markup(cleaned)  # noqa: S704 - nh3 has just made it harmless
