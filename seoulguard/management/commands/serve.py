"""`./run serve`: one installation on one machine."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management import BaseCommand, CommandParser, call_command

from seoulguard.supervisor import Installation


class Command(BaseCommand):
    help = "Runs web, workers, clock and (unless REDIS_URL names one) the queue server, and keeps them running."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1:8000", help="address and port of the web server")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        with Installation(options["bind"]):
            self.stdout.write(f"SeoulGuard answers at http://{options['bind']}")
            stop.wait()
