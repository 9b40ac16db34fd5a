"""How the app is: for the kubelet, for Prometheus, and for people."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

router = APIRouter(tags=["health"])


class State(BaseModel):
    state: Literal["off", "away", "up"]
    detail: str = ""


class Readiness(BaseModel):
    # Degraded is ready: requests are answered, with less behind them.
    status: Literal["ready", "degraded", "stopping"]
    dependencies: dict[str, State]
    audits_waiting: int


@router.get("/healthz")
async def live() -> dict[Literal["status"], Literal["live"]]:
    """Answers while the event loop turns, whatever else is the matter."""
    return {"status": "live"}


@router.get("/readyz", responses={503: {"model": Readiness, "description": "It is stopping"}})
async def ready(request: Request, response: Response) -> Readiness:
    """Whether requests are answered, and what is behind the answers."""
    state = request.app.state
    status = "ready"
    if any(d.state == "away" for d in state.dependencies):
        status = "degraded"
    if state.auditor.closing:
        status, response.status_code = "stopping", 503
    return Readiness(
        status=status,
        dependencies={d.name: State(state=d.state, detail=d.detail) for d in state.dependencies},
        audits_waiting=state.auditor.waiting,
    )


@router.get("/metrics", response_class=Response, include_in_schema=False)
async def metrics(request: Request) -> Response:
    state = request.app.state
    for dependency in state.dependencies:
        state.metrics.up.labels(dependency.name).set(dependency.is_up)
    state.metrics.waiting.set(state.auditor.waiting)
    return Response(generate_latest(state.metrics.registry), media_type=CONTENT_TYPE_LATEST)
