"""Read the XML that S3 and STS answer, refusing what no such answer contains."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser


class AnswerError(Exception):
    """The answer is not XML that a store sends."""


class _PlainBuilder(TreeBuilder):
    """Stops at a document type: entities (and their explosions) are declared nowhere else."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise AnswerError(f"a document type ({name}) in an answer")


def parse(content: bytes) -> Element:
    """Return the root of `content`, tags without name spaces. Raises AnswerError.

    Stores differ in name spaces and leave out elements (SeaweedFS sends no AssumedRoleUser):
    readers look elements up by local name and take none for granted.
    """
    parser = XMLParser(target=_PlainBuilder())  # noqa: S314 - document types are refused
    try:
        parser.feed(content)
        root: Element = parser.close()
    except ParseError as error:
        raise AnswerError(str(error)) from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def text(parent: Element, name: str) -> str:
    """Return the text of the first element `name` anywhere below `parent`, else empty."""
    found = next(parent.iter(name), None)
    return found.text or "" if found is not None else ""
