"""Launcher 5: references."""

from __future__ import annotations

from typing import Any

import pytest
from tests.launcher.samples import context

from sardonyx.launcher.references import UNRESOLVED, resolve


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ("user.email", "user1@stat.example"),
        ("{{user.email}}", "user1@stat.example"),
        ("hello", UNRESOLVED),
        ("{{ user.idep }}", UNRESOLVED),
        ("{{s3.port}}", 9443),
        ("port {{s3.port}}", "port 9443"),
        ("{{user.idep}}{{s3.port}}", "user19443"),
        ("{{user.decodedIdToken.groups}}", ["soil", "tide"]),
        ("in {{user.decodedIdToken.groups}}", UNRESOLVED),
        ("{{user.decodedIdToken.groups[1]}}", "tide"),
        ("{{user.decodedIdToken.groups.0}}", "soil"),
        ("{{user.decodedIdToken.groups[2]}}", UNRESOLVED),
        ("{{user.decodedIdToken.groups.length}}", UNRESOLVED),
        ("{{user.idep[0]}}", UNRESOLVED),
        ('{{user.decodedIdToken["org.unit"]}}.{{k8s.domain}}', "B7.lab.example"),
        ("{{user.decodedIdToken['org.unit']}}", "B7"),
        ("anon={{s3.isAnonymous}}", "anon=false"),
        ("{{git.name}}", None),
        ("by {{git.name}}", UNRESOLVED),
        (["hello", "{{user.idep}}", 3], ["hello", "user1", 3]),
        (["{{user.idep}}", "{{user.nope}}"], UNRESOLVED),
        (
            {"h": "x.{{k8s.domain}}", "n": "{{s3.port}}"},
            {"h": "x.lab.example", "n": 9443},
        ),
        ({"{{user.idep}}": 1}, {"{{user.idep}}": 1}),
        ({"a": "{{user.idep}}", "b": {"c": "{{user.nope}}"}}, UNRESOLVED),
        (["{{git.name}}", None], [None, None]),
        (["{{user.idep}}", ["{{s3.port}}", {"k": "{{s3.port}}"}]], ["user1", [9443, {"k": 9443}]]),
        ("{{user.idep | upper}}", UNRESOLVED),
        ("{{region.customValues.lanes[1].slots}}", 1),
        ("{{region.customValues.lanes[1].slots}} slots", "1 slots"),
        ("on {{region.customValues.lanes[0]}}", UNRESOLVED),
        ("user1@{{}}", UNRESOLVED),
        (None, None),
        ("a {{b", "a {{b"),
        ("{{}}", UNRESOLVED),
        ("{{user..idep}}", UNRESOLVED),
        ("{{user.}}", UNRESOLVED),
        ("{{.user.idep}}", UNRESOLVED),
        ("{{user.decodedIdToken.groups.[1]}}", UNRESOLVED),
        ("{{region.customValues.lanes[0]label}}", UNRESOLVED),
        (7, 7),
        (True, True),
    ],
)
def test_a_template_gives(template: Any, result: Any) -> None:
    given = resolve(template, context())
    assert given == result
    assert type(given) is type(result)
