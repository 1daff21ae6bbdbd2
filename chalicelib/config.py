"""Settings: the only reader of the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.errors import Misconfigured

VARIABLES = {
    "RIGHTSDESK_BUSINESS": (
        "business",
        "Which business this stage serves: a folder of chalicelib/businesses, or a path.",
    ),
    "RIGHTSDESK_PUBLIC_URL": ("public_url", "The one public address; every mailed link starts with it."),
    "RIGHTSDESK_TABLE": ("table", "The DynamoDB table of requests."),
    "RIGHTSDESK_KEYS_TABLE": ("keys_table", "The DynamoDB table of wrapped data keys, without backups."),
    "RIGHTSDESK_KMS_KEY": ("kms_key", "The KMS key that wraps them."),
    "RIGHTSDESK_PACKAGES": ("packages", "The S3 bucket of access packages."),
    "RIGHTSDESK_STATE_MACHINE": ("state_machine", "ARN of the state machine."),
    "RIGHTSDESK_SECRETS": ("secrets", "The Secrets Manager secret with the keys."),
    "DATABASE_URL": ("database_url", "The business's own database, for its `sql` sources."),
}
OPTIONAL = {
    "RIGHTSDESK_FILES_URL": ("files_url", "Where package links lead, if not to S3 itself (the laptop run)."),
    "RIGHTSDESK_UNDO_SECONDS": ("undo_seconds", "Overrides the business's undo window (the laptop run, tests)."),
    "RIGHTSDESK_PEERS_URL": (
        "peers_url",
        "Stands in for every recipient's own system (the laptop run); loopback only.",
    ),
    "RIGHTSDESK_MAILS_A_SECOND": (
        "mails_a_second",
        "At most so many announcements a second: below the account's rate at SES, so that answers still get through.",
    ),
    "RIGHTSDESK_LOG_LEVEL": ("log_level", "From which level on logs are written; metrics are lines of INFO."),
}


class Settings(BaseModel):
    """One stage's settings. Field by field what VARIABLES and OPTIONAL say."""

    model_config = ConfigDict(frozen=True)

    business: str
    public_url: str
    table: str
    keys_table: str
    kms_key: str
    packages: str
    state_machine: str
    secrets: str
    database_url: str
    files_url: str | None = None
    undo_seconds: int | None = None
    peers_url: str | None = None
    mails_a_second: float = Field(10, gt=0)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Raises Misconfigured, naming the first variable that is missing."""
        environ = os.environ if environ is None else environ
        for variable, (_, meaning) in VARIABLES.items():
            if not environ.get(variable):
                raise Misconfigured("environment", variable, "is not set", meaning)
        known = {**VARIABLES, **OPTIONAL}
        return cls.model_validate({field: environ[v] for v, (field, _) in known.items() if environ.get(v)})
