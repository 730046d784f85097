"""What re-uploaders lay over pictures, and the same things over strangers: captions, logos, players, phones."""

from __future__ import annotations

import cv2
import numpy as np

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
SITES = ("videohub.example", "clips.example", "best-of.example")


def text(
    picture: np.ndarray, words: str, place: tuple[int, int], size: float = 0.7, colour: tuple[int, ...] = WHITE
) -> None:
    for thick, paint in ((4, BLACK), (2, colour)):
        cv2.putText(picture, words, place, cv2.FONT_HERSHEY_SIMPLEX, size, paint, thick, cv2.LINE_AA)


def caption(picture: np.ndarray, style: int) -> np.ndarray:
    """A bar with the site's name at the foot, or the two lines of a meme."""
    made = picture.copy()
    height, width = made.shape[:2]
    big = width / 480
    if style % 2:
        cv2.rectangle(made, (0, int(height * 0.85)), (width, height), BLACK, -1)
        text(made, SITES[style % 3], (int(width * 0.1), int(height * 0.95)), big)
    else:
        text(made, "WHEN YOU SEE IT", (int(width * 0.08), int(height * 0.14)), 1.3 * big)
        text(made, "BOTTOM TEXT", (int(width * 0.2), int(height * 0.94)), 1.3 * big)
    return made


def logo(picture: np.ndarray, style: int, share: float) -> np.ndarray:
    """A coloured box with a word in a corner; `share` of each side."""
    made = picture.copy()
    height, width = made.shape[:2]
    wide, tall = int(width * share), int(height * share)
    left, top = (0, width - wide)[style % 2], (0, height - tall)[style // 2 % 2]
    cv2.rectangle(made, (left, top), (left + wide, top + tall), (60, 160, 230), -1)
    text(made, "HUB", (left + wide // 8, top + int(tall * 0.6)), wide / 90)
    return made


def watermark(picture: np.ndarray, style: int, strength: float) -> np.ndarray:
    """Rows of translucent words all over."""
    made = picture.copy()
    step = max(40, made.shape[0] // 6)
    for row, y in enumerate(range(step // 2, made.shape[0], step)):
        for x in range(-(row % 2) * 60, made.shape[1], 170):
            text(made, SITES[style % 3][:9], (x, y), 0.7)
    return cv2.addWeighted(picture, 1 - strength, made, strength, 0)


def player(picture: np.ndarray, style: int) -> np.ndarray:
    """A phone's feed, a browser's page, or a bare player around the picture."""
    height, width = picture.shape[:2]
    if style % 3 == 0:
        page = np.full((int(height + width * 0.8), int(width * 1.08), 3), 248, np.uint8)
        left, top = (page.shape[1] - width) // 2, int(width * 0.22)
        text(page, "Home    For you", (12, int(width * 0.1)), width / 600, (60, 60, 60))
        cv2.circle(page, (width // 14, top + height + width // 12), width // 24, (70, 70, 220), -1)
        for line in range(3):
            y = top + height + width // 6 + line * width // 14
            cv2.rectangle(
                page, (width // 20, y), (page.shape[1] - width // 6 * (line + 1), y + width // 40), (190,) * 3, -1
            )
    elif style % 3 == 1:
        page = np.full((int(height * 1.3), int(width * 1.35), 3), 35, np.uint8)
        left, top = width // 40, int(height * 0.14)
        text(page, f"<  >   {SITES[style % 2]}/watch", (10, int(height * 0.09)), width / 700)
        for box in range(4):
            y = top + box * height // 4
            cv2.rectangle(
                page, (int(width * 1.06), y), (int(width * 1.31), y + height // 5), (90, 90 + 20 * box, 100), -1
            )
    else:
        page = np.zeros((int(height * 1.16), width, 3), np.uint8)
        left, top = 0, int(height * 0.02)
        y = int(height * 1.08)
        cv2.rectangle(page, (10, y), (width - 10, y + 6), (110,) * 3, -1)
        cv2.rectangle(page, (10, y), (width // 3, y + 6), (30, 30, 230), -1)
    page[top : top + height, left : left + width] = picture
    return page


def inset(behind: np.ndarray, front: np.ndarray, left: int, top: int, wide: int) -> np.ndarray:
    """`front`, `wide` pixels wide, laid over `behind`."""
    made = behind.copy()
    small = cv2.resize(
        front, (wide, max(1, round(front.shape[0] * wide / front.shape[1]))), interpolation=cv2.INTER_AREA
    )
    small = small[: made.shape[0] - top, : made.shape[1] - left]
    made[top : top + small.shape[0], left : left + small.shape[1]] = small
    return made
