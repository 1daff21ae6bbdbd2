"""PetsRUsExpress's promises, PRU-1 to PRU-6 of the product, each walked from the form to what is then on file."""

from __future__ import annotations

import json
import re
import time
from typing import Any

from tests.promises.conftest import Desk
from tests.promises.evidence import changed, complete, member_token, opened_by_mail, signed_in, tables, today

BUSINESS = "petsrusexpress"
MARISOL, GIDEON, YARA, PERCY, HALIMA = range(5)
OWN_ROWS = {
    "shop.members": "SELECT id FROM shop.members WHERE email = %s",
    "shop.pets": "SELECT p.id FROM shop.pets p JOIN shop.members m ON m.id = member_id WHERE email = %s",
    "shop.orders": "SELECT o.id FROM shop.orders o JOIN shop.members m ON m.id = member_id WHERE email = %s",
    **{
        f"shop.{table}": f"SELECT t.id FROM shop.{table} t JOIN shop.orders o ON o.id = order_id"
        " JOIN shop.members m ON m.id = member_id WHERE email = %s"
        for table in ("order_lines", "payments", "returns", "parcels_due")
    },
    **{
        table: f"SELECT id FROM {table} WHERE email = %s"
        for table in ("mailroom.newsletter_readers", "mailroom.mailings", "mailroom.sharing_consents",
                      "credit.applications")
    },
}  # fmt: skip
"""How each table's rows of one person are found."""


def test_pru_1_a_member_has_address_and_email_corrected(desk: Desk) -> None:
    """From the member page without further proof; by a mail to support, which staff file; the old address is told."""
    gideon, before = desk.customers[GIDEON], tables(desk)
    moved = {"shop.members.street": "12 New Lane", "shop.members.city": "Old Harbor", "shop.members.postcode": "06417"}
    fields = [pair for path, value in moved.items() for pair in (("field", path), ("value", value))]
    late = member_token(desk, gideon["email"], time.time() - 3600)
    form = [("right", "correction"), ("email", gideon["email"]), *fields]
    assert desk.walk.post("/requests", [*form, ("member_token", late)]).status == 422
    others = member_token(desk, desk.customers[YARA]["email"])
    assert desk.walk.post("/requests", [*form, ("member_token", others)]).status == 422

    token = member_token(desk, gideon["email"])
    reference = desk.walk.file_by_form("correction", gideon["email"], [*fields, ("member_token", token)])
    staff = desk.walk.reviewer(reference)
    assert not [m for m in desk.walk.mails(gideon["email"]) if "/verify/" in m["text"]], "nobody signed in proves more"
    desk.walk.answer_mail(gideon["email"], reference, "We have your request", "You need not do anything now")
    desk.walk.decide(staff, reference, "approve")
    assert desk.walk.until(desk.walk.link(gideon["email"], "track", reference))["status"] == "fulfilled"
    [now] = desk.rows("SELECT id, street, city, postcode FROM shop.members WHERE email = %s", gideon["email"])
    assert (now["street"], now["city"], now["postcode"]) == ("12 New Lane", "Old Harbor", "06417")
    assert changed(before, tables(desk)) == {"shop.members": {now["id"]}}
    said = desk.walk.answer_mail(gideon["email"], reference, "Street", "City", "Postcode")["text"]
    assert "12 New Lane" not in said, "a mail names the fields, not what they say"

    before, fresh = tables(desk), "gideon.at.his.new.one@example.com"
    reference = signed_in(desk, "sol.fetchley@example.com").file("correction", channel="email", received_on=today(desk),
        email=gideon["email"], field="shop.members.email", value=fresh,
    )  # fmt: skip
    desk.walk.prove(gideon["email"], reference, gideon["answers"] | {"postcode": ""})
    desk.walk.decide(desk.walk.reviewer(reference), reference, "approve")
    assert desk.walk.until(desk.walk.link(gideon["email"], "track", reference))["status"] == "fulfilled"
    assert desk.rows("SELECT email FROM shop.members WHERE id = %s", now["id"]) == [{"email": fresh}]
    assert changed(before, tables(desk)) == {"shop.members": {now["id"]}}
    desk.walk.answer_mail(gideon["email"], reference, "Email address")
    assert not desk.walk.mails(fresh), "a new address never receives anything"


def test_pru_1_a_members_own_mail_has_the_address_corrected(desk: Desk) -> None:
    """Nobody at support types anything; the mail opens it and the page behind its link asks what is wrong."""
    yara, before = desk.customers[YARA], tables(desk)
    reference = opened_by_mail(desk, yara["email"], "New house", "We have moved, please change my address.")
    complete(desk, yara["email"], reference, field="shop.members.street", value="9 Letter Lane")
    desk.walk.prove(yara["email"], reference, yara["answers"])
    desk.walk.decide(desk.walk.reviewer(reference), reference, "approve")
    assert desk.walk.until(desk.walk.link(yara["email"], "track", reference))["status"] == "fulfilled"
    [now] = desk.rows("SELECT id, street FROM shop.members WHERE lower(email) = %s", yara["email"].lower())
    assert now["street"] == "9 Letter Lane"
    assert changed(before, tables(desk)) == {"shop.members": {now["id"]}}


def test_pru_2_deletion_keeps_tax_records_with_reason_and_date_and_the_rest_goes(desk: Desk) -> None:
    member = _member_with_old_and_new_orders(desk)
    email, own = member["email"], _own_rows(desk, member["email"])
    before = tables(desk)
    orders = _orders(desk, member["id"])
    reference, track = desk.filed_and_proven("deletion", member)
    desk.walk.decide(desk.walk.reviewer(reference), reference, "approve")
    assert desk.walk.until(track)["status"] == "fulfilled"

    touched = changed(before, tables(desk))
    assert all(keys <= own[table] for table, keys in touched.items()), "rows of other customers were touched"
    now = tables(desk)
    still = {table: [now[table][key] for key in keys if key in now[table]] for table, keys in own.items()}
    assert {o["order_no"] for o in still["shop.orders"]} == {o["order_no"] for o in orders if o["kept"]}
    assert {o["order_no"] for o in orders} - {o["order_no"] for o in still["shop.orders"]}, "an old order went"
    for table in ("shop.pets", "mailroom.newsletter_readers", "mailroom.mailings", "mailroom.sharing_consents"):
        assert not still[table], f"{table} still holds rows"
    [blank] = still["shop.members"]
    personal = {blank[c] for c in ("phone", "street", "city", "state", "postcode", "birthday", "password_hash")}
    assert (blank["full_name"], personal) == ("Deleted member", {None})
    assert email not in str(still), "the address stands somewhere"
    assert member["name"] not in str(still["shop.orders"] + still["shop.payments"] + still["shop.members"])
    assert all(p["card_number"] is None and p["card_holder"] is None for p in still["shop.payments"])
    assert {o["total"] for o in still["shop.orders"]} == {o["total"] for o in orders if o["kept"]}

    answer = desk.walk.answer_mail(email, reference, "this we keep", "tax office", "26 U.S.C. 6001")["text"]
    [last] = desk.rows("SELECT max(placed_on) AS day FROM shop.orders WHERE member_id = %s", member["id"])
    assert str(last["day"].year + 7) in answer, "until when is told"
    assert "Your pets" in answer
    assert "26 U.S.C. 6001" in desk.walk.get(track).text, "the tracker tells it too"


def test_pru_3_orders_go_to_partners_only_with_consent_which_is_shown_and_can_be_taken_back(desk: Desk) -> None:
    halima = desk.customers[HALIMA]
    held = _consents(desk, halima["email"])
    reference, _ = desk.answered("access", halima)
    assert {c["partner"]: (c["given_on"], c["in_force"]) for c in _shown_consents(desk, halima, reference)} == {
        c["partner"]: (str(c["given_on"]), c["in_force"]) for c in held
    }
    assert all(c["wording"] for c in _shown_consents(desk, halima, reference)), "the words agreed to are shown"

    before = tables(desk)
    reference = desk.walk.file_by_form("opt_out", halima["email"], [("stop", "sharing")])
    assert desk.walk.until(desk.walk.link(halima["email"], "track", reference))["status"] == "fulfilled"
    ended = {c["partner"]: c for c in _consents(desk, halima["email"])}
    assert not any(c["in_force"] for c in ended.values())
    assert ended["whisker_cover"]["ended_on"] == today(desk)
    [first] = [c for c in held if c["partner"] == "barkwell_foods"]
    assert ended["barkwell_foods"] == first, "the history of the one ended long ago stands"
    assert changed(before, tables(desk)) == {"mailroom.sharing_consents": {ended["whisker_cover"]["id"]}}
    task = desk.walk.link("whiskercover-privacy@example.com", "task", reference)
    assert halima["email"] not in desk.walk.get(task).text
    assert halima["email"] in desk.walk.post(task, {"show": "yes"}).text
    reference, _ = desk.answered("access", halima)
    assert not any(c["in_force"] for c in _shown_consents(desk, halima, reference))

    reference, _ = desk.answered("california_disclosure", halima, residence="US-CA")
    listed = desk.walk.answer_mail(halima["email"], reference, "Whisker Cover Pet Insurance", "Barkwell Foods")
    assert "only after you yourself said yes" in listed["text"]


def test_pru_4_promotional_mails_stop_and_the_answer_says_which_still_come(desk: Desk) -> None:
    [reader] = desk.rows(
        "SELECT m.* FROM shop.members m JOIN mailroom.newsletter_readers r USING (email) WHERE welcome_mails"
        " AND offer_mails AND newsletter AND catalogue_by_post AND calls ORDER BY m.id DESC LIMIT 1"
    )
    before = tables(desk)
    reference = desk.walk.file_by_form("opt_out", reader["email"], [("stop", "email")])
    assert desk.walk.until(desk.walk.link(reader["email"], "track", reference))["status"] == "fulfilled"
    [now] = desk.rows("SELECT * FROM shop.members WHERE id = %s", reader["id"])
    assert now == reader | {"welcome_mails": False, "offer_mails": False}
    papers = desk.rows("SELECT id, newsletter FROM mailroom.newsletter_readers WHERE email = %s", reader["email"])
    assert not any(paper["newsletter"] for paper in papers)
    own = {"shop.members": {reader["id"]}, "mailroom.newsletter_readers": {paper["id"] for paper in papers}}
    assert changed(before, tables(desk)) == own

    answer = desk.walk.answer_mail(reader["email"], reference, "These mails will still come")["text"]
    stopped, still = answer.split("These mails will still come")
    assert "Welcome mails, offers and the newsletter" in stopped
    assert "Service announcements" in still
    assert "they advertise nothing" in still, "why it cannot be stopped is told"
    assert not [k for k in ("Welcome mails", "Offers and coupons", "The newsletter") if f"- {k}" in still]
    refused = desk.walk.post("/requests", {"right": "opt_out", "email": reader["email"], "stop": "kind:service"})
    assert refused.status == 422, "service announcements cannot be stopped"


def test_pru_5_card_and_social_security_numbers_are_nowhere_to_be_seen(desk: Desk) -> None:
    """Not in a package, a page, a mail, nor in anything the system prints; that they are held is said."""
    marisol = desk.customers[MARISOL]
    numbers = _secret_numbers(desk, marisol["email"])
    assert len(numbers) > 2
    typed = "Why do you keep my card 4111 1111 1111 1111 and my number 078-05-1120?"
    reference, track = desk.filed_and_proven("access", marisol)
    seen = []
    for member in desk.run["staff"]:
        review = desk.walk.link(member["email"], "review", reference)
        seen += [desk.walk.get(review).text, desk.walk.post(review, {"show": "yes"}).text]
    assert any("held, not shown: payment card number" in page for page in seen), "staff see that it is held"
    desk.walk.decide("sol.fetchley@example.com", reference, "approve")
    desk.walk.until(track, "fulfilled")
    seen.append(desk.walk.get(track).text)
    seen.append(desk.walk.get(desk.walk.link(marisol["email"], "results", reference)).text)
    with desk.walk.package(marisol["email"], reference) as package:
        files = {name: package.read(name).decode() for name in package.namelist()}
    assert {"payment card number", "social-security number"} <= set(json.loads(files["data.json"])["not_shown"])
    assert "held, not shown: social-security number" in files["index.html"]

    reference, track = desk.filed_and_proven("concern", marisol, details=typed)
    staff = desk.walk.reviewer(reference)
    review = desk.walk.link(staff, "review", reference)
    revealed = desk.walk.post(review, {"show": "yes"}).text
    assert "Why do you keep my card" in revealed
    desk.walk.decide(staff, reference, "approve", explanation="For refunds only.")
    desk.walk.until(track, "fulfilled")
    seen += [revealed, desk.walk.get(track).text]

    mails = desk.walk.get(f"{desk.run['mail_url']}/api/messages").text
    places = {**files, "the pages": "".join(seen), "the mails": mails, "its output": desk.output.read_text()}
    for number in [*numbers, "4111111111111111", "078-05-1120"]:
        digits = re.sub(r"\D", "", number)
        found = [
            place for place, text in places.items() if number in text or digits in re.sub(r"(?<=\d)[ -]", "", text)
        ]
        assert not found, f"a number that is never shown stands in {found}"


def test_pru_6_each_role_sees_only_its_fields_and_every_view_is_on_record(desk: Desk) -> None:
    yara = desk.customers[YARA]
    [held] = desk.rows("SELECT * FROM shop.members WHERE email = %s", yara["email"])
    orders = _orders(desk, held["id"])
    reference, track = desk.filed_and_proven("access", yara)
    clerk = desk.walk.link("bettina.ledgerwood@example.com", "review", reference)
    support = desk.walk.link("sol.fetchley@example.com", "review", reference)
    for page in (desk.walk.get(clerk).text, desk.walk.get(support).text):
        assert not [v for v in (held["email"], held["full_name"], held["street"]) if v in page], "a GET shows nobody"
        assert _views(page) == 0

    paid = str(orders[0]["total"])
    for_clerk, for_support = desk.walk.post(clerk, {"show": "yes"}).text, desk.walk.post(support, {"show": "yes"}).text
    assert paid in for_clerk
    assert held["street"] in for_clerk
    assert not [v for v in (held["email"], held["phone"]) if v in for_clerk], "billing has no need of these"
    assert {held["email"], held["phone"]} == {v for v in (held["email"], held["phone"]) if v in for_support}
    assert paid not in for_support
    assert "Total (USD)" not in for_support
    lead = desk.walk.post(_lead_link(desk, reference), {"show": "yes"}).text
    assert paid in lead
    assert held["email"] in lead

    assert _views(desk.walk.get(support).text) == 3, "each of the three looks is on record"
    assert "viewed" not in {h["what"] for h in desk.walk.status(track)["history"]}, "that is for staff"
    refused = desk.walk.post(desk.walk.link("sol.fetchley@example.com", "review", reference), {"decision": "no"})
    assert refused.status == 422
    concern, _ = desk.filed_and_proven("concern", yara, details="Who may read this?")
    desk.walk.reviewer(concern)
    assert not [m for m in desk.walk.mails("bettina.ledgerwood@example.com") if concern in m["subject"]]


def _own_rows(desk: Desk, email: str) -> dict[str, set[Any]]:
    return {table: {row["id"] for row in desk.rows(sql, email)} for table, sql in OWN_ROWS.items()}


def _orders(desk: Desk, member: int) -> list[dict[str, Any]]:
    """This member's orders, newest first, each with whether tax law still wants it `kept`."""
    return desk.rows(
        "SELECT *, placed_on + interval '7 years' >= current_date AS kept FROM shop.orders WHERE member_id = %s"
        " ORDER BY placed_on DESC", member,
    )  # fmt: skip


def _member_with_old_and_new_orders(desk: Desk) -> dict[str, Any]:
    """Somebody with an order that tax law keeps and one that it no longer does, and with mails and pets."""
    found = desk.rows(
        "SELECT m.id, email, full_name AS name, postcode, min(placed_on) AS oldest, max(placed_on) AS newest,"
        " (array_agg(order_no ORDER BY placed_on DESC))[1] AS order_number,"
        " (array_agg(total ORDER BY placed_on DESC))[1] AS total"
        " FROM shop.members m JOIN shop.orders o ON o.member_id = m.id WHERE email <> %s"
        " AND EXISTS (SELECT FROM mailroom.newsletter_readers r WHERE r.email = m.email)"
        " AND EXISTS (SELECT FROM shop.pets p WHERE p.member_id = m.id) GROUP BY m.id"
        " HAVING min(placed_on) < current_date - interval '8 years'"
        " AND max(placed_on) > current_date - interval '1 year'",
        desk.customers[MARISOL]["email"],
    )
    answers = {"order_number": found[0]["order_number"], "order_total": str(found[0]["total"])}
    return found[0] | {"answers": answers}


def _consents(desk: Desk, email: str) -> list[dict[str, Any]]:
    return desk.rows("SELECT * FROM mailroom.sharing_consents WHERE email = %s ORDER BY given_on", email)


def _shown_consents(desk: Desk, who: dict[str, Any], reference: str) -> list[dict[str, Any]]:
    """The consent history in an answered access request's package."""
    with desk.walk.package(who["email"], reference) as package:
        data = json.loads(package.read("data.json"))
    [found] = [c for s in data["sources"] for c in s["collections"] if c["id"] == "sharing_consents"]
    records: list[dict[str, Any]] = found["records"]
    return records


def _secret_numbers(desk: Desk, email: str) -> list[str]:
    cards = desk.rows(
        "SELECT card_number AS number FROM shop.payments JOIN shop.orders o ON o.id = order_id"
        " JOIN shop.members m ON m.id = member_id WHERE email = %s", email,
    )  # fmt: skip
    ssns = desk.rows("SELECT ssn AS number FROM credit.applications WHERE email = %s", email)
    return [row["number"] for row in cards + ssns if row["number"]]


def _views(page: str) -> int:
    """How many looks the history on a review page tells of."""
    return len(re.findall(r"<li>Staff looked at the data ", page))


def _lead_link(desk: Desk, reference: str) -> str:
    return desk.walk.link("lorna.highfield@example.com", "review", reference)
