"""Why a database refuses a value, read from its error. Pure: the values themselves are never looked at (rule 7).

PostgreSQL says it by SQLSTATE (appendix A of its manual), SQLite by the first words of its message.
Leaves to others: errors that are no word on a value (sql).
"""

from __future__ import annotations

from sqlalchemy import exc

from chalicelib.domain.plan import Refusal

STATES = {
    "23505": Refusal.TAKEN, "23P01": Refusal.TAKEN, "23503": Refusal.NO_SUCH, "23001": Refusal.NO_SUCH,
    "23502": Refusal.MISSING, "23514": Refusal.RULE, "44000": Refusal.RULE, "P0001": Refusal.RULE,
    "428C9": Refusal.RULE, "22001": Refusal.TOO_LONG, "42501": Refusal.NO_RIGHT,
}  # fmt: skip
MESSAGES = {
    "UNIQUE": Refusal.TAKEN, "FOREIGN KEY": Refusal.NO_SUCH, "NOT NULL": Refusal.MISSING, "CHECK": Refusal.RULE,
    "datatype mismatch": Refusal.WRONG_KIND,
}  # fmt: skip


def refusal(error: exc.DBAPIError) -> Refusal | None:
    """Why a database refuses a value; None when the error is about something else."""
    state = getattr(error.orig, "sqlstate", None)
    if state:
        return STATES.get(state) or (Refusal.WRONG_KIND if state.startswith("22") else None)
    if isinstance(error, exc.IntegrityError):
        return next((why for says, why in MESSAGES.items() if str(error.orig).startswith(says)), Refusal.RULE)
    return None
