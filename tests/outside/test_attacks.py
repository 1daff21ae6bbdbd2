"""People who mean harm, machines that click too often, and what they must not get."""

from __future__ import annotations

import base64
import csv
import hashlib
import hmac
import io
import json
import os
import re
import statistics
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import sqlalchemy as sa

from tests.outside.visitor import REFERENCE, Visitor, decent, in_parallel, overheard, raw, swept

XSS = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
UNESCAPED = re.compile(r"<script>alert|<img src=x|onerror=alert\(2\)>(?!&)")
PURPOSES = ["verify", "track", "results", "stop", "review", "task", "consent", "staff/sign-in"]


@pytest.fixture(scope="module")
def run() -> Iterator[dict[str, Any]]:
    with overheard("jeffers") as run:
        yield run


@pytest.fixture
def v(run: dict[str, Any]) -> Iterator[Visitor]:
    yield Visitor(run)
    swept(run)


def contents(package: zipfile.ZipFile) -> str:
    return "\n".join(package.read(name).decode("utf-8-sig") for name in package.namelist())


def asked_staff(v: Visitor, reference: str, known: frozenset[str] = frozenset()) -> dict[str, str]:
    """Each staff member who was asked about it, with their link."""
    v.reviewer(reference)
    v.settled(0.3)
    found = {}
    for member in v.run["staff"]:
        for mail in v.mails(member["email"]):
            link = re.search(rf"{re.escape(v.base)}/review/\S+", mail["text"])
            if link and reference in mail["subject"] and link[0] not in known:
                found.setdefault(member["email"], link[0])
    return found


def secrets_of(v: Visitor, customer: dict[str, Any]) -> list[str]:
    """What only this customer's data has: address, number, answers."""
    return [customer["email"], customer["name"], *(str(a) for a in customer["answers"].values())]


@pytest.fixture(scope="module")
def database(run: dict[str, Any]) -> Iterator[sa.Engine]:
    engine = sa.create_engine(run["database_url"].replace("postgresql://", "postgresql+psycopg://"))
    yield engine
    engine.dispose()


def columns(database: sa.Engine, like: str) -> list[tuple[str, str, str]]:
    with database.connect() as connection:
        return [
            tuple(row)
            for row in connection.execute(
                sa.text(
                    "select table_schema, table_name, column_name from information_schema.columns "
                    "where column_name ~ :like and table_schema not in ('pg_catalog', 'information_schema')"
                ),
                {"like": like},
            )
        ]


def values(database: sa.Engine, like: str) -> set[str]:
    found: set[str] = set()
    with database.connect() as connection:
        for schema, table, column in columns(database, like):
            found |= {
                str(r[0]) for r in connection.execute(sa.text(f'select "{column}" from "{schema}"."{table}"')) if r[0]
            }
    return found


# -- timing first: the machine is quiet --------------------------------------------------------------------------------


def test_known_and_unknown_addresses_take_the_same_time(v: Visitor, database: sa.Engine) -> None:
    taken = {c["email"] for c in v.run["customers"]}
    known = sorted(e for e in values(database, "^email$") if e.endswith("@example.com") and e not in taken)[:40]
    assert len(known) >= 20
    known = (known * 2)[:40]
    spent: dict[bool, list[float]] = {True: [], False: []}
    said: dict[bool, set[tuple[int, str]]] = {True: set(), False: set()}
    for n, email in enumerate(known):
        pair = [(True, email), (False, v.fresh())]
        for is_known, address in pair if n % 2 else reversed(pair):  # the second meets the first one's road
            started = time.perf_counter()
            answer = v.post("/requests", {"right": "access", "email": address})
            spent[is_known].append(time.perf_counter() - started)
            said[is_known].add((answer.status, REFERENCE.sub("", answer.text + answer.headers.get("location", ""))))
        time.sleep(0.02)
    assert said[True] == said[False]
    one, other = statistics.median(spent[True]), statistics.median(spent[False])
    noise = statistics.median([abs(x - other) for x in spent[False]])
    assert abs(one - other) < max(0.002, 0.25 * max(one, other), 2 * noise), (one, other, noise)


def test_known_and_unknown_addresses_get_the_same_mail_and_page(v: Visitor) -> None:
    mails, pages = [], []
    for email in (v.customer(4)["email"], v.fresh()):
        reference = v.file("access", email)
        link = v.link(email, "verify", reference)
        mail = v.answer_mail(email, reference)
        blank = lambda t, r=reference: re.sub(r"[\w-]{43}", "TOKEN", t.replace(r, "REF"))  # noqa: E731
        mails.append((blank(mail["subject"]), blank(mail["text"]), blank(mail["html"])))
        pages.append(blank(v.get(link).text))
    assert mails[0] == mails[1]
    assert pages[0] == pages[1]


# -- many clicks at once -----------------------------------------------------------------------------------------------


def test_eight_approvals_of_one_link_decide_once(v: Visitor) -> None:
    customer = v.customer(1)
    reference, staff = v.in_review("access", customer)
    link = v.link(staff, "review", reference)
    fields = {"decision": "approve", "plan": v.plan(link)}
    answers = in_parallel(v.run, [lambda w: w.post(link, fields)] * 8)
    assert all(decent(a).status in (200, 303, 409) for a in answers)
    seen = v.until(v.link(customer["email"], "track", reference))
    assert [h["what"] for h in seen["history"]].count("fulfilling") == 1
    assert [h["what"] for h in seen["history"]].count("fulfilled") == 1
    v.settled()
    assert sum("/results/" in m["text"] and reference in m["subject"] for m in v.mails(customer["email"])) == 1


def test_staff_who_disagree_at_the_same_moment_decide_once(v: Visitor) -> None:
    customer = v.customer(1)
    reference, _ = v.in_review("access", customer)
    links = asked_staff(v, reference)
    jobs = []
    for n, link in enumerate(list(links.values()) * (8 // max(1, len(links)) + 1)):
        plan = v.plan(link)
        decision = (
            {"decision": "refuse", "ground": "claim_not_covered", "plan": plan, "explanation": "No."}
            if n % 2
            else {"decision": "approve", "plan": plan}
        )
        jobs.append(lambda w, link=link, decision=decision: w.post(link, decision))
    assert all(decent(a).status in (200, 303, 404, 409, 410) for a in in_parallel(v.run, jobs[:8]))
    seen = v.until(v.link(customer["email"], "track", reference))
    v.settled()
    mails = [m for m in v.mails(customer["email"]) if reference in m["subject"]]
    assert len(mails) == 2, [m["subject"] for m in mails]
    assert (seen["status"] == "fulfilled") == any("/results/" in m["text"] for m in mails)


@pytest.mark.parametrize("act", ["withdraw", "not-me"])
def test_eight_clicks_on_the_tracker_count_once(v: Visitor, act: str) -> None:
    email = v.fresh()
    reference = v.file("access", email)
    track = v.link(email, "track", reference)
    v.settled(0.3)
    before, staff_before = len(v.mails(email)), len(v.mails(v.run["staff"][0]["email"]))
    for answer in in_parallel(v.run, [lambda w: w.post(f"{track}/{act}", {})] * 8):
        assert decent(answer).status in (200, 303, 404, 409, 410)
    v.settled()
    assert len(v.mails(email)) == before + 1
    assert len(v.mails(v.run["staff"][0]["email"])) - staff_before == (1 if act == "not-me" else 0)


def test_eight_replies_and_eight_appeals_count_once(v: Visitor) -> None:
    customer = v.customer(4)
    email = customer["email"]
    reference, staff = v.in_review("access", customer)
    first = v.link(staff, "review", reference)
    v.decide(staff, reference, "ask", explanation="Which?")
    track = v.link(email, "track", reference)
    v.until(track, "asked")
    in_parallel(v.run, [lambda w: decent(w.post(track + "/reply", {"text": "This"}))] * 8)
    v.until(track, "in_review")
    v.settled()
    assert [h["what"] for h in v.status(track)["history"]].count("in_review") == 2
    v.decide(staff, reference, "refuse", ground="claim_not_covered", explanation="No.", not_in=frozenset({first}))
    v.until(track)
    v.settled()
    before = {m["id"] for m in v.everything()}
    in_parallel(v.run, [lambda w: decent(w.post(track + "/appeal", {"text": "Look again"}))] * 8)
    v.settled()
    new = [m for m in v.everything() if m["id"] not in before]
    references = {r for m in new for r in REFERENCE.findall(m["subject"])} - {reference}
    assert len(references) == 1, [m["subject"] for m in new]
    decent(v.post(track + "/appeal", {"text": "And again"}))
    v.settled()
    assert {r for m in v.everything() if m["id"] not in before for r in REFERENCE.findall(m["subject"])} - {
        reference
    } == references


def test_forty_wrong_proofs_at_once_reveal_nothing_and_count_once(v: Visitor) -> None:
    customer = v.customer(2)
    email = customer["email"]
    reference = v.file("access", email)
    link = v.link(email, "verify", reference)
    right = {f"answer.{k}": a for k, a in customer["answers"].items()}

    def attempt(n: int) -> Any:
        fields = right if n == 39 else {f"answer.{k}": f"{n}" for k in customer["answers"]}
        return lambda w: w.post(link, {"confirm": "yes", **fields})

    answers = in_parallel(v.run, [attempt(n) for n in range(40)])
    assert all(decent(a).status in (200, 303, 409, 429) for a in answers)
    texts = {(a.status, a.text, a.headers.get("location")) for a in answers}
    assert len({t for t in texts if t[0] != 429}) <= 2, "right and wrong look the same"
    track = v.link(email, "track", reference)
    seen = v.until(track, "in_review", "refused", "fulfilled", "partly_fulfilled", "verifying")
    assert [h["what"] for h in seen["history"]].count("gathering") <= 1


def test_wrong_answers_over_many_requests_exhaust_the_tries(v: Visitor) -> None:
    """The next request of the same subject does not give five new tries without end."""
    customer = v.customer(3)
    email = customer["email"]
    accepted = 0
    for n in range(9):
        answer = v.api({"right": "access", "email": email})
        if answer.status == 429:
            break
        reference = answer.json()["reference"]
        link = v.link(email, "verify", reference)
        fields = {f"answer.{k}": f"{10000 + n}" for k in ("order_number", "order_total", "postcode")}
        accepted += decent(v.post(link, {"confirm": "yes", **fields})).status in (200, 303)
    # whether it is refused now or judged afterwards: right answers must not show as proven any more
    answer = v.api({"right": "access", "email": email})
    if answer.status == 202 and accepted >= 9:
        reference = answer.json()["reference"]
        v.post(
            v.link(email, "verify", reference),
            {"confirm": "yes", **{f"answer.{k}": a for k, a in customer["answers"].items()}},
        )
        links = asked_staff(v, reference)
        assert "Suffices" not in v.get(next(iter(links.values()))).text


def test_one_form_sent_many_times_is_one_request(v: Visitor) -> None:
    email = v.fresh()
    form = re.search(r'name="form_id" value="([^"]+)"', v.get("/requests/new?right=access").text)[1]
    fields = {"right": "access", "email": email, "form_id": form}
    assert {a.status for a in in_parallel(v.run, [lambda w: w.post("/requests", fields)] * 8)} == {303}
    assert v.post("/requests", fields).status == 303
    v.link(email, "track")
    assert len(v.settled_for(email)) == 1


def test_going_back_to_mend_the_address_is_a_new_request(v: Visitor) -> None:
    """Sent with a typo, back, corrected, sent again: the same form_id, another content; it must not vanish."""
    form = re.search(r'name="form_id" value="([^"]+)"', v.get("/requests/new?right=access").text)[1]
    typo, meant = v.fresh(), v.fresh()
    for email in (typo, meant):
        assert v.post("/requests", {"right": "access", "email": email, "form_id": form}).status == 303
    assert v.link(meant, "verify")


# -- floods ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["{name}@example.com", "{name}+{n}@example.com", "{mixed}@example.com"])
def test_a_hundred_filings_for_one_victim_are_few_mails(v: Visitor, spelling: str) -> None:
    name = v.fresh().split("@")[0]

    def address(n: int) -> str:
        mixed = "".join(c.upper() if (n >> i) & 1 else c for i, c in enumerate(name))
        return spelling.format(name=name, n=n, mixed=mixed)

    def flood(w: Visitor, start: int) -> None:
        for n in range(start, 100, 10):
            assert decent(w.api({"right": "access", "email": address(n)})).status in (202, 429)

    in_parallel(v.run, [lambda w, s=s: flood(w, s) for s in range(10)])
    v.settled()
    got = [m for m in v.everything() if re.sub(r"\+\d+", "", m["to"][0]).lower() == f"{name}@example.com"]
    assert 1 <= len(got) <= 15, len(got)
    answer = v.api({"right": "opt_out", "email": f"{name}@example.com", "stop": ["email"]})
    assert answer.status == 202, "nobody can take away the right to stop"


def test_a_flood_of_opt_outs_links_and_sign_ins_is_few_mails(v: Visitor) -> None:
    victim, staff = v.fresh(), v.run["staff"][2]["email"]
    before = len(v.mails(staff))

    def flood(w: Visitor) -> None:
        for _ in range(10):
            decent(w.api({"right": "opt_out", "email": victim, "stop": ["email"]}))
            decent(w.post("/links", {"email": victim}))
            decent(w.post("/staff/sign-in", {"email": staff}))

    in_parallel(v.run, [flood] * 4)
    v.settled()
    assert len(v.mails(victim)) <= 25, len(v.mails(victim))
    assert len(v.mails(staff)) - before <= 15


def test_a_flood_does_not_stop_the_victim_from_following_a_request(v: Visitor) -> None:
    victim = v.fresh()
    reference = v.file("access", victim)
    track, verify = v.link(victim, "track", reference), v.link(victim, "verify", reference)
    for _ in range(15):
        v.api({"right": "deletion", "email": victim})
        v.post("/links", {"email": victim})
    assert v.get(track).status == 200, "links sent before still work"
    assert v.post(verify, {"confirm": "yes"}).status == 303
    v.until(track, "in_review", "gathering")


# -- the impersonator --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "column"), [("customer_number", "^(customer_number|number)$"), ("phone", "^phone$")])
def test_a_typed_identifier_never_selects_data(v: Visitor, database: sa.Engine, kind: str, column: str) -> None:
    victim, attacker = v.customer(0), v.fresh()
    typed = "J204117" if kind == "customer_number" else "(415) 555-0117"
    assert typed in values(database, "number|phone"), "the test knows a true identifier"
    reference = v.file("access", attacker, identifier=typed, identifier_kind=kind, name=victim["name"])
    v.prove(attacker, reference, victim["answers"])  # even with the victim's answers
    track = v.link(attacker, "track", reference)
    seen = v.until(track, "in_review", "refused", "fulfilled", "partly_fulfilled")
    if seen["status"] == "in_review":
        for staff, link in asked_staff(v, reference).items():
            shown = v.get(link).text + v.post(link, {"show": "yes"}).text
            for secret in [victim["email"], *victim["answers"].values(), "764 Ivy Street"]:
                assert secret not in shown, (staff, secret)
        v.decide(v.reviewer(reference), reference, "approve")
        v.until(track)
    v.settled()
    found = json.dumps(v.mails(attacker))
    if "/results/" in found:
        found += contents(v.package(attacker, reference))
    for secret in [victim["email"], *victim["answers"].values(), "764 Ivy Street", "CLUB6940001"]:
        assert secret not in found, secret


@pytest.mark.parametrize("relationship", ["agent", "parent"])
def test_someone_who_claims_to_act_for_another_gets_nothing_of_theirs_unproven(v: Visitor, relationship: str) -> None:
    victim, attacker = v.customer(0), v.fresh()
    before = len(v.mails(victim["email"]))
    reference = v.file(
        "access", attacker, relationship=relationship, subject_name=victim["name"], subject_email=victim["email"],
        details="I am her <b>sister</b>. Please hurry.",
    )  # fmt: skip
    v.settled()
    if any("/verify/" in m["text"] for m in v.mails(attacker)):
        v.prove(attacker, reference, victim["answers"])
        v.settled(1.0)
        for review in asked_staff(v, reference).values() if v.mails(v.run["staff"][0]["email"]) else []:
            decent(v.post(review, {"decision": "approve", "plan": v.plan(review)}))
    v.settled()
    found = json.dumps(v.mails(attacker))
    if "/results/" in found:
        found += contents(v.package(attacker, reference))
    for secret in [*victim["answers"].values(), "764 Ivy Street", "CLUB6940001"]:
        assert secret not in found, secret
    for mail in v.mails(victim["email"])[: len(v.mails(victim["email"])) - before]:
        assert "sister" not in mail["text"] + mail["html"], "a stranger's text reached the victim"


@pytest.mark.parametrize("right", ["access", "deletion"])
def test_an_agent_is_never_taken_for_the_subject(v: Visitor, right: str) -> None:
    """Without the subject's address only the agent's mailbox is proven: then it is the agent's data that is found."""
    agent = v.customer(4)
    answer = v.api({"right": right, "email": agent["email"], "relationship": "agent", "subject_name": "Someone Else"})
    assert answer.status == 422
    assert list(answer.json()["fields"]) == ["subject_email"]


def test_a_parent_hears_and_the_child_does_not(v: Visitor) -> None:
    parent, child = v.customer(4)["email"], v.fresh()
    reference = v.file("access", parent, relationship="parent", subject_name="Cleo", subject_email=child)
    assert v.link(parent, "verify", reference)
    assert v.settled_for(child) == []


def test_a_new_address_never_receives_data_and_the_old_one_is_told(v: Visitor) -> None:
    customer, new = v.customer(1), v.fresh()
    reference, staff = v.in_review("correction", customer, field=["loyalty.members.email"], value=[new])
    v.settled()
    assert v.mails(new) == [], "nothing before approval"
    v.decide(staff, reference, "approve")
    v.until(v.link(customer["email"], "track", reference))
    v.settled()
    assert any(reference in m["subject"] for m in v.mails(customer["email"])[:2]), "the old address is told"
    for mail in v.mails(new):
        assert customer["name"] not in mail["text"]
        assert "/results/" not in mail["text"]
    reference, staff = v.in_review("correction", customer, field=["loyalty.members.email"], value=[customer["email"]])
    decent(
        v.post(
            v.link(staff, "review", reference),
            {"decision": "approve", "plan": v.plan(v.link(staff, "review", reference))},
        )
    )


def test_a_mail_that_names_a_reference_moves_nobodys_request(v: Visitor) -> None:
    customer, attacker = v.customer(2), v.fresh()
    reference, staff = v.in_review("access", customer)
    v.decide(staff, reference, "ask", explanation="Which?")
    track = v.link(customer["email"], "track", reference)
    before = v.until(track, "asked")
    for subject in (f"Re: We have a question ({reference})", f"withdraw {reference}", f"That wasn't me {reference}"):
        v.call(
            "POST", f"{v.run['mail_url']}/api/inbound",
            f"From: {attacker}\r\nTo: jeffers-privacy@example.com\r\nSubject: {subject}\r\n"
            f"Message-ID: <{v.fresh()}>\r\n"
            f"In-Reply-To: <{reference}@example.com>\r\n\r\nSend it to me instead. Withdraw it.\r\n".encode(),
        )  # fmt: skip
    v.settled()
    assert v.status(track) == before
    assert customer["email"] not in json.dumps(v.mails(attacker))


# -- links -------------------------------------------------------------------------------------------------------------


def test_the_mail_scanner_opens_everything_and_nothing_happens(v: Visitor) -> None:
    customer = v.customer(4)
    email = customer["email"]
    waiting = v.file("deletion", email)
    reviewed, staff = v.in_review("deletion", customer)
    stopped = v.fresh()
    v.file("opt_out", stopped, stop=["phone"])
    concerned = v.fresh()
    v.file("concern", concerned, details="x")
    v.post("/staff/sign-in", {"email": staff})
    v.link(staff, "staff/sign-in")
    v.settled()
    tracks = [
        v.link(email, "track", waiting),
        v.link(email, "track", reviewed),
        v.link(stopped, "track"),
        v.link(concerned, "track"),
    ]
    before, mails = [v.status(t) for t in tracks], v.everything()
    links = {u for m in mails for u in re.findall(rf"{re.escape(v.base)}/[^\s\"<]+", m["text"] + m["html"])}
    assert len(links) >= 8

    def scan(w: Visitor, some: list[str]) -> None:
        for link in some:
            for method in ("GET", "HEAD", "GET"):
                answer = decent(w.call(method, link))
                assert "set-cookie" not in answer.headers

    every = sorted(links)
    in_parallel(v.run, [lambda w, part=every[n::4]: scan(w, part) for n in range(4)])
    v.settled()
    assert [v.status(t) for t in tracks] == before
    assert len(v.everything()) == len(mails)
    sign_in = v.link(staff, "staff/sign-in")
    assert "set-cookie" in v.post(sign_in, {}).headers, "the scanner did not use it up"
    assert v.post(v.link(email, "verify", waiting), {"confirm": "yes"}).status == 303
    v.post(tracks[0] + "/withdraw", {})
    v.post(tracks[1] + "/withdraw", {})


def test_a_token_opens_only_the_door_it_was_made_for(v: Visitor) -> None:
    customer = v.customer(1)
    reference, staff = v.in_review("access", customer)
    lead = v.run["staff"][0]["email"]  # not the one whom another test floods
    v.post("/staff/sign-in", {"email": lead})
    links = {
        "verify": v.link(customer["email"], "verify", reference),
        "track": v.link(customer["email"], "track", reference),
        "review": v.link(staff, "review", reference),
        "staff/sign-in": v.link(lead, "staff/sign-in"),
    }
    before = v.status(links["track"])
    for made_for, link in links.items():
        token = link.rsplit("/", 1)[1]
        for door in PURPOSES:
            if door == made_for:
                continue
            page = decent(v.get(f"/{door}/{token}"))
            assert page.status in (403, 404, 410) or (door, page.status) == ("staff/sign-in", 200), (made_for, door)
            assert reference not in page.text, (made_for, door)
            acted = decent(v.post(f"/{door}/{token}", {"confirm": "yes"} if door == "verify" else {}))
            assert acted.status in (403, 404, 405, 410, 422), (made_for, door, acted.status)
            assert "set-cookie" not in acted.headers
        for act in ("withdraw", "not-me", "undo"):
            if made_for != "track":
                assert decent(v.post(f"/track/{token}/{act}", {})).status in (403, 404, 410)
    assert v.status(links["track"]) == before
    v.decide(staff, reference, "approve")
    v.until(links["track"])
    results = v.link(customer["email"], "results", reference).rsplit("/", 1)[1]
    for door in PURPOSES:
        if door != "results":
            assert reference not in decent(v.get(f"/{door}/{results}")).text


def test_a_used_review_link_shows_what_happened_and_decides_no_more(v: Visitor) -> None:
    customer = v.customer(1)
    reference, staff = v.in_review("access", customer)
    link = v.link(staff, "review", reference)
    plan = v.plan(link)
    v.decide(staff, reference, "approve")
    track = v.link(customer["email"], "track", reference)
    v.until(track)
    v.settled()
    before, mails = v.status(track), len(v.everything())
    assert v.get(link).status == 200
    for fields in (
        {"decision": "refuse", "ground": "other", "explanation": "No", "plan": plan},
        {"decision": "approve", "plan": plan},
        {"decision": "ask", "explanation": "?", "plan": plan},
    ):
        decent(v.post(link, fields))
    v.settled()
    assert v.status(track) == before
    assert len(v.everything()) == mails


def test_a_decision_needs_the_plan_that_was_shown(v: Visitor) -> None:
    customer = v.customer(1)
    reference, staff = v.in_review("access", customer)
    link = v.link(staff, "review", reference)
    track = v.link(customer["email"], "track", reference)
    for plan in ("", "0" * 32, "f" * 64, "x", "' or 1=1"):
        assert 400 <= decent(v.post(link, {"decision": "approve", "plan": plan})).status < 500
        assert v.status(track)["status"] == "in_review", plan
    v.post(track + "/withdraw", {})


def test_pages_behind_links_are_never_cached_or_framed(v: Visitor) -> None:
    customer = v.customer(1)
    reference, staff = v.in_review("access", customer)
    review = v.link(staff, "review", reference)
    pages = [v.get(review), v.post(review, {"show": "yes"})]
    v.decide(staff, reference, "approve")
    results = v.link(customer["email"], "results", reference)
    pages += [v.get(results), v.post(results, {}), v.get(v.link(customer["email"], "track", reference))]
    for page in pages:
        assert "no-store" in page.headers["cache-control"]
        assert page.headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert "noindex" in page.headers["x-robots-tag"]
        where = page.headers.get("location", "")
        assert customer["email"] not in where
        assert customer["email"].replace("@", "%40") not in where


def test_a_file_link_is_signed_and_dies(v: Visitor) -> None:
    customer = v.customer(1)
    reference, staff = v.in_review("access", customer)
    v.decide(staff, reference, "approve")
    answer = v.post(v.link(customer["email"], "results", reference), {})
    if answer.status != 303:
        pytest.skip("the package came itself")
    where = answer.headers["location"]
    assert re.search(r"Expires=\d{1,3}(&|$)", where), "short-lived"
    good = v.get(where)
    assert good.status == 200
    assert "attachment" in good.headers.get("content-disposition", "")
    bare = where.split("?")[0]
    aged = re.sub(r"Date=\d{8}T", "Date=20200101T", where)
    for url in (bare, bare.rsplit("/", 1)[0], bare.rsplit("/", 3)[0] + "/", aged):  # the signature is S3's to check
        assert v.get(url).status in (400, 403, 404), url


@pytest.mark.parametrize(
    "path",
    [
        "/files/../../../../etc/passwd", "/files/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/files/..%2f..%2f..%2fetc%2fpasswd",
        "/files//etc/passwd", "/files/rightsdesk-packages/../../run.json", "/files/", "/files/x",
        "/../../etc/passwd", "/files/%00", "/api/messages/../../../etc/passwd",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_files(v: Visitor, path: str) -> None:
    for base in (v.run["mail_url"], v.run["base_url"]):
        host = urlsplit(base).netloc
        heard = raw(base, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert b"root:" not in heard
        assert b"database_url" not in heard
        assert re.match(rb"HTTP/1\.\d [234]\d\d", heard), heard[:200]


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", b"\x00\x01\x02\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /requests HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /requests HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
        b"POST /requests HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /track/\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ],
)  # fmt: skip
def test_broken_http_hurts_nobody(v: Visitor, data: bytes) -> None:
    heard = raw(v.base, data, patience=0.5)
    assert b"Traceback" not in heard
    assert not re.match(rb"HTTP/1\.\d 500", heard), heard[:300]
    assert v.get("/health").status == 200


# -- what is typed comes out as text -----------------------------------------------------------------------------------


def test_typed_markup_is_text_wherever_it_is_shown(v: Visitor) -> None:
    email, subject = v.fresh(), v.fresh()
    said = v.api(
        {"right": "concern", "email": email, "name": XSS, "details": XSS, "identifier": XSS[:100],
         "identifier_kind": "customer_number", "relationship": "agent", "subject_name": XSS, "subject_email": subject}
    )  # fmt: skip
    reference = said.json()["reference"]
    v.prove(email, reference)
    consent = v.link(subject, "consent", reference)
    pages = [v.get(consent).text, v.post(consent, {"show": "yes"}).text]
    assert decent(v.post(consent, {"confirm": "yes", "to_agent": "yes"})).status == 303
    staff = v.reviewer(reference)
    review = v.link(staff, "review", reference)
    pages += [v.get(review).text, v.post(review, {"show": "yes"}).text]
    v.decide(staff, reference, "ask", explanation=XSS)
    track = v.link(email, "track", reference)
    v.until(track, "asked")
    assert decent(v.post(track + "/reply", {"text": XSS})).status == 303
    v.until(track, "in_review")
    second = v.link(staff, "review", reference, not_in=frozenset({review}))
    pages += [v.get(track).text, v.get(second).text, v.post(second, {"show": "yes"}).text]
    v.decide(staff, reference, "approve", explanation=XSS, not_in=frozenset({review}))
    v.until(track)
    v.settled()
    pages += [v.get(track).text, v.get("/staff", Cookie=v.signed_in(staff)).text]
    pages += [m["html"] for m in v.mails(email) + v.mails(subject) + v.mails(staff)]
    pages += [
        v.post("/requests", {"right": "access", "email": XSS, "name": XSS, "details": XSS, "residence": XSS}).text
    ]
    pages += [v.post("/links", {"email": XSS}).text, v.post("/staff/sign-in", {"email": XSS}).text]
    pages += [v.get(f"/requests/new?right={quote(XSS)}").text, v.get(f"/verify/{quote(XSS, safe='')}").text]
    pages += [v.get(f"{v.run['mail_url']}/").text]
    for page in pages:
        assert not UNESCAPED.search(page), page[max(0, UNESCAPED.search(page).start() - 200) :][:400]
    assert all("alert(1)" not in m["subject"] for m in v.everything())


def test_a_poisoned_record_is_harmless_in_page_table_and_subject(v: Visitor, database: sa.Engine) -> None:
    """The business's own data may hold what somebody typed into a shop long ago."""
    customer = v.customer(1)
    with database.begin() as connection:
        schema, table = connection.execute(
            sa.text(
                "select table_schema, table_name from information_schema.columns "
                "where column_name = 'first_name' and table_name = 'accounts'"
            )
        ).one()
        old = connection.execute(
            sa.text(f'select first_name, last_name, city from "{schema}"."{table}" where email = :e'),
            {"e": customer["email"]},
        ).one()
        set_ = sa.text(f'update "{schema}"."{table}" set first_name = :f, last_name = :l, city = :c where email = :e')
        connection.execute(
            set_,
            {
                "f": XSS,
                "l": '=HYPERLINK("http://evil.example","x")',
                "c": "@SUM(1+1)*cmd|' /C calc'!A0",
                "e": customer["email"],
            },
        )
    try:
        reference, staff = v.in_review("access", customer)
        review = v.link(staff, "review", reference)
        assert not UNESCAPED.search(v.post(review, {"show": "yes"}).text)
        v.decide(staff, reference, "approve")
        package = v.package(customer["email"], reference)
    finally:
        with database.begin() as connection:
            connection.execute(set_, {"f": old[0], "l": old[1], "c": old[2], "e": customer["email"]})
    html = package.read("index.html").decode()
    assert not UNESCAPED.search(html)
    assert "&lt;script&gt;alert(1)" in html
    for name in package.namelist():
        assert not name.startswith("/")
        assert ".." not in name
        assert re.fullmatch(r"[\w./-]+", name)
        if name.endswith(".csv"):
            for row in csv.reader(io.StringIO(package.read(name).decode("utf-8-sig"))):
                assert not [cell for cell in row if re.match(r"[=+@\t\r]|-(?!\d+(\.\d+)?$)", cell)], (name, row)
    assert XSS in json.loads(package.read("data.json")).__str__() or "alert(1)" in package.read("data.json").decode()


def test_secrets_never_leave_in_package_page_or_mail(v: Visitor, database: sa.Engine) -> None:
    customer = v.customer(0)
    reference, staff = v.in_review("access", customer)
    review = v.link(staff, "review", reference)
    seen = v.post(review, {"show": "yes"}).text
    v.decide(staff, reference, "approve")
    seen += contents(v.package(customer["email"], reference))
    v.settled()
    seen += json.dumps(v.everything())
    secret = values(database, "password|token|secret|ssn|card_number|iban|licen[cs]e")
    assert secret, "the shop holds such things"
    for value in secret:
        if len(value) >= 6:
            assert value not in seen, value
    assert "robin.friend@example.com" not in contents(v.package(customer["email"], reference)), "a friend is masked"


@pytest.mark.parametrize(
    "typed",
    [
        "' OR '1'='1",
        "x'; DROP TABLE accounts;--",
        "%",
        "_",
        "\\",
        "*",
        '" or ""="',
        "{{7*7}}",
        "${jndi:x}",
        "%s%n",
        "../../x",
    ],
)
def test_input_that_looks_like_a_query_finds_nobody(v: Visitor, typed: str) -> None:
    email = v.fresh()
    said = v.api(
        {
            "right": "access",
            "email": email,
            "name": typed,
            "identifier": typed,
            "identifier_kind": "customer_number",
            "details": typed,
        }
    )
    assert said.status == 202
    link = v.link(email, "verify", said.json()["reference"])
    answer = decent(
        v.post(
            link,
            {"confirm": "yes", "answer.order_number": typed, "answer.order_total": typed, "answer.postcode": typed},
        )
    )
    assert answer.status == 303
    seen = v.until(v.link(email, "track"), "in_review", "fulfilled", "refused", "partly_fulfilled")
    if seen["status"] == "in_review":
        page = v.get(next(iter(asked_staff(v, seen["reference"]).values()))).text
        assert "to send" not in page
        assert "49" not in re.findall(r"\b49\b", re.sub(r"value=\"[^\"]*\"", "", page))


# -- the browser's defences --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Original-URL", "Forwarded"])
def test_no_header_chooses_where_our_links_lead(v: Visitor, header: str) -> None:
    email = v.fresh()
    host = urlsplit(v.base).netloc
    body = f"right=access&email={quote(email)}"
    evil = "evil.example"
    lines = [
        "POST /requests HTTP/1.1",
        f"Host: {evil if header == 'Host' else host}",
        "Content-Type: application/x-www-form-urlencoded",
    ]
    if header != "Host":
        lines.append(f"{header}: {'host=' if header == 'Forwarded' else ''}{evil}")
    heard = raw(v.base, "\r\n".join([*lines, f"Content-Length: {len(body)}", "Connection: close", "", body]).encode())
    assert evil.encode() not in heard
    if re.match(rb"HTTP/1\.\d 303", heard):
        link = v.link(email, "verify")
        assert evil not in json.dumps(v.mails(email))
        assert link.startswith(v.base)


@pytest.mark.parametrize(
    "query",
    [
        "next=//evil.example",
        "next=https:%2F%2Fevil.example",
        "return=//evil.example",
        "redirect=//evil.example",
        "url=//evil.example",
    ],
)
def test_nothing_redirects_outside(v: Visitor, query: str) -> None:
    email = v.fresh()
    for method, path in (
        ("GET", "/staff"),
        ("GET", "/staff/sign-in"),
        ("POST", "/staff/sign-in"),
        ("POST", "/links"),
        ("POST", "/requests"),
        ("GET", "/links"),
    ):
        answer = decent(
            v.call(
                method,
                f"{path}?{query}",
                f"email={email}&right=access".encode(),
                Content_Type="application/x-www-form-urlencoded",
            )
        )
        assert "evil" not in answer.headers.get("location", "")
    assert b"ocation: //evil" not in raw(
        v.base, b"GET //evil.example/%2e%2e HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )


def test_staff_pages_refuse_what_another_site_sends(v: Visitor) -> None:
    staff, victim = v.run["staff"][0]["email"], v.fresh()
    cookie = v.signed_in(staff)
    fields = {"right": "access", "email": victim, "channel": "phone", "received_on": time.strftime("%Y-%m-%d")}
    for headers in (
        {"Origin": "https://evil.example"}, {"Origin": "null", "Sec_Fetch_Site": "cross-site"},
        {"Origin": v.base + ".evil.example"},
        {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site", "Origin": "http://127.0.0.1:1"},
    ):  # fmt: skip
        answer = decent(v.post("/staff/requests/new", fields, Cookie=cookie, **headers))
        assert answer.status in (400, 403), headers
    assert v.settled_for(victim) == []
    answer = v.post("/staff/requests/new", fields, Cookie=cookie, Origin="null", Sec_Fetch_Site="same-origin")
    assert answer.status == 303, "so our own page sends it: it names no referrer"


def test_eight_sign_ins_with_one_link_give_one_session(v: Visitor) -> None:
    staff = v.run["staff"][1]["email"]
    old = frozenset(re.findall(r"\S+/staff/sign-in/\S+", " ".join(m["text"] for m in v.mails(staff))))
    v.post("/staff/sign-in", {"email": staff})
    link = v.link(staff, "staff/sign-in", not_in=old)
    answers = in_parallel(v.run, [lambda w: decent(w.post(link, {}))] * 8)
    cookies = [a.headers["set-cookie"] for a in answers if "set-cookie" in a.headers]
    assert len(cookies) == 1
    assert "HttpOnly" in cookies[0]
    assert re.search(r"SameSite=(Strict|Lax)", cookies[0])
    assert "Domain=" not in cookies[0]
    assert not any(s["email"] in cookies[0] for s in v.run["staff"])


def test_not_me_and_approval_at_the_same_moment(v: Visitor) -> None:
    """Whoever wins: either it is frozen and nothing leaves, or it was answered before."""
    for _ in range(3):
        customer = v.customer(4)
        reference, staff = v.in_review("access", customer)
        review, track = v.link(staff, "review", reference), v.link(customer["email"], "track", reference)
        plan = v.plan(review)
        in_parallel(
            v.run,
            [
                lambda w, link=review, plan=plan: decent(w.post(link, {"decision": "approve", "plan": plan})),
                lambda w, link=track: decent(w.post(link + "/not-me", {})),
            ],
        )
        v.settled()
        new = v.link(customer["email"], "track", reference)
        status = v.status(new)["status"]
        assert status in ("frozen", "fulfilled"), status
        if status == "frozen":
            results = [m for m in v.mails(customer["email"]) if reference in m["subject"] and "/results/" in m["text"]]
            for mail in results:
                link = re.search(r"\S+/results/\S+", mail["text"])[0]
                assert v.post(link, {}).status in (404, 409, 410), "links are revoked"


def test_taking_it_back_and_approval_at_the_same_moment(v: Visitor) -> None:
    customer = v.customer(4)
    reference, staff = v.in_review("access", customer)
    review, track = v.link(staff, "review", reference), v.link(customer["email"], "track", reference)
    plan = v.plan(review)
    in_parallel(
        v.run,
        [lambda w: decent(w.post(review, {"decision": "approve", "plan": plan}))] * 3
        + [lambda w: decent(w.post(track + "/withdraw", {}))] * 3,
    )
    seen = v.until(track)
    v.settled()
    assert v.status(track) == seen, "final is final"
    got = [m for m in v.mails(customer["email"]) if reference in m["subject"] and "/results/" in m["text"]]
    assert len(got) == (seen["status"] == "fulfilled")


def test_undo_at_the_last_moment_is_whole_or_not_at_all(v: Visitor) -> None:
    """The window is one second here: who undoes at its end has everything back, or nothing was undone."""
    customer = v.customer(2)
    _, order = customer["email"], customer["answers"]["order_number"]
    reference, staff = v.in_review("deletion", customer)
    track = v.link(customer["email"], "track", reference)
    v.decide(staff, reference, "approve")
    v.until(track, "cooling_off", "fulfilling", "fulfilled", "partly_fulfilled")

    def late(w: Visitor, after: float) -> None:
        time.sleep(after)
        decent(w.post(track + "/undo", {}))

    in_parallel(v.run, [lambda w, n=n: late(w, 0.75 + n * 0.05) for n in range(8)])
    seen = v.until(track)
    time.sleep(0.5)
    assert v.status(track) == seen
    whats = [h["what"] for h in seen["history"]]
    assert not {"withdrawn", "fulfilling"} <= set(whats), whats
    if seen["status"] == "withdrawn":
        reference, staff = v.in_review("access", customer)
        v.decide(staff, reference, "approve")
        assert order in contents(v.package(customer["email"], reference))


def test_a_recipient_is_told_without_names_and_answers_once(v: Visitor) -> None:
    customer = v.customer(1)
    reference, staff = v.in_review("deletion", customer)
    v.decide(staff, reference, "approve")
    track = v.link(customer["email"], "track", reference)
    v.until(track)
    v.settled()
    told = [m for m in v.everything() if "/task/" in m["text"]]
    if not told:
        pytest.skip("nobody else was to be told")
    for mail in told:
        for secret in secrets_of(v, customer):
            assert secret not in mail["subject"] + mail["text"] + mail["html"]
    link = re.search(rf"{re.escape(v.base)}/task/\S+", told[0]["text"])[0]
    page = v.get(link)
    assert page.status == 200
    assert not [s for s in secrets_of(v, customer) if s in page.text]
    before = v.status(track)
    for bad in (
        {"outcome": "nonsense"},
        {"outcome": "done", "notes": "x" * 50_000},
        {"outcome": "done", "colour": "red"},
    ):
        assert 400 <= decent(v.post(link, bad)).status < 500, bad
    in_parallel(
        v.run, [lambda w, o=o: decent(w.post(link, {"outcome": o})) for o in ["done", "none", "kept", "done"] * 2]
    )
    assert v.get(link).status == 200, "opening it again shows what happened"
    v.settled()
    assert len(v.status(track)["history"]) <= len(before["history"]) + 2


def test_not_me_after_the_answer_kills_the_package(v: Visitor) -> None:
    customer = v.customer(4)
    reference, staff = v.in_review("access", customer)
    v.decide(staff, reference, "approve")
    results = v.link(customer["email"], "results", reference)
    track = v.link(customer["email"], "track", reference)
    v.until(track)
    assert v.post(results, {}).status in (200, 303)
    assert v.post(track + "/not-me", {}).status in (200, 303)
    for answer in (v.post(results, {}), v.get(results)):
        assert decent(answer).status in (404, 409, 410)


@pytest.mark.parametrize(
    "header", [b'{"alg":"none","typ":"JWT"}', b'{"alg":"HS256","typ":"JWT"}', b'{"alg":"RS256"}', b"{}"]
)
def test_a_forged_sign_in_proves_nothing(v: Visitor, header: bytes) -> None:
    victim = v.customer(3)["email"]
    claims = {"aud": "jeffers", "email": victim, "exp": 4_000_000_000, "auth_time": int(time.time())}
    part = lambda b: base64.urlsafe_b64encode(b).rstrip(b"=").decode()  # noqa: E731
    unsigned = f"{part(header)}.{part(json.dumps(claims).encode())}"
    signed = part(hmac.new(b"secret", unsigned.encode(), hashlib.sha256).digest())
    for token in (f"{unsigned}.", f"{unsigned}.{signed}", unsigned, "x.y.z", "...", "x" * 5000, "\u0000"):
        answer = decent(v.api({"right": "access", "email": victim, "member_token": token}))
        assert answer.status == 422, token[:80]


@pytest.mark.parametrize(
    "typed",
    [
        "{name}@example.com.", '"{name}"@example.com', "{name}@example.com(comment)", "<{name}@example.com>",
        "{name}%0a@example.com",
        "N <{name}@example.com>", "{name}@example.com;b@example.com", "{name}@[127.0.0.1]", "\uff4e{name}@example.com",
        "{name}@ex\uff41mple.com", "{name}@localhost", "{name}@example", "@example.com", "{name}@",
        "{name}@-example.com", "{name} @example.com",
    ],
)  # fmt: skip
def test_a_crooked_address_is_mended_or_refused_never_split(v: Visitor, typed: str) -> None:
    name = v.fresh().split("@")[0]
    answer = decent(v.api({"right": "access", "email": typed.format(name=name)}))
    assert answer.status in (202, 422)
    v.settled(0.2)
    to = {a for m in v.everything() for a in m["to"]}
    assert to <= {f"{name}@example.com", f'"{name}"@example.com', typed.format(name=name)}, to
    assert bool(to) == (answer.status == 202)


# -- last: what was left behind ----------------------------------------------------------------------------------------


def test_subjects_and_links_name_nobody(v: Visitor) -> None:
    people = [c["email"] for c in v.run["customers"]] + [c["name"] for c in v.run["customers"]] + ["nobody"]
    for mail in [*v.run["seen"], *v.everything()]:
        for person in people:
            assert person not in mail["subject"]
            for link in re.findall(r"https?://\S+", mail["text"]):
                assert person not in link


def test_the_processes_output_names_nobody_and_no_token(v: Visitor) -> None:
    said = Path(v.run["log"]).read_text(errors="replace")
    descriptor = os.open(f"/proc/{v.run['pid']}/fd/1", os.O_RDONLY | os.O_NONBLOCK)
    try:
        said += os.read(descriptor, 1_000_000).decode(errors="replace")
    except BlockingIOError:
        pass
    finally:
        os.close(descriptor)
    tokens = {t for m in v.run["seen"] for t in re.findall(r"/[a-z-]+/([\w-]{30,})", m["text"])}
    people = {p for c in v.run["customers"] for p in secrets_of(v, c)}
    for secret in sorted(tokens | people | {"alert(1)"}):
        assert secret not in said, (secret, said[max(0, said.find(secret) - 200) :][:400])
    assert not re.search(r"nobody\d+@", said)
    assert "Traceback" not in said, said[said.find("Traceback") - 300 :][:3000]
