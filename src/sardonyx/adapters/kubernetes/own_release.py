"""Keep the platform's own Helm release out of what people see and may do.

Where services run in the platform's namespace its release lies among theirs: an administrator
would delete the platform with a click, as a service of nobody.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

from sardonyx.services.errors import ServiceExistsError, ServiceNotFoundError
from sardonyx.services.models import LaunchPlan, Observation
from sardonyx.services.ports import Runtime


def without_own_release(runtime: Runtime, release: str) -> Runtime:
    """Return the runtime for which there is no `release`, and nobody may make one."""
    return cast("Runtime", _Without(runtime, release))


class _Without:
    def __init__(self, runtime: Runtime, own: str) -> None:
        self._runtime = runtime
        self._own = own

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the runtime has
        found = getattr(self._runtime, name)
        if not callable(found):
            return found

        def called(*given: Any, **named: Any) -> Any:  # noqa: ANN401
            # Methods of a port take the project first, then the release.
            project, release = (*given, "", "")[:2]
            if self._own in (release, named.get("release")):
                raise ServiceNotFoundError(name=self._own, project=str(project))
            return found(*given, **named)

        return called

    async def install(self, plan: LaunchPlan) -> None:
        if plan.release == self._own:
            raise ServiceExistsError(name=plan.release, project=plan.project)
        await self._runtime.install(plan)

    async def upgrade(self, plan: LaunchPlan) -> None:
        if plan.release == self._own:
            raise ServiceNotFoundError(name=plan.release, project=plan.project)
        await self._runtime.upgrade(plan)

    def releases(self, project: str) -> Sequence[Observation]:
        return [seen for seen in self._runtime.releases(project) if seen.release != self._own]

    async def observe(self, project: str) -> AsyncIterator[Observation]:
        async for seen in self._runtime.observe(project):
            if seen.release != self._own:
                yield seen
