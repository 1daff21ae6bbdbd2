"""Every trigger on one page: the web, then each step of the road in the order a request takes it.

An entry point parses, calls one use case, answers. The road's order, waits and retries are in
chalicelib/workflow/request.asl.json. HTTP routes live in blueprints; Lambdas must not, for then they would not
import this module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalice.app import Chalice, CloudWatchEvent, Cron, Rate

from chalicelib.bootstrap import canary_mails, services, visitor
from chalicelib.usecases import (
    announcements,
    answering,
    attention,
    awaiting,
    canary,
    chasing,
    digest,
    duties,
    errands,
    feedback,
    fulfilment,
    gathering,
    inbound,
    metrics,
    recipients,
    review,
    staying_gone,
    upkeep,
    verification,
    watching,
)
from chalicelib.web import api, consent, customer, inbox, ledger, staff, suppressions, uploads
from chalicelib.web import duties as duties_pages
from chalicelib.web import metrics as metrics_pages
from chalicelib.web import recipients as recipients_pages

app = Chalice(app_name="rightsdesk")
app.api.binary_types.append(uploads.MULTIPART)  # else API Gateway would spoil the files of a form
app.register_blueprint(customer.customer)
app.register_blueprint(consent.consent)
app.register_blueprint(staff.staff)
app.register_blueprint(inbox.inbox)
app.register_blueprint(metrics_pages.metrics)
app.register_blueprint(duties_pages.duties)
app.register_blueprint(ledger.ledger)
app.register_blueprint(suppressions.suppressions)
app.register_blueprint(recipients_pages.tasks)
app.register_blueprint(api.api)

Event = dict[str, Any]


MARGIN_MS = 40_000
"""Time that one page more may take, and noting how far a step came; what is left after it is for the next call."""


def in_time(context: Any) -> Callable[[], bool]:
    """Whether this Lambda may begin on another page, by its own clock."""
    return lambda: context.get_remaining_time_in_millis() > MARGIN_MS


@app.lambda_function()
def ask_for_proof(event: Event, context: object) -> None:
    verification.ask_for_proof(services(), event["request_id"], event["task_token"], reminder=event["reminder"])


@app.lambda_function()
def lapse(event: Event, context: object) -> None:
    verification.lapse(services(), event["request_id"])


@app.lambda_function()
def gather_source(event: Event, context: object) -> Any:
    return gathering.gather_source(services(), event["request_id"], event["source"], in_time(context))


@app.lambda_function()
def note_failed_source(event: Event, context: object) -> Any:
    return gathering.note_failed_source(services(), event["request_id"], event["source"], event["error"])


@app.lambda_function()
def await_source(event: Event, context: object) -> None:
    source, step, token = event["source"], event["step"], event["task_token"]
    awaiting.await_source(services(), event["request_id"], source, step, token, reminder=event["reminder"])


@app.lambda_function()
def ask_staff(event: Event, context: object) -> None:
    review.ask_staff(services(), event["request_id"], event["task_token"], reminder=event["reminder"])


@app.lambda_function()
def ask_customer(event: Event, context: object) -> None:
    review.ask_customer(services(), event["request_id"], event["task_token"])


@app.lambda_function()
def lapse_reply(event: Event, context: object) -> None:
    review.no_reply(services(), event["request_id"])


@app.lambda_function()
def offer_undo(event: Event, context: object) -> None:
    fulfilment.offer_undo(services(), event["request_id"])


@app.lambda_function()
def begin_fulfilment(event: Event, context: object) -> None:
    fulfilment.begin(services(), event["request_id"])


@app.lambda_function()
def fulfil_source(event: Event, context: object) -> Any:
    return fulfilment.fulfil_source(services(), event["request_id"], event["source"], in_time(context))


@app.lambda_function()
def note_unfulfilled_source(event: Event, context: object) -> Any:
    return fulfilment.note_unfulfilled_source(services(), event["request_id"], event["source"], event["error"])


@app.lambda_function()
def tell_recipients(event: Event, context: object) -> None:
    recipients.tell(services(), event["request_id"])


@app.lambda_function()
def send_answer(event: Event, context: object) -> None:
    answering.send_answer(services(), event["request_id"], in_time(context))


@app.lambda_function()
def need_attention(event: Event, context: object) -> None:
    attention.need_attention(services(), event["request_id"], event["task_token"], event["error"])


@app.lambda_function()
def run_errand(event: Event, context: object) -> None:
    errands.run(services(), event["errand_id"], event["errand"], event["sealed"])


@app.lambda_function()
def receive_mail(event: Event, context: object) -> list[str]:
    return inbound.receive(services(), event)


@app.lambda_function()
def note_mail_feedback(event: Event, context: object) -> list[str]:
    return feedback.receive(services(), event)


@app.lambda_function()
def receive_canary_mail(event: Event, context: object) -> list[str]:
    return canary.receive(services(), visitor(), canary_mails(), event)


@app.schedule(Rate(6, unit=Rate.HOURS), description="A synthetic customer tries the whole road")
def walk_canary(event: CloudWatchEvent) -> str:
    return canary.begin(services(), visitor())


@app.schedule(Rate(1, unit=Rate.HOURS), description="Takes up what was lost between a write and a signal")
def take_up_the_lost(event: CloudWatchEvent) -> Any:
    return {**attention.sweep(services()), **watching.look(services()), "canary": canary.look(services())}


@app.schedule(Rate(1, unit=Rate.DAYS), description="Asks recipients who have not confirmed, and tells staff of them")
def chase_recipients(event: CloudWatchEvent) -> Any:
    return chasing.chase(services())


@app.schedule(Rate(1, unit=Rate.DAYS), description="Settles and purges requests that ended long enough ago")
def purge_what_is_due(event: CloudWatchEvent) -> Any:
    return upkeep.purge_due(services())


@app.schedule(
    Rate(1, unit=Rate.HOURS), description="Deletes what need not be kept any longer, looks for what came back"
)
def keep_what_is_gone(event: CloudWatchEvent) -> Any:
    return staying_gone.keep_up(services())


@app.schedule(Rate(1, unit=Rate.DAYS), description="Counts the years that can still change, for the metrics page")
def count_metrics(event: CloudWatchEvent) -> Any:
    return metrics.count_open_years(services())


@app.schedule(Rate(15, unit=Rate.MINUTES), description="Goes on with announcing a change of the policy, if one is")
def announce_policy_change(event: CloudWatchEvent) -> Any:
    context: Any = event.context
    return announcements.go_on(services(), in_time(context))


@app.schedule(Rate(1, unit=Rate.DAYS), description="Reminds staff of their privacy duties, quarterly and anew")
def remind_of_duties(event: CloudWatchEvent) -> Any:
    return duties.remind(services())


@app.schedule(Cron(0, 13, "?", "*", "MON-FRI", "*"), description="Mails each of the staff what waits for them")
def send_digest(event: CloudWatchEvent) -> Any:
    return digest.send(services())
