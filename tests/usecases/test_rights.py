"""Each right from form to answer, as its customer and the owner of the database see it."""

from __future__ import annotations

import base64
import io
import zipfile
from dataclasses import replace
from datetime import date, timedelta

import jwt
import pytest

from chalicelib.domain.identity import Identifier
from chalicelib.domain.request import Channel, Personal, Relationship, Right
from chalicelib.domain.status import Status
from chalicelib.errors import InvalidRequest, LinkExpired
from chalicelib.usecases import answering, card, errands, intake, one_click, recipients, staffroom, unproven
from chalicelib.usecases.errands import Errand

from .conftest import Office

CITY = "shop.accounts.city"


def account(office: Office, number: int = 0) -> dict[str, object]:
    email = office.customers[number]["email"]
    return next(a for a in office.tables["shop.accounts"] if a["email"] == email)


def test_access_answers_with_a_package(office: Office) -> None:
    request = office.to_review("access")
    office.decide(request, "approve")
    assert office.carry_out(request).status is Status.FULFILLED
    package = zipfile.ZipFile(io.BytesIO(office.svc.packages.packages[request.reference]))  # type: ignore[attr-defined]
    page = package.read("index.html").decode()
    assert str(account(office)["street"]) in page


def test_access_to_a_period_leaves_out_what_lies_outside_it(office: Office) -> None:
    wide = office.to_review("access", period="all")
    narrow = office.to_review("access", period="2026-11-01/2026-11-02")
    found = [sum(c.found for c in card.judging.current_plan(office.svc, r).collections) for r in (wide, narrow)]
    assert 0 < found[1] < found[0]


def test_a_stranger_hears_that_nothing_is_held_without_staff(office: Office) -> None:
    stranger = {"email": "stranger@example.com", "residence": "US-OR", "answers": {"postcode": "12345"}}
    request = office.file("access", stranger)
    office.prove(request, stranger)
    office.gather(request)
    token = office.ask_staff(request)
    assert office.workflow.answers[token] == ({"next": "fulfil"}, None)
    done = office.carry_out(request)
    assert (done.status, done.reason) == (Status.FULFILLED, "nothing_held")
    assert "/results/" not in office.text(office.mails("stranger@example.com")[0])


def test_correction_changes_the_rows_and_only_them(office: Office) -> None:
    before = {name: [dict(row) for row in rows] for name, rows in office.tables.items()}
    request = office.to_review("correction", corrections=[{"field": CITY, "value": "Newtown"}])
    office.decide(request, "approve")
    office.carry_out(request)
    changed = [
        (table, new)
        for table, rows in office.tables.items()
        for old, new in zip(before[table], rows, strict=True)
        if old != new
    ]
    assert [(t, row["city"]) for t, row in changed] == [("shop.accounts", "Newtown")]


def test_staff_see_old_and_new_of_a_correction(office: Office) -> None:
    old = account(office)["city"]
    office.to_review("correction", corrections=[{"field": CITY, "value": "Newtown"}])
    _, revealed = card.reveal(office.svc, office.link("review", "ruth.calderwood"))
    assert revealed.changes == [("Town", old, "Newtown")]


def test_a_role_sees_only_its_own_fields_and_that_it_looked_is_kept(office: Office) -> None:
    request = office.to_review("correction", corrections=[{"field": CITY, "value": "Newtown"}])
    _, revealed = card.reveal(office.svc, office.link("review", "dora.pennyfeather"))
    assert revealed.changes == [("Town", "not for your role", "not for your role")]
    assert office.customers[0]["email"] not in str(revealed)
    assert [e.by for e in office.svc.store.events(request.reference) if e.what == "viewed"] == ["staff:dora"]


def test_a_correction_that_several_records_could_mean_is_not_guessed(office: Office) -> None:
    paths = office.svc.business.datamap.correctable()
    by_email = office.customers[0]["email"]
    mine = account(office)["id"]
    for path in paths:
        _, collection, field = path.split(".")
        rows = [
            r
            for name, table in office.tables.items()
            for r in table
            if name.endswith(f".{collection}") and (r.get("account_id") == mine or r.get("email") == by_email)
        ]
        if len({str(r.get(field)) for r in rows}) > 1:
            break
    else:
        pytest.skip("nobody has two records of one correctable kind")
    request = office.to_review("correction", corrections=[{"field": path, "value": "Rex"}])
    shown = card.card(office.svc, office.link("review"))
    assert shown.why_not
    assert "approve" not in shown.may
    assert office.now(request).status is Status.IN_REVIEW


@pytest.mark.parametrize(
    ("field", "value", "about"),
    [
        ("shop.accounts.password_hash", "x", "field"),
        ("nonsense", "x", "field"),
        (CITY, "", "value"),
        (CITY, "x" * 500, "value"),
        ("shop.accounts.email", "no address", "value"),
        ("shop.accounts.phone", "12", "value"),
    ],
)
def test_a_correction_is_checked_as_the_source_would(office: Office, field: str, value: str, about: str) -> None:
    with pytest.raises(InvalidRequest) as fault:
        office.file("correction", corrections=[{"field": field, "value": value}])
    assert about in fault.value.fields


def test_deletion_erases_keeps_what_must_stay_and_says_so(office: Office) -> None:
    email = office.customers[0]["email"]
    orders = [o for o in office.tables["shop.orders"] if o["email"] == email]
    request = office.to_review("deletion")
    office.decide(request, "approve")
    assert office.carry_out(request).status is Status.FULFILLED
    assert not [a for a in office.tables["shop.accounts"] if a["email"] == email]
    kept = [o for o in office.tables["shop.orders"] if o["id"] in {x["id"] for x in orders}]
    assert kept
    told = office.text(office.mails(email)[0])
    assert "tax" in told
    assert any(str(year) in told for year in range(2026, 2035))


def test_the_disclosure_is_the_preceding_years_list_once_a_year(office: Office) -> None:
    first = office.to_review("california_disclosure")
    office.gather(first) if first.status is Status.GATHERING else None
    second = office.file("california_disclosure")
    assert first.status in (Status.IN_REVIEW, Status.VERIFYING)
    assert second.regime == "us-ca-shine-the-light"


def test_an_opt_out_is_carried_out_in_the_businesss_own_data(office: Office) -> None:
    request = office.file("opt_out", stop=["email"])
    done = office.carry_out(request)
    assert done.status is Status.FULFILLED
    assert account(office)["offers_by_email"] in (False, "false")


@pytest.mark.parametrize("stop", [[], ["nonsense"], ["kind:orders"]])
def test_what_cannot_be_stopped_is_said(office: Office, stop: list[str]) -> None:
    with pytest.raises(InvalidRequest) as fault:
        office.file("opt_out", stop=stop)
    assert "stop" in fault.value.fields


def test_a_one_click_link_stops_at_once_and_again(office: Office) -> None:
    token = one_click.mint_stop_token(office.svc.secrets.get("stop"), "ada@example.com", ["email"])
    assert one_click.stop_page(office.svc, token) == ("email",)
    hashed = office.svc.hash(Identifier.of("email", "ada@example.com"))
    assert not office.svc.store.suppressions(hashed)
    for _ in range(2):
        assert one_click.stop_by_token(office.svc, token) == ("email",)
    assert len(office.svc.store.suppressions(hashed)) == 1
    assert len(office.workflow.started) == 1
    assert b"ada@" not in base64.urlsafe_b64decode(token), "nobody can be read in the link"


def test_an_end_of_sharing_is_told_to_those_it_was_shared_with(office: Office) -> None:
    tells = [id for id, r in office.svc.business.sharing.recipients.items() if Right.OPT_OUT in r.tell]
    quiet = office.file("opt_out", stop=["email"])
    office.carry_out(quiet)
    assert recipients.concerned(office.svc, quiet) == []
    request = office.file("opt_out", stop=["sharing"])
    office.carry_out(request)
    assert set(recipients.concerned(office.svc, request)) <= set(tells)


def test_a_recipient_sees_whom_only_on_the_page_and_confirms_once(office: Office) -> None:
    request = office.to_review("deletion")
    office.decide(request, "approve")
    office.carry_out(request)
    token = office.link("task")
    mail = next(m for m in office.mails() if f"/task/{token}" in office.text(m))
    assert office.customers[0]["email"] not in office.text(mail)
    _, whom = recipients.reveal_task(office.svc, token)
    assert whom.email == office.customers[0]["email"]
    assert whom.details is None
    for _ in range(2):
        assert recipients.confirm(office.svc, token, "done").confirmed
    events = [e.what for e in office.svc.store.events(request.reference)]
    assert events.count("confirmed_by_recipient") == 1


def test_a_concern_is_answered_in_staffs_words(office: Office) -> None:
    request = office.to_review("concern", details="Why do you keep my address?")
    office.decide(request, "approve", explanation="Because of your invoices.")
    answering.send_answer(office.svc, request.reference)
    assert "Because of your invoices." in office.text(office.mails(office.customers[0]["email"])[0])


def signed_in(office: Office, **more: object) -> str:
    now = int(office.clock.now().timestamp())
    claims = {"email": office.customers[0]["email"], "aud": "jeffers", "auth_time": now, "exp": now + 600, **more}
    return jwt.encode(claims, office.svc.secrets.get("member"), algorithm="HS256")


def test_a_member_signed_in_lately_needs_no_further_proof(office: Office) -> None:
    typed = Personal(email=office.customers[0]["email"], residence="US-CA")
    request = intake.file_request(office.svc, Right.ACCESS, typed, member_token=signed_in(office))
    assert request.channel is Channel.MEMBER_PAGE
    office.gather(request)
    office.ask_staff(request)
    assert office.now(request).status is Status.IN_REVIEW
    assert office.now(request).proof.suffices


@pytest.mark.parametrize(
    "claims",
    [{"aud": "microkitten"}, {"email": "other@example.com"}, {"auth_time": 1}, {"exp": 1}, {"auth_time": "soon"}],
)
def test_a_sign_in_that_vouches_for_somebody_else_or_long_ago_is_refused(
    office: Office, claims: dict[str, object]
) -> None:
    typed = Personal(email=office.customers[0]["email"])
    with pytest.raises(InvalidRequest):
        intake.file_request(office.svc, Right.ACCESS, typed, member_token=signed_in(office, **claims))
    with pytest.raises(InvalidRequest):
        intake.file_request(office.svc, Right.ACCESS, typed, member_token="not.a.token")


def session(office: Office) -> str:
    errands.leave(office.svc, Errand.SIGN_IN, "ruth.calderwood@example.com")
    return staffroom.sign_in(office.svc, office.link("staff/sign-in"))


def test_staff_file_for_a_caller_with_the_day_of_the_call_as_receipt(office: Office) -> None:
    called = (office.clock.now() - timedelta(days=3)).date()
    request = staffroom.file_for(
        office.svc, session(office), Right.ACCESS, Personal(email=office.customers[0]["email"]),
        channel=Channel.PHONE, received_on=called,
    )  # fmt: skip
    assert request.received_at.date() == called
    assert request.entered_at == office.clock.now()
    assert request.channel is Channel.PHONE


@pytest.mark.parametrize("on", [date(2030, 1, 1), date(2020, 1, 1)])
def test_a_day_of_receipt_in_the_future_or_long_past_is_refused(office: Office, on: date) -> None:
    with pytest.raises(InvalidRequest) as fault:
        staffroom.file_for(
            office.svc,
            session(office),
            Right.ACCESS,
            Personal(email="a@example.com"),
            channel=Channel.POST,
            received_on=on,
        )
    assert "received_on" in fault.value.fields


def test_a_sign_in_link_works_once(office: Office) -> None:
    session(office)
    with pytest.raises(LinkExpired):
        staffroom.sign_in(office.svc, office.link("staff/sign-in"))


def test_who_is_no_staff_gets_no_sign_in(office: Office) -> None:
    errands.leave(office.svc, Errand.SIGN_IN, office.customers[0]["email"])
    assert not office.mails()


def test_a_parent_reaches_the_childs_records_and_no_others(office: Office) -> None:
    clubs = [
        (source, name)
        for source, s in office.svc.business.datamap.sources.items()
        for name, c in s.collections.items()
        if c.whose == "child"
    ]
    assert clubs
    request = office.to_review("concern", details="x")
    as_parent = request.model_copy(update={"relationship": Relationship.PARENT})
    personal = office.svc.open(request)
    for source in office.svc.sources:
        reached = card.gathering.reach(office.svc, as_parent, personal, source)
        assert all((source, r.collection) in clubs for r in reached)


def test_a_deletion_that_finds_nothing_stops_mails_all_the_same(office: Office) -> None:
    """Where the business's deletion means no contact ever again, that holds for who was never on file, too."""
    business = office.svc.business
    terms = business.rights[Right.DELETION].model_copy(update={"stops": ("email",)})
    svc = replace(
        office.svc, business=business.model_copy(update={"rights": {**business.rights, Right.DELETION: terms}})
    )
    office.svc = svc
    stranger = {"email": "stranger@example.com", "residence": "US-OR", "answers": {"postcode": "1"}}
    request = office.file("deletion", stranger)
    office.prove(request, stranger)
    office.gather(request)
    office.ask_staff(request)
    hashed = svc.hash(Identifier.of("email", "stranger@example.com"))
    assert [s.scope for s in svc.store.suppressions(hashed)] == ["email"]


def test_a_link_in_an_old_mail_stops_what_can_still_be_stopped(office: Office) -> None:
    key = office.svc.secrets.get("stop")
    token = one_click.mint_stop_token(key, "ada@example.com", ["a scope of long ago", "email"])
    assert one_click.stop_by_token(office.svc, token) == ("email",)


def test_an_animal_that_died_is_seen_to_by_a_person_and_named_in_no_mail(office: Office) -> None:
    """It is not said to be done by a machine that cannot do it (rule 8)."""
    request = office.file("opt_out", pet="Waldemar")
    assert office.carry_out(request).status is Status.FULFILLED
    asked = [m for m in office.mails() if "animal has died" in str(m["Subject"])]
    assert asked
    assert "Waldemar" not in "".join(office.text(m) for m in office.mails())
    _, revealed = card.reveal(office.svc, office.link("review"))
    assert revealed.personal.pet == "Waldemar"


def test_a_flood_of_opt_outs_does_not_shut_the_victims_other_rights(office: Office) -> None:
    for _ in range(unproven.UNPROVEN_A_DAY + 1):
        office.file("opt_out", stop=["email"])
    assert office.ask_for_proof(office.file("access"))
