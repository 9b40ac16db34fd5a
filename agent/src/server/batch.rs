//! A page that many ask for at once is made once.
//!
//! The server has one thread. If each of a hundred clients had a page of its own,
//! Prometheus would wait for all of them: so whoever asks takes a place, lets
//! all the others come that are there, and the first to go on makes the page
//! for all of them. None gets a page that was begun before it asked.

use std::sync::{Mutex, PoisonError};

/// The clients that wait for one kind of page.
#[derive(Debug)]
pub(super) struct Batch<T> {
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    waiting: usize,
    /// How often it was made.
    made: u64,
    /// The last one, for those who waited then.
    last: Option<T>,
}

impl<T> Default for Batch<T> {
    fn default() -> Self {
        Self { state: Mutex::new(State { waiting: 0, made: 0, last: None }) }
    }
}

impl<T> Batch<T> {
    fn with<R>(&self, act: impl FnOnce(&mut State<T>) -> R) -> R {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T: Clone> Batch<T> {
    /// The page, made by `make` or for another one that asked meanwhile.
    pub(super) async fn get(&self, make: impl FnOnce() -> T) -> T {
        let place = Place::take(self);
        tokio::task::yield_now().await;
        if let Some(page) =
            self.with(|state| state.last.clone().filter(|_| state.made > place.after))
        {
            return page;
        }
        let page = make();
        self.with(|state| {
            state.made += 1;
            state.last = Some(page.clone());
        });
        page
    }
}

/// A client's place; given up when it has its page, or has left.
struct Place<'b, T> {
    batch: &'b Batch<T>,
    after: u64,
}

impl<'b, T> Place<'b, T> {
    fn take(batch: &'b Batch<T>) -> Self {
        let after = batch.with(|state| {
            state.waiting += 1;
            state.made
        });
        Self { batch, after }
    }
}

impl<T> Drop for Place<'_, T> {
    fn drop(&mut self) {
        self.batch.with(|state| {
            state.waiting -= 1;
            if state.waiting == 0 {
                // Its memory is for the next page.
                state.last = None;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn who_asks_before_it_is_made_shares_it_and_who_asks_after_does_not() {
        let batch = Batch::default();
        let made = Mutex::new(0);
        let make = || {
            let mut made = made.lock().unwrap();
            *made += 1;
            *made
        };
        let mut first = std::pin::pin!(batch.get(make));
        let mut second = std::pin::pin!(batch.get(make));
        let mut left = Box::pin(batch.get(make));
        assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
        assert!(poll(left.as_mut()).is_pending());
        assert_eq!(poll(first.as_mut()), Poll::Ready(1));

        let mut late = std::pin::pin!(batch.get(make));
        assert!(poll(late.as_mut()).is_pending());
        assert_eq!(poll(second.as_mut()), Poll::Ready(1));
        drop(left);
        assert_eq!(poll(late.as_mut()), Poll::Ready(2));
        assert!(batch.with(|state| state.waiting == 0 && state.last.is_none()));
    }
}
