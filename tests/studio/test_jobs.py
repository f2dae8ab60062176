"""Jobs: one after the other, followed from anywhere, given up on demand; a full queue says so."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator

import pytest

from composer.errors import InputError
from composer.studio.jobs import Job, Jobs
from composer.studio.problems import Busy, NotHere


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    jobs = Jobs(waiting=2)
    yield jobs
    jobs.close()


def over(job: Job) -> Job:
    deadline = time.monotonic() + 10
    while not job.over:
        assert time.monotonic() < deadline, f"{job.kind} is still {job.state}"
        time.sleep(0.002)
    return job


def followed(job: Job) -> list[dict[str, object]]:
    async def all_of_it() -> list[dict[str, object]]:
        return [event async for event in job.follow()]

    return asyncio.run(asyncio.wait_for(all_of_it(), 10))


class Held:
    """Work that goes on until it is let go; it looks up every moment, as the sampler does every bar."""

    def __init__(self) -> None:
        self.begun, self.free = threading.Event(), threading.Event()

    def __call__(self, job: Job) -> None:
        self.begun.set()
        while not self.free.wait(0.002):
            job.check()


def test_jobs_are_done_in_order(jobs: Jobs) -> None:
    done: list[str] = []
    both = [jobs.begin("music", Job(kind, lambda job: done.append(job.kind))) for kind in ("first", "second")]
    assert [over(job).state for job in both] == ["done", "done"]
    assert done == ["first", "second"]


def test_everybody_hears_everything_from_the_beginning(jobs: Jobs) -> None:
    def work(job: Job) -> None:
        tell = job.step("writing")
        tell(0.5)
        job.arrangements.append("one")

    job = over(jobs.begin("music", Job("arrange", work)))
    told = followed(job)
    assert told == followed(job), "a second tab hears the same"
    assert [event.get("state", event.get("done")) for event in told] == ["running", 0.0, 0.5, "done"]
    assert told[-1]["arrangements"] == ["one"]


def test_who_follows_a_running_job_hears_its_end(jobs: Jobs) -> None:
    held = Held()
    job = jobs.begin("music", Job("arrange", held))
    threading.Timer(0.05, held.free.set).start()
    assert followed(job)[-1]["state"] == "done"


def test_a_running_job_stops_when_it_is_cancelled(jobs: Jobs) -> None:
    held = Held()
    job = jobs.begin("music", Job("arrange", held))
    assert held.begun.wait(5)
    job.cancel()
    assert over(job).state == "cancelled"


def test_a_waiting_job_is_cancelled_at_once_and_never_begins(jobs: Jobs) -> None:
    held, never = Held(), Held()
    first = jobs.begin("music", Job("arrange", held))
    assert held.begun.wait(5)
    second = jobs.begin("music", Job("arrange", never))
    second.cancel()
    assert second.state == "cancelled"
    held.free.set()
    assert over(first).state == "done"
    assert not never.begun.is_set()


def test_a_full_queue_refuses_and_has_room_again(jobs: Jobs) -> None:
    held = Held()
    jobs.begin("music", Job("arrange", held))
    assert held.begun.wait(5)
    waiting = [jobs.begin("music", Job("arrange", lambda job: None)) for _ in range(2)]
    with pytest.raises(Busy, match="2 jobs are waiting already; wait for one to finish"):
        jobs.begin("music", Job("arrange", lambda job: None))
    over(jobs.begin("sound", Job("mix", lambda job: None)))  # the other worker is free
    waiting[0].cancel()
    jobs.begin("music", Job("arrange", lambda job: None))
    held.free.set()


def test_a_mistake_is_told_and_the_worker_goes_on(jobs: Jobs) -> None:
    def mistaken(job: Job) -> None:
        raise InputError("no part called 'tuba'; choose from: drums, bass")

    job = over(jobs.begin("music", Job("arrange", mistaken)))
    assert job.problem is not None
    assert (job.problem.what, job.problem.what_to_do) == ("no part called 'tuba'", "choose from: drums, bass")
    assert over(jobs.begin("music", Job("arrange", lambda job: None))).state == "done"


def test_a_mistake_of_ours_goes_to_the_log_not_to_the_page(jobs: Jobs, caplog: pytest.LogCaptureFixture) -> None:
    def broken(job: Job) -> None:
        raise ZeroDivisionError("secret detail")

    with caplog.at_level(logging.ERROR, "composer.studio"):
        job = over(jobs.begin("music", Job("arrange", broken)))
    assert job.problem is not None
    assert "secret" not in job.problem.message
    assert "secret detail" in caplog.text


def test_an_unknown_job_is_not_there(jobs: Jobs) -> None:
    with pytest.raises(NotHere, match="may belong to an earlier session of the studio"):
        jobs.find("x" * 16)
