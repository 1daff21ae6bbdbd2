"""What Jeffers promises, each promise walked from its form, letter or link to what stands in the shop's database.

Later work: letters answered by post to somebody without email.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from local.walk import Walker
from tests.promises.conftest import Desk
from tests.promises.evidence import (
    FILES,
    Changed,
    Clerk,
    Seen,
    changed,
    complete,
    eventually,
    keys,
    mail_in,
    member_token,
    never_mailed,
    opened_by_mail,
    plain,
    recording,
    signed_in,
    spoken,
    stop_link,
    tables,
    whole,
    written,
    years_on,
)

BUSINESS = "jeffers"
ZONE = ZoneInfo("America/Chicago")
SUPPORT = "emmett.souster@example.com"
Fresh = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def seen(desk: Desk) -> Seen:
    return recording(desk)


@pytest.fixture(scope="module")
def clerk(desk: Desk) -> Clerk:
    return signed_in(desk, SUPPORT)


@pytest.fixture(scope="module")
def fresh(desk: Desk) -> Fresh:
    """A customer with an account and an order, of whom no other test knows."""
    taken = {c["email"] for c in desk.customers}

    def pick(where: str = "true") -> dict[str, Any]:
        found = desk.rows(
            "SELECT a.*, o.order_number, o.total FROM shop.accounts a JOIN shop.orders o ON o.account_id = a.id "
            f"WHERE a.email LIKE '%%@%%' AND {where} ORDER BY a.id, o.id"
        )
        who = next(row for row in found if row["email"] not in taken)
        taken.add(who["email"])
        points = {"order_number": who["order_number"], "order_total": str(who["total"]), "postcode": who["postcode"]}
        return who | {"answers": points}

    return pick


def theirs(desk: Desk, email: str) -> Changed:
    """The keys of every row about this person, by table."""
    account = desk.rows("SELECT id, customer_number, phone FROM shop.accounts WHERE lower(email) = %s", email) or [{}]
    id, number, phone = (account[0].get(f) for f in ("id", "customer_number", "phone"))
    orders = keys(desk, "SELECT id FROM shop.orders WHERE account_id = %s OR lower(email) = %s", id, email)
    members = keys(
        desk, "SELECT id FROM loyalty.members WHERE customer_number = %s OR lower(email) = %s", number, email
    )

    def of(table: str, column: str, *values: Any) -> set[Any]:
        return keys(desk, f"SELECT id FROM {table} WHERE {column}::text = ANY(%s)", [str(v).lower() for v in values])

    return {
        "shop.accounts": {id},
        "shop.orders": orders,
        "shop.order_lines": of("shop.order_lines", "order_id", *orders),
        "shop.payment_tokens": of("shop.payment_tokens", "account_id", id),
        "shop.reviews": of("shop.reviews", "account_id", id),
        "marketing.newsletter": of("marketing.newsletter", "lower(email)", email),
        "marketing.mailing_list": of("marketing.mailing_list", "lower(email)", email)
        | of("marketing.mailing_list", "lower(customer_number)", number),
        "marketing.phone_list": of("marketing.phone_list", "lower(email)", email)
        | of("marketing.phone_list", "phone", phone),
        "marketing.tell_a_friend": of("marketing.tell_a_friend", "lower(email)", email)
        | of("marketing.tell_a_friend", "lower(friend_email)", email),
        "marketing.sweepstakes": of("marketing.sweepstakes", "lower(email)", email),
        "loyalty.members": members,
        "loyalty.points": of("loyalty.points", "member_id", *members),
        "loyalty.animals": of("loyalty.animals", "member_id", *members),
        "loyalty.children": of("loyalty.children", "lower(parent_email)", email),
    }


def only_theirs(change: Changed, rows: Changed) -> bool:
    return all(found <= rows.get(table, set()) for table, found in change.items())


def listed(mail: dict[str, Any]) -> list[str]:
    return [line for line in mail["text"].splitlines() if line.startswith("- ")]


def test_jef_1_correct_or_update_after_proving_identity(desk: Desk, fresh: Fresh) -> None:
    """Wrong answers show and change nothing; right ones change that one field, and the carrier is told."""
    who, walk = fresh("a.phone IS NOT NULL AND a.street IS NOT NULL"), desk.walk
    before = tables(desk)
    fields = {"field": ["shop.accounts.phone"], "value": ["(334) 555-0177"]}
    reference = walk.file("correction", who["email"], **fields)
    link = walk.link(who["email"], "verify", reference)
    page = walk.get(link).text
    points = written(BUSINESS, "business")["rights"]["correction"]["questions"]
    assert set(re.findall(r'name="answer\.(\w+)"', page)) == set(points)
    shown = [page, walk.get(walk.link(who["email"], "track", reference)).text]
    for known in (who["last_name"], who["street"], who["phone"], who["customer_number"], *who["answers"].values()):
        assert all(known not in text for text in shown)
    walk.post(link, {"confirm": "yes", "answer.order_number": "11-1111111", "answer.postcode": "00000"})
    walk.link(who["email"], "verify", reference, not_in=frozenset({link}))
    assert changed(before, tables(desk)) == {}
    assert all(never_mailed(desk, m["email"], reference, "review") for m in desk.run["staff"])

    walk.prove(who["email"], reference, who["answers"])
    walk.decide(walk.reviewer(reference), reference, "approve")
    assert walk.until(walk.link(who["email"], "track", reference))["status"] == "fulfilled"
    assert changed(before, tables(desk)) == {"shop.accounts": {who["id"]}}
    assert desk.rows("SELECT * FROM shop.accounts WHERE id = %s", who["id"]) == [
        {**before["shop.accounts"][who["id"]], "phone": "(334) 555-0177"}
    ]
    walk.answer_mail(who["email"], reference, "Phone", "Your account", "Swiftcrate Parcel")
    told = walk.answer_mail("swiftcrate-data@example.com", reference, "/task/")
    assert who["email"] not in told["text"] + told["subject"]


def test_jef_1_correct_on_the_account_page(desk: Desk, fresh: Fresh) -> None:
    """Signed in there a moment ago, nobody is asked again who they are; an old sign-in or another's is no proof."""
    who, walk = fresh(), desk.walk
    before = tables(desk)
    asked = {"right": "correction", "email": who["email"], "field": "shop.accounts.city", "value": "New Stall"}
    hour_ago = datetime.now(ZONE).timestamp() - 3600
    for token in (member_token(desk, "somebody.else@example.com"), member_token(desk, who["email"], hour_ago), "x.y.z"):
        assert walk.post("/requests", {**asked, "member_token": token}).status == 422
    reference = walk.file(
        "correction", who["email"], field=["shop.accounts.city"], value=["New Stall"],
        member_token=member_token(desk, who["email"]),
    )  # fmt: skip
    walk.decide(walk.reviewer(reference), reference, "approve")
    walk.answer_mail(who["email"], reference, "Town", "Your account")
    assert never_mailed(desk, who["email"], reference, "verify")
    assert changed(before, tables(desk)) == {"shop.accounts": {who["id"]}}
    assert desk.rows("SELECT city FROM shop.accounts WHERE id = %s", who["id"]) == [{"city": "New Stall"}]


def test_jef_2_who_was_told_in_the_year_before(desk: Desk) -> None:
    """Every third party of the preceding calendar year with its address and the kinds; no other year, no person."""
    marisol, walk = desk.customers[0], desk.walk
    reference = walk.file("california_disclosure", marisol["email"], residence="US-CA")
    assert re.findall(r'name="answer\.', walk.get(walk.link(marisol["email"], "verify", reference)).text)
    walk.prove(marisol["email"], reference, marisol["answers"])
    walk.decide(walk.reviewer(reference), reference, "approve")
    mail = walk.answer_mail(marisol["email"], reference, "for their own advertising")
    year = datetime.now(ZONE).year - 1
    sharing = written(BUSINESS, "sharing")
    labels = yaml.safe_load((FILES / "law" / "data" / "california.yaml").read_text())["categories"]["labels"]
    assert str(year) in mail["text"]
    for line, told in zip(listed(mail), sharing["years"][year], strict=True):
        company = sharing["recipients"][told["recipient"]]
        assert line.startswith(f"- {company['name']}, {', '.join(company['address'])}: ")
        assert all(labels[category] in line for category in told["categories"])
    assert not re.search(r"Marisol|Fernhollow|Marlow Bay|94271", mail["text"] + mail["html"])
    assert walk.until(walk.link(marisol["email"], "track", reference))["status"] == "fulfilled"


def test_jef_3_once_a_year_even_at_the_same_instant(desk: Desk, fresh: Fresh) -> None:
    """Of two at once staff look at one; the other, and any later one, gets the same answer and a polite reason."""
    who, right = fresh("a.state = 'CA'"), "california_disclosure"

    def one(_: int) -> str:
        walk = Walker(desk.run)
        reference = walk.file(right, who["email"], residence="US-CA")
        walk.prove(who["email"], reference, who["answers"])
        return reference

    with ThreadPoolExecutor(2) as at_once:
        pair = list(at_once.map(one, (1, 2)))
    tracks = {reference: desk.walk.link(who["email"], "track", reference) for reference in pair}
    states = {ref: desk.walk.until(track, "in_review", "fulfilled") for ref, track in tracks.items()}
    assert sorted(s["status"] for s in states.values()) == ["fulfilled", "in_review"]
    first, second = sorted(pair, key=lambda ref: states[ref]["status"], reverse=True)
    assert states[second]["reason"] == "asked_before"
    assert all(never_mailed(desk, member["email"], second, "review") for member in desk.run["staff"])
    desk.walk.decide(desk.walk.reviewer(first), first, "approve")
    desk.walk.until(tracks[first], "fulfilled")
    third = one(3)
    assert desk.walk.until(desk.walk.link(who["email"], "track", third), "fulfilled")["reason"] == "asked_before"

    answer = desk.walk.answer_mail(who["email"], first, "for their own advertising")
    assert "again" not in answer["text"]
    for again in (second, third):
        same = desk.walk.answer_mail(who["email"], again, "one answer a year", "the same answer again", "next year")
        assert listed(same) == listed(answer) != []


def test_jef_4_a_posted_letter_opens_the_disclosure(desk: Desk, fresh: Fresh, clerk: Clerk) -> None:
    """Staff enter the letter: its clock runs from the day it came, and the proof is the same as for anyone."""
    who, walk = fresh("a.state = 'CA'"), desk.walk
    came = datetime.now(ZONE).date() - timedelta(days=3)
    letter = {"email": who["email"], "residence": "US-CA", "details": "California Privacy Rights. Whom did you tell?"}
    tomorrow = came + timedelta(days=4)
    future = [("right", "california_disclosure"), ("channel", "post"), ("received_on", str(tomorrow)), *letter.items()]
    assert walk.post("/staff/requests/new", future, Cookie=clerk.cookie).status == 422
    reference = clerk.file("california_disclosure", channel="post", received_on=came, **letter)
    walk.prove(who["email"], reference, who["answers"])
    walk.decide(walk.reviewer(reference), reference, "approve")
    ended = walk.until(walk.link(who["email"], "track", reference), "fulfilled")
    assert datetime.fromisoformat(ended["received_at"]).astimezone(ZONE).date() == came
    assert datetime.fromisoformat(ended["due_at"]).astimezone(ZONE).date() == came + timedelta(days=30)
    assert listed(walk.answer_mail(who["email"], reference, "Hoofprint Monthly"))


@pytest.mark.parametrize(
    ("subject", "text"),
    [("California Privacy Rights", "Thank you."), ("A question", "I live in California. Whom did you tell about me?")],
)
def test_jef_4_a_mail_marked_so_or_saying_so_opens_the_disclosure(
    desk: Desk, fresh: Fresh, subject: str, text: str
) -> None:
    """Its clock runs from the mail, whenever it is proven; the answer is the list."""
    who, walk, came = fresh("a.state = 'CA'"), desk.walk, datetime.now(ZONE).date()
    reference = opened_by_mail(desk, who["email"], subject, text)
    track = walk.link(who["email"], "track", reference)
    seen = walk.status(track)
    assert (seen["right"], seen["status"]) == ("california_disclosure", "verifying")
    walk.prove(who["email"], reference, who["answers"])
    walk.decide(walk.reviewer(reference), reference, "approve")
    ended = walk.until(track, "fulfilled")
    assert datetime.fromisoformat(ended["received_at"]).astimezone(ZONE).date() == came
    assert datetime.fromisoformat(ended["due_at"]).astimezone(ZONE).date() == came + timedelta(days=30)
    assert listed(walk.answer_mail(who["email"], reference, "Hoofprint Monthly"))


def test_jef_4_a_mail_marked_so_that_asks_for_ones_own_data_is_read_by_its_content(desk: Desk, fresh: Fresh) -> None:
    who = fresh("a.state = 'CA'")
    reference = opened_by_mail(desk, who["email"], "California Privacy Rights", "What do you have about me?")
    assert desk.walk.status(desk.walk.link(who["email"], "track", reference))["right"] == "access"


def flags(desk: Desk, email: str) -> dict[str, set[bool]]:
    """What this person's data says about each way to reach them."""
    asked = {
        "email": "SELECT offers_by_email FROM shop.accounts WHERE lower(email) = %s",
        "newsletter": "SELECT subscribed FROM marketing.newsletter WHERE lower(email) = %s",
        "points": "SELECT statement_by_email FROM loyalty.members WHERE lower(email) = %s",
        "post": "SELECT by_post FROM marketing.mailing_list WHERE lower(email) = %s",
        "shared": "SELECT shared FROM marketing.mailing_list WHERE lower(email) = %s",
        "may_share": "SELECT may_share FROM shop.accounts WHERE lower(email) = %s",
        "phone": "SELECT may_call FROM marketing.phone_list WHERE lower(email) = %s",
    }
    return {way: keys(desk, sql, email) for way, sql in asked.items()}


LISTED = (
    "a.offers_by_email AND EXISTS (SELECT 1 FROM marketing.newsletter n WHERE lower(n.email) = a.email) "
    "AND EXISTS (SELECT 1 FROM marketing.mailing_list m WHERE lower(m.email) = a.email AND m.by_post AND m.shared)"
)


def test_jef_5_off_email_from_the_email_itself(desk: Desk, fresh: Fresh) -> None:
    """One click, as a mail program makes it: opening changes nothing, the POST stops email for good and only email."""
    who, walk = (
        fresh(f"{LISTED} AND EXISTS (SELECT 1 FROM loyalty.members l WHERE lower(l.email) = a.email)"),
        desk.walk,
    )
    before, mine = tables(desk), theirs(desk, who["email"])
    link = stop_link(desk, who["email"], ["email"])
    assert who["email"] not in link
    assert walk.get(link).status == 200
    assert changed(before, tables(desk)) == {}
    assert walk.post(link, {"List-Unsubscribe": "One-Click"}).status == 200
    eventually(lambda: flags(desk, who["email"])["points"] == {False}, "the points statement stopped")
    answer = eventually(lambda: walk.mails(who["email"]), "an answer")[0]
    now = flags(desk, who["email"])
    assert now["email"] == now["newsletter"] == {False}
    assert now["post"] == now["shared"] == {True}
    stopped = tables(desk)
    assert only_theirs(changed(before, stopped), mine)
    assert "Offers and news by email" in answer["text"]
    assert "/verify/" not in answer["text"]
    walk.until(re.search(r"\S+/track/\S+", answer["text"])[0])  # type: ignore[index]
    assert walk.post(link, {"List-Unsubscribe": "One-Click"}).status == 200
    assert changed(stopped, tables(desk)) == {}
    assert len(walk.mails(who["email"])) == 1


def test_jef_5_off_post_and_sharing_by_the_form(desk: Desk, fresh: Fresh) -> None:
    who, walk = fresh(f"{LISTED} AND a.may_share"), desk.walk
    before, mine = tables(desk), theirs(desk, who["email"])
    reference = walk.file_by_form("opt_out", who["email"], [("stop", "post"), ("stop", "sharing")])
    walk.until(walk.link(who["email"], "track", reference), "fulfilled")
    now = flags(desk, who["email"])
    assert now["post"] == now["shared"] == now["may_share"] == {False}
    assert now["email"] == {True}
    assert only_theirs(changed(before, tables(desk)), mine)
    assert never_mailed(desk, who["email"], reference, "verify")
    for buyer in ("hoofprint", "barkwell", "gatepost"):  # who got the address must stop, too
        walk.answer_mail(written(BUSINESS, "sharing")["recipients"][buyer]["email"], reference, "/task/")


def test_jef_5_off_the_telephone_and_the_catalog_by_phone_or_letter(desk: Desk, clerk: Clerk) -> None:
    """A caller is asked for the number alone, a writer for the customer number; staff file what they said."""
    today = datetime.now(ZONE).date()
    called = desk.rows("SELECT * FROM marketing.phone_list WHERE may_call AND email <> %s", desk.customers[0]["email"])
    caller = next(row for row in called if sum(row["phone"] == other["phone"] for other in called) == 1)
    writer = desk.rows(
        "SELECT m.* FROM marketing.mailing_list m WHERE by_post AND customer_number IS NOT NULL AND email <> %s "
        "ORDER BY id DESC LIMIT 1", desk.customers[0]["email"]
    )[0]  # fmt: skip
    before = tables(desk)
    spoken_number = re.sub(r"\D+", " ", caller["phone"]).strip()
    clerk.file("opt_out", channel="phone", received_on=today, stop="phone", identifier=spoken_number,
               identifier_kind="phone")  # fmt: skip
    clerk.file("opt_out", channel="post", received_on=today, stop="post", identifier=writer["customer_number"],
               identifier_kind="customer_number")  # fmt: skip
    eventually(
        lambda: (
            changed(before, tables(desk))
            == {"marketing.phone_list": {caller["id"]}, "marketing.mailing_list": {writer["id"]}}
        ),
        "exactly the caller's and the writer's choice",
    )
    assert desk.rows("SELECT may_call FROM marketing.phone_list WHERE id = %s", caller["id"]) == [{"may_call": False}]
    assert desk.rows("SELECT by_post FROM marketing.mailing_list WHERE id = %s", writer["id"]) == [{"by_post": False}]


def test_jef_6_a_parent_for_a_child(desk: Desk, seen: Seen) -> None:
    """The parent proves who they are; then the child's data, and only that, is shown, and deleted."""
    ines, walk = desk.customers[4], desk.walk
    child = desk.rows("SELECT * FROM loyalty.children WHERE parent_email = %s", ines["email"])[0]
    asks = {"relationship": "parent", "subject_name": child["child_name"], "residence": "US-TX"}
    before = tables(desk)
    reference, track = desk.filed_and_proven("access", ines, **asks)
    walk.decide(walk.reviewer(reference), reference, "approve")
    walk.until(track, "fulfilled")
    package = whole(walk.package(ines["email"], reference))
    assert child["child_name"] in package
    assert str(child["child_birthday"]) in package
    assert ines["answers"]["order_number"] not in package

    reference, track = desk.filed_and_proven("deletion", ines, **asks)
    walk.decide(walk.reviewer(reference), reference, "approve")
    walk.until(track, "fulfilled")
    assert changed(before, tables(desk)) == {"loyalty.children": {child["id"]}}
    assert not keys(desk, "SELECT id FROM loyalty.children WHERE id = %s", child["id"])


def test_jef_6_the_subject_line_alone_makes_no_parent(desk: Desk, clerk: Clerk) -> None:
    """A letter marked so, in which somebody asks for their own data, is about their own data."""
    tobias, walk = desk.customers[1], desk.walk
    reference = clerk.file(
        "access", channel="post", received_on=datetime.now(ZONE).date(), email=tobias["email"],
        details="Privacy Information Request: what do you have about me?",
    )  # fmt: skip
    walk.prove(tobias["email"], reference, tobias["answers"])
    walk.decide(walk.reviewer(reference), reference, "approve")
    assert tobias["answers"]["order_number"] in whole(walk.package(tobias["email"], reference))


def test_jef_6_a_mail_about_a_child_is_a_parents_and_the_mark_alone_is_not(desk: Desk, fresh: Fresh) -> None:
    """The page asks for the child's name; a mail marked so about oneself asks for no child."""
    child, who = desk.rows("SELECT * FROM loyalty.children ORDER BY id DESC LIMIT 1")[0], fresh()
    asked = "I am her mother. What do you have about my daughter?"
    reference = opened_by_mail(desk, child["parent_email"], "Privacy Information Request", asked)
    link = desk.walk.link(child["parent_email"], "verify", reference)
    assert 'name="subject_name"' in desk.walk.get(link).text
    assert desk.walk.post(link, {"confirm": "yes"}).status == 422
    complete(desk, child["parent_email"], reference, subject_name=child["child_name"], residence="US-TX")
    assert 'name="confirm"' in desk.walk.get(link).text
    own = opened_by_mail(desk, who["email"], "Privacy Information Request", "What do you have about me?")
    assert 'name="subject_name"' not in desk.walk.get(desk.walk.link(who["email"], "verify", own)).text


def retained(desk: Desk, rows: Changed) -> Counter[tuple[str, str, date]]:
    """What of these rows must stay today by the data map: title, ground with law, last day; how many of each."""
    today, kept = datetime.now(ZONE).date(), Counter[tuple[str, str, date]]()
    for schema, source in written(BUSINESS, "datamap")["sources"].items():
        for name, collection in source["collections"].items():
            retain, table = collection.get("retain"), f"{schema}.{collection.get('table', name)}"
            for row in desk.rows(f"SELECT * FROM {table} WHERE id = ANY(%s)", list(rows[table])) if retain else ():
                until = years_on(row[retain["from_field"]], retain["years"])
                law = f" ({retain['law']})" if "law" in retain else ""
                if until >= today:
                    kept[collection["title"], retain["ground"] + law, until] += 1
    return kept


def test_jef_7_kept_as_long_as_needed_or_required(desk: Desk) -> None:
    """The answer and the tracker name what stays, why and until when: what the data map says of the rows she had."""
    greta, walk = desk.customers[2], desk.walk
    today = datetime.now(ZONE).date()
    for id, days in ((90001, 100), (90002, 1000)):  # proof of a drawing is kept for two years
        desk.execute(
            "INSERT INTO marketing.sweepstakes VALUES (%s, %s, 'Greta Saltmarsh', 'Hay', %s, '35-54', false)",
            id, greta["email"], today - timedelta(days=days),
        )  # fmt: skip
    before, hers = tables(desk), theirs(desk, greta["email"])
    stays = retained(desk, hers)
    assert len(stays) > 2
    reference, ended = desk.answered("deletion", greta)
    assert ended["status"] == "fulfilled"
    mail = walk.answer_mail(greta["email"], reference, "This we keep, and why")
    told = [line for line in listed(mail) if "We keep it until" in line]
    ends = sorted(f"- {title}: {n}. {why}. We keep it until {spoken(day)}." for (title, why, day), n in stays.items())
    assert sorted(told) == ends
    tracker = plain(walk.get(walk.link(greta["email"], "track", reference)).text)
    for (title, why, day), count in stays.items():
        assert f"{title} ({count}): {why}, until {spoken(day)}." in tracker

    after = tables(desk)
    assert only_theirs(changed(before, after), hers)
    assert 90001 in after["marketing.sweepstakes"]
    assert 90002 not in after["marketing.sweepstakes"]
    assert sum(stays.values()) == sum(
        len(hers[table] & after[table].keys()) for table in ("shop.orders", "shop.order_lines", "marketing.sweepstakes")
    )
    assert not any(hers[table] & after[table].keys() for table in ("shop.reviews", "loyalty.members"))
    account = after["shop.accounts"][next(iter(hers["shop.accounts"]))]
    assert not re.search(r"Greta|Saltmarsh|555|greta", str(account))
    assert not any(after["shop.orders"][id]["ip_address"] for id in hers["shop.orders"] & after["shop.orders"].keys())


PAN = "4111 1111 1111 1111"


def test_jef_8_cards_are_the_processors(desk: Desk, fresh: Fresh, seen: Seen) -> None:
    """Neither token nor number is on any page, mail or package; a deletion reaches the processor."""
    who = fresh(
        "EXISTS (SELECT 1 FROM shop.payment_tokens t WHERE t.account_id = a.id) "
        "AND EXISTS (SELECT 1 FROM shop.reviews r WHERE r.account_id = a.id)"
    )
    walk = desk.walk
    tokens = keys(desk, "SELECT token FROM shop.payment_tokens")
    desk.execute("UPDATE shop.reviews SET said = said || %s WHERE account_id = %s", f" I paid with {PAN}.", who["id"])
    before, mine = tables(desk), theirs(desk, who["email"])
    reference, track = desk.filed_and_proven("access", who, details=f"Do you hold my card {PAN}?")
    for member in desk.run["staff"]:
        walk.reviewer(reference)
        link = walk.link(member["email"], "review", reference)
        assert "Your orders" in walk.post(link, {"show": "yes"}).text
    walk.decide(SUPPORT, reference, "approve")
    walk.until(track, "fulfilled")
    package = whole(walk.package(who["email"], reference))
    assert "held, not shown: payment card token" in package

    reference, ended = desk.answered("deletion", who)
    assert ended["status"] == "fulfilled"
    assert only_theirs(changed(before, tables(desk)), mine)
    assert not keys(desk, "SELECT id FROM shop.payment_tokens WHERE account_id = %s", who["id"])
    walk.answer_mail(who["email"], reference, "Paylark Payments")
    track = walk.link(who["email"], "track", reference)
    eventually(lambda: "Paylark Payments: confirmed" in walk.get(track).text, "the processor's own system confirms")
    assert never_mailed(desk, "paylark-privacy@example.com", reference, "task"), "it was told over the wire"

    tasks = walk.get(f"{desk.run['mail_url']}/api/messages?about={reference}&holds=/task/").json()
    for task in {link for mail in tasks for link in re.findall(r"\S+/task/[\w=-]+", mail["text"])}:
        assert who["email"] not in walk.get(task).text
        assert walk.post(task, {"outcome": "done"}).status in (200, 303)
    second = walk.answer_mail(who["email"], reference, "now all of them have answered", "Paylark Payments: confirmed")
    assert second["to"] == [who["email"]]
    everything = seen.everything()
    assert not [token for token in tokens if token in everything]
    assert PAN not in everything
    assert PAN.replace(" ", "") not in everything


def test_jef_10_profiles_reviews_loyalty_sweepstakes_tell_a_friend(desk: Desk) -> None:
    """All of it is in the package under its own title; a friend's name and address only by their first letter."""
    marisol, walk = desk.customers[0], desk.walk
    hers = theirs(desk, marisol["email"])
    reference, ended = desk.answered("access", marisol, residence="US-CA")
    assert ended["status"] == "fulfilled"
    with walk.package(marisol["email"], reference) as package:
        data = json.loads(package.read("data.json"))
    held = {f"{s['id']}.{c['id']}": c["records"] for s in data["sources"] for c in s["collections"]}
    collections = written(BUSINESS, "datamap")["sources"]
    for schema, source in collections.items():
        for name, collection in source["collections"].items():
            rows = hers[f"{schema}.{collection.get('table', name)}"]
            assert name == "told_by_a_friend" or len(held[f"{schema}.{name}"]) == len(rows) > 0
    account = desk.rows("SELECT * FROM shop.accounts WHERE email = %s", marisol["email"])[0]
    assert held["shop.accounts"][0]["customer_number"] == account["customer_number"]
    said = keys(desk, "SELECT said FROM shop.reviews WHERE account_id = %s", account["id"])
    assert {r["said"] for r in held["shop.reviews"]} == said
    friend = desk.rows("SELECT * FROM marketing.tell_a_friend WHERE email = %s", marisol["email"])[0]
    text = whole(walk.package(marisol["email"], reference))
    assert friend["note"] in text
    assert not re.search(f"{friend['friend_email']}|{friend['friend_name']}", text)
    assert held["marketing.friends_told"][0]["friend_email"] == "r•••@•••"


def test_jef_10_the_friend_may_ask_too(desk: Desk) -> None:
    """A friend of whom only the address is known hears which kind of data that is, and nothing of who gave it."""
    walk, friend = desk.walk, desk.rows("SELECT * FROM marketing.tell_a_friend ORDER BY id DESC LIMIT 1")[0]
    reference, ended = desk.answered("access", {"email": friend["friend_email"], "answers": {}})
    assert ended["status"] == "fulfilled"
    mail = walk.answer_mail(friend["friend_email"], reference, "A friend told you about us: 1")
    assert friend["email"] not in mail["text"]
    assert "/results/" not in mail["text"]


def test_jef_11_advertising_of_others_is_stopped_on_their_page(desk: Desk, fresh: Fresh) -> None:
    """The answer says what Jeffers itself stopped, which mails still come, and where to stop what it cannot."""
    who, walk = fresh("a.may_share"), desk.walk
    reference = walk.file_by_form("opt_out", who["email"], [("stop", "sharing")])
    walk.until(walk.link(who["email"], "track", reference), "fulfilled")
    mail = walk.answer_mail(who["email"], reference, "this is stopped, for good")
    business = written(BUSINESS, "business")
    [[what, page]] = business["outside_opt_outs"]
    stopped, rest = mail["text"].split("These mails will still come:")
    still, outside = rest.split("Others show ads that we cannot stop.")
    assert f"- {business['opt_outs']['sharing']}" in stopped
    assert f"- {what}: {page}" in outside
    assert all(kind["title"] in still for kind in business["kinds"].values())
    assert flags(desk, who["email"])["may_share"] == {False}


@pytest.mark.parametrize("right", ["access", "correction", "deletion"])
def test_jef_12_a_letter_opens_any_of_them(desk: Desk, fresh: Fresh, clerk: Clerk, right: str) -> None:
    """What staff enter from a letter goes the same road with the same proof, and is answered."""
    who, walk = fresh(), desk.walk
    fields = {"field": "shop.accounts.street", "value": "1 Letter Lane"} if right == "correction" else {}
    before, mine = tables(desk), theirs(desk, who["email"])
    came = datetime.now(ZONE).date() - timedelta(days=1)
    reference = clerk.file(
        right, channel="post", received_on=came, email=who["email"], details="California Privacy Rights", **fields
    )
    assert changed(before, tables(desk)) == {}
    walk.prove(who["email"], reference, who["answers"])
    walk.decide(walk.reviewer(reference), reference, "approve")
    assert walk.until(walk.link(who["email"], "track", reference))["status"] == "fulfilled"
    change = changed(before, tables(desk))
    assert only_theirs(change, mine)
    if right == "access":
        assert change == {}
        assert who["order_number"] in whole(walk.package(who["email"], reference))
    elif right == "correction":
        assert change == {"shop.accounts": {who["id"]}}
        assert keys(desk, "SELECT street FROM shop.accounts WHERE id = %s", who["id"]) == {"1 Letter Lane"}
    else:
        assert not keys(desk, "SELECT 1 FROM shop.accounts WHERE email = %s OR last_name = %s AND id = %s",
                        who["email"], who["last_name"], who["id"])  # fmt: skip


@pytest.mark.parametrize(
    ("right", "subject", "text"),
    [
        ("access", "Privacy Information Request", "Please send me a copy of my data."),
        ("correction", "California Privacy Rights", "My address has changed."),
        ("deletion", "Hola", "Por favor, quiero eliminar mi cuenta."),
    ],
)
def test_jef_12_a_mail_opens_any_of_them(desk: Desk, fresh: Fresh, right: str, subject: str, text: str) -> None:
    """Whatever its mark, a mail is read by its content; nothing is done before the proof, and then only to theirs."""
    who, walk = fresh(), desk.walk
    before, mine = tables(desk), theirs(desk, who["email"])
    reference = opened_by_mail(desk, who["email"], subject, text)
    fixed = {"field": "shop.accounts.street", "value": "1 Letter Lane"} if right == "correction" else {}
    if right == "correction":
        assert walk.post(walk.link(who["email"], "verify", reference), {"confirm": "yes"}).status == 422
    complete(desk, who["email"], reference, **fixed)
    assert walk.status(walk.link(who["email"], "track", reference))["right"] == right
    assert changed(before, tables(desk)) == {}
    walk.prove(who["email"], reference, who["answers"])
    walk.decide(walk.reviewer(reference), reference, "approve")
    assert walk.until(walk.link(who["email"], "track", reference))["status"] == "fulfilled"
    change = changed(before, tables(desk))
    assert only_theirs(change, mine)
    assert bool(change) == (right != "access")


def test_jef_12_a_forged_or_automatic_mail_opens_nothing_and_is_not_answered(desk: Desk, fresh: Fresh) -> None:
    who = fresh()
    disowned = "Authentication-Results: mx.example.com; spf=fail; dkim=none; dmarc=fail (p=REJECT)\r\n"
    for header in (disowned, "Auto-Submitted: auto-replied\r\n", "Return-Path: <>\r\n", "List-Id: <x.example.com>\r\n"):
        mail_in(desk, who["email"], "Delete my account", "Delete my account", header)
    assert desk.walk.mails(who["email"]) == []
    staff = signed_in(desk, SUPPORT)
    listed_ = desk.walk.get("/staff/mail", Cookie=staff.cookie, Accept="application/json").json()["mails"]
    assert {"forged", "automatic", "bulk"} <= {mail["why"] for mail in listed_}


NEVER_ASKED = ("We never ask for personal details by email", "Nunca pedimos datos personales por correo")
BY_REPLY = re.compile(
    r"reply to this|repl(?:y|ies) (?:with|by)|by reply|answer (?:to )?this (?:e?mail|message)|mailto:|"
    r"\b(?:send|mail|email|write|tell|give) us (?:your|a copy|the number)|<form|<input|"
    r"respond[ae]r? (?:a )?este (?:correo|mensaje)|env[íi]enos (?:su|una copia|el número)|responda (?:con|por correo)",
    re.IGNORECASE,
)


def test_jef_9_never_asks_for_anything_by_email(desk: Desk, fresh: Fresh, seen: Seen) -> None:
    """Even staff's own question is answered on the page; no mail that was sent, and no template, asks by reply."""
    who, walk = fresh(), desk.walk
    reference, track = desk.filed_and_proven("access", who)
    walk.decide(walk.reviewer(reference), reference, "ask", explanation="Did you order by telephone, too?")
    walk.until(track, "asked")
    walk.answer_mail(who["email"], reference, "telephone, too", "not by email", "/track/")
    assert walk.post(f"{track}/reply", {"text": "Yes, twice."}).status in (200, 303)
    walk.until(track, "in_review")

    questions = re.findall(r'ask: "([^"]+)"', (FILES / "businesses" / BUSINESS / "datamap.yaml").read_text())
    assert questions
    sent = seen.mails()
    assert len(sent) > 5
    for mail in sent:
        assert any(never in plain(mail["html"]) for never in NEVER_ASKED)
        texts = f"{mail['subject']}\n{mail['text']}\n{mail['html']}"
        assert not BY_REPLY.search(texts), mail["subject"]
        assert not any(question in texts for question in questions)
    templates = [f for f in Path(FILES / "templates" / "mail").rglob("*") if f.is_file()]
    assert len(templates) > 30
    for template in templates:
        assert not BY_REPLY.search(template.read_text()), template
    spanish = (FILES / "locale" / "es" / "LC_MESSAGES" / "rightsdesk.po").read_text()
    assert not BY_REPLY.search(spanish.replace("mailto:", "")), "its pages may name an address, mails do not"
