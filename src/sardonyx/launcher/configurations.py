"""Saved configurations: what a person keeps of a filled-in launcher, as Onyxia writes it.

One is the JSON object of launcher.md 13 under the project's key `restorableServiceConfigs`; a
values.yaml may be read as one and written from one. Nothing secret belongs in them: see
`links.without_secrets`. Source: launcher.md 13.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sardonyx.errors import Problem
from sardonyx.launcher.draft import Draft, secrets_of
from sardonyx.launcher.links import without_secrets
from sardonyx.launcher.models import UNSET, Maybe, PatchEntry, Unset, error, path_text, warning
from sardonyx.launcher.overlays import laid_over
from sardonyx.launcher.patch import diff, flattened, written_path
from sardonyx.launcher.scalars import copy, depth
from sardonyx.launcher.scalars import same as same_value
from sardonyx.launcher.yaml_text import read_values, write
from sardonyx.text import N_
from sardonyx.values import Json, JsonObject, Path

_MAX_ENTRIES = 10_000
_MAX_DEPTH = 100
_MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class SavedConfiguration:
    """One saved configuration. patch: what differs from the defaults. None: not said."""

    friendly_name: str
    catalog: str
    chart: str
    version: str
    patch: tuple[PatchEntry, ...] = ()
    shared: bool | None = None
    s3_profile: str | None = None

    @property
    def identity(self) -> tuple[str, str, str]:
        """What two of a project may not share: saving again overwrites."""
        return self.catalog, self.chart, self.friendly_name


@dataclass(frozen=True, slots=True)
class ReadConfigurations:
    """Configurations in their order, and what could not be read. Pointers are of the JSON."""

    configurations: tuple[SavedConfiguration, ...]
    problems: tuple[Problem, ...] = ()


def same(one: SavedConfiguration, other: SavedConfiguration) -> bool:
    """Tell whether two configurations launch the same; the order of their patches is no matter."""
    if one.identity != other.identity or one.version != other.version:
        return False
    if one.shared is not other.shared or one.s3_profile != other.s3_profile:
        return False
    left, right = _in_order(one.patch), _in_order(other.patch)
    return len(left) == len(right) and all(
        mine.path == theirs.path and _same(mine.value, theirs.value)
        for mine, theirs in zip(left, right, strict=True)
    )


def _in_order(patch: Iterable[PatchEntry]) -> list[PatchEntry]:
    single = (one for entry in patch for one in flattened(entry))
    return sorted(single, key=lambda entry: path_text(entry.path))


def _same(one: Maybe, other: Maybe) -> bool:
    if isinstance(one, Unset) or isinstance(other, Unset):
        return one is other
    return same_value(one, other)


def write_configurations(configurations: Iterable[SavedConfiguration]) -> list[Json]:
    """Return the JSON that Onyxia's portal reads, in the same order."""
    return [_written(one) for one in configurations]


def _written(one: SavedConfiguration) -> JsonObject:
    made: JsonObject = {"friendlyName": one.friendly_name}
    if one.shared is not None:
        made["isShared"] = one.shared
    made |= {"catalogId": one.catalog, "chartName": one.chart, "chartVersion": one.version}
    if one.s3_profile is not None:
        made["s3ProfileName"] = one.s3_profile
    made["helmValuesPatch"] = [
        entry_document(single) for entry in one.patch for single in flattened(entry)
    ]
    return made


def entry_document(entry: PatchEntry) -> JsonObject:
    """Return an entry as `helmValuesPatch` and REST have it: without `value` it takes away."""
    made: JsonObject = {"path": list(entry.path)}
    if not isinstance(entry.value, Unset):
        made["value"] = entry.value
    return made


def read_configurations(document: Json) -> ReadConfigurations:
    """Return the configurations of a list, or the single one of an object; nothing raises.

    One that cannot be read is left out with a problem. Of two that are the same by identity the
    later counts, at the place of the earlier.
    """
    listed = document if isinstance(document, list) else [document]
    found: dict[tuple[str, str, str], SavedConfiguration] = {}
    problems: list[Problem] = []
    for index, item in enumerate(listed):
        place: Path = (index,) if isinstance(document, list) else ()
        one = read_configuration(item, place)
        if isinstance(one, Problem):
            problems.append(one)
        else:
            found[one.identity] = one
    return ReadConfigurations(tuple(found.values()), tuple(problems))


def read_configuration(item: Json, place: Path = ()) -> SavedConfiguration | Problem:
    """Return one configuration, or what is wrong with it. `place`: where it stands."""
    if not isinstance(item, dict):
        return error(place, "configuration_no_object", N_("A saved configuration is an object."))
    texts: dict[str, str] = {}
    for key in ("friendlyName", "catalogId", "chartName", "chartVersion"):
        value = item.get(key)
        if not isinstance(value, str) or not value.strip() or len(value) > _MAX_NAME:
            template = N_(
                "A saved configuration needs “{key}”, a text of {most} characters at most."
            )
            return error(
                (*place, key), "configuration_incomplete", template, key=key, most=_MAX_NAME
            )
        texts[key] = value
    patch = read_entries(item.get("helmValuesPatch", []), (*place, "helmValuesPatch"))
    if isinstance(patch, Problem):
        return patch
    shared, profile = item.get("isShared"), item.get("s3ProfileName")
    return SavedConfiguration(
        friendly_name=texts["friendlyName"].strip(),
        catalog=texts["catalogId"],
        chart=texts["chartName"],
        version=texts["chartVersion"],
        patch=patch,
        shared=shared if isinstance(shared, bool) else None,
        s3_profile=profile if isinstance(profile, str) and profile else None,
    )


def read_entries(listed: Json, place: Path) -> tuple[PatchEntry, ...] | Problem:
    """Return the entries of a `helmValuesPatch`, or what is wrong with the first bad one."""
    if not isinstance(listed, list) or len(listed) > _MAX_ENTRIES:
        template = N_("The settings of a saved configuration are a list of {most} at most.")
        return error(place, "configuration_patch", template, most=_MAX_ENTRIES)
    entries: list[PatchEntry] = []
    for index, item in enumerate(listed):
        path = written_path(item.get("path")) if isinstance(item, dict) else None
        if path is None or not isinstance(item, dict) or depth(item) > _MAX_DEPTH:
            template = N_("A setting of a saved configuration has a path of names and numbers.")
            return error((*place, index), "configuration_patch_entry", template)
        entries.append(PatchEntry(path, copy(item["value"]) if "value" in item else UNSET))
    return tuple(entries)


@dataclass(frozen=True, slots=True)
class ReadValues:
    """The patch that a values.yaml makes of a draft, or why it makes none."""

    patch: tuple[PatchEntry, ...]
    problems: tuple[Problem, ...] = ()


def patch_of_values(draft: Draft, text: str) -> ReadValues:
    """Return the patch of a values.yaml, laid over the draft's defaults as Helm would.

    What the file does not name keeps its default. Secrets are left out with a warning, since a
    configuration holds none.
    """
    known = read_values(text)
    if known.object is None:
        return ReadValues((), known.problems)
    current = laid_over(draft.defaults, known.object)
    current = current if isinstance(current, dict) else {}
    patch = diff(draft.defaults, current)
    kept = without_secrets(patch, draft.secret_paths | secrets_of(draft.schema.root, current))
    secret = [entry.path for entry in patch if entry not in kept]
    template = N_("“{path}” is a secret; it was left out.")
    told = (warning(path, "secret_left_out", template, path=path_text(path)) for path in secret)
    return ReadValues(kept, tuple(told))


def configuration_of_values(
    draft: Draft,
    text: str,
    *,
    friendly_name: str,
    shared: bool | None = None,
    s3_profile: str | None = None,
) -> ReadConfigurations:
    """Return the configuration that a values.yaml makes of a chart, none where it is no values."""
    made = patch_of_values(draft, text)
    if any(problem.level == "error" for problem in made.problems):
        return ReadConfigurations((), made.problems)
    ref = draft.chart.ref
    one = SavedConfiguration(
        friendly_name=friendly_name,
        catalog=ref.catalog,
        chart=ref.chart,
        version=ref.version,
        patch=made.patch,
        shared=shared,
        s3_profile=s3_profile,
    )
    return ReadConfigurations((one,), made.problems)


def values_of_draft(draft: Draft) -> str:
    """Return the values of a draft (one opened with a configuration's patch) as values.yaml.

    Whole, without its secrets, for which the reader has their own.
    """
    kept = _without(draft.values, (), draft.secret_paths)
    return write(kept if isinstance(kept, dict) else {})


def _without(value: Json, path: Path, secrets: frozenset[Path]) -> Json:
    if isinstance(value, dict):
        return {
            key: _without(item, (*path, key), secrets)
            for key, item in value.items()
            if (*path, key) not in secrets
        }
    if isinstance(value, list):  # an item keeps its place, so a secret in a list is emptied
        return [
            "" if (*path, index) in secrets else _without(item, (*path, index), secrets)
            for index, item in enumerate(value)
        ]
    return value
