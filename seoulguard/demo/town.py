"""Everything outside the installation: clips, hosting sites, the mail server, a host that deletes when asked."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from seoulguard.demo import media
from seoulguard.demo.sites import Planting, World
from seoulguard.demo.smtp import HostDesk, MailServer


class Town:
    """Opens on entering: clips are made, sites serve them, mail is taken. All on loopback."""

    def __init__(self, folder: Path, *, reference: Path | None = None) -> None:
        self.folder = folder
        self._wanted = reference
        self._open = ExitStack()

    def __enter__(self) -> Town:
        self.reference = self._wanted or media.make_reference(self.folder)
        self._copies = media.make_copies(self.reference, self.folder)
        planted = {name: clip for name, clip in self._copies.items() if name != "reupload"}
        self.world = self._open.enter_context(World(planted, media.make_unrelated(self.folder)))
        self.mail = self._open.enter_context(MailServer())
        self.mail.on_mail = HostDesk(self.world).receive
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def hosts(self) -> dict[str, str]:
        return self.world.host_map

    @property
    def smtp_port(self) -> int:
        return self.mail.port

    def upload_again(self) -> Planting:
        """Someone puts the clip up once more, differently edited, on another site."""
        return self.world.sites[-1].plant(
            self._copies["reupload"], title="Вечерняя прогулка, часть 2", uploader="sosed_77"
        )
