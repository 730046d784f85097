"""The small world of the demo behaves like hosts do: it lists, serves, takes mail, and deletes what a letter names."""

from __future__ import annotations

import http.client
import json
import re
import smtplib
import socket
import subprocess
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from seoulguard.demo import broken, media
from seoulguard.demo.sites import HostingSite, World
from seoulguard.demo.smtp import HostDesk, MailServer

FILM = bytes(range(256)) * 40
COPIES = ("reencoded.webm", "cropped.mp4", "mirrored.mp4", "captioned.mp4", "letterboxed.mp4")
UNRELATED = ("cat", "rocket", "stars", "coins", "test-card", "paving", "retina", "moon")


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """No player looks at these: any bytes are a film here."""
    for name in (*COPIES, *(f"{scene}.mp4" for scene in UNRELATED)):
        (tmp_path / name).write_bytes(name.encode() + FILM)
    return tmp_path


@pytest.fixture
def world(clips: Path) -> Iterator[World]:
    copies = {name.partition(".")[0]: clips / name for name in COPIES}
    with World(copies, [clips / f"{scene}.mp4" for scene in UNRELATED]) as opened:
        yield opened


@pytest.fixture
def mail(world: World) -> Iterator[MailServer]:
    with MailServer() as server:
        server.on_mail = HostDesk(world).receive
        yield server


def ask(world: World, url: str, timeout: float = 10, **headers: str) -> tuple[int, bytes, http.client.HTTPMessage]:
    parts = urlsplit(url)
    line = http.client.HTTPConnection(world.host_map[parts.hostname or ""], timeout=timeout)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        line.request("GET", path, headers={"Host": parts.hostname or "", **headers})
        answer = line.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        line.close()


def read(world: World, url: str) -> str:
    return ask(world, url)[1].decode()


def status(world: World, url: str) -> int:
    return ask(world, url)[0]


def pages_of(world: World, site: HostingSite) -> list[str]:
    """Detail pages in the order the site lists them, over all its list pages."""
    base, found = site.base_url.rstrip("/"), list[str]()
    if site.kind == "scripted":
        return [row["page"] for row in json.loads(read(world, base + "/api/list.json"))["items"]]
    following = site.start_path
    while following:
        text = read(world, base + following)
        found += re.findall(rf"{re.escape(base)}/watch/[0-9a-f]+", text)
        more = re.search(r'rel="next" href="([^"]+)"', text)
        following = more[1] if more else ""
    return list(dict.fromkeys(found))


def letter(to: str, *lines: str) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = "removal@centre.example", to, "削除のお願い"
    mail.set_content("\n".join(lines) + "\n", charset="utf-8", cte="base64")
    return mail.as_bytes()


def post(server: MailServer, content: bytes, *recipients: str) -> None:
    with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as line:
        line.sendmail("removal@centre.example", list(recipients), content)


def up(world: World) -> set[str]:
    return {url for site in world.sites for url in pages_of(world, site)}


# --- sites -------------------------------------------------------------------------------------------------------
def test_every_site_has_a_copy_among_other_clips(world: World) -> None:
    planted = {planting.page_url for planting in world.planted}
    assert len(planted) == len(COPIES)
    for site in world.sites:
        listed = set(pages_of(world, site))
        assert listed & planted
        assert listed - planted
    assert len(up(world)) == len(COPIES) + len(UNRELATED)


def test_every_planted_film_is_served_whole_under_its_own_address(world: World) -> None:
    films = {ask(world, planting.media_url)[1] for planting in world.planted}
    assert films == {name.encode() + FILM for name in COPIES}


def test_the_english_site_is_plain_html_over_several_pages(world: World) -> None:
    site = world.sites[0]
    first = read(world, site.base_url + "videos")
    assert 'rel="next" href="/videos?page=2"' in first
    detail = read(world, pages_of(world, site)[0])
    for piece in ('<html lang="en">', "<video", "<source src=", 'class="uploader"', "<time datetime=", "views"):
        assert piece in detail


def test_the_japanese_site_is_a_feed_with_enclosures_and_pages(world: World) -> None:
    site = world.sites[1]
    _, body, headers = ask(world, site.base_url + "feed.xml")
    feed = ElementTree.fromstring(body)  # noqa: S314
    assert feed.get("version") == "2.0"
    assert headers.get_content_type() == "application/rss+xml"
    for entry in feed.iter("item"):
        enclosure = entry.find("enclosure")
        assert enclosure is not None
        assert len(ask(world, enclosure.get("url") or "")[1]) == int(enclosure.get("length") or 0)
        assert 'lang="ja"' in read(world, entry.findtext("link") or "")


def test_the_russian_site_is_empty_until_its_script_runs(world: World) -> None:
    site = world.sites[2]
    for url in (site.base_url, pages_of(world, site)[0]):
        text = read(world, url)
        assert '<div id="app"></div>' in text
        assert 'src="/static/app.js"' in text
        assert "<video" not in text
        assert "/media/" not in text


def test_what_the_russian_script_asks_for_names_the_film(world: World) -> None:
    site = world.sites[2]
    planting = next(planting for planting in world.planted if site.host_name in planting.page_url)
    slug = planting.page_url.rpartition("/")[2]
    told = json.loads(read(world, f"{site.base_url}api/item/{slug}.json"))
    assert (told["page"], told["media"]) == (planting.page_url, planting.media_url)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_newest_upload_comes_first(world: World, clips: Path, number: int) -> None:
    site = world.sites[number]
    planting = site.plant(clips / "cat.mp4", 'Once <more> & "again"', "guest")
    assert pages_of(world, site)[0] == planting.page_url
    assert "<more>" not in read(world, planting.page_url)
    assert planting not in world.planted


@pytest.mark.parametrize(
    ("asked", "start", "end"), [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-7", -7, None)]
)
def test_a_part_of_a_film_can_be_asked_for(world: World, asked: str, start: int, end: int | None) -> None:
    url = world.planted[0].media_url
    whole = ask(world, url)[1]
    code, body, headers = ask(world, url, Range=asked)
    assert (code, body) == (206, whole[start:end])
    assert headers["Content-Range"].endswith(f"/{len(whole)}")


def test_a_part_behind_the_end_is_refused(world: World) -> None:
    code, body, headers = ask(world, world.planted[0].media_url, Range="bytes=999999-")
    assert (code, body) == (416, b"")
    assert headers["Content-Range"].startswith("bytes */")


def test_films_say_what_they_are(world: World) -> None:
    for planting in world.planted:
        kind = ask(world, planting.media_url)[2].get_content_type()
        assert kind == ("video/webm" if planting.media_url.endswith(".webm") else "video/mp4")


def test_links_follow_the_host_a_visitor_used(world: World) -> None:
    site = world.sites[1]
    assert "http://mirror.example/watch/" in ask(world, site.base_url + "feed.xml", Host="mirror.example")[1].decode()


@pytest.mark.parametrize(("number", "words"), [(0, "has been removed"), (1, "削除されました"), (2, "Видео удалено")])
def test_a_removed_upload_is_gone_everywhere_and_says_so(world: World, number: int, words: str) -> None:
    site = world.sites[number]
    planting = next(planting for planting in world.planted if site.host_name in planting.page_url)
    site.take_down(planting.page_url)
    code, body, _ = ask(world, planting.page_url)
    assert code == 410
    assert words in body.decode()
    assert status(world, planting.media_url) == 404
    assert planting.page_url not in pages_of(world, site)
    assert not site.is_up(planting.page_url)


def test_the_russian_answers_forget_a_removed_upload(world: World) -> None:
    site = world.sites[2]
    url = pages_of(world, site)[0]
    site.take_down(url)
    assert status(world, f"{site.base_url}api/item/{url.rpartition('/')[2]}.json") == 404


def test_a_restored_upload_is_as_before(world: World) -> None:
    site, before = world.sites[0], pages_of(world, world.sites[0])
    site.take_down(before[0])
    site.restore(before[0])
    assert pages_of(world, site) == before
    assert status(world, before[0]) == 200
    assert site.is_up(before[0])


def test_a_site_takes_down_only_its_own_pages(world: World) -> None:
    with pytest.raises(LookupError):
        world.sites[0].take_down(pages_of(world, world.sites[1])[0])


def test_a_strange_address_is_not_found(world: World) -> None:
    assert [status(world, site.base_url + "watch/000000000000") for site in world.sites] == [404, 404, 404]


def test_a_site_in_trouble_fails_until_it_recovers(world: World) -> None:
    site = world.sites[0]
    site.fail_with(503)
    assert status(world, site.base_url) == 503
    site.fail_with(None)
    assert status(world, site.base_url) == 200


def test_a_hanging_address_never_answers_and_the_others_do(world: World) -> None:
    site = world.sites[0]
    url = pages_of(world, site)[0]
    site.hang_path(urlsplit(url).path)
    with pytest.raises(socket.timeout):
        ask(world, url, timeout=0.2)
    assert status(world, site.base_url) == 200


def test_a_site_remembers_what_was_asked(world: World) -> None:
    site = world.sites[0]
    read(world, site.base_url + "videos?page=2")
    assert site.requests == ["/videos?page=2"]


def test_a_left_world_answers_no_more(clips: Path) -> None:
    with World({"one": clips / COPIES[0]}, []) as world:
        addresses = list(world.host_map.values())
    for address in addresses:
        line = http.client.HTTPConnection(address, timeout=2)
        with pytest.raises(ConnectionRefusedError):
            line.request("GET", "/")


# --- mail --------------------------------------------------------------------------------------------------------
def test_mail_is_kept_byte_for_byte(mail: MailServer) -> None:
    content = letter("abuse@clipharbor.example", "Grüße", "お願いします。") + b".\r\n..two\r\n \r\nlast \t\r\n"
    post(mail, content, "abuse@clipharbor.example", "copy@centre.example")
    assert mail.mails == [content]
    assert mail.envelopes[0].sender == "removal@centre.example"
    assert mail.envelopes[0].recipients == ("abuse@clipharbor.example", "copy@centre.example")


def test_a_refused_recipient_leaves_nothing_behind_until_the_switch_is_back(mail: MailServer) -> None:
    content = letter("abuse@clipharbor.example", "Hello")
    mail.reply_with(550, "5.1.1 No such mailbox")
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        post(mail, content, "abuse@clipharbor.example")
    assert refused.value.recipients == {"abuse@clipharbor.example": (550, b"5.1.1 No such mailbox")}
    assert mail.mails == []
    mail.reply_with(None)
    post(mail, content, "abuse@clipharbor.example")
    assert mail.mails == [content]


def test_a_finished_letter_can_be_refused(mail: MailServer) -> None:
    mail.reply_with(451, "4.3.0 Later, please", at="letter")
    with pytest.raises(smtplib.SMTPDataError) as refused:
        post(mail, letter("abuse@clipharbor.example", "Hello"), "abuse@clipharbor.example")
    assert refused.value.smtp_code == 451
    assert mail.mails == []


def test_a_line_that_breaks_after_the_letter_gives_no_answer(mail: MailServer) -> None:
    content = letter("abuse@clipharbor.example", "Hello")
    mail.drop_after_data = True
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        post(mail, content, "abuse@clipharbor.example")
    assert mail.mails == [content]
    mail.drop_after_data = False
    post(mail, content, "abuse@clipharbor.example")
    assert len(mail.mails) == 2


# --- the desk ----------------------------------------------------------------------------------------------------
def test_the_desk_removes_what_the_letter_names_and_nothing_else(world: World, mail: MailServer) -> None:
    before = up(world)
    named = world.planted[0].page_url
    post(mail, letter("abuse@clipharbor.example", f"対象：{named}。ご対応ください。"), "abuse@clipharbor.example")
    assert before - up(world) == {named}


def test_a_letter_with_all_copies_spares_every_unrelated_clip(world: World, mail: MailServer) -> None:
    before, planted = up(world), {planting.page_url for planting in world.planted}
    for site in world.sites:
        address = f"abuse@{site.host_name}"
        post(mail, letter(address, *(f"({url})" for url in planted)), address)
    assert before - up(world) == planted


def test_a_desk_does_not_remove_for_another_site(world: World, mail: MailServer) -> None:
    before = up(world)
    post(mail, letter("abuse@videopotok.example", world.planted[0].page_url), "abuse@videopotok.example")
    assert up(world) == before


@pytest.mark.parametrize("change", ["{}0", "{}/more", "{}?from=list", "http://elsewhere.example/?u={}"])
def test_an_address_that_only_resembles_a_page_removes_nothing(world: World, mail: MailServer, change: str) -> None:
    before = up(world)
    text = change.format(world.planted[0].page_url)
    post(mail, letter("abuse@clipharbor.example", text), "abuse@clipharbor.example")
    assert up(world) == before


def test_mail_for_another_mailbox_removes_nothing(world: World, mail: MailServer) -> None:
    before = up(world)
    post(mail, letter("sales@clipharbor.example", world.planted[0].page_url), "sales@clipharbor.example")
    assert up(world) == before


def test_a_refused_letter_removes_nothing(world: World, mail: MailServer) -> None:
    mail.reply_with(550, "No")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        post(mail, letter("abuse@clipharbor.example", world.planted[0].page_url), "abuse@clipharbor.example")
    assert world.sites[0].is_up(world.planted[0].page_url)


# --- clips -------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.make_reference(tmp_path_factory.mktemp("reference"), seed=3, seconds=2)


@pytest.fixture(scope="module")
def edits(reference: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return media.make_copies(reference, tmp_path_factory.mktemp("edits"))


def test_the_reference_plays_to_its_end_with_sound(reference: Path) -> None:
    facts = media.probe(reference)
    assert (facts.width, facts.height, facts.video_codec, facts.audio_codec) == (640, 360, "h264", "aac")
    assert facts.duration_seconds == pytest.approx(2, abs=0.2)


def test_every_edit_plays_with_sound_and_shares_no_bytes_with_another(reference: Path, edits: dict[str, Path]) -> None:
    assert set(edits) == {name.partition(".")[0] for name in COPIES} | {"reupload"}
    assert all(media.probe(clip).audio_codec for clip in edits.values())
    assert len({clip.read_bytes() for clip in (reference, *edits.values())}) == len(edits) + 1


@pytest.mark.parametrize(
    ("edit", "width", "height"),
    [("reencoded", 480, 270), ("cropped", 562, 316), ("mirrored", 640, 360), ("letterboxed", 640, 434)],
)
def test_an_edit_has_the_size_its_name_promises(edits: dict[str, Path], edit: str, width: int, height: int) -> None:
    facts = media.probe(edits[edit])
    assert (facts.width, facts.height) == (width, height)


def test_a_clip_without_sound_gives_silent_edits(reference: Path, tmp_path: Path) -> None:
    silent = tmp_path / "silent.mp4"
    subprocess.run([get_ffmpeg_exe(), "-v", "error", "-i", reference, "-an", "-c", "copy", silent], check=True)
    assert {media.probe(clip).audio_codec for clip in media.make_copies(silent, tmp_path / "edits").values()} == {""}


def test_unrelated_clips_are_other_scenes_with_a_test_card_among_them(tmp_path: Path) -> None:
    clips = media.make_unrelated(tmp_path, n=10, seconds=0.4)
    assert media.TEST_CARD in {clip.stem for clip in clips}
    assert len({clip.read_bytes() for clip in clips}) == 10
    assert all(media.probe(clip).audio_codec for clip in clips)
    assert not set(media.UNRELATED_PHOTOS.values()) & set(media.REFERENCE_PHOTOS)


def test_broken_files_do_not_play(reference: Path, tmp_path: Path) -> None:
    wrong = (broken.empty_file(), broken.html_as_mp4(), broken.truncated_mp4(reference), broken.text_as_jpg())
    for number, content in enumerate(wrong):
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(content)
        with pytest.raises(media.MediaError):
            media.probe(path)
