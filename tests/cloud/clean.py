"""Run by an interpreter that has the unpacked zip, boto3 as Lambda brings it, and nothing else: resolves and serves.

`python -I -S clean.py <zip> <lambda's> <handler>…`: prints one JSON object. No network: nothing here calls AWS.
"""

import importlib
import json
import os
import sys


def event(method: str, path: str, query: "dict[str, str]") -> "dict[str, object]":
    """As API Gateway sends it."""
    return {
        "resource": path, "path": path, "httpMethod": method, "headers": {"accept": "text/html"},
        "multiValueHeaders": {}, "queryStringParameters": query or None,
        "multiValueQueryStringParameters": {k: [v] for k, v in query.items()} or None,
        "pathParameters": None, "stageVariables": None, "body": None, "isBase64Encoded": False,
        "requestContext": {
            "httpMethod": method, "resourcePath": path, "path": path, "stage": "api", "requestId": "1",
            "identity": {"sourceIp": "192.0.2.1"},
        },
    }  # fmt: skip


def main() -> None:
    sys.path[:0] = sys.argv[1:3]
    sys.dont_write_bytecode = True
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    for handler in sys.argv[3:]:
        module, _, name = handler.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name)), handler
    import app
    from chalicelib import bootstrap, law
    from chalicelib.law import calendars

    rights = [right.value for right in bootstrap.services().business.rights]
    pages = {
        path: app.app(event("GET", path, {"right": right} if right else {}), None)["statusCode"]
        for path, right in [("/", ""), ("/health", ""), *(("/requests/new", right) for right in rights)]
    }
    spanish = app.app(event("GET", "/", {"lang": "es"}), None)["body"]
    for name in ("sqlalchemy.dialects.postgresql.psycopg", "psycopg", "cryptography.hazmat.primitives.ciphers.aead"):
        importlib.import_module(name)
    for source in bootstrap.services().sources.values():
        assert source
    days = calendars.federal_holidays, calendars.uk_holidays
    print(
        json.dumps({
            "pages": pages, "spanish": "Sus datos" in spanish,
            "law": bool(law.__doc__), "business": bootstrap.services().business.id,
            "holidays": {
                str(year): sorted(str(day) for of in days for day in of(year))
                for year in range(2024, 2032)
            },
        })
    )  # fmt: skip


main()
