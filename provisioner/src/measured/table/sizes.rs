//! Right-sizing in the table: what each container asks for and should.

use std::fmt::Write as _;

use terrarium_fit::sizing::{Advice, Method, Resource, Size};

use super::super::answer::{Answer, Sizing};
use super::super::words::{duration, megabytes, reasons};
use super::{fitted, line};
use crate::report::terminal::count;

/// Columns of a name.
const WIDTH: usize = 23;

pub(super) fn sizes(text: &mut String, answer: &Answer) {
    if answer.sizes.is_empty() {
        return;
    }
    text.push_str("\nRIGHT-SIZING            REQUEST MiB          LIMIT MiB            CPU m\n");
    for sizing in &answer.sizes {
        match &sizing.advice {
            Advice::Enough(size) => {
                row(text, &name(sizing), sizing, size);
                for why in reasons(size) {
                    line(text, "    ", &why);
                }
            }
            Advice::NotEnough { seconds, samples } => {
                let name = name(sizing);
                let name = fitted(text, &name, WIDTH);
                let samples = count(usize::try_from(*samples).unwrap_or(usize::MAX), "sample");
                let what = format!("not enough data: {samples} in {}", duration(*seconds));
                line(text, &format!("{name:<23} "), &what);
            }
        }
        if let Some(short) = &sizing.short {
            line(text, "    ", &format!("short of {}: all together would not fit", amounts(short)));
        }
        if let Some(other) = &sizing.other {
            let tool = match other.method {
                Method::Krr => "  as krr",
                Method::Vpa => "  as vpa",
                Method::Ours => "  as ours",
            };
            match &other.advice {
                Advice::Enough(size) => row(text, tool, sizing, size),
                Advice::NotEnough { .. } => {}
            }
        }
    }
}

/// The service, and the container where its name is another.
fn name(sizing: &Sizing) -> String {
    if sizing.service == sizing.container {
        sizing.service.clone()
    } else {
        format!("{}/{}", sizing.service, sizing.container)
    }
}

fn row(text: &mut String, name: &str, sizing: &Sizing, size: &Size) {
    let name = fitted(text, name, WIDTH);
    let memory = |of: Option<u64>| of.map_or_else(|| "-".to_owned(), megabytes);
    let milli = |of: Option<u64>| of.map_or_else(|| "-".to_owned(), |milli| milli.to_string());
    let _ = writeln!(
        text,
        "{name:<23} {:>5} to {:<6}      {:>5} to {:<6}       {:>5} to {}",
        memory(sizing.request.memory),
        memory(size.request.memory),
        memory(sizing.limit.memory),
        memory(size.limit.memory),
        milli(sizing.request.cpu),
        milli(size.request.cpu),
    );
}

fn amounts(short: &Resource) -> String {
    let memory = short.memory.map(|bytes| format!("{} MiB", bytes.div_ceil(1 << 20)));
    let cpu = short.cpu.map(|milli| format!("{milli}m of CPU"));
    memory.into_iter().chain(cpu).collect::<Vec<_>>().join(" and ")
}
