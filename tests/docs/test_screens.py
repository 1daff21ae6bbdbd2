"""The pictures: every page and every mail has one that docs/screens.md shows, and all together are small."""

from __future__ import annotations

from chalicelib.mail.messages import TEMPLATES
from tests.browser import screens, stand
from tests.docs.pages import ROOT, links

PICTURES = ROOT / "docs" / "screens"


def test_every_page_and_mail_has_its_picture() -> None:
    shown = {stand.SCENES[scene][0] for scene in (*screens.CUSTOMERS, *screens.STAFFS)}
    assert shown == {template for template, _ in stand.SCENES.values()}
    assert {shape.partition("-")[0] for shape in screens.mails()} == {f.name for f in TEMPLATES.iterdir() if f.is_dir()}
    assert {file.name for file in PICTURES.iterdir()} == {shot.file for shot in screens.shots()}


def test_the_page_of_pictures_is_the_one_that_is_made() -> None:
    assert (ROOT / "docs" / "screens.md").read_text() == screens.index(), "run `make screens`"
    assert sum(file.stat().st_size for file in PICTURES.iterdir()) < 3_000_000
    assert set(links("docs/screens.md")) == {f"screens/{shot.file}" for shot in screens.shots()}
