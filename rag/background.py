"""An event loop in a thread of its own: language models are awaited there, and whoever reads may leave at any time."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")
_END = object()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One loop for the process: clients keep connections, and these belong to the loop they were opened in."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="language-model", daemon=True).start()
    return loop


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of `coroutine`; leaving early (Ctrl-C) cancels it."""
    future = asyncio.run_coroutine_threadsafe(coroutine, _loop())
    try:
        return future.result()
    finally:
        future.cancel()


def stream(source: AsyncIterator[T]) -> Iterator[T]:
    """The items of `source` as they come; what it raises is raised here. Closing the iterator cancels it."""
    items: queue.SimpleQueue[Any] = queue.SimpleQueue()
    task = _start(source, items.put)
    try:
        while (item := items.get()) is not _END:
            yield item
        task.result()
    finally:
        task.cancel()


async def astream(source: AsyncIterator[T]) -> AsyncIterator[T]:
    """As `stream`, for a caller with an event loop: neither blocks the other, and cancelling the caller cancels
    `source`."""
    items: asyncio.Queue[Any] = asyncio.Queue()
    own = asyncio.get_running_loop()
    task = _start(source, lambda item: own.call_soon_threadsafe(items.put_nowait, item))
    try:
        while (item := await items.get()) is not _END:
            yield item
        await asyncio.wrap_future(task)
    finally:
        task.cancel()


async def from_thread(items: Iterator[T]) -> AsyncIterator[T]:
    """The items of an iterator that blocks, each awaited in a worker thread."""
    while (item := await asyncio.to_thread(next, items, _END)) is not _END:
        yield item


def _start(source: AsyncIterator[Any], put: Callable[[Any], object]) -> Future[None]:
    async def pump() -> None:
        try:
            async for item in source:
                put(item)
        finally:
            put(_END)

    return asyncio.run_coroutine_threadsafe(pump(), _loop())
