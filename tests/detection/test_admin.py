"""Administrators keep the sources; what was found is out of their hands, and whose it is out of their sight."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.sites import AdminSite
from django.forms import HiddenInput, ModelForm
from django.test import Client, RequestFactory

from cases.models import User
from detection.admin import CandidateAdmin, MatchAdmin
from detection.models import Candidate, Match, Source
from detection.source_admin import SourceAdmin
from detection.watch_admin import WatchedHostAdmin
from detection.watched import WatchedHost
from tests.base import Cast


def asked_by(user: User, path: str = "/") -> Any:
    request = RequestFactory().get(path)
    request.user = user
    return request


def test_only_the_administrator_keeps_sources(cast: Cast) -> None:
    kept = SourceAdmin(Source, AdminSite())
    may = {
        user.username: kept.has_change_permission(asked_by(user))
        for user in (cast.hana, cast.jiwoo, cast.sora, cast.yuna)
    }
    assert may == {"hana": True, "jiwoo": False, "sora": False, "yuna": False}


def unexplained(form: type[ModelForm]) -> list[str]:
    fields = form.base_fields.items()  # type: ignore[attr-defined]
    return [name for name, field in fields if not (field.help_text or isinstance(field.widget, HiddenInput))]


@pytest.mark.parametrize("kind", Source.Kind.values)
def test_every_field_of_every_kind_of_source_is_explained(cast: Cast, kind: str) -> None:
    request = asked_by(cast.hana, f"/?kind={kind}")
    assert unexplained(SourceAdmin(Source, AdminSite()).get_form(request)) == []


def test_every_field_of_a_host_is_explained(cast: Cast) -> None:
    assert unexplained(WatchedHostAdmin(WatchedHost, AdminSite()).get_form(asked_by(cast.hana), WatchedHost())) == []


@pytest.mark.parametrize(("admin_class", "model"), [(CandidateAdmin, Candidate), (MatchAdmin, Match)])
def test_what_was_found_is_changed_by_nobody(cast: Cast, admin_class: type, model: type) -> None:
    shown, request = admin_class(model, AdminSite()), asked_by(cast.hana)
    assert shown.has_view_permission(request)
    assert not any(
        [shown.has_add_permission(request), shown.has_change_permission(request), shown.has_delete_permission(request)]
    )


def test_whose_material_matched_is_not_shown(cast: Cast) -> None:
    assert not {"case", "evidence"} & {*MatchAdmin.fields, *MatchAdmin.list_display}


def test_an_address_that_a_victim_handed_in_is_not_shown(cast: Cast) -> None:
    shown = CandidateAdmin(Candidate, AdminSite())
    source = Source(pk=1, name="Clips")
    assert shown.address(Candidate(page_url="https://clips.example/1")) == "—"
    assert shown.address(Candidate(page_url="https://clips.example/1", source=source)) == "https://clips.example/1"


@pytest.mark.parametrize(
    "place",
    [
        "source/",
        "source/add/",
        "source/add/?kind=json_api&preset=reddit_search",
        "source/add/?kind=list",
        "candidate/",
        "match/",
    ],
)
def test_hana_opens_the_pages(cast: Cast, client: Client, place: str) -> None:
    Source.objects.create(name="Clips", kind="listing", url="https://clips.example/")
    Candidate.objects.create(page_url="https://clips.example/1", media_url="https://clips.example/1.mp4")
    client.force_login(cast.hana)
    assert client.get(f"/keep/detection/{place}").status_code == 200
