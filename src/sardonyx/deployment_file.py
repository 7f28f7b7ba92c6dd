"""Read the settings file of a platform on a cluster, and name every mistake with its place.

What a schema cannot tell is looked at too: files that are named must be there and readable.
"""

from __future__ import annotations

import os
import shutil
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from sardonyx.catalog import allowance
from sardonyx.deployment import ClusterSettings
from sardonyx.errors import Problem
from sardonyx.launcher import yaml_text
from sardonyx.setup.errors import SettingsFileError, SettingsFileUnreadableError
from sardonyx.text import N_, Scalar, Text
from sardonyx.values import pointer

_LARGEST = 4 * 2**20


def load_settings(file: Path) -> ClusterSettings:
    """Return the settings of `file`. Raises SettingsFileUnreadableError, SettingsFileError.

    An error never holds a value of the file: a password may have been written there by mistake.
    """
    read = yaml_text.read(_text(file))
    if read.problems:
        raise SettingsFileError(file=str(file), count=len(read.problems), problems=read.problems)
    if read.object is None:
        raise _refused(file, [_problem((), N_("this must be an object: keys and their values"))])
    try:
        settings = ClusterSettings.model_validate(read.object)
    except ValidationError as error:
        raise _refused(file, [_fault(fault) for fault in error.errors(include_url=False)]) from None
    problems = _beyond_schema(settings)
    if problems:
        raise _refused(file, problems)
    return settings


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > _LARGEST:
            raise SettingsFileUnreadableError(file=str(file), reason="larger than 4 MiB")
        return file.read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingsFileUnreadableError(file=str(file), reason=reason) from error
    except UnicodeDecodeError as error:
        raise SettingsFileUnreadableError(file=str(file), reason="not UTF-8") from error


def _refused(file: Path, problems: list[Problem]) -> SettingsFileError:
    return SettingsFileError(file=str(file), count=len(problems), problems=tuple(problems))


def _fault(fault: Any) -> Problem:  # noqa: ANN401 - pydantic's own shape
    """Return one fault of the model in words that say what to write."""
    place = tuple(fault["loc"])
    if fault["type"] == "missing":
        title = _title(place)
        return _problem(place, N_("is missing ({title}): write it"), title=title)
    if fault["type"] == "extra_forbidden":
        near = get_close_matches(str(place[-1]), _known(place[:-1]), n=1)
        if near:
            return _problem(place, N_("is no setting: did you mean “{near}”?"), near=near[0])
        return _problem(place, N_("is no setting: remove it"))
    return _problem(place, N_("{reason}: correct it"), reason=str(fault["msg"]))


def _problem(place: tuple[str | int, ...], template: str, **values: Scalar) -> Problem:
    return Problem(pointer(place) or "/", "setting", "error", Text(template, values))


def _known(place: tuple[str | int, ...]) -> list[str]:
    model = _model(place)
    return [one.alias or name for name, one in model.model_fields.items()] if model else []


def _title(place: tuple[str | int, ...]) -> str:
    model = _model(place[:-1])
    fields = model.model_fields.items() if model else ()
    found = (one.title for name, one in fields if place[-1] in (name, one.alias))
    return next(found, None) or str(place[-1])


def _model(place: tuple[str | int, ...]) -> type[BaseModel] | None:
    """Return the model at a place of the tree; None for what is no model of ours."""
    model: type[BaseModel] | None = ClusterSettings
    for part in place:
        if model is None:
            return None
        fields = model.model_fields
        named = next((one for name, one in fields.items() if part in (name, one.alias)), None)
        inner = _inner(named.annotation) if named is not None else None
        model = inner
    return model


def _inner(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any type there is
    options = (annotation, *getattr(annotation, "__args__", ()))
    return next(
        (one for one in options if isinstance(one, type) and issubclass(one, BaseModel)), None
    )


def _beyond_schema(settings: ClusterSettings) -> list[Problem]:
    return [
        *_addresses(settings),
        *_files(settings),
        *_regions(settings),
        *_own_charts(settings),
    ]


def _addresses(settings: ClusterSettings) -> list[Problem]:
    found = []
    for place, url in (
        (("publicUrl",), settings.public_url),
        (("identity", "issuer"), settings.identity.issuer),
    ):
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            found.append(_problem(place, N_("is no web address: write https:// and a host name")))
        elif place == ("publicUrl",) and (parts.path or parts.query or parts.fragment):
            found.append(_problem(place, N_("must end after the host: remove the path")))
    if settings.metrics_port and settings.metrics_port == settings.port:
        found.append(_problem(("metricsPort",), N_("is the port of the pages: choose another")))
    return found


def _files(settings: ClusterSettings) -> list[Problem]:
    named = (
        (("keyFile",), settings.key_file),
        (("databasePasswordFile",), settings.database_password_file),
        (("kubeconfig",), settings.kubeconfig),
        (("identity", "clientSecretFile"), settings.identity.client_secret_file),
        (("identity", "caFile"), settings.identity.ca_file),
    )
    found = []
    for place, file in named:
        if file is not None and not (file.is_file() and os.access(file, os.R_OK)):
            template = N_("names a file that cannot be read ({file}): mount it there")
            found.append(_problem(place, template, file=str(file)))
    parent = settings.data if settings.data.exists() else settings.data.parent
    if not os.access(parent, os.W_OK):
        template = N_("names a folder that cannot be written ({file}): mount a volume there")
        found.append(_problem(("data",), template, file=str(settings.data)))
    return found


def _own_charts(settings: ClusterSettings) -> list[Problem]:
    return [
        _problem(("ownCharts", "addresses", number), message)
        for number, pattern in enumerate(settings.own_charts.addresses)
        if (message := allowance.fault(pattern) or _program_fault(pattern))
    ]


def _program_fault(pattern: str) -> str:
    if pattern.startswith("git+") and shutil.which("git") is None:
        return N_("needs the program git, which is not on this machine: install it")
    return ""


def _regions(settings: ClusterSettings) -> list[Problem]:
    found = []
    for number, region in enumerate(settings.regions):
        for key in ("id", "services"):
            wanted: type = str if key == "id" else dict
            if not isinstance(region.get(key), wanted) or not region.get(key):
                template = N_("is missing in this region: write it as Onyxia does")
                found.append(_problem(("regions", number, key), template))
    return found
