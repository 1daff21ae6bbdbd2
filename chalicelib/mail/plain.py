"""The new words of a mail: markup dropped, quoted words dropped, the signature dropped.

What a mail quotes was written before, often by us: "to unsubscribe, reply with REMOVE" under a newsletter asks nothing.
Leaves to others: taking the message apart (inbound), reading the words (law/content).
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

LONGEST_PAGE, LONGEST_TAG = 200_000, 1_000
_QUOTED_FROM_HERE = re.compile(
    r"^(?:"
    r"(?:-{2,} ?(?:original message|forwarded message|mensaje original|mensaje reenviado) ?-*"
    r"|on .{5,300}\bwrote:|el .{5,300}\bescribi[oó]:|_{10,}|--)$"
    r"|(?:from|de): .{1,300}\n(?:.{0,300}\n){0,2}?(?:sent|date|to|enviado|fecha|para): )",
    re.IGNORECASE | re.MULTILINE,
)
_WRAPPED_INTRODUCTION = re.compile(
    r"^((?:on|el) [^\n]{5,200})\n([^\n]{0,200}\b(?:wrote|escribi[oó]):)$", re.IGNORECASE | re.MULTILINE
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_NO_TAG = re.compile(rf"<(?![^<>]{{0,{LONGEST_TAG}}}>)")
_BLANK = re.compile(r"\n{3,}")
_UNSEEN = frozenset({"style", "script", "title", "blockquote"})
_BREAKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "hr"})


def fresh(text: str) -> str:
    """The words above what is quoted, without lines that quote."""
    text = _WRAPPED_INTRODUCTION.sub(r"\1 \2", "\n".join(line.strip() for line in text.split("\n")))
    if begins := _QUOTED_FROM_HERE.search(text):
        text = text[: begins.start()]
    own = [line for line in text.split("\n") if not line.startswith(">")]
    return _BLANK.sub("\n\n", "\n".join(own)).strip()


def from_page(html: str) -> str:
    """The visible words of an HTML part, quotations left out; what is not closed ends with the page.

    Comments, and tags that never end or are endless, are taken out first: the library looks for their ends again and
    again, and took a minute for 50 KB of them.
    """
    reader = _Reader()
    reader.feed(_NO_TAG.sub("&lt;", _COMMENT.sub("", html[:LONGEST_PAGE])))
    reader.close()
    return "".join(reader.words)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        quoted = any(name == "class" and value and "gmail_quote" in value for name, value in attrs)
        if tag in _UNSEEN or (quoted and tag == "div") or (self._unseen and tag == self._unseen[-1]):
            self._unseen.append(tag)
        if tag in _BREAKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._unseen and tag == self._unseen[-1]:
            self._unseen.pop()

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.words.append(data.replace("\n", " "))
