"""A video that a site sends in pieces is put together in memory, through the one door, and recognised like any other."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest

from cases.web import FetchError
from detection.engine import ReferenceSet, compare, fingerprint_media
from detection.found import found_media
from detection.streams import dash, hls, joining
from tests.clips import make_clip
from tests.detection.wire import Host, open_host


@pytest.fixture
def host(settings: Any) -> Iterator[Host]:
    with open_host(settings) as opened:
        yield opened


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "sea.mp4", "astronaut", "right")


@pytest.fixture(scope="module")
def print_of_clip(clip: Path) -> Any:
    return fingerprint_media(clip, dense=True)


def ffmpeg(folder: Path, *arguments: str) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)


HLS = [
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-g",
    "12",
    "-f",
    "hls",
    "-hls_time",
    "0.5",
    "-hls_playlist_type",
    "vod",
]
KEYED = ["-hls_key_info_file", "key.info"]
FRAGMENTED = ["-hls_segment_type", "fmp4"]
ONE_FILE = ["-hls_flags", "single_file"]
DASH = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-seg_duration", "0.5", "-f", "dash"]


def is_the_clip(url: str, known: Any) -> bool:
    with found_media(url) as medium:
        made = fingerprint_media(medium.fd, dense=False)
    references = ReferenceSet()
    references.add("clip", known)
    findings = compare(made, references)
    return [one.verdict for one in findings] == ["confirmed"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ([*HLS], "pieces of MPEG-TS"),
        ([*HLS, *FRAGMENTED], "fragments of MP4 with an initialisation"),
        ([*HLS, *ONE_FILE], "byte ranges of one file"),
        ([*HLS, *KEYED], "pieces under an AES key"),
    ],
)
def test_an_hls_video_is_recognised(
    host: Host, clip: Path, print_of_clip: Any, tmp_path: Path, options: list[str], why: str
) -> None:
    (tmp_path / "video.key").write_bytes(os.urandom(16))
    (tmp_path / "key.info").write_text(f"{host.url}/v/video.key\n{tmp_path / 'video.key'}\n")
    ffmpeg(tmp_path, "-i", str(clip), *options, "list.m3u8")
    host.put_folder(tmp_path, "/v/")
    assert is_the_clip(f"{host.url}/v/list.m3u8", print_of_clip), why


def test_of_several_renditions_the_one_that_is_enough_is_taken(
    host: Host, clip: Path, print_of_clip: Any, tmp_path: Path
) -> None:
    ffmpeg(tmp_path, "-i", str(clip), *HLS, "list.m3u8")
    host.put_folder(tmp_path, "/v/")
    form = "#EXT-X-STREAM-INF:BANDWIDTH={},RESOLUTION={}\n{}\n"
    named = [
        (9_000_000, "3840x2160", "huge.m3u8"),
        (90_000, "320x240", "small.m3u8"),
        (900_000, "1280x720", "v/list.m3u8"),
    ]
    host.put("/master.m3u8", "#EXTM3U\n" + "".join(form.format(*one) for one in named))
    assert is_the_clip(f"{host.url}/master.m3u8", print_of_clip)
    assert not [path for path in host.asked if "huge" in path or "small" in path]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["-use_template", "1", "-use_timeline", "1"], "a template with a time line"),
        (["-use_template", "1", "-use_timeline", "0"], "a template with numbers"),
        (["-use_template", "0", "-use_timeline", "0"], "a list of segments"),
        (["-single_file", "1"], "one file by byte ranges"),
    ],
)
def test_a_dash_video_is_recognised(
    host: Host, clip: Path, print_of_clip: Any, tmp_path: Path, options: list[str], why: str
) -> None:
    ffmpeg(tmp_path, "-i", str(clip), *DASH, *options, "list.mpd")
    host.put_folder(tmp_path, "/d/")
    assert is_the_clip(f"{host.url}/d/list.mpd", print_of_clip), why


def test_a_dash_manifest_may_name_one_whole_file(host: Host, clip: Path, print_of_clip: Any) -> None:
    host.put("/films/sea.mp4", clip.read_bytes(), "video/mp4")
    host.put("/list", WHOLE, "application/dash+xml")
    assert is_the_clip(f"{host.url}/list", print_of_clip)


WHOLE = """<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>/films/</BaseURL><Period><AdaptationSet mimeType="video/mp4">
<Representation id="1" height="240"><BaseURL>sea.mp4</BaseURL><SegmentBase indexRange="0-1"/></Representation>
</AdaptationSet></Period></MPD>"""


def test_a_site_that_knows_no_ranges_is_asked_once_for_the_file(
    host: Host, clip: Path, print_of_clip: Any, tmp_path: Path
) -> None:
    host.ranges = False
    ffmpeg(tmp_path, "-i", str(clip), *HLS, *ONE_FILE, "list.m3u8")
    host.put_folder(tmp_path, "/v/")
    assert is_the_clip(f"{host.url}/v/list.m3u8", print_of_clip)
    assert len(host.asked) == 2


# --- limits ------------------------------------------------------------------------------------------------------
def playlist(*segments: str) -> str:
    return (
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n" + "".join(f"#EXTINF:1,\n{one}\n" for one in segments) + "#EXT-X-ENDLIST\n"
    )


def test_a_lost_piece_is_said_and_the_rest_is_examined(host: Host) -> None:
    for number in range(20):
        host.put(f"/{number}.ts", b"x" * 188, status=404 if number == 9 else 200)
    host.put("/list.m3u8", playlist(*(f"{number}.ts" for number in range(20))))
    with found_media(f"{host.url}/list.m3u8") as medium:
        assert (medium.size, medium.note) == (19 * 188, "1 of 20 pieces of the video did not come.")


def test_a_video_without_most_of_its_pieces_is_none(host: Host) -> None:
    host.put("/0.ts", b"x")
    host.put("/list.m3u8", playlist("0.ts", "1.ts", "2.ts"))
    with pytest.raises(FetchError, match="404"), found_media(f"{host.url}/list.m3u8"):
        pass


def test_a_video_larger_than_allowed_is_cut_and_says_so(host: Host, settings: Any) -> None:
    settings.MEDIA_MAX_BYTES = 2500
    for number in range(5):
        host.put(f"/{number}.ts", b"x" * 1000)
    host.put("/list.m3u8", playlist(*(f"{number}.ts" for number in range(5))))
    with found_media(f"{host.url}/list.m3u8") as medium:
        assert medium.size == 2000
        assert medium.note.startswith("Only the first part")


def test_no_more_pieces_are_asked_for_than_allowed(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "MOST_PIECES", 3)
    host.otherwise = lambda path: (200, "video/mp2t", b"x" * 188)
    host.put("/list.m3u8", playlist(*(f"{number}.ts" for number in range(50))))
    with found_media(f"{host.url}/list.m3u8") as medium:
        assert medium.size == 3 * 188
    assert len(host.asked) == 4


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:{port}/secret", "file:///etc/passwd", "http://169.254.169.254/x"]
)
def test_pieces_and_keys_inside_the_network_are_never_asked_for(host: Host, address: str) -> None:
    inside = address.format(port=host.port)
    host.put("/secret", b"k" * 16)
    host.put("/0.ts", b"x" * 16)
    key = f'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{inside}"\n#EXTINF:1,\n0.ts\n#EXT-X-ENDLIST\n'
    opening = f'#EXTM3U\n#EXT-X-MAP:URI="{inside}"\n#EXTINF:1,\n0.ts\n#EXT-X-ENDLIST\n'
    base = WHOLE.replace("sea.mp4", inside)
    for number, manifest in enumerate([playlist(inside), key, opening, base]):
        host.put(f"/{number}.list", manifest)
        with pytest.raises(FetchError), found_media(f"{host.url}/{number}.list"):
            pass
    assert "/secret" not in host.asked


# --- broken and hostile ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        ("#EXTM3U\n", "nothing in it"),
        ("#EXTM3U\n#EXTINF:abc\n#EXT-X-BYTERANGE:x@y\n0.ts\n", "numbers that are none"),
        ("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nself.m3u8\n", "a list that leads to itself"),
        ('#EXTM3U\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k"\n#EXTINF:1,\n0.ts\n', "protected"),
        ("<MPD><Period></Period>", "cut off"),
        ("<MPD/>", "no period"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><MPD>&b;</MPD>', "a document type"),
        ("<MPD>" + "<a>" * 5000, "too deep"),
        (WHOLE.replace("<SegmentBase", "<ContentProtection/><SegmentBase"), "protected"),
        (WHOLE.replace('<SegmentBase indexRange="0-1"/>', '<SegmentTemplate media="a"><SegmentTimeline><S d="0" r="9"/>'
         "</SegmentTimeline></SegmentTemplate>"), "segments without a length"),
        (WHOLE.replace('<SegmentBase indexRange="0-1"/>', '<SegmentList><SegmentURL mediaRange="a-b"/></SegmentList>'), "ranges"),
    ],
)  # fmt: skip
def test_a_broken_manifest_is_an_error_with_a_sentence(host: Host, manifest: str, why: str) -> None:
    host.put("/self.m3u8", manifest, "application/vnd.apple.mpegurl")
    with pytest.raises(FetchError) as told, found_media(f"{host.url}/self.m3u8"):
        pass
    assert told.value.sentence, why
    assert told.value.permanent, why


def test_a_time_line_that_repeats_for_ever_is_cut() -> None:
    template = (
        '<SegmentTemplate media="$Time$"><SegmentTimeline><S d="1" r="999999999"/></SegmentTimeline></SegmentTemplate>'
    )
    plan = dash.plan_of(WHOLE.replace('<SegmentBase indexRange="0-1"/>', template).encode(), "http://a.example/x")
    assert len(plan.pieces) == 3000


def test_an_hls_key_without_a_vector_opens_with_the_number_of_the_segment() -> None:
    text = '#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXTINF:1,\na.ts\n#EXTINF:1,\nb.ts\n'
    assert [one.vector[-1] for one in hls.plan_of(text, "http://a.example/l").pieces] == [7, 8]
