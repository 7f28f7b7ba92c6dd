"""Turn a chart's process profile and a launch into what the runner executes.

References resolve as everywhere (launcher.md 5), against the launch context, the values and a
few facts of this machine. One that does not resolve is a problem with its pointer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sardonyx.adapters.processes.profile import EnvironmentValue, Profile, When
from sardonyx.adapters.processes.release_folder import Orders, Ready, Step
from sardonyx.adapters.processes.sandbox import Layout, Level
from sardonyx.catalog.models import Chart
from sardonyx.errors import Problem
from sardonyx.launcher.models import Unset
from sardonyx.launcher.references import look_up, parse, parse_path, resolve
from sardonyx.services.models import LaunchPlan
from sardonyx.text import N_, Text
from sardonyx.values import Json, JsonObject, Path, Secret, pointer

_DISCOVERY = "discovery"
_SIZE = re.compile(r"^([0-9.]+)\s*([KMGTP]i?|k)?$")
_POWERS = {"k": 1, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how a release runs on this machine.

    port: its loopback port. domain: `localhost:8000`. discovery: kind -> what was found.
    issued: variables of its credentials.
    """

    layout: Layout
    level: Level
    boot: str
    port: int
    address_port: int
    domain: str
    discovery: Mapping[str, JsonObject] = field(default_factory=dict)
    issued: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A profile with every reference resolved; `problems` says which did not.

    alone: the command where nothing of the platform stands around the program.
    """

    orders: Orders
    alone: list[str]
    url: str
    web: bool
    address: str
    password: str = field(repr=False)
    header: tuple[str, Secret] | None
    provides: list[JsonObject] = field(repr=False)
    notes: dict[str, str] = field(repr=False)
    problems: tuple[Problem, ...] = ()


def render(chart: Chart, profile: Profile, plan: LaunchPlan, place: Place) -> Rendered:
    """Return the profile rendered for `plan` at `place`. Reads the chart's files."""
    return _Rendering(chart, profile, plan, place).all()


def runtime_scope(plan: LaunchPlan, place: Place) -> JsonObject:
    """Return what references of a process profile see."""
    host = f"{plan.release}.{place.domain.partition(':')[0]}"
    scope: JsonObject = {
        "values": plan.merged,
        "port": place.port,
        "home": place.layout.home,
        "work": place.layout.work,
        "socket": place.layout.socket,
        "url": f"http://{plan.release}.{place.domain}",
        "host": host,
        "release": plan.release,
        _DISCOVERY: dict(place.discovery),
    }
    return {**plan.context, **scope}


def holds(when: When | None, scope: JsonObject) -> bool:
    """Tell whether a condition holds: on the values, or on something discovered."""
    if when is None:
        return True
    path = parse_path(when.path)
    if path[:1] == (_DISCOVERY,):
        return (not isinstance(look_up(path, scope), Unset)) == bool(when.value)
    found = look_up(path, scope.get("values", {}))
    return not isinstance(found, Unset) and type(found) is type(when.value) and found == when.value


def memory_bytes(values: Json) -> int:
    """Return `resources.limits.memory` in bytes, 0 when there is none or it is not a size."""
    text = look_up(("resources", "limits", "memory"), values)
    found = _SIZE.match(text) if isinstance(text, str) else None
    if found is None:
        return 0
    unit = found[2] or ""
    base = 1024 if unit.endswith("i") else 1000
    return int(float(found[1]) * (base ** _POWERS[unit[0]] if unit else 1))


class _Rendering:
    def __init__(self, chart: Chart, profile: Profile, plan: LaunchPlan, place: Place) -> None:
        self._chart = chart
        self._profile = profile
        self._plan = plan
        self._place = place
        self._scope = runtime_scope(plan, place)
        self._problems: list[Problem] = []

    def all(self) -> Rendered:
        profile, place, plan = self._profile, self._place, self._plan
        process, access = profile.process, profile.access
        tcp = access.tcp
        orders = Orders(
            release=plan.release,
            boot=place.boot,
            command=self._words(process.command, ("process", "command")),
            env=self._env() | dict(place.issued),
            ready=self._ready(),
            requirements=self._requirements(),
            program=profile.environment.program.name if profile.environment.program else "",
            program_hint=profile.environment.program.hint if profile.environment.program else "",
            files=self._files(),
            init=profile.init,
            steps=[
                Step(step.name, self._words(step.command, ("steps", index, "command")))
                for index, step in enumerate(profile.steps)
                if holds(step.when, self._scope)
            ],
            port=0 if access.socket else place.port,
            host=f"{plan.release}.{place.domain}",
            memory=memory_bytes(plan.merged),
            stop_signal=process.stop.signal,
            stop_seconds=process.stop.seconds,
            sandbox=place.level,
        )
        web = tcp is None
        address = f"http://127.0.0.1:{place.address_port}"
        password = ""
        if tcp is not None:
            user = self._text(tcp.username, ("access", "tcp", "username"))
            path = self._text(tcp.path, ("access", "tcp", "path"))
            password = self._text(tcp.password, ("access", "tcp", "password"))
            at = f"{user}@" if user else ""
            address = f"{tcp.scheme}://{at}127.0.0.1:{place.port}{path}"
        return Rendered(
            orders=orders,
            alone=self._words(process.alone, ("process", "alone"))
            if process.alone
            else orders.command,
            url=str(self._scope["url"]),
            web=web,
            address=address,
            password=password,
            header=self._header(),
            provides=self._provides(),
            notes=self._notes(),
            problems=tuple(self._problems),
        )

    def _text(self, template: str, path: Path) -> str:
        value = resolve(template, self._scope, top_level=False)
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return str(value)
        if value is None:
            return ""
        self._unresolved(template, path)
        return ""

    def _unresolved(self, template: str, path: Path) -> None:
        missing = [
            ".".join(one)
            for one in parse(template, top_level=False).references()
            if isinstance(look_up(one, self._scope), Unset)
        ]
        self._problem(
            path,
            "unresolved",
            Text(
                N_("The process profile asks for “{reference}”, which this launch does not have."),
                {"reference": ", ".join(missing) or template},
            ),
        )

    def _problem(self, path: Path, code: str, message: Text) -> None:
        self._problems.append(
            Problem(
                pointer="local.yaml#" + pointer(path), code=code, level="error", message=message
            )
        )

    def _words(self, templates: Sequence[str], path: Path) -> list[str]:
        return [self._text(one, (*path, index)) for index, one in enumerate(templates)]

    def _env(self) -> dict[str, str]:
        env: dict[str, str] = {}
        for name, given in self._profile.process.env.items():
            value = given
            if isinstance(given, EnvironmentValue):
                if not holds(given.when, self._scope):
                    continue
                value = given.value
            if isinstance(value, str):
                # A value that is null, or of something not discovered, leaves its variable out.
                found = resolve(value, self._scope, top_level=False)
                if found is None or (isinstance(found, Unset) and self._optional(value)):
                    continue
                env[name] = self._text(value, ("process", "env", name))
            elif isinstance(value, bool):
                env[name] = "true" if value else "false"
            else:
                env[name] = str(value)
        return env

    def _optional(self, template: str) -> bool:
        missing = [
            one
            for one in parse(template, top_level=False).references()
            if isinstance(look_up(one, self._scope), Unset)
        ]
        return bool(missing) and all(one[:1] == (_DISCOVERY,) for one in missing)

    def _ready(self) -> Ready:
        ready = self._profile.ready
        if ready.command is not None:
            words = self._words(ready.command, ("ready", "command"))
            return Ready("command", command=words, seconds=ready.seconds)
        if ready.tcp:
            return Ready("tcp", seconds=ready.seconds)
        path = self._text(ready.path or "/", ("ready", "path"))
        return Ready("http", path=path, seconds=ready.seconds)

    def _requirements(self) -> str | None:
        name = self._profile.environment.python
        return None if name is None else self._read(name, ("environment", "python"))

    def _files(self) -> dict[str, str]:
        return {
            file.path: self._read(file.source, ("process", "files", index, "from"))
            for index, file in enumerate(self._profile.process.files)
            if holds(file.when, self._scope)
        }

    def _read(self, name: str, path: Path) -> str:
        file = (self._chart.folder / name).resolve()
        try:
            if not file.is_relative_to(self._chart.folder.resolve()):
                raise FileNotFoundError
            return file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            message = Text(N_("The chart has no readable file “{file}”."), {"file": name})
            self._problem(path, "file_missing", message)
            return ""

    def _header(self) -> tuple[str, Secret] | None:
        header = self._profile.access.header
        if header is None:
            return None
        return header.name, Secret(self._text(header.value, ("access", "header", "value")))

    def _provides(self) -> list[JsonObject]:
        found: list[JsonObject] = []
        if look_up(("values", "discovery", "enabled"), self._scope) is False:
            return found  # the form may keep a service to itself
        for index, one in enumerate(self._profile.discover.provides):
            at: Path = ("discover", "provides", index, "keys")
            keys: JsonObject = {
                name: self._text(value, (*at, name)) if isinstance(value, str) else value
                for name, value in one.keys.items()
            }
            found.append({"kind": one.kind, "keys": keys})
        return found

    def _notes(self) -> dict[str, str]:
        notes = self._profile.notes
        if notes is None:
            return {}
        files = {"en": notes} if isinstance(notes, str) else notes
        return {
            language: self._note(self._read(name, ("notes", language)))
            for language, name in files.items()
        }

    def _note(self, template: str) -> str:
        """Fill the places of a note; what does not resolve stays empty: a note is no reason
        to refuse a launch."""
        parts: list[str] = []
        for part in parse(template, top_level=False).parts:
            value = part if isinstance(part, str) else look_up(part, self._scope)
            parts.append(
                "" if isinstance(value, Unset | dict | list) or value is None else str(value)
            )
        return "".join(parts)
