"""The catalogue of translations: gathers every text that customers read, keeps `es.po`, compiles `es.mo`.

`make catalogue` after a text was added or changed: what is new stands in the .po with an empty translation, which a
test refuses, as it refuses a .mo older than its .po. Gathers from templates and code what is marked (`_`, `gettext`,
`N_`), and from tables of words, messages of form faults and the law's own wording what is there. A business's own
texts are in its folder (`own_texts`). Babel is a development library: what ships reads the .mo by the standard
library. Leaves to others: speaking (chalicelib/language).
"""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from chalicelib import language, law
from chalicelib.businesses.loader import categories
from chalicelib.businesses.model import Business
from chalicelib.domain import masking
from chalicelib.domain.plan import LEGAL_HOLD
from chalicelib.language import Said
from chalicelib.law import clocks
from chalicelib.law import refusals as ground_book
from chalicelib.mail import rules, words
from chalicelib.package import files
from chalicelib.package import words as package_words
from chalicelib.web import errors, forms, places, stages

ROOT = Path(language.__file__).parent
CATALOGUE = language.LOCALE / "es" / "LC_MESSAGES" / "rightsdesk.po"
KEYWORDS = {"_": None, "gettext": None, "N_": None, "ngettext": (1, 2)}
FAULTS = {"InvalidRequest", "_fault", "_at", "Unreadable", "_must_be"}
"""Calls whose texts stand beside a form's field."""
FAULTY = (
    "web/forms.py", "web/customer.py", "web/consent.py", "web/asked.py", "web/suppressions.py", "domain/behalf.py",
    "usecases/intake.py", "usecases/verification.py", "usecases/following.py", "usecases/completing.py",
    "usecases/hearing_again.py",
)  # fmt: skip
HEADER = "# What Rightsdesk says in Spanish. Put translations here, then run make catalogue (docs/languages.md)."
Message = str | tuple[str, str]


def messages() -> set[Message]:
    """Every text of ours that a customer may read, in English; with its plural where it has one."""
    return {m for m in (*_marked(), *_tables(), *_faults(), *_law()) if m}


def _marked() -> Iterator[Message]:
    options = {"**/templates/**": {"newstyle_gettext": "true", "trim_blocks": "true"}}
    methods = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**/templates/**.txt", "jinja2")]
    found = extract_from_dir(str(ROOT), methods, options, KEYWORDS, strip_comment_tags=True)
    for _, _, message, _, _ in found:
        yield (message[0], message[1]) if isinstance(message, tuple) else message


def _tables() -> Iterator[Message]:
    for module in (words, rules, stages, forms, package_words, files):
        for table in vars(module).values():
            if isinstance(table, Said):
                yield from table.sources()
    yield from clocks.UNITS.values()
    for _, title, message in errors.TABLE.values():
        yield from (title, message)
    yield from (*masking.KIND_WORDS.values(), masking.STRUCK, *categories().values(), LEGAL_HOLD.ground)
    for group, members in places.PLACES:
        yield from (group, *(name for _, name in members))


def _faults() -> Iterator[str]:
    for name in FAULTY:
        for node in ast.walk(ast.parse((ROOT / name).read_text("utf-8"))):
            if isinstance(node, ast.Call) and _called(node) in FAULTS:
                yield from _sentences(node)
            elif isinstance(node, ast.FunctionDef) and "fault" in node.name:
                yield from (
                    said for told in ast.walk(node) if isinstance(told, ast.Return) for said in _sentences(told)
                )


def _called(node: ast.Call) -> str:
    return getattr(node.func, "id", "") or getattr(node.func, "attr", "")


def _sentences(within: ast.AST) -> Iterator[str]:
    """Texts for people: those with a blank and a full stop. A text put together of parts is no message."""
    parts = {id(part) for node in ast.walk(within) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in ast.walk(within):
        said = node.value if isinstance(node, ast.Constant) and id(node) not in parts else None
        if isinstance(said, str) and " " in said and said.endswith("."):
            yield said


def _law() -> Iterator[str]:
    book = ground_book.book()
    for ground in book.grounds.values():
        for said in (ground, *ground.regimes.values()):
            yield from (said.says, said.change)
    for by_right in book.exemptions.values():
        yield from (exemption.says for listed in by_right.values() for exemption in listed.values())
    for notes in book.notes.values():
        yield from (note.says for listed in notes.values() for note in listed)
    yield from law.labels().values()
    for regime in law.regime_ids():
        yield law.appeal_route(regime).authority
    yield law.load().laws[law.POLICY].name


def own_texts(business: Business) -> set[str]:
    """A business's own texts that a customer may read, in English: what its `es.yaml` translates."""
    texts = [t for terms in business.rights.values() for t in (terms.words, terms.answer)]
    texts += [*business.opt_outs.values(), *(said for said, _ in business.outside_opt_outs), business.sharing.note]
    texts += [t for kind in business.kinds.values() for t in (kind.title, kind.why_not)]
    texts += [recipient.purpose for recipient in business.sharing.recipients.values()]
    texts += [d.examples for year in business.sharing.years.values() for d in year]
    for source in business.datamap.sources.values():
        texts.append(source.title)
        for collection in source.collections.values():
            texts += [collection.title, collection.about, collection.whose, collection.keep_ground or ""]
            texts.append(collection.came_from)
            texts.append(collection.retain.ground if collection.retain else "")
            shown = {**masking.package_fields(collection), **{n: f for n, f in collection.fields.items() if f.correct}}
            if collection.retain:
                shown[collection.retain.from_field] = collection.fields[collection.retain.from_field]
            texts += [field.label for field in shown.values()]
    texts += [t for change in business.policy.changes for t in (change.summary, change.new_use)]
    texts += [question.ask for question in business.datamap.questions().values()]
    return {text for text in texts if text}


def catalogue() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="es")


def updated(before: Catalog) -> Catalog:
    """The catalogue of all messages there are, each with the translation it had."""
    after = Catalog(
        "es", project="rightsdesk", charset="utf-8", fuzzy=False, header_comment=HEADER,
        creation_date=before.creation_date, revision_date=before.creation_date,
    )  # fmt: skip
    for message in sorted(messages(), key=str):
        known = before.get(message)
        after.add(message, known.string if known else "")
    return after


def compiled(of: Catalog) -> bytes:
    out = io.BytesIO()
    write_mo(out, of)
    return out.getvalue()


def main() -> None:
    made = updated(catalogue())
    with CATALOGUE.open("wb") as file:
        write_po(file, made, width=110, omit_header=False, sort_output=True, include_lineno=False)
    CATALOGUE.with_suffix(".mo").write_bytes(compiled(made))
    missing = [m.id for m in made if m.id and not (m.string if isinstance(m.string, str) else all(m.string))]
    print(f"{len(made)} texts, {len(missing)} without a translation")


if __name__ == "__main__":
    main()
