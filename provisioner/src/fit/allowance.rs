//! What a verdict may take: processor time, memory, and the operator's patience.
//! One allowance for all that is done for an answer, from reading to advice.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use terrarium_fit::limit::{self, Probe, Used};

use crate::cancel::Cancel;
use crate::report::terminal;

/// What a verdict that somebody waits for in the middle of a run may take.
pub(crate) const BESIDE: Duration = Duration::from_secs(10);

/// Resident memory at most beside what the process had before, some 40 MiB: with
/// what is still taken until that is noticed below the 512 MiB that are promised.
const MEMORY: u64 = 344 << 20;
/// How much longer than its processor time it may take on a machine that is busy
/// with other things.
const WAITED: Duration = Duration::from_millis(500);
/// How often memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How long nothing is said.
const SILENT: Duration = Duration::from_secs(1);

/// Why work was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Time,
    Memory,
    Cancelled,
}

/// What may still be taken.
#[derive(Debug)]
pub(crate) struct Allowance {
    most: Duration,
    /// Resident memory that is no more than what there was, and what it may take.
    memory: u64,
    cancel: Cancel,
    state: Rc<State>,
}

#[derive(Debug)]
struct State {
    /// Processor time that was used in earlier pieces of work.
    used: Cell<Duration>,
    looked: Cell<Duration>,
    why: Cell<Option<Why>>,
    /// What was under way when it was used up.
    stage: Cell<&'static str>,
    /// How long was waited in all, in earlier pieces of work.
    waited: Cell<Duration>,
    telling: Arc<Told>,
}

/// What the operator is told.
#[derive(Debug, Default)]
struct Told {
    /// What is under way.
    stage: Mutex<&'static str>,
    /// Whether it was told, where once is enough.
    once: AtomicBool,
}

impl Allowance {
    /// So much processor time, until the run is to end.
    pub(crate) fn new(most: Duration, cancel: &Cancel) -> Self {
        let state = State {
            used: Cell::default(),
            looked: Cell::default(),
            why: Cell::new(None),
            stage: Cell::new(""),
            waited: Cell::default(),
            telling: Arc::default(),
        };
        let memory = resident().unwrap_or_default() + MEMORY;
        Self { most, memory, cancel: cancel.clone(), state: Rc::new(state) }
    }

    /// Whatever a test needs: tests share the memory of their process.
    #[cfg(test)]
    pub(crate) fn ample() -> Self {
        let most = Duration::from_mins(10);
        Self { memory: u64::MAX, ..Self::new(most, &Cancel::default()) }
    }

    /// Does a piece of the work; none when it had to be left. Tells the operator
    /// what is under way when it takes longer than a second.
    pub(crate) fn spend<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        let (begun, since) = (processor_time(), Instant::now());
        let state = &self.state;
        let telling = Telling::begin(Arc::clone(&state.telling), state.waited.get(), self.most);
        let (done, cut) = limit::within(self.probe(begun, since), work);
        drop(telling);
        state.used.set(state.used.get() + processor_time().saturating_sub(begun));
        state.waited.set(state.waited.get() + since.elapsed());
        if let Some(stage) = cut.filter(|_| state.stage.get().is_empty()) {
            state.stage.set(stage);
        }
        done
    }

    /// What was used up and in which stage, when something was.
    pub(crate) fn used_up(&self) -> Option<String> {
        let stage = match self.state.stage.get() {
            "" => limit::cut().unwrap_or_default(),
            stage => stage,
        };
        sentence(self.state.why.get(), stage, self.most)
    }

    fn probe(&self, begun: Duration, since: Instant) -> Rc<Probe> {
        let (state, cancel, most) = (Rc::clone(&self.state), self.cancel.clone(), self.most);
        let memory = self.memory;
        Rc::new(move |stage| {
            *state.telling.stage.lock().unwrap_or_else(PoisonError::into_inner) = stage;
            if let Some(Why::Memory | Why::Cancelled) = state.why.get() {
                return Used::All;
            }
            let used = state.used.get() + processor_time().saturating_sub(begun);
            if cancel.is_set() {
                state.why.set(Some(Why::Cancelled));
            } else if used.saturating_sub(state.looked.get()) >= LOOK_EVERY {
                state.looked.set(used);
                if resident() > Some(memory) {
                    state.why.set(Some(Why::Memory));
                }
            }
            if state.why.get().is_some_and(|why| why != Why::Time) {
                return Used::All;
            }
            // A part of it that is used up counts as it being used up.
            let waited = state.waited.get() + since.elapsed();
            let part = |used: Duration, of: Duration| {
                let thousandths = used.as_micros() * 1000 / of.as_micros().max(1);
                u32::try_from(thousandths).unwrap_or(u32::MAX)
            };
            Used::Part(part(used, most).max(part(waited, most + WAITED)))
        })
    }
}

/// The sentence for what was used up.
fn sentence(why: Option<Why>, stage: &str, most: Duration) -> Option<String> {
    if stage.is_empty() {
        return None;
    }
    let what = match why {
        Some(Why::Memory) => "the 512 MiB of memory a verdict may take were".to_owned(),
        Some(Why::Cancelled) => "the run was interrupted, and its budget".to_owned(),
        Some(Why::Time) | None => format!("the budget of {} s was", most.as_secs()),
    };
    Some(format!("{what} used up in {stage}"))
}

/// Processor time of this thread: a busy machine does not make a verdict another.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let part = |number: i64| u64::try_from(number).unwrap_or(0);
    Duration::from_secs(part(time.tv_sec)) + Duration::from_nanos(part(time.tv_nsec))
}

/// Resident memory in bytes, where the system tells it (Linux does).
fn resident() -> Option<u64> {
    let text = fs_err::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// Says what is under way once it takes long: on a terminal each second anew,
/// elsewhere once.
struct Telling(Option<(Sender<()>, std::thread::JoinHandle<()>)>);

impl Telling {
    fn begin(told: Arc<Told>, waited: Duration, most: Duration) -> Self {
        let (done, ended) = channel();
        let tell = move || tell(&ended, &told, waited, most);
        // Without it there is only silence.
        let thread = std::thread::Builder::new().name("telling".to_owned()).spawn(tell);
        Self(thread.ok().map(|thread| (done, thread)))
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        if let Some((done, thread)) = self.0.take() {
            drop(done);
            let _ = thread.join();
        }
    }
}

fn tell(ended: &Receiver<()>, told: &Told, waited: Duration, most: Duration) {
    let begun = Instant::now();
    let mut shown = false;
    let mut silent = SILENT.saturating_sub(waited);
    while ended.recv_timeout(silent) == Err(RecvTimeoutError::Timeout) {
        silent = SILENT;
        let stage = *told.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let after = (waited + begun.elapsed()).as_secs();
        let stage = if stage.is_empty() { "the beginning" } else { stage };
        let line = format!("judging for {after} s of at most {} s: in {stage}", most.as_secs());
        if terminal::is_terminal() {
            terminal::remark(&format!("\r\u{1b}[2K{line}"));
            shown = true;
        } else if !told.once.swap(true, Ordering::Relaxed) {
            terminal::remark(&format!("{line}\n"));
        }
    }
    if shown {
        terminal::remark("\r\u{1b}[2K");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forever() {
        loop {
            limit::check();
        }
    }

    #[test]
    fn work_without_end_is_left_after_its_time_and_what_comes_after_it_too() {
        let allowance = Allowance::new(Duration::from_millis(50), &Cancel::default());
        assert_eq!(allowance.used_up(), None);
        let begun = processor_time();
        assert_eq!(allowance.spend(|| limit::stage("the first", forever)), Some(None));
        assert_eq!(allowance.spend(|| limit::stage("the second", forever)), Some(None));
        assert!(processor_time().saturating_sub(begun) < Duration::from_millis(500));
        let told = allowance.used_up().unwrap();
        assert_eq!(told, "the budget of 0 s was used up in the first");
    }

    #[test]
    fn work_is_left_when_it_takes_more_memory_than_it_may() {
        let memory = resident().unwrap() + (1 << 20);
        let most = Duration::from_mins(10);
        let allowance = Allowance { memory, ..Allowance::new(most, &Cancel::default()) };
        let mut held = Vec::new();
        // A thousand times what there is room for, should nobody stop it.
        let greedy = || {
            for _ in 0..1000 {
                held.push(vec![1_u8; 1 << 20]);
                let begun = processor_time();
                while processor_time().saturating_sub(begun) < LOOK_EVERY {
                    limit::check();
                }
            }
        };
        assert_eq!(allowance.spend(|| limit::stage("it", greedy)), Some(None));
        let told = allowance.used_up().unwrap();
        assert_eq!(told, "the 512 MiB of memory a verdict may take were used up in it");
    }

    #[test]
    fn work_is_left_when_the_run_is_to_end() {
        let cancel = Cancel::default();
        let allowance = Allowance::new(Duration::from_mins(10), &cancel);
        let other = cancel.clone();
        let setter = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            other.set();
        });
        assert_eq!(allowance.spend(|| limit::stage("it", forever)), Some(None));
        setter.join().unwrap();
        assert!(cancel.is_set());
    }

    #[test]
    fn each_reason_has_its_sentence() {
        let seconds = Duration::from_secs(2);
        for (why, said) in [
            (None, "the budget of 2 s was used up in the search"),
            (
                Some(Why::Memory),
                "the 512 MiB of memory a verdict may take were used up in the search",
            ),
        ] {
            assert_eq!(sentence(why, "the search", seconds).as_deref(), Some(said));
        }
        assert_eq!(sentence(None, "", seconds), None);
        assert!(resident().is_some_and(|bytes| bytes > 1 << 20));
    }
}
