"""Own what a person's profile is: a form of the administrator's schema, kept between launches.

It is the launcher's own form: the schema is that of a chart without values. What is kept is a
patch, so that defaults the administrator changes reach those who never touched them. When the
schema changes, what still fits stays and the rest is told, never lost. Items of lists of objects
may be held back from launches. Source: launcher.md 2 and 9.2, portal.md 12.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path as FolderPath

from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.errors import Problem
from sardonyx.launcher.draft import Draft, make_draft
from sardonyx.launcher.form_model import FormGroup
from sardonyx.launcher.models import PatchEntry, Unset
from sardonyx.launcher.nodes import Node
from sardonyx.launcher.patch import apply, flattened
from sardonyx.launcher.scalars import at, copy
from sardonyx.launcher.secret_names import is_secret_name
from sardonyx.values import Json, JsonObject, Path, pointer


@dataclass(frozen=True, slots=True)
class Profile:
    """What is kept of a person. held_back: paths of list items that no launch is given.

    problems: of what is kept and cannot be read.
    """

    patch: tuple[PatchEntry, ...] = ()
    held_back: frozenset[Path] = frozenset()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class FittedProfile:
    """A kept profile under today's schema. rest: the entries of its patch that do not fit.

    unread: problems of what was kept or posted and cannot be read.
    """

    draft: Draft
    held_back: frozenset[Path]
    rest: tuple[PatchEntry, ...] = ()
    unread: tuple[Problem, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (*self.unread, *self.draft.problems)


def profile_draft(
    schema: JsonObject,
    *,
    context: JsonObject,
    patch: Iterable[PatchEntry] = (),
    language: str = "en",
) -> Draft:
    """Return the form of a profile with `patch` applied. Never raises on what is written."""
    chart = Chart(
        ref=ChartRef("", "profile", ""),
        folder=FolderPath(),
        title="profile",
        description="",
        keywords=(),
        app_version="",
        home=None,
        sources=(),
        icon=None,
        dependencies=(),
        local=None,
        values={},
        schema=schema,
        readme="",
    )
    return make_draft(chart=chart, context=context, patch=tuple(patch), language=language)


def fitted(
    schema: JsonObject, kept: Profile, *, context: JsonObject, language: str = "en"
) -> FittedProfile:
    """Return `kept` as far as it fits `schema`: known places, values without an error."""
    patch = tuple(leaf for entry in kept.patch for leaf in flattened(entry))
    draft = profile_draft(schema, context=context, language=language)
    root = draft.schema.root
    fitting = [entry for entry in patch if root is not None and _is_known(root, entry.path)]
    while True:
        draft = profile_draft(schema, context=context, patch=fitting, language=language)
        wrong = {problem.pointer for problem in draft.errors if problem.pointer}
        around = {place for one in wrong for place in _upwards(one)}
        left = [one for one in fitting if not _touches(pointer(one.path), wrong, around)]
        if len(left) == len(fitting):
            break
        fitting = left
    places = {entry.path for entry in fitting}
    return FittedProfile(
        draft=draft,
        held_back=frozenset(one for one in kept.held_back if _is_item(draft.values, one)),
        rest=tuple(entry for entry in patch if entry.path not in places),
        unread=kept.problems,
    )


def injected(values: JsonObject, held_back: frozenset[Path]) -> JsonObject:
    """Return `user.profile` of a launch: the values without the items that are held back."""
    made = _without(values, (), held_back)
    return made if isinstance(made, dict) else {}


def suggested(values: JsonObject, held_back: frozenset[Path]) -> JsonObject:
    """Return the values whose lists hold the items held back alone, and no other list.

    A launch form proposes them where its reference names their list (launcher.md 9.2).
    """
    made: JsonObject = {}
    lists = {path[:-1] for path in held_back}
    for place in sorted(lists, key=len):
        items = at(values, place)
        if isinstance(items, list) and not any(isinstance(part, int) for part in place):
            chosen: Json = [copy(one) for n, one in enumerate(items) if (*place, n) in held_back]
            made = apply(made, [PatchEntry(place, chosen)])
    return made


def switched_items(form: FormGroup) -> Iterator[Path]:
    """Yield the places of the shown items that may be held back: objects in lists."""
    for group in (form, *form.groups()):
        if group.is_list:
            yield from (one.path for one in group.children if isinstance(one, FormGroup))


def after_removal(held_back: Iterable[Path], removed: Path) -> frozenset[Path]:
    """Return the places held back once the list item at `removed` is gone: later ones move up."""
    place, last = removed[:-1], removed[-1]
    moved = set()
    for path in held_back:
        index = path[len(place)] if len(path) > len(place) and path[: len(place)] == place else None
        if not isinstance(index, int) or not isinstance(last, int) or index < last:
            moved.add(path)
        elif index > last:
            moved.add((*place, index - 1, *path[len(place) + 1 :]))
    return frozenset(moved)


def secret_entries(draft: Draft) -> frozenset[Path]:
    """Return the places of a profile that are secret: password fields, and telling names."""
    return draft.secret_paths | frozenset(
        path
        for path in _leaves(draft.values, ())
        if is_secret_name(tuple(str(part) for part in path))
    )


def _leaves(value: Json, path: Path) -> Iterator[Path]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    else:
        yield path


def _is_known(root: Node, path: Path) -> bool:
    """Tell whether the schema has a place for `path`: a node, or a block of any content."""
    node = root
    for part in path:
        if node.properties is None and node.items is None:
            return True
        below = node.items if isinstance(part, int) else (node.properties or {}).get(part)
        if below is None:
            return False
        node = below
    return True


def _touches(own: str, wrong: Collection[str], around: Collection[str]) -> bool:
    """Tell whether a pointer is one of `wrong`, around one (of `around`), or inside one."""
    return own in around or any(place in wrong for place in _upwards(own))


def _upwards(place: str) -> Iterator[str]:
    """Yield a pointer, then each one that it is inside of, the whole last."""
    while place:
        yield place
        place = place.rpartition("/")[0]
    yield place


def _is_item(values: JsonObject, path: Path) -> bool:
    found = at(values, path)
    return not isinstance(found, Unset) and isinstance(found, dict) and isinstance(path[-1], int)


def _without(value: Json, path: Path, held_back: frozenset[Path]) -> Json:
    if isinstance(value, dict):
        return {key: _without(item, (*path, key), held_back) for key, item in value.items()}
    if isinstance(value, list):
        return [
            _without(item, (*path, index), held_back)
            for index, item in enumerate(value)
            if (*path, index) not in held_back
        ]
    return value
