"""Read one chart's folder. Whatever is in it, the answer is a chart or its faults, never a raise.

A chart is somebody else's text: files are bounded in size, YAML is read without tags or endless
aliases, and a link that leads out of the folder is refused.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from sardonyx.catalog.localize import annotation_words, localized_annotation, localized_schema
from sardonyx.catalog.models import Chart, ChartFault, ChartRef, Dependency
from sardonyx.catalog.versions import is_version
from sardonyx.errors import Problem
from sardonyx.launcher import yaml_text
from sardonyx.text import N_, Scalar, Text
from sardonyx.values import Json, JsonObject

# Bytes. The largest values.yaml of the charts we know has 150 kB.
MAX_FILE = 2_000_000
ICONS = ("icon.svg", "icon.png")
READ_FILES = ("Chart.yaml", "values.yaml", "values.schema.json", "local.yaml", "README.md", *ICONS)
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,51}[a-z0-9])?")


@dataclass(eq=False)
class _FaultError(Exception):
    """What makes a folder no chart: a place (`file:line`) and a sentence."""

    place: str
    code: str
    template: str
    values: dict[str, Scalar]

    def problem(self) -> Problem:
        return Problem(self.place, self.code, "error", Text(self.template, self.values))


def read_chart(folder: Path, catalog: str) -> Chart | ChartFault:
    """Return the chart in `folder`, or what is wrong with it."""
    try:
        return _chart(folder, catalog)
    except _FaultError as fault:
        problem = fault.problem()
    except OSError as error:
        problem = _fault(
            Path(str(error.filename or folder)).name,
            "chart_unreadable",
            N_("The file cannot be read: {reason}."),
            reason=error.strerror or type(error).__name__,
        ).problem()
    return ChartFault(catalog=catalog, folder=folder.name, problems=(problem,))


def is_chart_folder(folder: Path) -> bool:
    """Say whether `folder` means to be a chart: it has any of a chart's files."""
    return folder.is_dir() and any(
        (folder / name).exists() for name in ("Chart.yaml", "values.yaml", "templates")
    )


def _chart(folder: Path, catalog: str) -> Chart:
    about = _yaml(folder, "Chart.yaml")
    name, version = about.get("name"), about.get("version")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _fault(
            "Chart.yaml",
            "chart_name",
            N_("The name must be small letters, digits and hyphens, 53 at most."),
        )
    if not isinstance(version, str) or not is_version(version):
        raise _fault(
            "Chart.yaml",
            "chart_version",
            N_("The version must be like 1.2.3; here it is “{found}”."),
            found=str(version)[:40],
        )
    annotations = about.get("annotations")
    notes: JsonObject = annotations if isinstance(annotations, dict) else {}
    schema = _schema(folder)
    app_version, home = about.get("appVersion"), about.get("home")
    return Chart(
        ref=ChartRef(catalog, name, version),
        folder=folder,
        title=localized_annotation(notes.get("sardonyx.dev/title"), name),
        description=localized_annotation(
            notes.get("sardonyx.dev/description"), _text(about.get("description"))
        ),
        keywords=_texts(about.get("keywords"))
        + annotation_words(notes.get("sardonyx.dev/keywords")),
        app_version=_text(app_version if isinstance(app_version, str) else str(app_version or "")),
        home=home if isinstance(home, str) and home.startswith("https://") else None,
        sources=tuple(link for link in _texts(about.get("sources")) if link.startswith("https://")),
        icon=next((path for path in (_inside(folder, icon) for icon in ICONS) if path), None),
        dependencies=_dependencies(about.get("dependencies")),
        # Helm takes a chart without values too; `chart lint` wants them of ours.
        values=_yaml(folder, "values.yaml") if _inside(folder, "values.yaml") else {},
        schema=None if schema is None else localized_schema(schema),
        local=_yaml(folder, "local.yaml") if _inside(folder, "local.yaml") else None,
        readme=_content(folder, "README.md") if _inside(folder, "README.md") else "",
        deprecated=about.get("deprecated") is True,
        renewing=notes.get("sardonyx.dev/credentials") == "renewing",
    )


def _yaml(folder: Path, name: str) -> JsonObject:
    if _inside(folder, name) is None:
        raise _fault(name, "chart_file_missing", N_("The file is missing."))
    read = yaml_text.read(_content(folder, name))
    if read.problems:
        message = read.problems[0].message
        line = message.values.get("line", 1)
        raise _FaultError(f"{name}:{line}", "chart_yaml", message.template, dict(message.values))
    if read.value is None and name == "values.yaml":
        return {}
    if read.object is None:
        raise _fault(name, "chart_not_an_object", N_("The file must hold keys and values."))
    return read.object


def _schema(folder: Path) -> JsonObject | None:
    name = "values.schema.json"
    if _inside(folder, name) is None:
        return None
    try:
        schema: Json = json.loads(_content(folder, name), parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise _fault(
            f"{name}:{error.lineno}",
            "chart_schema_json",
            N_("line {line}: this is not JSON"),
            line=error.lineno,
        ) from error
    except (ValueError, RecursionError) as error:
        raise _fault(name, "chart_schema_json", N_("This is not JSON.")) from error
    if not isinstance(schema, dict):
        raise _fault(name, "chart_schema_object", N_("The schema must be an object."))
    return schema


def _refuse_constant(name: str) -> Json:
    raise ValueError(name)


def _content(folder: Path, name: str) -> str:
    path = _inside(folder, name)
    if path is None:
        raise _fault(name, "chart_file_missing", N_("The file is missing."))
    if not path.is_file():
        raise _fault(name, "chart_file_kind", N_("This is no ordinary file."))
    with path.open("rb") as file:
        content = file.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise _fault(
            name,
            "chart_file_size",
            N_("The file is larger than {most} bytes."),
            most=MAX_FILE,
        )
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _fault(
            f"{name}:{line}", "chart_file_encoding", N_("line {line}: this is not UTF-8"), line=line
        ) from error


def _inside(folder: Path, name: str) -> Path | None:
    """Return the file if it is there; a link that leaves the folder is a fault."""
    path = folder / name
    if not path.exists() and not path.is_symlink():
        return None
    if not path.resolve().is_relative_to(folder.resolve()):
        raise _fault(name, "chart_link_outside", N_("The link leads out of the chart's folder."))
    return path


def _dependencies(listed: Json) -> tuple[Dependency, ...]:
    found = []
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            condition = item.get("condition")
            found.append(
                Dependency(
                    # An alias is the name its values go by.
                    name=_text(item.get("alias")) or _text(item["name"]),
                    version=_text(item.get("version")),
                    condition=condition if isinstance(condition, str) and condition else None,
                )
            )
    return tuple(found)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _fault(place: str, code: str, template: str, **values: Scalar) -> _FaultError:
    return _FaultError(place, code, template, values)
