//! Right-sizing in the table: what each container asks for and should.

use std::fmt::Write as _;

use terrarium_fit::sizing::{Advice, Method, Resource, Size};

use super::super::answer::{Answer, Sizing};
use super::super::words::{duration, megabytes, reasons};
use super::{fitted, line};
use crate::report::columns::{self, Head, Laid, Row, words_under};
use crate::report::terminal::count;

/// Columns of a name.
const WIDTH: usize = 23;

const SIZES: [Head; 4] = [
    words_under("RIGHT-SIZING", 0),
    words_under("REQUEST MiB", 0),
    words_under("LIMIT MiB", 0),
    words_under("CPU m", 0),
];

/// A row of figures, or a sentence behind a label.
enum Told {
    Row(Row),
    Line(String, String),
}

pub(super) fn sizes(text: &mut String, answer: &Answer) {
    if answer.sizes.is_empty() {
        return;
    }
    let mut rows = Vec::new();
    let mut told = Vec::new();
    for one in answer.sizes.iter().flat_map(told_of) {
        match one {
            Told::Row(row) => {
                rows.push(row);
                told.push(None);
            }
            Told::Line(label, what) => told.push(Some((label, what))),
        }
    }
    let head = "RIGHT-SIZING            REQUEST MiB          LIMIT MiB            CPU m";
    let Laid { head, rows } = columns::table(head, &SIZES, rows);
    let _ = write!(text, "\n{head}");
    let mut rows = rows.into_iter();
    for one in told {
        match one {
            Some((label, what)) => line(text, &label, &what),
            None => text.extend(rows.next()),
        }
    }
}

fn told_of(sizing: &Sizing) -> Vec<Told> {
    let (first, mut below) = match &sizing.advice {
        Advice::Enough(size) => (Told::Row(row(&name(sizing), sizing, size)), reasons(size)),
        Advice::NotEnough { seconds, samples } => {
            let name = name(sizing);
            let samples = count(usize::try_from(*samples).unwrap_or(usize::MAX), "sample");
            let what = format!("not enough data: {samples} in {}", duration(*seconds));
            if name.chars().count() > WIDTH {
                (Told::Line(String::new(), name), vec![what])
            } else {
                (Told::Line(format!("{name:<23} "), what), Vec::new())
            }
        }
    };
    if let Some(short) = &sizing.short {
        below.push(format!("short of {}: all together would not fit", amounts(short)));
    }
    let mut told = vec![first];
    told.extend(below.into_iter().map(|what| Told::Line("    ".to_owned(), what)));
    if let Some(other) = &sizing.other {
        let tool = match other.method {
            Method::Krr => "  as krr",
            Method::Vpa => "  as vpa",
            Method::Ours => "  as ours",
        };
        if let Advice::Enough(size) = &other.advice {
            told.push(Told::Row(row(tool, sizing, size)));
        }
    }
    told
}

/// The service, and the container where its name is another.
fn name(sizing: &Sizing) -> String {
    if sizing.service == sizing.container {
        sizing.service.clone()
    } else {
        format!("{}/{}", sizing.service, sizing.container)
    }
}

fn row(name: &str, sizing: &Sizing, size: &Size) -> Row {
    let memory = |of: Option<u64>| of.map_or_else(|| "-".to_owned(), megabytes);
    let milli = |of: Option<u64>| of.map_or_else(|| "-".to_owned(), |milli| milli.to_string());
    let asked = [memory(sizing.request.memory), memory(size.request.memory)];
    let limit = [memory(sizing.limit.memory), memory(size.limit.memory)];
    let cpu = [milli(sizing.request.cpu), milli(size.request.cpu)];
    let (before, short) = fitted(name, WIDTH);
    let whole = format!(
        "{before}{short:<23} {:>5} to {:<6}      {:>5} to {:<6}       {:>5} to {}",
        asked[0], asked[1], limit[0], limit[1], cpu[0], cpu[1]
    );
    let cells = [asked, limit, cpu].map(|[from, to]| format!("{from} to {to}"));
    (whole, [vec![name.to_owned()], cells.to_vec()].concat())
}

fn amounts(short: &Resource) -> String {
    let memory = short.memory.map(|bytes| format!("{} MiB", bytes.div_ceil(1 << 20)));
    let cpu = short.cpu.map(|milli| format!("{milli}m of CPU"));
    memory.into_iter().chain(cpu).collect::<Vec<_>>().join(" and ")
}
