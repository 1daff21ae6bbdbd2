"""PetWorks's promises, PWK-1 to PWK-8 of the product, each walked from the form to what is then on file."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.promises.conftest import Desk
from tests.promises.evidence import changed, mail_in, signed_in, stopped, tables, today

BUSINESS = "petworks"
PALOMA, ORSON, SASKIA, LIOR, TOBIAS = range(5)
BY_EMAIL = ("outreach.mail_choices", "outreach.survey_answers", "outreach.contest_entries", "sign_in.grants")
SUPPORT = "wren.tollgate@example.com"


def test_pwk_1_see_what_is_held_if_any_and_a_clear_answer_where_nothing_is(desk: Desk) -> None:
    paloma = desk.customers[PALOMA]
    reference, _ = desk.answered("access", paloma)
    held = _package(desk, paloma["email"], reference)
    assert {"owners", "professionals", "bookings", "payees", "survey_answers", "grants"} <= held.keys()
    assert held["owners"]["records"][0]["full_name"] == paloma["name"]

    for nobody in ("nobody.at.all@example.com", "someone.else@example.com"):
        reference = desk.walk.file_by_form("access", nobody)
        track = desk.walk.link(nobody, "track", reference)
        desk.walk.prove(nobody, reference)
        assert desk.walk.until(track)["reason"] == "nothing_held"
        said = desk.walk.answer_mail(nobody, reference, "we hold nothing", "looked in every place")["text"]
        assert "/results/" not in said
    assert not [m for s in desk.run["staff"] for m in desk.walk.mails(s["email"]) if reference in m["subject"]]


def test_pwk_2_every_field_the_form_offers_can_be_changed_optional_demographics_too(desk: Desk) -> None:
    [both] = desk.rows(
        "SELECT o.id AS owner, p.id AS pro, o.email, pet_name, g.id AS grant_id FROM market.owners o"
        " JOIN market.professionals p USING (email) JOIN market.pets t ON t.owner_id = o.id"
        " LEFT JOIN sign_in.grants g USING (email) WHERE EXISTS (SELECT FROM market.bookings WHERE owner_id = o.id)"
        " AND o.email <> %s ORDER BY grant_id, o.id DESC LIMIT 1",
        desk.customers[PALOMA]["email"],
    )
    [booking, *_] = desk.rows("SELECT booking_no FROM market.bookings WHERE owner_id = %s", both["owner"])
    form = desk.walk.get("/requests/new?right=correction").text
    offered = sorted(set(re.findall(r'<option value="(\w+\.\w+\.\w+)"', form)))
    assert {"market.owners.age_range", "market.owners.gender", "market.owners.household"} <= set(offered)
    wanted = {path: _other_value(path) for path in offered}
    fields = [pair for path, value in wanted.items() for pair in (("field", path), ("value", value))]
    before, touchable = tables(desk), _all_rows(desk, both["email"])

    reference = desk.walk.file_by_form("correction", both["email"], fields)
    track = desk.walk.link(both["email"], "track", reference)
    answers = {"booking_number": booking["booking_no"], "pet_name": both["pet_name"]}
    desk.walk.prove(both["email"], reference, answers)
    desk.walk.decide(desk.walk.reviewer(reference), reference, "approve")
    assert desk.walk.until(track)["status"] == "fulfilled"

    now, touched = tables(desk), changed(before, tables(desk))
    assert all(keys <= touchable[table] for table, keys in touched.items()), "rows of other people were touched"
    for path, value in wanted.items():
        source, collection, column = path.split(".")
        table = f"{source}.{'bookings' if collection == 'bookings_taken' else collection}"
        theirs = [now[table][key] for key in touchable[table]]
        if collection in ("bookings", "bookings_taken"):
            side = ("owner_id", both["owner"]) if collection == "bookings" else ("professional_id", both["pro"])
            theirs = [row for row in theirs if row[side[0]] == side[1]]
        assert {row[column] for row in theirs} <= {value}, f"{path} was not changed everywhere"
    desk.walk.answer_mail(both["email"], reference, "Age group (optional)", "Household (optional)")


def test_pwk_3_all_of_an_owners_data_is_deleted(desk: Desk) -> None:
    orson = desk.customers[ORSON]
    desk.execute(
        "INSERT INTO outreach.contest_entries (id, email, entrant, contest, entered_on)"
        " VALUES (990001, %s, %s, 'Best costume 2026', current_date)", orson["email"], orson["name"],
    )  # fmt: skip
    own, before = _all_rows(desk, orson["email"]), tables(desk)
    for table in ("market.owners", "market.pets", "market.bookings", "market.messages", "outreach.survey_answers",
                  "outreach.contest_entries"):  # fmt: skip
        assert own[table], f"{table} should hold something to delete"
    reference, ended = desk.answered("deletion", orson)
    assert ended["status"] == "fulfilled"
    assert changed(before, tables(desk)) == _held(own), "all of it, and no other's"
    now = tables(desk)
    assert not [key for table, keys in own.items() for key in keys if key in now[table]]
    assert orson["email"] not in str(now)
    assert orson["name"] not in str(now)
    said = desk.walk.answer_mail(orson["email"], reference, "gone for good")["text"]
    titles = ("What you booked", "Your messages as an owner", "Your answers to surveys", "Your contest entries",
              "Your account as a pet owner")  # fmt: skip
    assert all(title in said for title in titles)
    assert "This we keep" not in said, "of owners nothing is kept"


def test_pwk_4_a_concern_is_acknowledged_followed_answered_and_closed(desk: Desk) -> None:
    saskia = desk.customers[SASKIA]
    reference = desk.walk.file_by_form("concern", saskia["email"], [("details", "Who reads what I write to a sitter?")])
    track = desk.walk.link(saskia["email"], "track", reference)
    assert desk.walk.status(track)["status"] == "verifying"
    desk.walk.prove(saskia["email"], reference)
    staff = desk.walk.reviewer(reference)
    assert desk.walk.status(track)["status"] == "in_review"
    review = desk.walk.link(staff, "review", reference)
    assert "Who reads what I write" not in desk.walk.get(review).text
    assert "Who reads what I write" in desk.walk.post(review, {"show": "yes"}).text
    assert desk.walk.post(review, {"decision": "approve"}).status >= 400, "an answer without words is none"
    desk.walk.decide(staff, reference, "approve", explanation="You and your sitter read it, nobody else.")
    ended = desk.walk.until(track)
    assert ended["status"] == "fulfilled"
    assert ended["history"][-1]["what"] == "fulfilled"
    desk.walk.answer_mail(saskia["email"], reference, "You and your sitter read it, nobody else.")


def test_pwk_5_an_opt_out_needs_no_proof_acts_at_once_and_stops_even_policy_mails(desk: Desk) -> None:
    one, two = desk.rows(
        "SELECT * FROM outreach.mail_choices WHERE specials AND survey_invitations AND calls ORDER BY id DESC LIMIT 2"
    )
    before = tables(desk)
    reference = desk.walk.file_by_form("opt_out", one["email"].upper(), [("stop", "email")])
    every = {"email", "kind:specials", "kind:policy_changes"}
    assert stopped(desk, one["email"], *every, "phone") == every, "stopped with the POST, whatever comes after"
    track = desk.walk.link(one["email"].upper(), "track", reference)
    assert desk.walk.until(track)["status"] == "fulfilled"
    choices = ("specials", "new_services", "policy_changes", "survey_invitations")
    [now] = desk.rows("SELECT * FROM outreach.mail_choices WHERE id = %s", one["id"])
    assert now == one | dict.fromkeys(choices, False), "calls were not asked to stop"
    mails = desk.walk.mails(one["email"])
    assert len(mails) == 1, "confirmed once"
    assert "/verify/" not in mails[0]["text"]
    done, still = mails[0]["text"].split("These mails will still come")
    assert "All mails that you can do without" in done
    assert "Mails about a booking of yours" in still
    assert "policy" not in still, "not even of a changed policy"

    reference = desk.walk.file("opt_out", two["email"], stop=["kind:policy_changes"])
    assert desk.walk.until(desk.walk.link(two["email"], "track", reference))["status"] == "fulfilled"
    [now] = desk.rows("SELECT * FROM outreach.mail_choices WHERE id = %s", two["id"])
    assert now == two | {"policy_changes": False}
    assert changed(before, tables(desk)) == {"outreach.mail_choices": {one["id"], two["id"]}}


def test_pwk_5_a_mail_that_wants_no_more_contact_stops_every_way_there_is(desk: Desk) -> None:
    [who] = desk.rows("SELECT * FROM outreach.mail_choices WHERE specials AND calls ORDER BY id LIMIT 1")
    mail_in(desk, who["email"], "Enough", "Por favor, no me contacten.")
    every = {"email", "phone", "kind:specials", "kind:policy_changes"}
    assert stopped(desk, who["email"], *every) == every
    assert desk.walk.until(desk.walk.link(who["email"], "track"))["status"] == "fulfilled"
    [now] = desk.rows("SELECT * FROM outreach.mail_choices WHERE id = %s", who["id"])
    assert not any((now["specials"], now["policy_changes"], now["calls"]))


def test_pwk_6_owner_and_professional_in_one_person(desk: Desk) -> None:
    """Each side under its own title; on deletion the professional's pay and tax records stay, and the owner's go."""
    paloma = desk.customers[PALOMA]
    reference, _ = desk.answered("access", paloma)
    titles = {c["title"] for c in _package(desk, paloma["email"], reference).values()}
    assert {"Your account as a pet owner", "Your account as a pet professional", "What you booked",
            "What others booked with you", "What we paid you"} <= titles  # fmt: skip

    [side] = desk.rows(
        "SELECT o.id AS owner, p.id AS pro, y.id AS payee FROM market.owners o"
        " JOIN market.professionals p USING (email) JOIN payouts.payees y USING (email) WHERE email = %s",
        paloma["email"],
    )
    taken = desk.rows("SELECT * FROM market.bookings WHERE professional_id = %s", side["pro"])
    paid = desk.rows("SELECT * FROM payouts.paid WHERE payee_id = %s ORDER BY id", side["payee"])
    forms = desk.rows("SELECT * FROM payouts.tax_forms WHERE payee_id = %s ORDER BY id", side["payee"])
    own, before = _all_rows(desk, paloma["email"]), tables(desk)
    reference, track = desk.filed_and_proven("deletion", paloma)
    desk.walk.decide(desk.walk.reviewer(reference), reference, "approve")
    assert desk.walk.until(track)["status"] == "fulfilled"

    assert all(keys <= own[table] for table, keys in changed(before, tables(desk)).items()), "others' rows were touched"
    now = tables(desk)
    assert side["owner"] not in now["market.owners"]
    assert side["pro"] not in now["market.professionals"]
    gone = {"professional_id": None, "professional_name": "A former professional", "professional_note": None}
    assert taken, "others booked with her"
    assert [now["market.bookings"][b["id"]] for b in taken] == [b | gone for b in taken], "the owners keep theirs"
    now_is = today(desk)
    assert _theirs(now, "payouts.paid", side["payee"]) == [
        p | {"account_ending": None} for p in paid if p["paid_on"].replace(year=p["paid_on"].year + 7) >= now_is
    ]
    assert _theirs(now, "payouts.tax_forms", side["payee"]) == [
        f for f in forms if f["filed_on"].replace(year=f["filed_on"].year + 4) >= now_is
    ]
    payee = now["payouts.payees"][side["payee"]]
    assert payee["full_name"] == "Former professional"
    assert (payee["bank_account"], payee["taxpayer_no"], payee["bank_name"]) == (None, None, None)
    assert paloma["email"] not in str(now)
    said = desk.walk.answer_mail(paloma["email"], reference, "This we keep", "26 U.S.C. 6041")["text"]
    kept = said.partition("This we keep")[2]
    assert "What we paid you" in kept
    assert "Tax forms about you" in kept
    assert "What you booked" not in kept
    assert "as an owner" not in kept


def test_pwk_7_data_from_a_sign_in_service_is_shown_apart_and_deletion_has_the_grant_revoked(desk: Desk) -> None:
    [held] = desk.rows(
        "SELECT g.*, display_name, picture_url, o.postcode, full_name AS name, (SELECT pet_name FROM market.pets"
        " WHERE owner_id = o.id LIMIT 1) FROM sign_in.grants g JOIN sign_in.copied_profiles c ON c.grant_id = g.id"
        " JOIN market.owners o USING (email) WHERE provider = 'latchkey' AND NOT EXISTS"
        " (SELECT FROM market.professionals p WHERE p.email = g.email) ORDER BY g.id LIMIT 1"
    )
    who = held | {"answers": {"postcode": held["postcode"], "pet_name": held["pet_name"]}}
    reference, _ = desk.answered("access", who)
    shown = _package(desk, who["email"], reference)
    grant, profile = shown["grants"], shown["copied_profiles"]
    assert grant["records"][0]["provider"] == "latchkey"
    assert grant["records"][0]["allowed"] == held["allowed"]
    assert profile["records"][0]["display_name"] == held["display_name"]
    assert profile["records"][0]["picture_url"] == held["picture_url"]
    assert "used for this service only" in profile["about"]
    with desk.walk.package(who["email"], reference) as package:
        said = "".join(package.read(name).decode() for name in package.namelist())
    assert held["access_token"] not in said
    assert held["refresh_token"] not in said

    own, before = _all_rows(desk, who["email"]), tables(desk)
    reference, ended = desk.answered("deletion", who)
    assert ended["status"] == "fulfilled"
    assert changed(before, tables(desk)) == _held(own)
    assert not desk.rows("SELECT 1 FROM sign_in.grants WHERE email = %s", who["email"])
    task = desk.walk.link("latchkey-revoke@example.com", "task", reference)
    notice = desk.walk.answer_mail("latchkey-revoke@example.com", reference, "asked to revoke what you allowed us")
    assert who["email"] not in notice["text"] + desk.walk.get(task).text, "whom it is about stands behind the button"
    assert who["email"] in desk.walk.post(task, {"show": "yes"}).text
    assert not [m for m in desk.walk.mails("nimbusid-grants@example.com") if reference in m["subject"]]
    desk.walk.answer_mail(who["email"], reference, "Latchkey Sign-In")


def test_pwk_8_staff_file_for_a_caller_with_the_same_clock_and_the_same_proof(desk: Desk) -> None:
    saskia = desk.customers[SASKIA]
    here = ZoneInfo("America/Los_Angeles")
    called = datetime.now(here).date() - timedelta(days=3)
    fields = {"right": "access", "channel": "phone", "email": saskia["email"], "residence": "US-VA"}
    wren = signed_in(desk, SUPPORT)
    unknown = desk.walk.post("/staff/requests/new", {**fields, "received_on": str(called)})
    assert unknown.headers["location"].endswith("/staff/sign-in"), "only for staff who signed in"
    tomorrow = str(datetime.now(here).date() + timedelta(days=1))
    assert desk.walk.post("/staff/requests/new", {**fields, "received_on": tomorrow}, Cookie=wren.cookie).status == 422

    reference = wren.file("access", channel="phone", received_on=called, email=saskia["email"], residence="US-VA")
    assert reference in desk.walk.get("/staff", Cookie=wren.cookie).text
    track = desk.walk.link(saskia["email"], "track", reference)
    status = desk.walk.status(track)
    assert datetime.fromisoformat(status["received_at"]).astimezone(here).date() == called
    by_web = desk.walk.file("access", "clock.check@example.com", residence="US-VA")
    web = desk.walk.status(desk.walk.link("clock.check@example.com", "track", by_web))
    assert abs(_term(status) - _term(web)) <= timedelta(days=1), "the same term, from the day of the call"
    assert _term(status) > timedelta(days=7)

    desk.walk.prove(saskia["email"], reference, {"postcode": "00000"})
    again = desk.walk.answer_mail(saskia["email"], reference, "not yet enough")
    assert "/verify/" in again["text"], "a caller proves as much as anybody"
    desk.walk.prove(saskia["email"], reference, saskia["answers"])
    desk.walk.decide(desk.walk.reviewer(reference), reference, "approve")
    assert desk.walk.until(track)["status"] == "fulfilled"
    assert _package(desk, saskia["email"], reference)["owners"]["records"][0]["full_name"] == saskia["name"]


def _term(status: dict[str, Any]) -> timedelta:
    due = datetime.fromisoformat(status["due_at"]).astimezone(UTC)
    return due - datetime.fromisoformat(status["received_at"]).astimezone(UTC)


def _package(desk: Desk, email: str, reference: str) -> dict[str, dict[str, Any]]:
    """The collections of an answered access request's package, by id."""
    with desk.walk.package(email, reference) as package:
        data = json.loads(package.read("data.json"))
    return {c["id"]: c for source in data["sources"] for c in source["collections"]}


def _all_rows(desk: Desk, email: str) -> dict[str, set[Any]]:
    """The keys of all rows about this address, as owner and as professional, by table."""
    rows = {"market.owners": "SELECT id FROM market.owners WHERE email = %s",
            "market.professionals": "SELECT id FROM market.professionals WHERE email = %s",
            "market.pets": "SELECT t.id FROM market.pets t JOIN market.owners o ON o.id = owner_id WHERE email = %s",
            "payouts.payees": "SELECT id FROM payouts.payees WHERE email = %s",
            "sign_in.copied_profiles": "SELECT c.id FROM sign_in.copied_profiles c JOIN sign_in.grants g"
                                       " ON g.id = grant_id WHERE email = %s"}  # fmt: skip
    rows |= {table: f"SELECT id FROM {table} WHERE email = %s" for table in BY_EMAIL}
    rows |= {
        f"market.{table}": f"SELECT t.id FROM market.{table} t LEFT JOIN market.owners o ON o.id = owner_id"
        " LEFT JOIN market.professionals p ON p.id = professional_id WHERE %s IN (o.email, p.email)"
        for table in ("bookings", "messages")
    }
    rows |= {
        f"payouts.{table}": f"SELECT t.id FROM payouts.{table} t JOIN payouts.payees p ON p.id = payee_id"
        " WHERE email = %s"
        for table in ("paid", "tax_forms")
    }
    return {table: {row["id"] for row in desk.rows(sql, email)} for table, sql in rows.items()}


def _held(own: dict[str, set[Any]]) -> dict[str, set[Any]]:
    return {table: keys for table, keys in own.items() if keys}


def _theirs(now: dict[str, dict[Any, dict[str, Any]]], table: str, payee: int) -> list[dict[str, Any]]:
    return sorted((r for r in now[table].values() if r["payee_id"] == payee), key=lambda r: int(r["id"]))


def _other_value(path: str) -> str:
    """Something else that this field can hold: the shortest there is room for."""
    column = path.rpartition(".")[2]
    known = {"email": f"moved.{path.split('.')[1].replace('_', '.')}@example.com", "phone": "555-010-0142",
             "postcode": "94299"}  # fmt: skip
    return known.get(column, "Qq")
