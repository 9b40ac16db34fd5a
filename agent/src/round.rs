//! The collectors, run in turn: one that does not come back costs the page only
//! its own part.

use std::mem::{Discriminant, discriminant};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::aside::{Aside, Done, LIMIT};
use crate::collector::Collector;
use crate::common::Pages;
use crate::encoder::{Encoder, Format};
use crate::failure::Failure;
use crate::selection::Selection;
use crate::source::wanted;

/// Once a collector has used up what a page waits for, so much is left for each
/// of the others.
const LEAST: Duration = Duration::from_millis(20);

/// How long a page waits for all that do not come back. Whoever's turn comes
/// later is left out of it untried.
const LONGEST: Duration = Duration::from_millis(450);

/// What came too late for one page is shown on the next if it is not older.
const FRESH: Duration = Duration::from_mins(2);

/// Bytes of room for files that are kept from page to page.
const KEPT: usize = 1024 * 1024;

/// It reads on a thread of its own, and has to see the page so far.
const LAST: &str = "textfile";

/// How a collector fared.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) collector: &'static str,
    pub(crate) nanoseconds: u64,
    /// What was missing the last time it ran.
    pub(crate) failure: Option<Failure>,
    /// What kind of thing was missing the time before.
    pub(crate) before: Option<Discriminant<Failure>>,
    /// Takes part in this page.
    pub(crate) ran: bool,
}

/// A part of a page that came too late for it.
#[derive(Debug)]
struct Late {
    part: Encoder,
    failure: Option<Failure>,
    start: Instant,
}

/// A collector's place in the table.
#[derive(Debug)]
pub(crate) struct Place {
    /// Away while it reads.
    collector: Option<Box<dyn Collector>>,
    pub(crate) outcome: Outcome,
    /// It comes back, but later than a page can wait: it is read beside the
    /// pages, and each shows what came before.
    slow: bool,
    /// There was no thread for that.
    threadless: bool,
    late: Option<Late>,
}

impl Place {
    fn end(&mut self, failure: Option<Failure>, took: Duration) {
        self.outcome.nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.outcome.failure = failure;
    }
}

#[derive(Debug)]
struct Round {
    places: Vec<Place>,
    page: Encoder,
    scratch: Vec<u8>,
    /// The place whose turn is next.
    next: usize,
    /// When the one that is under way began.
    since: Option<Instant>,
    /// Whoever runs for another round comes too late.
    number: u64,
}

/// The collectors and the page they write to.
#[derive(Debug)]
pub(crate) struct Rounds {
    round: Arc<Mutex<Round>>,
    pages: Pages,
    /// Where they run; without it, where they are asked.
    aside: Option<Aside>,
}

fn lock(round: &Mutex<Round>) -> MutexGuard<'_, Round> {
    // A collector that panicked would have ended the process.
    round.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take_out<T>(handed: &Mutex<Option<T>>) -> Option<T> {
    handed.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Has a collector write its part; why that lacks something.
fn collect(
    collector: &mut dyn Collector,
    scratch: &mut Vec<u8>,
    part: &mut Encoder,
) -> Option<Failure> {
    let before = wanted();
    let failure = collector.collect(scratch, part).err();
    match failure {
        // It may have taken what it could not open for absent.
        None | Some(Failure::Absent { .. }) if wanted() != before => Some(Failure::NoFile),
        failure => failure,
    }
}

impl Rounds {
    pub(crate) fn new(collectors: Vec<Box<dyn Collector>>, pages: Pages, room: usize) -> Self {
        let places = collectors.into_iter().map(|collector| {
            let outcome = Outcome {
                collector: collector.name(),
                nanoseconds: 0,
                failure: None,
                before: None,
                ran: false,
            };
            Place {
                collector: Some(collector),
                outcome,
                slow: false,
                threadless: false,
                late: None,
            }
        });
        let round = Round {
            places: places.collect(),
            page: Encoder::with_capacity(room),
            scratch: Vec::new(),
            next: 0,
            since: None,
            number: 0,
        };
        Self { round: Arc::new(Mutex::new(round)), pages, aside: None }
    }

    /// Runs them on that thread from now on.
    pub(crate) fn beside(&mut self, aside: Aside) {
        self.aside = Some(aside);
    }

    /// A page of the chosen ones; how each fared, and the encoder to go on with.
    pub(crate) fn run<T>(
        &mut self,
        selection: &Selection,
        format: Format,
        room: usize,
        then: impl FnOnce(&[Place], &mut Encoder, &mut Vec<u8>) -> T,
    ) -> T {
        self.pages.begin();
        let number = lock(&self.round).begin(selection, format, room);
        match self.aside.clone() {
            None => work(&self.round, number, true),
            Some(aside) => {
                let number = self.attend(&aside, number);
                // What is left reads apart by itself.
                work(&self.round, number, true);
                self.start_slow(format);
            }
        }
        let mut round = lock(&self.round);
        let Round { places, page, scratch, .. } = &mut *round;
        then(places, page, scratch)
    }

    /// Has them run; the number of the round that is left to do.
    fn attend(&self, aside: &Aside, mut number: u64) -> u64 {
        let (mut limit, start) = (LIMIT, Instant::now());
        loop {
            let (round, watched) = (Arc::clone(&self.round), Arc::clone(&self.round));
            let job = move || work(&round, number, false);
            // The time is that of each, not of all together.
            let rest = || limit.checked_sub(lock(&watched).since?.elapsed());
            match aside.run(job, limit, || rest().filter(|rest| !rest.is_zero())) {
                Done::InTime | Done::NoThread => return number,
                Done::Late => {}
            }
            limit = LEAST;
            number = lock(&self.round).give_up();
            if start.elapsed() > LONGEST {
                lock(&self.round).leave_out();
            }
        }
    }

    /// Those that are slow read for the next page.
    fn start_slow(&self, format: Format) {
        let mut round = lock(&self.round);
        for at in 0..round.places.len() {
            let Some(place) = round.places.get_mut(at).filter(|place| place.slow) else { continue };
            let Some(collector) = place.collector.take_if(|_| place.outcome.ran) else {
                continue;
            };
            // Where there is no thread, what was to be done there is dropped.
            let handed = Arc::new(Mutex::new(Some(collector)));
            let (shared, taken) = (Arc::clone(&self.round), Arc::clone(&handed));
            let read = move || {
                let Some(mut collector) = take_out(&taken) else { return };
                let (start, mut part) = (Instant::now(), Encoder::with_capacity(0));
                part.begin(0, format);
                let failure = collect(&mut *collector, &mut Vec::new(), &mut part);
                lock(&shared).back_late(at, collector, Late { part, failure, start });
            };
            let started = thread::Builder::new().name("slow".to_owned()).spawn(read);
            place.threadless = started.is_err();
            if place.threadless {
                place.collector = take_out(&handed);
            }
        }
    }

    /// How each fared the last time.
    pub(crate) fn outcomes<T>(&self, see: impl FnMut(&Outcome) -> T) -> Vec<T> {
        lock(&self.round).places.iter().map(|place| &place.outcome).map(see).collect()
    }
}

impl Round {
    fn begin(&mut self, selection: &Selection, format: Format, room: usize) -> u64 {
        self.page.begin(room, format);
        for place in &mut self.places {
            let outcome = &mut place.outcome;
            outcome.ran = selection.has(outcome.collector);
            outcome.before = outcome.failure.as_ref().map(discriminant);
        }
        (self.next, self.since) = (0, None);
        self.number += 1;
        self.number
    }

    /// The next one to run, and where it writes to. The page itself is handed
    /// out only to `all`: who reads apart.
    fn take(&mut self, all: bool) -> Option<(usize, Box<dyn Collector>, Encoder)> {
        while let Some(place) = self.places.get_mut(self.next) {
            let last = place.outcome.collector == LAST;
            if last && !all {
                break;
            }
            self.next += 1;
            if !place.outcome.ran {
                continue;
            }
            let usable = |late: &Late| {
                late.start.elapsed() < FRESH && late.part.format() == self.page.format()
            };
            if place.slow || place.collector.is_none() {
                let late = place.late.take().filter(usable);
                let lacks = if place.threadless { Failure::NoThread } else { Failure::Late };
                let (part, failure) =
                    late.map_or((None, Some(lacks)), |late| (Some(late.part), late.failure));
                place.end(failure, Duration::ZERO);
                if let Some(part) = part {
                    self.page.append(&part);
                }
                continue;
            }
            let Some(collector) = place.collector.take() else { continue };
            let part = if last { std::mem::take(&mut self.page) } else { self.page.part() };
            self.since = Some(Instant::now());
            return Some((self.next - 1, collector, part));
        }
        self.since = None;
        None
    }

    /// One that did not come back is left where it is.
    fn give_up(&mut self) -> u64 {
        self.number += 1;
        if let Some(start) = self.since.take()
            && let Some(place) = self.next.checked_sub(1).and_then(|at| self.places.get_mut(at))
        {
            place.end(Some(Failure::Late), start.elapsed());
        }
        self.number
    }

    /// The rest of the round is not tried.
    fn leave_out(&mut self) {
        for place in self.places.iter_mut().skip(self.next) {
            if place.outcome.collector == LAST {
                return;
            }
            self.next += 1;
            if place.outcome.ran {
                place.end(Some(Failure::Late), Duration::ZERO);
            }
        }
    }

    /// One comes back that nobody waits for any more.
    fn back_late(&mut self, at: usize, collector: Box<dyn Collector>, late: Late) {
        let Some(place) = self.places.get_mut(at) else { return };
        place.collector = Some(collector);
        // Twice as fast as need be, it is trusted again.
        place.slow = late.start.elapsed() > LIMIT / 2;
        place.late = Some(late);
    }
}

/// Runs those whose turn it is, unless the round is over.
fn work(shared: &Mutex<Round>, number: u64, all: bool) {
    let mut round = lock(shared);
    let mut scratch = std::mem::take(&mut round.scratch);
    while round.number == number {
        let Some((at, mut collector, mut part)) = round.take(all) else {
            // A table may have been large once; its room is not kept for good.
            round.scratch = if scratch.len() > KEPT { Vec::new() } else { scratch };
            return;
        };
        let start = round.since.unwrap_or_else(Instant::now);
        drop(round);
        let failure = collect(&mut *collector, &mut scratch, &mut part);
        round = lock(shared);
        if round.number != number {
            round.back_late(at, collector, Late { part, failure, start });
            return;
        }
        round.page.join(part);
        if let Some(place) = round.places.get_mut(at) {
            place.collector = Some(collector);
            place.end(failure, start.elapsed());
        }
    }
}
