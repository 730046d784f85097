"""What every kind of source says: what was found, and why nothing was."""

from __future__ import annotations

from dataclasses import dataclass


class SourceError(Exception):
    """A page of a source that gave nothing to look through. `sentence` is for a person."""

    def __init__(self, sentence: str):
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class FoundMedia:
    """A medium and the page it was found on, both absolute addresses."""

    page_url: str
    media_url: str
    title: str = ""
    uploader: str = ""
