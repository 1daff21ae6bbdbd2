-- Microkitten's database: a schema for each `sql` source of its data map; visits lie in DynamoDB.
CREATE SCHEMA store;
CREATE TABLE store.items (id int PRIMARY KEY, name text NOT NULL, price numeric(8,2) NOT NULL);
CREATE TABLE store.customers (
  id int PRIMARY KEY, number text NOT NULL UNIQUE, email text NOT NULL UNIQUE, password_hash text NOT NULL,
  name text NOT NULL, phone text, street text, city text, state text, postcode text, cat_name text, since date NOT NULL);
CREATE INDEX ON store.customers (lower(email));
CREATE INDEX ON store.customers (lower(number));
CREATE TABLE store.orders (
  id int PRIMARY KEY, number text NOT NULL UNIQUE, customer_id int REFERENCES store.customers, email text NOT NULL,
  status text NOT NULL, ordered_on date NOT NULL, total numeric(10,2) NOT NULL, payment_reference text NOT NULL,
  bill_name text NOT NULL, bill_address text NOT NULL, wish text);
CREATE INDEX ON store.orders (lower(email));
CREATE INDEX ON store.orders (customer_id);
CREATE TABLE store.order_lines (
  id int PRIMARY KEY, order_id int NOT NULL REFERENCES store.orders, item_id int NOT NULL REFERENCES store.items,
  sold_on date NOT NULL, quantity int NOT NULL, price numeric(8,2) NOT NULL);
CREATE INDEX ON store.order_lines (order_id);
CREATE TABLE store.gifts (
  id int PRIMARY KEY, order_id int NOT NULL REFERENCES store.orders, item text NOT NULL, card_text text, shipped_on date,
  recipient_name text NOT NULL, recipient_email text, recipient_phone text, recipient_street text NOT NULL,
  recipient_city text NOT NULL, recipient_state text, recipient_postcode text NOT NULL);
CREATE INDEX ON store.gifts (lower(recipient_email));
CREATE INDEX ON store.gifts (order_id);
CREATE TABLE store.messages (
  id int PRIMARY KEY, customer_id int REFERENCES store.customers, email text NOT NULL, written_at timestamptz NOT NULL,
  subject text NOT NULL, said text NOT NULL, answer text);
CREATE INDEX ON store.messages (lower(email));
CREATE INDEX ON store.messages (customer_id);

CREATE SCHEMA notices;
CREATE TABLE notices.mailings (id int PRIMARY KEY, kind text NOT NULL, sent_on date NOT NULL, how_many int NOT NULL);
CREATE TABLE notices.choices (
  id int PRIMARY KEY, email text NOT NULL, sales boolean NOT NULL, sales_chosen_on date, new_things boolean NOT NULL,
  new_things_chosen_on date, partner_offers boolean NOT NULL, partner_offers_chosen_on date);
CREATE UNIQUE INDEX ON notices.choices (lower(email));
CREATE TABLE notices.consents (
  id int PRIMARY KEY, email text NOT NULL, kind text NOT NULL, wording text NOT NULL, agreed_on date NOT NULL,
  withdrawn_on date, ip_address text);
CREATE INDEX ON notices.consents (lower(email));
