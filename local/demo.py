"""`make demo`: every right of one business, or of all five, walked from form to answer without a person.

It goes where a person goes: the same pages, the links from the same mails. One line per step with the time; the exit
status says whether each right ended as it should. Leaves to others: the steps themselves (walk), the system (run).
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from typing import Any

from local.serving import serving
from local.walk import Lost, Walker

BUSINESSES = ("jeffers", "petsrusexpress", "petworks", "microkitten", "cetrus")


class Teller:
    """Prints what happens, and when."""

    def __init__(self) -> None:
        self.start = time.monotonic()

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.start:7.2f} s  {text}", flush=True)


def access(walk: Walker, who: dict[str, Any], say: Callable[[str], None]) -> None:
    reference = walk.file_by_form("access", who["email"], [("residence", who["residence"])])
    say(f"access {reference} filed on the web form")
    track = walk.link(who["email"], "track", reference)
    walk.prove(who["email"], reference, who["answers"])
    say("  mailbox and data points proven")
    if walk.run["keepers"]:
        by_hand(walk, reference)
        say("  looked up by hand, a copy attached")
    staff = walk.reviewer(reference)
    walk.decide(staff, reference, "approve")
    say(f"  approved by {staff}")
    ended(walk, track, "fulfilled")
    with walk.package(who["email"], reference) as package:
        names = package.namelist()
    wanted = {"index.html", "data.json"} | ({f"attached/{ATTACHED}"} if walk.run["keepers"] else set())
    if not wanted <= {re.sub(r"attached/[\w-]+/", "attached/", name) for name in names}:
        raise Lost(f"the package holds only {names}")
    say(f"  answered: a package of {len(names)} files")


ATTACHED = "letter.txt"


def by_hand(walk: Walker, reference: str) -> None:
    """Whoever looks by hand reveals whom it is about, types what they found and attaches a copy."""
    link = walk.task(reference)
    page = walk.post(link, {"show": "yes"})
    boxes = dict.fromkeys(re.findall(r'name="(found\.\w+)"', page.text), "One letter: thanks for the parcel.")
    walk.answer_task(link, "done", files={ATTACHED: b"Dear shop, thank you for the parcel."}, **boxes)


def correction(walk: Walker, who: dict[str, Any], say: Callable[[str], None]) -> None:
    field, label = correctable(walk)
    value = "Newtown Corrected"
    reference = walk.file_by_form("correction", who["email"], [("field", field), ("value", value)])
    say(f"correction {reference} filed: {label}")
    track = walk.link(who["email"], "track", reference)
    walk.prove(who["email"], reference, who["answers"])
    walk.decide(walk.reviewer(reference), reference, "approve")
    say("  proven and approved")
    ended(walk, track, "fulfilled")
    walk.answer_mail(who["email"], reference, label)
    say("  corrected, read back, answered")


def disclosure(walk: Walker, who: dict[str, Any], say: Callable[[str], None]) -> None:
    reference = walk.file_by_form("california_disclosure", who["email"], [("residence", "US-CA")])
    say(f"California disclosure {reference} filed")
    track = walk.link(who["email"], "track", reference)
    walk.prove(who["email"], reference, who["answers"])
    walk.decide(walk.reviewer(reference), reference, "approve")
    ended(walk, track, "fulfilled")
    say("  the year's list was mailed")
    again = walk.file_by_form("california_disclosure", who["email"], [("residence", "US-CA")])
    walk.prove(who["email"], again, who["answers"])
    ended(walk, walk.link(who["email"], "track", again), "fulfilled")
    say("  asked again in the same year: the first answer again, no staff needed")


def opt_out(walk: Walker, who: dict[str, Any], say: Callable[[str], None]) -> None:
    reference = walk.file_by_form("opt_out", who["email"], [("stop", "email")])
    say(f"opt-out {reference} done in its POST")
    ended(walk, walk.link(who["email"], "track", reference), "fulfilled")
    say("  carried out in every source, confirmed once")


def concern(walk: Walker, who: dict[str, Any], say: Callable[[str], None]) -> None:
    reference = walk.file_by_form("concern", who["email"], [("details", "Why do you keep my old address?")])
    say(f"concern {reference} filed")
    track = walk.link(who["email"], "track", reference)
    walk.prove(who["email"], reference)
    walk.decide(walk.reviewer(reference), reference, "approve", explanation="We keep it with old invoices only.")
    ended(walk, track, "fulfilled")
    walk.answer_mail(who["email"], reference, "old invoices only")
    say("  answered by staff")


def deletion(walk: Walker, who: dict[str, Any], say: Callable[[str], None]) -> None:
    reference = walk.file_by_form("deletion", who["email"])
    say(f"deletion {reference} filed")
    track = walk.link(who["email"], "track", reference)
    walk.prove(who["email"], reference, who["answers"])
    walk.decide(walk.reviewer(reference), reference, "approve")
    walk.until(track, "cooling_off", "fulfilling", "fulfilled")
    say("  approved; the undo window runs")
    ended(walk, track, "fulfilled")
    walk.answer_mail(who["email"], reference, "delet")
    say("  erased, read back, answered with what is kept and why")
    confirmed(walk, track, reference, say)
    gone = walk.file_by_form("access", who["email"])
    walk.prove(who["email"], gone)
    say(f"  asked afterwards what is held ({gone})")


def confirmed(walk: Walker, track: str, reference: str, say: Callable[[str], None]) -> None:
    """Each who was told confirms: by mailed link, which is followed here, or by their own system, which calls back."""
    waiting = walk.get(f"{walk.run['mail_url']}/api/messages?about={reference}&holds=/task/").json()
    for task in {link for mail in waiting for link in re.findall(r"\S+/task/[\w=-]+", mail["text"])}:
        walk.post(task, {"outcome": "done"})
    deadline = time.monotonic() + walk.patience
    while "not confirmed" in (page := walk.get(track).text):
        if time.monotonic() > deadline:
            raise Lost("a recipient has still not confirmed")
        time.sleep(0.05)
    if "Who else was told" in page:
        say(f"  told and confirmed: {page.count(': confirmed.')} recipients")


RIGHTS = (access, correction, disclosure, concern, opt_out, deletion)


def correctable(walk: Walker) -> tuple[str, str]:
    """A text field that this business lets people correct, from its own form."""
    page = walk.get("/requests/new?right=correction").text
    options = re.findall(r'<option value="([\w.]+)"[^>]*>\s*([^<]+?)\s*<', page)
    for path, label in options:
        if re.search(r"city|town", path):
            return path, label
    raise Lost(f"no town among the correctable fields: {options}")


def ended(walk: Walker, track: str, status: str) -> None:
    walk.until(track, status)


def demo(business: str, teller: Teller) -> bool:
    """Walk all rights of one business; whether each ended as it should."""
    teller.say(f"— {business} —")
    with serving(business) as run:
        walk, who = Walker(run), run["customers"][0]
        teller.say(f"ready at {run['base_url']}")
        for right in RIGHTS:
            try:
                right(walk, who, teller.say)
            except Lost as lost:
                teller.say(f"FAILED  {business} {right.__name__}: {lost}")
                return False
    return True


def main(names: list[str]) -> int:
    teller = Teller()
    wanted = BUSINESSES if names == ["all"] else tuple(names)
    failed = [name for name in wanted if not demo(name, teller)]
    teller.say(f"failed: {', '.join(failed)}" if failed else f"every right of {', '.join(wanted)} ended as it should")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["jeffers"]))
