//! What an exhaustive run has done so far, in a file.

use super::Counts;
use super::exhaustive::Range;
use super::fingerprint::Fingerprint;
use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use std::io;

/// How far one function and direction has come.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Progress {
    pub function: String,
    pub direction: String,
    /// The engines' descriptions.
    pub engines: Vec<String>,
    /// What the results depend on.
    pub fingerprint: Fingerprint,
    /// The next step.
    pub next: u64,
    #[serde(flatten)]
    pub counts: Counts,
}

/// The file's content.
#[derive(Debug, Deserialize, Serialize)]
struct Content {
    first: u32,
    inputs: u64,
    jobs: Vec<Progress>,
}

/// The state of a run, in a file or nowhere.
pub struct State {
    path: Option<String>,
    content: Content,
}

impl State {
    /// Reads the file, where there is one.
    ///
    /// # Errors
    /// When it cannot be read, or was written for other inputs.
    pub fn open(path: Option<&str>, range: &Range) -> Result<Self, Failure> {
        let mut state = Self {
            path: path.map(str::to_owned),
            content: Content {
                first: range.first(),
                inputs: range.inputs(),
                jobs: Vec::new(),
            },
        };
        let Some(path) = path else {
            return Ok(state);
        };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(state),
            Err(error) => return Err(Failure::with_path(path, &error)),
        };
        let found: Content = serde_json::from_str(&text)
            .map_err(|error| Failure::Failed(format!("{path}: no state of a check: {error}")))?;
        if (found.first, found.inputs) != (range.first(), range.inputs()) {
            let text = format!("{path}: written for other inputs; delete it, or name another file");
            return Err(Failure::Failed(text));
        }
        state.content = found;
        Ok(state)
    }

    /// Whether there is a file.
    pub fn is_kept(&self) -> bool {
        self.path.is_some()
    }

    /// Where a job stands, and, where it was begun but has to begin again, what has changed since.
    pub fn progress(&self, start: Progress) -> (Progress, Vec<&'static str>) {
        let jobs = &self.content.jobs;
        match jobs.iter().find(|known| known.is_same(&start)) {
            Some(known) if known.fingerprint == start.fingerprint => (known.clone(), Vec::new()),
            Some(known) => {
                let changed = known.fingerprint.differences(&start.fingerprint);
                (start, changed)
            }
            None => (start, Vec::new()),
        }
    }

    /// Keeps where a job stands. The file is replaced as a whole, so a run that is stopped at any moment leaves a good one.
    pub fn save(&mut self, progress: &Progress) -> Result<(), Failure> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let jobs = &mut self.content.jobs;
        match jobs.iter_mut().find(|known| known.is_same(progress)) {
            Some(known) => known.clone_from(progress),
            None => jobs.push(progress.clone()),
        }
        let new = format!("{path}.new");
        let with_path = |error: io::Error| Failure::with_path(path, &error);
        std::fs::write(&new, serde_json::to_vec(&self.content)?).map_err(with_path)?;
        std::fs::rename(&new, path).map_err(with_path)
    }
}

impl Progress {
    fn is_same(&self, other: &Self) -> bool {
        let key = |p: &Self| (p.function.clone(), p.direction.clone(), p.engines.clone());
        key(self) == key(other) && self.counts.tallies.len() == other.counts.tallies.len()
    }
}
