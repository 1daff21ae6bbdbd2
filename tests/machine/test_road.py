"""Every path of the road, on the real engine's stand-in, with waits of one second."""

from __future__ import annotations

import pytest

from chalicelib import errors

from .conftest import SILENT, Road

GATHER = ["gather_source", "gather_source"]
CARRY_OUT = ["fulfil_source", "fulfil_source", "tell_recipients", "send_answer"]


def test_a_request_goes_from_proof_to_answer(road: Road) -> None:
    """Proof, every source gathered, staff's yes, carried out in every source, recipients told, answered."""
    assert road.walk() == ["ask_for_proof", *GATHER, "ask_staff", *CARRY_OUT]
    assert sorted(road.told("gather_source", "source")) == ["news", "shop"]
    assert road.told("ask_for_proof", "reminder") == [False]


def test_the_history_holds_nothing_that_steps_answer(road: Road) -> None:
    """What a step answers is dropped: only the way to go on stays."""
    road.script["gather_source"] = [{"email": "someone@example.com"}] * 2
    assert set(road.end(road.begin())) == {"request_id", "start", "sources", "waits", "decided"}


@pytest.mark.parametrize(
    ("start", "steps"),
    [("gather", [*GATHER, "ask_staff", *CARRY_OUT]), ("fulfil", CARRY_OUT)],
)
def test_a_road_begins_where_intake_says(road: Road, start: str, steps: list[str]) -> None:
    assert road.walk(start=start) == steps


def test_a_business_without_sources_has_a_road_too(road: Road) -> None:
    assert road.walk(sources=()) == ["ask_for_proof", "ask_staff", "tell_recipients", "send_answer"]


@pytest.mark.parametrize("step", ["gather_source", "fulfil_source", "send_answer"])
def test_a_step_whose_time_is_over_is_called_again_until_it_has_read_all(road: Road, step: str) -> None:
    """What is not finished in one Lambda's time is gone on with: no failure, nobody is asked to look."""
    road.script[step] = [errors.MoreToDo("R-0000-0001"), errors.MoreToDo("R-0000-0001")]
    steps = road.walk(start="gather", sources=("shop",))
    assert steps.count(step) == 3
    assert [s for i, s in enumerate(steps) if s not in steps[:i]] == [
        "gather_source", "ask_staff", "fulfil_source", "tell_recipients", "send_answer",
    ]  # fmt: skip


def test_silence_is_reminded_and_a_late_proof_counts(road: Road) -> None:
    road.script["ask_for_proof"] = [SILENT]
    assert road.walk()[:3] == ["ask_for_proof", "ask_for_proof", "gather_source"]
    assert road.told("ask_for_proof", "reminder") == [False, True]


def test_silence_after_the_reminder_lapses(road: Road) -> None:
    road.script["ask_for_proof"] = [SILENT, SILENT]
    assert road.walk() == ["ask_for_proof", "ask_for_proof", "lapse"]


def test_a_proof_in_the_instant_of_the_lapse_wins(road: Road) -> None:
    road.script |= {"ask_for_proof": [SILENT, SILENT], "lapse": [errors.TransitionNotAllowed("R-0000-0001")]}
    assert road.walk()[2:] == ["lapse", *GATHER, "ask_staff", *CARRY_OUT]


def test_staff_are_reminded_then_the_lead_until_somebody_decides(road: Road) -> None:
    road.script["ask_staff"] = [SILENT] * 4
    road.walk(start="gather")
    assert road.told("ask_staff", "reminder") == [0, 1, 2, 2, 2]


def test_staff_ask_and_the_customer_replies(road: Road) -> None:
    road.script["ask_staff"] = [{"next": "ask"}]
    assert road.walk(start="gather") == [*GATHER, "ask_staff", "ask_customer", "ask_staff", *CARRY_OUT]


def test_staff_decide_without_a_reply_that_never_comes(road: Road) -> None:
    road.script |= {"ask_staff": [{"next": "ask"}], "ask_customer": [SILENT]}
    assert road.walk(start="gather")[2:6] == ["ask_staff", "ask_customer", "lapse_reply", "ask_staff"]


def test_a_deletion_waits_out_the_undo_window(road: Road) -> None:
    road.script["ask_staff"] = [{"next": "undo"}]
    assert road.walk(start="gather")[2:] == ["ask_staff", "offer_undo", "begin_fulfilment", *CARRY_OUT]


def test_what_is_undone_in_the_window_is_not_carried_out(road: Road) -> None:
    road.script |= {"ask_staff": [{"next": "undo"}], "begin_fulfilment": [errors.RequestClosed("R-0000-0001")]}
    assert road.walk(start="gather")[2:] == ["ask_staff", "offer_undo", "begin_fulfilment"]


def test_a_refusal_is_answered_and_nothing_carried_out(road: Road) -> None:
    road.script["ask_staff"] = [{"next": "answer"}]
    assert road.walk(start="gather")[2:] == ["ask_staff", "send_answer"]


def test_staff_may_send_it_back_to_proof(road: Road) -> None:
    road.script["ask_staff"] = [{"next": "proof"}]
    assert road.walk(start="gather")[2:5] == ["ask_staff", "ask_for_proof", "gather_source"]


@pytest.mark.parametrize(
    ("where", "first"),
    [
        ("proof", "ask_for_proof"),
        ("gather", "gather_source"),
        ("staff", "ask_staff"),
        ("ask", "ask_customer"),
        ("undo", "offer_undo"),
        ("fulfil", "fulfil_source"),
        ("answer", "send_answer"),
    ],
)
def test_a_fault_waits_for_staff_and_goes_on_where_they_say(road: Road, where: str, first: str) -> None:
    """Only the error's class name travels."""
    road.script |= {"tell_recipients": [ValueError("someone@example.com")], "need_attention": [{"next": where}]}
    steps = road.walk(start="fulfil")
    assert steps[2:5] == ["tell_recipients", "need_attention", first]
    assert road.told("need_attention", "error") == ["ValueError"]


def test_attention_that_nobody_pays_is_asked_for_again(road: Road) -> None:
    road.script |= {"send_answer": [errors.MailUncertain()], "need_attention": [SILENT, {"next": "answer"}]}
    assert road.walk(start="fulfil")[-3:] == ["need_attention", "need_attention", "send_answer"]


def test_even_a_failing_cry_for_attention_is_not_the_end(road: Road) -> None:
    road.script |= {"send_answer": [errors.MailUncertain()], "need_attention": [ValueError(), {"next": "answer"}]}
    assert road.walk(start="fulfil")[-3:] == ["need_attention", "need_attention", "send_answer"]


def test_an_unknown_next_step_goes_to_staff(road: Road) -> None:
    """Old executions meet new functions: nothing dead-ends."""
    road.script |= {"ask_staff": [{"next": "somewhere"}], "need_attention": [{"next": "answer"}]}
    assert road.walk(start="gather")[2:] == ["ask_staff", "need_attention", "send_answer"]


def test_a_source_that_fails_stops_no_other(road: Road) -> None:
    road.script["gather_source"] = [errors.SourceMisread("shop")]
    steps = road.walk(start="gather")
    assert sorted(steps[:3]) == ["gather_source", "gather_source", "note_failed_source"]
    assert steps[3:] == ["ask_staff", *CARRY_OUT]
    assert road.told("note_failed_source", "error") == ["SourceMisread"]


def test_a_source_left_undone_stops_no_other(road: Road) -> None:
    road.script["fulfil_source"] = [errors.SourceMisread("shop")]
    steps = road.walk(start="fulfil")
    assert sorted(steps[:3]) == ["fulfil_source", "fulfil_source", "note_unfulfilled_source"]
    assert steps[3:] == ["tell_recipients", "send_answer"]


def test_a_source_that_is_down_for_a_moment_is_tried_again(road: Road) -> None:
    road.script["gather_source"] = [errors.SourceUnavailable("shop")]
    assert road.walk(start="gather")[:3] == ["gather_source"] * 3


def test_drift_goes_back_to_gather(road: Road) -> None:
    """What staff approved is no longer what is there: they see it again."""
    road.script["send_answer"] = [errors.PlanDrifted("R-0000-0001")]
    assert road.walk(start="fulfil") == [*CARRY_OUT, *GATHER, "ask_staff", *CARRY_OUT]


def test_a_wait_ends_when_the_request_is_withdrawn(road: Road) -> None:
    road.script["ask_for_proof"] = [SILENT]
    execution = road.begin()
    road.client.send_task_failure(taskToken=road.until(1), error="RequestClosed")
    road.end(execution)
    assert road.steps() == ["ask_for_proof"]


@pytest.mark.parametrize("step", ["gather_source", "ask_staff", "fulfil_source", "tell_recipients", "send_answer"])
def test_a_step_that_finds_the_request_closed_ends_the_road(road: Road, step: str) -> None:
    """A source's note, too, refuses a closed request, which ends the gathering."""
    closed = errors.RequestClosed("R-0000-0001")
    road.script |= {step: [closed] * 2, "note_failed_source": [closed] * 2, "note_unfulfilled_source": [closed] * 2}
    assert "need_attention" not in road.walk(start="gather")


def test_that_was_not_me_brings_it_to_staff_who_refuse_it(road: Road) -> None:
    road.script["ask_for_proof"], road.script["ask_staff"] = [SILENT], [{"next": "answer"}]
    execution = road.begin()
    road.client.send_task_failure(taskToken=road.until(1), error="RequestFrozen")
    road.end(execution)
    assert road.steps() == ["ask_for_proof", "ask_staff", "send_answer"]


def test_frozen_in_review_asks_staff_anew(road: Road) -> None:
    road.script["ask_staff"] = [SILENT, {"next": "answer"}]
    execution = road.begin(start="gather")
    road.client.send_task_failure(taskToken=road.until(1), error="RequestFrozen")
    road.end(execution)
    assert road.steps()[2:] == ["ask_staff", "ask_staff", "send_answer"]


def test_frozen_in_the_undo_window_is_not_carried_out(road: Road) -> None:
    road.script["ask_staff"] = [{"next": "undo"}, {"next": "answer"}]
    road.script["begin_fulfilment"] = [errors.RequestFrozen("R-0000-0001")]
    assert road.walk(start="gather")[2:] == ["ask_staff", "offer_undo", "begin_fulfilment", "ask_staff", "send_answer"]


def test_taken_back_in_the_undo_window_goes_to_staff_and_is_not_carried_out(road: Road) -> None:
    road.script["ask_staff"] = [{"next": "undo"}, {"next": "answer"}]
    road.script["begin_fulfilment"] = [errors.DecisionTakenBack("R-0000-0001")]
    assert road.walk(start="gather")[2:] == ["ask_staff", "offer_undo", "begin_fulfilment", "ask_staff", "send_answer"]


def test_taken_back_before_the_customer_hears_of_it_goes_to_staff(road: Road) -> None:
    """And approved anew, it waits out a window of its own."""
    road.script["ask_staff"] = [{"next": "undo"}, {"next": "undo"}]
    road.script["offer_undo"] = [errors.DecisionTakenBack("R-0000-0001"), {}]
    steps = ["ask_staff", "offer_undo", "ask_staff", "offer_undo", "begin_fulfilment", *CARRY_OUT]
    assert road.walk(start="gather")[2:] == steps


def test_a_hold_set_in_review_gathers_anew(road: Road) -> None:
    road.script["ask_staff"] = [{"next": "gather"}]
    assert road.walk(start="gather") == [*GATHER, "ask_staff", *GATHER, "ask_staff", *CARRY_OUT]


AWAITED = errors.SourceAwaited("letters")


@pytest.mark.parametrize(("start", "step"), [("gather", "gather_source"), ("fulfil", "fulfil_source")])
def test_a_source_that_answers_later_is_waited_for_and_then_asked_again(road: Road, start: str, step: str) -> None:
    road.script[step] = [AWAITED]
    steps = road.walk(start=start, sources=("letters",))
    assert steps[:3] == [step, "await_source", step]
    assert steps[-1] == "send_answer"
    assert road.told("await_source", "step") == [start]


def test_the_others_do_not_wait_for_it(road: Road) -> None:
    """The other source has answered while the machine still waits for one (rule 11)."""
    road.script |= {"gather_source": [AWAITED], "await_source": [SILENT, {}]}
    steps = road.walk(start="gather")
    assert steps.index("await_source") < steps.index("ask_staff")
    assert steps.count("gather_source") == 3
    assert "note_failed_source" not in steps


@pytest.mark.parametrize(
    ("start", "step", "note"),
    [("gather", "gather_source", "note_failed_source"), ("fulfil", "fulfil_source", "note_unfulfilled_source")],
)
def test_silence_is_reminded_then_the_lead_hears_then_it_is_noted(road: Road, start: str, step: str, note: str) -> None:
    road.script |= {step: [AWAITED], "await_source": [SILENT] * 3}
    steps = road.walk(start=start, sources=("letters",))
    assert steps[:5] == [step, "await_source", "await_source", "await_source", note]
    assert road.told("await_source", "reminder") == [0, 1, 2]
    assert road.told(note, "error") == ["SourceSilent"]
    assert steps[-1] == "send_answer"


def test_an_answer_after_the_reminder_counts(road: Road) -> None:
    road.script |= {"gather_source": [AWAITED], "await_source": [SILENT, {}]}
    assert road.walk(start="gather", sources=("letters",))[:4] == [
        "gather_source", "await_source", "await_source", "gather_source",
    ]  # fmt: skip


def test_a_wait_that_cannot_begin_is_noted_and_stops_nobody(road: Road) -> None:
    road.script |= {"gather_source": [AWAITED], "await_source": [errors.MailRejected("letters")]}
    steps = road.walk(start="gather", sources=("letters",))
    assert steps[:4] == ["gather_source", "await_source", "note_failed_source", "ask_staff"]


def test_withdrawn_while_a_source_is_awaited_ends_the_road(road: Road) -> None:
    closed = errors.RequestClosed("R-0000-0001")
    road.script |= {"gather_source": [AWAITED], "await_source": [SILENT], "note_failed_source": [closed]}
    execution = road.begin(start="gather", sources=("letters",))
    road.client.send_task_failure(taskToken=road.until(1), error="RequestClosed")
    road.end(execution)
    assert road.steps() == ["gather_source", "await_source", "note_failed_source"]


def test_an_errand_of_a_page_waits_until_the_page_has_answered_then_runs(road: Road) -> None:
    assert road.walk(start="errand") == ["run_errand"]
    assert road.calls[0][1] == {"errand_id": "errand-1", "errand": "links", "sealed": "c2VhbGVk"}


def test_an_errand_that_cannot_be_run_is_given_up_and_forgotten(road: Road) -> None:
    road.script["run_errand"] = [errors.MailUncertain()]
    assert road.walk(start="errand") == ["run_errand"] * 2
    assert road.told("run_errand", "errand") == ["links", "give-up"]
