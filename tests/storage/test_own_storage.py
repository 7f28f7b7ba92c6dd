"""Own stores reached for real: SeaweedFS with and without keys, and what is no store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx2
import pytest
from tests.contracts.object_store import pieces
from tests.runtime.world import Credentials, Doors, Machine
from tests.runtime.world import make_plan as make_plan_of
from tests.runtime.world import read_chart as read_hello

from sardonyx.account.errors import StorageRefusedError, StorageUnreachableError
from sardonyx.adapters.http.outward import OutwardBackend, OutwardTransport, resolve
from sardonyx.adapters.oidc.identity import OnePerson
from sardonyx.adapters.openbao.store import OpenBaoStore
from sardonyx.adapters.processes.credentials import LocalServiceCredentials
from sardonyx.adapters.processes.runtime import LocalRuntime
from sardonyx.adapters.processes.supervisor import start_supervisor, stop_supervisor
from sardonyx.adapters.s3.objects import S3ObjectStore
from sardonyx.adapters.s3.probe import S3Probe
from sardonyx.adapters.s3.sts import WebIdentityBroker
from sardonyx.catalog.models import Chart
from sardonyx.catalog.read import read_chart
from sardonyx.catalog.service import default_catalog_folder
from sardonyx.credentials.authorities import trusting
from sardonyx.files.models import S3Credentials
from sardonyx.launcher.commands import platform_command
from sardonyx.launcher.context import ContextInputs, launch_context
from sardonyx.launcher.draft import make_draft
from sardonyx.launcher.own_profiles import OwnProfile
from sardonyx.launcher.plan import make_plan
from sardonyx.services.models import State
from sardonyx.testing.parts import RunningParts
from sardonyx.values import JsonObject, Secret

pytestmark = pytest.mark.real
PROBE = S3Probe(lambda: httpx2.AsyncClient(trust_env=False))


@pytest.fixture
async def short(real_parts: RunningParts) -> OwnProfile:
    """A store with keys that end, as STS gives them, working in the person's bucket."""
    person = OnePerson.of_login(real_parts.issuer)
    project = person.person.personal_project
    async with httpx2.AsyncClient(trust_env=False) as client:
        broker = WebIdentityBroker(identity=person, client=client, endpoint=real_parts.s3_endpoint)
        keys = await broker.credentials(username=person.person.username, project=project)
        await S3ObjectStore(client=client).ensure_bucket(keys, project.bucket)
    return OwnProfile(
        name="short",
        created=1,
        url=real_parts.s3_endpoint,
        access_key_id=keys.access_key_id,
        secret_access_key=keys.secret_access_key,
        session_token=keys.session_token,
        bookmarks=(("", f"{project.bucket}/"),),
    )


@pytest.fixture
def lasting(real_parts: RunningParts) -> OwnProfile:
    """A store with keys that do not end: SeaweedFS's own administrator."""
    kept = json.loads((real_parts.home.parts / "seaweedfs" / "keys.json").read_text())
    return OwnProfile(
        "lasting",
        1,
        real_parts.s3_endpoint,
        access_key_id=kept["admin_id"],
        secret_access_key=Secret(kept["admin_secret"]),
    )


async def test_keys_with_and_without_a_session_are_taken(
    short: OwnProfile, lasting: OwnProfile
) -> None:
    await PROBE.probe(short)
    await PROBE.probe(lasting)  # no folder: it lists its buckets
    await PROBE.probe(replace(lasting, bookmarks=short.bookmarks))


async def test_a_service_of_one_machine_works_in_the_store_that_was_chosen(
    real_parts: RunningParts, lasting: OwnProfile, short: OwnProfile
) -> None:
    """From the choice in the launcher to objects listed with the service's own variables."""
    chosen = replace(lasting, name="nas", bookmarks=short.bookmarks)
    context = launch_context(ContextInputs(username="ada", s3=chosen.inputs))
    chart = read_chart(default_catalog_folder() / "jupyter-python", "sardonyx")
    assert isinstance(chart, Chart)
    draft = make_draft(chart=chart, context=context)
    assert not draft.errors
    plan = make_plan(
        draft, release="lab", project="user-ada", owner="ada", friendly_name="Lab", shared=False
    )
    assert lasting.secret_access_key is not None
    assert lasting.secret_access_key.reveal() not in platform_command(plan, defaults=draft.defaults)
    credentials = given_to(real_parts)
    off = replace(plan, merged={**plan.merged, "vault": {"enabled": False}})
    given = await credentials.issue(off, token_file="/run/token")
    assert sorted(given) == [
        *("AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_REGION"),
        "AWS_SECRET_ACCESS_KEY",
    ]
    # The machine's renewing endpoint has nothing for it.
    assert not (real_parts.home.service("lab") / "creds.token").exists()
    await PROBE.probe(
        replace(
            chosen,
            url=given["AWS_ENDPOINT_URL"],
            access_key_id=given["AWS_ACCESS_KEY_ID"],
            secret_access_key=Secret(given["AWS_SECRET_ACCESS_KEY"]),
        )
    )


# What a service sees of its storage: its variables, as any SDK takes them, and an object.
SIGNED = """
import datetime, hashlib, hmac, os, sys, urllib.request
def of(key, text): return hmac.new(key, text.encode(), hashlib.sha256).digest()
given, now = os.environ, datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
host = given["AWS_ENDPOINT_URL"].partition("://")[2]
nothing = hashlib.sha256(b"").hexdigest()
names = {"host": host, "x-amz-content-sha256": nothing, "x-amz-date": now}
lines = "".join(f"{name}:{value}\\n" for name, value in names.items())
signed, scope = ";".join(names), f"{now[:8]}/{given['AWS_REGION']}/s3/aws4_request"
whole = f"GET\\n/{sys.argv[1]}\\n\\n{lines}\\n{signed}\\n{nothing}"
asked = f"AWS4-HMAC-SHA256\\n{now}\\n{scope}\\n" + hashlib.sha256(whole.encode()).hexdigest()
key = ("AWS4" + given["AWS_SECRET_ACCESS_KEY"]).encode()
for part in scope.split("/"): key = of(key, part)
names["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={given['AWS_ACCESS_KEY_ID']}/{scope}, "
    f"SignedHeaders={signed}, Signature={of(key, asked).hex()}")
url = given["AWS_ENDPOINT_URL"] + "/" + sys.argv[1]
print(urllib.request.urlopen(urllib.request.Request(url, headers=names)).read().decode())
"""
PLAIN = """
import os, sys, urllib.request
print(urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/" + sys.argv[1]).read().decode())
"""


def given_to(real_parts: RunningParts) -> LocalServiceCredentials:
    identity = OnePerson.of_login(real_parts.issuer)
    store = OpenBaoStore(identity=identity, address=real_parts.openbao_address)
    return LocalServiceCredentials(home=real_parts.home, secrets=store)


@asynccontextmanager
async def launching(parts: RunningParts) -> AsyncIterator[Machine]:
    """Launch services on the home of the parts, with the credentials of one machine."""
    home = parts.home
    process = await asyncio.to_thread(start_supervisor, home, [], detach=False)
    doors = Doors()
    runtime = LocalRuntime(
        home=home,
        domain="localhost:8000",
        find_chart=lambda ref: read_hello(ref.chart),
        credentials=given_to(parts),
        front_door=doors,
    )
    try:
        await runtime.start()
        yield Machine(home, runtime, Credentials(home), doors)
    finally:
        await runtime.close()
        await asyncio.to_thread(stop_supervisor, home)
        await asyncio.to_thread(process.wait)


async def test_a_running_service_reads_its_own_store_and_goes_on_doing_so(
    real_parts: RunningParts, lasting: OwnProfile
) -> None:
    """Two stores that are not the machine's: one with keys, one that is read without any."""
    assert lasting.access_key_id and lasting.secret_access_key
    keys = S3Credentials(
        endpoint=real_parts.s3_endpoint,
        region="us-east-1",
        access_key_id=lasting.access_key_id,
        secret_access_key=lasting.secret_access_key,
        session_token=Secret(""),
        expiration=datetime.max.replace(tzinfo=UTC),
    )
    async with httpx2.AsyncClient(trust_env=False) as client:
        store = S3ObjectStore(client=client)
        await store.ensure_bucket(keys, "nas")
        await store.put(keys, "nas", "prices.csv", pieces(b"from the nas"))
    with serving(200, b"in the open") as address:
        keyed: JsonObject = {
            "enabled": True,
            "endpoint": lasting.url,
            "accessKeyId": lasting.access_key_id,
            "secretAccessKey": lasting.secret_access_key.reveal(),
        }
        free: JsonObject = {"enabled": True, "endpoint": address}
        async with launching(real_parts) as machine:

            async def reads(program: str) -> str:
                command = ["python", "-c", program, "nas/prices.csv"]
                async with httpx2.AsyncClient(trust_env=False) as client:
                    url = f"http://127.0.0.1:{machine.port('reader')}/"
                    said = (await client.post(url, json=command, timeout=60)).json()
                assert said["status"] == 0, said
                return str(said["out"]).strip()

            seen = await machine.launch("hello", "reader", s3=keyed)
            assert seen.state is State.RUNNING, seen
            assert await reads(SIGNED) == "from the nas"
            # An edit's draft may be made in the context of the machine's own store.
            for store_, program, content in (
                (keyed, SIGNED, "from the nas"),
                (
                    {**free, "endpoint": address.replace("127.0.0.1", "localhost")},
                    PLAIN,
                    "in the open",
                ),
            ):
                plan = make_plan_of("hello", "reader", values={"greeting": "again", "s3": store_})
                await machine.runtime.upgrade(plan)
                await machine.reach("reader", State.RUNNING, State.FAILED)
                assert await reads(program) == content
            await machine.runtime.uninstall("user-ada", "reader")
            await machine.gone("reader")


@pytest.mark.parametrize(
    ("endpoint", "context", "is_own"),
    [
        ("", {}, False),
        ("127.0.0.1:1234", {}, False),  # the machine's, at a port that was drawn before
        ("127.0.0.1:1234", {"isAnonymous": True}, True),
        ("open.example", {"isAnonymous": False}, True),
    ],
)
async def test_whose_store_without_keys_it_is(
    real_parts: RunningParts, endpoint: str, context: JsonObject, is_own: bool
) -> None:
    plan = make_plan_of("hello", "whose", values={"s3": {"enabled": True, "endpoint": endpoint}})
    real_parts.home.service("whose").mkdir(parents=True, exist_ok=True)
    credentials = given_to(real_parts)
    given = await credentials.issue(replace(plan, context={"s3": context}), token_file="/t")
    assert (given["AWS_ENDPOINT_URL"] != real_parts.s3_endpoint) is is_own
    assert ("AWS_CONTAINER_CREDENTIALS_FULL_URI" in given) is not is_own
    await credentials.revoke("whose")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"secret_access_key": Secret("wrong")}, "SignatureDoesNotMatch"),
        ({"access_key_id": "WRONG"}, "InvalidAccessKeyId"),
        ({"bookmarks": (("", "no-such-bucket/"),)}, "NoSuchBucket"),
        (
            {"access_key_id": None, "secret_access_key": None, "bookmarks": (("", "x/"),)},
            "AccessDenied",
        ),
    ],
)
async def test_what_the_store_refuses_is_said_in_its_own_word(
    lasting: OwnProfile, change: dict[str, object], reason: str
) -> None:
    with pytest.raises(StorageRefusedError) as refused:
        await PROBE.probe(replace(lasting, **change))  # type: ignore[arg-type]
    assert refused.value.values["reason"] == reason


@contextmanager
def serving(status: int, body: bytes, headers: dict[str, str] | None = None) -> Iterator[str]:
    """Give the address of a server that always answers so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (200, b"<html>hello</html>", {}),
        (200, b"not xml", {}),
        (200, b"", {}),
        (200, b"<ListBucketResult>" + b"x" * 2_000_000, {}),
        (302, b"", {"location": "http://127.0.0.1:1/"}),
        (200, b'<!DOCTYPE x [<!ENTITY a "b">]><ListBucketResult>&a;</ListBucketResult>', {}),
        (500, b"<html/>", {}),
    ],
)
async def test_what_is_no_store_does_not_answer(
    lasting: OwnProfile, status: int, body: bytes, headers: dict[str, str]
) -> None:
    with serving(status, body, headers) as url, pytest.raises(StorageUnreachableError):
        await PROBE.probe(replace(lasting, url=url))


async def test_an_answer_that_never_ends_does_not_keep_a_probe(lasting: OwnProfile) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"<ListBucketResult>"
        await asyncio.Event().wait()

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=endless())

    probe = S3Probe(lambda: httpx2.AsyncClient(transport=httpx2.MockTransport(answer)), seconds=0.1)
    with pytest.raises(StorageUnreachableError):
        await probe.probe(lasting)


async def test_an_error_is_repeated_as_a_plain_word_only(lasting: OwnProfile) -> None:
    body = b"<Error><Code>&lt;script&gt;</Code></Error>"
    with serving(403, body) as url, pytest.raises(StorageRefusedError) as refused:
        await PROBE.probe(replace(lasting, url=url))
    assert refused.value.values["reason"] == "403"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "0.0.0.0"])
async def test_on_a_cluster_no_machine_inside_is_asked(lasting: OwnProfile, host: str) -> None:
    backend = OutwardBackend(frozenset({"store.invalid"}), resolve)
    outward = S3Probe(
        lambda: httpx2.AsyncClient(transport=OutwardTransport(trusting(""), backend, most=1))
    )
    port = lasting.url.rpartition(":")[2]
    with pytest.raises(StorageUnreachableError):
        await outward.probe(replace(lasting, url=f"http://{host}:{port}"))


async def test_the_bucket_may_stand_in_the_host_s_name(lasting: OwnProfile) -> None:
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200, content=b"<ListBucketResult/>")

    probe = S3Probe(lambda: httpx2.AsyncClient(transport=httpx2.MockTransport(answer)))
    there = replace(
        lasting,
        url="https://s3.example:9000",
        path_style_access=False,
        bookmarks=(("", "pool/a b/"),),
    )
    await probe.probe(there)
    assert str(asked[0].url) == (
        "https://pool.s3.example:9000/?list-type=2&max-keys=1&prefix=a%20b%2F"
    )
    assert "x-amz-security-token" not in asked[0].headers
