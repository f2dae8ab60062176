"""The application: API, page and documentation behind the guard. Mistakes come out as Problems."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from composer import __version__
from composer.errors import ComposerError
from composer.studio.guard import Guard
from composer.studio.problems import problem_of, status_of
from composer.studio.routes import api
from composer.studio.shapes import Problem
from composer.studio.studio import Studio

PAGE = Path(__file__).parent / "page"
ABOUT = """A seed melody in, a band arrangement out. Whatever takes longer than a moment is a job: the answer is 202 with its id, and
/api/jobs/ID/events (a WebSocket) tells how it goes, bar by bar. Every mistake is a Problem: what, where, what to do."""


def create_app(studio: Studio) -> FastAPI:
    """An open studio as an ASGI application; whoever opened it closes it."""
    app = FastAPI(title="melody-to-band studio", version=__version__, description=ABOUT, docs_url=None, redoc_url=None)
    app.state.studio = studio
    app.include_router(api)
    app.add_exception_handler(ComposerError, _composer_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)

    @app.get("/docs", include_in_schema=False)
    def docs() -> FileResponse:
        return FileResponse(PAGE / "docs.html")

    app.mount("/", StaticFiles(directory=PAGE, html=True), name="page")
    app.add_middleware(Guard, settings=studio.settings)
    return app


def _answer(status: int, problem: Problem) -> JSONResponse:
    headers = {"retry-after": "5"} if status == 429 else None
    return JSONResponse(problem.model_dump(), status, headers)


def _composer_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ComposerError)
    return _answer(status_of(error), problem_of(error, request.url.path))


def _invalid(request: Request, error: Exception) -> JSONResponse:
    """The first field that does not fit, as one line."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":  # where it stops being JSON stands where others have the field
        where = f"character {first['loc'][-1] + 1}"
        what = f"the request is not JSON, at {where}: {_small(first['ctx']['error'])}"
    else:
        where = ".".join(str(step) for step in first["loc"] if step not in ("body", "query", "path"))
        what = f"{where or 'the request'}: {_small(first['msg'])}"
    message = f"{what}; see /docs"
    return _answer(422, Problem(what=what, where=where, what_to_do="see /docs", message=message))


def _small(sentence: str) -> str:
    """As it stands behind a colon."""
    return sentence[:1].lower() + sentence[1:]


def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    sentence = str(error.detail)
    return _answer(error.status_code, Problem(what=sentence, where=request.url.path, message=sentence))
