//! What the web configuration asks of requests and adds to answers.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};

use super::seats::Seat;
use crate::web::Current;

/// The same paths, guarded: all of them, as exporter-toolkit does.
pub(super) fn guarded(router: Router, web: Arc<Current>) -> Router {
    router.layer(from_fn_with_state(web, guard))
}

async fn guard(State(current): State<Arc<Current>>, request: Request, next: Next) -> Response {
    let web = current.get();
    let seat = request.extensions().get::<Arc<Seat>>();
    let from = seat.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |seat| seat.from());
    let mut answer = match web.admits(request.headers(), from).await {
        Some(true) => next.run(request).await,
        Some(false) => {
            let realm =
                HeaderValue::from_static("Basic realm=\"terrarium-agent\", charset=\"UTF-8\"");
            let said = "a name and a password are needed (--web.config.file, basic_auth_users)\n";
            (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, realm)], said).into_response()
        }
        None => {
            let said = "the password cannot be compared now: no further thread can be started \
                        (TasksMax= of the unit, ulimit -u)\n";
            (StatusCode::SERVICE_UNAVAILABLE, said).into_response()
        }
    };
    answer.headers_mut().extend(web.headers.clone());
    answer
}
