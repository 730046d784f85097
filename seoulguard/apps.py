from django.apps import AppConfig


class SeoulGuardConfig(AppConfig):
    name = "seoulguard"

    def ready(self) -> None:
        from seoulguard import checks  # noqa: F401  (registers the deployment checks)
