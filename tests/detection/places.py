"""Nine sites on loopback, each of another shape, in eight languages, with copies planted among other media.

Every site answers under a name of its own. What a visit of it may cost is written beside it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import imageio_ffmpeg

from tests import clips
from tests.detection.wire import JSON, XML, Host

# What is registered: a photograph and how the camera moves over it. No zoom: a crop of one looks like another moment of
# it, which is for an officer.
REFERENCES = {"walk": ("astronaut", "right"), "cat": ("chelsea", "left")}
STRANGERS = {"coffee": "left", "china": "in", "flower": "out", "rocket": "down"}
# Which copy of which reference: how it was edited before it was planted.
COPIES = {
    "board": ("walk", "hflip+crop"),
    "search": ("cat", "letterbox"),
    "feed": ("walk", "caption"),
    "sitemap": ("cat", "colour"),
    "api": ("walk", "low bitrate"),
    "scroll": ("cat", "crop 15"),
    "player": ("walk", "smaller"),
    "channel": ("cat", "logo"),
}
PICTURES = {"album": ("walk", "hflip")}
HLS = "-c:v libx264 -preset ultrafast -g 12 -f hls -hls_time 0.5 -hls_playlist_type vod list.m3u8"


@dataclass
class Shelf:
    """Everything that is shown or registered, made once: name → bytes."""

    references: dict[str, bytes] = field(default_factory=dict)
    copies: dict[str, bytes] = field(default_factory=dict)
    strangers: list[bytes] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)
    stream: Path = Path()

    def stranger(self, number: int) -> bytes:
        """Other bytes on every site and page, as it is outside."""
        return self.strangers[number % len(self.strangers)] + b"\0" * (number + 1)


def stocked(folder: Path) -> Shelf:
    """Clips of two seconds, their edited copies, stills, and one copy cut into the pieces of a stream."""
    shelf = Shelf()
    for name, (photo, move) in REFERENCES.items():
        shelf.references[name] = clips.make_clip(folder / f"{name}.mp4", photo, move).read_bytes()
    for number, (photo, move) in enumerate(STRANGERS.items()):
        film = clips.make_clip(folder / f"stranger-{number}.mp4", photo, move)
        shelf.strangers.append(film.read_bytes())
        shelf.pictures.append(clips.still(film, folder / f"stranger-{number}.jpg").read_bytes())
    for site, (name, how) in COPIES.items():
        copy = clips.edit(folder / f"{name}.mp4", folder / f"copy-{site}.mp4", how)
        shelf.copies[site] = copy.read_bytes()
    for site, (name, how) in PICTURES.items():
        shot = clips.still(folder / f"{name}.mp4", folder / f"{name}.jpg")
        shelf.copies[site] = clips.edit(shot, folder / f"copy-{site}.jpg", how).read_bytes()
    shelf.stream = folder / "stream"
    shelf.stream.mkdir()
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(folder / "copy-player.mp4"), *HLS.split()]
    subprocess.run(command, cwd=shelf.stream, check=True, timeout=60)
    return shelf


@dataclass(frozen=True)
class Place:
    """A site: how it is set up as a source, how it is built, and what it is expected to cost.

    `planted` are the paths of the media that are copies, `shown` counts all media; `requests` and `again` are the
    requests of a first and of a second visit, robots.txt among the first.
    """

    name: str
    source: dict[str, Any]
    build: Callable[[Host, Shelf], None]
    planted: tuple[str, ...]
    shown: int
    requests: int
    again: int


def page(language: str, title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title></head><body>'
        f'<nav><a href="/">{title}</a> <a href="/rules">?</a></nav><main>{body}</main></body></html>'
    )


def card(address: str, title: str) -> str:
    return f'<article><a href="{address}"><img src="/thumb.jpg" alt=""><h3>{title}</h3></a></article>'


def film(language: str, title: str, media: str) -> str:
    return page(language, title, f'<h1>{title}</h1><video controls src="{media}"></video>')


def _films(host: Host, shelf: Shelf, site: str, titles: Iterable[str], language: str, planted: int) -> None:
    """A page for each title, its film beside it; one of them is the copy."""
    for number, title in enumerate(titles, start=1):
        host.put(f"/watch/{number}", film(language, title, f"/media/{number}.mp4"))
        content = shelf.copies[site] if number == planted else shelf.stranger(number + len(site) * 10)
        host.put(f"/media/{number}.mp4", content, "video/mp4")


# --- the sites ---------------------------------------------------------------------------------------------------
KOREAN = ["바닷가 산책 모음", "고양이와 오후 한때", "주말 캠핑 브이로그", "골목길 카페 탐방"]
JAPANESE = ["海辺の散歩まとめ", "猫とすごす午後", "週末キャンプの記録"]
SPANISH = ["Paseo por la playa", "Tarde con el gato", "Fin de semana"]
RUSSIAN = ["Прогулка у моря", "Вечер с котом", "Выходные в лесу"]
ENGLISH = ["A walk by the sea", "An afternoon with the cat", "Weekend camp"]
VIETNAMESE = [f"Đi dạo bên biển, phần {number}" for number in range(1, 7)]
THAI = ["เดินเล่นริมทะเล", "บ่ายวันหนึ่งกับแมว"]
CHINESE = ["海边散步相册", "周末露营相册"]


def board(host: Host, shelf: Shelf) -> None:
    """A list in two pages; one entry stands on both, as when it moved on between them."""
    _films(host, shelf, "board", KOREAN, "ko", planted=4)
    cards = [card(f"/watch/{number}", title) for number, title in enumerate(KOREAN, start=1)]
    host.put("/", page("ko", "자유게시판", "".join(cards[:2]) + '<a href="/?page=2">다음</a>'))
    host.put("/?page=2", page("ko", "자유게시판", "".join(cards[1:])))


def search(host: Host, shelf: Shelf) -> None:
    """Two words find the same film."""
    _films(host, shelf, "search", JAPANESE, "ja", planted=2)
    cards = [card(f"/watch/{number}?from=search", title) for number, title in enumerate(JAPANESE, start=1)]
    for number, title in enumerate(JAPANESE, start=1):
        host.put(f"/watch/{number}?from=search", film("ja", title, f"/media/{number}.mp4"))
    host.put("/find?q=%E7%8C%AB&p=1", page("ja", "検索", cards[0] + cards[1]))
    host.put("/find?q=%E5%8D%88%E5%BE%8C&p=1", page("ja", "検索", cards[1] + cards[2]))
    for word in ("%E7%8C%AB", "%E5%8D%88%E5%BE%8C"):
        host.put(f"/find?q={word}&p=2", page("ja", "検索", "<p>見つかりません</p>"))


def feed(host: Host, shelf: Shelf) -> None:
    """One entry carries its film, the others have pages of their own."""
    _films(host, shelf, "feed", SPANISH, "es", planted=1)
    entries = "".join(
        f"<item><title>{title}</title><link>{host.url}/watch/{number}</link>"
        + (f'<enclosure url="{host.url}/media/{number}.mp4" type="video/mp4"/>' if number == 3 else "")
        + "</item>"
        for number, title in enumerate(SPANISH, start=1)
    )
    host.put("/rss", f'<rss version="2.0"><channel><title>Vídeos</title>{entries}</channel></rss>', XML)


def sitemap(host: Host, shelf: Shelf) -> None:
    """An index and a file; the file names one film itself."""
    _films(host, shelf, "sitemap", RUSSIAN, "ru", planted=2)
    space = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    video = 'xmlns:video="http://www.google.com/schemas/sitemap-video/1.1"'
    named = (
        f"<video:video><video:title>{RUSSIAN[1]}</video:title>"
        f"<video:content_loc>{host.url}/media/2.mp4</video:content_loc></video:video>"
    )
    urls = "".join(
        f"<url><loc>{host.url}/watch/{number}</loc>{named if number == 2 else ''}</url>"
        for number in range(1, len(RUSSIAN) + 1)
    )
    host.put(
        "/sitemap.xml", f"<sitemapindex {space}><sitemap><loc>{host.url}/all.xml</loc></sitemap></sitemapindex>", XML
    )
    host.put("/all.xml", f"<urlset {space} {video}>{urls}</urlset>", XML)


def api(host: Host, shelf: Shelf) -> None:
    """Two pages of answers; what the interface names itself costs no page."""
    _films(host, shelf, "api", ENGLISH, "en", planted=3)
    entries = [
        {"link": f"/watch/{number}", "text": f"<p>{escape(title)}</p>", "who": {"name": "blue"}, "at": 1_760_000_000,
         "files": [{"kind": "video", "src": f"/media/{number}.mp4"}]}
        for number, title in enumerate(ENGLISH, start=1)
    ]  # fmt: skip
    host.put("/api/posts?limit=2", json.dumps({"posts": entries[:2], "next": "b"}), JSON)
    host.put("/api/posts?limit=2&after=b", json.dumps({"posts": entries[2:], "next": None}), JSON)


GROWS = """<div id="consent"><button onclick="document.getElementById('consent').remove();more()">Đồng ý</button></div><main></main>
<script>const titles=%s;let n=0;function more(){for(let i=0;i<2&&n<titles.length;i++){n++;const a=document.createElement('a');
a.href='/watch/'+n;a.innerHTML='<img src="/thumb.jpg"><h3></h3><div style="height:900px"></div>';
a.querySelector('h3').textContent=titles[n-1];
document.querySelector('main').append(a)}}
addEventListener('scroll',()=>{if(n&&innerHeight+scrollY>document.body.scrollHeight-60)more()})</script>"""


def scroll(host: Host, shelf: Shelf) -> None:
    """Nothing before consent, two entries with every screen; the copy is on the last one."""
    _films(host, shelf, "scroll", VIETNAMESE, "vi", planted=6)
    host.put("/", GROWS % json.dumps(VIETNAMESE))


def player(host: Host, shelf: Shelf) -> None:
    """Films in pieces: one player is fed by a script, the other stands in a frame."""
    host.put_folder(shelf.stream, "/hls/walk/")
    list_address = f"{host.url}/hls/walk/list.m3u8".replace("/", "\\/")
    host.put(
        "/v/1",
        page(
            "th", THAI[0], f'<h1>{THAI[0]}</h1><div id="p"></div><script>player({{"file":"{list_address}"}})</script>'
        ),
    )
    host.put(
        "/v/2", page("th", THAI[1], f'<h1>{THAI[1]}</h1><iframe src="/embed/2" width="640" height="360"></iframe>')
    )
    host.put("/embed/2", '<video src="/media/2.mp4"></video>')
    host.put("/media/2.mp4", shelf.stranger(91), "video/mp4")


def album(host: Host, shelf: Shelf) -> None:
    """Small pictures that lead to large ones."""
    large = {1: shelf.pictures[0], 2: shelf.copies["album"], 3: shelf.pictures[1], 4: shelf.pictures[2]}
    for number, content in large.items():
        host.put(f"/large/{number}.jpg", content, "image/jpeg")
    for number, inside in ((1, (1, 2)), (2, (3, 4))):
        shown = "".join(f'<a href="/large/{one}.jpg"><img src="/small/{one}.jpg" alt=""></a>' for one in inside)
        host.put(f"/album/{number}", page("zh", CHINESE[number - 1], f"<h1>{CHINESE[number - 1]}</h1>{shown}"))
    host.put("/", page("zh", "相册", "".join(card(f"/album/{number}", CHINESE[number - 1]) for number in (1, 2))))


def channel(host: Host, shelf: Shelf) -> None:
    """The web preview of a channel."""
    post = (
        '<div class="tgme_widget_message" data-post="clips/{n}"><a class="tgme_widget_message_video_player">'
        '<video src="/file/{n}.mp4"></video></a><div class="tgme_widget_message_text">{t}</div>'
        '<time datetime="2026-11-2{n}T10:00:00+00:00"></time></div>'
    )
    host.put("/s/clips", page("ko", "채널", "".join(post.format(n=n, t=KOREAN[n]) for n in (1, 2))))
    host.put("/file/1.mp4", shelf.copies["channel"], "video/mp4")
    host.put("/file/2.mp4", shelf.stranger(77), "video/mp4")


MAPPING = {
    "items_path": "posts", "page_path": "link", "media_path": "files[?kind=='video'].src", "title_path": "text",
    "uploader_path": "who.name", "posted_path": "at", "next_path": "next", "next_parameter": "after",
}  # fmt: skip
CLICKS = {"consent_clicks": "Đồng ý", "scroll_count": 6}
PLACES = [
    Place("board", {"kind": "listing", "url": "/"}, board, ("/media/4.mp4",), 4, requests=7, again=2),
    Place("search", {"kind": "search", "url": "/find?q={query}&p={page}", "queries": "猫\n午後"}, search,
          ("/media/2.mp4",), 3, requests=8, again=4),
    Place("feed", {"kind": "feed", "url": "/rss"}, feed, ("/media/1.mp4",), 3, requests=4, again=1),
    Place("sitemap", {"kind": "sitemap", "url": "/sitemap.xml"}, sitemap, ("/media/2.mp4",), 3, requests=5, again=2),
    Place("api", {"kind": "json_api", "url": "/api/posts?limit=2", **MAPPING}, api, ("/media/3.mp4",), 3, requests=3, again=2),
    Place("scroll", {"kind": "rendered", "url": "/", **CLICKS}, scroll, ("/media/6.mp4",), 6, requests=8, again=1),
    Place("player", {"kind": "list", "addresses": "hxxp://player[.]example/v/1\nhxxp://player[.]example/v/2"}, player,
          ("/hls/walk/list.m3u8",), 2, requests=4, again=0),
    Place("album", {"kind": "listing", "url": "/"}, album, ("/large/2.jpg",), 4, requests=4, again=1),
    Place("channel", {"kind": "telegram", "url": "/s/clips"}, channel, ("/file/1.mp4",), 2, requests=2, again=1),
]  # fmt: skip
