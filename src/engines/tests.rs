//! Claims about pieces and speeds that need no engine.

use super::member::{Outcome, Pace};
use super::queue::{Piece, Queue};

/// Takes everything, each engine in its turn, and gives the pieces as (start, length).
fn pieces(queue: &mut Queue<'_>, engines: usize) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for turn in 0.. {
        let taken = queue.take(turn % engines);
        match taken {
            Some(piece) => found.push((piece.start, piece.len())),
            None if turn > 10 * (found.len() + engines) => break,
            None => {}
        }
    }
    found
}

#[test]
fn pieces_are_whole_rows_or_lie_in_one_and_leave_nothing_out() {
    let shapes = [
        (1, 1),
        (1, 7),
        (5000, 1),
        (333, 3),
        (40, 64),
        (7, 1000),
        (3, 2500),
        (1, 9001),
    ];
    for (rows, columns) in shapes {
        for shortest in [1, 5, 64, 700] {
            for rates in [[None, None], [Some(1e6), Some(2e6)], [Some(1.0), None]] {
                let mut out = vec![0.0; rows * columns];
                let mut queue = Queue::new(&mut out, shortest, columns);
                rates
                    .into_iter()
                    .enumerate()
                    .for_each(|(k, rate)| queue.enter(k, rate));
                let found = pieces(&mut queue, 2);
                let mut next = 0;
                for &(start, len) in &found {
                    assert_eq!(start, next, "{rows} × {columns}, {shortest}: {found:?}");
                    let whole = start % columns == 0 && len % columns == 0;
                    assert!(
                        whole || start % columns + len <= columns,
                        "{columns}: {found:?}"
                    );
                    next += len;
                }
                assert_eq!(next, rows * columns, "{columns}, {shortest}: {found:?}");
            }
        }
    }
}

#[test]
fn the_pieces_follow_the_speeds() {
    let mut out = vec![0.0; 1 << 20];
    let mut queue = Queue::new(&mut out, 1024, 1);
    [Some(3e6), Some(1e6), None]
        .into_iter()
        .enumerate()
        .for_each(|(k, rate)| queue.enter(k, rate));
    let mut take = |engine| queue.take(engine).map_or(0, |piece| piece.len());
    // A half of three sevenths: one that nobody knows counts as much as the one that asks.
    assert_eq!(take(2), 1024);
    assert_eq!(take(0), ((1 << 20) - 1024) * 3 / 14 / 16 * 16 + 16);
    let (fast, slow) = (take(0), take(1));
    assert!(2 * slow < fast && slow >= 1024, "{fast} and {slow}");
}

#[test]
fn a_slow_engine_leaves_the_end_to_a_fast_one() {
    let mut out = vec![0.0; 4096];
    let mut queue = Queue::new(&mut out, 1024, 1);
    queue.enter(0, Some(1e3));
    queue.enter(1, Some(1e6));
    assert!(queue.take(0).is_none());
    assert!(queue.take(1).is_some());
    // There is nobody to leave it to any more.
    queue.leave(1);
    assert!(queue.take(0).is_some());
    // Of engines that are equally fast one goes on.
    let mut out = [0.0; 64];
    let mut queue = Queue::new(&mut out, 64, 1);
    (0..3).for_each(|k| queue.enter(k, Some(1.0)));
    assert!(queue.take(2).is_none() && queue.take(1).is_none() && queue.take(0).is_some());
}

#[test]
fn a_piece_that_comes_back_is_cut_again() {
    let mut out = vec![0.0; 2 * 4096];
    let mut queue = Queue::new(&mut out, 64, 4096);
    (0..2).for_each(|k| queue.enter(k, Some(1e6)));
    let Some(Piece { start, out }) = queue.take(0) else {
        panic!("nothing to take")
    };
    let (before, len) = (start, out.len());
    queue.back(Piece { start, out });
    queue.enter(2, Some(1e6));
    let again = queue.take(2).map(|piece| (piece.start, piece.len()));
    assert!(
        again.is_some_and(|(start, now)| start == before && now < len),
        "{again:?}"
    );
}

#[test]
fn a_speed_rises_at_once_and_falls_slowly() {
    let mut pace = Pace::default();
    assert_eq!(pace.predict(1000), 0.0);
    // A kernel is compiled for the first piece.
    pace.measured(1000, 0.1, true);
    assert_eq!((pace.rate, pace.predict(1000)), (None, 0.0));
    // Too short to tell more than how long the way is.
    pace.measured(1, 0.001, false);
    assert_eq!((pace.rate, pace.predict(1000)), (None, 0.001));
    pace.measured(1000, 0.001, true);
    assert_eq!(pace.rate, Some(1e6));
    pace.measured(1000, 0.002, true);
    assert!(pace.rate.is_some_and(|rate| rate > 0.99e6), "{pace:?}");
    (0..1000).for_each(|_| pace.measured(1000, 0.004, true));
    assert!(pace.rate.is_some_and(|rate| rate < 0.26e6), "{pace:?}");
    // The way there and back is not shorter for fewer elements.
    assert_eq!(pace.predict(1), 0.001);
    pace.measured(0, 1.0, true);
    pace.measured(1000, 0.0, true);
    assert!(pace.rate.is_some_and(f64::is_finite));
}

#[test]
fn only_what_a_device_reports_is_the_engine_s_fault() {
    use crate::Error;
    let reason = || "it is gone".to_owned();
    let outcome = |error: Error| super::attempt(|| Err(error));
    assert!(matches!(super::attempt(|| Ok(())), Outcome::Done));
    assert!(matches!(
        outcome(Error::DeviceLost { reason: reason() }),
        Outcome::Lost(_)
    ));
    assert!(matches!(
        outcome(Error::OutOfMemory {
            bytes: 1,
            reason: reason()
        }),
        Outcome::Lost(_)
    ));
    assert!(matches!(
        outcome(Error::NoCpuForm { function: "f" }),
        Outcome::Refused(_)
    ));
    assert!(matches!(
        outcome(Error::Gpu {
            during: "x",
            reason: reason()
        }),
        Outcome::Refused(_)
    ));
    assert!(matches!(
        outcome(Error::InvalidChain { reason: reason() }),
        Outcome::Failed(_)
    ));
}
