"""What is written down of a request and of its response."""

import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

REQUESTS = "fastapi-requests-v1"
RESPONSES = "fastapi-responses-v1"
DEAD_LETTER = "dead-letter"


class RequestAudit(BaseModel):
    """No headers but the one named here: others carry logins and cookies."""

    audit_id: UUID
    time: AwareDatetime
    method: str
    path: str
    query: str
    client: str | None
    user_agent: str | None


class ResponseAudit(BaseModel):
    audit_id: UUID
    time: AwareDatetime
    status: int
    seconds: float
    content_type: str | None
    size: Annotated[int, Field(description="bytes of the body")]
    body: Annotated[Any, Field(description="the body, when it is JSON and not too long")] = None


class DeadLetter(BaseModel):
    """An audit that its own topic would not take."""

    audit_id: UUID
    time: AwareDatetime
    topic: str
    error: str
    # The audit's first characters: it may be too long to be taken whole.
    audit: str


# Some registries tell JSON Schema from JSON by this word alone.
DIALECT = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
# The topics whose records have a schema, each under `<topic>-value`.
SCHEMAS = {
    topic: json.dumps(DIALECT | model.model_json_schema())
    for topic, model in ((REQUESTS, RequestAudit), (RESPONSES, ResponseAudit))
}


def dead_letter(key: str, topic: str, value: bytes, error: str, now: datetime) -> bytes:
    text = value[:2000].decode(errors="replace")
    letter = DeadLetter(audit_id=UUID(key), time=now, topic=topic, error=error, audit=text)
    return letter.model_dump_json().encode()
