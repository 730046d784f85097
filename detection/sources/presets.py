"""Ready mappings for interfaces that many centres ask: data only. An administrator may change every field.

Written after the public documentation of each interface; the shapes are tested with answers of those shapes, not
against the services themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Preset:
    """Values for the fields of a JSON source. `url` holds names to replace, such as mastodon.example or ENGINE-ID."""

    label: str | Promise
    url: str
    fields: dict[str, str | int] = field(default_factory=dict)


# Names in the addresses below that every administrator replaces.
PLACEHOLDERS = ("mastodon.example", "searx.example", "ENGINE-ID", "COMMUNITY")
MASTODON_STATUS: dict[str, str | int] = {
    "page_path": "url",
    "media_path": "media_attachments[?type=='video' || type=='gifv' || type=='image'].url",
    "title_path": "content",
    "uploader_path": "account.acct",
    "posted_path": "created_at",
}
REDDIT: dict[str, str | int] = {
    "items_path": "data.children[?kind=='t3'].data",
    "page_path": "permalink",
    # The video itself, pictures of a gallery, a single picture; links to other sites are opened by other sources.
    "media_path": (
        "[secure_media.reddit_video.fallback_url, media.reddit_video.fallback_url, values(media_metadata || `{}`)[].s.[u, mp4][],"
        " (post_hint == 'image' && url_overridden_by_dest) || null][]"
    ),
    "title_path": "title",
    "uploader_path": "author",
    "posted_path": "created_utc",
    "next_path": "data.after",
    "next_parameter": "after",
}
PRESETS: dict[str, Preset] = {
    "mastodon_tag": Preset(
        _("Mastodon: public posts under a hashtag"),
        "https://mastodon.example/api/v1/timelines/tag/{query}?limit=40",
        {**MASTODON_STATUS, "next_path": "[-1].id", "next_parameter": "max_id"},
    ),
    "mastodon_public": Preset(
        _("Mastodon: everything public"),
        "https://mastodon.example/api/v1/timelines/public?only_media=true&limit=40",
        {**MASTODON_STATUS, "next_path": "[-1].id", "next_parameter": "max_id"},
    ),
    "mastodon_search": Preset(
        _("Mastodon: search (with a token: “Bearer …”)"),
        "https://mastodon.example/api/v2/search?q={query}&type=statuses&limit=40&offset={offset}",
        {**MASTODON_STATUS, "items_path": "statuses", "key_place": "header", "key_names": "Authorization"},
    ),
    "reddit_search": Preset(
        _("Reddit: search"),
        "https://www.reddit.com/search.json?q={query}&sort=new&limit=100&raw_json=1&include_over_18=on",
        REDDIT,
    ),
    "reddit_listing": Preset(
        _("Reddit: newest posts of a community"), "https://www.reddit.com/r/COMMUNITY/new.json?limit=100&raw_json=1", REDDIT
    ),
    "google_images": Preset(
        _("Google Programmable Search: pictures"),
        "https://www.googleapis.com/customsearch/v1?q={query}&cx=ENGINE-ID&searchType=image&num=10",
        {
            "items_path": "items || `[]`", "page_path": "image.contextLink", "media_path": "link", "title_path": "title",
            "next_path": "queries.nextPage[0].startIndex", "next_parameter": "start",
            "key_place": "parameter", "key_names": "key",
        },
    ),
    "google_web": Preset(
        _("Google Programmable Search: pages"),
        "https://www.googleapis.com/customsearch/v1?q={query}&cx=ENGINE-ID&num=10",
        {
            "items_path": "items || `[]`", "page_path": "link", "title_path": "title",
            "next_path": "queries.nextPage[0].startIndex", "next_parameter": "start",
            "key_place": "parameter", "key_names": "key",
        },
    ),
    "brave_web": Preset(
        _("Brave Search: pages"),
        "https://api.search.brave.com/res/v1/web/search?q={query}&count=20&safesearch=off&offset={page0}",
        {
            "items_path": "web.results || `[]`", "page_path": "url", "title_path": "title", "posted_path": "page_age",
            "key_place": "header", "key_names": "X-Subscription-Token",
        },
    ),
    "brave_videos": Preset(
        _("Brave Search: videos"),
        "https://api.search.brave.com/res/v1/videos/search?q={query}&count=50&safesearch=off&offset={page0}",
        {
            "items_path": "results || `[]`", "page_path": "url", "title_path": "title", "uploader_path": "video.creator",
            "posted_path": "page_age", "key_place": "header", "key_names": "X-Subscription-Token",
        },
    ),
    "naver_image": Preset(
        _("Naver: pictures"),
        "https://openapi.naver.com/v1/search/image?query={query}&display=100&sort=date&start={offset1}",
        {
            "items_path": "items", "media_path": "link", "title_path": "title",
            "key_place": "header", "key_names": "X-Naver-Client-Id, X-Naver-Client-Secret",
        },
    ),
    "naver_blog": Preset(
        _("Naver: blogs"),
        "https://openapi.naver.com/v1/search/blog?query={query}&display=100&sort=date&start={offset1}",
        {
            "items_path": "items", "page_path": "link", "title_path": "title", "uploader_path": "bloggername",
            "key_place": "header", "key_names": "X-Naver-Client-Id, X-Naver-Client-Secret",
        },
    ),
    "kakao_vclip": Preset(
        _("Kakao (Daum): videos (with a key: “KakaoAK …”)"),
        "https://dapi.kakao.com/v2/search/vclip?query={query}&sort=recency&size=30&page={page}",
        {
            "items_path": "documents", "page_path": "url", "title_path": "title", "uploader_path": "author",
            "posted_path": "datetime", "key_place": "header", "key_names": "Authorization",
        },
    ),
    "searxng": Preset(
        _("SearXNG of your own"),
        "https://searx.example/search?q={query}&format=json&categories=videos&pageno={page}",
        {"items_path": "results", "page_path": "url", "title_path": "title", "uploader_path": "author", "posted_path": "publishedDate"},
    ),
}  # fmt: skip
