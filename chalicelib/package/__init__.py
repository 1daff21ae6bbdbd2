"""The access package that an answer links to: one zip that a person can read, and a program too."""

from chalicelib.package.files import build, readable

__all__ = ["build", "readable"]
