-- Cetrus's database: a schema for each `sql` source of its data map; the logs lie in S3.
CREATE SCHEMA store;
CREATE TABLE store.vendors (id text PRIMARY KEY, name text NOT NULL);
CREATE TABLE store.applications (
    id int PRIMARY KEY, name text NOT NULL, vendor_id text NOT NULL REFERENCES store.vendors,
    price numeric(8, 2) NOT NULL
);
CREATE TABLE store.accounts (
    id int PRIMARY KEY, account_no text NOT NULL UNIQUE, email text NOT NULL UNIQUE, full_name text NOT NULL,
    city text, zip_code text, country text, trade text, password_hash text, recovery_answer text,
    opened_on date NOT NULL, other_uses boolean NOT NULL
);
CREATE INDEX ON store.accounts (lower(email));
CREATE INDEX ON store.accounts (lower(account_no));
CREATE TABLE store.purchases (
    id int PRIMARY KEY, purchase_no text NOT NULL UNIQUE, account_id int NOT NULL REFERENCES store.accounts,
    bought_on date NOT NULL, application text NOT NULL, vendor_id text NOT NULL REFERENCES store.vendors,
    state_of_purchase text NOT NULL, amount numeric(8, 2) NOT NULL, tax_state text NOT NULL, card_token text,
    buyer_note text
);
CREATE INDEX ON store.purchases (account_id);
CREATE TABLE store.licences (
    id int PRIMARY KEY, account_id int NOT NULL REFERENCES store.accounts, licence_key text NOT NULL UNIQUE,
    key_ending text NOT NULL GENERATED ALWAYS AS (right(licence_key, 5)) STORED, application text NOT NULL,
    vendor_id text NOT NULL REFERENCES store.vendors, granted_on date NOT NULL, ends_on date, seats int NOT NULL
);
CREATE INDEX ON store.licences (account_id);
CREATE INDEX ON store.licences (lower(licence_key));
CREATE TABLE store.downloads (
    id int PRIMARY KEY, account_id int NOT NULL REFERENCES store.accounts, application text NOT NULL,
    version text NOT NULL, downloaded_at timestamptz NOT NULL, ip_address text
);
CREATE INDEX ON store.downloads (account_id);

CREATE SCHEMA postbox;
CREATE TABLE postbox.subscribers (
    id int PRIMARY KEY, email text NOT NULL, zip_code text, since date NOT NULL, news boolean NOT NULL,
    vendor_offers boolean NOT NULL, policy_changes boolean NOT NULL
);
CREATE INDEX ON postbox.subscribers (lower(email));
CREATE TABLE postbox.mails_sent (
    id int PRIMARY KEY, email text NOT NULL, kind text NOT NULL, subject text NOT NULL, sent_on date NOT NULL
);
CREATE INDEX ON postbox.mails_sent (lower(email));
CREATE TABLE postbox.policy_choices (
    id int PRIMARY KEY, email text NOT NULL, policy_version text NOT NULL, announced_on date NOT NULL,
    new_use text NOT NULL, choice text NOT NULL, chosen_on date NOT NULL
);
CREATE INDEX ON postbox.policy_choices (lower(email));
