"""An SMTP server with moods: it takes a letter, asks to come back, refuses, or hangs up before, within or after DATA.

It writes down what it took, by Message-ID. The mood of each call is drawn from a seeded lot.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from threading import Thread
from types import TracebackType

# (mood, weight). "at X: words" answers so at that command; "hang up at X" drops the line there.
MOODS = [
    ("take it", 50), ("at MAIL: 451 4.3.0 busy", 3), ("at RCPT: 450 4.2.0 greylisted", 6), ("at DATA: 421 4.3.2 closing", 3),
    ("at END: 452 4.2.2 full for now", 6), ("at RCPT: 550 5.7.1 policy", 3), ("at RCPT: 550 5.1.1 no such user", 3),
    ("at END: 554 5.6.0 content", 3), ("hang up at HELLO", 4), ("hang up at RCPT", 4), ("hang up at DATA", 4),
    ("hang up within", 4), ("hang up at END", 4), ("take it, then hang up", 6),
]  # fmt: skip
MESSAGE_ID = re.compile(rb"(?im)^message-id:\s*(<[^>]+>)")


class RoughServer:
    def __init__(self, seed: int) -> None:
        self.taken: Counter[str] = Counter()
        self.moods: Counter[str] = Counter()
        self._lot = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> RoughServer:
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop
        ).result()
        self._server = server
        self.port = server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mood = self._lot.choices([name for name, _ in MOODS], [weight for _, weight in MOODS])[0]
        self.moods[mood] += 1
        try:
            await self._talk(reader, writer, mood)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the other side was killed
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mood: str) -> None:
        await say(writer, "220 rough")
        while line := await reader.readline():
            word = line.split()[0].upper().decode() if line.strip() else ""
            step = {"EHLO": "HELLO", "HELO": "HELLO"}.get(word, word)
            if mood == f"hang up at {step}":
                return
            if mood.startswith(f"at {step}: "):
                await say(writer, mood.partition(": ")[2])
            elif step == "DATA":
                await say(writer, "354 go ahead")
                if not await self._take(reader, writer, mood):
                    return
            elif step == "QUIT":
                await say(writer, "221 bye")
                return
            else:
                await say(writer, "250 ok")

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mood: str) -> bool:
        """Read the letter; False when the line is dropped."""
        if mood == "hang up within":
            await reader.read(40)
            return False
        letter = await reader.readuntil(b"\r\n.\r\n")
        if mood == "hang up at END":
            return False
        if mood.startswith("at END: "):
            await say(writer, mood.partition(": ")[2])
            return True
        found = MESSAGE_ID.search(letter)
        assert found
        self.taken[found.group(1).decode()] += 1
        if mood == "take it, then hang up":
            return False
        await say(writer, "250 2.0.0 kept")
        return True


async def say(writer: asyncio.StreamWriter, words: str) -> None:
    writer.write(words.encode() + b"\r\n")
    await writer.drain()
