#!/usr/bin/env python3
"""Checks a SeoulGuard evidence bundle, alone: this one file, Python 3.8 or newer, no package, no network.

    python3 verify_bundle.py BUNDLE.zip --key "FINGERPRINT"

FINGERPRINT is the key fingerprint that the centre gave you by another way than the bundle (its letter, its site, its
telephone). Exit code: 0 untouched; 1 altered or damaged; 2 nothing to check; 3 whole in itself, but no key to compare.

A bundle is one exact sequence of bytes: uncompressed members without gaps, fixed header fields, one signature over
the list of all members. So every change of any byte shows, even where a ZIP program would not look.
"""

import argparse
import hashlib
import json
import os
import re
import struct
import sys
import zlib

# A bundle's own copy of this file carries the fingerprint of the centre that made it.
PINNED_KEY = ""

FORMAT, FIRST_LINK = "seoulguard-bundle/1", "sha256:" + "0" * 64
MANIFEST, SIGNATURE, CUSTODY, PARTS = "manifest.json", "manifest.sig", "custody.jsonl", "capture/"
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,99})?")
SIGNED = re.compile(rb"seoulguard-signature/1\nkey ([0-9a-f]{64})\nsignature ([0-9a-f]{128})\n")
CHUNK, SMALL = 1 << 20, 64 << 20
LOCAL, CENTRAL, END = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L"), struct.Struct("<4s4H2LH")

SENTENCES = {
    "no_file": ("The file cannot be read: {0}", "파일을 읽을 수 없습니다: {0}"),
    "zip": ("The file is cut, repacked or altered: {0}.", "파일이 잘렸거나 다시 압축되었거나 변경되었습니다: {0}."),
    "name": ("A member has a name that is not allowed: {0}", "허용되지 않는 구성 파일 이름이 있습니다: {0}"),
    "twice": ("A member is there twice: {0}", "같은 구성 파일이 두 번 들어 있습니다: {0}"),
    "no_signature": ("The signature is missing or unreadable.", "서명이 없거나 읽을 수 없습니다."),
    "key": ("It was signed by another key ({0}) than the one to compare ({1}).",
            "비교할 키({1})가 아닌 다른 키({0})로 서명되었습니다."),
    "signature": ("The signature does not fit the list of members.", "서명이 구성 목록과 맞지 않습니다."),
    "format": ("The list of members cannot be understood: {0}", "구성 목록을 해석할 수 없습니다: {0}"),
    "missing": ("A member is missing: {0}", "구성 파일이 빠져 있습니다: {0}"),
    "extra": ("A member does not belong here: {0}", "목록에 없는 구성 파일이 있습니다: {0}"),
    "order": ("The members are not in their order.", "구성 파일의 순서가 다릅니다."),
    "size": ("{0} has another size than was signed.", "{0}의 크기가 서명된 것과 다릅니다."),
    "digest": ("{0} was altered: its digest is another than was signed.", "{0}이(가) 변경되었습니다. 해시값이 서명된 것과 다릅니다."),
    "crc": ("The check sum that the ZIP gives for {0} is wrong.", "{0}에 대한 ZIP 검사합이 틀립니다."),
    "chain": ("The chain of custody is broken at line {0}.", "증거보전 이력이 {0}번째 줄에서 끊겼습니다."),
    "chain_end": ("The chain of custody does not end where the signed list says.", "증거보전 이력의 끝이 서명된 목록과 다릅니다."),
    "chain_key": ("The chain of custody names another signing key.", "증거보전 이력에 다른 서명 키가 적혀 있습니다."),
    "chain_manifest": ("The chain of custody does not know this capture's list of parts.",
                       "증거보전 이력에 이 채증의 구성 목록이 기록되어 있지 않습니다."),
    "part": ("A part differs from what was listed at the time of capture: {0}", "채증 당시의 목록과 다른 부분이 있습니다: {0}"),
    "stamp": ("The time stamp {0} speaks of something else.", "시점확인 토큰 {0}이(가) 다른 자료에 대한 것입니다."),
    "untouched": ("UNTOUCHED. All {0} members, their order, the signature and the chain of custody ({1} entries) hold.",
                  "변경 없음. 구성 파일 {0}개, 순서, 서명, 증거보전 이력({1}건)이 모두 일치합니다."),
    "altered": ("REJECTED. Do not rely on this bundle.", "거부. 이 증거 묶음을 신뢰하지 마십시오."),
    "uncompared": ("NOT YET PROVEN. The bundle is whole in itself, but nobody said which key must have signed it. Ask the "
                   "centre for its fingerprint and run this again with --key.",
                   "아직 증명되지 않음. 묶음 자체는 온전하지만 어떤 키로 서명되어야 하는지 알 수 없습니다. "
                   "기관에 키 지문을 확인한 뒤 --key와 함께 다시 실행하십시오."),
    "signer": ("Signed by the key {0}", "서명 키: {0}"),
    "pinned": ("This fingerprint was compared with the one written into this verifier. If the verifier came out of the same "
               "file, compare it with what the centre told you.",
               "이 지문은 검증 프로그램에 적힌 지문과 비교되었습니다. "
               "검증 프로그램을 같은 파일에서 꺼냈다면 기관이 알려 준 지문과 직접 비교하십시오."),
    "stamped": ("Time stamp of {0} by {1} ({2}); its own signature is checked with OpenSSL, see README.txt.",
                "시점확인 {0}, 기관 {1} ({2}). 토큰 자체의 서명은 README.txt에 적힌 대로 OpenSSL로 확인합니다."),
    "no_stamp": ("Not yet stamped: no time-stamp authority confirmed it.", "아직 시점확인을 받지 않았습니다."),
    "unstamped": ("Not yet stamped by {0}.", "아직 시점확인을 받지 않음: {0}."),
}  # fmt: skip


class Problem(Exception):
    """What is wrong, as a code of SENTENCES and its values."""

    def __init__(self, code, *values):
        super().__init__(code)
        self.code, self.values = code, values


# --- Ed25519, RFC 8032 section 5.1 -------------------------------------------------------------------------------
P, Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def _add(a, b):
    s, t = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    u, v = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = t - s, v - u, v + u, t + s
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(number, point):
    found = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = _add(found, point)
        point, number = _add(point, point), number >> 1
    return found


def _point(encoded):
    """The point, or None where the 32 bytes are none."""
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_holds(key, signature, message):
    """True when `signature` (64 bytes) was made over `message` with the private half of `key` (32 bytes)."""
    a, r, s = _point(key), _point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= Q:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % Q
    left, right = _times(s, BASE), _add(r, _times(k, a))
    return not ((left[0] * right[2] - right[0] * left[2]) % P or (left[1] * right[2] - right[1] * left[2]) % P)


# --- the ZIP, read strictly --------------------------------------------------------------------------------------
def local_header(name, crc, size):
    return LOCAL.pack(b"PK\x03\x04", 20, 0, 0, 0, 0x21, crc, size, size, len(name), 0) + name


def central_header(name, crc, size, offset):
    return CENTRAL.pack(
        b"PK\x01\x02", 0x314, 20, 0, 0, 0, 0x21, crc, size, size, len(name), 0, 0, 0, 0, 0o100444 << 16, offset
    ) + name  # fmt: skip


def read_members(file):
    """{name: (position, size, crc)} in the file's order; every byte around the members is accounted for."""
    length = file.seek(0, 2)
    file.seek(max(0, length - END.size))
    end = file.read(END.size)
    if len(end) != END.size or end[:4] != b"PK\x05\x06":
        raise Problem("zip", "no end record in its place")
    count, central_size, central_at = END.unpack(end)[4:7]
    if end != END.pack(b"PK\x05\x06", 0, 0, count, count, central_size, central_at, 0):
        raise Problem("zip", "end record")
    if central_at + central_size + END.size != length or central_size > SMALL:
        raise Problem("zip", "length")
    file.seek(central_at)
    central = file.read(central_size)
    members: dict = {}
    seen: set = set()
    at = offset = 0
    for _ in range(count):
        if at + CENTRAL.size > len(central):
            raise Problem("zip", "directory")
        fields = CENTRAL.unpack_from(central, at)
        crc, size, name_length = fields[7], fields[8], fields[10]
        name = central[at + CENTRAL.size : at + CENTRAL.size + name_length]
        shown = name.decode("ascii", "backslashreplace")
        if not NAME.fullmatch(shown):
            raise Problem("name", shown)
        if shown.lower() in seen:
            raise Problem("twice", shown)
        seen.add(shown.lower())
        expected = central_header(name, crc, size, offset)
        header = local_header(name, crc, size)
        file.seek(offset)
        if central[at : at + len(expected)] != expected or file.read(len(header)) != header:
            raise Problem("zip", "header of " + shown)
        members[shown] = (offset + len(header), size, crc)
        at, offset = at + len(expected), offset + len(header) + size
    if at != len(central) or offset != central_at:
        raise Problem("zip", "gaps")
    return members


def pieces(file, member):
    at, left = member[0], member[1]
    while left:
        file.seek(at)
        piece = file.read(min(CHUNK, left))
        if not piece:
            raise Problem("zip", "length")
        yield piece
        at, left = at + len(piece), left - len(piece)


def whole(file, members, name):
    if name not in members:
        raise Problem("missing", name)
    if members[name][1] > SMALL:
        raise Problem("size", name)
    content = b"".join(pieces(file, members[name]))
    if zlib.crc32(content) != members[name][2]:
        raise Problem("crc", name)
    return content


# --- the checks --------------------------------------------------------------------------------------------------
def fingerprint(key):
    """SHA-256 of the public key, in sixteen groups of four digits, as the report prints it."""
    digits = hashlib.sha256(key).hexdigest()
    return " ".join(digits[at : at + 4] for at in range(0, 64, 4))


def same_key(one, other):
    return re.sub(r"[\s:-]", "", one).lower() == re.sub(r"[\s:-]", "", other).lower()


def check_signature(file, members, pin):
    """The signed manifest and the signer's fingerprint."""
    manifest = whole(file, members, MANIFEST)
    found = SIGNED.fullmatch(whole(file, members, SIGNATURE))
    if not found:
        raise Problem("no_signature")
    key, signature = bytes.fromhex(found[1].decode()), bytes.fromhex(found[2].decode())
    if pin and not same_key(pin, fingerprint(key)):
        raise Problem("key", fingerprint(key), pin)
    if not ed25519_holds(key, signature, FORMAT.encode() + b"\n" + manifest):
        raise Problem("signature")
    return json.loads(manifest), fingerprint(key)


def check_members(file, members, manifest):
    listed = {row["name"]: row for row in manifest["members"]}
    for name in listed:
        if name not in members:
            raise Problem("missing", name)
    for name in members:
        if name not in listed and name not in (MANIFEST, SIGNATURE):
            raise Problem("extra", name)
    if list(members) != [*(row["name"] for row in manifest["members"]), MANIFEST, SIGNATURE]:
        raise Problem("order")
    for name, row in listed.items():
        if row["size"] != members[name][1]:
            raise Problem("size", name)
        digest, crc = hashlib.sha256(), 0
        for piece in pieces(file, members[name]):
            digest.update(piece)
            crc = zlib.crc32(piece, crc)
        if row["digest"] != "sha256:" + digest.hexdigest():
            raise Problem("digest", name)
        if crc != members[name][2]:
            raise Problem("crc", name)


def check_custody(file, members, manifest, signer):
    """Each line is a digest and the exact text it was made over; each text names the digest before. All digests."""
    lines = whole(file, members, CUSTODY).split(b"\n")
    previous, entries, digests = FIRST_LINK, [], {FIRST_LINK}
    for number, line in enumerate(lines[:-1], start=1):
        digest, _space, text = line.partition(b" ")
        entry = json.loads(text)
        if digest.decode() != "sha256:" + hashlib.sha256(text).hexdigest():
            raise Problem("chain", number)
        if entry["previous"] != previous or entry["sequence"] != number:
            raise Problem("chain", number)
        previous = digest.decode()
        entries.append(entry)
        digests.add(previous)
    if lines[-1] or manifest["custody"]["head"] != previous or manifest["custody"]["entries"] != len(entries):
        raise Problem("chain_end")
    if not entries or not same_key(entries[-1]["detail"].get("key", ""), signer):
        raise Problem("chain_key")
    sealed = [one for one in entries if one["detail"].get("manifest") == manifest["capture_manifest"]["digest"]]
    if not sealed or sealed[0]["act"] != "sealed" or sealed[0]["subject"] != "capture:" + manifest["capture"]:
        raise Problem("chain_manifest")
    return digests


def check_capture(file, members, manifest, digests):
    """The parts are those that were listed, and stamped, at the time of capture."""
    own, listed = manifest["capture_manifest"]["name"], {row["name"]: row for row in manifest["members"]}
    if own not in listed or listed[own]["digest"] != manifest["capture_manifest"]["digest"]:
        raise Problem("part", own)
    at_capture = json.loads(whole(file, members, own))
    if at_capture["capture"] != manifest["capture"] or at_capture["custody_head"] not in digests:
        raise Problem("part", own)
    sealed = {PARTS + row["name"]: row["digest"] for row in at_capture["parts"]}
    here = {name: row["digest"] for name, row in listed.items() if name.startswith(PARTS) and name != own}
    for name in sorted({*sealed, *here}):
        if sealed.get(name) != here.get(name):
            raise Problem("part", name)
    for stamp in manifest["time_stamps"]:
        imprint = b"\x04\x20" + bytes.fromhex(manifest["capture_manifest"]["digest"][7:])
        if stamp["status"] == "made" and imprint not in whole(file, members, stamp["token"]):
            raise Problem("stamp", stamp["token"])


def verify(path, pin=""):
    """(manifest, fingerprint of the signer) of an untouched bundle. Raises Problem for any other file."""
    try:
        file = open(path, "rb")  # noqa: SIM115
    except OSError as error:
        raise Problem("no_file", error.strerror or "") from error
    with file:
        members = read_members(file)
        try:
            manifest, signer = check_signature(file, members, pin)
            if manifest["format"] != FORMAT:
                raise Problem("format", manifest["format"])
            check_members(file, members, manifest)
            check_capture(file, members, manifest, check_custody(file, members, manifest, signer))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Problem("format", type(error).__name__) from error
    return manifest, signer


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Checks a SeoulGuard evidence bundle without any other program.")
    parser.add_argument("bundle")
    parser.add_argument("--key", default="", metavar="FINGERPRINT", help="what the centre told you, 64 digits")
    parser.add_argument("--language", choices=["en", "ko"], help="of what is said")
    given = parser.parse_args(arguments)
    spoken = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    korean = (given.language or spoken[:2]) == "ko"

    def say(code, *values):
        print(SENTENCES[code][korean].format(*values))

    try:
        manifest, signer = verify(given.bundle, given.key or PINNED_KEY)
    except Problem as problem:
        say(problem.code, *problem.values)
        if problem.code == "no_file":
            return 2
        say("altered")
        return 1
    say("signer", signer)
    for stamp in manifest["time_stamps"]:
        if stamp["status"] == "made":
            say("stamped", stamp["made_at"], stamp["authority"], stamp["token"])
        else:
            say("unstamped", stamp["authority"])
    if not manifest["time_stamps"]:
        say("no_stamp")
    if not (given.key or PINNED_KEY):
        say("uncompared")
        return 3
    if not given.key:
        say("pinned")
    say("untouched", len(manifest["members"]) + 2, manifest["custody"]["entries"])
    return 0


if __name__ == "__main__":
    for _stream in (sys.stdout, sys.stderr):
        if hasattr(_stream, "reconfigure"):
            _stream.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(main())
