"""Read what Kubernetes, its kubelet and Helm say when they refuse, into codes of findings.

Pure. The texts are those of Kubernetes 1.30 to 1.37, containerd and Helm 3 and 4; each pattern
has a case in tests/data/findings. What no pattern knows keeps its own words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sardonyx.text import Scalar


@dataclass(frozen=True, slots=True)
class Read:
    """What one message means: the code of a finding, and what its words show."""

    code: str
    values: Mapping[str, Scalar] = field(default_factory=dict)


_QUOTA = re.compile(
    r"exceeded quota: (?P<quota>[^,\s]+), requested: (?P<requested>\S+), "
    r"used: (?P<used>\S+), limited: (?P<limited>[^\s\"';]+)"
)
_QUOTA_NEEDS = re.compile(r"failed quota: (?P<quota>[^:\s]+): must specify (?P<wanted>[^\"]+)")
_RANGE = re.compile(
    r"(?P<bound>maximum|minimum) (?P<resource>\S+) usage per (?P<kind>\w+) is (?P<limit>[^,\]]+?), "
    r"but (?:request|limit) is (?P<asked>[^,.\]\s]+)"
)
_RANGE_MISSING = re.compile(
    r"(?P<bound>maximum|minimum) (?P<resource>\S+) usage per (?P<kind>\w+) is (?P<limit>[^.]+?)"
    r"\.\s+No (?:request|limit) is specified"
)
_RATIO = re.compile(
    r"(?P<resource>\S+) max limit to request ratio per (?P<kind>\w+) is (?P<limit>[^,]+), "
    r"but provided ratio is (?P<asked>[\d.]+)"
)
_SECURITY = re.compile(r'violates PodSecurity "(?P<level>[^":]+)[^"]*": (?P<reason>.+)', re.DOTALL)
_WEBHOOK = re.compile(
    r'admission webhook "(?P<webhook>[^"]+)" denied the request(?: without explanation|: '
    r"(?P<reason>.+))?",
    re.DOTALL,
)
_WEBHOOK_DOWN = re.compile(
    r'failed calling webhook "(?P<webhook>[^"]+)": ?(?P<reason>.*)', re.DOTALL
)
_POLICY = re.compile(
    r"ValidatingAdmissionPolicy '(?P<webhook>[^']+)' with binding '[^']+' denied request: "
    r"(?P<reason>.+)",
    re.DOTALL,
)
_ACCOUNT = re.compile(
    r'(?:error looking up service account \S+: )?serviceaccount "(?P<name>[^"]+)" not found'
)
_RIGHTS = re.compile(
    r'is forbidden: User "(?P<user>[^"]+)" cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)"'
)
_ESCALATION = re.compile(r"attempting to grant RBAC permissions not currently held")
_LEAVING = re.compile(r"namespace (?P<namespace>\S+) because it is being terminated")
_NO_KIND = re.compile(r'no matches for kind "(?P<kind>[^"]+)" in version "(?P<version>[^"]+)"')


def refusal(message: str) -> Read | None:
    """Return what an admission refusal means; None when it is none that is known.

    Events `FailedCreate` of controllers and Helm's errors carry the same sentences.
    """
    for reader in (_quota, _limit_range):
        read = reader(message)
        if read is not None:
            return read
    for pattern, code in (
        (_SECURITY, "pod_security"),
        (_WEBHOOK, "webhook_refused"),
        (_POLICY, "webhook_refused"),
        (_WEBHOOK_DOWN, "webhook_unreachable"),
        (_ACCOUNT, "account_missing"),
        (_LEAVING, "namespace_leaving"),
        (_NO_KIND, "kind_unknown"),
    ):
        found = pattern.search(message)
        if found is not None:
            return Read(code, {k: (v or "").strip() for k, v in found.groupdict().items()})
    found = _RIGHTS.search(message)
    if found is not None:
        return Read("rights_missing", found.groupdict())
    return Read("rights_escalation") if _ESCALATION.search(message) else None


def _quota(message: str) -> Read | None:
    found = _QUOTA.search(message)
    if found is None:
        needs = _QUOTA_NEEDS.search(message)
        if needs is None:
            return None
        return Read("quota_needs_sizes", {k: v.strip() for k, v in needs.groupdict().items()})
    # Several resources can be short at once: the words show the first, the evidence all.
    name, _, requested = found["requested"].split(",")[0].partition("=")

    def of(part: str) -> str:
        for one in found[part].split(","):
            key, _, amount = one.partition("=")
            if key == name:
                return str(amount)
        return "?"

    values = {"quota": found["quota"], "resource": name, "requested": requested}
    return Read(quota_code(name), {**values, "used": of("used"), "limited": of("limited")})


def quota_code(resource: str) -> str:
    """Return the finding of a quota that is short of `resource` (`requests.memory`, `pods`)."""
    if "gpu" in resource or resource.endswith((".com/mig", ".com/npu")):
        return "quota_gpu"
    if "storage" in resource or "persistentvolumeclaims" in resource:
        return "quota_storage"
    if "memory" in resource:
        return "quota_memory"
    if "cpu" in resource:
        return "quota_cpu"
    if resource in {"pods", "count/pods"}:
        return "quota_pods"
    return "quota_other"


def _limit_range(message: str) -> Read | None:
    for pattern in (_RANGE, _RANGE_MISSING, _RATIO):
        found = pattern.search(message)
        if found is not None:
            values = {key: value.strip() for key, value in found.groupdict().items()}
            high = values.pop("bound", "maximum") == "maximum"
            return Read("limit_range_high" if high else "limit_range_low", {"asked": "—", **values})
    return None


_SHORT = re.compile(r"(?P<count>\d+) Insufficient (?P<resource>[^\s,.]+(?:\.[^\s,]+)*)")
_COUNTED = re.compile(r"(?P<count>\d+) node\(s\)(?P<what>[^,]*?)(?=, \d+ |\. |\.$|,\s*\d|$)")
_NODES = re.compile(r"0/(?P<nodes>\d+) nodes are available")
_CLAIM_MISSING = re.compile(r'persistentvolumeclaim "(?P<claim>[^"]+)" not found')
_TAINT = re.compile(r"taint(?:s|\(s\))? \{(?P<taint>[^}]+)\}")


def unscheduled(message: str) -> list[Read]:
    """Return why the scheduler found no node, what a person can change first."""
    if "no nodes available" in message:
        return [Read("no_nodes")]
    missing = _CLAIM_MISSING.search(message)
    if missing is not None:
        return [Read("claim_missing", missing.groupdict())]
    # What preemption would change is told after the reasons.
    told = re.split(r"\.?\s*preemption:", message)[0].rstrip(". ")
    counted = _NODES.search(told)
    nodes = counted["nodes"] if counted is not None else "?"
    found: list[Read] = []
    for short in _SHORT.finditer(told):
        resource = short["resource"].rstrip(".")
        code = {"cpu": "no_room_cpu", "memory": "no_room_memory"}.get(resource, "no_room_other")
        if quota_code(resource) == "quota_gpu":
            code = "no_room_gpu"
        found.append(Read(code, {"resource": resource, "nodes": nodes, "count": short["count"]}))
    for text, code in (
        ("Too many pods", "no_room_pods"),
        ("unbound immediate PersistentVolumeClaims", "claim_unbound"),
        ("available persistent volumes to bind", "claim_unbound"),
        ("volume node affinity conflict", "volume_elsewhere"),
        ("PersistentVolume's node affinity", "volume_elsewhere"),
        ("node affinity/selector", "node_selector"),
        ("pod anti-affinity", "node_selector"),
        ("pod affinity rules", "node_selector"),
        ("topology spread", "node_selector"),
        ("free ports", "no_free_port"),
    ):
        if text in told:
            found.append(Read(code, {"nodes": nodes}))
    if "taint" in told:
        named = _TAINT.search(told)
        taint = named["taint"].strip().rstrip(":").strip() if named is not None else ""
        found.append(Read("taint", {"nodes": nodes, "taint": taint or "?"}))
    if "were unschedulable" in told:
        found.append(Read("nodes_closed", {"nodes": nodes}))
    return found or [Read("unschedulable", {"reason": told})]


# Tested from the first to the last: the most telling sentence wins.
_IMAGE: tuple[tuple[str, str], ...] = (
    (r"InvalidImageName|couldn't parse image|invalid reference format", "image_name"),
    (
        r"x509|failed to verify certificate|HTTP response to HTTPS client|tls:",
        "image_registry_certificate",
    ),
    (r"toomanyrequests|429 Too Many|pull rate limit", "image_rate_limit"),
    (r"no match for platform|no matching manifest|exec format error", "image_platform"),
    (
        r"no such host|connection refused|i/o timeout|Temporary failure|network is unreachable"
        r"|no route to host|context deadline exceeded|dial tcp|RegistryUnavailable|EOF"
        r"|server misbehaving|50[0234] ",
        "image_registry_unreachable",
    ),
    (
        r"pull access denied|insufficient_scope|authorization failed|unauthorized|Unauthorized"
        r"|401|403 Forbidden|no basic auth credentials|denied:",
        "image_credentials",
    ),
    (r"not found|manifest unknown|404|NotFound|name unknown", "image_not_found"),
    (r"no space left on device", "node_disk_full"),
    (r"ErrImageNeverPull|is not present with pull policy of Never", "image_never_pulled"),
)
IMAGE_REASONS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)


def image(reason: str, message: str) -> str:
    """Return the finding of an image that does not come."""
    said = f"{reason} {message}"
    for pattern, code in _IMAGE:
        if re.search(pattern, said):
            return code
    return "image_failed"


_MISSING = re.compile(
    r'(?P<kind>secret|configmap|persistentvolumeclaim)s? "(?P<name>[^"]+)" not found'
)
_NO_KEY = re.compile(r"couldn't find key (?P<key>\S+) in (?P<kind>Secret|ConfigMap) (?P<name>\S+)")


def configuration(message: str) -> Read:
    """Return why a container could not be made: what it refers to, or how it may not run."""
    found = _NO_KEY.search(message) or _MISSING.search(message)
    if found is not None:
        kind = found["kind"].lower()
        return Read("reference_missing", {"kind": kind, "name": found["name"].rpartition("/")[2]})
    if "run as root" in message or "runAsNonRoot" in message or "non-numeric user" in message:
        return Read("runs_as_root")
    if "executable file not found" in message or "no such file or directory" in message:
        return Read("command_missing")
    return Read("container_not_made", {"reason": message[:300]})


def volume(message: str) -> Read:
    """Return why a volume could not be attached or mounted."""
    found = _MISSING.search(message)
    if found is not None:
        return Read("reference_missing", {"kind": found["kind"], "name": found["name"]})
    if "Multi-Attach" in message:
        return Read("volume_in_use")
    return Read("volume_not_mounted", {"reason": message[:300]})


_HOOK = re.compile(r"failed (?P<hook>(?:pre|post)-\w+)|(?P<other>(?:pre|post)-\w+) hooks? failed")
_EXECUTION = re.compile(r"execution error at \((?P<place>[^)]+)\): (?P<reason>.+)", re.DOTALL)
_TEMPLATE = re.compile(
    r"template: (?P<place>[^:]+(?::\d+)*)|error converting YAML|YAML parse error on (?P<file>[^:]+)"
    r"|(?P<newer>[^\s:]+(?::\d+)+)\s+executing "  # Helm 4
)
_SCHEMA = re.compile(r"values don't meet the specifications of the schema")


def helm(error: str) -> Read:
    """Return what Helm's standard error means; `helm_failed` keeps its words."""
    known: tuple[Callable[[str], Read | None], ...] = (refusal, _of_helm)
    for reader in known:
        read = reader(error)
        if read is not None:
            return read
    last = next((line.strip() for line in reversed(error.splitlines()) if line.strip()), "")
    return Read("helm_failed", {"reason": last.removeprefix("Error: ")[:300]})


def _of_helm(error: str) -> Read | None:
    if _SCHEMA.search(error):
        return Read("values_refused")
    hook = _HOOK.search(error)
    if hook is not None:
        return Read("hook_failed", {"hook": hook["hook"] or hook["other"], "job": "—"})
    told = _EXECUTION.search(error)
    if told is not None:
        reason = told["reason"].strip().splitlines()[0][:300]
        return Read("chart_refused", {"place": told["place"], "reason": reason})
    broken = _TEMPLATE.search(error)
    if broken is not None:
        place = broken["place"] or broken["newer"] or broken["file"]
        return Read("chart_broken", {"place": place or "—"})
    for text, code in (
        ("another operation (install/upgrade/rollback) is in progress", "operation_stuck"),
        ("conflict with", "field_conflict"),
        ("cannot be imported into the current release", "object_of_another"),
        ("already exists", "object_of_another"),
        ("field is immutable", "field_immutable"),
        ("updates to statefulset spec for fields other than", "field_immutable"),
        ("chart requires kubeVersion", "cluster_version"),
        ("Request entity too large", "release_too_big"),
        ("data: Too long", "release_too_big"),
        ("timed out waiting", "helm_timeout"),
        ("context deadline exceeded", "helm_timeout"),
        ("no such host", "api_unreachable"),
        ("connection refused", "api_unreachable"),
        ("Kubernetes cluster unreachable", "api_unreachable"),
    ):
        if text in error:
            return Read(code)
    return None
