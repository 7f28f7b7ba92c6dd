"""Take everything out of a platform of this machine as plain files: the body of `export`.

files/ holds the objects, services/<name>/ a script that runs each service without us, with its
values and a copy of its working folder; secrets are encrypted. One thing that fails costs only
itself and is named.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sardonyx.adapters.processes.home import Home, write_private
from sardonyx.adapters.processes.plan_file import read_plan
from sardonyx.adapters.processes.release_folder import ReleaseFolder
from sardonyx.cli.errors import ExportIncompleteError, ExportTargetError
from sardonyx.cli.locations import local_below
from sardonyx.cli.output import say
from sardonyx.cli.sealed import OPENER, seal
from sardonyx.client.client import Client
from sardonyx.errors import PlatformError
from sardonyx.launcher.masking import masked
from sardonyx.launcher.yaml_text import write
from sardonyx.text import N_
from sardonyx.values import Json, JsonObject, Secret

SECRETS = "secrets.json.enc"
README = """\
# What was on the platform

Everything here is plain and needs no sardonyx.

- `files/`: {files} files, by the names they had.
- `services/`: {services} services. Each folder has `run.sh`, which runs it, `values.yaml`, the
  settings it was launched with (secrets stand as `$VAR`), and `work/`, a copy of its folder.
  `sh services/NAME/run.sh` says first which secrets to give.
- `{sealed}`: {secrets} secrets, encrypted by your passphrase. `sardonyx export --decrypt {sealed}`
  prints them as JSON; so does this, with the Python package `cryptography`:

```python
{opener}```
{notes}"""


@dataclass
class _Report:
    """What was written, and what was not."""

    files: int = 0
    services: int = 0
    secrets: int = 0
    failed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @contextmanager
    def trying(self, what: str) -> Iterator[None]:
        """Note that `what` failed, and go on with the rest."""
        try:
            yield
        except (PlatformError, OSError) as error:
            if isinstance(error, PlatformError):
                reason = error.detail_text().in_language("en")
            else:
                reason = error.strerror or str(error)
            self.fail(what, reason)

    def fail(self, what: str, reason: str) -> None:
        shown = what if what.isprintable() else ascii(what)
        self.failed.append(f"{shown}: {reason}")
        say("{what}: {reason}", what=shown, reason=reason)


def export(client: Client, home: Home, target: Path, passphrase: Secret) -> JsonObject:
    """Write everything below `target`; return the counts.

    Raises ExportTargetError when `target` is not empty or cannot be made;
    ExportIncompleteError, when the rest is written, if something failed.
    """
    _prepare(target)
    report = _Report()
    _files(client, target / "files", report)
    for service in client.services.list():
        folder = target / "services" / service.name
        with report.trying(service.name):
            _service(client, home, service.name, folder, report)
        if service.state in {"running", "starting"}:
            report.notes.append(
                f"`{service.name}` was running while it was copied: a database's files may be"
                " of no one moment. Pause it and export again."
            )
            say(N_("“{name}” runs: pause it first for an exact copy."), name=service.name)
    with report.trying(SECRETS):
        found = dict(_secrets(client, "", report))
        write_private(target / SECRETS, seal(found, passphrase))
        report.secrets = len(found)
    _readme(target, report)
    if report.failed:
        raise ExportIncompleteError(failed=len(report.failed), first=report.failed[0])
    return {
        "directory": str(target),
        "files": report.files,
        "services": report.services,
        "secrets": report.secrets,
    }


def _prepare(target: Path) -> None:
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(target.iterdir()):
            raise ExportTargetError(folder=str(target), reason="it is not empty")
        for name in ("files", "services"):
            (target / name).mkdir(mode=0o700)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ExportTargetError(folder=str(target), reason=reason) from error


def _files(client: Client, folder: Path, report: _Report) -> None:
    with report.trying("files"):
        for file in client.files.walk():
            with report.trying(file.key):
                if file.key.endswith("/") and not file.size:  # other tools mark folders so
                    local_below(folder, file.key.rstrip("/")).mkdir(parents=True, exist_ok=True)
                    continue
                local = local_below(folder, file.key)
                local.parent.mkdir(parents=True, exist_ok=True)
                if local.is_dir():
                    raise IsADirectoryError(0, "a folder has the same name")
                client.files.download(file.key, local)
                report.files += 1


def _service(client: Client, home: Home, name: str, folder: Path, report: _Report) -> None:
    folder.mkdir(mode=0o700)
    commands = client.services.show(name).raw["commands"]
    assert isinstance(commands, dict)  # noqa: S101 - the platform's own answer
    script = folder / "run.sh"
    here = '#!/bin/sh\nHERE="${HERE:-$(cd "$(dirname "$0")" && pwd)}"\n'
    script.write_text(here + str(commands["underneath"]), encoding="utf-8")
    script.chmod(0o700)
    kept = ReleaseFolder(home.service(name))
    plan = read_plan(kept.plan)
    (folder / "values.yaml").write_text(
        write(masked(plan.values, plan.secret_paths)), encoding="utf-8"
    )
    try:
        # Links stay links: followed, they could bring in any file of the machine.
        shutil.copytree(kept.work, folder / "work", symlinks=True, ignore=_not_plain)
    except shutil.Error as error:
        for source, _, reason in error.args[0]:
            report.fail(os.path.relpath(source, kept.root.parent), str(reason))
    report.services += 1


def _not_plain(folder: str, names: list[str]) -> list[str]:
    """Return what is no file, folder or link: sockets and pipes hold nothing."""

    def plain(mode: int) -> bool:
        return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)

    return [n for n in names if not plain((Path(folder) / n).lstat().st_mode)]


def _secrets(client: Client, folder: str, report: _Report) -> Iterator[tuple[str, Json]]:
    """Yield each secret below `folder` with its values."""
    listed = client.secrets.folder(folder)
    for name in _names(listed, "secrets"):
        path = f"{folder}/{name}" if folder else name
        with report.trying(path):
            entries = client.secrets.read(path).entries
            yield path, {key: value.reveal() for key, value in entries.items()}
    for name in _names(listed, "folders"):
        inner = name.rstrip("/")
        yield from _secrets(client, f"{folder}/{inner}" if folder else inner, report)


def _names(listed: JsonObject, key: str) -> list[str]:
    names = listed.get(key)
    return [str(name) for name in names] if isinstance(names, list) else []


def _readme(target: Path, report: _Report) -> None:
    notes = [*report.notes, *(f"**Not exported:** {one}" for one in report.failed)]
    text = README.format(
        files=report.files,
        services=report.services,
        secrets=report.secrets,
        sealed=SECRETS,
        opener=OPENER,
        notes="".join(f"\n- {note}\n" for note in notes),
    )
    (target / "README.md").write_text(text, encoding="utf-8")


def asked_passphrase(ask: Callable[[], str], *, twice: Callable[[], str] | None) -> Secret:
    """Return the passphrase typed or piped. Raises PassphraseError when empty or not repeated."""
    from sardonyx.cli.errors import PassphraseError

    given = ask()
    if not given or (twice is not None and twice() != given):
        raise PassphraseError(field="passphrase")
    return Secret(given)
