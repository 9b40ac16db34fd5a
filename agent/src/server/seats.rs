//! Who may be connected: so many, and the last to come never waits for those
//! who only sit there or do not read what they asked for.

use std::cmp::Reverse;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::Instant;

/// How much of the pages already made may wait for readers, in bytes: what
/// the unit's memory has room for beside the agent itself.
const UNREAD: usize = 3 * 1024 * 1024;

/// Set in the number of a page of chosen collectors.
pub(super) const CHOSEN: u64 = 1 << 63;

/// The least time between two pages for all while many pages wait to be read.
/// The oldest of them makes room for the next: whoever reads what he asked for
/// has this time, times the pages there is room for.
const PACE: Duration = Duration::from_millis(250);

/// The time for an answer to be read.
const READING: Duration = Duration::from_secs(30);

/// The seats there are.
#[derive(Debug)]
pub(super) struct Seats {
    most: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// Counts what happens: seats taken, requests, answers read on.
    turn: u64,
    taken: Vec<Taken>,
    /// The page for all that was made last, and when.
    newest: Option<(u64, Instant)>,
}

#[derive(Debug)]
struct Taken {
    /// The turn it was taken in.
    id: u64,
    /// The turn of its last request, or of the last piece of an answer that
    /// its holder made room for.
    last: u64,
    from: IpAddr,
    /// An answer is being made for it.
    served: bool,
    /// The page that waits to be read: its number and length. Others may be
    /// reading the same one.
    page: Option<(u64, usize)>,
    leave: Arc<Notify>,
}

impl Held {
    fn next(&mut self) -> u64 {
        self.turn += 1;
        self.turn
    }

    fn find(&mut self, id: u64) -> Option<&mut Taken> {
        self.taken.iter_mut().find(|taken| taken.id == id)
    }

    /// Of the address with the most seats, takes away the one whose holder has
    /// done nothing the longest; one that is being served only if all are.
    fn take_away_one(&mut self) {
        let of = |from| self.taken.iter().filter(|taken| taken.from == from).count();
        let idle = self.taken.iter().enumerate();
        let idle =
            idle.max_by_key(|(_, taken)| (of(taken.from), !taken.served, Reverse(taken.last)));
        if let Some((at, _)) = idle {
            self.taken.swap_remove(at).leave.notify_one();
        }
    }

    /// How much waits to be read, in bytes: each page counts once.
    fn unread(&self) -> usize {
        let mut sum = 0;
        for (at, taken) in self.taken.iter().enumerate() {
            let before = &self.taken[..at];
            if let Some((number, length)) = taken.page
                && !before.iter().any(|other| other.page.is_some_and(|page| page.0 == number))
            {
                sum += length;
            }
        }
        sum
    }

    /// While more than there is room for waits to be read, takes the oldest
    /// page away; never the `newest`. Who reads slowly holds an old one, who
    /// reads at once has a new one: the last to read from a page says nothing,
    /// for a hundred who read a little all the time are always the last.
    fn make_room(&mut self, newest: u64) {
        while self.unread() > UNREAD {
            // Whole pages are shared by all who ask; those of chosen collectors
            // are as many as there are clients, and go first.
            let pages = self.taken.iter().filter_map(|taken| taken.page);
            let others = pages.map(|page| page.0).filter(|number| *number != newest);
            let Some(oldest) = others.min_by_key(|number| (number & CHOSEN == 0, *number)) else {
                return;
            };
            self.taken.retain(|taken| {
                let holds = taken.page.is_some_and(|(number, _)| number == oldest);
                if holds {
                    taken.leave.notify_one();
                }
                !holds
            });
        }
    }

    /// When the next page for all may be made.
    fn due(&self) -> Option<Instant> {
        let crowded = self.unread() > UNREAD / 2;
        self.newest.filter(|_| crowded).map(|(_, made)| made + PACE)
    }
}

/// A connection's seat; free again when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    id: u64,
    from: IpAddr,
    leave: Arc<Notify>,
    /// An answer was made that the kernel has not taken in whole.
    unread: AtomicBool,
    begun: Notify,
    /// The kernel has it: for the deadline, and for the next request.
    gone: [Notify; 2],
    /// What it holds of the scrapes that may be under way.
    slot: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Seats {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, held: Mutex::default() })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Held) -> T) -> T {
        act(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A seat for somebody at `peer`. If none is free, one is taken away from
    /// the address that has the most.
    pub(super) fn take(self: &Arc<Self>, peer: IpAddr) -> Seat {
        let leave = Arc::new(Notify::new());
        let from = neighbourhood(peer);
        let id = self.with(|held| {
            if held.taken.len() >= self.most {
                held.take_away_one();
            }
            let id = held.next();
            let leave = Arc::clone(&leave);
            held.taken.push(Taken { id, last: id, from, served: false, page: None, leave });
            id
        });
        let gone = [Notify::new(), Notify::new()];
        let (unread, begun) = (AtomicBool::new(false), Notify::new());
        let slot = Mutex::default();
        Seat { seats: Arc::clone(self), id, from, leave, unread, begun, gone, slot }
    }

    /// Frees a seat, and with it a descriptor; but not the only one there is
    /// while its holder is being served.
    pub(super) fn make_way(&self) {
        self.with(|held| {
            if held.taken.len() != 1 || !held.taken[0].served {
                held.take_away_one();
            }
        });
    }
}

impl Seat {
    /// Where its holder is: the address, or of IPv6 the network.
    pub(super) fn from(&self) -> IpAddr {
        self.from
    }

    /// Notes what it did in this turn.
    fn note(&self, act: impl FnOnce(&mut Taken)) {
        self.seats.with(|held| {
            let turn = held.next();
            if let Some(taken) = held.find(self.id) {
                taken.last = turn;
                act(taken);
            }
        });
    }

    /// Its holder asks for something.
    pub(super) fn asks(&self) {
        self.note(|taken| taken.served = true);
    }

    /// The page of that number is its answer.
    pub(super) fn holds(&self, number: u64, length: usize) {
        self.seats.with(|held| {
            if number & CHOSEN == 0 && held.newest.is_none_or(|(newest, _)| newest != number) {
                held.newest = Some((number, Instant::now()));
            }
            if let Some(taken) = held.find(self.id) {
                taken.page = Some((number, length));
                held.make_room(number);
            }
        });
    }

    /// Its answer counts to the scrapes under way until it is read.
    pub(super) fn scrapes(&self, slot: Option<OwnedSemaphorePermit>) {
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = slot;
    }

    /// Waits until another page may be made for all.
    pub(super) async fn is_due(&self) {
        while let Some(due) = self.seats.with(|held| held.due()).filter(|due| *due > Instant::now())
        {
            tokio::time::sleep_until(due).await;
        }
    }

    /// An answer begins.
    pub(super) fn answers(&self) {
        self.note(|taken| taken.served = false);
        if !self.unread.swap(true, Ordering::Relaxed) {
            self.begun.notify_one();
        }
    }

    /// A piece of an answer was taken.
    pub(super) fn reads_on(&self) {
        if self.unread.load(Ordering::Relaxed) {
            self.note(|_| {});
        }
    }

    /// All that was answered is with the kernel.
    pub(super) fn all_gone(&self) {
        if self.unread.swap(false, Ordering::Relaxed) {
            self.seats.with(|held| {
                if let Some(taken) = held.find(self.id) {
                    taken.page = None;
                }
            });
            self.scrapes(None);
            for gone in &self.gone {
                gone.notify_one();
            }
        }
    }

    /// Waits until nothing is left of the last answer.
    pub(super) async fn is_read(&self) {
        while self.unread.load(Ordering::Relaxed) {
            self.gone[1].notified().await;
        }
    }

    /// Comes to an end when the seat is taken away, or an answer was not read
    /// in time.
    pub(super) async fn taken_away(&self) {
        let overdue = async {
            loop {
                self.begun.notified().await;
                let gone = self.gone[0].notified();
                if tokio::time::timeout(READING, gone).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = self.leave.notified() => {}
            () = overdue => {}
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.with(|held| held.taken.retain(|taken| taken.id != self.id));
    }
}

/// Those that one machine can pass itself off as count as one: an address, or
/// of IPv6 a network's first half.
fn neighbourhood(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests;
