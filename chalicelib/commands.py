"""What the engineer does by command line: `python -m chalicelib.commands --help`.

Needs the settings of a stage in the environment, and AWS credentials. Rule 7: nothing personal is printed, unless
`show --reveal`, which is audited. Leaves to others: every rule (usecases).
Click is not shipped, and nothing that ships imports this.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from typing import Any

import click

from chalicelib.bootstrap import services
from chalicelib.domain.audit import Event
from chalicelib.errors import RightsdeskError
from chalicelib.usecases import attention, metrics, records, upkeep

ENGINEER = "engineer"
"""Who looked, in the audit trail: AWS credentials say no more."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Look after the requests of one stage."""


@contextmanager
def _told() -> Iterator[None]:
    """An error of ours as one line, without a trace."""
    try:
        yield
    except RightsdeskError as error:
        raise click.ClickException(f"{type(error).__name__}: {error}") from None


def _say(what: Any) -> None:
    click.echo(json.dumps(what, indent=1, default=str, ensure_ascii=False))


@commands.command("list")
@click.option("--closed", is_flag=True, help="Those that ended and are not purged yet, instead of the open ones.")
def list_(closed: bool) -> None:
    """The requests, due first: one line each."""
    with _told():
        svc = services()
        now = svc.now()
        for each in svc.store.closed() if closed else svc.store.queue():
            due = each.upkeep_at if closed else each.due_at
            left = "" if closed else f"{each.days_left(now):>4} days"
            click.echo(f"{each.reference}  {each.right.value:<22}{each.status.value:<18}{due:%Y-%m-%d} {left}".rstrip())


@commands.command()
@click.argument("reference")
@click.option("--reveal", is_flag=True, help="What was typed, too. That you looked is recorded.")
def show(reference: str, reveal: bool) -> None:
    """One request: its state, and its line of the log."""
    with _told():
        svc = services()
        request = svc.store.get(reference.upper())
        said = request.model_dump(mode="json", exclude={"sealed", "subject_hash", "tally_id"}, exclude_none=True)
        said["log"] = asdict(records.entry_of(svc, request))
        if reveal:
            said["personal"] = records.reveal(svc, request.reference, ENGINEER).model_dump(
                mode="json", exclude_defaults=True
            )  # fmt: skip
        _say(said)


@commands.command()
@click.argument("reference")
def events(reference: str) -> None:
    """The audit trail of one request, as JSON."""
    with _told():
        _say([_event(e) for e in records.trail(services(), reference.upper())])


def _event(event: Event) -> dict[str, Any]:
    return event.model_dump(mode="json", exclude_none=True)


@commands.command()
@click.argument("reference")
def verify(reference: str) -> None:
    """Check that the audit trail is whole: every event follows from the one before. Exits 1 when it is not."""
    with _told():
        broken = records.broken_at(services(), reference.upper())
    if broken is not None:
        click.echo(f"{reference.upper()}: broken at event {broken}")
        sys.exit(1)
    click.echo(f"{reference.upper()}: whole")


@commands.command()
def log() -> None:
    """The log of all requests (11 CCR 7101), as CSV."""
    with _told():
        writer = csv.writer(sys.stdout)
        writer.writerow(field.name for field in fields(records.Entry))
        for entry in records.log(services()):
            writer.writerow([*list(asdict(entry).values())[:-1], "; ".join(entry.denied)])


@commands.command("metrics")
@click.option("--year", type=click.IntRange(2020, 9999), help="The calendar year; this one, if none is given.")
@click.option("--format", "form", type=click.Choice(["json", "csv"]), default="json", show_default=True)
def metrics_(year: int | None, form: str) -> None:
    """What came, how it was answered and how fast, by right (11 CCR 7102). Small counts are not shown."""
    with _told():
        svc = services()
        year = year or metrics.this_year(svc)
        metrics.count(svc, year)
        found, _ = metrics.of_year(svc, year)
        if form == "csv":
            click.echo(metrics.as_csv(found), nl=False)
        else:
            _say({"year": year, "rights": metrics.as_rows(found)})


@commands.command()
def sweep() -> None:
    """Take up what was lost between a write and a signal, as the hourly sweep does."""
    with _told():
        _say(attention.sweep(services()))


@commands.command()
def purge() -> None:
    """Settle and purge what is due, as the daily sweep does. Running it again goes on."""
    with _told():
        _say(upkeep.purge_due(services()))


if __name__ == "__main__":
    commands(prog_name="python -m chalicelib.commands")
