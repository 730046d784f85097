"""People, for administrators. Cases and evidence are not in the admin: whoever keeps the house does not read in it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cases.models import Role, User

admin.site.unregister(Group)


@admin.register(User)
class StaffAdmin(UserAdmin):
    """One role per person decides everything; single permissions and superusers are not given out here."""

    list_display = ("username", "first_name", "last_name", "is_active", "role")
    list_filter = ("is_active", "groups")
    filter_horizontal = ("groups",)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Personal info"), {"fields": ("first_name", "last_name", "email")}),
        (_("Role"), {"fields": ("is_active", "groups")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("username", "password1", "password2", "groups")}),)

    @admin.display(description=_("Role"))
    def role(self, user: User) -> str:
        return ", ".join(str(Role(group.name).label) for group in user.groups.all() if group.name in Role.values)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """People are deactivated, so that the records of what they did keep a name."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """An administrator does not take over a superuser's account."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or not obj.is_superuser or bool(request.user.is_superuser))

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        """Who has the administrators' role may enter the admin, nobody else."""
        super().save_related(request, form, formsets, change)
        user: User = form.instance
        if not user.is_superuser:
            user.is_staff = user.groups.filter(name=Role.ADMIN).exists()
            user.save(update_fields=["is_staff"])
