"""The mailbox between two threads."""

from __future__ import annotations

import threading
import time

from realtime.core.mailbox import Mailbox


def test_newest_wins_and_drops_are_counted() -> None:
    box: Mailbox[int] = Mailbox()
    for item in range(5):
        box.put(item)
    assert box.get(0) == 4
    assert box.get(0) is None
    assert box.dropped == 4
    box.put(0)  # nothing about an item is asked, not even whether it is true
    box.put(7)
    assert box.dropped == 5


def test_the_writer_hears_that_an_item_was_taken() -> None:
    taken: list[bool] = []
    box: Mailbox[int] = Mailbox(lambda: taken.append(box.full))
    assert box.get(0) is None and not taken
    box.put(1)
    assert box.full and box.get(0) == 1 and taken == [False]


def test_get_waits_for_an_item_that_comes() -> None:
    box: Mailbox[str] = Mailbox()
    got: list[str | None] = []
    reader = threading.Thread(target=lambda: got.append(box.get(20)))
    reader.start()
    box.put("here")
    reader.join(5)
    assert got == ["here"]
    begin = time.monotonic()
    assert box.get(0.05) is None
    assert 0.04 < time.monotonic() - begin < 2


def test_close_wakes_the_reader_and_takes_nothing_more() -> None:
    box: Mailbox[int] = Mailbox()
    got: list[int | None] = []
    reader = threading.Thread(target=lambda: got.append(box.get(20)))
    reader.start()
    box.close()
    reader.join(5)
    assert got == [None]
    box.close()
    box.put(1)
    assert box.get(20) is None
    assert box.dropped == 0
