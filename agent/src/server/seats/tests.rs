use super::*;

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// Whether it was asked to leave.
fn asked(seat: &Seat) -> bool {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    std::pin::pin!(seat.leave.notified()).poll(&mut context).is_ready()
}

/// Asks, and has its answer.
fn served(seat: &Seat) {
    seat.asks();
    seat.answers();
}

#[test]
fn who_asked_for_nothing_the_longest_makes_room() {
    let seats = Seats::new(3);
    let [first, second, third] = [(); 3].map(|()| seats.take(HERE));
    served(&first);
    let fourth = seats.take(HERE);
    assert_eq!([&first, &second, &third, &fourth].map(asked), [false, true, false, false]);
    // One who left makes room for nobody else.
    drop(second);
    served(&third);
    let fifth = seats.take(HERE);
    assert_eq!([&first, &third, &fourth, &fifth].map(asked), [true, false, false, false]);
}

#[test]
fn a_seat_left_is_free() {
    let seats = Seats::new(1);
    drop(seats.take(HERE));
    let second = seats.take(HERE);
    assert!(!asked(&second));
    drop(second);
    assert!(seats.with(|held| held.taken.is_empty()));
}

#[test]
fn who_is_being_served_is_the_last_to_make_room() {
    let seats = Seats::new(9);
    seats.make_way();
    let [first, second] = [(); 2].map(|()| seats.take(HERE));
    first.asks();
    seats.make_way();
    assert_eq!([&first, &second].map(asked), [false, true]);
    // Alone it stays until it has its answer.
    seats.make_way();
    assert!(!asked(&first));
    first.answers();
    seats.make_way();
    assert!(asked(&first));
}

#[test]
fn who_has_the_most_seats_makes_room_for_others() {
    let seats = Seats::new(4);
    let quiet = seats.take("10.0.0.9".parse().unwrap());
    // One network of IPv6, and IPv4 written as IPv6, are each one machine.
    let many = ["2001:db8::1", "2001:db8::2", "::ffff:10.0.0.1"];
    let [one, two, mapped] = many.map(|address| seats.take(address.parse().unwrap()));
    [&two, &mapped].into_iter().for_each(served);
    let other = seats.take("10.0.0.1".parse().unwrap());
    assert_eq!([&quiet, &one, &two, &mapped].map(asked), [false, true, false, false]);
    assert_eq!(mapped.from(), other.from());
}

#[test]
fn the_oldest_of_the_pages_that_wait_makes_room() {
    let seats = Seats::new(9);
    let [first, second, third, fourth] = [(); 4].map(|()| seats.take(HERE));
    let half = UNREAD / 2;
    first.holds(1, half);
    // Two read the same page: it is there once.
    second.holds(2, half);
    third.holds(2, half);
    [&first, &second, &third].into_iter().for_each(Seat::answers);
    assert_eq!([&first, &second, &third].map(asked), [false; 3]);
    // Who reads a little all the time keeps nobody else from reading.
    first.reads_on();
    fourth.holds(3, half);
    assert_eq!([&first, &second, &third, &fourth].map(asked), [true, false, false, false]);
    // What was read is no burden.
    [&second, &third].into_iter().for_each(Seat::all_gone);
    let fifth = seats.take(HERE);
    fifth.holds(4, half);
    assert_eq!([&second, &third, &fourth, &fifth].map(asked), [false; 4]);
    // Of chosen collectors: first of all, however new.
    fourth.holds(6 | CHOSEN, half);
    fifth.holds(7, half);
    let sixth = seats.take(HERE);
    sixth.holds(8, half);
    assert_eq!([&fourth, &fifth, &sixth].map(asked), [true, false, false]);
    // A page too large for all of it is served all the same.
    fifth.holds(9, 3 * UNREAD);
    assert_eq!([&fifth, &sixth].map(asked), [false, true]);
}

#[test]
fn pages_follow_each_other_slowly_only_while_many_wait_to_be_read() {
    let seats = Seats::new(9);
    let [first, second] = [(); 2].map(|()| seats.take(HERE));
    let due = || seats.with(|held| held.due());
    first.holds(1, UNREAD / 2);
    assert_eq!(due(), None);
    let before = Instant::now();
    second.holds(2, 1);
    assert!(due().is_some_and(|due| due >= before + PACE));
    // Those of chosen collectors have their own turns, and make room first.
    let then = due();
    second.holds(3 | CHOSEN, 1);
    assert_eq!(due(), then);
    second.all_gone();
    second.answers();
    second.all_gone();
    assert_eq!(due(), None);
}
