"""Read files of saved configurations: ours, Onyxia's, and what Onyxia keeps in its secret store.

Pure. All of a file is hostile: its size, its nesting, its types. Source: launcher.md 13,
portal.md 15.
"""

from __future__ import annotations

import json
from collections.abc import Container
from dataclasses import dataclass

from sardonyx.account.configurations.errors import ImportFormatError
from sardonyx.errors import Problem
from sardonyx.launcher.configurations import SavedConfiguration, read_configurations
from sardonyx.launcher.migration import CONFIGURATIONS, STORAGE, migrate
from sardonyx.launcher.own_profiles import OwnProfile, read_profiles
from sardonyx.values import Json, JsonObject

KEY, PROFILES = "restorableServiceConfigs", "s3Profiles"


@dataclass(frozen=True, slots=True)
class ReadFile:
    """The configurations of a file in their order, its storage profiles with their keys, and
    what of it could not be read."""

    configurations: tuple[SavedConfiguration, ...]
    problems: tuple[Problem, ...]
    profiles: tuple[OwnProfile, ...] = ()


def read_document(content: bytes) -> ReadFile:
    """Return what a JSON file holds. Raises ImportFormatError where it is none of ours.

    Taken: the list; one configuration; an object with the list under `restorableServiceConfigs`
    and storage under `s3Profiles`, or, from an older Onyxia, `restorableConfigs` and `s3`; and
    each of these in the envelope of Onyxia's secret store (`value`, `valueAsJson`).
    """
    document = _unwrapped(_json(content))
    if isinstance(document, dict) and (KEY in document or PROFILES in document):
        listed = read_configurations(_unwrapped(document.get(KEY, [])))
        profiles, problems = read_profiles(_unwrapped(document.get(PROFILES, [])))
        return ReadFile(listed.configurations, (*listed.problems, *problems), profiles)
    if isinstance(document, dict) and (CONFIGURATIONS in document or STORAGE in document):
        return _old(document)
    if not isinstance(document, (dict, list)):
        raise ImportFormatError(reason=type(document).__name__, field="file")
    read = read_configurations(document)
    return ReadFile(read.configurations, read.problems)


def free_name(name: str, taken: Container[str], *, longest: int) -> str:
    """Return `name`, or the first of `name 2`, `name 3`, … that is free."""
    number, free = 1, name
    while free in taken:
        number += 1
        ending = f" {number}"
        free = name[: longest - len(ending)] + ending
    return free


def _json(content: bytes) -> Json:
    def refuse(constant: str) -> Json:
        raise ValueError(constant)  # NaN and Infinity are no JSON

    try:
        document: Json = json.loads(content.decode("utf-8-sig"), parse_constant=refuse)
    except json.JSONDecodeError as fault:
        reason = f"{fault.lineno}:{fault.colno}: {fault.msg}"
        raise ImportFormatError(reason=reason, field="file") from fault
    except (ValueError, RecursionError) as fault:
        raise ImportFormatError(reason=type(fault).__name__, field="file") from fault
    return document


def _unwrapped(document: Json) -> Json:
    """Return what stands in the envelope of Onyxia's secret store, else the document."""
    if isinstance(document, dict) and set(document) == {"value"}:
        return document["value"]
    if isinstance(document, dict) and set(document) == {"valueAsJson"}:
        inner = document["valueAsJson"]
        return _json(inner.encode(errors="surrogatepass")) if isinstance(inner, str) else inner
    return document


def _old(document: JsonObject) -> ReadFile:
    read = migrate({key: _unwrapped(value) for key, value in document.items()})
    return ReadFile(read.configurations, read.problems, read.profiles)
