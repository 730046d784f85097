"""Every address of the product, by app."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

from seoulguard import views

admin.autodiscover()
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = "SeoulGuard"
admin.site.site_title = "SeoulGuard"

urlpatterns = [
    path("", include("cases.urls")),
    path("desk/", include("takedown.urls")),
    path("staff/", views.home_of_role, name="home_of_role"),
    path("health/", views.health, name="health"),
    path("alarms/", views.alarms, name="alarms"),
    path("account/", include("allauth.urls")),
    # A victim has no account: the language is theirs to choose all the same.
    path("language/setlang/", login_not_required(set_language), name="set_language"),
    path("keep/settings/", views.all_settings, name="all_settings"),
    path("keep/", admin.site.urls),
]
