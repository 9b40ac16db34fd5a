//! What a question may take at most: time, memory, patience. One for all that is
//! done for it, whatever it is made of.
//!
//! [`within`] sets the limit for whatever it runs; every loop that can grow with
//! the question calls [`check`]. When the limit is reached, `check` does not
//! return: the work is left as it is, and [`catch`] around it gives nothing. So a
//! half-finished count never becomes a finding. Loops whose partial result is
//! sound in itself ask [`spent`] instead and end early.
//!
//! This crate has no clock: whoever sets the limit says how far it is used up.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

/// How much of what may be taken was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Used {
    /// So many thousandths.
    Part(u32),
    /// All of it, of which nothing comes back.
    All,
}

/// Tells how much was used up; asked some thousand times a second, and told what
/// is being done.
pub type Probe = dyn Fn(&'static str) -> Used;

/// Calls of [`check`] between two looks at the probe.
const TICKS: u32 = 64;
/// All of it.
const WHOLE: u32 = 1000;

thread_local! {
    static PROBE: RefCell<Option<Rc<Probe>>> = const { RefCell::new(None) };
    static TICK: Cell<u32> = const { Cell::new(0) };
    /// Up to here, in thousandths, the work under way may go.
    static UNTIL: Cell<u32> = const { Cell::new(WHOLE) };
    static STAGE: Cell<&'static str> = const { Cell::new("") };
    /// What was under way when the limit was first reached.
    static CUT: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// What `check` leaves with.
struct Cut;

/// Puts back what was there, also when the work is left.
struct Restore<T: Copy + 'static>(&'static std::thread::LocalKey<Cell<T>>, T);

impl<T: Copy> Drop for Restore<T> {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

/// Takes the limit away, also when the work is left.
struct Unset(Option<Rc<Probe>>);

impl Drop for Unset {
    fn drop(&mut self) {
        PROBE.set(self.0.take());
    }
}

/// Runs work under a limit; with it what was under way when the limit was first
/// reached, if it was. The work itself may be left at any [`check`]: what is to
/// come out of it in any case is caught inside.
pub fn within<T>(probe: Rc<Probe>, work: impl FnOnce() -> T) -> (Option<T>, Option<&'static str>) {
    let _unset = Unset(PROBE.replace(Some(probe)));
    let _until = Restore(&UNTIL, UNTIL.replace(WHOLE));
    let _cut = Restore(&CUT, CUT.replace(None));
    let _stage = Restore(&STAGE, STAGE.get());
    TICK.set(0);
    let done = catch(work);
    (done, CUT.get())
}

/// Runs a stage of the work; none when the limit was reached in it.
pub fn stage<T>(name: &'static str, work: impl FnOnce() -> T) -> Option<T> {
    let _stage = Restore(&STAGE, STAGE.replace(name));
    catch(work)
}

/// The same with at most so many hundredths of what is left.
pub fn part<T>(name: &'static str, percent: u32, work: impl FnOnce() -> T) -> Option<T> {
    let until = UNTIL.get();
    let used = match probe() {
        Some(Used::Part(used)) => used.min(until),
        Some(Used::All) | None => until,
    };
    let _until = Restore(&UNTIL, UNTIL.replace(used + (until - used) * percent.min(100) / 100));
    stage(name, work)
}

/// Runs work; none when the limit was reached in it.
pub fn catch<T>(work: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => Some(done),
        Err(cut) if cut.is::<Cut>() => None,
        Err(panic) => resume_unwind(panic),
    }
}

/// Leaves the work when the limit is reached.
pub fn check() {
    if spent() {
        resume_unwind(Box::new(Cut));
    }
}

/// Whether the limit is reached. Cheap: the probe is asked now and then.
pub fn spent() -> bool {
    let tick = TICK.get();
    if tick > 0 {
        TICK.set(tick - 1);
        return false;
    }
    let spent = match probe() {
        None => false,
        Some(Used::All) => true,
        Some(Used::Part(used)) => used >= UNTIL.get(),
    };
    if spent {
        if CUT.get().is_none() {
            CUT.set(Some(STAGE.get()));
        }
    } else {
        TICK.set(TICKS);
    }
    spent
}

/// What was under way when the limit was first reached, if it was.
pub fn cut() -> Option<&'static str> {
    CUT.get()
}

/// None without a limit.
fn probe() -> Option<Used> {
    let probe = PROBE.with_borrow(Option::clone);
    probe.map(|probe| probe(STAGE.get()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A limit of so many looks.
    fn looks(most: u32) -> Rc<Probe> {
        let taken = Cell::new(0);
        Rc::new(move |_| {
            taken.set(taken.get() + 1);
            Used::Part(taken.get() * WHOLE / most)
        })
    }

    fn forever() -> u64 {
        loop {
            check();
        }
    }

    #[test]
    fn without_a_limit_nothing_is_cut() {
        for _ in 0..10 * TICKS {
            check();
        }
        assert_eq!((catch(|| 7), cut(), part("it", 1, || 8)), (Some(7), None, Some(8)));
    }

    #[test]
    fn work_without_end_is_left_and_named_and_what_follows_is_left_at_once() {
        let (done, cut) = within(looks(10), || {
            let kept = stage("the first", || 7);
            let lost = stage("the second", forever);
            let late = stage("the third", forever);
            (kept, lost, late)
        });
        assert_eq!((done, cut), (Some((Some(7), None, None)), Some("the second")));
        assert_eq!(super::cut(), None, "it ends with the limit");
    }

    #[test]
    fn a_part_leaves_the_rest_to_others() {
        let (done, _) = within(looks(100), || {
            let greedy = part("greedy", 50, forever);
            let modest = stage("modest", || {
                check();
                7
            });
            (greedy, modest, spent())
        });
        assert_eq!(done, Some((None, Some(7), false)));
    }

    #[test]
    fn what_is_all_used_up_is_so_for_every_part() {
        let (done, cut) = within(Rc::new(|_| Used::All), || part("it", 50, forever));
        assert_eq!((done, cut), (Some(None), Some("it")));
    }

    #[test]
    fn a_panic_of_the_work_stays_one() {
        let panic = catch_unwind(|| catch(|| resume_unwind(Box::new("its own"))));
        assert!(panic.is_err_and(|panic| panic.is::<&str>()));
    }
}
