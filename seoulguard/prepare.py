"""Makes the home of an installation: folders, keys, compiled catalogs.

`./run` calls it before Django starts; run twice it changes nothing.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from seoulguard.catalogs import compile_catalogs


def prepare(home: Path) -> None:
    for name in ("keys", "run", "evidence", "static"):
        folder = home / name
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    write_once(home / "keys" / "django.key", secrets.token_urlsafe(50))
    # Format of cases.vault: key id, colon, 32 bytes in hex.
    write_once(home / "keys" / "vault.key", f"k1:{secrets.token_hex(32)}")
    # Format of cases.signing: an Ed25519 seed, 32 bytes in hex.
    write_once(home / "keys" / "signing.key", f"ed25519:{secrets.token_hex(32)}\n")
    compile_catalogs(Path(__file__).resolve().parent.parent / "locale")


def write_once(path: Path, text: str) -> None:
    """Create `path` readable by its owner only; an existing key is never replaced."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as file:
        file.write(text)


if __name__ == "__main__":
    prepare(Path(sys.argv[1]))
