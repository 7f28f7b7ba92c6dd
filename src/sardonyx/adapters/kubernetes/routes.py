"""Read from a release's manifest how it is reached: addresses for browsers and for programs.

Only the documents of five kinds are parsed, each bounded: a manifest can be 1 MB, and any user
can write one. Source: wire-api.md 9.3 and D16.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import yaml

from sardonyx.values import Json, JsonObject

_KINDS = re.compile(
    r"""^\s*["']?kind["']?\s*:\s*["']?(HTTPRoute|Ingress|Route|VirtualService|Service)["']?\s*,?\s*$""",
    re.MULTILINE,
)
_BETWEEN = re.compile(r"^---(?:\s.*)?$", re.MULTILINE)
_LARGEST_DOCUMENT = 128 * 1024
_MOST_ADDRESSES = 32
# Where a literal path ends and a regular expression begins.
_REGEX = re.compile(r"[()\[\]{}|*+?^$\\]")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z", re.IGNORECASE)
_ORDER = ("HTTPRoute", "Ingress", "Route", "VirtualService")
_LONGEST_HOST = 253
_LONGEST_NUMBER = 6  # a port
_DEEPEST = 24
# What programs speak at a Service's port, by its name or number.
_SCHEMES: Mapping[str, str] = {
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "redis": "redis",
    "mongodb": "mongodb",
    "mysql": "mysql",
    "https": "https",
    "http": "http",
    "5432": "postgresql",
    "6379": "redis",
    "27017": "mongodb",
    "3306": "mysql",
    "443": "https",
    "80": "http",
}
_LIKE_HTTP = ("http", "web", "ui", "api", "dashboard")


@dataclass(frozen=True, slots=True)
class Exposure:
    """How a region exposes services (`services.expose`).

    domain: names below it are ours; scheme: of an address that names none.
    """

    domain: str = ""
    scheme: str = "https"
    ingress: bool = True
    route: bool = False
    istio: bool = False
    http_route: bool = True


USUAL_EXPOSURE = Exposure()


@dataclass(frozen=True, slots=True)
class RouteTarget:
    """One way from outside: the object that makes it, and the address."""

    kind: str
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Reached:
    """targets: HTTPRoutes first. address: for programs inside the cluster, None without one."""

    targets: tuple[RouteTarget, ...] = ()
    address: str | None = None


def exposure_of(region: JsonObject) -> Exposure:
    """Return how `region` exposes services; Onyxia's defaults. `scheme` is a key of ours."""
    expose = _object(_object(region.get("services")).get("expose"))

    def on(name: str, default: bool) -> bool:
        value = _object(expose.get(name)).get("enabled", default)
        return value is True

    scheme = expose.get("scheme")
    return Exposure(
        domain=str(expose.get("domain") or "").lower(),
        scheme=scheme if scheme in ("http", "https") else "https",
        ingress=expose.get("ingress", True) is True,
        route=expose.get("route", False) is True,
        istio=on("istio", False),
        http_route=on("httpRoute", True),
    )


def reached(manifest: str, namespace: str, release: str, exposure: Exposure) -> Reached:
    """Return how the release of `manifest` is reached. What cannot be read is left out."""
    readers: Mapping[str, tuple[bool, Callable[[JsonObject, str], Iterator[str]]]] = {
        "HTTPRoute": (exposure.http_route, _http_route),
        "Ingress": (exposure.ingress, _ingress),
        "Route": (exposure.route, _openshift_route),
        "VirtualService": (exposure.istio, _virtual_service),
    }
    targets: list[RouteTarget] = []
    services: list[JsonObject] = []
    for kind, document in _documents(manifest):
        if kind == "Service":
            services.append(document)
            continue
        wanted, read = readers[kind]
        if wanted:
            name = str(_object(document.get("metadata")).get("name", ""))
            for url in read(_object(document.get("spec")), exposure.scheme):
                targets.append(RouteTarget(kind, name, url))
    targets.sort(key=lambda target: _ORDER.index(target.kind))
    unique = {target.url: target for target in reversed(targets)}
    kept = [target for target in targets if unique[target.url] is target]
    return Reached(tuple(kept[:_MOST_ADDRESSES]), _address(services, namespace, release))


def _documents(manifest: str) -> Iterator[tuple[str, JsonObject]]:
    start = 0
    for end in [*(found.start() for found in _BETWEEN.finditer(manifest)), len(manifest)]:
        part, start = manifest[start:end], end
        found = _KINDS.search(part) if end else None
        if found is None or len(part) > _LARGEST_DOCUMENT:
            continue
        document = _parsed(part.removeprefix("---"))
        if isinstance(document, dict) and document.get("kind") == found[1]:
            yield found[1], document


# Written in C where PyYAML has it: ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _parsed(text: str) -> Json:
    """Return the first document of `text`, None when it is none.

    Built from the parser's events, without recursion: PyYAML's own composer in C overflows the
    stack on deep nesting, and takes the process with it. Aliases are left out.
    """
    root: list[Json] = []
    parents: list[list[Json] | dict[str, Json]] = [root]
    keys: list[str | None] = [None]

    def add(value: Json) -> None:
        parent = parents[-1]
        if isinstance(parent, list):
            parent.append(value)
        elif keys[-1] is None:
            keys[-1] = value if isinstance(value, str) else str(value)
        else:
            parent[keys[-1]] = value
            keys[-1] = None

    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.ScalarEvent):
                add(_scalar(event.value, plain=event.implicit[0]))
            elif isinstance(event, yaml.AliasEvent):
                add(None)
            elif isinstance(event, yaml.CollectionStartEvent):
                inside: list[Json] | dict[str, Json] = (
                    {} if isinstance(event, yaml.MappingStartEvent) else []
                )
                if len(parents) > _DEEPEST:
                    return None
                add(inside)
                parents.append(inside)
                keys.append(None)
            elif isinstance(event, yaml.CollectionEndEvent):
                parents.pop()
                keys.pop()
            elif isinstance(event, yaml.DocumentEndEvent):
                break
    except (yaml.YAMLError, ValueError):
        return None
    return root[0] if root else None


def _scalar(text: str, *, plain: bool) -> Json:
    if not plain:
        return text
    if text in ("", "null", "~"):
        return None
    return int(text) if text.isdecimal() and len(text) < _LONGEST_NUMBER else text


def _http_route(spec: JsonObject, scheme: str) -> Iterator[str]:
    paths = [
        _object(match.get("path")).get("value")
        for rule in _objects(spec.get("rules"))
        for match in _objects(rule.get("matches")) or [{}]
        if _object(match.get("path")).get("type", "PathPrefix") != "RegularExpression"
    ]
    for host in _list(spec.get("hostnames")):
        yield from _urls(host, paths or ["/"], scheme)


def _ingress(spec: JsonObject, scheme: str) -> Iterator[str]:
    for rule in _objects(spec.get("rules")):
        paths = [path.get("path") for path in _objects(_object(rule.get("http")).get("paths"))]
        yield from _urls(rule.get("host"), paths or ["/"], scheme)


def _openshift_route(spec: JsonObject, scheme: str) -> Iterator[str]:
    yield from _urls(spec.get("host"), [spec.get("path")], scheme)


def _virtual_service(spec: JsonObject, scheme: str) -> Iterator[str]:
    if spec.get("gateways") == ["mesh"]:
        return  # for inside the mesh only
    paths: list[Json] = []
    for rule in _objects(spec.get("http")):
        for match in _objects(rule.get("match")) or [{}]:
            uri = _object(match.get("uri"))
            paths.append(uri.get("prefix") or uri.get("exact") or "/")
    for host in _list(spec.get("hosts")):
        if isinstance(host, str) and "." in host and not host.endswith((".svc", ".cluster.local")):
            yield from _urls(host, paths or ["/"], scheme)


def _urls(host: Json, paths: list[Json], scheme: str) -> Iterator[str]:
    if not isinstance(host, str):
        return
    named, _, bare = host.rpartition("://")
    if named in ("http", "https"):
        scheme = named
    bare, _, port = bare.partition(":")
    labels = bare.split(".")
    if named not in ("", "http", "https") or len(bare) > _LONGEST_HOST:
        return
    if not all(_LABEL.match(label) for label in labels) or (port and not port.isdecimal()):
        return  # wildcards too: they name no address
    shown = f"{bare}:{port}" if port else bare
    for path in paths:
        literal = _REGEX.split(path, maxsplit=1)[0] if isinstance(path, str) else ""
        if literal and not literal.isprintable():
            continue
        literal = "/" + literal.strip().lstrip("/")
        yield f"{scheme}://{shown}" + ("" if literal == "/" else literal)


def _address(services: list[JsonObject], namespace: str, release: str) -> str | None:
    found: list[tuple[int, str]] = []
    for service in services:
        name = _object(service.get("metadata")).get("name")
        spec = _object(service.get("spec"))
        ports = _objects(spec.get("ports"))
        if not isinstance(name, str) or not ports or spec.get("type") == "ExternalName":
            continue
        port = ports[0].get("port")
        if not isinstance(port, int):
            continue
        scheme = _scheme(str(ports[0].get("name") or ""), port, str(ports[0].get("appProtocol")))
        # Best is the release's own name, worst a headless Service.
        rank = 2 * (spec.get("clusterIP") == "None") + (name != release)
        found.append((rank, f"{scheme}://{name}.{namespace}.svc:{port}"))
    return min(found, key=lambda one: one[0])[1] if found else None


def _scheme(name: str, port: int, protocol: str) -> str:
    known = _SCHEMES.get(protocol) or _SCHEMES.get(name.lower()) or _SCHEMES.get(str(port))
    if known:
        return known
    return "http" if name.lower().startswith(_LIKE_HTTP) or not name else "tcp"


def _object(value: Json | None) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _list(value: Json | None) -> list[Json]:
    return value if isinstance(value, list) else []


def _objects(value: Json | None) -> list[JsonObject]:
    return [one for one in _list(value) if isinstance(one, dict)]
