"""People of a running platform, as their programs see it: REST v1 with their session."""

from __future__ import annotations

import json
import ssl
from typing import Any

import httpx2
from tests.cluster.platform import RunningPlatform
from tests.servers.provider import signed_in_by_form

from sardonyx.testing.parts import wait_until

SECONDS = 240.0  # a pod of 1.5 GB beside other tests


class Caller:
    """Somebody who is signed in. project: their personal one; bucket: of its files."""

    def __init__(self, platform: RunningPlatform, cookies: dict[str, str]) -> None:
        self.platform = platform
        self.cookies = cookies
        self.project: str = self.api("GET", "/me").json()["personalProject"]
        listed = self.api("GET", "/projects").json()["projects"]
        self.bucket: str = next(one["bucket"] for one in listed if one["id"] == self.project)

    def api(self, method: str, path: str, **given: Any) -> httpx2.Response:
        """Call REST v1 as the browser does. Raises AssertionError for what it refuses."""
        answer = self.asks(method, path, **given)
        assert answer.is_success, answer.text
        return answer

    def asks(self, method: str, path: str, **given: Any) -> httpx2.Response:
        return self.browse(method, f"/api/v1{path}", **given)

    def browse(self, method: str, path: str, **given: Any) -> httpx2.Response:
        """Ask for a page, or send a form of one; no redirect is followed."""
        headers = {"origin": self.platform.url, **given.pop("headers", {})}
        with httpx2.Client(trust_env=False, timeout=120, cookies=self.cookies) as client:
            return client.request(method, f"{self.platform.url}{path}", headers=headers, **given)

    def services(self, rest: str = "") -> str:
        """Return the address of one's services, or of what is below."""
        return f"/projects/{self.project}/services{rest}"

    def service(self, name: str) -> dict[str, Any]:
        shown: dict[str, Any] = self.api("GET", self.services(f"/{name}")).json()
        return shown

    def reach(self, name: str, state: str) -> dict[str, Any]:
        """Wait until the service is in `state`."""
        wait_until(
            lambda: self.service(name)["state"] == state,
            f"{name} is {state}: {json.dumps(self.service(name))[:3000]}",
            seconds=SECONDS,
        )
        return self.service(name)

    def settle(self, name: str, verb: str, state: str) -> None:
        """Ask for `verb` as soon as the service is not busy, and wait until it is in `state`."""
        wait_until(
            lambda: self.asks("POST", self.services(f"/{name}/{verb}")).status_code != 409,
            f"{name} may be changed",
            seconds=SECONDS,
        )
        self.reach(name, state)

    def gone(self, name: str) -> None:
        wait_until(
            lambda: self.asks("GET", self.services(f"/{name}")).status_code == 404,
            f"{name} is gone",
            seconds=SECONDS,
        )


def signed_in(platform: RunningPlatform, name: str) -> Caller:
    """Sign somebody in by the provider's forms, without a browser."""
    authority = platform.authority
    trusted = ssl.create_default_context(cafile=str(authority)) if authority else True
    with httpx2.Client(trust_env=False, timeout=60, verify=trusted) as browser:
        begun = browser.get(f"{platform.url}/sign-in/start")
        back = signed_in_by_form(browser, begun.headers["location"], name)
        assert browser.get(back.headers["location"]).is_redirect
        return Caller(platform, dict(browser.cookies.items()))
