//! [`Member`]: one engine of several, with what is known of its speed, and whether it is lost.

use crate::engine::Engine;
use crate::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Seconds of work after which a speed that is no longer reached is mostly forgotten.
const MEMORY_SECONDS: f64 = 0.25;

/// Calls without a piece after which an engine is tried again.
const IDLE_CALLS: u32 = 64;

/// What one of several engines did; from [`Engines::shares`](crate::Engines::shares).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Share {
    /// The engine, in words.
    pub description: String,
    /// Elements that it computed.
    pub elements: u64,
    /// Pieces that these came in.
    pub pieces: u64,
    /// Seconds that this took.
    pub seconds: f64,
    /// Its speed, by which the next piece is measured out; `None` before the second one.
    pub elements_per_second: Option<f64>,
    /// Why it is not used any more.
    pub lost: Option<String>,
}

/// One engine of several.
pub(super) struct Member {
    engine: Arc<dyn Engine>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pace: Pace,
    /// Calls in a row that it got no piece of.
    idle: u32,
    elements: u64,
    pieces: u64,
    seconds: f64,
    lost: Option<String>,
}

impl Member {
    pub(super) fn new(engine: Arc<dyn Engine>) -> Self {
        Self {
            engine,
            state: Mutex::default(),
        }
    }

    pub(super) fn engine(&self) -> &dyn Engine {
        &*self.engine
    }

    pub(super) fn description(&self) -> String {
        self.engine.description()
    }

    /// Also after a panic elsewhere: the state is whole at every moment.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why it is lost, if it is.
    pub(super) fn lost(&self) -> Option<String> {
        self.state().lost.clone()
    }

    pub(super) fn lose(&self, reason: &str) {
        log::warn!("{} is not used any more: {reason}", self.description());
        self.state().lost.get_or_insert_with(|| reason.to_owned());
    }

    /// Elements a second, once that is measured.
    pub(super) fn rate(&self) -> Option<f64> {
        self.state().pace.rate
    }

    /// Seconds that so many elements will take; none where nothing is known, so that it is tried.
    pub(super) fn predict(&self, elements: usize) -> f64 {
        self.state().pace.predict(elements)
    }

    /// Counts a piece; `tells` as in [`Pace::measured`].
    pub(super) fn did(&self, elements: usize, seconds: f64, tells: bool) {
        self.state().pace.measured(elements, seconds, tells);
        self.did_gradients(elements, seconds);
    }

    /// Counts work that says nothing about the speed of pieces.
    pub(super) fn did_gradients(&self, elements: usize, seconds: f64) {
        let mut state = self.state();
        state.elements += elements as u64;
        state.pieces += 1;
        state.seconds += seconds;
    }

    /// Pieces so far.
    pub(super) fn pieces(&self) -> u64 {
        self.state().pieces
    }

    /// Tells whether it got a piece in a call that was shared. After many without any, its speed counts as unknown: it may have been
    /// slow for a time only.
    pub(super) fn took_part(&self, part: bool) {
        let mut state = self.state();
        state.idle = if part { 0 } else { state.idle + 1 };
        if state.idle >= IDLE_CALLS {
            state.idle = 0;
            state.pace.rate = None;
        }
    }

    pub(super) fn share(&self) -> Share {
        let state = self.state();
        Share {
            description: self.description(),
            elements: state.elements,
            pieces: state.pieces,
            seconds: state.seconds,
            elements_per_second: state.pace.rate,
            lost: state.lost.clone(),
        }
    }
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Member").field(&self.share()).finish()
    }
}

/// How fast an engine is.
///
/// The first piece does not count: kernels are compiled for it, and an engine that is thought a thousand times slower than it is would
/// get no second one. A higher speed counts at once: what is measured too low is usually another kernel that was compiled, or a
/// short piece that was mostly the way to the device. A lower one counts the more, the longer it lasts.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Whether there was a first piece.
    warm: bool,
    /// Elements a second; of pieces that are long enough to tell.
    pub(super) rate: Option<f64>,
    /// The shortest time that any piece took: about what the way to the device and back takes.
    shortest: Option<f64>,
}

impl Pace {
    /// `tells` says whether the piece is long enough to tell the speed.
    pub(super) fn measured(&mut self, elements: usize, seconds: f64, tells: bool) {
        if elements == 0 || !std::mem::replace(&mut self.warm, true) {
            return;
        }
        // A clock may be too coarse to see a short piece.
        let seconds = seconds.max(1e-8);
        self.shortest = Some(self.shortest.map_or(seconds, |known| known.min(seconds)));
        if tells {
            let now = elements as f64 / seconds;
            let weight = seconds / (seconds + MEMORY_SECONDS);
            self.rate = Some(match self.rate {
                Some(before) => now.max(before + weight * (now - before)),
                None => now,
            });
        }
    }

    /// Seconds that so many elements will take; none where nothing is known.
    pub(super) fn predict(&self, elements: usize) -> f64 {
        let way = self.shortest.unwrap_or(0.0);
        self.rate
            .map_or(way, |rate| way.max(elements as f64 / rate))
    }
}

/// How an attempt ended.
pub(super) enum Outcome {
    Done,
    /// The engine is lost.
    Lost(String),
    /// The engine cannot do this.
    Refused(Error),
    /// It is the call that is wrong.
    Failed(Error),
}

/// Tries to compute.
pub(super) fn attempt(work: impl FnOnce() -> Result<()>) -> Outcome {
    // What a panic leaves behind are results that are computed again.
    let error = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => return Outcome::Done,
        Ok(Err(error)) => error,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            return Outcome::Lost(format!("it panicked: {}", text.unwrap_or("without a text")));
        }
    };
    match error {
        Error::DeviceLost { .. } | Error::OutOfMemory { .. } | Error::NoEngine { .. } => {
            Outcome::Lost(error.to_string())
        }
        Error::Gpu { .. } | Error::NoCpuForm { .. } => Outcome::Refused(error),
        error => Outcome::Failed(error),
    }
}
