"""The API, path by path. What takes longer than a moment is a job: 202, then its events.

Functions without `async` run in threads: they read files and listen to scores.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Body, Depends, HTTPException, Path, Query, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse

from composer.audio.stem_files import file_name
from composer.studio import shapes, views
from composer.studio.files import take_file
from composer.studio.jobs import Job
from composer.studio.problems import NotHere
from composer.studio.shapes import Problem
from composer.studio.store import Seed, Take
from composer.studio.studio import Studio

PROBLEMS: dict[int | str, dict[str, object]] = {
    code: {"model": Problem, "description": what}
    for code, what in (
        (404, "no such id"),
        (409, "not while a job works on it"),
        (413, "the body is too large"),
        (422, "something in the request cannot be played"),
        (429, "the queue is full"),
    )
}
api = APIRouter(prefix="/api", responses=PROBLEMS)
SEED_BODY = {
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    "required": True,
}


def the_studio(request: Request) -> Studio:
    studio: Studio = request.app.state.studio
    return studio


AStudio = Annotated[Studio, Depends(the_studio)]


def the_seed(studio: AStudio, seed_id: Annotated[shapes.Id, Path()]) -> Seed:
    return studio.store.seed(seed_id)


def the_take(studio: AStudio, arrangement_id: Annotated[shapes.Id, Path()]) -> Take:
    return studio.store.take(arrangement_id)


def the_job(studio: AStudio, job_id: Annotated[shapes.Id, Path()]) -> Job:
    return studio.jobs.find(job_id)


ASeed = Annotated[Seed, Depends(the_seed)]
ATake = Annotated[Take, Depends(the_take)]
AJob = Annotated[Job, Depends(the_job)]


def file_url(take: Take, name: str) -> str:
    return f"/api/arrangements/{take.id}/files/{name}"


# --- seeds ---


@api.get("/styles", tags=["styles"])
def styles() -> shapes.Styles:
    """Styles, parts, roles, General MIDI sounds and bundled tunes: everything that one may ask for by name."""
    return views.styles_view()


@api.post("/seeds", status_code=201, tags=["seeds"], openapi_extra={"requestBody": SEED_BODY})
async def add_seed(
    request: Request,
    studio: AStudio,
    name: Annotated[str, Query(max_length=200, description="the file's name: its ending says what it is")],
    reference: Annotated[bool, Query(description="a piece to play in the manner of, not a melody to arrange")] = False,
) -> shapes.SeedReport:
    """Upload a MIDI, MusicXML or ABC file, or a recording of a melody, as the body itself; what is heard in it comes back."""
    content = await request.body()

    def heard() -> shapes.SeedReport:
        return views.seed_report(studio.add_seed(name, content, reference), studio.store)

    return await asyncio.to_thread(heard)


@api.post("/seeds/example", status_code=201, tags=["seeds"])
def add_example(studio: AStudio, asked: shapes.ExampleRequest) -> shapes.SeedReport:
    """Begin with a bundled tune."""
    return views.seed_report(studio.add_example(asked.example), studio.store)


@api.get("/seeds", tags=["seeds"])
def seeds(
    studio: AStudio,
    reference: Annotated[bool, Query(description="list the reference pieces instead of the projects")] = False,
) -> list[shapes.SeedView]:
    """All projects, the newest first."""
    return [views.seed_view(seed, studio.store) for seed in studio.store.seeds() if seed.reference == reference]


@api.get("/seeds/{seed_id}", tags=["seeds"])
def seed(
    studio: AStudio, seed: ASeed, melody: Annotated[str | None, Query(max_length=200)] = None
) -> shapes.SeedReport:
    """A seed with melody, key, metre, chords, problems and notes. `melody` looks at another part as the melody."""
    return views.seed_report(seed, studio.store, melody)


@api.post("/seeds/{seed_id}/chart", tags=["seeds"])
def chart(studio: AStudio, seed: ASeed, asked: shapes.ChartRequest) -> shapes.ChartView:
    """Read a chord chart over the seed's bars, without writing anything."""
    return views.chart_view(seed, studio.store, asked.chart, asked.melody)


@api.get("/seeds/{seed_id}/arrangements", tags=["arrangements"])
def arrangements(studio: AStudio, seed: ASeed) -> list[shapes.ArrangementView]:
    """A seed's takes, the oldest first; `parent` says what each was made from."""
    shown = []
    for take in studio.store.takes(seed.id):
        with contextlib.suppress(NotHere):  # deleted meanwhile
            shown.append(views.take_view(take, studio.store))
    return shown


@api.put("/seeds/{seed_id}/kept", tags=["seeds"])
def keep(studio: AStudio, seed: ASeed, asked: shapes.KeepRequest) -> shapes.SeedView:
    """Choose the take that stands for the project; all others stay."""
    studio.store.keep(seed, studio.store.take(asked.arrangement_id))
    return views.seed_view(seed, studio.store)


# --- arrangements ---


@api.post("/arrangements", status_code=202, tags=["arrangements"])
def arrange(studio: AStudio, asked: shapes.ArrangeRequest) -> shapes.JobView:
    """Write a band around a seed: the same notes as `composer arrange` with the same wishes and dice."""
    return views.job_view(studio.arrange(asked))


@api.get("/arrangements/{arrangement_id}", tags=["arrangements"])
def arrangement(studio: AStudio, take: ATake) -> shapes.ArrangementView:
    """A take: what was asked, and the report of what came of it."""
    return views.take_view(take, studio.store)


@api.get("/arrangements/{arrangement_id}/score", tags=["arrangements"])
def score(studio: AStudio, take: ATake) -> shapes.ScoreView:
    """A take's notes, bars, tempo and chords."""
    return views.score_view(views.take_score(take, studio.store))


@api.post("/arrangements/{arrangement_id}/rework", status_code=202, tags=["arrangements"])
def rework(studio: AStudio, take: ATake, asked: shapes.ReworkRequest) -> shapes.JobView:
    """Write some bars of some parts anew; every other note stays, which the new take's report proves."""
    return views.job_view(studio.rework(take, asked))


@api.post("/arrangements/{arrangement_id}/restyle", status_code=202, tags=["arrangements"])
def restyle(studio: AStudio, take: ATake, asked: shapes.RestyleRequest) -> shapes.JobView:
    """Have another band play the same melody and harmony."""
    return views.job_view(studio.restyle(take, asked))


@api.post("/arrangements/{arrangement_id}/sound", status_code=202, tags=["sound"])
def sound(
    studio: AStudio,
    take: ATake,
    early: Annotated[bool, Query(description="the first seconds alone, where the whole is not made yet")] = False,
) -> shapes.JobView:
    """Render the stems; the job's file says how to play them (a SoundView)."""
    return views.job_view(studio.sound(take, early, lambda name: file_url(take, name)))


@api.post("/arrangements/{arrangement_id}/mix", status_code=202, tags=["sound"])
def mix(studio: AStudio, take: ATake, asked: Annotated[shapes.MixRequest, Body()]) -> shapes.JobView:
    """Mix with the faders as they stand, to a 24-bit WAV at -14 LUFS."""
    return views.job_view(studio.mix(take, asked, lambda name: file_url(take, name)))


@api.post("/arrangements/{arrangement_id}/export", status_code=202, tags=["sound"])
def export(studio: AStudio, take: ATake, asked: Annotated[shapes.MixRequest, Body()]) -> shapes.JobView:
    """Everything as one zip: MIDI, mix, stems, MusicXML, chord chart, JSON record."""
    return views.job_view(studio.export(take, asked, lambda name: file_url(take, name)))


@api.get("/arrangements/{arrangement_id}/files/{name}", tags=["arrangements"], response_class=StreamingResponse)
def file(studio: AStudio, take: ATake, name: str) -> StreamingResponse:
    """band.mid, band.musicxml, band.chords.txt, band.json, and what sound, mix and export have made."""
    found = take_file(studio.store, take, name)
    title = file_name(studio.store.seed(take.seed_id).name)
    joint = "" if found.ending.startswith(".") else "-"
    size, pieces = found.read()  # at once: the take may be deleted before the first piece is sent
    headers = {"content-length": str(size), "content-disposition": _saved_as(title + joint + found.ending)}
    return StreamingResponse(pieces, media_type=found.media_type, headers=headers)


def _saved_as(name: str) -> str:
    """The header that names a download; plain where it can be, which is all that curl -J reads."""
    quoted = quote(name)
    return f'attachment; filename="{name}"' if quoted == name else f"attachment; filename*=utf-8''{quoted}"


# --- trash ---


@api.delete("/seeds/{seed_id}", tags=["trash"])
def delete_seed(studio: AStudio, seed: ASeed) -> shapes.TrashView:
    """Move a project with all its takes, or a reference, into the trash. 409 while a job works on it."""
    return views.trash_view(studio.discard(seed), studio.store)


@api.delete("/arrangements/{arrangement_id}", tags=["trash"])
def delete_arrangement(studio: AStudio, take: ATake) -> shapes.TrashView:
    """Move a take into the trash; those made from it stay. 409 while a job works on it."""
    return views.trash_view(studio.discard(take), studio.store)


@api.get("/trash", tags=["trash"])
def trash(studio: AStudio) -> list[shapes.TrashView]:
    """What was deleted, most recent first. Items leave the trash only by being restored."""
    return [views.trash_view(gone, studio.store) for gone in studio.store.trash()]


@api.post("/seeds/{seed_id}/restore", tags=["trash"])
def restore_seed(studio: AStudio, seed_id: Annotated[shapes.Id, Path()]) -> shapes.SeedView:
    """Bring a project back as it was, with its takes."""
    return views.seed_view(studio.restore_seed(seed_id), studio.store)


@api.post("/arrangements/{arrangement_id}/restore", tags=["trash"])
def restore_arrangement(studio: AStudio, arrangement_id: Annotated[shapes.Id, Path()]) -> shapes.ArrangementView:
    """Bring a take back as it was. 409 where its project is in the trash too."""
    return views.take_view(studio.restore_take(arrangement_id), studio.store)


# --- jobs ---


@api.get("/jobs", tags=["jobs"])
def jobs(studio: AStudio) -> list[shapes.JobView]:
    """What is waiting, at work, or over since the studio was started."""
    return [views.job_view(job) for job in studio.jobs.all()]


@api.get("/jobs/{job_id}", tags=["jobs"])
def job(job: AJob) -> shapes.JobView:
    return views.job_view(job)


@api.delete("/jobs/{job_id}", tags=["jobs"])
def cancel(job: AJob) -> shapes.JobView:
    """Call it off. Takes that are whole stay."""
    job.cancel()
    return views.job_view(job)


@api.websocket("/jobs/{job_id}/events")
async def events(socket: WebSocket, job_id: str) -> None:
    """Everything the job tells, from its beginning: state, progress, bar (with its notes), take. Closes when it is over."""
    studio: Studio = socket.app.state.studio
    await socket.accept()
    try:
        job = studio.jobs.find(job_id)
    except NotHere as error:
        await socket.close(4404, str(error))
        return
    listening = asyncio.create_task(_until_gone(socket))
    telling = asyncio.create_task(_tell(socket, job))
    await asyncio.wait({listening, telling}, return_when=asyncio.FIRST_COMPLETED)
    for task in (listening, telling):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
            await task


async def _until_gone(socket: WebSocket) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()


async def _tell(socket: WebSocket, job: Job) -> None:
    async for event in job.follow():
        await socket.send_json(event)
    await socket.close()


@api.api_route("/{rest:path}", methods=["GET", "POST", "PUT", "DELETE"], include_in_schema=False)
def nothing(rest: str) -> None:
    raise HTTPException(404, f"no /api/{rest}; /docs lists what there is")
