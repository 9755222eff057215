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
_INSIST = 0.05  # seconds between two cancellations of the same job


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One loop for the process: clients keep connections, and these belong to the loop they were opened in."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="language-model", daemon=True).start()
    return loop


class _Job:
    """A coroutine at work in the loop. Its cancellation is repeated until it ends, for a client may swallow one:
    `asyncio.wait_for` does if what it waits for comes at that very moment (Python 3.11)."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.result: Future[Any] = asyncio.run_coroutine_threadsafe(self._run(coroutine), _loop())

    def stop(self) -> None:
        if not self.result.done():
            asyncio.run_coroutine_threadsafe(self._stop(), _loop())

    async def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        self._task = asyncio.current_task()
        return await coroutine

    async def _stop(self) -> None:
        while not self._task.done():
            self._task.cancel()
            await asyncio.sleep(_INSIST)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of `coroutine`; leaving early (Ctrl-C) cancels it."""
    job = _Job(coroutine)
    try:
        return job.result.result()
    finally:
        job.stop()


def stream(source: AsyncIterator[T]) -> Iterator[T]:
    """The items of `source` as they come; what it raises is raised here. Closing the iterator cancels it."""
    items: queue.SimpleQueue[Any] = queue.SimpleQueue()
    job = _Job(_pump(source, items.put))
    try:
        while (item := items.get()) is not _END:
            yield item
        job.result.result()
    finally:
        job.stop()


async def astream(source: AsyncIterator[T]) -> AsyncIterator[T]:
    """As `stream`, for a caller with an event loop: neither blocks the other, and cancelling the caller cancels
    `source`."""
    items: asyncio.Queue[Any] = asyncio.Queue()
    own = asyncio.get_running_loop()
    job = _Job(_pump(source, lambda item: own.call_soon_threadsafe(items.put_nowait, item)))
    try:
        while (item := await items.get()) is not _END:
            yield item
        await asyncio.wrap_future(job.result)
    finally:
        job.stop()


async def from_thread(items: Iterator[T]) -> AsyncIterator[T]:
    """The items of an iterator that blocks, each awaited in a worker thread."""
    while (item := await asyncio.to_thread(next, items, _END)) is not _END:
        yield item


async def _pump(source: AsyncIterator[Any], put: Callable[[Any], object]) -> None:
    try:
        async for item in source:
            put(item)
    finally:
        put(_END)
