"""The only wiring: which adapter stands behind each port, built once, when first asked for.

Nothing is read or connected at import, and boto3 is imported only here and only when AWS is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any

from chalicelib import log
from chalicelib.businesses.model import Business
from chalicelib.config import Settings
from chalicelib.domain.datamap import SourceMap
from chalicelib.ports import Clock, Inbox, Peers, Secrets, Source, Visitor
from chalicelib.services import Services

ON_AWS = ("dynamodb", "s3")
"""Kinds of source that are asked through an AWS client."""

_lock = Lock()
_built: Services | None = None


def services() -> Services:
    """The services of this process, from the environment. Raises Misconfigured."""
    global _built
    if _built is None:
        with _lock:
            if _built is None:  # another thread may have built them while this one waited
                _built = build(Settings.from_env())
    return _built


@contextmanager
def override(other: Services) -> Iterator[Services]:
    """`other` for everybody in this process, until left: tests, and the laptop run."""
    global _built
    with _lock:
        before, _built = _built, other
    try:
        yield other
    finally:
        with _lock:
            _built = before


def build(settings: Settings) -> Services:
    """Everything on AWS, as `settings` say. Raises Misconfigured for a business whose files are wrong."""
    import boto3
    from botocore.config import Config

    from chalicelib.adapters.dynamodb import DynamoStore
    from chalicelib.adapters.kms import KmsVault
    from chalicelib.adapters.s3 import S3Inbox, S3PackageStore
    from chalicelib.adapters.secrets import ManagerSecrets
    from chalicelib.adapters.ses import SesMailer
    from chalicelib.adapters.staff import StaffNow
    from chalicelib.adapters.stepfunctions import StepFunctionsWorkflow
    from chalicelib.adapters.system import SystemChance, SystemClock
    from chalicelib.adapters.watched import watched
    from chalicelib.businesses.loader import load

    log.set_up(settings.log_level)
    # A user agent of our own is not composed anew for each call, and tells our calls apart in CloudTrail.
    ours = Config(connect_timeout=3, user_agent="rightsdesk", parameter_validation=False)
    patient = ours.merge(Config(read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4}))
    once = ours.merge(Config(read_timeout=25, retries={"total_max_attempts": 1}))  # a mail tried twice is two
    signed = patient.merge(Config(signature_version="s3v4"))  # objects under a KMS key take no older signature
    session = boto3.Session()
    secrets = ManagerSecrets(session.client("secretsmanager", config=patient), settings.secrets)

    def client(service: str, config: Any = patient, **more: Any) -> Any:
        return session.client(service, config=config, **more)

    business, clock, dynamodb, s3 = load(settings.business), SystemClock(), client("dynamodb"), client("s3", signed)
    store = watched(DynamoStore(dynamodb, settings.table, clock), business.id)
    return Services(
        business=business.model_copy(update={"staff": StaffNow(business.staff, store)}),
        settings=settings,
        store=store,
        vault=KmsVault(client("kms"), dynamodb, key_id=settings.kms_key, table=settings.keys_table),
        mailer=SesMailer(client("ses", once)),
        workflow=StepFunctionsWorkflow(client("stepfunctions"), settings.state_machine),
        packages=S3PackageStore(
            s3, settings.packages, client("s3", signed, endpoint_url=settings.files_url) if settings.files_url else s3
        ),
        inbox=S3Inbox(s3, settings.packages),
        sources=sources_of(business, settings.database_url, client, _by_http(settings.peers_url, secrets, clock)),
        secrets=secrets,
        peers=peers_of(settings.peers_url, secrets, clock),
        clock=clock,
        chance=SystemChance(),
    )


def visitor() -> Visitor:
    """Somebody who goes to this stage's own pages."""
    from chalicelib.adapters.visitor import HttpVisitor

    return HttpVisitor(services().settings.public_url)


def canary_mails() -> Inbox:
    """Where SES puts mails to the canary: apart from everybody else's, for its own function alone."""
    import boto3

    from chalicelib.adapters.s3 import S3Inbox

    return S3Inbox(boto3.client("s3"), services().settings.packages, prefix="canary")


def peers_of(stand_in: str | None, secrets: Secrets, clock: Clock) -> Peers:
    """Those who are told over the wire. Nothing is called yet."""
    from chalicelib.adapters.opendsr import OpenDsr, roots_for
    from chalicelib.adapters.peers import WirePeers
    from chalicelib.wire import Wire

    wire = Wire(stand_in)
    return WirePeers(wire, secrets, clock, OpenDsr(wire, secrets, clock, roots_for(wire)))


def _by_http(stand_in: str | None, secrets: Secrets, clock: Clock) -> Callable[[str, SourceMap], Source]:
    from chalicelib.sources.http import HttpSource
    from chalicelib.wire import Wire

    wire = Wire(stand_in)
    return lambda name, source: HttpSource(name, source, wire, secrets, clock)


def sources_of(
    business: Business, database_url: str, client: Callable[[str], Any] | None = None,
    by_http: Callable[[str, SourceMap], Source] | None = None,
) -> Mapping[str, Source]:  # fmt: skip
    """The places of the data map, by name. Connects to none yet; `client` makes an AWS client for a service."""
    maps = business.datamap.sources
    sql = _in_sql(database_url) if any(m.kind == "sql" for m in maps.values()) else None
    aws = _on_aws(client) if any(m.kind in ON_AWS for m in maps.values()) else None
    of_kind = {"sql": sql, "http": by_http, "by_hand": _by_hand}
    makers = {name: of_kind.get(m.kind, aws) for name, m in maps.items()}
    return {name: make(name, maps[name]) for name, make in makers.items() if make}


def live_schema(business: Business, database_url: str, client: Callable[[str], Any] | None = None) -> dict[str, Any]:
    """What there really is at every place of the data map, for businesses/check.

    Raises SourceUnavailable, SourceMisread.
    """
    from chalicelib.businesses.check import place_of
    from chalicelib.sources.sql import schema_of

    maps = business.datamap.sources
    live: dict[str, Any] = schema_of(database_url) if any(m.kind == "sql" for m in maps.values()) else {}
    make = _on_aws(client) if any(m.kind in ON_AWS for m in maps.values()) else None
    for name, source in maps.items():
        if make and source.kind in ON_AWS:
            live[place_of(name, source)] = make(name, source).shape()
    return live


def live_samples(business: Business, database_url: str) -> dict[str, Any]:
    """Some values of every table of its databases, for businesses/suspicious. Raises SourceUnavailable."""
    from chalicelib.sources.sql import samples_of

    in_sql = {name: source for name, source in business.datamap.sources.items() if source.kind == "sql"}
    return {
        name: samples_of(
            database_url, source.where, {c.table or n for n, c in source.collections.items()} | {*source.not_personal}
        )
        for name, source in in_sql.items()
    }


def _by_hand(name: str, _: SourceMap) -> Source:
    from chalicelib.sources.by_hand import HandSource

    return HandSource(name)


def _in_sql(database_url: str) -> Callable[[str, SourceMap], Source]:
    from chalicelib.sources.sql import SqlSource, engine_for

    engine = engine_for(database_url)
    return lambda name, source: SqlSource(name, source, engine)


def _on_aws(client: Callable[[str], Any] | None) -> Callable[[str, SourceMap], Any]:
    from chalicelib.sources.dynamodb import DynamoSource
    from chalicelib.sources.s3 import S3Source

    if client is None:
        import boto3

        client = boto3.client
    kinds = {"dynamodb": DynamoSource, "s3": S3Source}
    clients = {kind: client(kind) for kind in kinds}
    return lambda name, source: kinds[source.kind](name, source, clients[source.kind])
