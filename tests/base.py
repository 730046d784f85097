"""The cast of every test: officer Jiwoo, officer Minho of another team, lead Sora, admin Hana, auditor Yuna, case A-1."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.utils import timezone

from cases import vault
from cases.models import Case, Consent, Person, Role, User
from cases.people import ensure_roles

PASSWORD = "correct-horse-battery"


def staff(username: str, role: str) -> User:
    if not Group.objects.filter(name=role, permissions__isnull=role != Role.ADMIN).exists():
        ensure_roles()  # the flush after a transactional test takes the groups of the migration along
    user = User.objects.create_user(username, password=PASSWORD)
    user.give_role(role)
    return user


def make_case(number: str = "A-1", officer: User | None = None, **fields: object) -> Case:
    """An active case with a consent that holds, its key, and an empty person."""
    fields = {"alias": f"푸른돌 {number}", "status": Case.Status.ACTIVE, **fields}
    case = Case.objects.create(number=number, officer=officer, **fields)
    vault.ensure_key(case)
    Consent.objects.create(case=case, scope={"channels": ["all"]}, granted_at=timezone.now())
    Person.objects.create(case=case)
    return case


@dataclass
class Cast:
    jiwoo: User
    minho: User
    sora: User
    hana: User
    yuna: User
    case: Case


def make_cast() -> Cast:
    jiwoo = staff("jiwoo", Role.OFFICER)
    return Cast(
        jiwoo=jiwoo,
        minho=staff("minho", Role.OFFICER),
        sora=staff("sora", Role.LEAD),
        hana=staff("hana", Role.ADMIN),
        yuna=staff("yuna", Role.AUDITOR),
        case=make_case("A-1", jiwoo),
    )
