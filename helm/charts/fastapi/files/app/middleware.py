"""Audits and counts every request and its response on the way through."""

import json
import time
from datetime import UTC, datetime
from uuid import UUID, uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .auditor import Auditor
from .metrics import Metrics
from .records import REQUESTS, RESPONSES, RequestAudit, ResponseAudit

# What machines ask every few seconds would drown the rest.
UNAUDITED = ("/healthz", "/readyz", "/metrics")


class Seen:
    """What is kept of a response while it passes: of its body, so much and no
    more, and only when it is JSON."""

    def __init__(self, audit_id: UUID, send: Send, limit: int) -> None:
        self.status = 500  # what the server answers when the app raises
        self.content_type: str | None = None
        self.size = 0
        self._audit_id = str(audit_id)
        self._send = send
        self._limit = limit
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            self.content_type = headers.get("content-type")
            headers["x-audit-id"] = self._audit_id
        elif message["type"] == "http.response.body":
            part = message.get("body", b"")
            self.size += len(part)
            if self.size <= self._limit and self._is_json():
                self._body += part
        await self._send(message)

    def _is_json(self) -> bool:
        return (self.content_type or "").split(";")[0].strip() == "application/json"

    def body(self):
        if self.size > self._limit or not self._is_json():
            return None
        try:
            return json.loads(self._body)
        except ValueError:
            return None  # it only said that it was JSON


class Observe:
    def __init__(self, app: ASGIApp, auditor: Auditor, metrics: Metrics, limit: int) -> None:
        self.app, self.auditor, self.metrics, self.limit = app, auditor, metrics, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UNAUDITED:
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        audit_id = uuid4()
        self.auditor.put(REQUESTS, str(audit_id), _request(audit_id, scope))
        seen = Seen(audit_id, send, self.limit)
        try:
            await self.app(scope, receive, seen.send)
        finally:
            seconds = time.perf_counter() - started
            audit = ResponseAudit(
                audit_id=audit_id,
                time=datetime.now(UTC),
                status=seen.status,
                seconds=round(seconds, 6),
                content_type=seen.content_type,
                size=seen.size,
                body=seen.body(),
            )
            self.auditor.put(RESPONSES, str(audit_id), audit)
            # The route, not the path: paths are without number.
            route = getattr(scope.get("route"), "path", None) or "other"
            self.metrics.requests.labels(scope["method"], route, seen.status).inc()
            self.metrics.seconds.labels(route).observe(seconds)


def _request(audit_id: UUID, scope: Scope) -> RequestAudit:
    return RequestAudit(
        audit_id=audit_id,
        time=datetime.now(UTC),
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode(errors="replace"),
        client=scope["client"][0] if scope.get("client") else None,
        user_agent=Headers(scope=scope).get("user-agent"),
    )
