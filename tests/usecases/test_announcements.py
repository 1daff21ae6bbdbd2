"""A change of the policy is told to everybody once: over crashes, throttling, two runs, and lists that overlap."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryMailer
from chalicelib.businesses.model import Business, Change, Notices
from chalicelib.domain.identity import Identifier
from chalicelib.domain.request import Personal
from chalicelib.errors import InvalidRequest, MailRejected, MailUncertain, ServiceUnavailable
from chalicelib.services import Services
from chalicelib.usecases import announcements, one_click, suppression
from chalicelib.usecases.announcements import Pace

from .conftest import Office

CHANGE = Change(version="2027-01", summary="More.", new_use="Suggesting feed", stops_with=("sharing",))
LIST = "shop.members.email"


class Clocked:
    """Seconds that pass only by pausing."""

    def __init__(self) -> None:
        self.now = 0.0

    def pace(self, a_second: float = 1000) -> Pace:
        return Pace(1 / a_second, pause=self.pause, timer=lambda: self.now)

    def pause(self, seconds: float) -> None:
        self.now += seconds


def path_of_everybody(business: Business) -> str:
    return next(
        f"{s}.{c}.{f}" for s, source in business.datamap.sources.items() for c, col in source.collections.items()
        for f, field in col.fields.items() if field.identifier == "email" and source.kind == "sql"
    )  # fmt: skip


@pytest.fixture
def svc(office: Office) -> Services:
    business = office.svc.business
    kind = next(name for name, kind in business.kinds.items() if kind.stoppable)
    place = path_of_everybody(business)
    notices = Notices(to=(place, place), kind=kind)
    policy = business.policy.model_copy(update={"notices": notices, "changes": (CHANGE,)})
    return replace(office.svc, business=business.model_copy(update={"policy": policy}))


def addresses(office: Office, svc: Services) -> list[str]:
    source, collection, field = path_of_everybody(svc.business).split(".")
    mapped = svc.business.datamap.sources[source]
    rows = office.tables[f"{mapped.where}.{mapped.collections[collection].table or collection}"]
    return sorted({str(row[field]).lower() for row in rows if row[field] and "@" in str(row[field])})


def reached(office: Office) -> list[str]:
    told = [m for m in office.mails() if "privacy policy changes" in str(m["Subject"])]
    return sorted(str(m["To"]).lower() for m in told)


def run(svc: Services, **how: Any) -> dict[str, int]:
    return announcements.go_on(svc, **{"pace": Clocked().pace(), **how})


def until_done(office: Office, svc: Services, tries: int = 50) -> Counter[str]:
    done = Counter[str]()
    for _ in range(tries):
        done.update(run(svc))
        if announcements.all_of(svc)[0][1].finished_at:  # type: ignore[union-attr]
            return done
        office.clock.forward(announcements.WINDOW)
    raise AssertionError("never done")


def test_everybody_is_told_once_though_two_lists_name_them(office: Office, svc: Services) -> None:
    announcements.begin(svc, "2027-01", "staff:lead")
    run(svc)
    [(_, one)] = announcements.all_of(svc)
    assert one is not None
    assert one.finished_at
    assert reached(office) == addresses(office, svc)
    assert one.counts["again"] >= one.counts["sent"] == len(reached(office))
    assert one.takes_effect - one.begun_at.astimezone(svc.business.zone).date() == timedelta(days=30)


def test_nothing_leaves_before_it_is_announced_and_a_rehearsal_sends_nothing(office: Office, svc: Services) -> None:
    before = len(office.mailer.sent)
    rehearsed = announcements.rehearse(svc, "2027-01")
    assert run(svc) == {}
    assert len(office.mailer.sent) == before
    announcements.begin(svc, "2027-01", "staff:lead")
    assert run(svc) == dict(rehearsed)


def test_a_change_nobody_planned_is_refused(svc: Services) -> None:
    for act in (announcements.rehearse, lambda svc, version: announcements.begin(svc, version, "x")):
        with pytest.raises(InvalidRequest):
            act(svc, "2031-01")


def test_the_suppressed_and_the_deleted_are_left_alone(office: Office, svc: Services) -> None:
    quiet, gone, declined, *others = addresses(office, svc)
    kind = svc.business.policy.notices.kind  # type: ignore[union-attr]
    for email, scope in ((quiet, f"kind:{kind}"), (gone, suppression.EVERYTHING), (declined, "policy:2027-01")):
        suppression.suppress(svc, [Identifier.of("email", email.upper())], [scope])
    announcements.begin(svc, "2027-01", "staff:lead")
    run(svc)
    assert reached(office) == others


@pytest.mark.parametrize("every", [1, 50, 101])
def test_cut_short_anywhere_it_goes_on_and_nobody_is_told_twice(office: Office, svc: Services, every: int) -> None:
    announcements.begin(svc, "2027-01", "staff:lead")
    for _ in range(3):
        left = iter(range(every))
        run(svc, in_time=lambda left=left: next(left, None) is not None)
        office.clock.forward(announcements.WINDOW)
    until_done(office, svc)
    assert reached(office) == addresses(office, svc)
    [(_, one)] = announcements.all_of(svc)
    assert one is not None
    assert one.counts["sent"] == len(addresses(office, svc)), "what was cut short in order is counted right"


class Dies(MemoryMailer):
    """Takes some mails; then whoever sends dies, before or after the mail has left."""

    def __init__(self, takes: int, *, leaves: bool) -> None:
        super().__init__()
        self.takes, self.leaves = takes, leaves

    def send(self, *, sender: str, to: str, message: bytes) -> str:
        if self.takes == 0:
            self.takes = -1
            if self.leaves:
                super().send(sender=sender, to=to, message=message)
            raise KeyboardInterrupt
        self.takes -= 1
        return super().send(sender=sender, to=to, message=message)


@pytest.mark.parametrize("leaves", [True, False])
def test_a_crash_in_the_middle_of_a_page_tells_nobody_twice(office: Office, svc: Services, leaves: bool) -> None:
    mailer = Dies(42, leaves=leaves)
    crashing = replace(svc, mailer=mailer)
    announcements.begin(svc, "2027-01", "staff:lead")
    with pytest.raises(KeyboardInterrupt):
        run(crashing)
    office.clock.forward(announcements.WINDOW)
    done = until_done(office, svc)
    told = sorted([s.to.lower() for s in mailer.sent] + reached(office))
    assert len(told) == len(set(told)), "nobody twice"
    assert done["unsure"] == 2, "one nobody knows of, named by both lists: not sent again, and said so"
    assert len(set(addresses(office, svc)) - set(told)) == (0 if leaves else 1)


def test_it_keeps_to_the_rate(office: Office, svc: Services) -> None:
    clocked = Clocked()
    announcements.begin(svc, "2027-01", "staff:lead")
    run(svc, pace=clocked.pace(10))
    assert clocked.now >= (len(addresses(office, svc)) - 1) / 10


def test_when_the_mail_service_wants_less_it_waits_then_leaves_the_rest_to_the_next_run(
    office: Office, svc: Services
) -> None:
    clocked = Clocked()
    announcements.begin(svc, "2027-01", "staff:lead")
    office.mailer.fault = ServiceUnavailable("ses Throttling")
    assert run(svc, pace=clocked.pace()) == {}
    assert clocked.now >= sum(announcements.PATIENCE)
    office.mailer.fault = None
    assert run(svc) == {}, "the window has been used"
    office.clock.forward(announcements.WINDOW)
    until_done(office, svc)
    assert reached(office) == addresses(office, svc)


@pytest.mark.parametrize(("fault", "counted"), [(MailRejected("ses"), "refused"), (MailUncertain("ses"), "unsure")])
def test_an_address_that_fails_stops_nobody_elses(
    office: Office, svc: Services, fault: Exception, counted: str
) -> None:
    announcements.begin(svc, "2027-01", "staff:lead")
    office.mailer.fault = fault
    assert run(svc)[counted] > 0
    assert reached(office) == []
    [(_, one)] = announcements.all_of(svc)
    assert one is not None
    assert one.finished_at


def test_of_two_runs_at_once_one_sends(office: Office, svc: Services) -> None:
    announcements.begin(svc, "2027-01", "staff:lead")
    within = []
    run(svc, heard=lambda _: within.append(run(svc)))
    assert within
    assert not any(within), "the other finds the window taken"
    assert reached(office) == addresses(office, svc)


def test_announced_twice_it_stands_as_it_was_first(office: Office, svc: Services) -> None:
    first = announcements.begin(svc, "2027-01", "staff:lead")
    office.clock.forward(timedelta(days=3))
    assert announcements.begin(svc, "2027-01", "engineer") == first


def test_declining_by_the_link_is_recorded_for_this_version_and_asks_nothing(office: Office, svc: Services) -> None:
    announcements.begin(svc, "2027-01", "staff:lead")
    run(svc)
    mail = office.mails()[0]
    who = Identifier.of("email", str(mail["To"]))
    token = office.text(mail).partition("/stop/")[2].split()[0]
    assert one_click.stop_page(svc, token) == ("policy:2027-01",)
    assert suppression.standing(svc, who) == set()
    one_click.stop_by_token(svc, token)
    one_click.stop_by_token(svc, token)
    assert suppression.standing(svc, who) == {"policy:2027-01"}
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_what_is_stored_of_it_names_nobody(office: Office, svc: Services) -> None:
    announcements.begin(svc, "2027-01", "staff:lead")
    left = iter(range(30))
    run(svc, in_time=lambda: next(left, None) is not None)
    store: Any = svc.store
    stored = repr((store._announcements, store._mails, store._counts))
    assert "@example.com" not in stored
    assert store._announcements["2027-01"].after, "how far it came lies sealed"


def test_a_form_may_decline_it_too(svc: Services) -> None:
    from chalicelib.usecases import intake

    typed = Personal(email="kim@example.com", stop=["policy:2027-01"])
    intake.file_request(svc, intake.Right.OPT_OUT, typed)
    assert suppression.standing(svc, Identifier.of("email", "kim@example.com")) == {"policy:2027-01"}
