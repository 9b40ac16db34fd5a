//! Who may be connected: so many, and the last to come never waits for those
//! who only sit there.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// The seats there are.
#[derive(Debug)]
pub(super) struct Seats {
    most: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// Counts what happens: seats taken and requests.
    turn: u64,
    taken: Vec<Taken>,
}

#[derive(Debug)]
struct Taken {
    /// The turn it was taken in.
    id: u64,
    /// The turn of its last request.
    last: u64,
    leave: Arc<Notify>,
}

impl Held {
    fn next(&mut self) -> u64 {
        self.turn += 1;
        self.turn
    }
}

/// A connection's seat; free again when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    id: u64,
    leave: Arc<Notify>,
}

impl Seats {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, held: Mutex::default() })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Held) -> T) -> T {
        act(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A seat. If none is free, the one whose holder asked for nothing the
    /// longest is taken away from it.
    pub(super) fn take(self: &Arc<Self>) -> Seat {
        let leave = Arc::new(Notify::new());
        let id = self.with(|held| {
            if held.taken.len() >= self.most {
                let idle = held.taken.iter().enumerate().min_by_key(|(_, taken)| taken.last);
                if let Some((at, _)) = idle {
                    held.taken.swap_remove(at).leave.notify_one();
                }
            }
            let id = held.next();
            held.taken.push(Taken { id, last: id, leave: Arc::clone(&leave) });
            id
        });
        Seat { seats: Arc::clone(self), id, leave }
    }
}

impl Seat {
    /// Its holder asks for something.
    pub(super) fn asks(&self) {
        self.seats.with(|held| {
            let turn = held.next();
            if let Some(taken) = held.taken.iter_mut().find(|taken| taken.id == self.id) {
                taken.last = turn;
            }
        });
    }

    /// Comes to an end when the seat is taken away.
    pub(super) async fn taken_away(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.with(|held| held.taken.retain(|taken| taken.id != self.id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether it was asked to leave.
    fn asked(seat: &Seat) -> bool {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        std::pin::pin!(seat.taken_away()).poll(&mut context).is_ready()
    }

    #[test]
    fn who_asked_for_nothing_the_longest_makes_room() {
        let seats = Seats::new(3);
        let [first, second, third] = [(); 3].map(|()| seats.take());
        first.asks();
        let fourth = seats.take();
        assert_eq!([&first, &second, &third, &fourth].map(asked), [false, true, false, false]);
        // One who left makes room for nobody else.
        drop(second);
        third.asks();
        let fifth = seats.take();
        assert_eq!([&first, &third, &fourth, &fifth].map(asked), [true, false, false, false]);
    }

    #[test]
    fn a_seat_left_is_free() {
        let seats = Seats::new(1);
        drop(seats.take());
        let second = seats.take();
        assert!(!asked(&second));
        drop(second);
        assert!(seats.with(|held| held.taken.is_empty()));
    }
}
