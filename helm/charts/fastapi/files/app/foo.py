"""`GET /foo`: an answer that is made once and then read from the cache."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel

from .cache import key

router = APIRouter(tags=["foo"])
Word = Annotated[str, Query(max_length=200)]


class Foo(BaseModel):
    bar: str
    baz: str
    # When the answer was made: an old one came from the cache.
    made_at: AwareDatetime


@router.get(
    "/foo",
    response_model=Foo,
    responses={
        200: {
            "headers": {
                "x-cache": {
                    "description": "hit, miss, away (Redis does not answer) or off (there is none)",
                    "schema": {"type": "string", "enum": ["hit", "miss", "away", "off"]},
                }
            }
        }
    },
)
async def foo(request: Request, bar: Word, baz: Word) -> Response:
    """Reads the answer from Redis, or makes it and leaves it there."""
    cache = request.app.state.cache
    name = key(bar, baz)
    body = await cache.get(name)
    result: Literal["hit", "miss", "away", "off"] = "hit"
    if body is None:
        result = "miss" if cache.dependency.is_up else cache.dependency.state
        made = Foo(bar=bar, baz=baz, made_at=datetime.now(UTC))
        body = made.model_dump_json().encode()
        await cache.put(name, body)
    request.app.state.metrics.cache.labels(result).inc()
    return Response(body, media_type="application/json", headers={"x-cache": result})
