//! The snapshot as a page for a person: plain HTML that needs nothing else.

use std::fmt::{self, Write};

use super::Snapshot;
use crate::history::Summary;
use crate::history::track::Told;

/// Text as it is written in HTML.
struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '&' => out.write_str("&amp;")?,
                '"' => out.write_str("&quot;")?,
                '\'' => out.write_str("&#39;")?,
                letter => out.write_char(letter)?,
            }
        }
        Ok(())
    }
}

const STYLE: &str = ":root{color-scheme:light dark}body{font:1rem/1.4 system-ui,sans-serif;\
max-width:60rem;margin:1rem auto;padding:0 1rem}section{overflow-x:auto}\
table{border-collapse:collapse}th,td{padding:.2rem .8rem .2rem 0;text-align:left;\
border-bottom:1px solid #8884}td{font-variant-numeric:tabular-nums}";

/// The page; `metrics` is the path the metrics are under.
pub fn html(snapshot: &Snapshot, metrics: &str) -> String {
    let mut out = String::new();
    // Text in memory takes whatever is written.
    let _ = write(snapshot, metrics, &mut out);
    out
}

fn write(snapshot: &Snapshot, metrics: &str, out: &mut String) -> fmt::Result {
    let node = &snapshot.node;
    let name = Escaped(node.name.as_deref().unwrap_or("This node"));
    write!(
        out,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{name}</title>\
         <style>{STYLE}</style><h1>{name}</h1><p>{}, {} processors, {} of memory",
        Escaped(node.model.as_deref().unwrap_or(std::env::consts::ARCH)),
        node.cpus,
        Bytes(node.memory_total_bytes),
    )?;
    if let Some(celsius) = node.pi.temperature_celsius {
        write!(out, ", {celsius:.0}&nbsp;°C")?;
    }
    write!(
        out,
        ".</p><p>terrarium-agent {}: <a href=\"{}\">metrics</a>, \
         <a href=\"/api/v1/snapshot\">this page as JSON</a>.</p>",
        snapshot.agent.version,
        Escaped(metrics)
    )?;
    probes(snapshot, out)?;
    if let Some(told) = &node.history {
        out.push_str(
            "<section><h2>Last day</h2><table><tr><th>What<th>Now<th>Half of the time at most",
        );
        out.push_str("<th>95&nbsp;%<th>Most</tr>");
        for (what, summary, form) in rows(told) {
            let Some(summary) = summary else { continue };
            let Summary { last, p50, p95, max, .. } = summary;
            let cells = [last, p50, p95, max].map(form);
            write!(out, "<tr><th scope=\"row\">{what}")?;
            cells.iter().try_for_each(|cell| write!(out, "<td>{cell}"))?;
            out.push_str("</tr>");
        }
        out.push_str("</table></section>");
    }
    pods(snapshot, out)?;
    out.push_str("</html>\n");
    Ok(())
}

type Row = (&'static str, Option<Summary>, fn(f64) -> String);

fn rows(told: &Told) -> [Row; 6] {
    let share = |value: f64| format!("{:.1}&nbsp;%", value * 100.0);
    let bytes = |value: f64| format!("{:.0}&nbsp;MiB", value / 1_048_576.0);
    [
        ("Processors", told.cpu_cores, |value| format!("{value:.2}")),
        ("Memory", told.memory_bytes, bytes),
        ("Swap", told.swap_bytes, bytes),
        ("Waiting for a processor", told.cpu_pressure, share),
        ("Waiting for memory", told.memory_pressure, share),
        ("Waiting for disks", told.io_pressure, share),
    ]
}

fn probes(snapshot: &Snapshot, out: &mut String) -> fmt::Result {
    if snapshot.probes.is_empty() {
        return Ok(());
    }
    out.push_str("<section><h2>Services</h2><table><tr><th>Probe<th>Kind<th>State<th>Took</tr>");
    for probe in &snapshot.probes {
        let state = if probe.success { "well" } else { "not well" };
        write!(out, "<tr><th scope=\"row\">{}<td>{}<td>{state}", Escaped(&probe.name), probe.kind)?;
        if let Some(failure) = &probe.failure {
            write!(out, ": {}", Escaped(failure))?;
        }
        write!(out, "<td>{:.1}&nbsp;ms</tr>", probe.duration_seconds * 1000.0)?;
    }
    out.push_str("</table></section>");
    Ok(())
}

fn pods(snapshot: &Snapshot, out: &mut String) -> fmt::Result {
    if snapshot.pods.is_empty() {
        return Ok(());
    }
    out.push_str("<section><h2>Containers</h2><table><tr><th>Pod<th>Container<th>Memory<th>Most");
    out.push_str("<th>Limit<th>Restarts<th>Killed for memory</tr>");
    for pod in &snapshot.pods {
        for container in &pod.containers {
            let memory = container.history.as_ref().and_then(|told| told.memory_bytes);
            let size = |value: Option<f64>| {
                value.map_or_else(String::new, |value| {
                    format!("{:.0}&nbsp;MiB", value / 1_048_576.0)
                })
            };
            write!(
                out,
                "<tr><th scope=\"row\">{}/{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}</tr>",
                Escaped(&pod.namespace),
                Escaped(&pod.pod),
                Escaped(&container.name),
                size(memory.map(|memory| memory.last)),
                size(memory.map(|memory| memory.max)),
                Bytes(container.memory_limit_bytes),
                container.restarts,
                container.oom_kills
            )?;
        }
    }
    out.push_str("</table></section>");
    Ok(())
}

/// A size in MiB; nothing if there is none.
struct Bytes(Option<u64>);

impl fmt::Display for Bytes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |bytes| write!(out, "{}&nbsp;MiB", bytes >> 20))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_said_is_text_and_no_markup() {
        let escaped = Escaped("<b> & \"it's\"").to_string();
        assert_eq!(escaped, "&lt;b&gt; &amp; &quot;it&#39;s&quot;");
    }
}
