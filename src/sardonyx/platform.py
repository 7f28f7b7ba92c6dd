"""Hold what pages, REST and the command line call, wherever the platform runs.

`app.py` fills it for one machine, `cluster.py` for a Kubernetes; nothing else builds one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta

from sardonyx.account.configurations.service import Configurations
from sardonyx.account.service import Accounts
from sardonyx.catalog.own import OwnCharts
from sardonyx.catalog.service import CatalogService
from sardonyx.credentials.service import Credentials
from sardonyx.files.service import Files
from sardonyx.parts import Parts
from sardonyx.projects.onboarding import Onboarding
from sardonyx.projects.ports import SignInProvider
from sardonyx.projects.sign_in import SignIn
from sardonyx.projects.tokens import ApiTokens
from sardonyx.secrets.service import Secrets
from sardonyx.services.models import LONG_RUNNING
from sardonyx.services.project_events import ProjectEvents
from sardonyx.services.quotas import USUAL, Marks
from sardonyx.services.service import Services
from sardonyx.setup.service import SetupChecks


@dataclass(frozen=True, slots=True)
class Platform:
    """All that pages, REST and the command line call. Use inside `running()`.

    public_url: how browsers reach the portal, without a slash at its end
    (`http://localhost:8000`). service_host: host name and port of a service behind the front
    door, with `{release}` in it; None where services have addresses of their own.
    running: watches, serves and renews until the block ends. auto_launch: whether links of other
    sites may ask for a launch, which is confirmed. quota_marks: from where an allowance is shown
    as short. has_files, has_secrets: False where
    a region has no such store: its pages are hidden, and calls say so. setup: the checks that
    administrators see; None on one machine, where `sardonyx doctor` looks. credentials: what
    pods renew with; None on one machine, where the `keys` process answers its services.
    provider: where people sign in; None where one-time links let them in. tokens: those of their
    programs. onboarding: makes the places of their projects ready. own_charts: those that a
    person brings; None where charts come from the administrator's catalogues alone. events: what
    a cluster says of people's objects; None on one machine, where timelines say it all.
    long_running: after how long a service that runs is shown as forgotten.
    """

    public_url: str
    service_host: str | None
    session_life: timedelta
    catalog: CatalogService
    services: Services
    files: Files
    secrets: Secrets
    accounts: Accounts
    configurations: Configurations
    sign_in: SignIn
    parts: Parts
    running: Callable[[], AbstractAsyncContextManager[None]]
    has_files: bool = True
    has_secrets: bool = True
    setup: SetupChecks | None = None
    auto_launch: bool = True
    quota_marks: Marks = USUAL
    credentials: Credentials | None = None
    provider: SignInProvider | None = None
    tokens: ApiTokens | None = None
    onboarding: Onboarding | None = None
    own_charts: OwnCharts | None = None
    events: ProjectEvents | None = None
    long_running: timedelta = LONG_RUNNING
