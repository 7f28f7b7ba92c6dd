"""Judge what was found of each area: pure, one function an area, from settings and facts.

A missing optional part is OFF and hides its pages; only what cannot work is FAILING.

Over 400 lines: every verdict there is, read in one place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sardonyx.deployment import ClusterSettings
from sardonyx.setup.models import (
    Answer,
    Area,
    CatalogFacts,
    Check,
    DatabaseFacts,
    ExposureFacts,
    IdentityFacts,
    ImagesFacts,
    RightsFacts,
    SecretsFacts,
    StorageFacts,
    Verdict,
)
from sardonyx.setup.region import RegionView
from sardonyx.text import N_, Scalar, Text

_SHOWN = 5


def identity(settings: ClusterSettings, facts: IdentityFacts) -> Check:  # noqa: PLR0911 - one a verdict
    """People sign in when discovery, issuer and keys agree. PKCE is needed where it is told."""
    issuer = settings.identity.issuer.rstrip("/")
    found = {"issuer": issuer, "client": settings.identity.client_id}

    def failing(template: str, **values: str) -> Check:
        return _failing(Area.IDENTITY, template, "identity.issuer", issuer, found, values)

    if facts.discovery.status != 200:
        return failing(
            N_("The provider does not answer at {url}: {fault}."),
            url=facts.discovery.url,
            fault=_why(facts.discovery),
        )
    told = facts.discovery.json.get("issuer", "").rstrip("/")
    if told != issuer:
        return _failing(
            Area.IDENTITY,
            N_("The provider names itself {told}; tokens of it would be refused."),
            "identity.issuer",
            told,
            found,
            {"told": told},
        )
    if facts.keys is None or facts.keys.status != 200:
        return failing(N_("The provider’s keys cannot be read: tokens cannot be checked."))
    if facts.pkce is False:
        return failing(N_("The provider does not offer PKCE with S256, which sign-in needs."))
    if settings.evaluation is not None:
        return _evaluation(
            Area.IDENTITY,
            N_("One administrator by a one-time link; nobody else can sign in."),
            "identity.issuer",
            "https://id.example.org/realms/science",
            found,
        )
    if issuer.startswith("http://"):
        return _evaluation(
            Area.IDENTITY,
            N_("Sign-in works over plain http: passwords and tokens travel readable."),
            "identity.issuer",
            "https://" + issuer.removeprefix("http://"),
            found,
        )
    return _ready(Area.IDENTITY, N_("People sign in at the provider."), found)


def database(settings: ClusterSettings, facts: DatabaseFacts) -> Check:
    found = {"engine": facts.engine, "version": facts.version}
    example = "postgresql+psycopg://sardonyx@database.example.org/sardonyx"
    if facts.fault:
        values = {"fault": facts.fault}
        return _failing(
            Area.DATABASE,
            N_("The database does not answer: {fault}."),
            "database",
            example,
            found,
            values,
        )
    if facts.engine == "sqlite":
        return _evaluation(
            Area.DATABASE,
            N_("A file beside the platform: right for one replica, and lost with its volume."),
            "database",
            example,
            found,
        )
    return _ready(Area.DATABASE, N_("The database answers; replicas may share it."), found)


def rights(settings: ClusterSettings, facts: RightsFacts) -> Check:
    region = RegionView.of(settings)
    found = {"cluster": facts.version, "mode": region.mode}
    if facts.fault:
        values = {"fault": facts.fault}
        return _failing(
            Area.RIGHTS,
            N_("The cluster does not answer: {fault}."),
            "kubeconfig",
            "",
            found,
            values,
        )
    if facts.refused:
        shown = [str(right) for right in facts.refused[:_SHOWN]]
        return _failing(
            Area.RIGHTS,
            N_("The platform’s account lacks rights ({count}), explained in {file}: {rights}."),
            "",
            "",
            found,
            {
                "count": len(facts.refused),
                "file": f"deploy/rbac/{_document(region)}",
                "rights": "; ".join(shown),
            },
        )
    return _ready(Area.RIGHTS, N_("The platform’s account has every right it uses."), found)


def storage(settings: ClusterSettings, facts: StorageFacts | None) -> Check:  # noqa: PLR0911 - one a verdict
    region = RegionView.of(settings)
    place = "regions.0.data.S3"
    if facts is None:
        return _off(
            Area.STORAGE,
            N_("No S3 store is set: the pages of files are hidden."),
            place,
            '{"URL": "https://s3.example.org", "sts": {"role": {…}}}',
        )
    found = {"store": region.s3_url}
    if not facts.store.status or facts.store.status >= 500:
        values = {"url": facts.store.url, "fault": _why(facts.store)}
        return _failing(
            Area.STORAGE,
            N_("The store does not answer at {url}: {fault}."),
            f"{place}.URL",
            region.s3_url,
            found,
            values,
        )
    if facts.sts is None:
        return _off(
            Area.STORAGE,
            N_("The store gives no keys by token (STS): the pages of files are hidden."),
            f"{place}.sts",
            '{"role": {"roleARN": "arn:aws:iam:::role/person", "roleSessionName": "sardonyx"}}',
        )
    if facts.sts.status in (200, 201):
        return _failing(
            Area.STORAGE,
            N_("The store gave keys for a forged token: anybody could read everything."),
            f"{place}.sts",
            "",
            found,
            {},
        )
    if not 400 <= facts.sts.status < 500:
        values = {"url": facts.sts.url, "fault": _why(facts.sts)}
        return _failing(
            Area.STORAGE,
            N_("Keys by token cannot be asked for at {url}: {fault}."),
            f"{place}.sts.URL",
            region.sts_url,
            found,
            values,
        )
    if not region.has_unconditional_role:
        return _failing(
            Area.STORAGE,
            N_("Every role asks for a claim: who has none of them gets no keys at all."),
            f"{place}.sts.role",
            '{"roleARN": "arn:aws:iam:::role/person", "roleSessionName": "sardonyx"}',
            found,
            {},
        )
    if settings.evaluation is not None:
        return _evaluation(
            Area.STORAGE,
            N_("A store of one pod, on the platform’s own volume: no copy, no growth."),
            f"{place}.URL",
            "https://s3.example.org",
            found,
        )
    if region.s3_url.startswith("http://"):
        return _evaluation(
            Area.STORAGE,
            N_("The store is reached over plain http: many charts refuse that."),
            f"{place}.URL",
            "https://" + region.s3_url.removeprefix("http://"),
            found,
        )
    return _ready(Area.STORAGE, N_("The store answers and refuses forged tokens."), found)


def secrets(settings: ClusterSettings, facts: SecretsFacts | None) -> Check:  # noqa: PLR0911 - one a verdict
    region = RegionView.of(settings)
    place = "regions.0.vault"
    if facts is None:
        return _off(
            Area.SECRETS,
            N_("No secret store is set: the pages of secrets are hidden."),
            place,
            '{"URL": "https://vault.example.org", "kvEngine": "kv", "role": "onyxia-user"}',
        )
    found = {"store": region.vault_url, "version": facts.health.json.get("version", "")}
    if facts.health.status != 200:
        values = {"url": facts.health.url, "fault": _why(facts.health)}
        return _failing(
            Area.SECRETS,
            N_("The secret store does not answer at {url}, or is sealed: {fault}."),
            f"{place}.URL",
            region.vault_url,
            found,
            values,
        )
    login = facts.login
    if login is None or login.status in (0, 403, 404) or login.status >= 500:
        values = {"path": region.vault_login, "fault": _why(login or Answer(region.vault_url))}
        return _failing(
            Area.SECRETS,
            N_("Sign-in by token is not set up at auth/{path}: {fault}."),
            f"{place}.authPath",
            "jwt",
            found,
            values,
        )
    if login.status == 200:
        return _failing(
            Area.SECRETS,
            N_("The secret store let a forged token in: anybody could read everything."),
            f"{place}.role",
            "",
            found,
            {},
        )
    if "role" in login.fault and "could not be found" in login.fault:
        return _failing(
            Area.SECRETS,
            N_("The secret store knows no role “{role}”."),
            f"{place}.role",
            region.vault_role,
            found,
            {"role": region.vault_role},
        )
    if settings.evaluation is not None:
        return _evaluation(
            Area.SECRETS,
            N_("A store of one pod that unseals itself: its key lies beside its data."),
            f"{place}.URL",
            "https://vault.example.org",
            found,
        )
    return _ready(Area.SECRETS, N_("The secret store answers and refuses forged tokens."), found)


def exposure(settings: ClusterSettings, facts: ExposureFacts) -> Check:  # noqa: PLR0911 - one a verdict
    region = RegionView.of(settings)
    place = "regions.0.services.expose"
    found = {"domain": region.domain, "kinds": ", ".join(sorted(facts.kinds))}
    if settings.evaluation is not None:
        return _evaluation(
            Area.EXPOSURE,
            N_("Services open through the forwarded port, for whoever runs that command."),
            f"{place}.domain",
            "lab.example.org",
            found,
        )
    if not region.exposed_by:
        return _off(
            Area.EXPOSURE,
            N_("No way from outside is set: services have no address for browsers."),
            f"{place}.httpRoute.enabled",
            "true",
        )
    if facts.fault:
        values = {"fault": facts.fault}
        return _failing(
            Area.EXPOSURE,
            N_("The cluster does not answer: {fault}."),
            "kubeconfig",
            "",
            found,
            values,
        )
    unknown = [kind for kind in region.exposed_by if kind not in facts.kinds]
    if unknown:
        return _failing(
            Area.EXPOSURE,
            N_("The cluster knows no {kind}, which services are to be opened by."),
            place,
            "ingress: true" if "Ingress" in facts.kinds else "httpRoute.enabled: true",
            found,
            {"kind": unknown[0]},
        )
    if not facts.resolved:
        return _failing(
            Area.EXPOSURE,
            N_("No name below {domain} has an address in DNS: browsers will find no service."),
            f"{place}.domain",
            f"*.{region.domain}",
            found,
            {"domain": region.domain},
        )
    if not settings.public_url.startswith("https://"):
        return _evaluation(
            Area.EXPOSURE,
            N_("The platform is opened over plain http: sessions travel readable."),
            "publicUrl",
            "https://" + settings.public_url.partition("://")[2],
            found,
        )
    return _ready(Area.EXPOSURE, N_("Services get addresses below {domain}."), found, region.domain)


def catalogs(settings: ClusterSettings, facts: Sequence[CatalogFacts]) -> Check:
    found = {one.id: str(one.charts) for one in facts}
    broken = [one for one in facts if one.fault]
    if broken:
        values: dict[str, Scalar] = {
            "catalog": broken[0].id,
            "fault": broken[0].fault,
            "count": len(broken),
        }
        return _failing(
            Area.CATALOGS,
            N_("{count} catalogues have faults; “{catalog}”: {fault}"),
            "catalogs",
            "",
            found,
            values,
        )
    total = sum(one.charts for one in facts)
    if not total:
        return _failing(
            Area.CATALOGS,
            N_("There is no chart in any catalogue: nothing can be launched."),
            "catalogs",
            '[{"id": "ide", "location": "https://charts.example.org"}]',
            found,
            {},
        )
    return Check(
        Area.CATALOGS,
        Verdict.READY,
        Text(N_("{count} charts can be launched."), {"count": total}),
        found=found,
    )


def images(settings: ClusterSettings, facts: ImagesFacts) -> Check:
    found = {"images": ", ".join(facts.images[:_SHOWN])}
    silent = [one for one in facts.registries if not one.status or one.status >= 500]
    if silent:
        values = {"registry": silent[0].url, "fault": _why(silent[0])}
        return _failing(
            Area.IMAGES,
            N_(
                "The platform does not reach {registry} ({fault}); unless the nodes have a mirror "
                "of it, images are not pulled."
            ),
            "",
            "",
            found,
            values,
        )
    if any(one.startswith("localhost/") for one in facts.images):
        return _evaluation(
            Area.IMAGES,
            N_("Images of the platform’s own charts are expected on each node, not pulled."),
            "",
            "",
            found,
        )
    return _ready(Area.IMAGES, N_("The registries of the charts’ images answer."), found)


def _document(region: RegionView) -> str:
    """Return the file of `deploy/rbac` that explains the account's rights."""
    if region.single_namespace:
        return "one-namespace.yaml"
    if region.platform_role:
        return "by-namespace.yaml"
    files = {"impersonate": "impersonate.yaml", "tokenPassthrough": "token-passthrough.yaml"}
    return files.get(region.mode, "service-account.yaml")


def _why(answer: Answer) -> str:
    return answer.fault or f"HTTP {answer.status}"


def _ready(area: Area, template: str, found: dict[str, str], domain: str = "") -> Check:
    return Check(area, Verdict.READY, Text(template, {"domain": domain}), found=found)


def _evaluation(
    area: Area, template: str, setting: str, value: str, found: dict[str, str]
) -> Check:
    return Check(area, Verdict.EVALUATION, Text(template), setting, value, found)


def _off(area: Area, template: str, setting: str, value: str) -> Check:
    return Check(area, Verdict.OFF, Text(template), setting, value)


def _failing(
    area: Area,
    template: str,
    setting: str,
    value: str,
    found: dict[str, str],
    values: Mapping[str, Scalar],
) -> Check:
    return Check(area, Verdict.FAILING, Text(template, values), setting, value, found)
