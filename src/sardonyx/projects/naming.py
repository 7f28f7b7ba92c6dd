"""Make names of namespaces, buckets and folders from names that people and groups have.

Pure. A name that is usable stays as it is (Onyxia's own rule); any other becomes a readable
slug with a digest of the original behind it, so that two names never meet in one place.
"""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from dataclasses import dataclass

LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")
BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?!\.)|\.(?![.-]))+[a-z0-9]")
FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@+=-]*")
LABEL_LENGTH = 63
FOLDER_LENGTH = 128
# What our digests look like. A name that merely looks so gets a digest too: nobody can choose
# a name that is another's slug. 60 bits: found by trial only by years of computing.
_DIGEST_LENGTH = 12
_MADE = re.compile(rf"--[a-z2-7]{{{_DIGEST_LENGTH}}}$")
_ADDRESS = re.compile(r"\d+(?:\.\d+){3}")


@dataclass(frozen=True, slots=True)
class Naming:
    """How one kind of name is made: `prefix` and a name, in the shape of a place.

    other: the prefix of the other kind (people's beside groups'). Where one prefix begins with
    the other, a name of the shorter kind that reads like one of the longer gets a digest.
    """

    kind: str
    prefix: str
    other: str | None
    shape: re.Pattern[str] = LABEL
    longest: int = LABEL_LENGTH
    yields: bool = False  # of two equal prefixes, the kind that yields always gets a digest

    def of(self, name: str) -> str:
        """Return the place's name for `name`. Equal for equal names, different for others."""
        plain = self.prefix + name
        if name and self._is_plain(plain):
            return plain
        text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        slug = re.sub(r"[^a-z0-9]+", "-", text).strip("-")
        whole = f"{self.kind}\0{self.prefix}\0{name}".encode("utf-8", "surrogatepass")
        digest = base64.b32encode(hashlib.sha256(whole).digest()).decode().lower()
        room = self.longest - len(self.prefix) - len("--") - _DIGEST_LENGTH
        return f"{self.prefix}{slug[:room].strip('-') or 'x'}--{digest[:_DIGEST_LENGTH]}"

    def _is_plain(self, plain: str) -> bool:
        return (
            len(plain) <= self.longest
            and self.shape.fullmatch(plain) is not None
            and _MADE.search(plain) is None
            and _ADDRESS.fullmatch(plain) is None
            and not self._is_taken_for_other(plain)
        )

    def _is_taken_for_other(self, plain: str) -> bool:
        if self.other is None:
            return False
        if self.other.startswith(plain + "/"):  # a folder that holds the others'
            return True
        if not self.other.startswith(self.prefix):
            return False
        if self.other == self.prefix:
            return self.yields
        return plain.startswith(self.other)
