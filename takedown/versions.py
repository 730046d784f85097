"""Earlier versions of the lawbook: a row is copied here before it is changed."""

from __future__ import annotations

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.forms.models import model_to_dict

from takedown.models import LawbookVersion


def key_of(row: Any) -> str:
    """ "US-1" for a statute, "en law.US-1.image" for a letter paragraph."""
    return str(row.code) if hasattr(row, "code") else f"{row.language} {row.key}"


def keep(row: Any, kept: Any = LawbookVersion) -> None:
    """Copy a statute or letter paragraph as it stands in the database. `row` must be unchanged in memory.

    A migration passes the model `kept` as it was at its time.
    """
    values = json.loads(json.dumps(model_to_dict(row), cls=DjangoJSONEncoder))
    kept.objects.create(kind=row._meta.model_name, key=key_of(row), version=row.version, row=values)
