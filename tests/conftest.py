from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db.backends.base.operations import BaseDatabaseOperations

from tests.base import Cast, make_cast

# What takes long and asks nothing of the database that shorter tests do not ask of both.
THE_SAME_ON_BOTH = {
    "test_capture_sites", "test_eight_sites", "test_source_setup", "test_sources_on_the_wire", "test_no_private_network",
    "test_canary", "test_sixty_days", "test_bundle_page", "test_bundle_alterations", "test_directory_browser",
    "test_hand_in_browser", "test_form_replay", "test_match_media", "test_damaged_files", "test_setting_page",
    "test_directory_import", "test_leaving_browser", "test_public_browser", "test_known_media", "test_bad_input",
    "test_capture_reading", "test_stamps", "test_setting_browser", "test_setting_trials",
    # The road itself is walked on PostgreSQL too, by the workers of test_kills.
    "test_journey",
}  # fmt: skip


# Begun first, so that no worker sits alone with one of them at the end.
LONGEST_FIRST = (
    "test_kills",
    "test_journey",
    "test_sixty_days",
    "test_canary",
    "test_exactly_once",
    "test_eight_sites",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long modules first, and mark what the second half of `./run test`, on PostgreSQL, leaves out: what never
    touches the database, and more."""
    items.sort(key=lambda item: item.path.stem not in LONGEST_FIRST)
    if os.environ.get("EVERYTHING_ON_BOTH"):  # before a release: 40 minutes
        return
    for item in items:
        # A killed worker leaves rows and locks: on PostgreSQL the kills while a letter leaves say what is to be said.
        if item.path.stem in THE_SAME_ON_BOTH or (item.path.stem == "test_kills" and "[send" not in item.name):
            item.add_marker(pytest.mark.no_database)
        touches = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
        if not touches and not item.get_closest_marker("django_db") and not item.get_closest_marker("journey"):
            item.add_marker(pytest.mark.no_database)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Long texts and bytes are named by their place: some hold the hour they were made, and every worker would name
    them otherwise, which ends a parallel run before it began."""
    return argname if isinstance(val, bytes) or (isinstance(val, str) and len(val) > 60) else None


@pytest.fixture(scope="session", autouse=True)
def vault_key() -> None:
    """Every run seals with a key of its own, kept in the run's temporary home."""
    from cases.vault import create_installation_key

    if not settings.VAULT_KEY_FILE.exists():
        create_installation_key(settings.VAULT_KEY_FILE)


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture(scope="session", autouse=True)
def tables_can_be_emptied() -> Iterator[None]:
    """A transactional test ends with every table emptied, which the chain of custody refuses to anybody else."""
    from cases import custody_guard

    flush = BaseDatabaseOperations.execute_sql_flush

    def flush_unguarded(self: BaseDatabaseOperations, sql_list: list[str]) -> None:
        with custody_guard.lifted(self.connection):
            flush(self, sql_list)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", flush_unguarded)
        yield
