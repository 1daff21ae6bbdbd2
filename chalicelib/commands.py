"""What the engineer does by command line: `python -m chalicelib.commands --help`.

Needs the settings of a stage in the environment, and AWS credentials. Rule 7: nothing personal is printed, unless
`show --reveal`, which is audited. Leaves to others: every rule (usecases).
Click is not shipped, and nothing that ships imports this.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from chalicelib import bulk
from chalicelib.bootstrap import services
from chalicelib.bulk import ENGINEER, told
from chalicelib.domain.audit import Event
from chalicelib.domain.identity import IdentifierKind
from chalicelib.usecases import announcements, attention, metrics, records, replaying, screening, staying_gone, upkeep


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Look after the requests of one stage."""


def _say(what: Any) -> None:
    click.echo(json.dumps(what, indent=1, default=str, ensure_ascii=False))


@commands.command("list")
@click.option("--closed", is_flag=True, help="Those that ended and are not purged yet, instead of the open ones.")
def list_(closed: bool) -> None:
    """The requests, due first: one line each."""
    with told():
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
    with told():
        svc = services()
        request = svc.store.get(reference.upper())
        said = request.model_dump(
            mode="json",
            exclude={"sealed", "subject_hash", "asker_hash", "tally_id"},
            exclude_none=True,
        )
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
    with told():
        _say([_event(e) for e in records.trail(services(), reference.upper())])


def _event(event: Event) -> dict[str, Any]:
    return event.model_dump(mode="json", exclude_none=True)


@commands.command()
@click.argument("reference", required=False)
@click.option("--all", "all_", is_flag=True, help="Of every request that is not purged yet.")
def verify(reference: str | None, all_: bool) -> None:
    """Check that audit trails are whole: every event follows from the one before. Exits 1 when one is not."""
    if bool(reference) == all_:
        raise click.UsageError("Name a request, or give --all.")
    with told():
        svc = services()
        names = [reference.upper()] if reference else [r.reference for r in bulk.everything(svc)]
        broken = {name: at for name in names if (at := records.broken_at(svc, name)) is not None}
    for name, at in broken.items():
        click.echo(f"{name}: broken at event {at}")
    if all_:
        click.echo(f"{len(names) - len(broken)} of {len(names)} are whole")
    elif not broken:
        click.echo(f"{names[0]}: whole")
    sys.exit(1 if broken else 0)


@commands.command()
def log() -> None:
    """The log of all requests (11 CCR 7101), as CSV."""
    with told():
        writer = csv.writer(sys.stdout)
        writer.writerow(field.name for field in fields(records.Entry))
        for entry in records.log(services()):
            writer.writerow([*list(asdict(entry).values())[:-1], "; ".join(entry.denied)])


@commands.command("metrics")
@click.option("--year", type=click.IntRange(2020, 9999), help="The calendar year; this one, if none is given.")
@click.option("--format", "form", type=click.Choice(["json", "csv"]), default="json", show_default=True)
def metrics_(year: int | None, form: str) -> None:
    """What came, how it was answered and how fast, by right (11 CCR 7102). Small counts are not shown."""
    with told():
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
    with told():
        _say(attention.sweep(services()))


@commands.command()
@bulk.dry
@bulk.sure
def purge(dry_run: bool, yes: bool) -> None:
    """Settle and purge what is due, as the daily sweep does. Running it again goes on."""
    with told():
        svc = services()
        due = list(svc.store.closed(due_by=svc.now()))
        for request in due:
            click.echo(f"{request.reference}  {'purge' if request.purge_at else 'settle'}", err=True)
        if dry_run:
            click.echo(f"{len(due)} due; nothing was done")
            return
        yes or click.confirm(f"Settle or purge {len(due)} requests? Nothing brings back what is purged.", abort=True)
        _say(upkeep.purge_due(svc))


@commands.command()
def gone() -> None:
    """Erase what need not be kept any longer and look for what came back, as the hourly sweep does."""
    with told():
        _say(staying_gone.keep_up(services()))


@commands.command()
@click.option("--since", required=True, type=click.DateTime(), help="When the restored backup was taken (UTC).")
@click.option("--dry-run", is_flag=True, help="Only say what is there again. Do this first.")
@click.option("--yes", is_flag=True, help="Do not ask before acting.")
def replay(since: datetime, dry_run: bool, yes: bool) -> None:
    """Do every deletion again since a moment: after a backup of the business's data was restored.

    Looks first, says what it found, asks, then erases it and reads back. Cut short, run it again: it erases what is
    there. Exits 1 when something could not be looked at or erased.
    """
    with told():
        svc, moment = services(), since.replace(tzinfo=UTC)
        total = _replayed(replaying.replay(svc, moment, rehearse=True), "again there")
        if total["records"] and not dry_run:
            yes or click.confirm(f"Erase these {total['records']} records again?", abort=True)
            total = _replayed(replaying.replay(svc, moment, rehearse=False), "erased")
    sys.exit(1 if total["failed"] else 0)


def _replayed(done: Iterator[replaying.Replayed], what: str) -> Counter[str]:
    """Says each deletion as it is done, then the sum."""
    total = Counter(deletions=0, records=0, held=0, failed=0)
    for one in done:
        counts = ", ".join(f"{line.collection} {line.count}" for line in one.found)
        said = one.failed or ("kept by a legal hold" if one.held else counts and f"{what}: {counts}") or "stayed gone"
        click.echo(f"{one.entry.reference}  {one.entry.source:<12} {one.entry.at:%Y-%m-%d %H:%M}  {said}")
        found = 0 if one.held else sum(line.count for line in one.found)
        total.update(deletions=1, records=found, held=one.held, failed=one.failed is not None)
    click.echo(f"{total['deletions']} looked at; {total['records']} records {what}; {total['held']} held; "
               f"{total['failed']} failed")  # fmt: skip
    return total


@commands.command()
@click.argument("version")
@click.option("--dry-run", is_flag=True, help="Only say whom it would reach. Do this first.")
@click.option("--yes", is_flag=True, help="Do not ask before acting.")
def announce(version: str, dry_run: bool, yes: bool) -> None:
    """Announce a change of the policy to everybody, once each. Running it again goes on, or says that it is done.

    Counts first, asks, then sends as fast as the settings allow, for the rest of this quarter of an hour; what is left
    the schedule sends. Nobody's address is printed.
    """
    with told():
        svc = services()
        if dry_run or not svc.store.announcement(version):
            counts = announcements.rehearse(svc, version)
            _say({"would": dict(counts)})
            if dry_run:
                return
            yes or click.confirm(f"Tell these {counts['sent']} people?", abort=True)
        announcements.begin(svc, version, ENGINEER)
        announcements.go_on(svc, heard=lambda one: click.echo(f"{sum(one.counts.values())} looked at", err=True))
        stands = svc.store.announcement(version)
        _say(stands.model_dump(mode="json", exclude={"after", "place", "revision"}) if stands else {})


@commands.command()
def suppressions() -> None:
    """All that people stopped, as CSV of keyed hashes: for import tools (docs/suppression.md)."""
    with told():
        writer = csv.writer(sys.stdout)
        writer.writerow(("hash", "scope", "key", "since"))
        for entry in screening.export(services()):
            writer.writerow((entry.hash, entry.scope, entry.key_name, entry.since.isoformat()))


KINDS = click.Choice([kind.value for kind in IdentifierKind])


@commands.command()
@click.argument("list_", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kept", required=True, type=click.Path(path_type=Path), help="Where the rows go that may be used.")
@click.option("--dropped", required=True, type=click.Path(path_type=Path), help="Where the others go.")
@click.option("--scope", default="email", show_default=True, help="What the list is for; `everything` for an import.")
@click.option("--column", "columns", multiple=True, type=(str, KINDS), default=[("email", "email")], show_default=True,
              metavar="COLUMN KIND", help="A column and the kind of identifier in it; may be given again.")  # fmt: skip
@click.option("--delimiter", default=",", show_default=True)
def screen(
    list_: Path, kept: Path, dropped: Path, scope: str, columns: list[tuple[str, str]], delimiter: str
) -> None:  # fmt: skip
    """Part a mailing list (CSV) by the suppression list. Every row stays byte for byte as it was."""
    with told():
        svc = services()
        if scope not in screening.scopes_of(svc.business):
            raise click.BadParameter(f"one of {', '.join(screening.scopes_of(svc.business))}", param_hint="--scope")
        if len({list_.resolve(), kept.resolve(), dropped.resolve()}) < 3:
            raise click.UsageError("FILE, --kept and --dropped must be three files.")
        with click.progressbar(length=list_.stat().st_size, label="Screening", file=sys.stderr) as bar:
            tally = screening.screen(
                svc, list_, kept, dropped, columns=dict(columns), scope=scope, delimiter=delimiter, progress=bar.update
            )
        _say(dict(tally))


@commands.command("rotate-key")
@click.option("--yes", is_flag=True, help="Do not ask before acting.")
def rotate_key(yes: bool) -> None:
    """Make a new key for what people stop. What stands under the old ones still counts."""
    with told():
        svc = services()
        question = "New entries are written under a new key. Import tools need it, beside the old ones. Go on?"
        yes or click.confirm(question, abort=True)
        click.echo(f"{svc.secrets.rotate('identity')}: in use by every process within five minutes")


for _command in bulk.COMMANDS:
    commands.add_command(_command)


if __name__ == "__main__":
    commands(prog_name="python -m chalicelib.commands")
