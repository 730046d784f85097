from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class DetectionConfig(AppConfig):
    name = "detection"
    verbose_name = _("Detection")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from detection.engine import cage

        cage.required = settings.CAGE_REQUIRED
