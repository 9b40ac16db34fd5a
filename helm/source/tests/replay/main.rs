//! The program against a real Kafka, a made-up GitHub that misbehaves, and a
//! stand-in for the schema registry.
//!
//! Thirty days of a busy repository, generated, are replayed in less than a
//! minute while the program is killed now and then; in the end every event is
//! in its topic, once after compaction.
#![expect(clippy::unwrap_used, reason = "a test")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a test tells what it saw")]

mod broker;
mod cases;
mod http;
mod hub;
mod lot;
mod program;
mod records;
mod registry;
mod world;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use broker::Broker;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // The cases share the broker's topics.
    arguments.test_threads = Some(1);
    let broker = if arguments.list {
        None
    } else {
        match Broker::start() {
            Ok(broker) => Some(Arc::new(broker)),
            Err(reason) => {
                eprintln!("error: {reason}");
                return ExitCode::FAILURE;
            }
        }
    };
    let case = |name: &str, case: fn(&Broker)| {
        let broker = broker.clone();
        Trial::test(name, move || {
            case(broker.as_deref().ok_or("no broker")?);
            Ok(())
        })
    };
    if broker.is_some() {
        println!("with {}", program::program().display());
    }
    let trials = vec![
        case("every_event_is_there_once", cases::replay::every_event_is_there_once),
        case("devices_go_on_where_they_ended", cases::devices::devices_go_on_where_they_ended),
        case("a_mark_goes_from_github_to_kafka", cases::marks::a_mark_goes_from_github_to_kafka),
        case("a_recording_is_followed", cases::marks::a_recording_is_followed),
        case("trouble_is_told_without_secrets", cases::trouble::trouble_is_told_without_secrets),
        case(
            "a_broker_that_is_away_is_waited_for",
            cases::trouble::a_broker_that_is_away_is_waited_for,
        ),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}
