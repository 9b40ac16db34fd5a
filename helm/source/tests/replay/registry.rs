//! A stand-in for the schema registry: it numbers what is registered.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::http::{Request, Response, serve};

/// A registered schema: subject and text; its number is its place, from 1.
pub(crate) type Schemas = Arc<Mutex<Vec<(String, String)>>>;

/// Its address, and what was registered.
pub(crate) fn start() -> (String, Schemas) {
    let schemas = Schemas::default();
    let kept = Arc::clone(&schemas);
    let base = serve(move |request| answer(&request, &mut kept.lock().unwrap()));
    (format!("{base}/apis/ccompat/v7"), schemas)
}

fn answer(request: &Request, schemas: &mut Vec<(String, String)>) -> Response {
    let path = request.target.strip_prefix("/apis/ccompat/v7/subjects/");
    let subject = path.and_then(|path| path.strip_suffix("/versions"));
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let (Some(subject), "POST", Some(schema)) =
        (subject, request.method.as_str(), body["schema"].as_str())
    else {
        return Response { status: 404, ..Response::default() };
    };
    let entry = (subject.to_owned(), schema.to_owned());
    let known = schemas.iter().position(|known| *known == entry);
    let place = known.unwrap_or_else(|| {
        schemas.push(entry);
        schemas.len() - 1
    });
    Response { status: 200, body: json!({ "id": place + 1 }).to_string(), ..Response::default() }
}
