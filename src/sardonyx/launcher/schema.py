"""Read a chart's schema into nodes the launcher works on; bad nodes are degraded, never fatal.

Overrides of the registry (`overwriteSchemaWith`), `$ref`, implied and nullable types are
settled here; what is left is a tree of `Node`s. Source: launcher.md 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sardonyx.catalog.models import LocalizedText
from sardonyx.errors import Problem
from sardonyx.launcher import patterns
from sardonyx.launcher.models import UNSET, Maybe, warning
from sardonyx.launcher.nodes import Condition, Node, NodeKind, Slider
from sardonyx.launcher.scalars import depth, is_integer, is_number, number_text, read_number
from sardonyx.launcher.secret_names import is_secret_name, reads_secret
from sardonyx.text import N_
from sardonyx.values import Json, JsonObject, Path

RENDERS = ("textArea", "password", "list", "slider")
_MAX_DEPTH = 60
_MAX_RAW_DEPTH = 200
# A chain of references can double at each step; no chart comes near this.
_MAX_NODES = 20_000
_BOUNDS = frozenset(("sliderMin", "sliderMax"))
# Texts of a problem found in the items of a list: any index.
ANY_ITEM = "-"


@dataclass(frozen=True, slots=True)
class ResolvedSchema:
    """The tree of a chart's schema and what was wrong with it. `root` None: no schema."""

    root: Node | None
    problems: tuple[Problem, ...] = ()


def resolve_schema(
    schema: JsonObject | None,
    *,
    registry: Mapping[str, JsonObject] | None = None,
    roles: Sequence[str] = (),
    sliders: JsonObject | None = None,
) -> ResolvedSchema:
    """Return the resolved tree.

    registry: file name → schema; a role's own file is `roles/<role>/<name>`. sliders:
    `region.sliders` when region sliders are switched on, else None.
    """
    if schema is None:
        return ResolvedSchema(None)
    if depth(schema) > _MAX_RAW_DEPTH:
        reason = N_("the schema is nested too deeply or too large")
        return ResolvedSchema(Node(NodeKind.DEGRADED, {}, reason=reason), (_degraded((), reason),))
    reader = _Reader(schema, registry or {}, tuple(sorted(roles)), sliders)
    return ResolvedSchema(reader.node(schema, (), ()), tuple(reader.problems))


def _degraded(path: Path, reason: str) -> Problem:
    text = N_("This setting cannot be shown ({reason}); the chart's own value is used.")
    return warning(path, "schema_degraded", text, reason=reason)


class _Reader:
    def __init__(
        self,
        document: JsonObject,
        registry: Mapping[str, JsonObject],
        roles: tuple[str, ...],
        sliders: JsonObject | None,
    ) -> None:
        self.document = document
        self.registry = registry
        self.roles = roles
        self.sliders = sliders
        self.problems: list[Problem] = []
        self.count = 0

    def degraded(self, raw: JsonObject, path: Path, reason: str) -> Node:
        self.problems.append(_degraded(path, reason))
        return Node(NodeKind.DEGRADED, raw, reason=reason)

    def node(  # noqa: PLR0911 - one return per way to be degraded
        self, raw: Json, path: Path, seen: tuple[str, ...]
    ) -> Node:
        if not isinstance(raw, dict):
            return self.degraded({}, path, N_("its schema is no object"))
        self.count += 1
        if len(path) > _MAX_DEPTH or self.count > _MAX_NODES:
            return self.degraded({}, path, N_("the schema is nested too deeply or too large"))
        hints = raw.get("x-onyxia")
        if isinstance(hints, dict) and "overwriteSchemaWith" in hints:
            replaced = self._replacement(hints["overwriteSchemaWith"], path)
            if replaced is not None:
                raw, hints = replaced, replaced.get("x-onyxia")
        if "$ref" in raw:
            merged = self._reference(raw, path, seen)
            if merged is None:
                return self.degraded({}, path, N_("its schema refers to itself"))
            raw, seen = merged
            hints = raw.get("x-onyxia")
        hints = hints if isinstance(hints, dict) else {}
        kind = _kind(raw)
        if kind is None:
            return self.degraded(raw, path, N_("its type is missing or unknown"))
        if isinstance(raw.get("items"), list):
            return self.degraded(raw, path, N_("its items have several schemas"))
        raw = self._region_slider(raw, hints)
        properties = items = None
        if kind is NodeKind.OBJECT and "properties" in raw:
            members = raw["properties"]
            if not isinstance(members, dict):
                return self.degraded(raw, path, N_("its properties are no object"))
            properties = {
                key: self.node(member, (*path, key), seen) for key, member in members.items()
            }
        elif kind is NodeKind.ARRAY and "items" in raw:
            items = self.node(raw["items"], (*path, ANY_ITEM), seen)
            if items.kind is NodeKind.DEGRADED:
                items = None  # any content, edited as YAML
        return self._assemble(kind, raw, hints, path, properties, items)

    def _assemble(
        self,
        kind: NodeKind,
        raw: JsonObject,
        hints: JsonObject,
        path: Path,
        properties: Mapping[str, Node] | None,
        items: Node | None,
    ) -> Node:
        get = raw.get
        enum, list_enum = get("enum"), get("listEnum")
        options = hints.get("overwriteListEnumWith", UNSET)
        has_options = isinstance(enum, list) or isinstance(list_enum, list) or options is not UNSET
        minimum = get("minimum")
        render = self._render(raw, path, has_options)
        template = hints.get("overwriteDefaultWith", UNSET)
        secret = render == "password" or (template is not UNSET and reads_secret(template))
        return Node(
            kind=kind,
            raw=raw,
            properties=properties,
            items=items,
            const=get("const", UNSET),
            default=get("default", UNSET),
            overwrite_default=template,
            overwrite_options=options,
            enum=tuple(enum) if isinstance(enum, list) else None,
            list_enum=tuple(list_enum) if isinstance(list_enum, list) else None,
            hidden=self._hidden(raw, hints, path),
            readonly=hints.get("readonly") is True,
            render=render,
            slider=_slider(raw)
            if get("render") == "slider" or not _BOUNDS.isdisjoint(raw)
            else None,
            pattern=self._pattern(raw, path),
            minimum=minimum if is_number(minimum) else None,  # type: ignore[arg-type]
            min_items=_count(get("minItems")) or 0,
            max_items=_count(get("maxItems")),
            title=_localized(raw, "title"),
            description=_localized(raw, "description"),
            has_options=has_options,
            secret=secret,
            holds_secret=secret or _any_secret(properties, items, template),
            conditional=_any_conditional(properties, items),
        )

    def _replacement(self, name: Json, path: Path) -> JsonObject | None:
        if isinstance(name, str):
            for role in self.roles:
                if f"roles/{role}/{name}" in self.registry:
                    return self.registry[f"roles/{role}/{name}"]
            if name in self.registry:
                return self.registry[name]
        self.problems.append(
            warning(
                path,
                "schema_unknown_override",
                N_("The schema asks for “{name}”, which this platform does not have."),
                name=str(name),
            )
        )
        return None

    def _reference(
        self, raw: JsonObject, path: Path, seen: tuple[str, ...]
    ) -> tuple[JsonObject, tuple[str, ...]] | None:
        """Return the node with the members of its references merged in; None for a cycle."""
        while "$ref" in raw:
            name = raw["$ref"]
            target = self._target(name)
            if target is None:
                self.problems.append(
                    warning(
                        path,
                        "schema_reference_not_found",
                        N_("The schema refers to “{name}”, which is not found here."),
                        name=str(name),
                    )
                )
                break
            if name in seen:
                return None
            seen = (*seen, str(name))
            rest = {key: value for key, value in raw.items() if key != "$ref"}
            raw = {**rest, **target}
        return raw, seen

    def _target(self, name: Json) -> JsonObject | None:
        if not isinstance(name, str):
            return None
        if not name.startswith("#"):
            return self.registry.get(name)
        value: Json = self.document
        for part in name[1:].split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            value = value.get(key) if isinstance(value, dict) else None
        return value if isinstance(value, dict) else None

    def _region_slider(self, raw: JsonObject, hints: JsonObject) -> JsonObject:
        name = hints.get("useRegionSliderConfig")
        chosen = self.sliders.get(name) if self.sliders and isinstance(name, str) else None
        if not isinstance(chosen, dict):
            return raw
        merged = {**raw, **{k: v for k, v in chosen.items() if k.startswith("slider")}}
        if "default" in merged:
            merged["default"] = _clamped(merged["default"], _slider(merged))
        return merged

    def _hidden(self, raw: JsonObject, hints: JsonObject, path: Path) -> bool | Condition:
        if "hidden" not in raw and "hidden" not in hints:
            return False
        if hints.get("hidden") is True or raw.get("hidden") is True:
            return True
        for asked in (raw.get("hidden"), hints.get("hidden")):
            if isinstance(asked, dict):
                target = asked.get("path")
                if isinstance(target, str) and "value" in asked:
                    return Condition(target, asked["value"], asked.get("isPathRelative") is True)
            elif asked is None or isinstance(asked, bool):
                continue
            self.problems.append(
                warning(
                    path,
                    "schema_bad_condition",
                    N_("The schema's condition to hide this is not understood; it is shown."),
                )
            )
        return False

    def _pattern(self, raw: JsonObject, path: Path) -> str | None:
        pattern = _text(raw.get("pattern"))
        if pattern is not None and patterns.compiled(pattern) is None:
            text = N_("The schema's pattern “{pattern}” is no valid one; it is ignored.")
            self.problems.append(warning(path, "schema_bad_pattern", text, pattern=pattern))
        return pattern

    def _render(self, raw: JsonObject, path: Path, has_options: bool) -> str | None:
        render = raw.get("render")
        if render is None:
            return None
        if render not in RENDERS or (render == "list" and not has_options):
            self.problems.append(
                warning(
                    path,
                    "schema_bad_render",
                    N_("The schema's “render: {render}” cannot be followed here."),
                    render=str(render),
                )
            )
            return None
        return str(render)


def _any_conditional(properties: Mapping[str, Node] | None, items: Node | None) -> bool:
    """Tell whether a node below hides by a condition."""
    below = [] if properties is None else list(properties.values())
    below += [] if items is None else [items]
    return any(one.conditional or isinstance(one.hidden, Condition) for one in below)


def _any_secret(properties: Mapping[str, Node] | None, items: Node | None, template: Maybe) -> bool:
    """Tell whether a node below is secret, or would be by the name it is mapped from."""
    if properties is not None:
        return any(member.holds_secret for member in properties.values())
    if items is None:
        return False
    named = template is not UNSET and any(is_secret_name((key,)) for key in items.properties or ())
    return items.holds_secret or named


def _kind(raw: JsonObject) -> NodeKind | None:
    declared = raw.get("type")
    if isinstance(declared, list):
        kinds = [one for one in declared if one != "null"]
        declared = kinds[0] if len(kinds) == 1 else ""
    if isinstance(declared, str):
        known = NodeKind.__members__.get(declared.upper())
        if known in (NodeKind.CONST, NodeKind.DEGRADED) or known is None:
            return NodeKind.CONST if "const" in raw and not declared else None
        return known
    if "const" in raw:
        return NodeKind.CONST
    if declared is None and "properties" in raw:
        return NodeKind.OBJECT
    if declared is None and "items" in raw:
        return NodeKind.ARRAY
    return None


def _clamped(default: Json, slider: Slider) -> Json:
    """Return a default inside the slider's bounds: a number, or a text of number and unit."""
    unit = slider.unit if isinstance(default, str) else ""
    if isinstance(default, str):
        number = read_number(default.removesuffix(unit))
    else:
        number = _number(default)
    if number is None:
        return default
    low = number if slider.minimum is None else slider.minimum
    high = number if slider.maximum is None else slider.maximum
    inside = min(max(number, low), high)
    return f"{number_text(inside)}{unit}" if isinstance(default, str) else inside


def _slider(raw: JsonObject) -> Slider:
    extremity, range_id = raw.get("sliderExtremity"), raw.get("sliderRangeId")
    return Slider(
        minimum=_number(raw.get("sliderMin")),
        maximum=_number(raw.get("sliderMax")),
        step=_number(raw.get("sliderStep")),
        unit=_text(raw.get("sliderUnit")) or "",
        extremity=extremity if extremity in ("down", "up") else None,
        range_id=_text(range_id),
    )


def _number(value: Json | None) -> float | None:
    return value if is_number(value) else None  # type: ignore[return-value]


def _count(value: Json | None) -> int | None:
    if is_integer(value) and isinstance(value, (int, float)) and value >= 0:
        return int(value)
    return None


def _text(value: Json | None) -> str | None:
    return value if isinstance(value, str) else None


def _localized(raw: JsonObject, key: str) -> LocalizedText | None:
    """Return a text of a node: a string, a map by language, or one under `x-sardonyx`.

    JSON Schema wants `title` to be a string, so a chart that must also pass `helm lint` writes
    its other languages under `x-sardonyx: {fr: {title: …}}`; the plain text is the English one.
    """
    plain, own = raw.get(key), raw.get("x-sardonyx")
    if own is None and (plain is None or isinstance(plain, str)):
        return plain
    texts: dict[str, str] = {}
    if isinstance(plain, dict):
        texts = {name: text for name, text in plain.items() if isinstance(text, str)}
    if isinstance(own, dict):
        for language, translated in own.items():
            text = translated.get(key) if isinstance(translated, dict) else None
            if isinstance(text, str):
                texts[language] = text
        if texts and isinstance(plain, str):
            texts.setdefault("en", plain)
    return texts or (plain if isinstance(plain, str) else None)
