"""`make screens`: a picture of every page and every mail, and the page that shows them (`docs/screens.md`).

A picture that looks as it did is left as it is, so that a run changes only what has changed. Leaves to others: what
stands on pages and mails (tests/web/scenes, tests/mail/samples).
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Browser, Page

from tests.browser import chromium, stand

FOLDER = Path(__file__).parents[2] / "docs" / "screens"
INDEX = FOLDER.parent / "screens.md"
PHONE, DESKTOP = {"width": 390, "height": 700}, {"width": 1000, "height": 700}
ALIKE = 0.3
"""Mean difference of pixels, of 255, below which two pictures show the same."""
COLOURS = 64
IN_A_ROW = 4
CUSTOMERS = (
    "start", "new-access", "new-opt_out", "new-faults", "received", "verify", "verified", "tracker-in_review",
    "tracker-undo", "tracker-fulfilled", "results", "links", "message", "stop", "hear_again-form", "complete",
    "consent", "consented-done",
)  # fmt: skip
STAFFS = (
    "review-deletion", "review-revealed", "queue", "file-for", "new-staff", "inbox", "metrics", "ledger", "task",
    "by-hand-access", "letter", "staff-sign-in",
)  # fmt: skip
DARK = ("start", "tracker-in_review", "review-deletion")
WIDE = ("start", "review-deletion", "queue")

INTRODUCTION = """\
Taken by `make screens` in Chromium, of the pages and mails with which the templates are tested: an invented pet shop,
on a phone unless said otherwise. `make run` shows the real thing, and all mails in light and dark at the mailbox's
`/gallery`."""


class Shot(NamedTuple):
    """A picture: where it is kept under docs/screens, and what of the stand it shows."""

    file: str
    path: str
    scheme: str = "light"
    wide: bool = False


def mails() -> list[str]:
    """The plainest shape of each mail."""
    plainest: dict[str, str] = {}
    for shape in stand.shapes():
        plainest.setdefault(shape.partition("-")[0], shape)
    return list(plainest.values())


def shots() -> list[Shot]:
    return [
        *(Shot(f"{scene}.webp", f"pages/en/{scene}") for scene in (*CUSTOMERS, *STAFFS)),
        *(Shot(f"{scene}-dark.webp", f"pages/en/{scene}", scheme="dark") for scene in DARK),
        *(Shot(f"{scene}-wide.webp", f"pages/en/{scene}", wide=True) for scene in WIDE),
        *(Shot(f"mail-{shape}.webp", f"mails/en/{shape}") for shape in mails()),
    ]


def take(browser: Browser, wanted: list[Shot]) -> list[str]:
    """Take the pictures; the names of those that are new or look different."""
    changed: list[str] = []
    for scheme in ("light", "dark"):
        for wide in (False, True):
            some = [shot for shot in wanted if (shot.scheme, shot.wide) == (scheme, wide)]
            size = DESKTOP if wide else PHONE
            with chromium.visitor(browser, viewport=size, color_scheme=scheme, device_scale_factor=1.5) as page:
                go = stand.fitted(page)
                changed += [shot.file for shot in some if (go(shot.path), _kept(page, FOLDER / shot.file))[1]]
    return changed


def _kept(page: Page, file: Path) -> bool:
    fresh = _drawn(page.screenshot(full_page=True))
    if file.exists() and _alike(Image.open(file).convert("RGB"), fresh):
        return False
    fresh.save(file, "WEBP", lossless=True, method=6)
    return True


def _drawn(picture: bytes) -> Image.Image:
    """In few colours: text stays sharp, and the file is half as large as with all of them."""
    full = Image.open(io.BytesIO(picture)).convert("RGB")
    return full.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).convert("RGB")


def _alike(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and max(ImageStat.Stat(ImageChops.difference(one, other)).mean) < ALIKE


def index() -> str:
    """The page that shows all pictures."""
    parts = [
        "# Screens",
        INTRODUCTION,
        _table("What customers see", [(scene, f"{scene}.webp") for scene in CUSTOMERS]),
        _table("What staff and others see", [(scene, f"{scene}.webp") for scene in STAFFS]),
        _table("In the dark", [(scene, f"{scene}-dark.webp") for scene in DARK]),
        _table("On a desk", [(scene, f"{scene}-wide.webp") for scene in WIDE]),
        _table("Mails", [(shape, f"mail-{shape}.webp") for shape in mails()]),
    ]
    return "\n\n".join(parts) + "\n"


def _table(title: str, pictures: list[tuple[str, str]]) -> str:
    lines = [f"## {title}"]
    for at in range(0, len(pictures), IN_A_ROW):
        row = pictures[at : at + IN_A_ROW]
        lines += ["", "| " + " | ".join(name for name, _ in row) + " |", "|" + "---|" * len(row)]
        lines += ["| " + " | ".join(f"![{name}](screens/{file})" for name, file in row) + " |"]
    return "\n".join(lines)


def main() -> int:
    if not chromium.found():
        print("make screens needs Chromium: apt-get install chromium, or CHROMIUM=/where/it/is", file=sys.stderr)
        return 2
    FOLDER.mkdir(exist_ok=True)
    wanted = shots()
    for old in {file.name for file in FOLDER.glob("*.webp")} - {shot.file for shot in wanted}:
        (FOLDER / old).unlink()
    with chromium.browser() as browser:
        changed = take(browser, wanted)
    INDEX.write_text(index())
    total = sum(file.stat().st_size for file in FOLDER.glob("*.webp"))
    print(f"{len(wanted)} pictures, {total / 1e6:.1f} MB; changed: {', '.join(sorted(changed)) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
