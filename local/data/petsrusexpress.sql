-- PetsRUsExpress's database: a schema for each source of its data map.
CREATE SCHEMA shop;
CREATE TABLE shop.products (
    id int PRIMARY KEY, name text NOT NULL, price numeric(8, 2) NOT NULL
);
CREATE TABLE shop.members (
    id int PRIMARY KEY, member_no text NOT NULL UNIQUE, email text NOT NULL UNIQUE, full_name text NOT NULL,
    phone text, street text, city text, state text, postcode text, birthday date, password_hash text,
    joined_on date NOT NULL, welcome_mails boolean NOT NULL, offer_mails boolean NOT NULL,
    catalogue_by_post boolean NOT NULL, calls boolean NOT NULL
);
CREATE INDEX ON shop.members (lower(email));
CREATE INDEX ON shop.members (lower(member_no));
CREATE TABLE shop.pets (
    id int PRIMARY KEY, member_id int NOT NULL REFERENCES shop.members, pet_name text NOT NULL,
    animal text NOT NULL, born_on date, on_file_since date NOT NULL
);
CREATE INDEX ON shop.pets (member_id);
CREATE TABLE shop.orders (
    id int PRIMARY KEY, order_no text NOT NULL UNIQUE, member_id int NOT NULL REFERENCES shop.members,
    placed_on date NOT NULL, state_of_order text NOT NULL, total numeric(10, 2) NOT NULL,
    sales_tax numeric(10, 2) NOT NULL, ship_name text NOT NULL, ship_street text, ship_city text NOT NULL,
    ship_state text NOT NULL, ship_postcode text NOT NULL, ship_phone text, driver_note text
);
CREATE INDEX ON shop.orders (member_id);
CREATE TABLE shop.parcels_due (
    id int PRIMARY KEY, order_id int NOT NULL REFERENCES shop.orders, leaves_on date NOT NULL, to_name text NOT NULL,
    to_street text NOT NULL, to_city text NOT NULL, to_state text NOT NULL, to_postcode text NOT NULL, phone text
);
CREATE INDEX ON shop.parcels_due (order_id);
CREATE TABLE shop.order_lines (
    id int PRIMARY KEY, order_id int NOT NULL REFERENCES shop.orders, placed_on date NOT NULL,
    product_id int NOT NULL REFERENCES shop.products, product text NOT NULL, quantity int NOT NULL,
    price numeric(8, 2) NOT NULL, engraving text
);
CREATE INDEX ON shop.order_lines (order_id);
CREATE TABLE shop.payments (
    id int PRIMARY KEY, order_id int NOT NULL REFERENCES shop.orders, placed_on date NOT NULL,
    paid_on date NOT NULL, amount numeric(10, 2) NOT NULL, card_brand text NOT NULL, card_number text,
    card_holder text, billing_postcode text
);
CREATE INDEX ON shop.payments (order_id);
CREATE TABLE shop.returns (
    id int PRIMARY KEY, order_id int NOT NULL REFERENCES shop.orders, placed_on date NOT NULL,
    returned_on date NOT NULL, reason text, refunded numeric(10, 2) NOT NULL
);
CREATE INDEX ON shop.returns (order_id);

CREATE SCHEMA mailroom;
CREATE TABLE mailroom.newsletter_readers (
    id int PRIMARY KEY, email text NOT NULL, first_name text, postcode text, signed_up_on date NOT NULL,
    signed_up_how text NOT NULL, newsletter boolean NOT NULL
);
CREATE INDEX ON mailroom.newsletter_readers (lower(email));
CREATE TABLE mailroom.mailings (
    id int PRIMARY KEY, email text NOT NULL, kind text NOT NULL, subject text NOT NULL, sent_on date NOT NULL,
    opened boolean NOT NULL
);
CREATE INDEX ON mailroom.mailings (lower(email));
CREATE TABLE mailroom.sharing_consents (
    id int PRIMARY KEY, email text NOT NULL, partner text NOT NULL, what text NOT NULL, wording text NOT NULL,
    given_on date NOT NULL, given_how text NOT NULL, ended_on date, in_force boolean NOT NULL
);
CREATE INDEX ON mailroom.sharing_consents (lower(email));
-- A consent that ends, by whatever hand, gets the day on which it did.
CREATE FUNCTION mailroom.note_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.ended_on := coalesce(NEW.ended_on, current_date);
    RETURN NEW;
END $$;
CREATE TRIGGER note_end BEFORE UPDATE ON mailroom.sharing_consents
    FOR EACH ROW WHEN (OLD.in_force AND NOT NEW.in_force) EXECUTE FUNCTION mailroom.note_end();

CREATE SCHEMA credit;
CREATE TABLE credit.terms (version text PRIMARY KEY, yearly_rate numeric(5, 2) NOT NULL);
CREATE TABLE credit.applications (
    id int PRIMARY KEY, application_no text NOT NULL UNIQUE, email text NOT NULL, full_name text NOT NULL,
    ssn text, applied_on date NOT NULL, employer text, income numeric(10, 2) NOT NULL, decided_on date NOT NULL,
    outcome text NOT NULL, credit_limit numeric(10, 2)
);
CREATE INDEX ON credit.applications (lower(email));
