"""Own calls to a Kubernetes API server: raw JSON both ways, a time limit on each, our errors.

The client library signs and carries requests; its errors stop here, because it may change. What
a server says is kept in `reason`. Nothing here decides what to do with an answer.
Over 400 lines: one class for all calls, and how an answer becomes one of our errors.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import NoReturn, cast

import httpx2
from lightkube.core.exceptions import ConfigError

from sardonyx.adapters.kubernetes.kinds import ACCESS_REVIEWS, PODS, SERVICE_ACCOUNTS, ResourceKind
from sardonyx.errors import SystemFault
from sardonyx.services.errors import (
    ClusterConflictError,
    ClusterObjectNotFoundError,
    ClusterRefusedError,
    ClusterUnavailableError,
)
from sardonyx.values import JsonObject, Secret

MANAGER = "sardonyx"
TIMEOUT = timedelta(seconds=20)
_PAGE = 500
_LARGEST_LOG = 8 * 1024 * 1024
LOG_TAIL = 256 * 1024
_LARGEST_ANSWER = 64 * 1024 * 1024
_REASON_LENGTH = 2_000
_BUSY = 429
_EXPIRED = 410
_LONGEST_WAIT = 10.0


TOO_LARGE = "TooLarge"


class ListExpiredError(Exception):
    """The server no longer knows the version asked for (410): list again from the start."""


class ClusterClient:
    """Calls one API server as one identity. Safe for many tasks at once.

    Every method raises ClusterUnavailableError (not reached, 5xx, no answer in time; its value
    `cause` is there when the server was reached),
    ClusterRefusedError (401, 403, or content the server does not accept),
    ClusterObjectNotFoundError, ClusterConflictError. A busy server (429) is asked again while
    the time limit lasts. Objects are those of the Kubernetes API, as plain JSON.
    """

    def __init__(
        self,
        http: httpx2.AsyncClient,
        *,
        headers: Sequence[tuple[bytes, bytes]] = (),
        timeout: timedelta = TIMEOUT,
    ) -> None:
        self._http = http
        self._headers = tuple(headers)
        self._timeout = timeout.total_seconds()

    # -- objects

    async def get(self, kind: ResourceKind, name: str, *, namespace: str = "") -> JsonObject:
        """Return one object."""
        return await self._json("get", kind, kind.path(namespace, name), name=name)

    async def list(
        self, kind: ResourceKind, *, namespace: str = "", labels: str = "", fields: str = ""
    ) -> tuple[JsonObject, ...]:
        """Return all objects of a kind, of one namespace or (empty) of all; read in pages.

        labels, fields: selectors (`owner=helm`, `type=helm.sh/release.v1`).
        """
        for _ in range(3):
            try:
                return await self._pages(kind, namespace, labels, fields)
            except ListExpiredError:
                continue
        raise ClusterUnavailableError(verb="list", resource=str(kind), reason="410 Expired")

    async def create(
        self, kind: ResourceKind, content: JsonObject, *, namespace: str = "", dry_run: bool = False
    ) -> JsonObject:
        """Create an object and return it as stored. A taken name is a ClusterConflictError."""
        return await self._json(
            "create", kind, kind.path(namespace), method="POST", body=content, params=_dry(dry_run)
        )

    async def replace(
        self, kind: ResourceKind, name: str, content: JsonObject, *, namespace: str = ""
    ) -> JsonObject:
        """Replace an object whole; `metadata.resourceVersion` in it is the precondition."""
        path = kind.path(namespace, name)
        return await self._json("update", kind, path, method="PUT", body=content, name=name)

    async def apply(
        self,
        kind: ResourceKind,
        name: str,
        content: JsonObject,
        *,
        namespace: str = "",
        manager: str = MANAGER,
        force: bool = False,
        dry_run: bool = False,
    ) -> JsonObject:
        """Apply `content` on the server's side as `manager`: created, or its fields set.

        force: take fields over from other managers, else these are a ClusterConflictError.
        """
        params = {"fieldManager": manager, "force": str(force).lower(), **_dry(dry_run)}
        return await self._json(
            "patch",
            kind,
            kind.path(namespace, name),
            method="PATCH",
            body=content,
            params=params,
            content_type="application/apply-patch+yaml",
            name=name,
        )

    async def patch(
        self,
        kind: ResourceKind,
        name: str,
        changes: JsonObject,
        *,
        namespace: str = "",
        dry_run: bool = False,
    ) -> JsonObject:
        """Merge `changes` into an object (RFC 7396: null removes) and return the result."""
        return await self._json(
            "patch",
            kind,
            kind.path(namespace, name),
            method="PATCH",
            body=changes,
            params=_dry(dry_run),
            content_type="application/merge-patch+json",
            name=name,
        )

    async def delete(
        self,
        kind: ResourceKind,
        name: str,
        *,
        namespace: str = "",
        uid: str = "",
        propagation: str = "Background",
    ) -> None:
        """Delete an object. uid: only if it is still that very one (else conflict)."""
        options: JsonObject = {"propagationPolicy": propagation}
        if uid:
            options["preconditions"] = {"uid": uid}
        path = kind.path(namespace, name)
        await self._json("delete", kind, path, method="DELETE", body=options, name=name)

    # -- rights

    async def token_request(
        self, namespace: str, account: str, *, life: timedelta, audiences: Sequence[str] = ()
    ) -> tuple[Secret, datetime]:
        """Return a fresh token of a ServiceAccount and its end. The server allows ≥ 10 minutes."""
        spec: JsonObject = {"expirationSeconds": int(life.total_seconds())}
        if audiences:
            spec["audiences"] = list(audiences)
        body: JsonObject = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": spec,
        }
        path = SERVICE_ACCOUNTS.path(namespace, account, "token")
        answer = await self._json(
            "create", SERVICE_ACCOUNTS, path, method="POST", body=body, name=account
        )
        status = cast(JsonObject, answer["status"])
        end = datetime.fromisoformat(str(status["expirationTimestamp"]))
        return Secret(str(status["token"])), end.astimezone(UTC)

    async def self_subject_access(
        self,
        verb: str,
        kind: ResourceKind,
        *,
        namespace: str = "",
        name: str = "",
        subresource: str = "",
    ) -> bool:
        """Return whether this identity may do `verb`; namespace empty: in all of them."""
        attributes: JsonObject = {
            "verb": verb,
            "group": kind.group,
            "resource": kind.plural,
            "namespace": namespace,
            "name": name,
            "subresource": subresource,
        }
        body: JsonObject = {
            "apiVersion": ACCESS_REVIEWS.api,
            "kind": ACCESS_REVIEWS.kind,
            "spec": {"resourceAttributes": attributes},
        }
        answer = await self._json(
            "create", ACCESS_REVIEWS, ACCESS_REVIEWS.path(), method="POST", body=body
        )
        return cast(JsonObject, answer.get("status") or {}).get("allowed") is True

    async def version(self) -> str:
        """Return the server's version (`v1.37.2`): the cheapest question it answers."""
        answer = await self._json("get", "/version", "/version")
        return str(answer.get("gitVersion", ""))

    async def kinds(self, api: str) -> Mapping[str, bool]:
        """Return the kinds of an API (`v1`, `apps/v1`), and whether each lives in a namespace."""
        path = f"/api/{api}" if "/" not in api else f"/apis/{api}"
        answer = await self._json("get", api, path)
        found = cast("Sequence[JsonObject]", answer.get("resources") or ())
        return {str(one.get("kind")): one.get("namespaced") is True for one in found}

    # -- text

    async def logs(
        self,
        namespace: str,
        pod: str,
        *,
        container: str = "",
        lines: int = 200,
        previous: bool = False,
    ) -> str:
        """Return a container's last lines, at most 256 KB; previous: of the run before."""
        # The server's own limit cuts the end, where the news is.
        params = _log_params(container, lines, previous) | {"limitBytes": str(_LARGEST_LOG)}
        path = PODS.path(namespace, pod, "log")
        answer = await self._bytes("get", f"{PODS}/log", path, params=params, name=pod)
        return answer.decode(errors="replace")[-LOG_TAIL:]

    async def follow_logs(
        self,
        namespace: str,
        pod: str,
        *,
        container: str = "",
        lines: int = 0,
        since: datetime | None = None,
    ) -> AsyncGenerator[str, None]:
        """Yield log text as it is written, until the container ends or the caller stops.

        lines: the last ones first, all where it is negative; since: only those from then on.
        """
        params = _log_params(container, lines, False) | {"follow": "true"}
        if since is not None:
            params["sinceTime"] = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        path = PODS.path(namespace, pod, "log")
        # The kubelet answers with the first line it has, however late that is.
        async with self.stream("get", f"{PODS}/log", path, params=params, patient=True) as answer:
            try:
                async for text in answer.aiter_text():
                    yield text
            except httpx2.HTTPError as error:
                raise _unavailable("get", f"{PODS}/log", error) from error

    # -- what watches stand on

    @asynccontextmanager
    async def stream(
        self,
        verb: str,
        resource: str,
        path: str,
        *,
        params: Mapping[str, str],
        silence: timedelta | None = None,
        patient: bool = False,
    ) -> AsyncIterator[httpx2.Response]:
        """Open an answer that goes on; silence: longest time without a byte (none: no limit).

        patient: wait for its beginning too for as long as it takes, once connected.
        Raises as all calls do, and ListExpiredError on 410; while the body is read, errors are
        httpx2's.
        """
        timeout = httpx2.Timeout(
            self._timeout, read=None if silence is None else silence.total_seconds()
        )
        request = self._http.build_request(
            "GET", path, params=dict(params), headers=self._all_headers(), timeout=timeout
        )
        try:
            async with asyncio.timeout(None if patient else self._timeout):
                answer = await self._http.send(request, stream=True)
        except (httpx2.HTTPError, httpx2.InvalidURL, ConfigError, OSError, TimeoutError) as error:
            raise _unavailable(verb, resource, error) from error
        try:
            if answer.is_error:
                content = await _bounded(answer, 64 * 1024)
                _raise(verb, resource, answer.status_code, content)
            yield answer
        finally:
            await answer.aclose()

    async def page(
        self,
        kind: ResourceKind,
        *,
        namespace: str = "",
        params: Mapping[str, str],
        most: int = _LARGEST_ANSWER,
    ) -> bytes:
        """Return one page of a list as the server wrote it.

        Raises ListExpiredError on 410; ClusterUnavailableError with cause TOO_LARGE when it has
        more than `most` bytes.
        """
        return await self._bytes("list", str(kind), kind.path(namespace), params=params, most=most)

    # -- inside

    async def _pages(
        self, kind: ResourceKind, namespace: str, labels: str, fields: str
    ) -> tuple[JsonObject, ...]:
        found: list[JsonObject] = []
        params = {"limit": str(_PAGE)}
        if labels:
            params["labelSelector"] = labels
        if fields:
            params["fieldSelector"] = fields
        while True:
            content = await self.page(kind, namespace=namespace, params=params)
            answer = _object("list", str(kind), content)
            found += cast("Sequence[JsonObject]", answer.get("items") or ())
            more = cast(JsonObject, answer.get("metadata") or {}).get("continue")
            if not more:
                return tuple(found)
            params["continue"] = str(more)

    async def _json(
        self,
        verb: str,
        kind: ResourceKind | str,
        path: str,
        *,
        method: str = "GET",
        body: JsonObject | None = None,
        params: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        name: str = "",
    ) -> JsonObject:
        content = None if body is None else json.dumps(body).encode()
        answer = await self._bytes(
            verb,
            str(kind),
            path,
            method=method,
            content=content,
            params=params or {},
            content_type=content_type,
            name=name,
        )
        return _object(verb, str(kind), answer)

    async def _bytes(
        self,
        verb: str,
        resource: str,
        path: str,
        *,
        method: str = "GET",
        content: bytes | None = None,
        params: Mapping[str, str],
        content_type: str = "application/json",
        name: str = "",
        most: int = _LARGEST_ANSWER,
    ) -> bytes:
        if name:
            resource = f"{resource} “{name}”"
        headers = [*self._all_headers(), (b"Content-Type", content_type.encode())]
        try:
            async with asyncio.timeout(self._timeout):
                while True:
                    async with self._http.stream(
                        method, path, content=content, params=dict(params), headers=headers
                    ) as answer:
                        told = await _bounded(answer, most)
                    if answer.status_code != _BUSY:
                        break
                    await asyncio.sleep(_wait(answer))
        except TimeoutError as error:
            reason = f"no answer within {self._timeout:g} s"
            raise ClusterUnavailableError(
                verb=verb, resource=resource, reason=reason, cause="Timeout"
            ) from error
        except (httpx2.HTTPError, httpx2.InvalidURL, ConfigError, OSError) as error:
            raise _unavailable(verb, resource, error) from error
        if answer.is_error:
            _raise(verb, resource, answer.status_code, told)
        return told

    def _all_headers(self) -> Sequence[tuple[bytes, bytes]]:
        return [(b"Accept", b"application/json"), *self._headers]


def _dry(dry_run: bool) -> dict[str, str]:
    return {"dryRun": "All"} if dry_run else {}


def _log_params(container: str, lines: int, previous: bool) -> dict[str, str]:
    params = {"tailLines": str(lines)} if lines >= 0 else {}
    if container:
        params["container"] = container
    if previous:
        params["previous"] = "true"
    return params


class _TooLargeError(httpx2.ReadError):
    """An answer goes on and on."""


async def _bounded(answer: httpx2.Response, limit: int) -> bytes:
    told = bytearray()
    async for part in answer.aiter_bytes():
        told += part
        if len(told) > limit:
            raise _TooLargeError(f"more than {limit} bytes", request=answer.request)
    return bytes(told)


def _wait(answer: httpx2.Response) -> float:
    asked = answer.headers.get("Retry-After", "1")
    return min(float(asked), _LONGEST_WAIT) if asked.isdecimal() else 1.0


def _object(verb: str, resource: str, content: bytes) -> JsonObject:
    try:
        answer = json.loads(content)
    except ValueError as error:
        reason = "the answer is not JSON"
        raise ClusterUnavailableError(verb=verb, resource=resource, reason=reason) from error
    if not isinstance(answer, dict):
        raise ClusterUnavailableError(
            verb=verb, resource=resource, reason="the answer is no object"
        )
    return answer


def _unavailable(verb: str, resource: str, error: Exception) -> ClusterUnavailableError:
    reason = (str(error) or type(error).__name__)[:_REASON_LENGTH]
    if isinstance(error, _TooLargeError):
        return ClusterUnavailableError(verb=verb, resource=resource, reason=reason, cause=TOO_LARGE)
    if isinstance(error, TimeoutError | httpx2.ReadTimeout | httpx2.WriteTimeout):
        return ClusterUnavailableError(verb=verb, resource=resource, reason=reason, cause="Timeout")
    return ClusterUnavailableError(verb=verb, resource=resource, reason=reason)


_FAULTS: Mapping[int, type[SystemFault]] = {
    400: ClusterRefusedError,
    401: ClusterRefusedError,
    403: ClusterRefusedError,
    404: ClusterObjectNotFoundError,
    405: ClusterRefusedError,
    409: ClusterConflictError,
    413: ClusterRefusedError,
    415: ClusterRefusedError,
    422: ClusterRefusedError,
}


def _raise(verb: str, resource: str, status: int, content: bytes) -> NoReturn:
    """Raise the error for an answer. `cause` of its values is Kubernetes' reason (`AlreadyExists`).

    The reason is read from the body: proxies in between know only the status.
    """
    reason, cause = content.decode(errors="replace").strip(), str(status)
    try:
        told = json.loads(content)
    except ValueError:
        told = None
    if isinstance(told, dict) and told.get("kind") == "Status":
        reason, cause = str(told.get("message") or reason), str(told.get("reason") or status)
    if status == _EXPIRED or cause in ("Expired", "Gone"):
        raise ListExpiredError(reason)
    fault = _FAULTS.get(status, ClusterUnavailableError)
    raise fault(
        verb=verb, resource=resource, reason=(reason or str(status))[:_REASON_LENGTH], cause=cause
    )
