"""A real IMAP server (dovecot) on loopback with TLS, for the length of a test. It serves what is laid into its maildir."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from pwd import getpwnam
from types import TracebackType
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PROGRAM = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
USER, PASSWORD = "removal", "post-box-password"
CONFIG = """
protocols = imap
base_dir = {home}/run
state_dir = {home}/state
listen = 127.0.0.1
log_path = {home}/log
ssl = required
ssl_cert = <{home}/cert.pem
ssl_key = <{home}/key.pem
ssl_dh =
mail_location = maildir:{mail}
mail_max_userip_connections = 50
first_valid_uid = 0
first_valid_gid = 0
mailbox_idle_check_interval = 1 secs
default_internal_user = {internal}
default_login_user = {login}
default_internal_group = {group}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
auth_failure_delay = 0
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/user
}}
"""


class Dovecot:
    def __init__(self) -> None:
        # Not below pytest's folders: each run of pytest that begins closes those to every other user, dovecot's too.
        self._folder = tempfile.TemporaryDirectory(prefix="sg-dovecot-", ignore_cleanup_errors=True)
        self.home = Path(self._folder.name)
        self.mail = self.home / "mail"
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port = int(one.getsockname()[1])
        self._count = 0
        self._program: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Dovecot:
        if PROGRAM is None:
            pytest.fail("dovecot is missing: ./run test installs it (dovecot-imapd)")
        for folder in ("run", "state", "user", "mail/cur", "mail/new", "mail/tmp"):
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        self.ca_file = _certificate(self.home)
        (self.home / "dovecot.conf").write_text(self._config())
        self._give_to_the_owner()
        self._program = subprocess.Popen([PROGRAM, "-F", "-c", str(self.home / "dovecot.conf")], start_new_session=True)
        self._wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._program:
            self._program.terminate()
            self._program.wait(10)
        self._folder.cleanup()

    def _config(self) -> str:
        root = os.geteuid() == 0
        me = getpass.getuser()
        return CONFIG.format(
            home=self.home, mail=self.mail, port=self.port, password=PASSWORD, uid=self.owner[0], gid=self.owner[1],
            internal="dovecot" if root else me, login="dovenull" if root else me, group="dovecot" if root else me,
        )  # fmt: skip

    @property
    def owner(self) -> tuple[int, int]:
        """Whose mail it is: dovecot serves none of root's."""
        if os.geteuid() != 0:
            return os.geteuid(), os.getegid()
        nobody = getpwnam("nobody")
        return nobody.pw_uid, nobody.pw_gid

    def _give_to_the_owner(self) -> None:
        if os.geteuid() != 0:
            return
        for folder in (self.mail, *self.mail.iterdir(), self.home / "user"):
            os.chown(folder, *self.owner)
        self.home.chmod(0o711)  # dovecot's own users must get through

    def _wait(self) -> None:
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self._program
            assert self._program.poll() is None, (self.home / "log").read_text()
            time.sleep(0.05)
        raise RuntimeError("dovecot did not open its port")

    def deliver(self, raw: bytes) -> None:
        """As the mail server of the centre lays a mail into the mailbox."""
        self._count += 1
        name = f"{1_700_000_000 + self._count}.M{self._count}P{os.getpid()}.test"
        (self.mail / "tmp" / name).write_bytes(raw)
        os.chown(self.mail / "tmp" / name, *self.owner)
        (self.mail / "tmp" / name).rename(self.mail / "new" / name)

    def empty(self) -> None:
        for folder in ("new", "cur"):
            for path in (self.mail / folder).iterdir():
                path.unlink()

    def marks(self) -> list[str]:
        """The marks of all mails; a mail nobody has touched has none."""
        names = [path.name for folder in ("new", "cur") for path in (self.mail / folder).iterdir()]
        return sorted(name.partition(":2,")[2] for name in names)

    def used_by(self, settings: Any) -> None:
        settings.IMAP_HOST, settings.IMAP_PORT, settings.IMAP_SECURITY = "127.0.0.1", self.port, "ssl"
        settings.IMAP_USER, settings.IMAP_PASSWORD, settings.IMAP_CA_FILE = USER, PASSWORD, str(self.ca_file)
        settings.IMAP_FOLDER = "INBOX"


def _certificate(home: Path) -> Path:
    from ipaddress import ip_address

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (home / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (home / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return home / "cert.pem"
