"""A request keeps the language it was asked in: its mails, its letter and its package speak it; staff hear English."""

from __future__ import annotations

import io
import json
import re
import zipfile

from chalicelib import language
from chalicelib.domain.request import Request, Right
from chalicelib.mail import words
from chalicelib.usecases import errands
from tests.usecases.conftest import Office
from tests.usecases.test_inbound import ME, deliver, mail, requests


def asked_in_spanish(office: Office, right: str, **personal: str) -> Request:
    with language.speaking("es"):
        return office.file(right, **personal)


def through(office: Office, request: Request, verdict: str, **more: str) -> Request:
    """Proven, gathered, decided and carried out, each in a Lambda that speaks English of itself."""
    with language.speaking("en"):
        office.prove(request)
        office.gather(request)
        office.ask_staff(request)
        office.decide(request, verdict, **more)
        return office.carry_out(office.now(request))


def test_its_mails_speak_it_from_the_first_to_the_answer_and_the_staffs_do_not(office: Office) -> None:
    request = through(office, asked_in_spanish(office, "access"), "approve")
    customer = office.customers[0]["email"]
    subjects = [str(m["Subject"]) for m in reversed(office.mails(customer))]
    assert subjects[0].startswith("Por favor confirme su solicitud")
    assert subjects[-1].startswith("Sus datos están listos")
    assert "Siga su solicitud" in office.text(office.mails(customer)[1])
    staff = [m for m in office.mails() if customer not in m["To"]]
    assert staff
    assert {m["Content-Language"] for m in staff} == {"en"}
    assert {m["Content-Language"] for m in office.mails(customer)} == {"es"}
    assert office.now(request).language == "es"


def test_its_package_speaks_it_down_to_dates_titles_and_what_is_withheld(office: Office) -> None:
    request = through(office, asked_in_spanish(office, "access"), "approve")
    packed = office.svc.packages.packages[request.reference]  # type: ignore[attr-defined]
    with zipfile.ZipFile(io.BytesIO(packed)) as files:
        page = files.read("index.html").decode()
        told = json.loads(files.read("data.json"))
    assert '<html lang="es">' in page
    assert "Lo que guardamos sobre usted" in page
    assert re.search(r"\d de (enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre)", page)
    assert {"Sus pedidos", "Su cuenta"} <= {c["title"] for s in told["sources"] for c in s["collections"]}
    assert "not shown" not in page
    assert "Kept until" not in page


def test_a_refusal_says_its_ground_what_would_change_it_and_the_appeal(office: Office) -> None:
    through(
        office, asked_in_spanish(office, "deletion"), "refuse", ground="exempt",
        exemption="transaction_warranty_recall_contract",
        explanation="La ley de impuestos.",
    )  # fmt: skip
    said = " ".join(office.text(office.mails(office.customers[0]["email"])[0]).split())
    assert "Usted nos pidió que borremos lo que guardamos sobre usted" in said
    assert "Qué cambiaría esto:" in said
    assert "Puede apelar desde la página de su solicitud." in said
    assert not re.search(r"\b(you|your|the law|because)\b", re.sub(r"https?://\S+", "", said))


def test_a_mail_in_spanish_is_answered_in_spanish_and_one_in_english_in_english(office: Office) -> None:
    deliver(office, mail("Mis datos", "Quiero una copia de mis datos personales, por favor."))
    deliver(office, mail("My data", "Please send me a copy of my data.", sender="other@example.com"))
    [spanish], [english] = requests(office), requests(office, "other@example.com")
    assert (spanish.right, spanish.language) == (Right.ACCESS, "es")
    assert english.language == "en"
    office.ask_for_proof(spanish)
    assert str(office.mails(ME)[0]["Subject"]).startswith("Por favor confirme")
    assert language.current() == "en"


def test_a_request_stored_before_there_were_languages_is_english() -> None:
    assert Request.model_fields["language"].default == "en"


def test_staff_hear_in_english_of_what_was_asked_in_spanish(office: Office) -> None:
    with language.speaking("es"):
        request = office.file("concern", details="Hola")
        office.prove(request)
        office.ask_staff(request)
    staff = [m for m in office.mails() if office.customers[0]["email"] not in m["To"]]
    assert staff
    assert {m["Content-Language"] for m in staff} == {"en"}


def test_a_letter_is_printed_in_it_though_the_page_around_it_is_for_staff(office: Office) -> None:
    with language.speaking("es"):
        request = office.file("concern", details="Hola")
    said = words.letter(request, office.svc.business, office.clock.now())
    assert re.fullmatch(r"\d+ de [a-z]+ de \d{4}", said.day)
    assert said.enclosed == "Los datos mismos están en las páginas que vienen con esta carta."
    assert request.reference in said.questions


def test_lost_links_are_mailed_later_in_the_language_of_the_page(office: Office) -> None:
    with language.speaking("es"):
        errands.leave(office.svc, errands.Errand.LINKS, office.customers[0]["email"])
    errands.leave(office.svc, errands.Errand.LINKS, office.customers[1]["email"])
    told = {str(m["To"]): m["Content-Language"] for m in office.mails()}
    assert told == {office.customers[0]["email"]: "es", office.customers[1]["email"]: "en"}
