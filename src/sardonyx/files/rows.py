"""Make what the pages show of a folder: rows in natural order, crumbs, sortable columns. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from sardonyx.files.formats import format_of_name
from sardonyx.files.models import Listing, StoredObject
from sardonyx.text import N_
from sardonyx.web.views import quote_key

_DIGITS = re.compile(r"(\d+)")
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """A folder or a file of a list; `value` is what its tick posts (a folder ends in `/`)."""

    name: str
    value: str
    address: str
    is_folder: bool
    is_table: bool
    size: int | None
    modified: datetime | None


@dataclass(frozen=True, slots=True)
class Crumb:
    """A step of the way to here."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class SortLink:
    """A column's heading. `order` is `ascending`, `descending` or empty."""

    label: str
    address: str
    order: str
    css: str


def rows(listing: Listing, *, sort: str, descending: bool) -> list[Row]:
    """Return folders first, then files, in natural order or as `sort` asks."""
    start = len(listing.prefix)
    folders = [_folder(prefix, start) for prefix in listing.folders]
    files = [_file(one, start) for one in listing.objects if one.key != listing.prefix]
    folders.sort(key=lambda row: natural(row.name), reverse=descending and sort == "name")
    files.sort(key=lambda row: natural(row.name))
    if sort == "size":
        files.sort(key=lambda row: row.size or 0, reverse=descending)
    elif sort == "modified":
        files.sort(key=lambda row: row.modified or _NEVER, reverse=descending)
    elif descending:
        files.reverse()
    return folders + files


def natural(name: str) -> list[tuple[int, int, str]]:
    """Return a sort key in which `part-2` comes before `part-10`, whatever the case."""
    return [
        (0, int(part), "") if part.isdigit() and part.isascii() else (1, 0, part.casefold())
        for part in _DIGITS.split(name)
    ]


def crumbs(bucket: str, key: str) -> list[Crumb]:
    """Return the way from the bucket to `key`, itself last."""
    way = [Crumb(bucket, "/files/")]
    parts = key.split("/")
    for index, part in enumerate(parts):
        if part or index < len(parts) - 1:
            is_last = index == len(parts) - 1
            path = "/".join(parts[: index + 1]) + ("" if is_last else "/")
            way.append(Crumb(part or "/", f"/files/{quote_key(path)}"))
    return way


def sort_links(prefix: str, sort: str, descending: bool) -> list[SortLink]:
    """Return the headings of the columns, each leading to its order."""
    links = []
    for name, label, css in (
        ("name", N_("Name"), ""),
        ("size", N_("Size"), "num"),
        ("modified", N_("Changed"), "optional"),
    ):
        here = name == sort
        turned = not descending if here else name != "name"
        query = urlencode({"sort": name, "order": "desc" if turned else "asc"})
        order = ("descending" if descending else "ascending") if here else ""
        links.append(SortLink(label, f"/files/{quote_key(prefix)}?{query}", order, css))
    return links


def parent(key: str) -> str:
    """Return the folder a key is in: empty, or ending in `/`."""
    head, slash, _ = key.removesuffix("/").rpartition("/")
    return head + slash


def total_size(objects: Sequence[StoredObject]) -> int:
    return sum(one.size for one in objects)


def _folder(prefix: str, start: int) -> Row:
    name = prefix[start:].removesuffix("/") or "/"
    return Row(name, prefix, f"/files/{quote_key(prefix)}", True, False, None, None)


def _file(one: StoredObject, start: int) -> Row:
    name = one.key[start:]
    is_table = format_of_name(one.key) is not None
    address = f"/files/{quote_key(one.key)}"
    return Row(name, one.key, address, False, is_table, one.size, one.modified)
