"""The laptop's mail server: what people and programs see of the mails, and packages by their links."""

from __future__ import annotations

import gzip
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import boto3
import pytest
from botocore.config import Config

from chalicelib.businesses.loader import load, shipped
from chalicelib.domain.datamap import DataMap
from chalicelib.mail.messages import TEMPLATES
from local import aws, mailbox, places, server
from local.gallery import Gallery

SENDER = "privacy@example.com"


@pytest.fixture(scope="module")
def mail() -> Iterator[str]:
    with aws.engine({}):
        boto3.client("ses").verify_email_identity(EmailAddress=SENDER)
        boto3.client("s3").create_bucket(Bucket="packages")
        boto3.client("s3").put_object(
            Bucket="packages", Key="R-1/package.zip", Body=b"PK", ContentType="application/zip"
        )
        mailer = mailbox.server(
            0, lambda raw: "delivered" if b"REMOVE" in raw else "kept", lambda: places.contents(DATAMAP),
            Gallery(load("microkitten")),
        )  # fmt: skip
        with server.serving(mailer):
            yield f"http://{server.HOST}:{mailer.server_port}"


def test_what_the_business_holds_on_aws_is_shown_as_it_is_now(mail: str) -> None:
    """Made empty; then a line in a packed log and an item in a table, as anybody else would write them."""
    places.install(DATAMAP, {})
    assert json.loads(ask(f"{mail}/api/places")[1]) == {"logs.uses": [], "site.visitors": []}
    line = gzip.compress(b'{"id": 1}\n')
    boto3.client("s3").put_object(Bucket="shop-logs", Key="uses/2.jsonl.gz", Body=line)
    boto3.client("dynamodb").put_item(TableName="shop-visitors", Item={"id": {"S": "c1"}, "n": {"N": "7"}})
    assert json.loads(ask(f"{mail}/api/places")[1]) == {
        "logs.uses": [{"id": 1}],
        "site.visitors": [{"id": "c1", "n": 7}],
    }


ID: dict[str, Any] = {"title": "T", "identity": {"cookie": "id"}, "fields": {"id": {"label": "i", "category": "user"}}}
DATAMAP = DataMap.model_validate(
    {
        "sources": {
            "logs": {
                "kind": "s3",
                "title": "L",
                "where": "shop-logs",
                "collections": {"uses": ID | {"format": "jsonl"}},
            },
            "site": {"kind": "dynamodb", "title": "S", "where": "shop-", "collections": {"visitors": ID}},
        }
    }
)


def send(to: str, subject: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = f"Shop <{SENDER}>", to, subject
    message["Date"] = "Fri, 20 Nov 2026 10:00:00 +0000"
    message.set_content("Plain: http://127.0.0.1/track/abc")
    message.add_alternative("<p>Page</p><script>alert(1)</script>", subtype="html")
    boto3.client("ses").send_raw_email(Source=SENDER, Destinations=[to], RawMessage={"Data": message.as_bytes()})


def ask(url: str, method: str = "GET", data: bytes | None = None) -> tuple[int, str, dict[str, str]]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, method=method)) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode(), dict(refused.headers)


def test_programs_get_what_was_sent_newest_first(mail: str) -> None:
    ask(f"{mail}/api/messages", "DELETE")
    send("a@example.com", "First")
    send("b@example.com", "Second")
    first, *others = json.loads(ask(f"{mail}/api/messages")[1])
    assert (first["subject"], first["from"], first["to"]) == ("Second", SENDER, ["b@example.com"])
    assert first["sent_at"] == "2026-11-20T10:00:00+00:00"
    assert first["text"].strip() == "Plain: http://127.0.0.1/track/abc"
    assert [mail["subject"] for mail in others] == ["First"]
    assert [m["subject"] for m in json.loads(ask(f"{mail}/api/messages?to=A@example.com")[1])] == ["First"]
    ask(f"{mail}/api/messages", "DELETE")
    assert json.loads(ask(f"{mail}/api/messages")[1]) == []


def test_people_read_a_mail_that_cannot_run_anything(mail: str) -> None:
    send("a@example.com", "<b>Hello</b>")
    page = ask(f"{mail}/")[1]
    assert "&lt;b&gt;Hello&lt;/b&gt;" in page
    assert 'sandbox="allow-popups' in page
    letter = json.loads(ask(f"{mail}/api/messages")[1])[0]
    _, _, headers = ask(f"{mail}/messages/{letter['id']}/html")
    assert "sandbox" in headers["Content-Security-Policy"]


def test_the_gallery_shows_every_mail_light_and_dark(mail: str) -> None:
    """None that SES was given, and nothing in it runs."""
    ask(f"{mail}/api/messages", "DELETE")
    shapes = re.findall(r'href="\?mail=([\w-]+)#', ask(f"{mail}/gallery")[1])
    known = {each.name for each in TEMPLATES.iterdir() if each.is_dir()}
    sent = {shape.partition("-")[0] for shape in shapes}
    assert sent == known - {"staff_duties"}, "all but the duties, which this business has none of"
    page = ask(f"{mail}/gallery?mail=refused")[1]
    assert "R-7K2M-Q4TX" in page
    for scheme in ("light", "dark"):
        assert f'src="/gallery/refused/{scheme}"' in page
        status, html, headers = ask(f"{mail}/gallery/refused/{scheme}")
        assert status == 200
        assert f'name="color-scheme" content="{scheme}"' in html
        assert "sandbox" in headers["Content-Security-Policy"]
    assert ask(f"{mail}/gallery/none/dark")[0] == 404
    assert json.loads(ask(f"{mail}/api/messages")[1]) == []


@pytest.mark.parametrize("name", shipped())
def test_every_business_has_words_for_every_mail(name: str) -> None:
    for preview in Gallery(load(name)).previews.values():
        assert load(name).name in preview.text + preview.html


def test_a_package_is_served_while_its_link_lives(mail: str) -> None:
    s3 = boto3.client("s3", endpoint_url=f"{mail}/files", config=Config(signature_version="s3v4"))
    place = {
        "Bucket": "packages",
        "Key": "R-1/package.zip",
        "ResponseContentDisposition": 'attachment; filename="a.zip"',
    }
    link = s3.generate_presigned_url("get_object", Params=place, ExpiresIn=60)
    status, body, headers = ask(link)
    assert (status, body, headers["Content-Disposition"]) == (200, "PK", 'attachment; filename="a.zip"')
    assert ask(s3.generate_presigned_url("get_object", Params=place, ExpiresIn=-1))[0] == 403
    assert ask(f"{mail}/files/packages/R-1/package.zip")[0] == 403


def test_mail_to_the_business_is_delivered_or_kept(mail: str) -> None:
    status, became, _ = ask(f"{mail}/api/inbound", "POST", b"Subject: REMOVE\r\n\r\n")
    assert (status, json.loads(became)) == (202, {"became": "delivered"})
    assert ask(f"{mail}/api/inbound", "POST", b"")[0] == 400
    assert ask(f"{mail}/elsewhere", "POST", b"x")[0] == 404


def test_a_run_that_cannot_be_says_why_in_one_line(mail: str) -> None:
    from local.run import CannotRun, Wanted

    taken = mail.rsplit(":", 1)[1]
    for said, why in (
        ({"BUSINESS": "nope"}, "no such business"),
        ({"PORT": "web"}, "not a port"),
        ({"PORT": taken}, "in use"),
        ({"PORT": "8199", "MAIL_PORT": "8199"}, "both 8199"),
    ):
        with pytest.raises(CannotRun, match=why):
            Wanted.from_env(said)
