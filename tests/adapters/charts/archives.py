"""Make charts' archives and Helm repositories, honest and hostile."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.charts.servers import Answer, Asked

SCHEMA = json.dumps({"type": "object", "properties": {"size": {"type": "string"}}})


def chart_archive(
    name: str = "tide",
    version: str = "1.0.0",
    *,
    about: str = "",
    files: Mapping[str, str | bytes] | None = None,
) -> bytes:
    """Return a chart as `helm package` makes it. about: more lines of Chart.yaml."""
    contents: dict[str, str | bytes] = {
        "Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n{about}",
        "values.yaml": "size: 1Gi\n",
        "values.schema.json": SCHEMA,
        "templates/one.yaml": "kind: ConfigMap\n",
        **(files or {}),
    }
    members = []
    for path, content in contents.items():
        member = tarfile.TarInfo(f"{name}/{path}")
        payload = content.encode() if isinstance(content, str) else content
        member.size = len(payload)
        members.append((member, payload))
    return packed(members)


def packed(members: Iterable[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """Return a compressed archive of these members; the same for the same input."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for member, payload in members:
            tar.addfile(member, io.BytesIO(payload))
    return gzip.compress(plain.getvalue(), mtime=0)


def file_member(name: str, size: int = 1) -> tuple[tarfile.TarInfo, bytes]:
    """Return a member that is an ordinary file of `size` bytes."""
    member = tarfile.TarInfo(name)
    member.size = size
    return member, b"x" * size


@dataclass
class HelmServer:
    """A Helm repository that tests change as they go. Pass `answer` to `serving`.

    broken: paths → status in place of the file. tag: whether the index has an ETag.
    """

    archives: dict[str, bytes] = field(default_factory=dict)
    index: bytes | None = None
    broken: dict[str, int] = field(default_factory=dict)
    extra: dict[str, Answer] = field(default_factory=dict)
    tag: bool = True
    digests: bool = True
    basic: str | None = None
    lines: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def add(self, name: str, version: str, **more: str) -> None:
        """Offer a chart; more: `about` of its Chart.yaml, `lines` of its index entry."""
        file = f"{name}-{version}.tgz"
        self.archives[file] = chart_archive(name, version, about=more.get("about", ""))
        self.lines[file] = more.get("lines", "")

    def written(self) -> bytes:
        """Return the index, as it is given or made of the archives."""
        if self.index is not None:
            return self.index
        charts: dict[str, list[str]] = {}
        for file in self.archives:
            name, _, version = file.removesuffix(".tgz").partition("-")
            charts.setdefault(name, []).append(version)
        lines = ["apiVersion: v1", "entries:"]
        for name, versions in charts.items():
            lines.append(f"  {name}:")
            for version in versions:
                file = f"{name}-{version}.tgz"
                lines += [f"  - name: {name}", f"    version: {version}", "    urls:"]
                lines.append(f"    - {file}")
                if self.digests:
                    digest = hashlib.sha256(self.archives[file]).hexdigest()
                    lines.append(f"    digest: {digest}")
                lines += [f"    {line}" for line in self.lines.get(file, "").splitlines()]
        return "\n".join(lines).encode() + b"\n"

    def answer(self, asked: Asked) -> Answer:  # noqa: PLR0911 - one return per kind
        """Answer as a static server with basic authentication does."""
        self.asked.append(asked)
        path = asked.path.rsplit("/", 1)[-1]
        if path in self.broken:
            return Answer(self.broken[path])
        if self.basic is not None and asked.headers.get("authorization") != self.basic:
            return Answer(401, headers={"WWW-Authenticate": 'Basic realm="charts"'})
        if path in self.extra:
            return self.extra[path]
        if path == "index.yaml":
            content = self.written()
            tag = f'"{hashlib.sha256(content).hexdigest()[:12]}"'
            if self.tag and asked.headers.get("if-none-match") == tag:
                return Answer(304)
            return Answer(200, content, {"ETag": tag} if self.tag else {})
        if path in self.archives:
            return Answer(200, self.archives[path])
        return Answer(404)

    def paths(self) -> list[str]:
        """Return the paths asked for so far, and forget them."""
        asked, self.asked = self.asked, []
        return [one.path for one in asked]
