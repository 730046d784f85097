from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.test import RequestFactory
from django.utils import timezone

from cases import access
from cases.models import Case, CustodyEntry, Role, User
from cases.people import ensure_roles
from tests.base import Cast, make_case

pytestmark = pytest.mark.django_db


def request_of(user: object, session: SessionStore | None = None) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user
    request.session = session if session is not None else SessionStore()
    return request


PAGES: list[tuple[Callable[[HttpRequest], User], set[str]]] = [
    (access.officer_page, {"jiwoo", "minho", "sora"}),
    (access.lead_page, {"sora"}),
    (access.admin_page, {"hana"}),
    (access.auditor_page, {"yuna"}),
    (access.staff_page, {"jiwoo", "minho", "sora", "hana", "yuna"}),
]


@pytest.mark.parametrize(("door", "welcome"), PAGES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_page_opens_for_its_roles_only(cast: Cast, door: Callable[[HttpRequest], User], welcome: set[str]) -> None:
    opened = set()
    for user in [cast.jiwoo, cast.minho, cast.sora, cast.hana, cast.yuna, AnonymousUser()]:
        try:
            opened.add(door(request_of(user)).username)
        except PermissionDenied:
            continue
    assert opened == welcome


def test_jiwoo_reads_her_case_and_minho_learns_not_even_that_it_exists(cast: Cast) -> None:
    assert access.case_read(request_of(cast.jiwoo), cast.case.pk) == cast.case
    assert access.case_read(request_of(cast.sora), cast.case.pk) == cast.case
    with pytest.raises(Http404):
        access.case_read(request_of(cast.minho), cast.case.pk)


def test_admins_and_auditors_read_no_case(cast: Cast) -> None:
    for user in (cast.hana, cast.yuna, AnonymousUser()):
        with pytest.raises(PermissionDenied):
            access.case_read(request_of(user), cast.case.pk)
    assert not access.may_see(cast.hana, cast.case)


def test_someone_who_left_opens_nothing(cast: Cast) -> None:
    cast.jiwoo.is_active = False
    with pytest.raises(PermissionDenied):
        access.case_read(request_of(cast.jiwoo), cast.case.pk)


def test_a_look_at_a_case_is_on_record_once_per_half_hour(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    session = SessionStore()
    for _reload in range(3):
        access.case_read(request_of(cast.jiwoo, session), cast.case.pk)
    viewed = CustodyEntry.objects.filter(case=cast.case, act="viewed")
    assert [entry.actor for entry in viewed] == [f"officer:{cast.jiwoo.pk}"]

    later = timezone.now() + timedelta(minutes=31)
    monkeypatch.setattr(access.timezone, "now", lambda: later)
    access.case_read(request_of(cast.jiwoo, session), cast.case.pk)
    assert viewed.all().count() == 2


def test_a_refused_look_leaves_no_entry(cast: Cast) -> None:
    with pytest.raises(Http404):
        access.case_read(request_of(cast.minho), cast.case.pk)
    assert not CustodyEntry.objects.exists()


def test_a_closed_case_is_read_not_written(cast: Cast) -> None:
    closed = make_case("A-9", cast.jiwoo, status=Case.Status.CLOSED)
    assert access.case_read(request_of(cast.jiwoo), closed.pk) == closed
    with pytest.raises(PermissionDenied, match="closed"):
        access.case_write(request_of(cast.jiwoo), closed.pk)
    assert access.case_write(request_of(cast.jiwoo), cast.case.pk) == cast.case


def test_hana_keeps_the_house_and_no_case(cast: Cast) -> None:
    ensure_roles()
    hana = User.objects.get(pk=cast.hana.pk)
    assert hana.has_perms(["cases.add_user", "detection.change_source", "takedown.change_contact"])
    rights = hana.get_all_permissions()
    assert not {right for right in rights if right.split("_", 1)[1] in {"case", "person", "evidence", "notice"}}
    assert not User.objects.get(pk=cast.jiwoo.pk).get_all_permissions()
    assert set(Role.values) <= set(hana.groups.model.objects.values_list("name", flat=True))
