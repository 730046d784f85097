"""Public pages under neutral addresses, and the officers' cases."""

from django.urls import path

from cases.views import intake, public, staff

app_name = "cases"
urlpatterns = [
    path("", public.public_home, name="home"),
    path("start/", intake.public_intake, name="intake"),
    path("start/received/", intake.public_received, name="received"),
    path("start/<slug:step>/", intake.public_intake_step, name="intake_step"),
    path("status/", public.public_status, name="status"),
    path("status/stop/", public.public_withdraw, name="withdraw"),
    path("safety/", public.public_safety, name="safety"),
    path("safety/leave/", public.public_leave, name="leave"),
    path("safety/again/", public.public_again, name="again"),
    path("cases/", staff.case_list, name="case_list"),
    path("cases/<uuid:case_id>/", staff.case, name="case"),
    path("cases/<uuid:case_id>/person/", staff.show_person, name="show_person"),
]
