"""Triggers that keep the chain of custody append-only, whoever speaks SQL to the database.

A later migration that rebuilds the table on SQLite drops its triggers: it must run `install` again at its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "cases_custodyentry"
SENTENCE = "the chain of custody is append-only"
INSTALL = {
    "sqlite": [
        f"CREATE TRIGGER custody_no_{verb.lower()} BEFORE {verb} ON {TABLE} "
        f"BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE FUNCTION custody_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{SENTENCE}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE TRIGGER custody_no_change BEFORE UPDATE OR DELETE ON {TABLE} "
        "FOR EACH ROW EXECUTE FUNCTION custody_refuse()",
        f"CREATE TRIGGER custody_no_truncate BEFORE TRUNCATE ON {TABLE} "
        "FOR EACH STATEMENT EXECUTE FUNCTION custody_refuse()",
    ],
}
REMOVE = {
    "sqlite": ["DROP TRIGGER IF EXISTS custody_no_update", "DROP TRIGGER IF EXISTS custody_no_delete"],
    "postgresql": [
        f"DROP TRIGGER IF EXISTS custody_no_change ON {TABLE}",
        f"DROP TRIGGER IF EXISTS custody_no_truncate ON {TABLE}",
        "DROP FUNCTION IF EXISTS custody_refuse()",
    ],
}


def install(connection: BaseDatabaseWrapper) -> None:
    remove(connection)
    _run(connection, INSTALL[connection.vendor])


def remove(connection: BaseDatabaseWrapper) -> None:
    _run(connection, REMOVE[connection.vendor])


@contextmanager
def lifted(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """For tests only, which empty tables and forge entries: the guard is off inside the block."""
    remove(connection)
    try:
        yield
    finally:
        install(connection)


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
