"""What a trial on the page of settings raises when the thing tried does not work."""

from __future__ import annotations


class TrialFailed(Exception):
    """The sentence is for the administrator; it never holds a secret."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
