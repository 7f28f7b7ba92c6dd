"""Put a file into a running service's working folder, whole or not at all, through kubectl.

Done under the account of the project's namespace. The folder is what charts call
`ROOT_PROJECT_DIRECTORY` (charts.md 7), else where the program was started.
"""

from __future__ import annotations

from datetime import timedelta

from sardonyx.adapters.helm.cli import ConfinedProgram, HelmFailedError
from sardonyx.adapters.kubernetes.cache import ClusterCache
from sardonyx.adapters.kubernetes.confined import ConfinedAccounts
from sardonyx.errors import PlatformError
from sardonyx.services.errors import FileNotPlacedError
from sardonyx.services.models import State

_LIMIT = timedelta(seconds=60)
_THERE = 17
_SAID = 300
# A name is linked once the content is whole, which never replaces one that is there.
_SCRIPT = f"""set -eu
cd "${{ROOT_PROJECT_DIRECTORY:-.}}"
if [ -e "./$1" ] || [ -L "./$1" ]; then exit {_THERE}; fi
part="./.$1.$$.part"
trap 'rm -f "$part"' EXIT
cat > "$part"
ln "$part" "./$1" 2>/dev/null || {{ [ ! -e "./$1" ] || exit {_THERE}; cp "$part" "./$1"; }}
"""


class PodFiles:
    """Places files in pods. kubectl: the program; without one every file is refused."""

    def __init__(
        self, *, kubectl: ConfinedProgram, accounts: ConfinedAccounts, cache: ClusterCache
    ) -> None:
        self._kubectl = kubectl
        self._accounts = accounts
        self._cache = cache

    async def place(self, namespace: str, release: str, name: str, content: bytes) -> bool:
        """Return False when something of that name is there. Raises FileNotPlacedError.

        Raises ServiceNotFoundError for an unknown release.
        """
        seen = self._cache.observation(namespace, release)
        source = self._cache.log_source(namespace, release)
        if not name or name in (".", "..") or "/" in name or "\0" in name:
            raise FileNotPlacedError(file=name, name=release, reason="no file name")
        if seen.state is not State.RUNNING or source is None:
            raise FileNotPlacedError(file=name, name=release, reason="the service does not run")
        try:
            account = await self._accounts.kubeconfig(namespace, work=_LIMIT)
            words = ["exec", "--stdin", "--namespace", namespace, source.pod]
            words += ["--container", source.container, "--", "sh", "-c", _SCRIPT, "sh", name]
            await self._kubectl.run(words, limit=_LIMIT, kubeconfig=account, stdin=content)
        except HelmFailedError as fault:
            if fault.exit_code == _THERE:
                return False
            reason = fault.said[-_SAID:] or f"exit code {fault.exit_code}"
            raise FileNotPlacedError(file=name, name=release, reason=reason) from fault
        except PlatformError as fault:
            reason = fault.detail_text().in_language("en")
            raise FileNotPlacedError(file=name, name=release, reason=reason) from fault
        return True
