//! What came of a check, and how it is told: to people, to programs, to
//! Prometheus.

use std::fmt::Write as _;

use serde::Serialize;
use terrarium_helm::edge::Edge;

use crate::report::columns::{self, Head, Laid, Row, figures_under, words_under};
use crate::report::terminal::wrapped;

/// What came of one edge.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Outcome {
    /// Its number in the diagram.
    pub number: u32,
    /// The tail.
    pub from: String,
    /// The head.
    pub to: String,
    /// What the arrow says.
    pub title: String,
    /// What was found.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What came of one store.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct StoreOutcome {
    /// The service.
    pub service: String,
    /// What was found.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What was found of one edge or store.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// The record came out at the head.
    Proven {
        /// From putting it in to seeing it.
        seconds: f64,
        /// What could not be taken away again.
        left: Option<String>,
    },
    /// It did not.
    Failed {
        /// How long it was waited for.
        seconds: f64,
        /// What was expected, where, and what was seen.
        reason: String,
    },
    /// It was not tried: its pod has nothing to try it with.
    NotTried {
        /// What is not there.
        reason: String,
    },
    /// It was not tried: these services are not there.
    NotDeployed {
        /// Their names.
        missing: Vec<String>,
    },
}

impl Outcome {
    pub(crate) fn new(edge: &Edge, verdict: Verdict) -> Self {
        Self {
            number: edge.number,
            from: edge.from.to_string(),
            to: edge.to.to_string(),
            title: edge.title.clone(),
            verdict,
        }
    }
}

impl Verdict {
    pub(crate) fn failed(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }

    pub(crate) fn proven(&self) -> bool {
        matches!(self, Self::Proven { .. })
    }

    /// The word for it, how long it took, and what is said below it.
    fn told(&self) -> (&'static str, Option<f64>, Option<&str>) {
        match self {
            Self::Proven { seconds, left } => ("proven", Some(*seconds), left.as_deref()),
            Self::Failed { seconds, reason } => ("FAILED", Some(*seconds), Some(reason)),
            Self::NotTried { reason } => ("not tried", None, Some(reason)),
            Self::NotDeployed { .. } => ("not deployed", None, None),
        }
    }
}

const STORES: [Head; 3] = [words_under("STORE", 0), words_under("STATE", 0), figures_under("TIME")];
const EDGES: [Head; 4] = [
    figures_under("EDGE"),
    words_under("FROM → TO", 0),
    words_under("STATE", 0),
    figures_under("TIME"),
];

/// The stores as a table; nothing where none was tried.
pub(crate) fn stores(outcomes: &[StoreOutcome]) -> String {
    if outcomes.is_empty() {
        return String::new();
    }
    let head = format!("{:<48}  {:<12}  {:>8}", "STORE", "STATE", "TIME");
    let row = |outcome: &StoreOutcome| {
        let service = &outcome.service;
        row(&format!("{service:<48}"), vec![service.clone()], &outcome.verdict)
    };
    let laid = columns::table(&head, &STORES, outcomes.iter().map(row).collect());
    let text = with_reasons(laid, outcomes.iter().map(|outcome| &outcome.verdict));
    let count = |of: fn(&Verdict) -> bool| outcomes.iter().filter(|o| of(&o.verdict)).count();
    let (proven, failed) = (count(Verdict::proven), count(Verdict::failed));
    let rest = outcomes.len() - proven - failed;
    let rest = if rest == 0 { String::new() } else { format!(", {rest} not tried") };
    text + &format!("{proven} proven, {failed} failed{rest}.\n\n")
}

/// One line of a table of 80 columns, and its cells.
fn row(what: &str, mut cells: Vec<String>, verdict: &Verdict) -> Row {
    let (state, time, _) = verdict.told();
    let time = time.map_or(String::new(), |seconds| format!("{seconds:.1} s"));
    let line = format!("{what}  {state:<12}  {time:>8}");
    cells.extend([state.to_owned(), time]);
    (line.trim_end().to_owned(), cells)
}

/// A table, and below each row what there is to say.
fn with_reasons<'a>(laid: Laid, verdicts: impl Iterator<Item = &'a Verdict>) -> String {
    let Laid { head: mut text, rows } = laid;
    for (row, verdict) in rows.into_iter().zip(verdicts) {
        text.push_str(&row);
        if let (.., Some(below)) = verdict.told() {
            text.push_str(&wrapped("      ", below));
            text.push('\n');
        }
    }
    text
}

/// The edges as a table. Those that are not deployed are counted alone, but where they
/// were asked for by their numbers.
pub(crate) fn table(outcomes: &[Outcome], asked: bool) -> String {
    let absent = |outcome: &Outcome| matches!(outcome.verdict, Verdict::NotDeployed { .. });
    let rows: Vec<&Outcome> = outcomes.iter().filter(|o| asked || !absent(o)).collect();
    if rows.is_empty() {
        return format!("No edge of the {} is deployed; `--json` lists them.\n", outcomes.len());
    }
    let head = format!("{:>4}  {:<42}  {:<12}  {:>8}", "EDGE", "FROM → TO", "STATE", "TIME");
    let row = |outcome: &&Outcome| {
        let (number, arrow) = (outcome.number, format!("{} → {}", outcome.from, outcome.to));
        let what = format!("{number:>4}  {arrow:<42}");
        row(&what, vec![number.to_string(), arrow], &outcome.verdict)
    };
    let laid = columns::table(&head, &EDGES, rows.iter().map(row).collect());
    with_reasons(laid, rows.iter().map(|outcome| &outcome.verdict)) + &summary(outcomes)
}

fn summary(outcomes: &[Outcome]) -> String {
    let count = |of: fn(&Verdict) -> bool| outcomes.iter().filter(|o| of(&o.verdict)).count();
    let (proven, failed) = (count(Verdict::proven), count(Verdict::failed));
    let absent = outcomes.len() - proven - failed;
    format!("{proven} proven, {failed} failed, {absent} not deployed.\n")
}

/// What the agent exports of it, in Prometheus' text format. `now` is the time
/// of the checks in seconds since 1970.
pub(crate) fn metrics(outcomes: &[Outcome], now: u64) -> String {
    let tried: Vec<(&Outcome, bool, f64)> = outcomes
        .iter()
        .filter_map(|outcome| match &outcome.verdict {
            Verdict::Proven { seconds, .. } => Some((outcome, true, *seconds)),
            Verdict::Failed { seconds, .. } => Some((outcome, false, *seconds)),
            Verdict::NotTried { .. } | Verdict::NotDeployed { .. } => None,
        })
        .collect();
    let mut text = String::new();
    let mut family = |name: &str, help: &str, value: &dyn Fn(bool, f64) -> f64| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (Outcome { number, from, to, .. }, up, seconds) in &tried {
            let value = value(*up, *seconds);
            let _ =
                writeln!(text, "{name}{{number=\"{number}\",from=\"{from}\",to=\"{to}\"}} {value}");
        }
    };
    family(
        "terrarium_edge_up",
        "Whether a marked record went through this edge at the last check.",
        &|up, _| f64::from(u8::from(up)),
    );
    family("terrarium_edge_seconds", "How long it took, or was waited for.", &|_, seconds| {
        (seconds * 1000.0).round() / 1000.0
    });
    #[expect(clippy::cast_precision_loss, reason = "a time of this century has 31 bits")]
    let now = now as f64;
    family("terrarium_edge_checked_seconds", "When it was checked, since 1970.", &|_, _| now);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(number: u32, from: &str, to: &str, verdict: Verdict) -> Outcome {
        let (from, to) = (from.to_owned(), to.to_owned());
        Outcome { number, title: format!("{from} feeds {to}"), from, to, verdict }
    }

    fn some() -> Vec<Outcome> {
        let missing = vec!["flink".to_owned()];
        let reason = "nothing with the mark in `postgresql` within 60 s of putting it in at \
                      `device-source`; last seen: ERROR: relation does not exist";
        vec![
            outcome(1, "fastapi", "redis", Verdict::Proven { seconds: 0.8125, left: None }),
            outcome(
                5,
                "connect",
                "postgresql",
                Verdict::Failed { seconds: 60.0, reason: reason.to_owned() },
            ),
            outcome(8, "fastapi", "flink", Verdict::NotDeployed { missing }),
        ]
    }

    #[test]
    fn edges_that_are_not_deployed_are_rows_only_where_they_were_asked_for() {
        let absent =
            |number| outcome(number, "dbt", "feast", Verdict::NotDeployed { missing: vec![] });
        let all = [absent(1), absent(2)];
        assert_eq!(table(&all, false), "No edge of the 2 is deployed; `--json` lists them.\n");
        assert!(table(&all, true).contains("dbt → feast"));
        assert!(!table(&some(), false).contains("flink"));
        assert!(table(&some(), false).contains("1 not deployed"));
    }

    #[test]
    fn the_table_fits_eighty_columns_and_says_why() {
        let table = table(&some(), true);
        assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
        insta::assert_snapshot!(table, @"
        EDGE  FROM → TO                                   STATE             TIME
           1  fastapi → redis                             proven           0.8 s
           5  connect → postgresql                        FAILED          60.0 s
              nothing with the mark in `postgresql` within 60 s of putting it in at
              `device-source`; last seen: ERROR: relation does not exist
           8  fastapi → flink                             not deployed
        1 proven, 1 failed, 1 not deployed.
        ");
    }

    #[test]
    fn stores_are_told_as_edges_are() {
        let store = |service: &str, verdict| StoreOutcome { service: service.to_owned(), verdict };
        let cannot = Verdict::NotTried { reason: "its pod has no mongosh".to_owned() };
        let failed = Verdict::Failed { seconds: 60.0, reason: "FATAL: no".to_owned() };
        let all = [
            store("mongodb", cannot),
            store("postgresql", failed),
            store("redis", Verdict::Proven { seconds: 0.3, left: None }),
        ];
        let table = stores(&all);
        assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
        insta::assert_snapshot!(table, @"
        STORE                                             STATE             TIME
        mongodb                                           not tried
              its pod has no mongosh
        postgresql                                        FAILED          60.0 s
              FATAL: no
        redis                                             proven           0.3 s
        1 proven, 1 failed, 1 not tried.
        ");
        assert_eq!(stores(&[]), "");
    }

    #[test]
    fn prometheus_is_told_of_what_was_tried() {
        insta::assert_snapshot!(metrics(&some(), 1_790_000_000), @r#"
        # HELP terrarium_edge_up Whether a marked record went through this edge at the last check.
        # TYPE terrarium_edge_up gauge
        terrarium_edge_up{number="1",from="fastapi",to="redis"} 1
        terrarium_edge_up{number="5",from="connect",to="postgresql"} 0
        # HELP terrarium_edge_seconds How long it took, or was waited for.
        # TYPE terrarium_edge_seconds gauge
        terrarium_edge_seconds{number="1",from="fastapi",to="redis"} 0.813
        terrarium_edge_seconds{number="5",from="connect",to="postgresql"} 60
        # HELP terrarium_edge_checked_seconds When it was checked, since 1970.
        # TYPE terrarium_edge_checked_seconds gauge
        terrarium_edge_checked_seconds{number="1",from="fastapi",to="redis"} 1790000000
        terrarium_edge_checked_seconds{number="5",from="connect",to="postgresql"} 1790000000
        "#);
    }
}
