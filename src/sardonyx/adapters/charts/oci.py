"""Read charts from an OCI registry: tags, manifest, layer (the registry's HTTP API).

A registry has no list of charts: the location names one chart, or the folder of those in
`charts`. Keys are asked for by the registry (anonymous, basic, or a token from its issuer).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast
from urllib.parse import quote, urlencode, urlsplit

from sardonyx.adapters.charts.archive import MAX_ARCHIVE
from sardonyx.adapters.charts.fetch import Access, Answer, Fetcher, address_refused, joined, shown
from sardonyx.adapters.charts.remote import Marks
from sardonyx.catalog.faults import RepositoryError
from sardonyx.catalog.selection import IndexEntry
from sardonyx.catalog.versions import Order, is_version, order
from sardonyx.text import N_
from sardonyx.values import Json, JsonObject

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_LAYERS = ("application/vnd.cncf.helm.chart.content.v1.tar+gzip", "application/tar+gzip")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_MAX_DOCUMENT = 4 * 1024 * 1024
_MAX_PAGES, _MAX_TAGS = 50, 10_000
_T = TypeVar("_T")


class OciRegistry:
    """The Remote of `oci://host/path`."""

    def __init__(
        self,
        location: str,
        access: Access,
        *,
        charts: tuple[str, ...] = (),
        plain_http: bool = False,
    ) -> None:
        parts = urlsplit(location)
        self._host = parts.netloc
        self._path = parts.path.strip("/")
        self._charts = charts
        self._plain_http = plain_http
        self._base = f"{'http' if plain_http else 'https'}://{parts.netloc}"
        self._access = access
        self._fetcher = Fetcher(access, origin=self._base)
        self._tokens: dict[str, str] = {}

    async def index(self, entries: Path, marks: Marks) -> Marks | None:
        """Write every version of every chart; the newest says the chart's keywords."""
        found: list[Json] = []
        names = [f"{self._path}/{name}" for name in self._charts] or [self._path]
        for repository in names:
            tags = sorted(await self._tags(repository), key=_newest, reverse=True)
            if not tags:
                continue
            about = await self._about(repository, tags[0])
            found += [self._entry(repository, tag, about) for tag in tags]
        text = json.dumps(found)
        digest = hashlib.sha256(text.encode()).hexdigest()
        if marks.get("digest") == digest:
            return None
        await asyncio.to_thread(entries.write_text, text)
        return {"base": self._place(self._path), "digest": digest}

    async def pinned(self, entry: IndexEntry) -> IndexEntry:
        """Return the entry with the digest of its layer: a tag may be written again."""
        repository, tag = self._named(entry.urls[0])
        manifest = await self._manifest(repository, tag or _tag(entry.version))
        layers = manifest.get("layers")
        for layer in layers if isinstance(layers, list) else []:
            if isinstance(layer, dict) and layer.get("mediaType") in _LAYERS:
                digest = str(layer.get("digest"))
                if _DIGEST.fullmatch(digest):
                    return replace(entry, digest=digest)
        template = N_("It holds no chart under this name.")
        raise RepositoryError("repository_no_chart", template, place=self._place(repository))

    async def archive(self, entry: IndexEntry, file: Path) -> str:
        """Fetch the layer of a pinned entry."""
        repository, _ = self._named(entry.urls[0])
        url = f"{self._base}/v2/{repository}/blobs/{entry.digest}"

        async def fetched(token: str | None) -> Answer:
            return await self._fetcher.to_file(
                url, file, most=MAX_ARCHIVE, encoded=True, authorization=token
            )

        answer = await self._with_token(repository, fetched)
        if answer.digest != entry.digest:
            template = N_("What it sends does not have the digest that was promised.")
            raise RepositoryError("archive_digest", template, place=shown(url))
        return answer.digest

    async def picture(self, url: str, file: Path, *, most: int) -> None:
        """Fetch a picture from wherever it is."""
        await self._fetcher.to_file(url, file, most=most)

    async def close(self) -> None:
        """Close the connections."""
        await self._fetcher.close()

    def _entry(self, repository: str, tag: str, about: JsonObject) -> JsonObject:
        annotations, keywords = about.get("annotations"), about.get("keywords")
        return {
            "name": repository.rsplit("/", 1)[-1],
            "version": tag.replace("_", "+"),
            "urls": [f"oci://{self._host}/{repository}:{tag}"],
            "digest": "",
            "created": "",
            "kind": str(about.get("type") or "application"),
            "icon": str(about.get("icon") or ""),
            "keywords": keywords if isinstance(keywords, list) else [],
            "annotations": annotations if isinstance(annotations, dict) else {},
        }

    def _named(self, url: str) -> tuple[str, str]:
        """Return repository and tag of `oci://host/repository:tag`."""
        path = urlsplit(url).path.strip("/")
        repository, _, tag = path.partition(":")
        if urlsplit(url).netloc != self._host or not _REPOSITORY.fullmatch(repository):
            raise address_refused(url)
        return repository, tag

    async def _tags(self, repository: str) -> list[str]:
        if not _REPOSITORY.fullmatch(repository):
            template = N_("“{name}” is no name in a registry.")
            raise RepositoryError("repository_address", template, {"name": repository[:100]})
        url = f"{self._base}/v2/{repository}/tags/list?n=1000"
        tags: list[str] = []
        for _ in range(_MAX_PAGES):
            answer, document = await self._document(repository, url)
            listed = document.get("tags")
            tags += (
                [tag for tag in listed or [] if isinstance(tag, str)]
                if isinstance(listed, list)
                else []
            )
            following = re.match(r"<([^>]+)>", answer.headers.get("link", ""))
            if following is None or len(tags) > _MAX_TAGS:
                break
            url = joined(url, following[1])
        return [tag for tag in dict.fromkeys(tags) if is_version(tag.replace("_", "+"))]

    async def _about(self, repository: str, tag: str) -> JsonObject:
        """Return the chart's Chart.yaml, which is the configuration of the image."""
        manifest = await self._manifest(repository, tag)
        config = manifest.get("config")
        digest = str(config.get("digest")) if isinstance(config, dict) else ""
        if not _DIGEST.fullmatch(digest):
            return {}
        url = f"{self._base}/v2/{repository}/blobs/{digest}"
        return (await self._document(repository, url))[1]

    async def _manifest(self, repository: str, tag: str) -> JsonObject:
        url = f"{self._base}/v2/{repository}/manifests/{quote(tag, safe='')}"
        return (await self._document(repository, url, accept=_MANIFEST))[1]

    async def _document(
        self, repository: str, url: str, *, accept: str = "application/json"
    ) -> tuple[Answer, JsonObject]:
        async def read(token: str | None) -> tuple[Answer, bytes]:
            return await self._fetcher.read(
                url, most=_MAX_DOCUMENT, headers={"accept": accept}, authorization=token
            )

        answer, body = await self._with_token(repository, read)
        return answer, _object(body, url)

    async def _with_token(self, repository: str, ask: Callable[[str | None], Awaitable[_T]]) -> _T:
        """Ask; when a token is demanded get one and ask again, once."""
        try:
            return await ask(self._tokens.get(repository))
        except RepositoryError as error:
            scheme, _, rest = error.challenge.partition(" ")
            if scheme.lower() != "bearer":
                raise
            self._tokens[repository] = await self._token(dict(_CHALLENGE.findall(rest)), repository)
        return await ask(self._tokens[repository])

    async def _token(self, challenge: dict[str, str], repository: str) -> str:
        realm = challenge.get("realm", "")
        try:
            parts = urlsplit(realm)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme != "https" and not (self._plain_http and parts.netloc == self._host):
            template = N_("It sends us for a token to an address that is refused.")
            raise RepositoryError("repository_token", template, place=shown(realm))
        query = {"scope": challenge.get("scope") or f"repository:{repository}:pull"}
        if "service" in challenge:
            query["service"] = challenge["service"]
        url = f"{realm}{'&' if parts.query else '?'}{urlencode(query)}"
        issuer = Fetcher(self._access, origin=realm)
        try:
            _, body = await issuer.read(url, most=_MAX_DOCUMENT)
        finally:
            await issuer.close()
        document = _object(body, realm)
        token = document.get("token") or document.get("access_token")
        if not isinstance(token, str):
            raise RepositoryError(
                "repository_token", N_("It gives us no token."), place=shown(realm)
            )
        return f"Bearer {token}"

    def _place(self, repository: str) -> str:
        return f"oci://{self._host}/{repository}"


def _newest(tag: str) -> Order:
    return order(tag.replace("_", "+"))


def _tag(version: str) -> str:
    return version.replace("+", "_")


def _object(body: bytes, url: str) -> JsonObject:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        template = N_("It answers what no registry answers.")
        raise RepositoryError("repository_answer", template, place=shown(url))
    return cast(JsonObject, document)
