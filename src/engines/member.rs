//! [`Member`]: one engine of several, with what is known of its speed, and whether it is lost.

use crate::engine::Engine;
use crate::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Seconds of work after which a speed that is no longer reached is mostly forgotten.
const MEMORY_SECONDS: f64 = 0.25;

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
    /// Its speed, by which the next piece is measured out; `None` before the first one.
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

    /// Counts a piece.
    pub(super) fn did(&self, elements: usize, seconds: f64) {
        self.state().pace.measured(elements, seconds);
        self.did_gradients(elements, seconds);
    }

    /// Counts work that says nothing about the speed of pieces.
    pub(super) fn did_gradients(&self, elements: usize, seconds: f64) {
        let mut state = self.state();
        state.elements += elements as u64;
        state.pieces += 1;
        state.seconds += seconds;
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
/// A higher speed counts at once: what is measured too low is usually a kernel that was compiled, or a short piece that was mostly
/// the way to the device. A lower one counts the more, the longer it lasts.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Elements a second.
    pub(super) rate: Option<f64>,
    /// The shortest time that any piece took: about what the way to the device and back takes.
    shortest: f64,
}

impl Pace {
    pub(super) fn measured(&mut self, elements: usize, seconds: f64) {
        if elements == 0 {
            return;
        }
        // A clock may be too coarse to see a short piece.
        let seconds = seconds.max(1e-8);
        let now = elements as f64 / seconds;
        let Some(before) = self.rate else {
            (self.rate, self.shortest) = (Some(now), seconds);
            return;
        };
        let weight = seconds / (seconds + MEMORY_SECONDS);
        self.rate = Some(now.max(before + weight * (now - before)));
        self.shortest = self.shortest.min(seconds);
    }

    pub(super) fn predict(&self, elements: usize) -> f64 {
        self.rate
            .map_or(0.0, |rate| self.shortest.max(elements as f64 / rate))
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
