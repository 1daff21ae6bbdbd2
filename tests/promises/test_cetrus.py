"""Cetrus's promises of the product, each walked from the form to what is then on file."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import date
from typing import Any

from tests.promises.conftest import Desk
from tests.promises.evidence import (
    changed,
    complete,
    eventually,
    mail_in,
    member_token,
    opened_by_mail,
    run_schedule,
    signed_in,
    stop_link,
    stopped,
    tables,
    today,
    written,
)

BUSINESS = "cetrus"
NADIA, KASPER, UMA, DOV, RHODA = range(5)
LEAD = "magnus.overbeck@example.com"
SUPPORT = "ottilie.keyward@example.com"
VENDORS = {
    "lumenpress": "lumenpress-privacy@example.com",
    "gridhopper": "gridhopper-dataprotection@example.com",
    "tonewheel": "tonewheel-privacy@example.com",
    "plumbline": "plumbline-privacy@example.com",
}
NAMES = {"lumenpress": "Lumenpress", "gridhopper": "Gridhopper", "tonewheel": "Tonewheel", "plumbline": "Plumbline"}
LOGS = ("usage_log", "usage_archive", "crash_reports")


def test_cet_1_a_detail_is_corrected_and_an_account_removed_signed_in_or_by_mail_to_support(desk: Desk) -> None:
    kasper, before = desk.customers[KASPER], tables(desk)
    zips = [("field", "store.accounts.zip_code"), ("value", "98499")]
    token = member_token(desk, kasper["email"])
    reference = desk.walk.file_by_form("correction", kasper["email"], [*zips, ("member_token", token)])
    staff = desk.walk.reviewer(reference)
    assert not [m for m in desk.walk.mails(kasper["email"]) if "/verify/" in m["text"]], "nobody signed in proves more"
    track = desk.walk.link(kasper["email"], "track", reference)
    desk.walk.decide(staff, reference, "approve")
    assert desk.walk.until(track)["status"] == "fulfilled"
    [account] = desk.rows("SELECT id, zip_code FROM store.accounts WHERE email = %s", kasper["email"])
    assert account["zip_code"] == "98499"
    assert changed(before, tables(desk)) == {"store.accounts": {account["id"]}}

    before, mailed = tables(desk), today(desk)
    reference = signed_in(desk, SUPPORT).file("correction", channel="email", received_on=mailed, email=kasper["email"],
        field="store.accounts.city", value="Cedar Bluff",
    )  # fmt: skip
    answers = kasper["answers"] | {"zip_code": "98499"}
    desk.walk.prove(kasper["email"], reference, answers)
    desk.walk.decide(desk.walk.reviewer(reference), reference, "approve")
    assert desk.walk.until(desk.walk.link(kasper["email"], "track", reference))["status"] == "fulfilled"
    [account] = desk.rows("SELECT id, city FROM store.accounts WHERE email = %s", kasper["email"])
    assert account["city"] == "Cedar Bluff"
    assert changed(before, tables(desk)) == {"store.accounts": {account["id"]}}

    by_mail, by_page = _with_a_licence(desk, 2)
    for who, fields in ((by_mail, None), (by_page, [("member_token", member_token(desk, by_page["email"]))])):
        before, own = tables(desk), _own_rows(desk, who["email"])
        if fields is None:
            support = signed_in(desk, SUPPORT)
            reference = support.file("deletion", channel="email", received_on=mailed, email=who["email"])
            desk.walk.prove(who["email"], reference, who["answers"])
        else:
            reference = desk.walk.file_by_form("deletion", who["email"], fields)
        desk.walk.decide(desk.walk.reviewer(reference), reference, "approve")
        assert desk.walk.until(desk.walk.link(who["email"], "track", reference))["status"] == "fulfilled"
        _erased(desk, who["email"], own)
        assert all(keys <= own[table] for table, keys in changed(before, tables(desk)).items()), (
            "others' rows were touched"
        )


def test_cet_3_only_the_vendors_of_the_software_used_are_told_and_named(desk: Desk) -> None:
    rhoda = desk.customers[RHODA]
    reference, _ = desk.answered("access", rhoda)
    told_of = {who["id"] for who in _package(desk, rhoda["email"], reference)["recipients"]}
    assert told_of & VENDORS.keys() == {"tonewheel"}

    reference, ended = desk.answered("correction", rhoda, field=["store.accounts.city"], value=["Marlow Bay"])
    assert ended["status"] == "fulfilled"
    assert _told(desk, reference) == {"tonewheel"}
    _named_alone(desk.walk.answer_mail(rhoda["email"], reference, "We also told")["text"], "tonewheel")
    task = desk.walk.link(VENDORS["tonewheel"], "task", reference)
    assert rhoda["email"] not in desk.walk.get(task).text
    shown = desk.walk.post(task, {"show": "yes"}).text
    assert rhoda["email"] in shown
    assert "Marlow Bay" in shown
    assert desk.walk.post(task, {"outcome": "done"}).status == 303
    assert "your answer is recorded" in desk.walk.get(task).text

    before, own = tables(desk), _own_rows(desk, rhoda["email"])
    reference, ended = desk.answered("deletion", rhoda)
    assert ended["status"] == "fulfilled"
    assert _told(desk, reference) == {"tonewheel"}
    _named_alone(desk.walk.answer_mail(rhoda["email"], reference, "We also told")["text"], "tonewheel")
    assert all(keys <= own[table] for table, keys in changed(before, tables(desk)).items()), "others' rows were touched"


def test_cet_3_a_vendor_with_a_system_of_its_own_is_told_there_and_confirms(desk: Desk) -> None:
    nadia, walk = desk.customers[NADIA], desk.walk
    reference, ended = desk.answered("correction", nadia, field=["store.accounts.city"], value=["Otter Ferry"])
    assert ended["status"] == "fulfilled"
    track = walk.link(nadia["email"], "track", reference)
    eventually(lambda: "Lumenpress: confirmed" in walk.get(track).text, "the vendor's own system confirms")
    assert "Gridhopper" not in walk.get(track).text, "whose software she never used"
    assert "lumenpress" not in _told(desk, reference), "no mail was needed"


def test_cet_4_the_policy_in_force_when_it_was_collected_is_recorded_and_shown(desk: Desk) -> None:
    nadia = desk.customers[NADIA]
    reference, _ = desk.answered("access", nadia)
    package = _package(desk, nadia["email"], reference)
    assert package["policy_version"] == "2025-10", "the request's own"
    shown = _collections(package)
    assert shown["usage_archive"]["collected_under"] == "2021-06"
    assert shown["usage_log"]["collected_under"] is None, "under the policy of today"
    old = _own_rows(desk, nadia["email"])["usage.usage_archive"]
    assert shown["usage_archive"]["count"] == len(old) > 0
    with desk.walk.package(nadia["email"], reference) as files:
        assert "2021-06" in files.read("index.html").decode()


def test_cet_5_who_deleted_the_account_is_never_contacted_again(desk: Desk) -> None:
    """The opt-outs are made by the deletion, outlive every row, and are kept where no address can be read."""
    [subscriber] = _with_a_licence(desk, 1, "JOIN postbox.subscribers USING (email)")
    [other] = desk.rows("SELECT email FROM store.accounts WHERE email <> %s ORDER BY id LIMIT 1", subscriber["email"])
    email = subscriber["email"]
    assert not stopped(desk, email, "email", "unrelated_uses")
    own = _own_rows(desk, email)
    reference, ended = desk.answered("deletion", subscriber)
    assert ended["status"] == "fulfilled"
    _erased(desk, email, own)
    answer = desk.walk.answer_mail(email, reference, "We will not contact you again")
    assert "a code made of your address" in answer["text"]
    assert stopped(desk, email, "email", "unrelated_uses") == {"email", "unrelated_uses"}
    assert stopped(desk, email.upper(), "email") == {"email"}, "however it is written"
    assert not stopped(desk, other["email"], "email", "unrelated_uses"), "and nobody else"
    assert stopped(desk, email, "everything") == {"everything"}, "no import may bring them back"
    kinds = written("cetrus", "business")["kinds"]
    able = {f"kind:{name}" for name, kind in kinds.items() if kind.get("stoppable", True)}
    assert stopped(desk, email, *(f"kind:{name}" for name in kinds)) == able
    assert email not in desk.output.read_text()

    [opted_out] = _with_a_licence(desk, 1)
    stop = desk.walk.file_by_form("opt_out", opted_out["email"], [("stop", "unrelated_uses")])
    desk.walk.until(desk.walk.link(opted_out["email"], "track", stop), "fulfilled")
    own = _own_rows(desk, opted_out["email"])
    desk.answered("deletion", opted_out)
    _erased(desk, opted_out["email"], own)
    assert "unrelated_uses" in stopped(desk, opted_out["email"], "unrelated_uses"), "an older opt-out stands too"
    assert desk.walk.mails(email)[0]["id"] == answer["id"], "the answer was the last mail"

    desk.walk.post("/hear-again", {"email": email, "scope": "email"})
    assert stopped(desk, email, "email"), "asking alone lifts nothing"
    way_back = desk.walk.link(email, "hear-again")
    assert desk.walk.get(way_back).status == 200
    assert stopped(desk, email, "email"), "nor does opening the link"
    assert desk.walk.post(way_back, {"confirm": "yes"}).status == 200
    assert stopped(desk, email, "email", "unrelated_uses", "everything") == {"unrelated_uses"}, "what they asked for"


def test_cet_6_licence_and_usage_logs_are_shown_whole_and_erased(desk: Desk) -> None:
    """The logs are files of JSON lines in S3, packed and plain: a person's lines go, all others stay as they were."""
    logs = desk.places()
    logged = {log: {line["installation_id"] for line in logs[f"usage.{log}"]} for log in LOGS}
    old_users = [i["email"] for i in logs["usage.installations"]
                 if i["id"] in logged["usage_log"] & logged["usage_archive"]]  # fmt: skip
    [who] = _with_a_licence(desk, 1, among=old_users)
    own = _own_rows(desk, who["email"])
    assert own["usage.usage_log"]
    assert own["usage.usage_archive"]
    reference, _ = desk.answered("access", who)
    shown = _collections(_package(desk, who["email"], reference))
    for log in ("installations", *LOGS):
        assert shown.get(log, {"count": 0})["count"] == len(own[f"usage.{log}"]), f"{log} is not whole"
    lines = [line for line in logs["usage.usage_log"] if line["id"] in own["usage.usage_log"]]
    assert sorted((r["event"], r["minutes"]) for r in shown["usage_log"]["records"]) == sorted(
        (line["event"], line["minutes"]) for line in lines
    )
    assert shown["licences"]["count"] == len(own["store.licences"])

    before = tables(desk)
    reference, ended = desk.answered("deletion", who)
    assert ended["status"] == "fulfilled"
    now, touched = tables(desk), changed(before, tables(desk))
    for table in ("store.licences", "usage.installations", *(f"usage.{log}" for log in LOGS)):
        assert touched.get(table, set()) == own[table], f"{table}: all of theirs and no other's"
        assert not own[table] & now[table].keys()
    desk.walk.answer_mail(who["email"], reference, "How you used your software")


def test_cet_7_a_policy_change_is_told_once_to_all_but_the_suppressed_and_the_deleted_with_a_real_choice(
    desk: Desk,
) -> None:
    """On the lists are account holders and readers of the news, many of them on both."""
    everybody = desk.rows("SELECT lower(email) AS email FROM store.accounts WHERE email LIKE '%%@%%' UNION "
                          "SELECT lower(email) FROM postbox.subscribers ORDER BY email")  # fmt: skip
    [deleted] = _with_a_licence(desk, 1, "JOIN postbox.subscribers USING (email)")
    desk.answered("deletion", deleted)
    free = [who["email"] for who in everybody if who["email"] not in {c["email"] for c in desk.customers}]
    quiet, declining = [email for email in free if email not in desk.used][:2]
    desk.walk.post(stop_link(desk, quiet, ["kind:policy_changes"]), {})
    told_already = {email for email in free if stopped(desk, email, "email", "kind:policy_changes", "everything")}
    assert {quiet, deleted["email"]} <= told_already

    lead, page = signed_in(desk, LEAD), "/staff/policy"
    asked = {"announce": "2027-01"}
    assert desk.walk.post(page, asked, Cookie=signed_in(desk, SUPPORT).cookie).status == 409
    desk.walk.get(page, Cookie=lead.cookie)
    assert run_schedule(desk, "announce_policy_change") == {}, "neither a look nor the clock announces"
    assert desk.walk.post(page, asked, Cookie=lead.cookie).status == 303
    done, change = Counter[str](), dict[str, Any]()
    while not change.get("finished_at"):  # a run ends with its quarter of an hour, and the next one goes on
        done.update(run_schedule(desk, "announce_policy_change"))
        [change] = desk.walk.get(page, Cookie=lead.cookie, Accept="application/json").json()["changes"]
        time.sleep(0.2)
    assert change["counts"] == done
    assert date.fromisoformat(change["takes_effect"]) > today(desk), "announced before anything is used differently"
    notices = [m for m in desk.walk.mails("") if m["subject"].startswith("Our privacy policy changes")]
    reached = sorted(to.lower() for m in notices for to in m["to"])
    silent = {who["email"] for who in everybody if stopped(desk, who["email"], "kind:policy_changes", "everything")}
    assert reached == [who["email"] for who in everybody if who["email"] not in silent], "each once, nobody else"
    assert silent >= {quiet, deleted["email"]}
    assert change["counts"]["sent"] == len(reached)
    assert run_schedule(desk, "announce_policy_change") == {}, "it is over"
    desk.walk.post(page, asked, Cookie=lead.cookie)
    assert run_schedule(desk, "announce_policy_change") == {}, "pressed twice, announced once"

    [notice] = [m for m in notices if declining in [to.lower() for to in m["to"]]]
    assert "List-Unsubscribe=One-Click" in str(notice["headers"])
    choice = desk.walk.link(declining, "stop")
    assert "Telling a vendor each week" in desk.walk.get(choice).text
    assert not stopped(desk, declining, "policy:2027-01"), "opening it decides nothing"
    assert desk.walk.post(choice, {}).status == 200
    assert stopped(desk, declining, "policy:2027-01", "email", "kind:policy_changes") == {"policy:2027-01"}
    output = desk.output.read_text()
    assert not [email for email in reached if email in output]


def test_cet_8_staff_are_reminded_each_quarter_and_at_each_new_policy_and_acknowledge_by_a_link(desk: Desk) -> None:
    staff = [member["email"] for member in desk.run["staff"]]
    first = run_schedule(desk, "remind_of_duties")
    assert first["reminded"] == len(staff)
    assert run_schedule(desk, "remind_of_duties")["reminded"] == 0, "once, and again only after a week"
    link = desk.walk.link(SUPPORT, "duties")
    assert len([m for m in desk.walk.mails(SUPPORT) if "/duties/" in m["text"]]) == 1
    desk.walk.get(link)
    lead = signed_in(desk, LEAD)
    assert {"ottilie", "magnus"} <= _unacknowledged(desk, lead), "opening it acknowledges nothing"
    assert desk.walk.post(link, {"known": "yes"}).status == 303
    assert "it is on record" in desk.walk.get(link).text
    assert _unacknowledged(desk, lead) == {m["email"].split(".")[0] for m in desk.run["staff"]} - {"ottilie"}
    shown = desk.walk.get("/staff/duties", Cookie=lead.cookie).text
    assert "not yet" in shown
    assert f"quarter {(today(desk).month + 2) // 3} of {today(desk).year}" in shown.lower()
    said = desk.walk.get("/staff/duties", Cookie=lead.cookie, Accept="application/json").json()["duties"]
    assert {d["occasion"] for d in said} >= {"policy-2025-10", f"{today(desk).year}-Q{(today(desk).month + 2) // 3}"}


def _unacknowledged(desk: Desk, lead: Any) -> set[str]:
    said = desk.walk.get("/staff/duties", Cookie=lead.cookie, Accept="application/json").json()["duties"]
    return {d["member"] for d in said if d["acknowledged_at"] is None}


def test_cet_9_information_is_kept_from_uses_that_are_not_the_stores_own(desk: Desk) -> None:
    [who] = desk.rows(
        "SELECT email, a.id AS account, s.id AS subscriber, c.id AS choice FROM store.accounts a"
        " JOIN postbox.subscribers s USING (email) JOIN postbox.policy_choices c USING (email)"
        " WHERE other_uses AND vendor_offers AND choice = 'agreed' AND email <> %s ORDER BY a.id LIMIT 1",
        desk.customers[NADIA]["email"],
    )
    before = tables(desk)
    reference = desk.walk.file_by_form("opt_out", who["email"], [("stop", "unrelated_uses")])
    assert stopped(desk, who["email"], "unrelated_uses", "email") == {"unrelated_uses"}, "at once, and no more"
    asked = stop_link(desk, who["email"], ["unrelated_uses"])
    assert desk.walk.get(asked, Accept="application/json").json() == {"would_stop": ["unrelated_uses"]}, "a GET is mute"
    assert desk.walk.until(desk.walk.link(who["email"], "track", reference))["status"] == "fulfilled"
    assert "/verify/" not in "".join(m["text"] for m in desk.walk.mails(who["email"]))
    now = tables(desk)
    account, subscriber = before["store.accounts"][who["account"]], before["postbox.subscribers"][who["subscriber"]]
    choice = before["postbox.policy_choices"][who["choice"]]
    assert now["store.accounts"][who["account"]] == account | {"other_uses": False}
    assert now["postbox.subscribers"][who["subscriber"]] == subscriber | {"vendor_offers": False}, "news still comes"
    assert now["postbox.policy_choices"][who["choice"]] == choice | {"choice": "declined"}
    assert {table: len(keys) for table, keys in changed(before, tables(desk)).items()} == {
        "store.accounts": 1, "postbox.subscribers": 1, "postbox.policy_choices": 1,
    }  # fmt: skip
    answer = desk.walk.answer_mail(who["email"], reference, "not directly related to the store")["text"]
    assert "News of the store" in answer.partition("These mails will still come")[2]


def test_cet_10_who_feels_the_policy_is_not_followed_is_answered(desk: Desk) -> None:
    """By form, and by a mail to support that staff enter."""
    uma = desk.customers[UMA]
    wrong = "A vendor whose software I never used has written to me."
    by_form = desk.walk.file_by_form("concern", uma["email"], [("details", wrong)])
    by_mail = signed_in(desk, SUPPORT).file(
        "concern", channel="email", received_on=today(desk), email=uma["email"], details=wrong
    )
    for reference in (by_form, by_mail):
        track = desk.walk.link(uma["email"], "track", reference)
        desk.walk.prove(uma["email"], reference)
        staff = desk.walk.reviewer(reference)
        assert wrong in desk.walk.post(desk.walk.link(staff, "review", reference), {"show": "yes"}).text
        question = desk.walk.decide(staff, reference, "ask", explanation="Which vendor was it?")
        desk.walk.until(track, "asked")
        desk.walk.answer_mail(uma["email"], reference, "Which vendor was it?")
        assert desk.walk.post(f"{track}/reply", {"text": "Plumbline, last week."}).status == 303
        before = frozenset({question})
        review = desk.walk.link(staff, "review", reference, not_in=before)
        assert "Plumbline, last week." in desk.walk.post(review, {"show": "yes"}).text
        said = "We never sent it; they bought your address."
        desk.walk.decide(staff, reference, "approve", not_in=before, explanation=said)
        assert desk.walk.until(track)["status"] == "fulfilled"
        desk.walk.answer_mail(uma["email"], reference, said)


def _told(desk: Desk, reference: str) -> set[str]:
    """The vendors that were told about this request."""
    return {v for v, to in VENDORS.items() if any(reference in m["subject"] for m in desk.walk.mails(to))}


def _named_alone(text: str, vendor: str) -> None:
    named = {v for v, name in NAMES.items() if name in text}
    assert named == {vendor}


def _with_a_licence(
    desk: Desk, count: int, joined: str = "", among: list[str] | None = None
) -> list[dict[str, Any]]:  # fmt: skip
    """Account holders with a licence who are nobody in run.json, never asked before, with their right answers."""
    desk.used.update(customer["email"] for customer in desk.customers)
    found = desk.rows(
        "SELECT DISTINCT ON (accounts.id) email, full_name AS name, accounts.zip_code, key_ending FROM store.accounts"
        f" JOIN store.licences ON account_id = accounts.id {joined} WHERE NOT email = ANY(%s) AND other_uses"
        " AND (%s::text[] IS NULL OR email = ANY(%s)) ORDER BY accounts.id LIMIT %s",
        list(desk.used), among, among, count,
    )  # fmt: skip
    desk.used.update(row["email"] for row in found)
    return [row | {"answers": {"zip_code": row["zip_code"], "licence_ending": row["key_ending"]}} for row in found]


def _own_rows(desk: Desk, email: str) -> dict[str, set[Any]]:
    """The keys of all rows about this address, by table."""
    rows = {
        table: f"SELECT id FROM {table} WHERE email = %s"
        for table in ("store.accounts", "postbox.subscribers", "postbox.mails_sent", "postbox.policy_choices")
    }
    rows |= {
        f"store.{table}": f"SELECT t.id FROM store.{table} t JOIN store.accounts a ON a.id = account_id"
        " WHERE email = %s"
        for table in ("purchases", "licences", "downloads")
    }
    found = {table: {row["id"] for row in desk.rows(sql, email)} for table, sql in rows.items()}
    logs = desk.places()
    installed = {i["id"] for i in logs["usage.installations"] if i["email"] == email}
    lines = {
        f"usage.{log}": {line["id"] for line in logs[f"usage.{log}"] if line["installation_id"] in installed}
        for log in LOGS
    }
    return found | {"usage.installations": installed} | lines


def _erased(desk: Desk, email: str, own: dict[str, set[Any]]) -> None:
    """What was theirs is gone; of purchases that tax law keeps only the bare facts stand, on a nameless account."""
    assert not any(_own_rows(desk, email).values()), "nothing is found by this address"
    now = tables(desk)
    left = {table: [now[table][key] for key in keys if key in now[table]] for table, keys in own.items()}
    [account] = left.pop("store.accounts")
    purchases = left.pop("store.purchases")
    assert not any(left.values()), "licences, logs and mails went whole"
    personal = ("city", "zip_code", "country", "trade", "password_hash", "recovery_answer")
    assert account["full_name"] == "Deleted account"
    assert {account[column] for column in personal} == {None}
    assert all(p["card_token"] is None and p["buyer_note"] is None for p in purchases)
    assert email not in str(now)


def _package(desk: Desk, email: str, reference: str) -> dict[str, Any]:
    with desk.walk.package(email, reference) as package:
        return dict(json.loads(package.read("data.json")))


def _collections(package: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {c["id"]: c for source in package["sources"] for c in source["collections"]}


def test_cet_1_a_mail_to_support_has_a_detail_corrected(desk: Desk) -> None:
    """Nobody at support types anything: the mail opens it, the page asks what is wrong, staff only decide."""
    uma, before = desk.customers[UMA], tables(desk)
    reference = opened_by_mail(desk, uma["email"], "Moved", "Hello, I moved, and my zip code has changed.")
    assert desk.walk.status(desk.walk.link(uma["email"], "track", reference))["right"] == "correction"
    complete(desk, uma["email"], reference, field="store.accounts.city", value="Cedar Bluff")
    desk.walk.prove(uma["email"], reference, uma["answers"])
    desk.walk.decide(desk.walk.reviewer(reference), reference, "approve")
    assert desk.walk.until(desk.walk.link(uma["email"], "track", reference))["status"] == "fulfilled"
    [account] = desk.rows("SELECT id, city FROM store.accounts WHERE email = %s", uma["email"])
    assert account["city"] == "Cedar Bluff"
    assert changed(before, tables(desk)) == {"store.accounts": {account["id"]}}


def test_cet_2_a_reply_with_remove_in_the_subject_stops_mails_at_once_and_is_confirmed_once(desk: Desk) -> None:
    """With nothing to click or prove; what is quoted below it asks nothing; a second one is not confirmed again."""
    known = [c["email"] for c in desk.customers]
    [found] = desk.rows(
        "SELECT email FROM postbox.subscribers WHERE NOT email = ANY(%s) ORDER BY email LIMIT 1", known
    )  # fmt: skip
    reader = found["email"]
    quoted = "On Mon, Cetrus wrote:\r\n> Delete my account? Reply with REMOVE to stop mails."
    assert stopped(desk, reader, "email", "unrelated_uses") == set()
    before = desk.walk.mails(reader)
    mail_in(desk, reader, "Re: News of the store REMOVE", quoted)
    assert stopped(desk, reader, "email", "unrelated_uses") == {"email"}, "stopped with the mail, whatever comes after"
    [answer] = eventually(lambda: desk.walk.mails(reader)[: -len(before) or None], "the confirmation")
    assert "/verify/" not in answer["text"]
    assert "All mails that you can do without" in answer["text"].split("These mails will still come")[0]
    assert desk.walk.until(desk.walk.link(reader, "track"))["status"] == "fulfilled"
    mail_in(desk, reader, "REMOVE")
    eventually(lambda: stopped(desk, reader, "email") == {"email"}, "still stopped")
    assert len(desk.walk.mails(reader)) == len(before) + 1, "confirmed once"


def test_cet_10_a_mail_that_the_policy_is_not_followed_opens_a_concern(desk: Desk) -> None:
    dov, wrong = (
        desk.customers[DOV],
        "You do not follow your privacy policy: a vendor I never dealt with has my address.",
    )
    reference = opened_by_mail(desk, dov["email"], "Your policy", wrong)
    track = desk.walk.link(dov["email"], "track", reference)
    desk.walk.prove(dov["email"], reference)
    staff = desk.walk.reviewer(reference)
    assert wrong in desk.walk.post(desk.walk.link(staff, "review", reference), {"show": "yes"}).text
    question = desk.walk.decide(staff, reference, "ask", explanation="Which vendor was it?")
    desk.walk.until(track, "asked")
    mail_in(desk, dov["email"], f"Re: We have a question ({reference})", "Plumbline, last week.")
    review = desk.walk.link(staff, "review", reference, not_in=frozenset({question}))
    assert "Plumbline, last week." in desk.walk.post(review, {"show": "yes"}).text, "the reply by mail reached them"
    desk.walk.decide(staff, reference, "approve", not_in=frozenset({question}), explanation="They bought it elsewhere.")
    assert desk.walk.until(track)["status"] == "fulfilled"
