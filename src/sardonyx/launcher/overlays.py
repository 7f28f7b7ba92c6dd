"""Lay values over values as Helm does, and find what laid over gives the same again."""

from __future__ import annotations

from sardonyx.launcher.models import UNSET, Unset
from sardonyx.launcher.scalars import same
from sardonyx.values import Json, JsonObject


def laid_over(default: Json, given: Json) -> Json:
    """Return `given` laid over `default` as Helm does: maps merge, all else replaces.

    A null stays, since Helm takes it as the wish to remove the chart's own value.
    """
    if isinstance(default, dict) and isinstance(given, dict):
        merged = dict(default)
        for key, value in given.items():
            merged[key] = laid_over(default.get(key), value)
        return merged
    return given


def overlay(default: JsonObject, current: JsonObject) -> JsonObject:
    """Return what laid over `default` gives `current`: maps by key, all else whole.

    A key that `current` lacks cannot be said so: laid over, it keeps its default.
    """
    given: JsonObject = {}
    for key, value in current.items():
        below = default.get(key, UNSET)
        if isinstance(value, dict) and isinstance(below, dict):
            inner = overlay(below, value)
            if inner:
                given[key] = inner
        elif isinstance(below, Unset) or not same(below, value):
            given[key] = value
    return given
