//! What is served under which path.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tokio::sync::Semaphore;

use super::accept;
use super::watching::Watching;
use crate::agent::Agent;
use crate::cli::Args;
use crate::gzip::Gzip;
use crate::selection::Selection;
use crate::snapshot::page;

/// What the handlers share.
#[derive(Debug)]
struct Shared {
    agent: Mutex<(Agent, Gzip)>,
    metrics_path: String,
    watching: Arc<Watching>,
    /// Scrapes that may be under way.
    slots: Semaphore,
}

type Pages = Arc<Shared>;

/// The paths.
pub(super) fn router(args: &Args, agent: Agent, watching: Arc<Watching>) -> Router {
    let most = if args.max_requests == 0 { Semaphore::MAX_PERMITS } else { args.max_requests };
    let shared = Shared {
        agent: Mutex::new((agent, Gzip::default())),
        metrics_path: args.metrics_path.0.clone(),
        watching,
        slots: Semaphore::new(most.min(Semaphore::MAX_PERMITS)),
    };
    Router::new()
        .route(&shared.metrics_path, get(metrics))
        .route("/", get(root))
        .route("/api/v1/snapshot", get(snapshot))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .fallback(elsewhere)
        .with_state(Arc::new(shared))
}

impl Shared {
    /// A handler that panicked would have ended the process: the lock is sound.
    fn with<T>(&self, act: impl FnOnce(&mut Agent, &mut Gzip) -> T) -> T {
        let mut held = self.agent.lock().unwrap_or_else(PoisonError::into_inner);
        let (agent, gzip) = &mut *held;
        act(agent, gzip)
    }

    fn counted<R>(&self, path: &'static str, code: &'static str, response: R) -> R {
        self.with(|agent, _| agent.registered().request(path, code));
        response
    }
}

async fn metrics(
    State(shared): State<Pages>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Ok(_slot) = shared.slots.try_acquire() else {
        let said = "too many scrapes are under way (--web.max-requests)\n";
        let busy = (StatusCode::SERVICE_UNAVAILABLE, said).into_response();
        return shared.counted("/metrics", "503", busy);
    };
    // Next to no scrape has a query; only then are the names needed.
    let running = match query {
        Some(_) => shared.with(|agent, _| agent.running()),
        None => Vec::new(),
    };
    let selection = match Selection::parse(query.as_deref(), &running) {
        Ok(selection) => selection,
        Err(error) => {
            let refused = (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response();
            return shared.counted("/metrics", "400", refused);
        }
    };
    let format = accept::format(&headers);
    let compressed = accept::gzip(&headers);
    let (page, packed) = shared.with(|agent, gzip| {
        let page = agent.render(&selection, format);
        agent.registered().request("/metrics", "200");
        let packed = if compressed { gzip.compress(&page) } else { None };
        (page, packed)
    });
    shared.watching.scraped();
    let kind = [(CONTENT_TYPE, format.content_type()), (VARY, "accept, accept-encoding")];
    match packed {
        Some(packed) => (kind, [(CONTENT_ENCODING, "gzip")], packed).into_response(),
        None => (kind, page).into_response(),
    }
}

/// For a person who typed the address.
async fn root(State(shared): State<Pages>) -> Html<String> {
    let page = page::html(&shared.watching.snapshot(), &shared.metrics_path);
    shared.counted("/", "200", Html(page))
}

/// For programs that judge.
async fn snapshot(State(shared): State<Pages>) -> Response {
    const PATH: &str = "/api/v1/snapshot";
    match serde_json::to_vec(&shared.watching.snapshot()) {
        Ok(json) => {
            let kind = [(CONTENT_TYPE, "application/json")];
            shared.counted(PATH, "200", (kind, json).into_response())
        }
        Err(error) => {
            let said = (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response();
            shared.counted(PATH, "500", said)
        }
    }
}

/// The process runs and answers.
async fn healthz(State(shared): State<Pages>) -> &'static str {
    shared.counted("/healthz", "200", "ok\n")
}

/// The host can be read: a page without a single sample is no page.
async fn readyz(State(shared): State<Pages>) -> (StatusCode, &'static str) {
    if shared.with(|agent, _| agent.is_ready()) {
        shared.counted("/readyz", "200", (StatusCode::OK, "ok\n"))
    } else {
        let said = "not one collector can read this host; the log says why\n";
        shared.counted("/readyz", "503", (StatusCode::SERVICE_UNAVAILABLE, said))
    }
}

async fn elsewhere(State(shared): State<Pages>) -> (StatusCode, String) {
    let said = format!("not found; the metrics are at {}\n", shared.metrics_path);
    shared.counted("other", "404", (StatusCode::NOT_FOUND, said))
}
