"""Forms with files: read back as they were sent, byte for byte, and bad ones refused with a 4xx."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.web.asked import Unreadable
from chalicelib.web.uploads import parsed

BETWEEN = "x-between-the-parts-x"
KIND = f"multipart/form-data; boundary={BETWEEN}"
FIELD = st.from_regex(r"[a-z][a-z._]{0,20}", fullmatch=True)
FILE = st.from_regex(r"[A-Za-z0-9 _-]{1,30}\.[a-z]{3}", fullmatch=True)


def sent(*parts: tuple[str, str | None, bytes], between: str = BETWEEN) -> bytes:
    """What a browser sends: (field, file name or none, bytes)."""
    body = b""
    for name, file, data in parts:
        head = f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{file}"' if file is not None else "")
        kind = "" if file is None else "\r\nContent-Type: application/octet-stream"
        body += f"--{between}\r\n{head}{kind}\r\n\r\n".encode() + data + b"\r\n"
    return body + f"--{between}--\r\n".encode()


def part(head: str, data: bytes) -> bytes:
    """A form whose one part says more of itself than a browser's does."""
    said = f'--{BETWEEN}\r\nContent-Disposition: form-data; name="a"\r\n{head}\r\n\r\n'
    return said.encode() + data + f"\r\n--{BETWEEN}--\r\n".encode()


@given(name=FIELD, text=st.text(max_size=300), file=FILE, data=st.binary(max_size=2000))
def test_what_was_sent_is_what_is_read(name: str, text: str, file: str, data: bytes) -> None:
    text = text.encode(errors="ignore").decode()
    fields, files = parsed(KIND, sent((name, None, text.encode()), ("files", file, data)))
    assert fields == {name: [text]}
    assert files == [("files", file, data)]


@pytest.mark.parametrize(
    "data", [b"\r\n", b"\n\n\r", b"--", b"\r\n--x-between", b"\x0b\x0c\x1c\x85\xa0", bytes(range(256))]
)
def test_bytes_that_look_like_the_format_stay_bytes(data: bytes) -> None:
    assert parsed(KIND, sent(("files", "a.pdf", data)))[1] == [("files", "a.pdf", data)]


def test_a_browser_without_a_chosen_file_sends_none() -> None:
    assert parsed(KIND, sent(("outcome", None, b"none"), ("files", "", b""))) == ({"outcome": ["none"]}, [])


def test_repeated_fields_and_several_files_keep_their_order() -> None:
    fields, files = parsed(
        KIND, sent(("a", None, b"1"), ("files", "b.txt", b"2"), ("a", None, b"3"), ("files", "c.txt", b"4"))
    )
    assert fields == {"a": ["1", "3"]}
    assert [name for _, name, _ in files] == ["b.txt", "c.txt"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", sent(("a", None, b"1"))),
        (KIND, b""),
        (KIND, b"nothing of the kind"),
        (KIND, sent(("a", None, b"1"))[:-20]),
        (KIND, sent(("a", None, b"\xff\xfe"))),
        (KIND, sent(("", None, b"1"))),
        (KIND, f"--{BETWEEN}\r\nContent-Type: text/plain\r\n\r\n1\r\n--{BETWEEN}--\r\n".encode()),
        (KIND + "\r\nX: y", sent(("a", None, b"1"))),
        (KIND, sent(*[("a", None, b"1")] * 500)),
        (KIND, part("Content-Transfer-Encoding: base64", b"eA==")),
        (KIND, part("Content-Type: multipart/mixed; boundary=y", b"--y\r\n\r\nx\r\n--y--")),
    ],
)  # fmt: skip
def test_what_is_no_such_form_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        parsed(kind, body)
    assert refused.value.status == 400


@given(kind=st.text(max_size=80), body=st.binary(max_size=300))
def test_nothing_that_is_sent_breaks_it(kind: str, body: bytes) -> None:
    """Only Unreadable leaves it."""
    with contextlib.suppress(Unreadable):
        fields, files = parsed(f"multipart/form-data; boundary={kind}", body)
        assert len(fields) + len(files) <= len(body)


@pytest.mark.parametrize("nested", [b"", b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"])
def test_parts_without_end_cost_no_minute(nested: bytes) -> None:
    began = time.process_time()
    with pytest.raises(Unreadable):
        parsed("multipart/form-data; boundary=b", nested + (b"--c\r\n\r\n" if nested else b"--b\r\n\r\n") * 500_000)
    assert time.process_time() - began < 5
