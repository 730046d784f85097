from __future__ import annotations

import pytest
from django.conf import settings

from tests.base import Cast, make_cast


@pytest.fixture(scope="session", autouse=True)
def vault_key() -> None:
    """Every run seals with a key of its own, kept in the run's temporary home."""
    from cases.vault import create_installation_key

    if not settings.VAULT_KEY_FILE.exists():
        create_installation_key(settings.VAULT_KEY_FILE)


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()
