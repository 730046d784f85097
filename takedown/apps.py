from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TakedownConfig(AppConfig):
    name = "takedown"
    verbose_name = _("Takedown")
    default_auto_field = "django.db.models.BigAutoField"
