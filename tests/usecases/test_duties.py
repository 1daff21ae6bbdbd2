"""Staff are reminded of their duties each quarter and at each new policy, again until they say so; of the queue too."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.businesses.model import Change, Duties, Member, Notices
from chalicelib.domain.duty import quarter_of
from chalicelib.errors import LinkError, MailUncertain
from chalicelib.services import Services
from chalicelib.usecases import announcements, digest, duties

from .conftest import Office

WEEK = timedelta(days=7)


@pytest.fixture
def svc(office: Office) -> Services:
    business = office.svc.business
    kind = next(name for name, kind in business.kinds.items() if kind.stoppable)
    change = Change(version="2027-01", summary="More.", new_use="Suggesting feed")
    policy = business.policy.model_copy(update={"changes": (change,), "notices": Notices(to=("a.b.c",), kind=kind)})
    changed = {"duties": Duties(rules=("Look only when you must.",)), "policy": policy}
    return replace(office.svc, business=business.model_copy(update=changed))


def open_of(svc: Services, member: Member) -> list[str]:
    return [s.occasion for s in duties.standings(svc) if s.member.id == member.id and s.acknowledged_at is None]


def test_one_mail_names_all_that_is_open_and_comes_again_each_week(office: Office, svc: Services) -> None:
    staff = svc.business.staff
    assert duties.remind(svc)["reminded"] == len(staff)
    assert duties.remind(svc)["reminded"] == 0
    office.clock.forward(WEEK - timedelta(hours=1))
    assert duties.remind(svc)["reminded"] == 0
    office.clock.forward(timedelta(hours=1))
    assert duties.remind(svc)["reminded"] == len(staff)
    assert str(office.mails(staff[0].email)[0]["Subject"]).startswith("Again: ")


def test_who_acknowledged_is_left_alone_until_the_next_quarter_or_policy(office: Office, svc: Services) -> None:
    [member, *others] = svc.business.staff
    duties.remind(svc)
    token = office.link("duties", member.email)
    duties.page(svc, token)
    assert len(open_of(svc, member)) == 2, "looking acknowledges nothing"
    duties.acknowledge(svc, token)
    at = duties.page(svc, token)[1][0].acknowledged_at
    office.clock.forward(WEEK)
    duties.acknowledge(svc, token)
    assert duties.page(svc, token)[1][0].acknowledged_at == at, "the first time stands"
    assert open_of(svc, member) == []
    assert duties.remind(svc)["reminded"] == len(others)

    announcements.begin(svc, "2027-01", "staff:lead")
    assert open_of(svc, member) == ["policy-2027-01"]
    assert duties.remind(svc)["reminded"] >= 1
    assert "the policy of 2027-01" in office.text(office.mails(member.email)[0])
    duties.acknowledge(svc, office.link("duties", member.email))

    office.clock.forward(timedelta(days=92))
    assert len(open_of(svc, member)) == 1
    assert open_of(svc, member)[0].partition("-Q")[1]


def test_a_link_acknowledges_what_its_mail_named_and_nothing_newer(office: Office, svc: Services) -> None:
    member = svc.business.staff[0]
    duties.remind(svc)
    token = office.link("duties", member.email)
    announcements.begin(svc, "2027-01", "staff:lead")
    duties.acknowledge(svc, token)
    assert open_of(svc, member) == ["policy-2027-01"]


def test_a_link_is_one_persons_and_a_forged_one_opens_nothing(office: Office, svc: Services) -> None:
    one, other = svc.business.staff[:2]
    duties.remind(svc)
    duties.acknowledge(svc, office.link("duties", one.email))
    assert len(open_of(svc, other)) == 2
    with pytest.raises(LinkError):
        duties.acknowledge(svc, "x" * 43)


def test_a_mail_of_which_nobody_knows_is_not_sent_again_before_its_week(office: Office, svc: Services) -> None:
    office.mailer.fault = MailUncertain("ses")
    duties.remind(svc)
    office.mailer.fault = None
    assert duties.remind(svc)["reminded"] == 0
    office.clock.forward(WEEK)
    assert duties.remind(svc)["reminded"] == len(svc.business.staff)


def test_a_business_that_names_no_duties_reminds_nobody(office: Office) -> None:
    assert duties.remind(office.svc) == {"reminded": 0, "failed": 0}


@pytest.mark.parametrize(("day", "quarter"), [(1, "2026-Q1"), (3, "2026-Q1"), (4, "2026-Q2"), (12, "2026-Q4")])
def test_quarters_are_the_calendars(day: int, quarter: str) -> None:
    assert quarter_of(datetime(2026, day, 1, tzinfo=UTC).date()) == quarter


# -- the digest -------------------------------------------------------------------------------------------------------


def test_nothing_to_do_is_no_mail(office: Office) -> None:
    before = len(office.mailer.sent)
    digest.send(office.svc)
    assert len(office.mailer.sent) == before


def test_the_digest_has_references_and_days_and_nobodys_data_once_a_day(office: Office) -> None:
    request = office.to_review("deletion")
    who = office.customers[0]
    able = [m for m in office.svc.business.staff if m in office.svc.business.deciders(request.right)]
    done = digest.send(office.svc)
    assert done["sent"] >= len(able)
    assert digest.send(office.svc)["sent"] == 0
    mail = office.mails(able[0].email)[0]
    text = office.text(mail)
    assert request.reference in text
    assert f"{office.now(request).days_left(office.svc.now())} days left" in text
    for value in (who["email"], str(who.get("name", "Nobody at all"))):
        assert value not in text + str(mail["Subject"])
    office.clock.forward(timedelta(days=1))
    assert digest.send(office.svc)["sent"] >= len(able)


def test_who_may_not_decide_it_reads_nothing_of_it(office: Office) -> None:
    request = office.to_review("deletion")
    able = [*office.svc.business.deciders(request.right), *office.svc.business.leads()]
    others = [m for m in office.svc.business.staff if m not in able]
    digest.send(office.svc)
    for member in others:
        assert not [m for m in office.mails(member.email) if request.reference in office.text(m)]


def test_a_lead_reads_who_has_not_acknowledged_after_two_reminders(office: Office, svc: Services) -> None:
    duties.remind(svc)
    office.clock.forward(WEEK)
    before = len(office.mailer.sent)
    digest.send(svc)
    assert len(office.mailer.sent) == before
    duties.remind(svc)
    digest.send(svc)
    lead = svc.business.leads()[0]
    assert f"{len(svc.business.staff)} of the staff have not confirmed" in office.text(office.mails(lead.email)[0])
