"""A job that a worker thread does."""

from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from threading import Event

import xarray as xr

from qrexplore.hardware.backend import JobStatus
from qrexplore.hardware.errors import BackendError


class ThreadJob:
    """Work handed to a pool of threads; see `Job`.

    Parameters
    ----------
    pool
        Whose threads do the work; one thread makes a device that does one thing at a time.
    work
        Gets a function to call between its steps, which ends the work if the job was canceled; gives the data.
    """

    def __init__(self, pool: ThreadPoolExecutor, work: Callable[[Callable[[], None]], xr.Dataset]) -> None:
        self._canceled = Event()
        self._future = pool.submit(work, self._checkpoint)

    def _checkpoint(self) -> None:
        if self._canceled.is_set():
            raise CancelledError

    @property
    def status(self) -> JobStatus:
        """How the job stands now."""
        if self._future.running():
            return JobStatus.RUNNING
        if not self._future.done():
            return JobStatus.QUEUED
        if self._canceled.is_set():
            return JobStatus.CANCELED
        return JobStatus.DONE if self._future.exception() is None else JobStatus.FAILED

    def cancel(self) -> bool:
        """Ask for an end; True unless the job had already ended. What is being computed is dropped at its next step."""
        if self._future.done():
            return False
        self._canceled.set()
        self._future.cancel()
        return True

    def result(self, timeout: float | None = None) -> xr.Dataset:
        """Wait at most `timeout` seconds and give the data.

        Raises
        ------
        BackendError
            If the job was canceled.
        TimeoutError
            If it has not ended in time; it goes on.
        """
        try:
            data = self._future.result(timeout)
        except CancelledError:
            data = None
        except TimeoutError as error:
            msg = f"the job has not ended within {timeout:g} s; it goes on. Call result() again, or cancel()."
            raise TimeoutError(msg) from error
        if data is None or self._canceled.is_set():
            msg = "the job was canceled and has no result. Run the experiment again."
            raise BackendError(msg)
        return data

    def __repr__(self) -> str:
        return f"Job({self.status.value})"
