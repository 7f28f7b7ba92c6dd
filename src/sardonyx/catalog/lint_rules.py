"""What `sardonyx chart lint` knows: each code with its words, its next step and its level.

Above 400 lines: one table, read as a whole by the reference page (`docs/reference/chart-lint.md`)
and by a test that holds one case for every code. Source: launcher.md 4 to 9, charts.md 4, 9, 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sardonyx.text import N_


@dataclass(frozen=True, slots=True)
class Rule:
    """says: the finding, with the places of its values. next_step: what its author can do.

    level: `error` for what does not work, `warning` for what readers would miss.
    """

    says: str
    next_step: str
    level: str = "warning"


def _error(says: str, next_step: str) -> Rule:
    return Rule(says, next_step, "error")


_FILE: Mapping[str, Rule] = {
    "chart_file_missing": _error(
        N_("The file is missing."),
        N_("Write it: a chart needs Chart.yaml and values.yaml."),
    ),
    "chart_unreadable": _error(
        N_("The file cannot be read: {reason}."),
        N_("Check that it is an ordinary file you may read."),
    ),
    "chart_file_kind": _error(
        N_("This is no ordinary file."),
        N_("Put an ordinary file in its place."),
    ),
    "chart_file_size": _error(
        N_("The file is larger than {most} bytes."),
        N_("Move data out of it: values and schema are read at every launch."),
    ),
    "chart_file_encoding": _error(
        N_("line {line}: this is not UTF-8"),
        N_("Save the file as UTF-8."),
    ),
    "chart_link_outside": _error(
        N_("The link leads out of the chart's folder."),
        N_("Put the file itself in the chart."),
    ),
    "chart_yaml": _error(
        N_("This YAML cannot be read."),
        N_("Correct the line named; `yes`, `on` and the like are texts, and tags are not read."),
    ),
    "chart_not_an_object": _error(
        N_("The file must hold keys and values."),
        N_("Write `key: value` lines at the top of it."),
    ),
    "chart_name": _error(
        N_("The name must be small letters, digits and hyphens, 53 at most."),
        N_("Change `name` in Chart.yaml."),
    ),
    "chart_version": _error(
        N_("The version must be like 1.2.3; here it is “{found}”."),
        N_("Change `version` in Chart.yaml."),
    ),
    "chart_schema_json": _error(
        N_("This is not JSON."),
        N_("Correct the line named: a comma too many, a quote missing."),
    ),
    "chart_schema_object": _error(
        N_("The schema must be an object."),
        N_("Begin it with an opening brace, then `type` with the value `object`."),
    ),
    "dependency_missing": _error(
        N_("The part “{name}” is not in charts/: the chart does not render."),
        N_("Put its folder or archive in charts/, as `helm dependency build` does."),
    ),
    "dependency_condition": Rule(
        N_("The condition “{path}” of the part “{name}” is in no values: it stays off."),
        N_("Put a boolean at that place of values.yaml, or correct the path."),
    ),
    "icon_missing": Rule(
        N_("There is no icon.svg in the chart."),
        N_("Add one: it is what people recognise in the catalogue."),
    ),
    "schema_missing": Rule(
        N_("Without a schema the values are edited as YAML."),
        N_("Write values.schema.json: people then get a form."),
    ),
    "too_many_fields": Rule(
        N_("{count} fields are shown; {most} at most stay readable."),
        N_("Hide what few people change with `x-onyxia.hidden`."),
    ),
}

_SCHEMA: Mapping[str, Rule] = {
    "schema_invalid": _error(
        N_("This is no JSON Schema: {reason}"),
        N_("Correct the place named; Helm refuses the chart as it is."),
    ),
    "schema_degraded": Rule(
        N_("This setting cannot be shown ({reason}); the chart's own value is used."),
        N_("Give it one `type` that is known, and one schema for its items."),
    ),
    "schema_unknown_override": Rule(
        N_("The schema asks for “{name}”, which this platform does not have."),
        N_("Use a name the platform ships, or have the administrator provide the file."),
    ),
    "schema_reference_not_found": _error(
        N_("The schema refers to “{name}”, which is not found here."),
        N_("Refer to `#/definitions/…` of this file; nothing is fetched."),
    ),
    "schema_bad_condition": Rule(
        N_("The schema's condition to hide this is not understood; it is shown."),
        N_("Write an object with `path` and `value`, or true or false."),
    ),
    "schema_bad_pattern": Rule(
        N_("The schema's pattern “{pattern}” is no valid one; it is ignored."),
        N_("Correct the regular expression, written as in JavaScript."),
    ),
    "schema_bad_render": Rule(
        N_("The schema's “render: {render}” cannot be followed here."),
        N_("Use textArea, password, slider, or list together with options."),
    ),
    "keyword_ignored": Rule(
        N_("The keyword “{keyword}” is ignored."),
        N_("Correct its spelling, or leave it out."),
    ),
    "keyword_misplaced": Rule(
        N_("“{keyword}” does nothing on a setting of type {type}."),
        N_("Leave it out, or give the setting another type."),
    ),
    "keyword_shadowed": Rule(
        N_("“{keyword}” is never read here: “{by}” comes first."),
        N_("Leave one of the two out."),
    ),
    "region_slider": Rule(
        N_("It has no bounds unless the administrator switches on those of the region: “{name}”."),
        N_("Write sliderMin, sliderMax and sliderStep, which count everywhere else."),
    ),
    "text_missing": Rule(
        N_("What is shown lacks: {texts}."),
        N_("Write the text, and its French under `x-sardonyx`."),
    ),
    "reference_unknown": _error(
        N_("“{reference}” resolves to nothing known."),
        N_("Use a variable of the launch context; docs/chart-authors.md lists them."),
    ),
    "reference_dead": Rule(
        N_("“{reference}” is no longer offered by any platform: it never resolves."),
        N_("Leave it out; the default is used as it is."),
    ),
    "reference_broken": _error(
        N_("“{text}” is no reference: blanks count, braces must close."),
        N_("Write the path between two braces on each side, without blanks inside."),
    ),
    "reference_never_text": Rule(
        N_("“{reference}” is a list or an object: text around it never resolves."),
        N_("Use the reference alone, or one of its elements."),
    ),
    "default_never_fits": Rule(
        N_("“{reference}” never fits the type {type}: the default is used."),
        N_("Change the reference or the type."),
    ),
    "default_unusable": Rule(
        N_("The default does not fit its own setting ({reason}): it is never used."),
        N_("Change the default, or what the setting allows."),
    ),
    "default_missing": Rule(
        N_("Nothing gives this setting a value: it starts empty and is not sent."),
        N_("Give it a default, in the schema or in values.yaml."),
    ),
    "constant_type": Rule(
        N_("The schema's constant is not of its own type."),
        N_("Change `const` or `type`."),
    ),
    "options_empty": Rule(
        N_("The list of options “{keyword}” is empty: a plain field is shown."),
        N_("List the options, or leave the keyword out."),
    ),
    "options_ignored": Rule(
        N_("An option of “{keyword}” does not fit the setting ({reason}): none is offered."),
        N_("Correct that option: one that does not fit has all of them ignored."),
    ),
    "options_twice": Rule(
        N_("“{keyword}” offers the same option twice."),
        N_("Leave one of them out."),
    ),
    "bounds_impossible": _error(
        N_("No value passes: “{low}” is above “{high}”."),
        N_("Exchange or correct the two."),
    ),
    "items_unfilled": Rule(
        N_("It needs {count} items and says not what is in one: it starts empty and is refused."),
        N_("Give the items a default, or the list a default that is long enough."),
    ),
    "slider_bounds": _error(
        N_("The slider has no usable bounds."),
        N_("Write sliderMin below sliderMax, and a sliderStep above 0."),
    ),
    "range_slider": Rule(
        N_("The two halves of this range do not fit together; they are shown apart."),
        N_("Give both the same sliderRangeId and unit, one `down`, one `up`, and a step to one."),
    ),
    "password_shown": Rule(
        N_("A password with options is shown in clear, as a choice."),
        N_("Leave the options out, or do not call it a password."),
    ),
    "condition_path": Rule(
        N_("The condition looks at “{path}”, which is in no schema and no values: always shown."),
        N_("Correct the path: slashes between names, from the top unless isPathRelative."),
    ),
    "condition_never": Rule(
        N_("“{path}” can never be {value}: the condition never hides this."),
        N_("Compare with a value that the other setting can have."),
    ),
    "condition_always": Rule(
        N_("“{path}” is always {value}, and nobody can change it: this is hidden for ever."),
        N_("Write `hidden: true`, or let the other setting be changed."),
    ),
    "condition_itself": Rule(
        N_("It hides itself: once “{path}” has that value, nobody can change it back."),
        N_("Look at a setting that stays in sight."),
    ),
}

_VALUES: Mapping[str, Rule] = {
    "default_invalid": _error(
        N_("The chart's own value does not pass its schema: {reason}"),
        N_("Correct the value or the schema; Helm refuses the chart as it is."),
    ),
    "default_differs": Rule(
        N_("values.yaml and the schema's default differ."),
        N_("Make them the same: Helm alone reads values.yaml, the form reads the schema."),
    ),
    "value_without_schema": Rule(
        N_("The value “{name}” is not in the schema."),
        N_("Describe it in the schema; the form cannot show it."),
    ),
    "schema_without_value": Rule(
        N_("The setting “{name}” is not in values.yaml."),
        N_("Write its value in values.yaml, for those who use Helm alone."),
    ),
}

_PROFILE: Mapping[str, Rule] = {
    "profile": _error(
        N_("The process profile is wrong here: {reason}"),
        N_("Compare with the JSON Schema of local.yaml."),
    ),
    "profile_reference": _error(
        N_("“{reference}” resolves to nothing known."),
        N_("Use a value of the chart (`values.…`), the context, or what `discover.uses` names."),
    ),
    "profile_condition": _error(
        N_("The condition looks at “{path}”, which is not in values.yaml: it never holds."),
        N_("Correct the path: dots between names, without `values.` before it."),
    ),
    "file_missing": _error(
        N_("The chart has no file “{file}”."),
        N_("Add the file, inside the chart's folder."),
    ),
    "notes_missing": Rule(
        N_("The notes lack the language: {languages}."),
        N_("Give `notes` a file for each language, under `en` and `fr`."),
    ),
    "requirement_address": _error(
        N_("No address and no option may stand here, only pinned packages."),
        N_("Name the package, its version and its hashes."),
    ),
    "requirement_unpinned": _error(
        N_("The package has no pinned version (==)."),
        N_("Write the file with `uv pip compile --generate-hashes`."),
    ),
    "requirement_unhashed": _error(
        N_("The package has no sha256 hash."),
        N_("Write the file with `uv pip compile --generate-hashes`."),
    ),
}

RULES: Mapping[str, Rule] = {**_FILE, **_SCHEMA, **_VALUES, **_PROFILE}
