"""An evidence bundle as the police receive it, and as Jiwoo hands it over."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cases import signing
from tests.base import Cast
from tests.takedown import bundle_scene, scene

pytestmark = pytest.mark.django_db


def check_alone(bundle: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The verifier out of the bundle, in a folder of its own, with no project and no package in reach."""
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(bundle) as opened:
        (folder / "verify_bundle.py").write_bytes(opened.read("verify_bundle.py"))
    return subprocess.run(
        [sys.executable, "-I", "-S", "verify_bundle.py", str(bundle), *arguments],
        cwd=folder, capture_output=True, text=True, check=False, env={"LANG": "C.UTF-8"},
    )  # fmt: skip


@pytest.fixture
def bundle(cast: Cast, tmp_path: Path) -> Path:
    scene.lay_lawbook()
    return bundle_scene.make_bundle(bundle_scene.make_captured(cast.case), tmp_path / "bundle.zip")


def test_the_police_verify_an_untouched_bundle_with_nothing_but_python(bundle: Path, tmp_path: Path) -> None:
    done = check_alone(bundle, tmp_path / "police", "--key", signing.fingerprint())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "UNTOUCHED" in done.stdout
    assert signing.fingerprint() in done.stdout
