"""Our charts are ordinary Helm charts: plain Helm lints and renders them in every way."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from tests.charts.rendering import CHARTS, at, kinds, notes, one, refusal, render, run

from sardonyx.catalog.service import default_catalog_folder
from sardonyx.values import Json, JsonObject

NAMESPACED = {
    "ConfigMap",
    "HTTPRoute",
    "Ingress",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "Pod",
    "RoleBinding",
    "Route",
    "Secret",
    "Service",
    "ServiceAccount",
    "StatefulSet",
}
EXPOSURES: dict[str, JsonObject] = {
    "ingress": {"enabled": True, "hostname": "lab.example.org", "ingressClassName": "traefik"},
    "route": {"enabled": True, "hostname": "lab.example.org"},
    "httpRoute": {
        "enabled": True,
        "hostname": "lab.example.org",
        "parentRefs": [{"name": "gateway", "namespace": "edge"}],
    },
}
ALL_ON: dict[str, JsonObject] = {
    "jupyter-python": {
        "kubernetes": {"enabled": True},
        "security": {"password": "pass word", "networkPolicy": {"enabled": True, "from": [{}]}},
        "ingress": {**EXPOSURES["ingress"], "useCertManager": True},
        "git": {"name": 'A "B": <c>', "token": "git-token", "repository": "https://x.example/r"},
        "s3": {"accessKeyId": "id", "secretAccessKey": "key", "endpoint": "s3.example"},
        "vault": {"token": "vault-token", "url": "https://vault.example"},
        "proxy": {"enabled": True, "httpProxy": "http://proxy:1"},
        "repository": {"pipRepository": "https://packages.example"},
        "init": {"personalInitArgs": "a: b # c"},
        "extraEnvVars": [{"name": "ONE", "value": "{{ .Release.Name }}"}],
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
        "userPreferences": {"language": "fr"},
    },
    "postgresql": {
        "auth": {"password": 'it\'s "q": {x}', "username": "user-ada", "postgresPassword": "adm"},
        "security": {"networkPolicy": {"enabled": True, "from": [{}]}},
        "nodeSelector": {"disk": "ssd"},
        "userPreferences": {"language": "fr"},
    },
}


@pytest.mark.parametrize("chart", CHARTS)
def test_helm_lints_it_strictly(chart: str) -> None:
    done = run("lint", "--strict", str(default_catalog_folder() / chart))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("everything", [False, True])
def test_its_objects_are_confined_and_well_made(
    chart: str, everything: bool, tmp_path: Path
) -> None:
    objects = render(chart, tmp_path, ALL_ON[chart] if everything else None)
    for each in objects:
        assert each["kind"] in NAMESPACED
        assert at(each, "metadata.namespace") is None
        labels = at(each, "metadata.labels")
        assert isinstance(labels, dict)
        assert labels["app.kubernetes.io/instance"] == "demo"
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
    names = [(each["kind"], at(each, "metadata.name")) for each in objects]
    assert len(set(names)) == len(names)
    pod = at(one(objects, "StatefulSet"), "spec.template.spec")
    assert at(pod, "securityContext.runAsNonRoot") is True
    container = at(pod, "containers.0")
    assert at(container, "securityContext.allowPrivilegeEscalation") is False
    assert at(container, "securityContext.capabilities.drop") == ["ALL"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert at(container, probe), probe
    assert at(container, "resources.requests.memory")
    assert at(container, "resources.limits.memory")
    environment = at(container, "env")
    assert isinstance(environment, list)
    variables = [at(variable, "name") for variable in environment]
    assert len(set(map(str, variables))) == len(variables)
    ports = at(one(objects, "Service"), "spec.ports")
    assert isinstance(ports, list)
    assert all(at(port, "protocol") == "TCP" for port in ports)
    image = str(at(container, "image"))
    assert ":" in image.rsplit("/", 1)[1]
    assert not image.endswith(":latest")


@pytest.mark.parametrize("chart", CHARTS)
def test_a_secret_stands_only_in_secrets(chart: str, tmp_path: Path) -> None:
    secrets = {"pass word", "git-token", "vault-token", 'it\'s "q": {x}'}
    for each in render(chart, tmp_path, ALL_ON[chart]):
        if each["kind"] != "Secret":
            shown = json.dumps(each)
            assert not [secret for secret in secrets if json.dumps(secret)[1:-1] in shown]


@pytest.mark.parametrize("chart", CHARTS)
def test_paused_it_keeps_its_data_and_nothing_runs(chart: str, tmp_path: Path) -> None:
    values: JsonObject = {"global": {"suspend": True}}
    if chart == "jupyter-python":
        values["ingress"] = EXPOSURES["ingress"]
    objects = render(chart, tmp_path, values)
    stateful = one(objects, "StatefulSet")
    assert at(stateful, "spec.replicas") == 0
    found = kinds(objects)
    assert "Service" not in found
    assert "Ingress" not in found
    assert "PersistentVolumeClaim" in found or at(stateful, "spec.volumeClaimTemplates")


@pytest.mark.parametrize("chart", CHARTS)
def test_the_pod_restarts_when_a_secret_changes(chart: str, tmp_path: Path) -> None:
    key = {"jupyter-python": "security", "postgresql": "auth"}[chart]

    def checksums(password: str) -> Json:
        values: JsonObject = {key: {"password": password, "postgresPassword": "adm"}}
        if chart == "jupyter-python":
            values = {key: {"password": password}}
        stateful = one(render(chart, tmp_path, values), "StatefulSet")
        return at(stateful, "spec.template.metadata.annotations")

    assert checksums("one") == checksums("one")
    assert checksums("one") != checksums("two")


@pytest.mark.parametrize("chart", CHARTS)
def test_without_persistence_nothing_is_claimed(chart: str, tmp_path: Path) -> None:
    objects = render(chart, tmp_path, {"persistence": {"enabled": False}})
    assert "PersistentVolumeClaim" not in kinds(objects)
    assert at(one(objects, "StatefulSet"), "spec.volumeClaimTemplates") is None


@pytest.mark.parametrize("chart", CHARTS)
def test_an_existing_claim_is_used(chart: str, tmp_path: Path) -> None:
    objects = render(chart, tmp_path, {"persistence": {"existingClaim": "kept"}})
    assert "PersistentVolumeClaim" not in kinds(objects)
    assert '"claimName": "kept"' in json.dumps(one(objects, "StatefulSet"))


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_notes_say_in_both_languages_where_data_lives(
    chart: str, language: str, tmp_path: Path
) -> None:
    said = notes(chart, tmp_path, {"userPreferences": {"language": language}})
    assert {"en": "Where your data is", "fr": "Où sont vos données"}[language] in said
    assert "<no value>" not in said


@pytest.mark.parametrize("how", EXPOSURES)
def test_each_exposure_alone(how: str, tmp_path: Path) -> None:
    objects = render("jupyter-python", tmp_path, {how: EXPOSURES[how]})
    kind = {"ingress": "Ingress", "route": "Route", "httpRoute": "HTTPRoute"}[how]
    exposed = one(objects, kind)
    assert at(exposed, "metadata.name") == "demo-jupyter-python-ui"
    assert "lab.example.org" in json.dumps(exposed["spec"])
    assert len({"Ingress", "Route", "HTTPRoute"} & set(kinds(objects))) == 1
    said = notes("jupyter-python", tmp_path, {how: EXPOSURES[how]})
    assert "(https://lab.example.org)" in said


def test_two_exposures_are_refused(tmp_path: Path) -> None:
    said = refusal(
        "jupyter-python", tmp_path, {how: EXPOSURES[how] for how in ("ingress", "route")}
    )
    assert "only one of ingress, route and httpRoute" in said


def test_the_scheme_is_never_forced(tmp_path: Path) -> None:
    plain: JsonObject = {
        "ingress": {**EXPOSURES["ingress"], "tls": False},
        "s3": {"endpoint": "http://store.example:9000"},
    }
    objects = render("jupyter-python", tmp_path, plain)
    assert at(one(objects, "Ingress"), "spec.tls") is None
    assert "(http://lab.example.org)" in notes("jupyter-python", tmp_path, plain)
    secret = one(objects, "Secret", "demo-jupyter-python-secrets3")
    assert at(secret, "stringData.AWS_ENDPOINT_URL") == "http://store.example:9000"
    assert at(secret, "stringData.AWS_S3_ENDPOINT") == "store.example:9000"


def test_a_host_alone_is_reached_by_https(tmp_path: Path) -> None:
    objects = render("jupyter-python", tmp_path, {"s3": {"endpoint": "store.example"}})
    secret = one(objects, "Secret", "demo-jupyter-python-secrets3")
    assert at(secret, "stringData.AWS_ENDPOINT_URL") == "https://store.example"


def test_a_value_is_data_and_never_a_template(tmp_path: Path) -> None:
    objects = render("jupyter-python", tmp_path, ALL_ON["jupyter-python"])
    extra = one(objects, "Secret", "demo-jupyter-python-secretextraenv")
    assert at(extra, "stringData.ONE") == "{{ .Release.Name }}"
    environment = at(one(objects, "StatefulSet"), "spec.template.spec.containers.0.env")
    assert {"name": "PERSONAL_INIT_ARGS", "value": "a: b # c"} in (environment or [])  # type: ignore[operator]


def test_the_account_has_a_token_only_when_asked(tmp_path: Path) -> None:
    off = render("jupyter-python", tmp_path)
    assert one(off, "ServiceAccount")["automountServiceAccountToken"] is False
    assert "RoleBinding" not in kinds(off)
    on = render("jupyter-python", tmp_path, {"kubernetes": {"enabled": True, "role": "edit"}})
    assert one(on, "ServiceAccount")["automountServiceAccountToken"] is True
    assert at(one(on, "RoleBinding"), "roleRef.name") == "edit"


def test_the_network_policy_admits_the_project_and_the_given_source(tmp_path: Path) -> None:
    source: JsonObject = {"namespaceSelector": {"matchLabels": {"name": "ingress"}}}
    policy: JsonObject = {"networkPolicy": {"enabled": True, "from": [source]}}
    admitted = at(
        one(render("jupyter-python", tmp_path, {"security": policy}), "NetworkPolicy"),
        "spec.ingress",
    )
    assert isinstance(admitted, list)
    assert [at(each, "from") for each in admitted] == [[{"podSelector": {}}], [source]]


def test_a_password_that_is_not_given_is_drawn(tmp_path: Path) -> None:
    drawn = [
        at(
            one(render("jupyter-python", tmp_path), "Secret", "demo-jupyter-python-secrettoken"),
            "stringData.PASSWORD",
        )
        for _ in range(2)
    ]
    assert drawn[0] != drawn[1]
    assert len(str(drawn[0])) == 24


def test_the_database_is_found_by_its_discovery_secret(tmp_path: Path) -> None:
    objects = render("postgresql", tmp_path, ALL_ON["postgresql"])
    secret = one(objects, "Secret", "discoverable-demo-postgresql")
    assert at(secret, "metadata.annotations") == {"onyxia/discovery": "postgres"}
    data = secret["data"]
    assert isinstance(data, dict)
    # The port is raw by convention: every consumer reads it undecoded.
    assert data["postgres-port"] == "5432"
    decoded = {
        key: base64.b64decode(str(value)).decode()
        for key, value in data.items()
        if key != "postgres-port"
    }
    assert decoded == {
        "postgres-service": "demo-postgresql",
        "postgres-database": "defaultdb",
        "postgres-username": "user-ada",
        "password": 'it\'s "q": {x}',
        "postgres-password": "adm",
    }


def test_the_database_keeps_to_itself_when_told(tmp_path: Path) -> None:
    objects = render("postgresql", tmp_path, {"discovery": {"enabled": False}})
    names = [str(at(each, "metadata.name")) for each in objects]
    assert not [name for name in names if name.startswith("discoverable-")]


@pytest.mark.parametrize("size", ["64", "much", "9999Gi "])
def test_a_wrong_value_is_refused_by_the_schema(size: str, tmp_path: Path) -> None:
    values: JsonObject = {"networking": {"service": {"port": size}}}
    assert "/networking/service/port" in refusal("postgresql", tmp_path, values)


RENEWAL: JsonObject = {
    "renewal": {
        "enabled": True,
        "url": "https://sardonyx.example",
        "token": "release-token",
        "authorities": "-----BEGIN",
    },
    "s3": {
        "endpoint": "s3.example",
        "accessKeyId": "id",
        "secretAccessKey": "key",
        "sessionToken": "session",
    },
    "vault": {"token": "vault-token", "url": "https://vault.example"},
}


def test_with_renewal_no_key_is_in_the_pods_environment(tmp_path: Path) -> None:
    objects = render("jupyter-python", tmp_path, RENEWAL)
    s3 = at(one(objects, "Secret", "demo-jupyter-python-secrets3"), "stringData")
    assert isinstance(s3, dict)
    assert s3["AWS_CONTAINER_CREDENTIALS_FULL_URI"] == "http://127.0.0.1:61730/creds"
    assert s3["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] == "/run/sardonyx/token"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        assert name not in s3
    vault = at(one(objects, "Secret", "demo-jupyter-python-secretvault"), "stringData")
    assert isinstance(vault, dict)
    assert "VAULT_TOKEN" not in vault
    pod = at(one(objects, "StatefulSet"), "spec.template.spec")
    assert "vault-token" in json.dumps(at(pod, "containers.0.command"))
    shown = [each for each in objects if each["kind"] != "Secret"]
    assert "release-token" not in json.dumps(shown)


def test_a_store_of_the_persons_own_keeps_its_keys_beside_the_renewal(tmp_path: Path) -> None:
    block = RENEWAL["renewal"]
    assert isinstance(block, dict)
    objects = render("jupyter-python", tmp_path, {**RENEWAL, "renewal": {**block, "s3": False}})
    s3 = at(one(objects, "Secret", "demo-jupyter-python-secrets3"), "stringData")
    assert isinstance(s3, dict)
    assert (s3["AWS_ACCESS_KEY_ID"], s3["AWS_SECRET_ACCESS_KEY"]) == ("id", "key")
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" not in s3
    pod = at(one(objects, "StatefulSet"), "spec.template.spec")
    wanted = {"name": "RENEWAL_WANTED", "value": "vault"}
    assert wanted in at(pod, "initContainers.0.env")  # type: ignore[operator]


def test_what_renews_is_confined_and_alone_has_the_token(tmp_path: Path) -> None:
    pod = at(one(render("jupyter-python", tmp_path, RENEWAL), "StatefulSet"), "spec.template.spec")
    beside = at(pod, "initContainers.0")
    assert at(beside, "restartPolicy") == "Always"
    assert at(beside, "securityContext") == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert at(beside, "image") == at(pod, "containers.0.image")
    mounts = at(pod, "containers.0.volumeMounts")
    assert isinstance(mounts, list)
    names = [at(mount, "name") for mount in mounts]
    assert "renewal" not in names
    assert at(mounts[names.index("renewed")], "readOnly") is True


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({}, None),
        ({"s3": {"endpoint": "s3.example"}}, "s3"),
        ({"vault": {"url": "https://vault.example"}}, "vault"),
        (
            {"s3": {"endpoint": "s3.example"}, "vault": {"url": "https://vault.example"}},
            "s3,vault",
        ),
        ({"s3": {"enabled": False}, "vault": {"url": "https://vault.example"}}, "vault"),
        ({"s3": {"endpoint": "s3.example"}, "vault": {"enabled": False}}, "s3"),
        ({"s3": {"enabled": False}, "vault": {"enabled": False}}, None),
    ],
)
def test_only_what_is_on_is_renewed(values: JsonObject, wanted: str | None, tmp_path: Path) -> None:
    objects = render("jupyter-python", tmp_path, {"renewal": RENEWAL["renewal"], **values})
    pod = at(one(objects, "StatefulSet"), "spec.template.spec")
    beside = at(pod, "initContainers.0.env")
    if wanted is None:
        assert beside is None
        assert "demo-jupyter-python-renewal" not in json.dumps(objects)
    else:
        assert {"name": "RENEWAL_WANTED", "value": wanted} in (beside or [])  # type: ignore[operator]


def test_a_changed_token_restarts_the_pod(tmp_path: Path) -> None:
    def annotations(token: str) -> Json:
        values: JsonObject = {
            "renewal": {"enabled": True, "url": "https://x", "token": token},
            "s3": {"endpoint": "https://store.example"},
            "security": {"password": "p"},
        }
        stateful = one(render("jupyter-python", tmp_path, values), "StatefulSet")
        return at(stateful, "spec.template.metadata.annotations")

    assert annotations("one") == annotations("one") != annotations("two")


def test_the_gateway_comes_before_the_ingress(tmp_path: Path) -> None:
    both = {how: EXPOSURES[how] for how in ("ingress", "httpRoute")}
    found = kinds(render("jupyter-python", tmp_path, both))
    assert "HTTPRoute" in found
    assert "Ingress" not in found
    plain: JsonObject = {"httpRoute": {**EXPOSURES["httpRoute"], "tls": False}}
    assert "(http://lab.example.org)" in notes("jupyter-python", tmp_path, plain)


def test_a_store_without_tls_is_reached_so(tmp_path: Path) -> None:
    s3: JsonObject = {"s3": {"endpoint": "store.example:9000", "tls": False}}
    secret = one(render("jupyter-python", tmp_path, s3), "Secret", "demo-jupyter-python-secrets3")
    assert at(secret, "stringData.AWS_ENDPOINT_URL") == "http://store.example:9000"
