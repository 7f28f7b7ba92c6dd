"""What was just given is waited for; what will never be given is not."""

from __future__ import annotations

from typing import Any, cast

import pytest

from sardonyx.adapters.kubernetes import rights
from sardonyx.adapters.kubernetes.kinds import SECRETS
from sardonyx.services.errors import ClusterRefusedError


class Server:
    """Answers one question after the other: whether it may, or why it may not ask."""

    def __init__(self, *answers: bool | str) -> None:
        self.answers = [*answers]

    async def self_subject_access(self, *words: Any, **more: Any) -> bool:
        answer = self.answers.pop(0)
        if isinstance(answer, str):
            raise ClusterRefusedError(
                verb="create", resource="selfsubjectaccessreviews", reason="no", cause=answer
            )
        return answer


@pytest.mark.parametrize(
    ("answers", "may", "unasked"),
    [
        pytest.param([False, False, True], True, 0, id="a-binding-just-made"),
        pytest.param(["Unauthorized", "401", True], True, 0, id="an-account-made-anew"),
        pytest.param(["Forbidden", True], False, 1, id="nobody-may-ask"),
        pytest.param([False] * 101, False, 1, id="never-given"),
    ],
)
async def test_rights_are_waited_for(
    answers: list[bool | str], may: bool, unasked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "_SECONDS", 0.0)
    server = Server(*answers)
    found = await rights.in_force(cast(Any, server), "create", SECRETS, namespace="mine")
    assert (found, len(server.answers)) == (may, unasked)
