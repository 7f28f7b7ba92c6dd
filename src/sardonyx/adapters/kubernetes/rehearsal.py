"""See what a chart would create before it does, and refuse what reaches out of its namespace.

Two looks: a rendering without the cluster, which names what is refused and costs little; and
Helm's dry run on the server, under the confined account, which also looks things up. What both
miss the account's rights refuse. Source: charts.md 9.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from sardonyx.adapters.helm import arguments
from sardonyx.adapters.helm.cli import Helm, HelmFailedError
from sardonyx.adapters.helm.hiding import Hidden
from sardonyx.adapters.helm.manifests import (
    ManifestUnreadableError,
    Rendered,
    offences,
    read_manifest,
    weight,
    write,
)
from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.confined import ConfinedAccounts
from sardonyx.errors import SystemFault
from sardonyx.services.errors import ClusterObjectNotFoundError, PlanRefusedError
from sardonyx.services.models import PlannedObject
from sardonyx.values import Json, JsonObject, Path

_LIMIT = timedelta(seconds=60)
_KINDS_LIFE = 600.0
_MOST_APIS = 50  # of one chart; each is a question to the API server
_KEPT_APIS = 500
_KEPT = 60
_KEPT_BYTES = 64 * 1024 * 1024
_SAID = 2_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What to rehearse. chart: its folder."""

    namespace: str
    release: str
    chart: str
    values: JsonObject
    secret_paths: frozenset[Path] = frozenset()


class Rehearsals:
    """Renders charts. Keeps which kinds the cluster has, and the last renderings.

    Kinds are asked for again after ten minutes; where nobody answers then, those of before serve
    on. Renderings, 60 of 64 MB together, are kept so that a launch which was looked at before is
    not rendered once more before it is done.
    """

    def __init__(self, client: ClusterClient, accounts: ConfinedAccounts, helm: Helm) -> None:
        self._client = client
        self._accounts = accounts
        self._helm = helm
        self._kinds: OrderedDict[str, tuple[float, Mapping[str, bool]]] = OrderedDict()
        self._rendered: OrderedDict[str, tuple[Rendered, ...]] = OrderedDict()
        self._weights: dict[str, int] = {}
        self._version = ""

    async def check(self, asked: Asked) -> None:
        """Raise PlanRefusedError naming the objects that reach out of the namespace.

        A chart that does not render without a cluster passes: Helm says so by itself, better.
        """
        with suppress(HelmFailedError):
            await self._refuse(asked, await self._kept(asked))

    async def known(self, asked: Asked) -> bool:
        """Do what `check` does if it costs nothing: the rendering was looked at before.

        False when nothing was checked. Raises PlanRefusedError.
        """
        mark = _mark(asked)
        if mark not in self._rendered:
            return False
        await self._refuse(asked, self._rendered[mark])
        return True

    async def planned(self, asked: Asked) -> Sequence[PlannedObject]:
        """Return what the cluster says Helm would create; nothing is changed.

        Where the namespace is not there yet, what renders without it. Raises PlanRefusedError.
        """
        hidden = Hidden(asked.values, asked.secret_paths)
        try:
            rendered = await self._rehearsed(asked)
        except ClusterObjectNotFoundError:
            rendered = await self._rendered_or_refused(asked, hidden)
        except HelmFailedError as fault:
            await self.check(asked)
            raise PlanRefusedError(
                name=asked.release, reason=hidden.text(fault.said)[-_SAID:]
            ) from fault
        await self._refuse(asked, rendered)
        return [
            PlannedObject(one.kind, one.name, write(hidden.object(one.content)))
            for one in rendered
            if not one.is_test
        ]

    async def objects(self, asked: Asked) -> Sequence[Rendered]:
        """Return what renders without the cluster. Raises PlanRefusedError."""
        return await self._rendered_or_refused(asked, Hidden(asked.values, asked.secret_paths))

    async def _rendered_or_refused(self, asked: Asked, hidden: Hidden) -> tuple[Rendered, ...]:
        try:
            return await self._kept(asked)
        except HelmFailedError as fault:
            raise PlanRefusedError(
                name=asked.release, reason=hidden.text(fault.said)[-_SAID:]
            ) from fault

    async def _kept(self, asked: Asked) -> tuple[Rendered, ...]:
        mark = _mark(asked)
        if mark in self._rendered:
            self._rendered.move_to_end(mark)
            return self._rendered[mark]
        made = await self._render(asked)
        self._weights[mark] = await asyncio.to_thread(weight, made)
        self._rendered[mark] = made
        while len(self._rendered) > _KEPT or sum(self._weights.values()) > _KEPT_BYTES:
            del self._weights[self._rendered.popitem(last=False)[0]]
        return made

    async def _render(self, asked: Asked) -> tuple[Rendered, ...]:
        if not self._version:
            self._version = await self._client.version()
        words = arguments.template(
            asked.release, asked.chart, asked.namespace, kubernetes=self._version
        )
        output = await self._helm.run(words, limit=_LIMIT, values=asked.values)
        return await _read(asked.release, output.out)

    async def _rehearsed(self, asked: Asked) -> tuple[Rendered, ...]:
        """Return what the server's dry run gives, hooks included."""
        account = await self._accounts.kubeconfig(asked.namespace, work=_LIMIT)
        words = arguments.upgrade(
            asked.release,
            asked.chart,
            asked.namespace,
            limit=_LIMIT,
            rehearsed=True,
        )
        output = await self._helm.run(words, limit=_LIMIT, kubeconfig=account, values=asked.values)
        try:
            told: Json = json.loads(output.out)
        except ValueError as fault:
            raise PlanRefusedError(name=asked.release, reason="Helm's answer") from fault
        release = told if isinstance(told, dict) else {}
        texts = [str(release.get("manifest") or "")]
        hooks = release.get("hooks")
        for hook in hooks if isinstance(hooks, list) else ():
            if isinstance(hook, dict):
                texts.append(str(hook.get("manifest") or ""))
        return await _read(asked.release, "\n---\n".join(texts))

    async def _refuse(self, asked: Asked, rendered: Sequence[Rendered]) -> None:
        apis = {one.api for one in rendered}
        if len(apis) > _MOST_APIS:
            raise PlanRefusedError(
                name=asked.release, reason=f"objects of more than {_MOST_APIS} APIs"
            )
        kinds = {api: await self._known_kinds(api) for api in apis}
        found = offences(rendered, asked.namespace, lambda api, kind: kinds[api].get(kind))
        if found:
            raise PlanRefusedError(
                name=asked.release, reason=", ".join(found)[:_SAID], reaches_out=True
            )

    async def _known_kinds(self, api: str) -> Mapping[str, bool]:
        """Return the kinds of an API, and whether each lives in a namespace; none for no API."""
        known = self._kinds.get(api)
        if known is not None and time.monotonic() < known[0]:
            self._kinds.move_to_end(api)
            return known[1]
        try:
            kinds = await self._client.kinds(api)
        except ClusterObjectNotFoundError:
            kinds = {}
        except SystemFault:
            if known is not None:  # the list of before serves on
                return known[1]
            raise
        self._kinds[api] = (time.monotonic() + _KINDS_LIFE, kinds)
        self._kinds.move_to_end(api)
        while len(self._kinds) > _KEPT_APIS:
            self._kinds.popitem(last=False)
        return kinds


async def _read(release: str, text: str) -> tuple[Rendered, ...]:
    try:
        return await asyncio.to_thread(read_manifest, text)
    except ManifestUnreadableError as fault:
        raise PlanRefusedError(name=release, reason=str(fault)[:_SAID]) from fault


def _mark(asked: Asked) -> str:
    """Return a text that two askings share only when they render the same."""
    told = json.dumps([asked.namespace, asked.release, asked.chart, asked.values], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()
