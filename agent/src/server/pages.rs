//! What is served under which path.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::accept;
use super::batch::Batch;
use super::seats::{CHOSEN, Seat};
use super::watching::Watching;
use crate::agent::Agent;
use crate::cli::Args;
use crate::encoder::Format;
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
    slots: Arc<Semaphore>,
    /// All of them, and until they are read: so it was asked for. By itself the
    /// agent shares whole pages, and bounds what waits to be read.
    counts_all: bool,
    /// One of those at a time: who asks for the whole page comes in between.
    turn: Semaphore,
    /// Whole pages: in both formats, each as it is and compressed.
    whole: [Batch<Made>; 4],
    root: Batch<Made>,
    snapshot: Batch<Made>,
    made: AtomicU64,
}

/// A page; those who share it hold its memory together.
#[derive(Debug, Clone)]
struct Made {
    number: u64,
    bytes: Bytes,
    /// Compressed or in JSON, as it should be; or else plain text.
    as_asked: bool,
}

type Pages = Arc<Shared>;

/// Pages of chosen collectors that may wait to be made, if nobody says.
const CHOSEN_AT_ONCE: usize = 40;

/// The paths.
pub(super) fn router(args: &Args, agent: Agent, watching: Arc<Watching>) -> Router {
    let most = match args.max_requests.unwrap_or(CHOSEN_AT_ONCE) {
        0 => Semaphore::MAX_PERMITS,
        most => most.min(Semaphore::MAX_PERMITS),
    };
    let shared = Shared {
        agent: Mutex::new((agent, Gzip::default())),
        metrics_path: args.metrics_path.0.clone(),
        watching,
        slots: Arc::new(Semaphore::new(most)),
        counts_all: args.max_requests.is_some(),
        turn: Semaphore::new(1),
        whole: Default::default(),
        root: Batch::default(),
        snapshot: Batch::default(),
        made: AtomicU64::new(0),
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

    fn made(&self, bytes: impl Into<Bytes>) -> Made {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        Made { number, bytes: bytes.into(), as_asked: false }
    }

    /// A page as the client takes it.
    fn render(&self, selection: &Selection, format: Format, compressed: bool) -> Made {
        let (page, packed) = self.with(|agent, gzip| {
            let page = agent.render(selection, format);
            let packed = if compressed { gzip.compress(&page) } else { None };
            (page, packed)
        });
        self.watching.scraped();
        match packed {
            Some(packed) => Made { as_asked: true, ..self.made(packed) },
            None => self.made(page),
        }
    }

    /// A page of that kind, or why there is none.
    fn told(
        &self,
        path: &'static str,
        made: Made,
        kind: &'static str,
        request: &Request,
    ) -> Response {
        let (status, code, kind) = if made.as_asked {
            (StatusCode::OK, "200", kind)
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "503", "text/plain; charset=utf-8")
        };
        let answer = (status, [(CONTENT_TYPE, kind)], handed(made, request)).into_response();
        self.counted(path, code, answer)
    }

    /// A page of chosen collectors, when those before it are made.
    async fn chosen(
        &self,
        selection: &Selection,
        format: Format,
        compressed: bool,
    ) -> Option<Made> {
        let _turn = self.turn.acquire().await.ok()?;
        tokio::task::yield_now().await;
        let made = self.render(selection, format, compressed);
        Some(Made { number: made.number | CHOSEN, ..made })
    }
}

async fn metrics(State(shared): State<Pages>, request: Request) -> Response {
    let query = request.uri().query();
    // Next to no scrape has a query; only then are the names needed.
    let running = match query {
        Some(_) => shared.with(|agent, _| agent.running()),
        None => Vec::new(),
    };
    let selection = match Selection::parse(query, &running) {
        Ok(selection) => selection,
        Err(error) => {
            let refused = (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response();
            return shared.counted("/metrics", "400", refused);
        }
    };
    let format = accept::format(request.headers());
    let compressed = accept::gzip(request.headers());
    let whole = selection == Selection::All;
    let slot = if whole && !shared.counts_all {
        None
    } else {
        let Ok(slot) = Arc::clone(&shared.slots).try_acquire_owned() else {
            return shared.counted("/metrics", "503", busy());
        };
        Some(slot)
    };
    let made = if whole {
        let which = 2 * usize::from(format == Format::OpenMetrics) + usize::from(compressed);
        shared.whole[which].get(|| shared.render(&selection, format, compressed)).await
    } else {
        let Some(made) = shared.chosen(&selection, format, compressed).await else {
            return shared.counted("/metrics", "503", busy());
        };
        made
    };
    keep(slot.filter(|_| shared.counts_all), &request);
    let kind = [(CONTENT_TYPE, format.content_type()), (VARY, "accept, accept-encoding")];
    let packed = made.as_asked;
    let mut answer = (kind, handed(made, &request)).into_response();
    if packed {
        answer.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    shared.counted("/metrics", "200", answer)
}

fn busy() -> Response {
    let said = "too many scrapes are under way (--web.max-requests)\n";
    (StatusCode::SERVICE_UNAVAILABLE, said).into_response()
}

/// Keeps the slot taken until the answer is read, or its connection has ended.
fn keep(slot: Option<OwnedSemaphorePermit>, request: &Request) {
    if let Some(seat) = request.extensions().get::<Arc<Seat>>() {
        seat.scrapes(slot);
    }
}

/// The page's bytes, for whoever has the seat that the request came from.
fn handed(made: Made, request: &Request) -> Bytes {
    if let Some(seat) = request.extensions().get::<Arc<Seat>>() {
        seat.holds(made.number, made.bytes.len());
    }
    made.bytes
}

/// Said for a page made of what does not answer.
const SILENT: &str = "what the page is made of does not answer: a disk, a mount or a device hangs, \
                      or no thread can be started to ask it\n";

/// For a person who typed the address.
async fn root(State(shared): State<Pages>, request: Request) -> Response {
    let make = || match shared.watching.snapshot() {
        Some(snapshot) => {
            let html = page::html(&snapshot, &shared.metrics_path);
            Made { as_asked: true, ..shared.made(html) }
        }
        None => shared.made(SILENT),
    };
    let made = shared.root.get(make).await;
    shared.told("/", made, "text/html; charset=utf-8", &request)
}

/// For programs that judge.
async fn snapshot(State(shared): State<Pages>, request: Request) -> Response {
    let make = || match shared.watching.snapshot().map(|taken| serde_json::to_vec(&taken)) {
        Some(Ok(json)) => Made { as_asked: true, ..shared.made(json) },
        Some(Err(error)) => shared.made(format!("{error}\n")),
        None => shared.made(SILENT),
    };
    let made = shared.snapshot.get(make).await;
    shared.told("/api/v1/snapshot", made, "application/json", &request)
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
        let said = "this host cannot be read: procfs or sysfs is not there \
                    (--path.procfs, --path.sysfs) or does not answer, no thread can be started \
                    to ask it, or not one collector has success\n";
        shared.counted("/readyz", "503", (StatusCode::SERVICE_UNAVAILABLE, said))
    }
}

async fn elsewhere(State(shared): State<Pages>) -> (StatusCode, String) {
    let said = format!("not found; the metrics are at {}\n", shared.metrics_path);
    shared.counted("other", "404", (StatusCode::NOT_FOUND, said))
}
