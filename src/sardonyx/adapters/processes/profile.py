"""Own `local.yaml`, the process profile of a chart: its model, its schema, its checks.

The JSON Schema beside this file is written from the model (`profile_schema`), a test holds both
together. Rendering a profile for one launch is in `rendering`.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sardonyx.adapters.processes.errors import ProfileError
from sardonyx.errors import Problem
from sardonyx.text import N_, Text
from sardonyx.values import Json, JsonObject, pointer

Scalar = str | int | float | bool


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _relative(path: str) -> str:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or not parts.parts:
        raise ValueError("must be a path inside the folder: relative, without ..")
    return path


class When(_Part):
    """Holds when the value at `path` equals `value`; `discovery.<kind>`: when one was found."""

    path: Annotated[str, Field(min_length=1)]
    value: Scalar | None


class ProgramNeed(_Part):
    """A program the machine must have on PATH, and how to install it."""

    name: Annotated[str, Field(min_length=1)]
    hint: str = ""


class EnvironmentNeed(_Part):
    """python: pinned requirements beside this file. program: instead of it, or in its place."""

    python: str | None = None
    program: ProgramNeed | None = None


class EnvironmentValue(_Part):
    """A variable that is set only when its condition holds."""

    value: Scalar
    when: When


class FileCopy(_Part):
    """A file of the chart put into the service's home; its text is not templated."""

    path: str
    source: Annotated[str, Field(alias="from")]
    when: When | None = None

    @model_validator(mode="after")
    def _inside(self) -> FileCopy:
        _relative(self.path)
        _relative(self.source)
        return self


class Stop(_Part):
    """How the program is asked to end, and for how long before it is killed."""

    signal: Literal["TERM", "INT", "QUIT", "HUP"] = "TERM"
    seconds: Annotated[float, Field(gt=0, le=60)] = 10


class ProcessProfile(_Part):
    """alone: the command where no front door stands before the program and no platform runs
    it, for the script underneath; without it, `command`."""

    command: Annotated[list[str], Field(min_length=1)]
    alone: Annotated[list[str], Field(min_length=1)] | None = None
    env: dict[str, Scalar | EnvironmentValue] = {}
    files: list[FileCopy] = []
    stop: Stop = Stop()


class Header(_Part):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]
    value: str


class TcpAccess(_Part):
    """A service without a web page. path, username and password complete its address."""

    scheme: Annotated[str, Field(pattern=r"^[a-z][a-z0-9+.-]*$")]
    path: str = ""
    username: str = ""
    password: str = ""


class Access(_Part):
    """How the service is reached: a port (with a header), a socket, or TCP without web."""

    header: Header | None = None
    socket: bool = False
    tcp: TcpAccess | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Access:
        if self.tcp is not None and (self.socket or self.header is not None):
            raise ValueError("tcp goes with neither socket nor header")
        return self


class Ready(_Part):
    """When the service answers: a path over HTTP, a port that accepts, or a command.

    seconds: how long it may take.
    """

    path: str | None = None
    tcp: bool = False
    command: list[str] | None = None
    seconds: Annotated[float, Field(gt=0)] = 60

    @model_validator(mode="after")
    def _one_probe(self) -> Ready:
        if sum((self.path is not None, self.tcp, self.command is not None)) != 1:
            raise ValueError("exactly one of path, tcp, command")
        return self


class Activity(_Part):
    http: str
    field: str | None = None
    busy: str | None = None


class Provided(_Part):
    kind: Annotated[str, Field(min_length=1)]
    keys: dict[str, Scalar]


class Discover(_Part):
    provides: list[Provided] = []
    uses: list[str] = []


class Step(_Part):
    """A command before the service starts, such as a migration; a step of the timeline."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    command: Annotated[list[str], Field(min_length=1)]
    when: When | None = None


class Profile(_Part):
    """The process profile of a chart."""

    api_version: Annotated[Literal["sardonyx.dev/v1"], Field(alias="apiVersion")]
    environment: EnvironmentNeed = EnvironmentNeed()
    process: ProcessProfile
    access: Access = Access()
    ready: Ready
    init: bool = False
    activity: Activity | None = None
    discover: Discover = Discover()
    notes: str | dict[str, str] | None = None
    steps: list[Step] = []


def parse_profile(document: Json, *, chart: str = "") -> Profile:
    """Return the profile in `document`. Raises ProfileError with a pointer for each fault."""
    try:
        return Profile.model_validate(document)
    except ValidationError as error:
        problems = tuple(
            Problem(
                pointer=pointer(_place(document, one["loc"])),
                code="profile",
                level="error",
                message=Text(
                    N_("The process profile is wrong here: {reason}"), {"reason": one["msg"]}
                ),
            )
            for one in error.errors(include_url=False, include_input=False)
        )
        first = problems[0]
        raise ProfileError(
            chart=chart,
            first=f"{first.pointer or '/'}: {first.message.values['reason']}",
            problems=problems,
            field=first.pointer,
        ) from error


def profile_problems(document: Json) -> tuple[Problem, ...]:
    """Return what is wrong with a local.yaml, for `chart lint`; empty when it is right."""
    try:
        parse_profile(document)
    except ProfileError as error:
        return error.problems
    return ()


def profile_schema() -> JsonObject:
    """Return the JSON Schema (2020-12) of `local.yaml`."""
    schema: JsonObject = Profile.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "sardonyx process profile (local.yaml)"
    return schema


def _place(document: Json, location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Drop from a location the names of alternatives, which are not in the document."""
    place: list[int | str] = []
    at: Json = document
    for position, part in enumerate(location):
        last = position == len(location) - 1
        if isinstance(at, dict) and isinstance(part, str):
            if part in at:
                at = at[part]
            elif not last or "[" in part or part[:1].isupper() or part in _TYPE_NAMES:
                continue
            place.append(part)
        elif isinstance(at, list) and isinstance(part, int) and part < len(at):
            at = at[part]
            place.append(part)
    return tuple(place)


_TYPE_NAMES = {"str", "int", "float", "bool"}
