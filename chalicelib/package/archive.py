"""A zip written as a stream, file by file, whose writing can be taken up again between two files by another process.

Each file is hashed while it is written; the same input gives the same bytes. Leaves to others: where the bytes go (a
stream that only knows `write`), what they say (files).
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, cast

LEVEL = 3
"""A fifth larger than at 6, in half the time: very many records are mostly deflated."""


class Stream(Protocol):
    def write(self, data: bytes) -> object: ...


@dataclass(frozen=True)
class Entry:
    """A file that is written: what the zip's directory and the manifest say of it."""

    name: str
    bytes: int
    sha256: str
    crc: int
    packed: int
    offset: int
    flags: int


class _From:
    """A stream as zipfile wants one that cannot seek: it counts on from where the last process stopped."""

    def __init__(self, out: Stream, at: int) -> None:
        self._out, self.at = out, at

    def write(self, data: bytes) -> int:
        self._out.write(data)
        self.at += len(data)
        return len(data)

    def tell(self) -> int:
        return self.at

    def flush(self) -> None:
        pass

    def seek(self, *_: Any) -> None:
        raise OSError("written as a stream")


class _Zip(zipfile.ZipFile):
    def __del__(self) -> None:
        """One that is cut short is left as it is: zipfile would write a directory after it."""


class Archive:
    """Writes files into a zip. `written` and `offset` of an earlier process let this one go on."""

    def __init__(self, out: Stream, made_at: datetime, written: Sequence[Entry] = (), offset: int = 0) -> None:
        self._at = _From(out, offset)
        self._zip = _Zip(cast(Any, self._at), "w", zipfile.ZIP_DEFLATED)
        self._moment = made_at.astimezone(UTC).timetuple()[:6]
        self.entries = list(written)
        for entry in written:
            self._zip.filelist.append(self._info(entry))

    @property
    def offset(self) -> int:
        return self._at.at

    def has(self, name: str) -> bool:
        return any(e.name == name for e in self.entries)

    def add(self, name: str, pieces: Iterable[bytes]) -> None:
        hashed, size, info = hashlib.sha256(), 0, self._blank(name)
        with self._zip.open(info, "w", force_zip64=True) as file:
            for piece in pieces:
                hashed.update(piece)
                size += len(piece)
                file.write(piece)
        self.entries.append(
            Entry(name, size, hashed.hexdigest(), info.CRC, info.compress_size, info.header_offset, info.flag_bits)
        )

    def close(self, first: Sequence[str] = ()) -> None:
        """Write the directory, with these files at its top."""
        order = {name: n for n, name in enumerate(first)}
        self._zip.filelist.sort(key=lambda info: order.get(info.filename, len(order)))
        self._zip.close()

    def _blank(self, name: str) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(name, cast(Any, self._moment))
        info.compress_type = zipfile.ZIP_DEFLATED
        vars_of: Any = info
        vars_of._compresslevel = LEVEL  # zipfile takes the archive's own level only for files given by name
        info.create_system = 3  # the same bytes on every platform
        info.external_attr = 0o644 << 16
        return info

    def _info(self, entry: Entry) -> zipfile.ZipInfo:
        info = self._blank(entry.name)
        info.CRC, info.compress_size, info.file_size = entry.crc, entry.packed, entry.bytes
        info.header_offset, info.flag_bits = entry.offset, entry.flags
        info.extract_version = info.create_version = zipfile.ZIP64_VERSION
        return info
