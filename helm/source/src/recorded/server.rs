//! Serving the embedded recording, with a rate limit as GitHub's.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::answer::{Reply, answer};
use super::store::Store;
use crate::time;

/// Requests in a window, and its length in seconds: GitHub's with a token.
const LIMIT: i64 = 5000;
const WINDOW: i64 = 3600;

/// How many requests of this window were answered.
#[derive(Debug, Default)]
struct Window {
    ends: i64,
    used: i64,
}

impl Window {
    /// Counts a request; `None` when the window has none left.
    fn count(&mut self, now: i64, costs: bool) -> Option<i64> {
        if now >= self.ends {
            *self = Self { ends: now + WINDOW, used: 0 };
        }
        if costs && self.used >= LIMIT {
            return None;
        }
        self.used += i64::from(costs);
        Some(LIMIT - self.used)
    }
}

#[derive(Debug)]
struct Served {
    store: Result<Store, String>,
    window: Mutex<Window>,
}

/// Answers every path.
pub fn router() -> Router {
    let store = Store::embedded().map_err(|error| error.to_string());
    let served = Served { store, window: Mutex::default() };
    Router::new().fallback(serve).with_state(Arc::new(served))
}

async fn serve(State(served): State<Arc<Served>>, uri: Uri, headers: HeaderMap) -> Response {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let now = time::now() / 1000;
    let base = format!("http://{}", text(header::HOST).unwrap_or("localhost"));
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut window = served.window.lock().unwrap_or_else(PoisonError::into_inner);

    let reply = match &served.store {
        Err(error) => Reply { status: 500, body: error.clone(), ..Reply::default() },
        Ok(_) if target == "/rate_limit" => {
            let remaining = window.count(now, false).unwrap_or(0);
            let core = json!({ "limit": LIMIT, "remaining": remaining, "reset": window.ends });
            let body = json!({ "resources": { "core": core } }).to_string();
            Reply { status: 200, body, ..Reply::default() }
        }
        Ok(store) => {
            let reply = answer(store, target, &base, text(header::IF_NONE_MATCH));
            // What has not changed costs nothing.
            match window.count(now, reply.status != 304) {
                Some(_) => reply,
                None => Reply {
                    status: 403,
                    body: json!({ "message": "API rate limit exceeded" }).to_string(),
                    ..Reply::default()
                },
            }
        }
    };
    response(reply, &window, now)
}

fn response(reply: Reply, window: &Window, now: i64) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut headers = vec![
        ("Content-Type", "application/json; charset=utf-8".to_owned()),
        ("Date", time::http_date(now)),
        ("X-RateLimit-Limit", LIMIT.to_string()),
        ("X-RateLimit-Remaining", (LIMIT - window.used).to_string()),
        ("X-RateLimit-Reset", window.ends.to_string()),
    ];
    headers.extend(reply.etag.map(|etag| ("ETag", etag)));
    headers.extend(reply.link.map(|link| ("Link", link)));
    headers.extend(reply.location.map(|location| ("Location", location)));
    let mut response = (status, reply.body).into_response();
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name_of(name), value);
        }
    }
    response
}

/// Header names in lower case, as the type wants them.
fn name_of(name: &str) -> header::HeaderName {
    header::HeaderName::from_bytes(name.as_bytes()).unwrap_or(header::WARNING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_so_many_requests() {
        let mut window = Window::default();
        for left in (0..LIMIT).rev() {
            assert_eq!(window.count(100, true), Some(left));
        }
        assert_eq!(window.count(101, true), None);
        assert_eq!(window.count(101, false), Some(0));
        assert_eq!(window.count(100 + WINDOW, true), Some(LIMIT - 1));
    }

    #[test]
    fn the_embedded_recording_says_that_it_is_made_up() {
        let store = Store::embedded().unwrap();
        assert!(store.origin.contains("generated"), "{}", store.origin);
        assert!(store.repositories.iter().all(|recording| !recording.issues.is_empty()));
    }
}
