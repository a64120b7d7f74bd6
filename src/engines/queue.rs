//! [`Queue`]: the elements that nobody has taken yet, and how many of them an engine takes next.

use super::member::Outcome;
use crate::Error;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Elements of the longest piece, about: what is computed again where an engine is lost, and held beside the slice in place.
const LONGEST: usize = 16 << 20;

/// Elements of a cache line: engines do not meet in one where rows do not decide where a piece ends.
const LINE: usize = 16;

/// Results that one engine computes at a time: whole rows, or a part of one row.
pub(super) struct Piece<'out> {
    /// Its first element's place in the slice.
    pub(super) start: usize,
    pub(super) out: &'out mut [f32],
}

impl Piece<'_> {
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }
}

/// One call's work.
pub(super) struct Queue<'out> {
    /// What is to be computed; the last one first.
    stretches: Vec<Piece<'out>>,
    /// Pieces that are being computed.
    at_work: usize,
    /// The engines that take pieces, with their speeds. They change with this call's own pieces only, so that all threads decide
    /// by the same numbers.
    active: Vec<(usize, Option<f64>)>,
    /// Engines that cannot do this.
    pub(super) refusals: Vec<(usize, Error)>,
    /// What is wrong with the call.
    pub(super) error: Option<Error>,
    shortest: usize,
    columns: usize,
}

impl<'out> Queue<'out> {
    pub(super) fn new(out: &'out mut [f32], shortest: usize, columns: usize) -> Self {
        Self {
            stretches: vec![Piece { start: 0, out }],
            at_work: 0,
            active: Vec::new(),
            refusals: Vec::new(),
            error: None,
            shortest,
            columns,
        }
    }

    pub(super) fn enter(&mut self, engine: usize, rate: Option<f64>) {
        self.active.push((engine, rate));
    }

    pub(super) fn leave(&mut self, engine: usize) {
        self.active.retain(|(other, _)| *other != engine);
    }

    pub(super) fn is_done(&self) -> bool {
        self.stretches.is_empty() && self.at_work == 0
    }

    /// The next piece for an engine; `None` where there is none, or where others are done with the rest before it would be.
    pub(super) fn take(&mut self, engine: usize) -> Option<Piece<'out>> {
        let wanted = self.wanted(engine)?;
        let Piece { start, out } = self.stretches.pop()?;
        let (now, rest) = out.split_at_mut(self.cut(start, out.len(), wanted));
        if !rest.is_empty() {
            let start = start + now.len();
            self.stretches.push(Piece { start, out: rest });
        }
        self.at_work += 1;
        Some(Piece { start, out: now })
    }

    /// Gives a piece back: its results are not there.
    pub(super) fn back(&mut self, piece: Piece<'out>) {
        self.stretches.push(piece);
    }

    fn wanted(&self, engine: usize) -> Option<usize> {
        let left: usize = self.stretches.iter().map(Piece::len).sum();
        if self.active.len() <= 1 {
            return Some(left.min(LONGEST));
        }
        let (_, mine) = *self.active.iter().find(|(other, _)| *other == engine)?;
        let Some(mine) = mine else {
            return Some(self.shortest);
        };
        let rates = self.active.iter().filter(|(other, _)| *other != engine);
        let others: f64 = rates.map(|(_, rate)| rate.unwrap_or(mine)).sum();
        let half = left as f64 * mine / (mine + others) / 2.0;
        let wanted = (half as usize).clamp(self.shortest, LONGEST.max(self.shortest));
        let too_late = wanted.min(left) as f64 / mine > left as f64 / others;
        (!too_late || self.fastest() == Some(engine)).then_some(wanted)
    }

    /// The one that leaves nothing to others, so that somebody goes on always.
    fn fastest(&self) -> Option<usize> {
        let rate = |(_, rate): &(usize, Option<f64>)| rate.unwrap_or(f64::INFINITY);
        let first = self.active.first()?;
        let faster =
            self.active.iter().fold(
                first,
                |best, next| {
                    if rate(next) > rate(best) { next } else { best }
                },
            );
        Some(faster.0)
    }

    /// How many of the `len` elements from `start` on make a piece of about the wanted length.
    fn cut(&self, start: usize, len: usize, wanted: usize) -> usize {
        let columns = self.columns;
        let column = start % columns;
        if column == 0 && len >= columns && columns <= wanted.saturating_mul(2) {
            let rows = (wanted.saturating_add(columns / 2) / columns).max(1);
            let rows = if columns == 1 {
                rows.next_multiple_of(LINE)
            } else {
                rows
            };
            let cut = rows.saturating_mul(columns);
            // No piece is worth its way that is shorter than half of the shortest.
            if cut.saturating_add(self.shortest / 2) > len {
                len
            } else {
                cut
            }
        } else {
            let in_row = len.min(columns - column);
            let pieces = in_row.div_ceil(wanted.max(1)).max(1);
            in_row.div_ceil(pieces).next_multiple_of(LINE).min(in_row)
        }
    }
}

/// A queue that several threads take from.
pub(super) struct Shared<'out> {
    pub(super) queue: Mutex<Queue<'out>>,
    pub(super) changed: Condvar,
}

impl<'out> Shared<'out> {
    /// Also after a panic of another thread: nothing panics while it holds the lock.
    pub(super) fn lock(&self) -> MutexGuard<'_, Queue<'out>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next piece for an engine, as soon as there is one; `None` when everything is computed. As long as others compute,
    /// their pieces may come back.
    pub(super) fn next(&self, engine: usize) -> Option<Piece<'out>> {
        let mut queue = self.lock();
        loop {
            let active = queue.active.iter().any(|(other, _)| *other == engine);
            if !active || queue.error.is_some() || queue.is_done() {
                return None;
            }
            if let Some(piece) = queue.take(engine) {
                return Some(piece);
            }
            queue = self
                .changed
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Tells how an engine's piece ended, and how fast the engine is now.
    pub(super) fn ended(
        &self,
        engine: usize,
        piece: Piece<'out>,
        outcome: Outcome,
        rate: Option<f64>,
    ) {
        let mut queue = self.lock();
        queue.at_work -= 1;
        if let Outcome::Done = outcome {
            let mut active = queue.active.iter_mut();
            if let Some((_, known)) = active.find(|(other, _)| *other == engine) {
                *known = rate;
            }
        } else {
            queue.back(piece);
            queue.leave(engine);
        }
        match outcome {
            Outcome::Refused(error) => queue.refusals.push((engine, error)),
            Outcome::Failed(error) => queue.error = Some(queue.error.take().unwrap_or(error)),
            Outcome::Done | Outcome::Lost(_) => {}
        }
        drop(queue);
        self.changed.notify_all();
    }
}
