"""Every address of the product, by app."""

from __future__ import annotations

from allauth.account import views as account
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

# Only what the staff use. An administrator makes accounts and gives new passwords: nobody signs up, nothing is reset or
# confirmed by mail, and a page that is not offered must not answer either.
account_pages = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("2fa/", include("allauth.mfa.urls")),
]
urlpatterns = [
    path("", include("cases.urls")),
    path("desk/", include("takedown.urls")),
    path("staff/", views.home_of_role, name="home_of_role"),
    path("health/", views.health, name="health"),
    path("alarms/", views.alarms, name="alarms"),
    path("account/", include(account_pages)),
    # A victim has no account: the language is theirs to choose all the same.
    path("language/setlang/", login_not_required(set_language), name="set_language"),
    path("keep/settings/", views.all_settings, name="all_settings"),
    path("keep/", admin.site.urls),
]
