"""What the files of a chart of ours say agrees: schema, values, profile, requirements, launcher."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.catalog.folders import ADA
from tests.charts.rendering import CHARTS

from sardonyx.adapters.processes.profile import parse_profile
from sardonyx.catalog.models import Chart
from sardonyx.catalog.service import CatalogService, default_catalog_folder, default_sources
from sardonyx.launcher.context import (
    ContextInputs,
    S3ProfileInputs,
    VaultInputs,
    launch_context,
)
from sardonyx.launcher.draft import Draft, make_draft
from sardonyx.launcher.form_model import FormField, FormGroup
from sardonyx.launcher.references import look_up
from sardonyx.text import localized
from sardonyx.values import Secret

# charts.md 2: names that links, saved configurations and override files rely on.
CONTRACT = """
global.suspend service.image.version service.image.pullPolicy service.image.custom.enabled
service.image.custom.version resources.requests.cpu resources.requests.memory resources.limits.cpu
resources.limits.memory persistence.enabled persistence.size persistence.accessMode
persistence.storageClass persistence.existingClaim init.regionInit init.personalInit
init.personalInitArgs init.standardInitPath extraEnvVars kubernetes.enabled kubernetes.role
vault.enabled vault.token vault.url vault.mount vault.directory vault.secret s3.enabled
s3.accessKeyId s3.secretAccessKey s3.sessionToken s3.endpoint s3.defaultRegion s3.pathStyleAccess
s3.workingDirectoryPath git.enabled git.name git.email git.token git.cache git.repository git.branch
networking.type networking.clusterIP networking.service.port discovery.postgres discovery.mlflow
security.password security.networkPolicy.enabled security.networkPolicy.from ingress.enabled
ingress.hostname ingress.ingressClassName ingress.useCertManager ingress.certManagerClusterIssuer
ingress.useTlsSecret ingress.tlsSecretName ingress.tls ingress.annotations ingress.path
route.enabled route.hostname route.tls nodeSelector tolerations startupProbe
repository.pipRepository repository.condaRepository proxy.enabled proxy.httpProxy proxy.httpsProxy
proxy.noProxy userPreferences.darkMode userPreferences.language
"""


def _chart(name: str) -> Chart:
    return CatalogService(default_sources()).chart(ADA, name)


def _draft(name: str, language: str) -> Draft:
    inputs = ContextInputs(
        username="ada",
        email="ada@example.org",
        language=language,
        one_time_password=Secret("once"),
        project_id="user-ada",
        project_password=Secret("stable"),
        vault=VaultInputs("http://127.0.0.1:1", "kv", "user-ada", Secret("token")),
        s3=S3ProfileInputs("default", "http://127.0.0.1:2", renewing=True),
        domain="localhost:8000",
        random_subdomain="73105",
    )
    return make_draft(chart=_chart(name), context=launch_context(inputs), language=language)


def _fields(group: FormGroup) -> Iterator[FormField]:
    for child in group.children:
        if isinstance(child, FormGroup):
            yield from _fields(child)
        else:
            yield child


def test_the_shared_value_names_are_all_there() -> None:
    values = _chart("jupyter-python").values
    missing = [
        name for name in CONTRACT.split() if not isinstance(values, dict) or not _has(values, name)
    ]
    assert missing == []


def _has(values: object, name: str) -> bool:
    for part in name.split("."):
        if not isinstance(values, dict) or part not in values:
            return False
        values = values[part]
    return True


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_form_is_short_and_worded(name: str, language: str) -> None:
    draft = _draft(name, language)
    assert draft.problems == ()
    fields = list(_fields(draft.form))
    assert 0 < len(fields) <= 8
    for field in fields:
        assert field.label, field.pointer
        assert field.label != field.path[-1]


@pytest.mark.parametrize("name", CHARTS)
def test_the_french_form_is_not_the_english_one(name: str) -> None:
    english, french = (
        {field.pointer: (field.label, field.help) for field in _fields(_draft(name, language).form)}
        for language in ("en", "fr")
    )
    assert english.keys() == french.keys()
    same = [pointer for pointer in english if english[pointer] == french[pointer]]
    assert same == []


@pytest.mark.parametrize("name", CHARTS)
def test_a_card_has_its_words_in_both_languages(name: str) -> None:
    chart = _chart(name)
    assert localized(chart.description, "en") != localized(chart.description, "fr")
    assert chart.icon is not None
    assert chart.readme.startswith("# ")


def test_the_database_takes_the_projects_own_name_and_password() -> None:
    draft = _draft("postgresql", "en")
    assert look_up(("auth", "username"), draft.values) == "user-ada"
    assert look_up(("auth", "password"), draft.values) == "stable"
    assert ("auth", "password") in draft.secret_paths
    assert ("auth", "postgresPassword") in draft.secret_paths


@pytest.mark.parametrize("name", CHARTS)
def test_the_process_profile_is_right(name: str) -> None:
    profile = parse_profile(_chart(name).local, chart=name)
    assert profile.ready.seconds > 0
    assert profile.environment.python == "requirements.txt"


@pytest.mark.parametrize("name", CHARTS)
def test_no_secret_is_an_argument_of_a_program(name: str) -> None:
    profile = parse_profile(_chart(name).local, chart=name)
    commands = [profile.process.command, *(step.command for step in profile.steps)]
    if profile.ready.command:
        commands.append(profile.ready.command)
    for command in commands:
        assert not re.search(r"password\}|token\}|Token\}|Password\}", " ".join(command))


@pytest.mark.parametrize("name", CHARTS)
def test_requirements_are_pinned_by_hash_and_name_no_address(name: str) -> None:
    folder = default_catalog_folder() / name
    text = (folder / "requirements.txt").read_text()
    assert "://" not in text
    assert not re.search(r"^-", text, re.M)
    pinned = re.findall(
        r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)(.*?)(?=^[a-z]|\Z)", text, re.M | re.S
    )
    assert pinned
    for package, _, rest in pinned:
        assert "--hash=sha256:" in rest, package
    wanted = re.findall(r"^([a-z0-9-]+)", (folder / "requirements.in").read_text(), re.M)
    assert set(wanted) <= {package for package, _, _ in pinned}


def test_duckdb_and_its_extensions_are_of_one_version() -> None:
    text = (default_catalog_folder() / "jupyter-python" / "requirements.txt").read_text()
    versions = dict(re.findall(r"^(duckdb(?:-extension-\w+)?)==(\S+)", text, re.M))
    assert set(versions) == {"duckdb", "duckdb-extension-httpfs", "duckdb-extension-aws"}
    assert len(set(versions.values())) == 1


@pytest.mark.parametrize("name", CHARTS)
def test_helm_leaves_out_what_is_not_the_charts(name: str) -> None:
    folder = default_catalog_folder() / name
    json.loads((folder / "values.schema.json").read_text())
    assert not [path for path in folder.rglob("*") if path.suffix in (".orig", ".pyc", ".tgz")]
    assert (folder / "quality.yaml").is_file()
    assert not list(Path(folder).rglob("__pycache__"))
