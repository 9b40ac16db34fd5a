//! Whose password is compared next.
//!
//! Those who guess come again and again; somebody with the right password
//! comes once. So the next is from the address whose turn was the longest ago,
//! and of one address the last to come: a hundred that guess without a pause
//! make a new client wait for one comparison, not for a hundred.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

/// Addresses of which it is known when they had their turn. As many as may be
/// connected at once would need.
const REMEMBERED: usize = 128;

/// Turns, one at a time.
#[derive(Debug, Default)]
pub(super) struct Queue {
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    taken: bool,
    /// Those who wait, in the order they came.
    waiting: Vec<(IpAddr, oneshot::Sender<Turn>)>,
    /// Whose turn it was, the last one at the end.
    served: Vec<IpAddr>,
}

/// A turn; the next one's when dropped.
#[derive(Debug)]
pub(super) struct Turn(Arc<Queue>);

impl Line {
    /// Who is next, of those who wait.
    fn next(&mut self) -> Option<(IpAddr, oneshot::Sender<Turn>)> {
        self.waiting.retain(|(_, waits)| !waits.is_closed());
        let served = |from: &IpAddr| self.served.iter().position(|served| served == from);
        // The last of equals is the last to come, and no turn is before any.
        let least = self.waiting.iter().map(|(from, _)| served(from)).min()?;
        let next = self.waiting.iter().rposition(|(from, _)| served(from) == least)?;
        Some(self.waiting.remove(next))
    }

    fn serve(&mut self, from: IpAddr) {
        self.taken = true;
        self.served.retain(|served| *served != from);
        if self.served.len() == REMEMBERED {
            self.served.remove(0);
        }
        self.served.push(from);
    }
}

impl Queue {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    fn with<T>(&self, act: impl FnOnce(&mut Line) -> T) -> T {
        act(&mut self.line.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for a turn for somebody at that address.
    pub(super) async fn turn(self: &Arc<Self>, from: IpAddr) -> Option<Turn> {
        let turn = self.with(|line| {
            if line.taken {
                let (waits, turn) = oneshot::channel();
                line.waiting.push((from, waits));
                return Err(turn);
            }
            line.serve(from);
            Ok(Turn(Arc::clone(self)))
        });
        match turn {
            Ok(turn) => Some(turn),
            Err(turn) => turn.await.ok(),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = self.0.with(|line| {
            line.taken = false;
            let (from, waits) = line.next()?;
            line.serve(from);
            Some(waits)
        });
        if let Some(waits) = next {
            // Whoever left in this moment gives it back, and the next one has it.
            drop(waits.send(Self(Arc::clone(&self.0))));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Waker};

    use super::*;

    type Waiting = Pin<Box<dyn Future<Output = Option<Turn>>>>;

    fn wait(queue: &Arc<Queue>, last: u8) -> Waiting {
        let queue = Arc::clone(queue);
        let mut waiting: Waiting =
            Box::pin(async move { queue.turn(IpAddr::from([10, 0, 0, last])).await });
        assert!(ready(&mut waiting).is_none());
        waiting
    }

    fn ready(waiting: &mut Waiting) -> Option<Turn> {
        let polled = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        match polled {
            std::task::Poll::Ready(turn) => turn,
            std::task::Poll::Pending => None,
        }
    }

    #[test]
    fn an_address_that_had_no_turn_comes_first_and_of_one_address_the_last_to_come() {
        let queue = Queue::new();
        let mut first: Waiting = {
            let queue = Arc::clone(&queue);
            Box::pin(async move { queue.turn(IpAddr::from([10, 0, 0, 1])).await })
        };
        let turn = ready(&mut first).unwrap();
        let mut guesses = [(); 3].map(|()| wait(&queue, 1));
        let mut other = wait(&queue, 2);
        let mut late = wait(&queue, 1);

        drop(turn);
        let turn = ready(&mut other).unwrap();
        assert!(ready(&mut late).is_none());
        drop(turn);
        let turn = ready(&mut late).unwrap();
        // Who left is passed over.
        let [one, two, three] = &mut guesses;
        assert!(
            [&mut *one, &mut *two, &mut *three].map(|waits| ready(waits).is_none()) == [true; 3]
        );
        *three = wait(&queue, 3);
        drop(turn);
        let turn = ready(three).unwrap();
        drop(turn);
        let turn = ready(two).unwrap();
        drop(turn);
        assert!(ready(one).is_some());
        assert!(!queue.with(|line| line.taken));
    }

    #[test]
    fn a_turn_given_to_who_has_left_is_the_next_one_s() {
        let queue = Queue::new();
        let mut first: Waiting = {
            let queue = Arc::clone(&queue);
            Box::pin(async move { queue.turn(IpAddr::from([10, 0, 0, 1])).await })
        };
        let turn = ready(&mut first).unwrap();
        let (mut stays, leaves) = (wait(&queue, 1), wait(&queue, 1));
        drop(turn);
        // It has the turn and does not know it yet.
        drop(leaves);
        assert!(ready(&mut stays).is_some());
    }
}
