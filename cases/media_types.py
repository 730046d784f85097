"""What a file is, by its first bytes. Names and declared types are the sender's word only."""

from __future__ import annotations

from django.utils.translation import gettext as _

from cases.models import Evidence

IMAGE_BRANDS = frozenset({b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"})
IMAGE_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\x00", b"MM\x00*")
VIDEO_STARTS = (
    b"\x1a\x45\xdf\xa3",  # Matroska, WebM
    b"GIF87a", b"GIF89a",  # moves, so it is examined as a video
    b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3",  # MPEG
    b"FLV\x01",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # WMV
)  # fmt: skip
QUICKTIME_ATOMS = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
TRANSPORT_PACKET = 188


class IntakeError(Exception):
    """Something cannot be taken in.

    `code`: empty_file, wrong_type, too_large, too_many, no_space, nothing_entered, already_sent, gone, busy or
    too_many_guesses.
    `sentence` is for the person who sent it.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def sniff_kind(head: bytes, name: str = "") -> str:
    """ "video" or "image" (Evidence.Kind). `head`: the first bytes, 512 are enough. The name decides nothing.

    Raises IntakeError `empty_file` or `wrong_type`.
    """
    if not head:
        raise IntakeError("empty_file", _("This file is empty. Perhaps it was not fully copied to this device."))
    if _is_image(head):
        return Evidence.Kind.IMAGE.value
    if _is_video(head):
        return Evidence.Kind.VIDEO.value
    raise IntakeError(
        "wrong_type",
        _("This is neither a video nor a picture that we can read (MP4, MOV, MKV, WebM, AVI, GIF, JPEG, PNG, WebP)."),
    )


def _is_image(head: bytes) -> bool:
    if head[4:8] == b"ftyp":
        return head[8:12] in IMAGE_BRANDS
    if head[:4] == b"RIFF":
        return head[8:12] == b"WEBP"
    if head[:2] == b"BM":  # two letters begin many a text: the header's size must fit as well
        return head[14:18] in {b"\x28\x00\x00\x00", b"\x6c\x00\x00\x00", b"\x7c\x00\x00\x00"}
    return head.startswith(IMAGE_STARTS)


def _is_video(head: bytes) -> bool:
    if head[4:8] == b"ftyp" or head[4:8] in QUICKTIME_ATOMS:
        return True
    if head[:4] == b"RIFF":
        return head[8:12] == b"AVI "
    if head[:1] == b"\x47" and head[TRANSPORT_PACKET : TRANSPORT_PACKET + 1] == b"\x47":
        return True
    return head.startswith(VIDEO_STARTS)
