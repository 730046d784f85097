"""Whoever alters a bundle, in whatever way, is found out by the verifier alone."""

from __future__ import annotations

import io
import random
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from cases import signing, stamps
from cases.bundle_kit import verify_bundle as kit
from cases.manifest import seal_manifest
from takedown import bundles
from tests.base import make_cast
from tests.takedown import alterations, bundle_scene, scene
from tests.time_authority import TimeAuthority

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def bundle(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> bytes:
    """One stamped bundle for all these tests; its rows are gone again. What its reports say is not asked here."""
    folder = tmp_path_factory.mktemp("bundle")
    written = mock.patch.object(
        bundles, "_report", lambda _match, _bundle, language: b"%PDF " + language.encode() * 900
    )
    with TimeAuthority(folder) as authority, django_db_blocker.unblock(), transaction.atomic(), written:
        allowed = frozenset({f"127.0.0.1:{authority.port}"})
        listed = [(authority.url, authority.certificates)]
        with override_settings(DEMO_LOOPBACK_HOSTS=allowed, TIMESTAMP_AUTHORITIES=listed):
            scene.lay_lawbook()
            match = bundle_scene.make_captured(make_cast().case)
            seal_manifest(match.capture)
            stamps.make_due(timezone.now())
            made = bundle_scene.make_bundle(match, folder / "bundle.zip").read_bytes()
        transaction.set_rollback(True)
    return made


@pytest.fixture(scope="module")
def verifier(bundle: bytes, tmp_path_factory: Any) -> Path:
    """As it came with the centre's bundle."""
    path = Path(tmp_path_factory.mktemp("police") / "verify_bundle.py")
    path.write_bytes(alterations.opened(bundle)["verify_bundle.py"])
    return path


def check(verifier: Path, content: bytes, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In an empty folder, by a Python that sees neither the project nor any package."""
    file, empty = folder / "given.zip", folder / "empty"
    file.write_bytes(content)
    empty.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-I", "-S", str(verifier), str(file), *arguments],
        cwd=empty, env={"LANG": "C.UTF-8"}, capture_output=True, text=True, check=False,
    )  # fmt: skip


ONE_AFTER_ANOTHER = """
import contextlib, io, runpy, sys
main = runpy.run_path(sys.argv[1])["main"]
for line in sys.stdin:
    with contextlib.redirect_stdout(io.StringIO()):
        code = main([line.strip()])
    print(code, flush=True)
"""


def codes_of(verifier: Path, contents: Iterable[bytes], folder: Path) -> Iterator[str]:
    """What the verifier says to each, one after another, in one such Python: starting it anew is most of a check."""
    file, empty = folder / "given.zip", folder / "empty"
    empty.mkdir()
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", ONE_AFTER_ANOTHER, str(verifier)],
        cwd=empty, env={"LANG": "C.UTF-8"}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as police:  # fmt: skip
        assert police.stdin
        assert police.stdout
        for content in contents:
            file.write_bytes(content)
            police.stdin.write(f"{file}\n")
            police.stdin.flush()
            yield police.stdout.readline().strip()
        police.stdin.close()


def test_a_hundred_alterations_are_rejected_and_the_untouched_bundle_is_accepted(
    bundle: bytes, verifier: Path, tmp_path: Path
) -> None:
    altered = alterations.alterations(bundle)
    assert len(altered) >= 100
    assert all(content != bundle for content in altered.values())
    told = dict(zip(["untouched", *altered], codes_of(verifier, [bundle, *altered.values()], tmp_path), strict=True))
    assert told == {"untouched": "0", **dict.fromkeys(altered, "1")}
    assert check(verifier, bundle, tmp_path).returncode == 0


def test_each_rejection_says_what_is_wrong(bundle: bytes, verifier: Path, tmp_path: Path) -> None:
    altered = alterations.alterations(bundle)
    said = {
        "capture/media changed and repacked": "capture/media was altered",
        "capture/media removed": "missing: capture/media",
        "a part added": "does not belong here: capture/added.png",
        "a name that climbs out": "name that is not allowed: ../../evil.py",
        "a whole forgery under another key": "signed by another key",
    }
    for what, sentence in said.items():
        assert sentence in check(verifier, altered[what], tmp_path, "--language", "en").stdout, what


def test_the_fingerprint_on_the_report_unmasks_a_forgery_that_brings_its_own_verifier(
    bundle: bytes, tmp_path: Path
) -> None:
    forgery = alterations.alterations(bundle)["a forgery with its own verifier"]
    theirs = tmp_path / "verify_bundle.py"
    theirs.write_bytes(alterations.opened(forgery)["verify_bundle.py"])
    assert check(theirs, forgery, tmp_path).returncode == 3
    assert check(theirs, forgery, tmp_path, "--key", signing.fingerprint()).returncode == 1


def test_without_any_key_to_compare_nothing_is_called_untouched(bundle: bytes, tmp_path: Path) -> None:
    general = Path(kit.__file__)
    done = check(general, bundle, tmp_path)
    assert (done.returncode, "UNTOUCHED" in done.stdout, "NOT YET PROVEN" in done.stdout) == (3, False, True)
    assert check(general, bundle, tmp_path, "--key", signing.fingerprint().upper().replace(" ", "")).returncode == 0


@pytest.mark.parametrize("given", ["--key=00", "no-such-file.zip"])
def test_a_wrong_key_or_file_is_no_success(bundle: bytes, verifier: Path, tmp_path: Path, given: str) -> None:
    if given.startswith("--key"):
        assert check(verifier, bundle, tmp_path, given).returncode == 1
    else:
        done = subprocess.run([sys.executable, "-I", str(verifier), given], capture_output=True, check=False)
        assert done.returncode == 2


def test_any_byte_anywhere_shows(bundle: bytes, tmp_path: Path) -> None:
    chosen, path = random.Random(7), tmp_path / "flipped.zip"
    for _ in range(120):
        path.write_bytes(alterations.flipped(bundle, chosen.randrange(len(bundle)), 1 << chosen.randrange(8)))
        with pytest.raises(kit.Problem):
            kit.verify(path, signing.fingerprint())


# --- even a list that the centre's own key signed ----------------------------------------------------------------
def signed_by_the_centre(members: alterations.Members) -> bytes:
    seed = signing.LINE.fullmatch(Path(signing.settings.SIGNING_KEY_FILE).read_text())
    assert seed
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed[1]))
    return alterations.packed(alterations.signed(alterations.relisted(members), key))


def rejected_with(content: bytes, tmp_path: Path) -> str:
    (tmp_path / "given.zip").write_bytes(content)
    with pytest.raises(kit.Problem) as caught:
        kit.verify(tmp_path / "given.zip", signing.fingerprint())
    return str(caught.value.code)


def test_a_chain_out_of_order_is_rejected_whoever_signed(bundle: bytes, tmp_path: Path) -> None:
    members = alterations.opened(bundle)
    entries = alterations.chain(members)
    turned = alterations.with_chain(members, [entries[1], entries[0], *entries[2:]], relink=False)
    assert rejected_with(signed_by_the_centre(turned), tmp_path) == "chain"


def test_a_part_that_was_not_listed_at_the_time_of_capture_is_rejected_whoever_signed(
    bundle: bytes, tmp_path: Path
) -> None:
    members = alterations.opened(bundle)
    members["capture/media"] = b"put there later"
    assert rejected_with(signed_by_the_centre(members), tmp_path) == "part"


def test_a_time_stamp_of_something_else_is_rejected_whoever_signed(bundle: bytes, tmp_path: Path) -> None:
    members = alterations.opened(bundle)
    members["stamps/1.tsr"] = members["stamps/1.tsr"].replace(bytes.fromhex(_listed(members)), bytes(32))
    assert rejected_with(signed_by_the_centre(members), tmp_path) == "stamp"


def _listed(members: alterations.Members) -> str:
    return str(alterations.json.loads(members[kit.MANIFEST])["capture_manifest"]["digest"]).removeprefix("sha256:")


def test_the_tools_of_the_forger_make_good_bundles(bundle: bytes, tmp_path: Path) -> None:
    """Else the rejections above would prove little."""
    assert alterations.packed(alterations.opened(bundle)) == bundle
    (tmp_path / "again.zip").write_bytes(signed_by_the_centre(alterations.opened(bundle)))
    kit.verify(tmp_path / "again.zip", signing.fingerprint())
    forgery = alterations.alterations(bundle)["a whole forgery under another key"]
    (tmp_path / "forged.zip").write_bytes(forgery)
    assert kit.verify(tmp_path / "forged.zip")  # whole in itself; only the key gives it away


def test_the_signature_check_agrees_with_the_library(bundle: bytes) -> None:
    key, chosen = Ed25519PrivateKey.generate(), random.Random(3)
    public = key.public_key().public_bytes_raw()
    for _ in range(10):
        message = chosen.randbytes(chosen.randrange(200))
        signature = key.sign(message)
        assert kit.ed25519_holds(public, signature, message)
        assert not kit.ed25519_holds(public, alterations.flipped(signature, chosen.randrange(64)), message)
    # S + L verifies in careless programs (RFC 8032, 5.1.7).
    more = signature[:32] + (int.from_bytes(signature[32:], "little") + kit.Q).to_bytes(32, "little")
    assert not kit.ed25519_holds(public, more, message)


def test_the_verifier_reads_a_bundle_in_pieces(bundle: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit, "CHUNK", 1000)
    members = kit.read_members(io.BytesIO(bundle))
    assert max(len(piece) for piece in kit.pieces(io.BytesIO(bundle), members["report-en.pdf"])) == 1000
