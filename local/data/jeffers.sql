-- Jeffers' database: a schema for each source of its data map.
CREATE SCHEMA shop;
CREATE TABLE shop.product_groups (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE shop.products (
  id int PRIMARY KEY, group_id int NOT NULL REFERENCES shop.product_groups, name text NOT NULL, price numeric(8,2) NOT NULL);
CREATE TABLE shop.accounts (
  id int PRIMARY KEY, customer_number text NOT NULL UNIQUE, email text NOT NULL UNIQUE, password_hash text NOT NULL,
  first_name text NOT NULL, last_name text NOT NULL, phone text, street text, city text, state text, postcode text,
  joined_on date NOT NULL, offers_by_email boolean NOT NULL, may_share boolean NOT NULL);
CREATE INDEX ON shop.accounts (lower(email));
CREATE INDEX ON shop.accounts (lower(customer_number));
CREATE INDEX ON shop.accounts (regexp_replace(phone, '\D', '', 'g'));
CREATE TABLE shop.orders (
  id int PRIMARY KEY, order_number text NOT NULL UNIQUE, account_id int REFERENCES shop.accounts, email text,
  channel text NOT NULL, status text NOT NULL, ordered_on date NOT NULL, shipped_on date, total numeric(10,2) NOT NULL,
  ship_name text NOT NULL, ship_street text NOT NULL, ship_city text NOT NULL, ship_state text NOT NULL,
  ship_postcode text NOT NULL, ship_phone text, ip_address text);
CREATE INDEX ON shop.orders (lower(email));
CREATE INDEX ON shop.orders (account_id);
CREATE TABLE shop.order_lines (
  id int PRIMARY KEY, order_id int NOT NULL REFERENCES shop.orders, product_id int NOT NULL REFERENCES shop.products,
  sold_on date NOT NULL, quantity int NOT NULL, price numeric(8,2) NOT NULL);
CREATE INDEX ON shop.order_lines (order_id);
CREATE TABLE shop.payment_tokens (
  id int PRIMARY KEY, account_id int NOT NULL REFERENCES shop.accounts, token text NOT NULL, brand text NOT NULL,
  expires text NOT NULL, added_on date NOT NULL);
CREATE INDEX ON shop.payment_tokens (account_id);
CREATE TABLE shop.reviews (
  id int PRIMARY KEY, account_id int NOT NULL REFERENCES shop.accounts, product_id int NOT NULL REFERENCES shop.products,
  nickname text NOT NULL, stars int NOT NULL, said text NOT NULL, written_on date NOT NULL);
CREATE INDEX ON shop.reviews (account_id);

CREATE SCHEMA marketing;
CREATE TABLE marketing.campaigns (id int PRIMARY KEY, title text NOT NULL, sent_on date NOT NULL, pieces int NOT NULL);
CREATE TABLE marketing.newsletter (
  id int PRIMARY KEY, email text NOT NULL, first_name text, postcode text, subscribed boolean NOT NULL,
  since timestamptz NOT NULL);
CREATE UNIQUE INDEX ON marketing.newsletter (lower(email));
CREATE TABLE marketing.mailing_list (
  id int PRIMARY KEY, customer_number text, email text, name text NOT NULL, street text NOT NULL, city text NOT NULL,
  state text NOT NULL, postcode text NOT NULL, by_post boolean NOT NULL, shared boolean NOT NULL, added_on date NOT NULL);
CREATE INDEX ON marketing.mailing_list (lower(email));
CREATE INDEX ON marketing.mailing_list (lower(customer_number));
CREATE TABLE marketing.phone_list (
  id int PRIMARY KEY, phone text NOT NULL, email text, may_call boolean NOT NULL, asked_on date NOT NULL);
CREATE INDEX ON marketing.phone_list (lower(email));
CREATE INDEX ON marketing.phone_list (regexp_replace(phone, '\D', '', 'g'));
CREATE TABLE marketing.tell_a_friend (
  id int PRIMARY KEY, email text NOT NULL, friend_email text NOT NULL, friend_name text NOT NULL, note text NOT NULL,
  sent_on timestamptz NOT NULL);
CREATE INDEX ON marketing.tell_a_friend (lower(email));
CREATE INDEX ON marketing.tell_a_friend (lower(friend_email));
CREATE TABLE marketing.sweepstakes (
  id int PRIMARY KEY, email text NOT NULL, name text NOT NULL, drawing text NOT NULL, entered_on date NOT NULL,
  age_range text, won boolean NOT NULL);
CREATE INDEX ON marketing.sweepstakes (lower(email));

CREATE SCHEMA loyalty;
CREATE TABLE loyalty.tiers (name text PRIMARY KEY, points int NOT NULL);
CREATE TABLE loyalty.members (
  id int PRIMARY KEY, card text NOT NULL UNIQUE, customer_number text, email text NOT NULL, name text NOT NULL,
  birthday date, tier text NOT NULL REFERENCES loyalty.tiers, joined_on date NOT NULL, statement_by_email boolean NOT NULL);
CREATE INDEX ON loyalty.members (lower(email));
CREATE INDEX ON loyalty.members (lower(customer_number));
CREATE TABLE loyalty.points (
  id int PRIMARY KEY, member_id int NOT NULL REFERENCES loyalty.members, points int NOT NULL, why text NOT NULL,
  given_on date NOT NULL);
CREATE INDEX ON loyalty.points (member_id);
CREATE TABLE loyalty.animals (
  id int PRIMARY KEY, member_id int NOT NULL REFERENCES loyalty.members, name text NOT NULL, species text NOT NULL,
  birthday date);
CREATE INDEX ON loyalty.animals (member_id);
CREATE TABLE loyalty.children (
  id int PRIMARY KEY, parent_email text NOT NULL, parent_name text NOT NULL, child_name text NOT NULL,
  child_birthday date NOT NULL, pony text, consent_on date NOT NULL);
CREATE INDEX ON loyalty.children (lower(parent_email));
