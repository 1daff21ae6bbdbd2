"""The access package that an answer links to: one zip that a person can read, and a program too."""

from chalicelib.package.archive import Archive, Entry
from chalicelib.package.files import Package, build, readable
from chalicelib.package.parts import Facts, Given, Packer, unpack

__all__ = [
    "Archive", "Entry", "Facts", "Given", "Package", "Packer", "build", "readable", "unpack",
]  # fmt: skip
