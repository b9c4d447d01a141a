import asyncio
import threading
import time
from collections.abc import AsyncGenerator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.stream import Stream, ThinkFilter


async def counting(seconds: float = 0.0, most: int = 3) -> AsyncGenerator[int, None]:
    for number in range(most):
        await asyncio.sleep(seconds)
        yield number


async def failing() -> AsyncGenerator[int, None]:
    yield 1
    try:
        raise KeyError("sk-SECRET")
    except KeyError:
        raise ValueError("plain") from None


def test_what_runs_in_the_background_is_iterated_here() -> None:
    assert list(Stream(counting)) == [0, 1, 2]


def test_error_is_raised_here_without_what_led_to_it() -> None:
    stream = Stream(failing)
    assert next(stream) == 1
    with pytest.raises(ValueError, match="plain") as caught:
        next(stream)
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert list(stream) == []


def test_idle_value_comes_while_there_is_nothing_else() -> None:
    assert list(Stream(lambda: counting(0.6, 1), idle=-1)) == [-1, -1, 0]


def test_first_word_is_handed_over_alone_and_what_came_with_it_at_once() -> None:
    made: list[int] = []

    async def burst() -> AsyncGenerator[int, None]:
        for number in range(1, 1001):
            made.append(number)
            yield number
        await asyncio.sleep(20)

    stream = Stream(burst)
    assert [next(stream), next(stream)] == [1, 2]
    assert len(made) == 1000  # this thread was woken once for all of the rest
    assert [next(stream) for _ in range(998)] == list(range(3, 1001))
    stream.close()


def test_closed_stream_gives_nothing_of_what_was_handed_over() -> None:
    stream = Stream(lambda: counting(0, 50))
    assert next(stream) == 0
    stream.close()
    assert list(stream) == []


def test_close_from_another_thread_ends_a_waiting_next_at_once() -> None:
    stream = Stream(lambda: counting(20))
    threading.Timer(0.1, stream.close).start()
    begun = time.monotonic()
    assert list(stream) == []
    assert time.monotonic() - begun < 2


def filtered(parts: list[str]) -> str:
    sieve = ThinkFilter()
    return "".join([*(sieve.feed(part) for part in parts), sieve.finish()])


@given(
    before=st.text("ab <>/", max_size=8),
    thought=st.text("ab <>/\n", max_size=12),
    after=st.text("ab <>/", max_size=8),
    cuts=st.lists(st.integers(0, 60), max_size=6),
)
def test_thinking_is_left_out_wherever_the_pieces_break(before: str, thought: str, after: str, cuts: list[int]) -> None:
    text = f"{before}<think>{thought}</think>{after}"
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    parts = [text[low:high] for low, high in pairwise(edges)]
    assert filtered(parts) == before + after


def test_thinking_that_never_ends_is_left_out_and_noted() -> None:
    sieve = ThinkFilter()
    assert sieve.feed("<reasoning>on and on") + sieve.finish() == ""
    assert sieve.thought
