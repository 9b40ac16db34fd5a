//! What the agent costs: size, memory, allocations.

use terrarium_agent::agent::Agent;
use terrarium_agent::encoder::Format;
use terrarium_agent::selection::Selection;
use terrarium_agent::settings::Settings;

use crate::build::artifact;
use crate::exposition;
use crate::running::{Running, fixture};

/// Bytes, stripped. The nodes' own program is the 64-bit Arm one; that for
/// x86-64 carries the same ciphers for several kinds of processors.
const LARGEST: [(&str, u64); 2] = [("aarch64", 2_500_000), ("x86_64", 2_750_000)];

const SCRAPES: u32 = 1000;

/// Resident after so many scrapes, in KiB.
const MOST_MEMORY: u64 = 2 * 1024 + 512;

#[test]
fn the_program_is_small_and_stays_so() {
    for (arch, largest) in LARGEST {
        let (program, _folder) = artifact(arch);
        let size = std::fs::metadata(&program).unwrap().len();
        println!("{arch}: {size} bytes");
        assert!(size <= largest, "{arch}: {size} bytes");
    }
    let (program, _folder) = artifact(std::env::consts::ARCH);

    let running = Running::start(&mut std::process::Command::new(program));
    let mut connection = running.connect();
    let mut scrape = || exposition::read_unique(&connection.get("/metrics").body).unwrap();
    let first = scrape();
    for _ in 1..SCRAPES {
        scrape();
    }
    let last = scrape();
    let series: usize = last.values().map(|family| family.samples.len()).sum();
    let seconds = |page: &exposition::Page| -> f64 {
        page["process_cpu_seconds_total"].samples[0].value.parse().unwrap()
    };
    let microseconds = (seconds(&last) - seconds(&first)) / f64::from(SCRAPES) * 1e6;
    let (resident, threads) = (running.status("VmRSS"), running.status("Threads"));
    println!(
        "after {SCRAPES} scrapes of {series} series: {resident} KiB resident, \
         {} KiB at most, {threads} thread(s), {microseconds:.0} µs of processor time a scrape",
        running.status("VmHWM")
    );
    assert!(resident <= MOST_MEMORY, "{resident} KiB resident");
    // The server's, and the one that reads the host.
    assert!(threads <= 2, "{threads} threads");
}

#[test]
fn collecting_allocates_nothing() {
    let settings =
        Settings { procfs: fixture("pi5/proc"), sysfs: fixture("pi5/sys"), ..Settings::default() };
    let mut agent = Agent::new(&settings).unwrap();
    agent.render(&Selection::All, Format::Text);
    let allocations = allocation_counter::measure(|| {
        agent.collect(&Selection::All, Format::Text);
    });
    assert_eq!(allocations.count_total, 0, "{allocations:?}");

    let whole = allocation_counter::measure(|| drop(agent.render(&Selection::All, Format::Text)));
    println!("{} allocations for the registered metrics", whole.count_total);
    assert_eq!(whole.count_current, 0, "{whole:?}");
}
