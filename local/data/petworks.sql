-- PetWorks's database: a schema for each source of its data map.
CREATE SCHEMA market;
CREATE TABLE market.services (id int PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE market.owners (
    id int PRIMARY KEY, owner_no text NOT NULL UNIQUE, email text NOT NULL UNIQUE, full_name text NOT NULL,
    phone text, street text, city text, state text, postcode text, password_hash text, joined_on date NOT NULL,
    age_range text, gender text, household text
);
CREATE INDEX ON market.owners (lower(email));
CREATE INDEX ON market.owners (lower(owner_no));
CREATE TABLE market.pets (
    id int PRIMARY KEY, owner_id int NOT NULL REFERENCES market.owners, pet_name text NOT NULL,
    animal text NOT NULL, breed text, care_note text
);
CREATE INDEX ON market.pets (owner_id);
CREATE TABLE market.professionals (
    id int PRIMARY KEY, pro_no text NOT NULL UNIQUE, email text NOT NULL UNIQUE, full_name text NOT NULL,
    business_name text, phone text, street text, city text, state text, postcode text, password_hash text,
    joined_on date NOT NULL, about_me text, years_of_practice integer
);
CREATE INDEX ON market.professionals (lower(email));
CREATE INDEX ON market.professionals (lower(pro_no));
CREATE TABLE market.bookings (
    id int PRIMARY KEY, booking_no text NOT NULL UNIQUE, owner_id int NOT NULL REFERENCES market.owners,
    professional_id int REFERENCES market.professionals, owner_name text NOT NULL, professional_name text NOT NULL,
    service text NOT NULL REFERENCES market.services (name), begins_on date NOT NULL, ends_on date NOT NULL,
    state_of_booking text NOT NULL, price numeric(8, 2) NOT NULL, place text, owner_note text, professional_note text
);
CREATE INDEX ON market.bookings (owner_id);
CREATE INDEX ON market.bookings (professional_id);
CREATE TABLE market.messages (
    id int PRIMARY KEY, owner_id int NOT NULL REFERENCES market.owners,
    professional_id int NOT NULL REFERENCES market.professionals, from_owner boolean NOT NULL,
    body text NOT NULL, sent_at timestamptz NOT NULL
);
CREATE INDEX ON market.messages (owner_id);
CREATE INDEX ON market.messages (professional_id);

CREATE SCHEMA payouts;
CREATE TABLE payouts.payees (
    id int PRIMARY KEY, email text NOT NULL, full_name text NOT NULL, bank_name text, bank_account text,
    taxpayer_no text, since date NOT NULL
);
CREATE INDEX ON payouts.payees (lower(email));
CREATE TABLE payouts.paid (
    id int PRIMARY KEY, payee_id int NOT NULL REFERENCES payouts.payees, paid_on date NOT NULL,
    booking_no text NOT NULL, amount numeric(8, 2) NOT NULL, fee numeric(8, 2) NOT NULL, account_ending text
);
CREATE INDEX ON payouts.paid (payee_id);
CREATE TABLE payouts.tax_forms (
    id int PRIMARY KEY, payee_id int NOT NULL REFERENCES payouts.payees, tax_year int NOT NULL,
    filed_on date NOT NULL, gross numeric(10, 2) NOT NULL, name_on_form text NOT NULL, address_on_form text NOT NULL,
    taxpayer_no text NOT NULL
);
CREATE INDEX ON payouts.tax_forms (payee_id);

CREATE SCHEMA outreach;
CREATE TABLE outreach.mail_choices (
    id int PRIMARY KEY, email text NOT NULL, since date NOT NULL, specials boolean NOT NULL,
    new_services boolean NOT NULL, policy_changes boolean NOT NULL, survey_invitations boolean NOT NULL,
    calls boolean NOT NULL
);
CREATE INDEX ON outreach.mail_choices (lower(email));
CREATE TABLE outreach.survey_answers (
    id int PRIMARY KEY, email text NOT NULL, survey text NOT NULL, question text NOT NULL, answer text NOT NULL,
    answered_on date NOT NULL
);
CREATE INDEX ON outreach.survey_answers (lower(email));
CREATE TABLE outreach.contest_entries (
    id int PRIMARY KEY, email text NOT NULL, entrant text NOT NULL, postcode text, contest text NOT NULL,
    run_with text, caption text, entered_on date NOT NULL, prize text
);
CREATE INDEX ON outreach.contest_entries (lower(email));

CREATE SCHEMA sign_in;
CREATE TABLE sign_in.grants (
    id int PRIMARY KEY, email text NOT NULL, provider text NOT NULL, provider_account text NOT NULL,
    allowed text NOT NULL, access_token text, refresh_token text, granted_on date NOT NULL, last_used_on date
);
CREATE INDEX ON sign_in.grants (lower(email));
CREATE TABLE sign_in.copied_profiles (
    id int PRIMARY KEY, grant_id int NOT NULL REFERENCES sign_in.grants, display_name text, picture_url text,
    language text, copied_on date NOT NULL
);
CREATE INDEX ON sign_in.copied_profiles (grant_id);
