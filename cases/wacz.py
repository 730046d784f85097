"""Writes a page's recorded answers as one WACZ file: the web archive that replayweb.page and other readers open.

Follows WACZ 1.1.1 (specs.webrecorder.net): a ZIP of stored members with `archive/data.warc.gz`, a CDXJ index,
`pages/pages.jsonl`, `datapackage.json` with the digest of each, and `datapackage-digest.json` over that. The index is
not compressed: the reader in replayweb.page takes a compressed one only together with a second index.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from cases.recording import Exchange, Headers, Recording

VERSION = "1.1.1"
WARC_NAME = "data.warc.gz"
MEDIA_TYPE = "application/wacz"
# The bodies are kept decoded, so these would be untrue; they stay readable under another name, as is the custom.
UNDONE = frozenset({"content-encoding", "transfer-encoding", "content-length"})


def wacz_bytes(recording: Recording, *, page_url: str, title: str, software: str, at: datetime) -> bytes:
    """The archive as bytes. `page_url` should be the address of one of the exchanges; `at` is aware."""
    warc, index = _archive(recording.exchanges, software, at)
    members = {
        f"archive/{WARC_NAME}": warc,
        "indexes/index.cdx": index,
        "pages/pages.jsonl": _pages(recording, page_url, title, at),
        "absent.json": _json([asdict(one) for one in recording.absent]),
    }
    package = _json({
        "profile": "data-package", "wacz_version": VERSION, "title": title, "created": _rfc3339(at),
        "software": software, "mainPageUrl": page_url, "mainPageDate": _rfc3339(_page_time(recording, page_url, at)),
        "resources": [_resource(path, content) for path, content in members.items()],
    })  # fmt: skip
    members["datapackage.json"] = package
    members["datapackage-digest.json"] = _json({"path": "datapackage.json", "hash": _sha256(package)})
    return _zip(members, at)


# --- the parts ---------------------------------------------------------------------------------------------------
def _archive(exchanges: Iterable[Exchange], software: str, at: datetime) -> tuple[bytes, bytes]:
    """The WARC and its index."""
    stream, lines = io.BytesIO(), []
    writer = WARCWriter(stream, gzip=True)
    about = {"software": software, "format": "WARC File Format 1.1", "note": "bodies are kept decoded"}
    writer.write_record(writer.create_warcinfo_record(WARC_NAME, about))
    for exchange in exchanges:
        offset = stream.tell()
        response = _response(writer, exchange)
        writer.write_record(response)
        lines.append(_index_line(exchange, offset, stream.tell() - offset))
        writer.write_record(_request(writer, exchange, response.rec_headers.get_header("WARC-Record-ID")))
    return stream.getvalue(), "".join(sorted(lines)).encode()


def _response(writer: WARCWriter, exchange: Exchange) -> Any:
    status = f"{exchange.status} {exchange.status_text}".strip()
    headers = StatusAndHeaders(status, _kept_headers(exchange), protocol="HTTP/1.1")
    return writer.create_warc_record(
        exchange.url, "response", payload=io.BytesIO(exchange.body), length=len(exchange.body), http_headers=headers,
        warc_headers_dict={"WARC-Date": _rfc3339(exchange.at), "WARC-Payload-Digest": _sha256(exchange.body)},
    )  # fmt: skip


def _request(writer: WARCWriter, exchange: Exchange, answered_by: str) -> Any:
    parts = urlsplit(exchange.url)
    line = f"{exchange.method} {parts.path or '/'}{'?' + parts.query if parts.query else ''} HTTP/1.1"
    headers = StatusAndHeaders(line, [("Host", parts.netloc), *_clean(exchange.request_headers)], is_http_request=True)
    return writer.create_warc_record(
        exchange.url, "request", payload=io.BytesIO(), length=0, http_headers=headers,
        warc_headers_dict={"WARC-Date": _rfc3339(exchange.at), "WARC-Concurrent-To": answered_by},
    )  # fmt: skip


def _kept_headers(exchange: Exchange) -> list[tuple[str, str]]:
    named = [(f"x-orig-{name}" if name.lower() in UNDONE else name, value) for name, value in _clean(exchange.headers)]
    return [*named, ("content-length", str(len(exchange.body)))]


def _clean(headers: Headers) -> list[tuple[str, str]]:
    """One line each; the names HTTP/2 puts a colon before are no headers of HTTP/1.1."""
    return [(name, " ".join(value.split("\n"))) for name, value in headers if not name.startswith(":")]


def _index_line(exchange: Exchange, offset: int, length: int) -> str:
    entry = {
        "url": exchange.url, "mime": _mime(exchange.headers), "status": str(exchange.status),
        "digest": _sha256(exchange.body), "length": str(length), "offset": str(offset), "filename": WARC_NAME,
    }  # fmt: skip
    stamp = exchange.at.astimezone(UTC).strftime("%Y%m%d%H%M%S")
    return f"{sort_key(exchange.url)} {stamp} {json.dumps(entry)}\n"


def sort_key(url: str) -> str:
    """The address with its host turned round ("com,example)/path?a=1"), under which an index files it."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower().removeprefix("www.")
    number = host.replace(".", "").isdigit() or ":" in host
    turned = host if number else ",".join(reversed(host.split(".")))
    port = f":{parts.port}" if parts.port and parts.port not in {80, 443} else ""
    query = "&".join(sorted(parts.query.lower().split("&"))) if parts.query else ""
    return f"{turned}{port})" + (parts.path or "/").lower().replace(" ", "%20") + (f"?{query}" if query else "")


def _mime(headers: Headers) -> str:
    said = next((value for name, value in headers if name.lower() == "content-type"), "")
    return said.partition(";")[0].strip().lower() or "application/octet-stream"


def _pages(recording: Recording, page_url: str, title: str, at: datetime) -> bytes:
    head = {"format": "json-pages-1.0", "id": "pages", "title": "Pages"}
    page = {
        "id": hashlib.sha256(page_url.encode()).hexdigest()[:16], "url": page_url, "title": title,
        "ts": _rfc3339(_page_time(recording, page_url, at)),
        "size": sum(len(exchange.body) for exchange in recording.exchanges),
    }  # fmt: skip
    return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in (head, page))


def _page_time(recording: Recording, page_url: str, at: datetime) -> datetime:
    return next((one.at for one in recording.exchanges if one.url == page_url), at)


# --- the package -------------------------------------------------------------------------------------------------
def _resource(path: str, content: bytes) -> dict[str, Any]:
    return {"name": path.rpartition("/")[2], "path": path, "hash": _sha256(content), "bytes": len(content)}


def _zip(members: dict[str, bytes], at: datetime) -> bytes:
    stream = io.BytesIO()
    when = at.astimezone(UTC).timetuple()[:6]
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for path, content in members.items():
            archive.writestr(zipfile.ZipInfo(path, when), content)
    return stream.getvalue()


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=2).encode()


def _sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
