"""PetWorks's invented owners and professionals: the marketplace, payouts, outreach, sign-in through other services.

Leaves to others: what each column means (chalicelib/businesses/petworks/datamap.yaml).
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from local.data import TODAY, Customer, Maker, Person, Row, Rows, add, ago, one

SCHEMA = Path(__file__).with_suffix(".sql").read_text()

TABLES = (
    "market.services", "market.owners", "market.pets", "market.professionals", "market.bookings", "market.messages",
    "payouts.payees", "payouts.paid", "payouts.tax_forms", "outreach.mail_choices", "outreach.survey_answers",
    "outreach.contest_entries", "sign_in.grants", "sign_in.copied_profiles",
)  # fmt: skip
SERVICES = ("Walk", "Overnight stay", "Drop-in visit", "Grooming", "Puppy lessons")
PETS = ("Noodle", "Captain", "Maple", "Soup", "Olive", "Juno", "Pancake", "Rascal", "Moss", "Fig", "Sesame", "Turnip")
BREEDS = {"dog": ("mixed", "spaniel", "greyhound"), "cat": ("tabby", "mixed", "long-haired"), "parrot": ("grey", None)}
CARE = ("Afraid of umbrellas.", "One pill with supper.", "Eats socks.", "Likes to be read to.")
SAID = ("Would Tuesday suit you?", "All well, we went to the pond.", "The key is with the neighbour.", "Thank you!")
SURVEY = (
    ("Spring 2026", "How did you find us?", ("A friend", "An advert", "The vet")),
    ("Spring 2026", "What should we add?", ("Horse care", "Later evenings", "Nothing")),
    ("Winter 2025", "How often do you travel?", ("Monthly", "Twice a year", "Hardly ever")),
)
CONTESTS = {"Silliest nap 2024": "fetch_monthly", "Muddiest paws 2025": "fetch_monthly", "Best costume 2026": None}


def generate(make: Maker) -> Rows:
    """Professionals first, so that owners can book them; then people who only entered a contest."""
    rows: Rows = {table: [] for table in TABLES}
    for name in SERVICES:
        add(make, rows, "market.services", name=name)
    _shown(make, rows)
    people = make.people(470)
    for person in people[:90]:
        _professional(make, rows, person, years=make.number(1, 8))
    for person in people[70:430]:  # twenty are both
        _anyone(make, rows, person)
    for person in people[430:]:
        _entrant(make, rows, person)
    return rows


def showcase(rows: Rows) -> list[Customer]:
    notes = {
        "paloma.birchley@example.com": "Californian, owner and professional both, with history in every source",
        "orson.dapplegrey@example.com": "An owner, known to the marketplace and to surveys under the same address",
        "saskia.lindqvale@example.com": "An owner with a booking still to come",
        "lior.kettleby@example.com": "Entered a contest, has no account",
        "tobias.elderfen@example.com": "A professional only: payouts and tax forms stay after deletion",
    }
    return [_customer(rows, email, note) for email, note in notes.items()]


def _customer(rows: Rows, email: str, note: str) -> Customer:
    owner = next((o for o in rows["market.owners"] if o["email"] == email), None)
    pro = next((p for p in rows["market.professionals"] if p["email"] == email), None)
    account = owner or pro
    if account is None:
        entry = one(rows["outreach.contest_entries"], email=email)
        held = {"postcode": entry["postcode"]}
        return Customer(email=email, name=entry["entrant"], residence="US-CO", answers=held, note=note)
    side = "owner_id" if owner else "professional_id"
    answers = {
        "booking_number": one(rows["market.bookings"], **{side: account["id"]})["booking_no"],
        "postcode": account["postcode"],
    }
    if owner:
        answers["pet_name"] = one(rows["market.pets"], owner_id=owner["id"])["pet_name"]
    residence = f"US-{account['state']}"
    return Customer(email=email, name=account["full_name"], residence=residence, answers=answers, note=note)


def _shown(make: Maker, rows: Rows) -> None:
    tobias = _professional(make, rows, _known(make, "Tobias", "Elderfen", "Verano Springs", "CA", "91734"), years=9)
    person = _known(make, "Paloma", "Birchley", "Alta Loma Vista", "CA", "92043")
    paloma = _professional(make, rows, person, years=6)
    owner = _owner(make, rows, person, answers=True)
    _booking(make, rows, owner, tobias, ago(120))
    _choices(make, rows, person)
    _survey(make, rows, person)
    _entrant(make, rows, person, choices=False)
    _grant(make, rows, person, "nimbus_id")
    person = _known(make, "Orson", "Dapplegrey", "Cedar Bluff", "OR", "97318")
    orson = _owner(make, rows, person)
    _booking(make, rows, orson, paloma, ago(200))
    _booking(make, rows, orson, tobias, ago(30))
    _survey(make, rows, person)
    person = _known(make, "Saskia", "Lindqvale", "Peach Grove", "VA", "22951")
    saskia = _owner(make, rows, person)
    _booking(make, rows, saskia, tobias, ago(90))
    _booking(make, rows, saskia, paloma, TODAY + timedelta(days=12))
    _choices(make, rows, person)
    _entrant(make, rows, _known(make, "Lior", "Kettleby", "Juniper Mesa", "CO", "80526"), choices=False)


def _known(make: Maker, first: str, last: str, city: str, state: str, postcode: str) -> Person:
    email = f"{first}.{last}@example.com".lower()
    return make.person(first=first, last=last, email=email, city=city, state=state, postcode=postcode)


def _anyone(make: Maker, rows: Rows, person: Person) -> None:
    """An owner with whatever is drawn."""
    owner = _owner(make, rows, person, answers=make.chance(0.3))
    pros = [p for p in rows["market.professionals"] if p["email"] != person.email]
    for pro in make.some(pros, 0, 4):
        _booking(make, rows, owner, pro, make.day(1800, -30))
    _choices(make, rows, person)
    if make.chance(0.3):
        _survey(make, rows, person)
    if make.chance(0.2):
        _entrant(make, rows, person, choices=False)
    if make.chance(0.25):
        _grant(make, rows, person, make.pick(("nimbus_id", "latchkey")))


def _owner(make: Maker, rows: Rows, person: Person, *, answers: bool = False) -> Row:
    """`answers`: told the optional things about themselves."""
    owner = add(
        make, rows, "market.owners", owner_no=f"O-{make.id('owner_no', 5081)}", email=person.email,
        full_name=person.name, phone=person.phone, street=person.street, city=person.city, state=person.state,
        postcode=person.postcode, password_hash=f"scrypt${make.hex(16)}${make.hex(64)}", joined_on=make.day(1900, 240),
        age_range=make.pick(("25-34", "35-49", "50-64", "65 or more")) if answers else None,
        gender=make.pick(("woman", "man", "rather not say")) if answers else None,
        household=make.pick(("two adults, two children", "one adult", "three generations")) if answers else None,
    )  # fmt: skip
    for name in make.some(PETS, 1, 3):
        animal = make.pick(tuple(BREEDS))
        add(
            make, rows, "market.pets", owner_id=owner["id"], pet_name=name, animal=animal,
            breed=make.pick(BREEDS[animal]), care_note=make.maybe(0.4, make.pick(CARE)),
        )  # fmt: skip
    return owner


def _professional(make: Maker, rows: Rows, person: Person, *, years: int) -> Row:
    """A professional paid for so many years: older payouts are past what the law keeps."""
    pro = add(
        make, rows, "market.professionals", pro_no=f"P-{make.id('pro_no', 311)}", email=person.email,
        full_name=person.name, business_name=f"{person.last} {make.pick(('Pet Care', 'Walks', 'Grooming'))}",
        phone=person.phone, street=person.street, city=person.city, state=person.state, postcode=person.postcode,
        password_hash=f"scrypt${make.hex(16)}${make.hex(64)}", joined_on=ago(365 * years),
        about_me=f"Here for your animals. {make.words()}", years_of_practice=years + make.number(0, 9),
    )  # fmt: skip
    taxpayer_no = f"000-{make.number(10, 99)}-{make.number(1000, 9999)}"  # no real number begins with 000
    payee = add(
        make, rows, "payouts.payees", email=person.email, full_name=person.name,
        bank_name=make.pick(("First Meadow Bank", "Ferry Credit Union")), bank_account=f"{make.number(0, 10**9):010d}",
        taxpayer_no=taxpayer_no, since=pro["joined_on"],
    )  # fmt: skip
    for year in range(TODAY.year - years, TODAY.year + 1):
        _paid_year(make, rows, payee, year, f"{person.street}, {person.city}, {person.state} {person.postcode}")
    return pro


def _paid_year(make: Maker, rows: Rows, payee: Row, year: int, address: str) -> None:
    days = [
        day for _ in range(make.number(2, 5)) if (day := date(year, make.number(1, 12), make.number(1, 28))) < TODAY
    ]
    paid = [
        add(
            make, rows, "payouts.paid", payee_id=payee["id"], paid_on=day, booking_no=f"B-{make.number(10000, 69999)}",
            amount=make.money(40, 400), fee=make.money(4, 40), account_ending=payee["bank_account"][-4:],
        )
        for day in sorted(days)
    ]  # fmt: skip
    if paid and year < TODAY.year:
        add(
            make, rows, "payouts.tax_forms", payee_id=payee["id"], tax_year=year, filed_on=date(year + 1, 1, 31),
            gross=sum(p["amount"] for p in paid), name_on_form=payee["full_name"], address_on_form=address,
            taxpayer_no=payee["taxpayer_no"],
        )  # fmt: skip


def _booking(make: Maker, rows: Rows, owner: Row, pro: Row, begins: date) -> None:
    open_yet = begins > TODAY
    add(
        make, rows, "market.bookings", booking_no=f"B-{make.id('booking_no', 70201)}", owner_id=owner["id"],
        professional_id=pro["id"], owner_name=owner["full_name"], professional_name=pro["full_name"],
        service=make.pick(SERVICES), begins_on=begins, ends_on=begins + timedelta(days=make.number(0, 6)),
        state_of_booking="booked" if open_yet else "done", price=make.money(18, 320), place=owner["street"],
        owner_note=make.maybe(0.5, make.pick(CARE)),
        professional_note=None if open_yet else make.maybe(0.5, "Good company. " + make.words(4, 8)),
    )  # fmt: skip
    for turn in range(make.number(1, 4)):
        add(
            make, rows, "market.messages", owner_id=owner["id"], professional_id=pro["id"], from_owner=turn % 2 == 0,
            body=make.pick(SAID), sent_at=make.moment(min(begins, TODAY) - timedelta(days=9 - turn)),
        )  # fmt: skip


def _choices(make: Maker, rows: Rows, person: Person) -> None:
    add(
        make, rows, "outreach.mail_choices", email=person.email, since=make.day(1500, 100), specials=True,
        new_services=True, policy_changes=True, survey_invitations=make.chance(0.7), calls=make.chance(0.4),
    )  # fmt: skip


def _survey(make: Maker, rows: Rows, person: Person) -> None:
    for survey, question, answers in make.some(SURVEY, 1, 3):
        add(
            make, rows, "outreach.survey_answers", email=person.email, survey=survey, question=question,
            answer=make.pick(answers), answered_on=make.day(320, 60),
        )  # fmt: skip


def _entrant(make: Maker, rows: Rows, person: Person, *, choices: bool = True) -> None:
    contest = make.pick(tuple(CONTESTS))
    add(
        make, rows, "outreach.contest_entries", email=person.email, entrant=person.name, postcode=person.postcode,
        contest=contest, run_with=CONTESTS[contest], caption=f"{make.pick(PETS)} did it.", entered_on=make.day(700, 30),
        prize=make.maybe(0.05, "A year of walks"),
    )  # fmt: skip
    if choices:
        _choices(make, rows, person)


def _grant(make: Maker, rows: Rows, person: Person, provider: str) -> None:
    grant = add(
        make, rows, "sign_in.grants", email=person.email, provider=provider, provider_account=make.hex(12),
        allowed="name, email, picture, language", access_token=f"at_{make.hex(40)}", refresh_token=f"rt_{make.hex(40)}",
        granted_on=make.day(900, 400), last_used_on=make.day(300, 1),
    )  # fmt: skip
    add(
        make, rows, "sign_in.copied_profiles", grant_id=grant["id"], display_name=person.first,
        picture_url=f"https://example.com/{provider}/{make.hex(8)}.jpg",
        language=make.pick(("en", "es")), copied_on=grant["granted_on"],
    )  # fmt: skip
