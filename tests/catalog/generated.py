"""Sixty charts as Onyxia's catalogues hold them, written by a seeded generator (charts.md 2 to 10).

Names, workloads, ports and traits are those of charts.md 10; values and references those of 2, 3;
keywords those of 4, in the mixture met there; override files those of 5, extension points that
nobody ships included. Our own text throughout; the templates are in tests/data.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sardonyx.launcher import yaml_text
from sardonyx.values import JsonObject

TEMPLATES = Path(__file__).parents[1] / "data" / "generated-templates"


@dataclass(frozen=True, slots=True)
class Trait:
    """What tells one chart from another. kind: `ide`, `database` or `web`."""

    name: str
    kind: str
    port: int
    workload: str = "StatefulSet"
    discoverable: str = ""
    spark: bool = False
    gpu: bool = False
    part: str = ""
    hook: str = ""
    schema: bool = True
    notes: bool = True


def _ides() -> Iterator[Trait]:
    for base, port in (("jupyter", 8888), ("vscode", 8080)):
        for flavour in ("python", "pytorch", "tensorflow"):
            for gpu in (False, True):
                name = f"{base}-{flavour}{'-gpu' if gpu else ''}"
                yield Trait(name, "ide", port, gpu=gpu)
        yield Trait(f"{base}-r-python-julia", "ide", port)
        yield Trait(f"{base}-pyspark", "ide", port, spark=True)
    for name in ("rstudio", "rstudio-gpu", "rstudio-r-python-julia"):
        yield Trait(name, "ide", 8787, gpu=name.endswith("gpu"))
    yield Trait("rstudio-sparkr", "ide", 8787, spark=True)
    yield Trait("marimo-python", "ide", 2718)


def _databases() -> Iterator[Trait]:
    for name, port, found in (
        ("postgresql", 5432, "postgres"),
        ("postgresql-cnpg", 5432, "postgres"),
        ("mariadb", 3306, "mariadb"),
        ("mongodb", 27017, "mongodb"),
        ("elastic", 9200, "elastic"),
        ("opensearch", 9200, "opensearch"),
        ("chromadb", 8000, "chromadb"),
        ("milvus", 19530, "milvus"),
        ("kafka", 9092, "kafka"),
        ("trino", 8080, "trino"),
        ("hive-metastore", 9083, "hive"),
        ("spark-thrift-server", 10000, "spark-thrift-server"),
    ):
        workload = "Deployment" if name in ("milvus", "trino") else "StatefulSet"
        hook = "pre-delete" if name == "chromadb" else ""
        yield Trait(name, "database", port, workload, found, hook=hook)
    for name, port, part in (
        ("qdrant", 6333, ""),
        ("neo4j", 7474, ""),
        ("spark-history", 18080, ""),
        ("dask", 8787, ""),
        ("lakefs", 8000, "postgresql"),
        ("nocodb", 8080, "postgresql"),
        ("cloudbeaver", 8978, ""),
        ("pgadmin", 80, ""),
        ("openrefine", 3333, ""),
        ("fuseki", 3030, ""),
    ):
        yield Trait(name, "web", port, "Deployment", part=part, gpu=name == "qdrant")


def _others() -> Iterator[Trait]:
    for name, port, part, hook in (
        ("mlflow", 8000, "postgresql", ""),
        ("metaflow", 8080, "postgresql", ""),
        ("argo-workflows", 2746, "", ""),
        ("argo-cd", 80, "", "pre-install"),
        ("airflow", 8080, "postgresql", "post-install"),
        ("label-studio", 8080, "", ""),
        ("langfuse", 3000, "", ""),
        ("argilla", 6900, "", ""),
        ("yatai", 7777, "", ""),
        ("metabase", 3000, "postgresql", ""),
        ("superset", 8088, "", ""),
        ("redash", 5000, "", "post-install"),
        ("vllm", 8000, "", ""),
        ("statbot", 8080, "", ""),
        ("lomas", 80, "", ""),
        ("bastionlab", 50056, "", ""),
    ):
        yield Trait(
            name,
            "web",
            port,
            "Deployment",
            discoverable="mlflow" if name == "mlflow" else "",
            part=part,
            hook=hook,
            gpu=name == "vllm",
            schema=name != "bastionlab",
            notes=name != "yatai",
        )
    yield Trait("bare", "web", 8080, "Deployment", schema=False, notes=False)


TRAITS = (*_ides(), *_databases(), *_others())


def write_catalog(folder: Path, registry: Mapping[str, JsonObject], *, seed: int = 5) -> Path:
    """Write the sixty charts below `folder`. registry: files that replace parts, by name."""
    for trait in TRAITS:
        draws = random.Random(f"{seed} {trait.name}")
        _write(folder / trait.name, trait, _Schema(trait, draws).document(), registry)
    return folder


class _Schema:
    """The schema of one chart; each draw chooses a way that authors write the same thing."""

    def __init__(self, trait: Trait, draws: random.Random) -> None:
        self._trait = trait
        self._draws = draws

    def document(self) -> dict[str, Any]:
        dollar = "http://json-schema.org/draft-07/schema"
        head = {"$schema": dollar + self._draws.choice(("", "#")), "type": "object"}
        return {**head, "properties": self._properties()}

    def _properties(self) -> dict[str, Any]:
        trait, made = self._trait, self._network()
        made["global"] = self._group(suspend=self._boolean(False, hidden=True))
        made["service"] = self._image()
        made["resources"] = self._replaced(
            "ide/resources-gpu.json" if trait.gpu else "ide/resources.json", self._resources()
        )
        made["persistence"] = self._replaced(
            "ide/persistence.json",
            self._group(enabled=self._boolean(True), size=self._slider("10Gi", 1, 100, "Gi")),
        )
        made["extraEnvVars"] = self._replaced(
            "ide/extraenv.json", {"type": "array", "default": [], "form": True}
        )
        made["userPreferences"] = self._hidden(
            self._group(
                darkMode=self._boolean(False, "user.darkMode"),
                language=self._text("en", "user.lang"),
            )
        )
        made["discovery"] = self._group(enabled=self._boolean(True), mlflow=self._boolean(True))
        if trait.kind == "ide":
            made |= self._of_an_ide()
        else:
            made |= self._of_a_server()
        if trait.part:
            made[trait.part] = self._group(
                enabled=self._boolean(True),
                auth=self._group(
                    username=self._text("onyxia", "project.id"),
                    password=self._text("changeme", "project.password", render="password"),
                ),
            )
        return made

    def _of_an_ide(self) -> dict[str, Any]:
        made: dict[str, Any] = {
            name: self._replaced(f"ide/{name}.json", self._group(enabled=self._boolean(True)))
            for name in ("init", "git", "vault", "s3")
        }
        role = "role-spark.json" if self._trait.spark else "ide/role.json"
        made["kubernetes"] = self._replaced(role, self._group(enabled=self._boolean(True)))
        made["ai"] = self._replaced("ai.json", self._ai())
        packages = "packageRepositoryInjection"
        repository = self._group(
            pipRepository=self._text("", f"{packages}.pypiProxyUrl"),
            condaRepository=self._text("", f"{packages}.condaProxyUrl"),
        )
        made["repository"] = self._replaced("repository.json", self._hidden(repository))
        for name in ("proxy", "certificates", "nodeSelector", "tolerations"):
            kind = "array" if name == "tolerations" else "object"
            node = {"type": kind, "default": [] if kind == "array" else {}}
            made[name] = self._replaced(f"{name}.json", node)
        if self._trait.spark:
            config = {"type": "object", "default": {}, "x-form": {"order": 3}}
            made["spark"] = self._group(ui=self._boolean(True), config=config)
        return made

    def _of_a_server(self) -> dict[str, Any]:
        made: dict[str, Any] = {
            "auth": self._group(
                username=self._text("onyxia", "project.id"),
                password=self._text("", "project.password", render="password"),
            )
        }
        if self._trait.name in ("airflow", "qdrant", "lomas"):
            # Lists as templates: charts.md 4 counts four of them.
            hosts = ["{{project.id}}.{{k8s.domain}}", "localhost"]
            made["hosts"] = {
                "type": "array",
                "items": {"type": "string"},
                "default": [],
                "x-onyxia": {"overwriteDefaultWith": hosts},
            }
        if self._trait.name == "postgresql-cnpg":
            # Its default is a number where the schema wants a text.
            made["instances"] = {"type": "string", "title": "Instances", "default": 1}
        return made

    def _network(self) -> dict[str, Any]:
        own = "" if self._trait.kind == "ide" else self._trait.name
        policy = self._group(enabled=self._boolean(False, "region.defaultNetworkPolicy"))
        host = "{{project.id}}-{{k8s.randomSubdomain}}-0.{{k8s.domain}}"
        ingress = self._group(
            enabled=self._boolean(False, "k8s.ingress"),
            hostname=self._text("chart-example.local", host, form=True),
            ingressClassName=self._text("", "k8s.ingressClassName"),
        )
        return {
            "security": self._group(
                password=self._text(
                    "changeme", "service.oneTimePassword", render="password", pattern="^.{4,}$"
                ),
                networkPolicy=self._replaced("network-policy.json", policy),
                allowlist=self._group(
                    enabled=self._boolean(False, "region.defaultIpProtection"),
                    ip=self._text(
                        "0.0.0.0/0",
                        "user.ip",
                        hidden={"value": False, "path": "enabled", "isPathRelative": True},
                    ),
                ),
            ),
            "ingress": self._replaced(
                f"{own}/ingress.json" if own else "ide/ingress.json", self._hidden(ingress)
            ),
            "networking": self._group(
                port=self._number(self._trait.port),
                user=self._group(
                    enabled=self._boolean(False),
                    port=self._number(
                        5000,
                        hidden={"value": False, "path": "networking/user/enabled"},
                    ),
                ),
            ),
        }

    def _image(self) -> dict[str, Any]:
        tags = [f"localhost/{self._trait.name}:{one}" for one in ("py3.13", "py3.12")]
        version = self._text(tags[0], render="list", listEnum=tags)
        version["hidden"] = {"value": True, "path": "custom/enabled", "isPathRelative": True}
        return self._group(
            image=self._group(
                version=version,
                pullPolicy=self._text("IfNotPresent", enum=["IfNotPresent", "Always", "Never"]),
                custom=self._group(enabled=self._boolean(False), version=self._text("")),
            )
        )

    def _resources(self) -> dict[str, Any]:
        def half(side: str, value: str, **more: Any) -> dict[str, Any]:
            slider = self._slider(value, 1, 200, "Gi")
            extra = {"sliderExtremity": side, "sliderRangeId": "memory", **more}
            return {**slider, **extra, "x-onyxia": {"useRegionSliderConfig": "memory"}}

        return self._group(
            requests=self._group(memory=half("down", "2Gi")),
            limits=self._group(memory=half("up", "50Gi")),
        )

    def _ai(self) -> dict[str, Any]:
        models = {"overwriteListEnumWith": "{{ai.activeProvider.models}}"}
        chosen = self._text("", "ai.activeProvider.selectedModel", render="list")
        chosen["x-onyxia"] |= models
        return self._group(
            enabled=self._boolean(False, "ai.enabled"),
            activeProvider=self._group(
                apiBase=self._text("", "ai.activeProvider.apiBase"), selectedModel=chosen
            ),
        )

    def _group(self, **members: Any) -> dict[str, Any]:
        made: dict[str, Any] = {"type": "object", "properties": members}
        if self._draws.random() < 0.3:
            made["uniqueItems"] = True  # misplaced, as many are
        return made

    def _text(self, default: str, reference: str = "", **more: Any) -> dict[str, Any]:
        made: dict[str, Any] = {"type": "string", "default": default, **more}
        made["title"] = self._draws.choice(("Setting", "Your choice", "Value"))
        made["x-onyxia"] = self._reference(reference)
        return made

    def _boolean(
        self, default: bool, reference: str = "", *, hidden: bool = False
    ) -> dict[str, Any]:
        made: dict[str, Any] = {"type": "boolean", "default": default}
        made["x-onyxia"] = self._reference(reference)
        return self._hidden(made) if hidden else made

    def _number(self, default: int, **more: Any) -> dict[str, Any]:
        kind = self._draws.choice(("integer", "number"))
        return {"type": kind, "default": default, "minimum": 1, **more}

    def _slider(self, default: str, low: int, high: int, unit: str) -> dict[str, Any]:
        bounds = {"sliderMin": low, "sliderMax": high, "sliderStep": 1, "sliderUnit": unit}
        return {"type": "string", "default": default, "render": "slider", **bounds}

    def _reference(self, reference: str) -> dict[str, Any]:
        if not reference:
            return {}
        bare = "{{" not in reference and self._draws.random() < 0.45
        written = reference if bare or "{{" in reference else f"{{{{{reference}}}}}"
        return {"overwriteDefaultWith": written}

    def _hidden(self, node: dict[str, Any]) -> dict[str, Any]:
        if self._draws.random() < 0.2:
            return {**node, "hidden": True}
        return {**node, "x-onyxia": {**node.get("x-onyxia", {}), "hidden": True}}

    def _replaced(self, name: str, node: dict[str, Any]) -> dict[str, Any]:
        return {**node, "x-onyxia": {**node.get("x-onyxia", {}), "overwriteSchemaWith": name}}


def _write(
    place: Path, trait: Trait, schema: dict[str, Any], registry: Mapping[str, JsonObject]
) -> None:
    (place / "templates").mkdir(parents=True)
    values: dict[str, Any] = _values(schema, registry)
    values["workload"] = trait.workload
    values["discoverable"] = {"kind": trait.discoverable}
    values["hook"] = trait.hook
    if trait.name == "postgresql-cnpg":
        values["instances"] = "1"
    about: dict[str, Any] = {
        "apiVersion": "v2",
        "name": trait.name,
        "version": f"2.{len(trait.name)}.{trait.port % 10}",
        "description": f"{trait.name}, as a catalogue would have it.",
        "keywords": [trait.kind],
    }
    if trait.part:
        condition = f"{trait.part}.enabled"
        about["dependencies"] = [{"name": trait.part, "version": "1.0.0", "condition": condition}]
        _write_part(place / "charts" / trait.part, trait.part)
    (place / "Chart.yaml").write_text(yaml_text.write(about))
    (place / "values.yaml").write_text(yaml_text.write(values))
    if trait.schema:
        (place / "values.schema.json").write_text(json.dumps(schema))
    for file in TEMPLATES.iterdir():
        if file.name != "NOTES.txt" or trait.notes:
            (place / "templates" / file.name).write_text(file.read_text())


def _write_part(place: Path, name: str) -> None:
    (place / "templates").mkdir(parents=True)
    (place / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n")
    (place / "values.yaml").write_text("enabled: true\nauth: {username: a, password: changeme}\n")
    (place / "templates" / "secret.yaml").write_text(
        "apiVersion: v1\nkind: Secret\n"
        f"metadata: {{name: '{{{{ .Release.Name }}}}-{name}'}}\n"
        "stringData: {password: {{ .Values.auth.password | quote }}}\n"
    )


def _values(node: Mapping[str, Any], registry: Mapping[str, JsonObject]) -> Any:
    """Return values.yaml of a schema: every default, those of replaced parts included."""
    name = node.get("x-onyxia", {}).get("overwriteSchemaWith")
    if name in registry:
        node = registry[name]
    if "properties" in node:
        members = node["properties"]
        return {key: _values(one, registry) for key, one in members.items()}
    return node.get("default")
