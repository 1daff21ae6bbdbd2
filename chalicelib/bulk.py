"""Commands that touch many requests, or staff: each can be rehearsed, asks first, shows how far it is, and goes on.

Each request is one step, safe to do twice and written before the next begins: cut short by Ctrl-C, the command is run
again and leaves out what is done. Rule 7: nothing personal is printed. Leaves to others: every rule (usecases); the
other commands, and where all of them hang (commands).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import click

from chalicelib.bootstrap import services
from chalicelib.businesses.model import Member
from chalicelib.domain.request import Request
from chalicelib.domain.status import Status
from chalicelib.errors import MailRejected, MailUncertain, RequestNotFound, RightsdeskError
from chalicelib.services import Services
from chalicelib.usecases import attention, leaving, records

ENGINEER = "engineer"
"""Who acted, in the audit trail: AWS credentials say no more."""
FOR_STAFF = frozenset({MailUncertain.__name__, MailRejected.__name__})
"""Reasons that a person must look at, one by one: trying again may mail somebody twice."""

dry = click.option("--dry-run", is_flag=True, help="Only say what would be done. Do this first.")
sure = click.option("--yes", is_flag=True, help="Do not ask before acting.")


@contextmanager
def told() -> Iterator[None]:
    """An error of ours as one line, without a trace."""
    try:
        yield
    except RightsdeskError as error:
        raise click.ClickException(f"{type(error).__name__}: {error}") from None


def each(what: Sequence[Request], do: Callable[[Request], object], *, label: str, dry_run: bool, yes: bool) -> None:
    """Do it for each request after asking; what fails stops no other, and is named at the end. Exits 1 then."""
    for request in what:
        click.echo(f"{request.reference}  {request.status.value:<18}{request.reason or ''}".rstrip())
    if dry_run or not what:
        click.echo(f"{len(what)} requests{'; nothing was done' if dry_run else ''}")
        return
    yes or click.confirm(f"{label} {len(what)} requests?", abort=True)
    done, failed = 0, list[str]()
    try:
        with click.progressbar(what, label=label, file=sys.stderr) as bar:
            for request in bar:
                try:
                    do(request)
                    done += 1
                except RightsdeskError as error:
                    failed.append(f"{request.reference}: {type(error).__name__}")
    except KeyboardInterrupt:
        click.echo(f"Stopped after {done} of {len(what)}. Run it again: it goes on with the rest.", err=True)
        sys.exit(130)
    click.echo("\n".join([f"{done} done, {len(failed)} failed", *failed]))
    sys.exit(1 if failed else 0)


@click.command()
@click.argument("references", nargs=-1)
@click.option("--all", "all_", is_flag=True, help="Every request that needs attention, but for mails that may be out.")
@dry
@sure
def retry(references: tuple[str, ...], all_: bool, dry_run: bool, yes: bool) -> None:
    """Take requests up again where they stopped, or try a source once more that failed."""
    if bool(references) == all_:
        raise click.UsageError("Name requests, or give --all.")
    with told():
        svc = services()
        if all_:
            found = [r for r in svc.store.queue(limit=attention.SWEPT) if r.status is Status.NEEDS_ATTENTION]
            found = [r for r in found if r.reason not in FOR_STAFF]
        else:
            found = [svc.store.get(reference.upper()) for reference in references]
        each(
            found, lambda r: attention.take_up(svc, svc.store.get(r.reference), ENGINEER), label="Try again",
            dry_run=dry_run, yes=yes,
        )  # fmt: skip


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(file: Path) -> None:
    """Write the audit trail of every request to FILE, one JSON line each, with whether it is whole.

    FILE may be there from a run that was cut short: what is in it is left out, unless it went on since.
    """
    with told():
        svc = services()
        there = _exported(file)
        added = 0
        bar = click.progressbar(everything(svc), label="Export", file=sys.stderr)
        with file.open("a", encoding="utf-8") as out, bar:
            for request in bar:
                if there.get(request.reference) == request.version:
                    continue
                try:
                    trail = records.trail(svc, request.reference)
                    whole = records.broken_at(svc, request.reference) is None
                except RequestNotFound:  # purged meanwhile
                    continue
                events = [event.model_dump(mode="json", exclude_none=True) for event in trail]
                line = {"reference": request.reference, "version": request.version, "whole": whole, "events": events}
                out.write(json.dumps(line) + "\n")
                out.flush()
                added += 1
        click.echo(f"{added} written, {len(there)} were there")


def _exported(file: Path) -> dict[str, int]:
    """What a file has already; a last line that was cut short is taken off it."""
    if not file.exists():
        return {}
    found, good = dict[str, int](), list[str]()
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            said = json.loads(line)
            found[str(said["reference"])] = int(said["version"])
        except (ValueError, KeyError, TypeError):
            break
        good.append(line)
    file.write_text("".join(f"{line}\n" for line in good), encoding="utf-8")
    return found


def everything(svc: Services) -> Iterator[Request]:
    """Open requests and those that ended, as far as they are not purged."""
    return chain(svc.store.queue(limit=100_000), svc.store.closed())


def staff(svc: Services, id: str) -> Member:
    member = svc.business.member(id)
    if member is None:
        known = ", ".join(m.id for m in svc.business.staff)
        raise click.BadParameter(f"{id} is not among the staff: {known}")
    return member


@click.command()
@click.argument("reference")
@click.argument("member")
def move(reference: str, member: str) -> None:
    """Give what waits for a decision to another MEMBER of staff (an id): they are mailed a link of their own."""
    with told():
        svc = services()
        to = staff(svc, member)
        fresh = leaving.hand_over(svc, svc.store.get(reference.upper()), to, by=ENGINEER)
        click.echo(f"{reference.upper()}: {'mailed to' if fresh else 'was mailed today to'} {to.id}")


@click.command("cut-off")
@click.argument("member")
@click.option("--to", "heir", help="Who gets what waits for a decision (a staff id).")
@dry
@sure
def cut_off(member: str, heir: str | None, dry_run: bool, yes: bool) -> None:
    """MEMBER (a staff id) has left: their links and sessions die within half a minute, and no mail goes to them.

    Take them out of business.yaml too, with the next deployment. Cut short, run it again.
    """
    with told():
        svc = services()
        to = staff(svc, heir) if heir else None
        if to and to.id == member:
            raise click.BadParameter("--to is the one who left")
        if dry_run:
            alone = leaving.left_alone(svc, member)
            click.echo(f"Nobody else decides: {', '.join(alone)}" if alone else f"{member} would be cut off")
        else:
            yes or click.confirm(f"Cut off {member}?", abort=True)
            leaving.cut_off(svc, member)
            click.echo(f"{member} is cut off")
        found = [r for r in leaving.waiting(svc) if to and leaving.may_take(svc, r, to)]
        if to:
            each(found, lambda r: _handed(svc, r, to), label=f"Give to {to.id}", dry_run=dry_run, yes=yes)


def _handed(svc: Services, request: Request, to: Member) -> Any:
    return leaving.hand_over(svc, svc.store.get(request.reference), to, by=ENGINEER)


@click.command("let-in")
@click.argument("member")
def let_in(member: str) -> None:
    """MEMBER was cut off by mistake, or is back: mails go to them again. Links older than that work again too."""
    with told():
        services().store.let_in(member)
        click.echo(f"{member} is no longer cut off")


COMMANDS = (retry, export, move, cut_off, let_in)
