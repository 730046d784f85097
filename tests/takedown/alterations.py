"""A hundred ways to alter a bundle, from a flipped bit to a complete forgery under another key.

The forger is given everything: he writes the same form of ZIP, mends check sums, lists, chains and links behind him.
He lacks only the centre's key.
"""

from __future__ import annotations

import hashlib
import io
import json
import warnings
import zipfile
from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cases.archive import Archive
from cases.bundle_kit import verify_bundle as kit

Members = dict[str, bytes]
Alteration = Callable[[bytes], bytes]
FORGER = Ed25519PrivateKey.from_private_bytes(b"forger" * 5 + b"xx")
LISTS = (kit.MANIFEST, kit.SIGNATURE)


# --- tools of a forger -------------------------------------------------------------------------------------------
def opened(bundle: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(bundle)) as file:
        return {name: file.read(name) for name in file.namelist()}


def packed(members: Members) -> bytes:
    out = io.BytesIO()
    archive = Archive(out)
    for name, content in members.items():
        archive.add(name, [content])
    archive.close()
    return out.getvalue()


def zipped(rows: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED, **fields: object) -> bytes:
    """As an ordinary program packs it."""
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", method) as file:
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, content in rows:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            for field, value in fields.items():
                setattr(info, field, value)
            file.writestr(info, content)
    return out.getvalue()


def flipped(content: bytes, at: int, mask: int = 1) -> bytes:
    changed = bytearray(content)
    changed[at] ^= mask
    return bytes(changed)


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def relisted(members: Members) -> Members:
    """With sizes and digests of the list mended; the old signature stays."""
    manifest = json.loads(members[kit.MANIFEST])
    known = {row["name"]: row for row in manifest["members"]}
    rows = [
        {**known.get(name, {"name": name, "what": "part"}), "size": len(content), "digest": digest(content)}
        for name, content in members.items()
        if name not in LISTS
    ]
    content = (json.dumps({**manifest, "members": rows}, ensure_ascii=False, indent=1) + "\n").encode()
    mended = {name: content for name, content in members.items() if name not in LISTS}
    return {**mended, kit.MANIFEST: content, kit.SIGNATURE: members.get(kit.SIGNATURE, b"")}


def signed(members: Members, key: Ed25519PrivateKey = FORGER) -> Members:
    signature = key.sign(kit.FORMAT.encode() + b"\n" + members[kit.MANIFEST])
    public = key.public_key().public_bytes_raw().hex()
    text = f"seoulguard-signature/1\nkey {public}\nsignature {signature.hex()}\n"
    return {**members, kit.SIGNATURE: text.encode()}


def edited(members: Members, change: Callable[[dict], object]) -> Members:
    """The signed list, edited; it stays at its place."""
    manifest = json.loads(members[kit.MANIFEST])
    change(manifest)
    return {**members, kit.MANIFEST: (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode()}


def chain(members: Members) -> list[dict]:
    return [json.loads(line.split(b" ", 1)[1]) for line in members[kit.CUSTODY].splitlines()]


def with_chain(members: Members, entries: list[dict], *, relink: bool = True) -> Members:
    """The chain with every digest and link made again, and the list told of its end."""
    lines, previous = [], kit.FIRST_LINK
    for number, entry in enumerate(entries, start=1):
        entry = {**entry, "sequence": number, "previous": previous} if relink else entry
        text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        previous = digest(text)
        lines.append(previous.encode() + b" " + text + b"\n")
    changed = {**members, kit.CUSTODY: b"".join(lines)}
    return edited(changed, lambda manifest: manifest["custody"].update(entries=len(entries), head=previous))


def forged(members: Members, name: str, content: bytes) -> Members:
    """A part replaced, and everything that speaks of it rewritten, under the forger's own key."""
    members = {**members, name: content}
    own = json.loads(members[kit.MANIFEST])["capture_manifest"]["name"]
    listed = json.loads(members[own])
    for row in listed["parts"]:
        row["digest"] = digest(members[kit.PARTS + row["name"]])
    members[own] = json.dumps(listed).encode()
    entries = chain(members)
    for entry in entries:
        for field in ("manifest", "listed"):
            if field in entry["detail"]:
                entry["detail"][field] = digest(members[own])
    fingerprint = kit.fingerprint(FORGER.public_key().public_bytes_raw())
    entries[-1]["detail"]["key"] = fingerprint
    members = with_chain(members, entries)
    unstamped = {"key": fingerprint, "time_stamps": []}
    members = edited(members, lambda manifest: manifest.update(unstamped))
    members = {name: one for name, one in members.items() if not name.startswith("stamps/")}
    told = {"name": own, "digest": digest(members[own])}
    return signed(relisted(edited(members, lambda manifest: manifest.update(capture_manifest=told))))


# --- the hundred -------------------------------------------------------------------------------------------------
def alterations(bundle: bytes) -> dict[str, bytes]:
    """Altered bundles by what was done to them."""
    members = opened(bundle)
    found = {}
    for make in (flips, repacked_flips, losses, additions, swaps, zip_tricks, list_edits, chain_edits, other_keys):
        found.update(make(bundle, members))
    return found


def flips(bundle: bytes, members: Members) -> Iterator[tuple[str, bytes]]:
    """In place; a ZIP program may notice."""
    where = kit.read_members(io.BytesIO(bundle))
    for name, (at, size, _crc) in where.items():
        if size:
            yield f"first bit of {name}", flipped(bundle, at)
            yield f"last bit of {name}", flipped(bundle, at + size - 1, 0x80)
    for what, at in {"local header": 0, "local date": 12, "local check sum": 14, "end record": len(bundle) - 1}.items():
        yield f"a bit of the {what}", flipped(bundle, at)
    directory = int.from_bytes(bundle[-6:-2], "little")
    for what, at in {"version": 4, "date": 14, "rights": 38, "offset": 42, "name": 46}.items():
        yield f"a bit of the directory's {what}", flipped(bundle, directory + at)


def repacked_flips(_bundle: bytes, members: Members) -> Iterator[tuple[str, bytes]]:
    """With check sums, and for some with the list of digests, mended."""
    for name, content in members.items():
        if content:
            yield f"{name} changed and repacked", packed({**members, name: flipped(content, len(content) // 2)})
    for name in [one for one in members if one.startswith(kit.PARTS)][:3]:
        changed = {**members, name: members[name] + b"!"}
        yield f"{name} changed and the list mended", packed(relisted(changed))


def losses(bundle: bytes, members: Members) -> Iterator[tuple[str, bytes]]:
    for name in members:
        yield f"{name} removed", packed({one: content for one, content in members.items() if one != name})
    for share in (0.01, 0.5, 0.999):
        yield f"cut at {share:.1%}", bundle[: int(len(bundle) * share)]
    yield "empty file", b""
    yield "last byte cut", bundle[:-1]


def additions(bundle: bytes, members: Members) -> Iterator[tuple[str, bytes]]:
    lists = {name: members[name] for name in LISTS}
    rest = {name: content for name, content in members.items() if name not in LISTS}
    yield "a part added", packed({**rest, "capture/added.png": b"png", **lists})
    yield "a part added and listed", packed(relisted({**members, "capture/added.png": b"png"}))
    yield "a file added at the end", packed({**members, "note.txt": b"trust me"})
    yield "a byte behind the end", bundle + b"\n"
    yield "bytes before the beginning", b"#!/bin/sh\n" + bundle
    yield "a second bundle behind the first", bundle + bundle
    rows = list(members.items())
    with_twice = [*rows, ("capture/media", b"another")]
    yield "a member twice", zipped(with_twice)
    yield "a member twice in other letters", packed({**rest, "capture/MEDIA": b"another", **lists})
    yield "a name that climbs out", zipped([("../../evil.py", b"x"), *rows])
    yield "an absolute name", zipped([("/etc/evil", b"x"), *rows])
    yield "a name of another system", zipped([("capture\\evil", b"x"), *rows])


def swaps(_bundle: bytes, members: Members) -> Iterator[tuple[str, bytes]]:
    html, media = "capture/page.html", "capture/media"
    yield "two parts swapped", packed({**members, html: members[media], media: members[html]})
    yield "two parts swapped and relisted", packed(relisted({**members, html: members[media], media: members[html]}))
    renamed = {("capture/other.html" if name == html else name): content for name, content in members.items()}
    yield "a part renamed", packed(renamed)
    yield "a part renamed and relisted", packed(relisted(renamed))
    yield "the order turned round", packed(dict(reversed(members.items())))
    yield (
        "the reports swapped",
        packed({**members, "report-ko.pdf": members["report-en.pdf"], "report-en.pdf": members["report-ko.pdf"]}),
    )


def zip_tricks(bundle: bytes, members: Members) -> Iterator[tuple[str, bytes]]:
    rows = list(members.items())
    yield "packed again by another program", zipped(rows)
    yield "compressed", zipped(rows, zipfile.ZIP_DEFLATED)
    yield "a hidden extra field", zipped(rows, extra=b"\xfe\xca\x04\x00evil")
    yield "a comment on a member", zipped(rows, comment=b"evil")
    out = io.BytesIO(bundle)
    with zipfile.ZipFile(out, "a") as file:
        file.comment = b"evil"
    yield "a comment on the file", out.getvalue()
    end = kit.END.unpack(bundle[-22:])
    gap = bundle[: end[6]] + b"hidden" + bundle[end[6] : -22] + kit.END.pack(*end[:6], end[6] + 6, 0)
    yield "bytes hidden between members and directory", gap


def list_edits(_bundle: bytes, members: Members) -> Iterator[tuple[str, bytes]]:
    changes: dict[str, Callable[[dict], object]] = {
        "another case number": lambda manifest: manifest.update(case="B-2"),
        "an earlier date": lambda manifest: manifest.update(made_at="2020-01-01T00:00:00+00:00"),
        "another centre": lambda manifest: manifest["made_by"].update(organisation="Somebody"),
        "another key named": lambda manifest: manifest.update(key="0000"),
        "a time stamp claimed": lambda manifest: manifest["time_stamps"].append(
            {"authority": "x", "status": "waiting"}
        ),
        "a member struck from the list": lambda manifest: manifest["members"].pop(),
    }
    for what, change in changes.items():
        yield f"the list says {what}", packed(edited(members, change))
    yield "a space in the list", packed({**members, kit.MANIFEST: members[kit.MANIFEST] + b" "})
    yield "a space in the signature", packed({**members, kit.SIGNATURE: members[kit.SIGNATURE] + b" "})
    upper = members[kit.SIGNATURE].upper()
    yield "the signature in capitals", packed({**members, kit.SIGNATURE: upper})
    yield "the signature of nothing", packed({**members, kit.SIGNATURE: b""})


def chain_edits(_bundle: bytes, members: Members) -> Iterator[tuple[str, bytes]]:
    lines = members[kit.CUSTODY].splitlines(keepends=True)
    turned = {**members, kit.CUSTODY: b"".join([lines[1], lines[0], *lines[2:]])}
    yield "two entries of the chain swapped", packed(turned)
    yield "two entries swapped and relisted", packed(relisted(turned))
    entries = chain(members)
    yield (
        "two entries swapped, the chain linked again",
        packed(relisted(with_chain(members, [entries[1], entries[0], *entries[2:]]))),
    )
    yield "an entry left out, the chain linked again", packed(relisted(with_chain(members, entries[:1] + entries[2:])))
    yield "the chain's tail cut", packed(relisted(with_chain(members, entries[:-1])))
    entries[1]["actor"] = "officer:99"
    yield "somebody else named, the chain linked again", packed(relisted(with_chain(members, entries)))


def other_keys(_bundle: bytes, members: Members) -> Iterator[tuple[str, bytes]]:
    """Signatures that hold, of somebody else."""
    yield "signed again by another key", packed(signed(members))
    changed = {**members, "capture/media": b"other footage"}
    yield "a part replaced, new list, other key", packed(signed(relisted(changed)))
    yield "a whole forgery under another key", packed(forged(members, "capture/media", b"other footage"))
    verifier = members["verify_bundle.py"].replace(b'PINNED_KEY = "', b'PINNED_KEY = "" # "')
    yield (
        "a forgery with its own verifier",
        packed(forged({**members, "verify_bundle.py": verifier}, "capture/media", b"x")),
    )
    key = members[kit.SIGNATURE].split()[2]
    mixed = signed(members)[kit.SIGNATURE].split()
    text = b"seoulguard-signature/1\nkey " + key + b"\nsignature " + mixed[4] + b"\n"
    yield "the centre's key beside another's signature", packed({**members, kit.SIGNATURE: text})
