"""Recipients told over the wire: in memory, by signed HTTP and by OpenDSR, both on a real loopback server."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest

from chalicelib import wire
from chalicelib.adapters.memory import MemoryPeers, MemorySecrets, SetClock
from chalicelib.adapters.opendsr import OpenDsr, roots_for
from chalicelib.adapters.peers import WirePeers
from chalicelib.domain.identity import Identifier
from chalicelib.domain.notice import NoticeState, Posted, Reply, Tidings
from chalicelib.domain.peer import Peer
from chalicelib.domain.request import Right
from chalicelib.errors import CallbackRefused, Misconfigured, PeerMisread, PeerUnavailable
from chalicelib.ports import Peers
from chalicelib.wire import Wire
from local.example_peer import ExamplePeer
from local.peers import Ask, speaking
from local.processor import Processor

KEY, TOKEN = b"k" * 32, b"a-bearer-token"
SECRETS = MemorySecrets({"ours": KEY, "theirs": TOKEN})
NUMBERS = count(1)
CALLBACK = "https://privacy.example.com/callbacks/a-token"
There = tuple[str, dict[str, Ask]]


def tidings(**more: object) -> Tidings:
    now = datetime.now(UTC)
    said = {
        "id": str(UUID(int=next(NUMBERS), version=4)), "reference": "R-0000-0001", "right": Right.DELETION,
        "regime": "us-ca-ccpa", "at": now, "due_at": now + timedelta(days=45), "callback_url": CALLBACK,
        "identities": (Identifier.of("email", "Ann@Example.com"),), **more,
    }  # fmt: skip
    return Tidings.model_validate(said)


class World:
    """A port, a peer of it, and that peer's hands."""

    port: Peers
    peer: Peer
    clock: SetClock

    def posted(self, id: str, status: str) -> Posted:
        """A callback as the peer would post it; `status` is done or pending."""
        body = json.dumps({"id": id, "status": status}).encode()
        headers = {n.lower(): v for n, v in wire.signed(KEY, body, self.clock.now()).items()}
        return Posted(headers=headers, body=body, url=CALLBACK)

    def finish(self, id: str) -> None:
        """The peer has done it."""
        raise NotImplementedError

    def received(self) -> list[str]:
        """The ids it was told, each once."""
        raise NotImplementedError


class InMemory(World):
    def __init__(self) -> None:
        self.clock = SetClock(datetime.now(UTC))
        self.port = self.peers = MemoryPeers(SECRETS, self.clock)
        self.peer = Peer(way="http", url="https://peer.example.com/privacy", key="ours")

    def finish(self, id: str) -> None:
        self.peers.says[id] = Reply(state=NoticeState.CONFIRMED)

    def received(self) -> list[str]:
        return list(self.peers.told)


def wired(stand_in: str, clock: SetClock) -> WirePeers:
    line = Wire(stand_in, pause=lambda _: None)
    return WirePeers(line, SECRETS, clock, OpenDsr(line, SECRETS, clock, roots_for(line)))


class ByHttp(World):
    def __init__(self, there: There) -> None:
        self.clock, host = SetClock(datetime.now(UTC)), f"http-{next(NUMBERS)}.example.com"
        self.port = wired(there[0], self.clock)
        self.peer = Peer(way="http", url=f"https://{host}/privacy", key="ours")
        self.told: list[str] = []
        self.example = ExamplePeer(KEY, act=lambda told: self.told.append(told["id"]) or "pending")
        there[1][host] = speaking(self.example)

    def finish(self, id: str) -> None:
        self.example.remembered[id] = 200, {"id": id, "status": "done"}

    def received(self) -> list[str]:
        return self.told


class ByOpenDsr(World):
    def __init__(self, there: There, **how: object) -> None:
        self.clock, host = SetClock(datetime.now(UTC)), f"dsr-{next(NUMBERS)}.example.com"
        self.port = wired(there[0], self.clock)
        self.processor = Processor(host, TOKEN, **how)  # type: ignore[arg-type]
        pinned = "pss" if self.processor.pss else "pkcs1v15"
        self.peer = Peer(way="opendsr", url=f"https://{host}", key="theirs", domain=host, signature=pinned)
        there[1][host] = self.processor.answer
        there[1]["roots.example.com"] = lambda *_: (200, "text/plain", self.processor.root)

    def posted(self, id: str, status: str, **more: object) -> Posted:
        headers, body = self.processor.callback(id, {"done": "completed"}.get(status, status), **more)
        return Posted(headers={n.lower(): v for n, v in headers.items()}, body=body, url=CALLBACK)

    def finish(self, id: str) -> None:
        self.processor.status[id] = "completed"

    def received(self) -> list[str]:
        return list(self.processor.bodies)


WORLDS: dict[str, Callable[[There], World]] = {
    "memory": lambda _: InMemory(),
    "http": ByHttp,
    "opendsr": ByOpenDsr,
    "opendsr of version 1": lambda there: ByOpenDsr(there, version=1),
    "opendsr with pss": lambda there: ByOpenDsr(there, pss=True),
}


@pytest.fixture(params=list(WORLDS))
def world(request: pytest.FixtureRequest, peers: There) -> World:
    return WORLDS[request.param](peers)


def test_a_deletion_is_told_and_done_later(world: World) -> None:
    said = tidings()
    assert world.port.takes(world.peer, Right.DELETION)
    assert world.port.tell(world.peer, said).state is NoticeState.TOLD
    assert world.port.ask(world.peer, said.id).state is NoticeState.TOLD
    world.finish(said.id)
    assert world.port.ask(world.peer, said.id).state is NoticeState.CONFIRMED


def test_telling_twice_is_one_telling(world: World) -> None:
    said = tidings()
    for _ in range(2):
        assert world.port.tell(world.peer, said).state is NoticeState.TOLD
    assert world.received() == [said.id]


def test_a_callback_says_how_it_went(world: World) -> None:
    said = tidings()
    world.port.tell(world.peer, said)
    assert world.port.hear(world.peer, said.id, world.posted(said.id, "pending")).state is NoticeState.TOLD
    for _ in range(2):
        assert world.port.hear(world.peer, said.id, world.posted(said.id, "done")).state is NoticeState.CONFIRMED


@pytest.mark.parametrize(
    "forge",
    [
        lambda p: p.model_copy(update={"body": p.body + b" "}),
        lambda p: p.model_copy(update={"body": b"\xff\xfe"}),
        lambda p: p.model_copy(update={"headers": {}}),
        lambda p: p.model_copy(update={"headers": {n: v[:-4] + "AAAA" for n, v in p.headers.items()}}),
        lambda p: p.model_copy(update={"headers": dict.fromkeys(p.headers, "\u00e9")}),
    ],
    ids=["another body", "no text", "no headers", "another signature", "odd headers"],
)
def test_a_callback_that_is_not_signed_so_is_refused(world: World, forge: Callable[[Posted], Posted]) -> None:
    said = tidings()
    world.port.tell(world.peer, said)
    with pytest.raises(CallbackRefused):
        world.port.hear(world.peer, said.id, forge(world.posted(said.id, "done")))


def test_a_callback_about_something_else_is_refused(world: World) -> None:
    said, other = tidings(), tidings()
    for one in (said, other):
        world.port.tell(world.peer, one)
    with pytest.raises(CallbackRefused):
        world.port.hear(world.peer, said.id, world.posted(other.id, "done"))


def test_what_it_was_never_told_it_does_not_know(world: World) -> None:
    with pytest.raises(PeerMisread, match="404"):
        world.port.ask(world.peer, tidings().id)


# -- over the wire only -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["http", "opendsr"])
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((200, "text/html; charset=utf-8", b"<h1>Error for ann@example.com</h1>"), "web page"),
        ((404, "application/json", b"{}"), "404"),
        ((302, "text/plain", b""), "302"),
        ((403, "application/json", b'{"error": "ann@example.com"}'), "403"),
        ((200, "application/json", b'{"id": '), "broken JSON"),
        ((200, "application/json", b"[" * 100_000), "broken JSON"),
        ((200, "application/json", b"[1, 2]"), "no object"),
        ((200, "application/json", b'{"id": "another", "subject_request_id": null}'), "something else"),
        ((200, "application/json", b"\x1f\x8b\x08\x00"), "broken JSON"),
        ((200, "application/json", b"x" * (wire.LARGEST + 1)), "more than 8 MB"),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_named_and_not_repeated(
    peers: There, way: str, answer: tuple[int, str, bytes], why: str
) -> None:
    world = WORLDS[way](peers)
    host = world.peer.url.split("/")[2]
    peers[1][host] = lambda *_: answer
    with pytest.raises(PeerMisread, match=why) as misread:
        world.port.tell(world.peer, tidings())
    assert "ann" not in misread.value.why


def test_what_passes_is_tried_again_with_a_fresh_signature_and_the_same_id(peers: There) -> None:
    world, seen = ByHttp(peers), list[bytes]()
    host = world.peer.url.split("/")[2]
    works = peers[1][host]

    def flaky(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        seen.append(body)
        return (503, "text/html", b"") if len(seen) < 3 else works(method, path, headers, body)

    peers[1][host] = flaky
    assert world.port.tell(world.peer, tidings()).state is NoticeState.TOLD
    assert len(seen) == 3
    assert len(set(seen)) == 1
    peers[1][host] = lambda *_: (503, "text/html", b"")
    with pytest.raises(PeerUnavailable, match="503"):
        world.port.tell(world.peer, tidings())


def test_nobody_there_is_not_an_answer() -> None:
    nobody = wired("http://127.0.0.1:9", SetClock(datetime.now(UTC)))
    with pytest.raises(PeerUnavailable, match="could not be reached"):
        nobody.tell(Peer(way="http", url="https://gone.example.com", key="ours"), tidings())


def test_only_https_is_spoken_and_a_stand_in_is_on_this_machine() -> None:
    for url in (
        "http://peer.example.com",
        "https://",
        "https://a:b@peer.example.com",
        "file:///etc/passwd",
        "https://x?q",
    ):
        with pytest.raises(ValueError, match="https"):
            Peer(way="http", url=url, key="ours")
    with pytest.raises(Misconfigured):
        Wire("http://10.0.0.1:80")
    with pytest.raises(Misconfigured):
        Wire().call("POST", "http://127.0.0.1:9/")


@pytest.mark.parametrize("off", [-wire.SKEW - 5, wire.SKEW + 5])
def test_an_old_callback_is_refused(peers: There, off: int) -> None:
    world, said = ByHttp(peers), tidings()
    world.port.tell(world.peer, said)
    posted = world.posted(said.id, "done")
    world.clock.forward(timedelta(seconds=off))
    with pytest.raises(CallbackRefused):
        world.port.hear(world.peer, said.id, posted)


def test_what_is_told_of_a_correction_and_an_opt_out(peers: There) -> None:
    world, told = ByHttp(peers), list[dict[str, object]]()
    world.example.act = lambda what: told.append(what) or "kept"
    changed = tidings(right=Right.CORRECTION, corrections=(("user.contact.email", "Email", "new@example.com"),))
    assert world.port.tell(world.peer, changed).state is NoticeState.KEPT
    assert world.port.tell(world.peer, tidings(right=Right.OPT_OUT, stop=("sharing",))).state is NoticeState.KEPT
    assert told[0]["corrections"] == [{"category": "user.contact.email", "label": "Email", "value": "new@example.com"}]
    assert [t["action"] for t in told] == ["correct", "stop"]
    assert told[1]["identities"] == [{"kind": "email", "value": "ann@example.com"}]
    assert told[1]["stop"] == ["sharing"]


# -- OpenDSR ----------------------------------------------------------------------------------------------------------


def test_opendsr_has_no_words_for_a_correction_or_an_opt_out(peers: There) -> None:
    world = ByOpenDsr(peers)
    assert not any(world.port.takes(world.peer, right) for right in Right if right is not Right.DELETION)


def test_what_a_processor_is_told(peers: There) -> None:
    world, said = ByOpenDsr(peers), tidings(regime="eu-gdpr")
    world.port.tell(world.peer, said)
    body = world.processor.bodies[said.id]
    assert (body["regulation"], body["subject_request_type"], body["api_version"]) == ("gdpr", "erasure", "2.0")
    identity = {"identity_type": "email", "identity_value": "ann@example.com", "identity_format": "raw"}
    assert body["subject_identities"] == [identity]
    assert body["status_callback_urls"] == [CALLBACK]
    assert body["submitted_time"].endswith("Z")


def test_a_person_whom_opendsr_cannot_name_is_not_told_of(peers: There) -> None:
    world = ByOpenDsr(peers)
    said = tidings(identities=(Identifier.of("phone", "555-0100"),))
    assert world.port.tell(world.peer, said).state is NoticeState.FAILED
    assert world.received() == []


@pytest.mark.parametrize(
    ("status", "state"),
    [("in-progress", NoticeState.TOLD), ("In_Progress", NoticeState.TOLD), ("canceled", NoticeState.FAILED),
     ("cancelled", NoticeState.FAILED), ("completed", NoticeState.CONFIRMED)],
)  # fmt: skip
def test_both_spellings_of_a_status_are_read(peers: There, status: str, state: NoticeState) -> None:
    world, said = ByOpenDsr(peers), tidings()
    world.port.tell(world.peer, said)
    assert world.port.hear(world.peer, said.id, world.posted(said.id, status, results_url=None)).state is state


@pytest.mark.parametrize(
    "spoil",
    [
        lambda p: setattr(p, "named", "another.example.com"),
        lambda p: setattr(p, "ends", datetime.now(UTC) - timedelta(days=1)),
        lambda p: setattr(p, "certificate_at", "https://another.example.com/certificate.pem"),
        lambda p: setattr(p, "certificate_at", f"http://{p.domain}/certificate.pem"),
        lambda p: setattr(p, "certificate_at", None),
        lambda p: setattr(p, "certificate_at", f"https://{p.domain}/v2/discovery"),
        lambda p: setattr(p, "_root", Processor("r.example.com", b"")._root),
        lambda p: setattr(p, "pss", True),
        lambda p: setattr(p, "domain", "another.example.com"),
    ],
    ids=["another name", "expired", "another host", "no https", "none", "no certificate", "another root",
         "another padding", "another domain"],
)  # fmt: skip
def test_a_callback_under_a_certificate_that_is_not_in_order_is_refused(
    peers: There, spoil: Callable[[Processor], object]
) -> None:
    world, said = ByOpenDsr(peers), tidings()
    trusted = world.processor.root
    peers[1]["roots.example.com"] = lambda *_: (200, "text/plain", trusted)
    world.port.tell(world.peer, said)
    spoil(world.processor)
    with pytest.raises(CallbackRefused):
        world.port.hear(world.peer, said.id, world.posted(said.id, "done"))


def test_a_callback_meant_for_another_address_is_refused(peers: There) -> None:
    world, said = ByOpenDsr(peers), tidings()
    world.port.tell(world.peer, said)
    posted = world.posted(said.id, "done", status_callback_url="https://elsewhere.example.com/callbacks/x")
    with pytest.raises(CallbackRefused, match="another address"):
        world.port.hear(world.peer, said.id, posted)
