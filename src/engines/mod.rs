//! [`Engines`]: several engines that share one slice.

mod job;
mod member;
mod queue;
#[cfg(test)]
mod tests;

use crate::engine::{Engine, check, check_gradients};
use crate::{Direction, Error, Function, Gpu, Result};
use job::Job;
pub use member::Share;
use member::{Member, Outcome, attempt};
use queue::{Queue, Shared};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

/// Elements of the shortest piece, unless [`Engines::min_piece`] says otherwise: less costs a GPU its round trip and little else.
const PIECE: usize = 64 * 1024;

/// Several engines as one: all GPUs of a machine, the CPU beside a GPU, or two contexts of one adapter.
///
/// ```
/// use nonlin::{Activation, Engine, Engines, cpu::Cpu};
/// let engines = Engines::new([nonlin::engine()?.into()])?.and(Cpu::with_threads(1)?);
/// let y = engines.forward(&Activation::relu(), &vec![-1.0; 1 << 20])?;
/// assert!(y.iter().all(|&y| y == 0.0));
/// let done: u64 = engines.shares().iter().map(|share| share.elements).sum();
/// assert_eq!(done, 1 << 20);
/// # Ok::<(), nonlin::Error>(())
/// ```
///
/// **Who computes what.** A slice is taken piece by piece, each engine on a thread of its own for as long as the call lasts. How many elements
/// an engine computes in a second is measured with every piece; its next one is half of its share, by these speeds, of what is left, so that the
/// pieces become shorter towards the end. A piece has 65,536 elements at least ([`min_piece`](Self::min_piece)) and about 16 Mi at most; it
/// is whole rows of the operands, or a part of one row. An engine that is not measured yet begins with two of the shortest, of
/// which the first does not count: kernels are compiled for it. Near the end a slow engine leaves the rest to the others where they are done
/// with it sooner; one that got nothing in 64 calls is measured again.
///
/// A slice of less than two of the shortest pieces goes to the engine whose measured speed promises the shortest time, on the calling
/// thread; one that is not measured yet is tried first.
///
/// **Results** keep the same contract as those of one engine. Who computed an element may differ from call to call, and with it the element's bits
/// within the contract; with engines that compute alike they do not. The gradients of operands in memory are sums over all elements and have
/// the same bits in every run: [`gradients`](Engine::gradients) that asks for any is computed whole by the first engine that is not lost.
///
/// **An engine that is lost** ([`Error::DeviceLost`], [`Error::OutOfMemory`], or a panic in it) is not used again; the others
/// compute its piece once more, and [`shares`](Self::shares) has the reason. One that cannot compute a function ([`Error::NoCpuForm`]) or
/// whose device refuses an operation ([`Error::Gpu`]) is left out of that call only. Any other error is one of the call, and is returned.
/// In place, a piece's results are written elsewhere first and copied when they are whole, so that the piece can be computed again.
///
/// Functions of rows and dense layers are not shared: they go to a [`Gpu`] or the CPU engine themselves.
#[derive(Debug)]
pub struct Engines {
    members: Vec<Member>,
    piece: usize,
}

/// How to get one, and what it did.
impl Engines {
    /// Shares work between these.
    ///
    /// # Errors
    /// [`Error::NoEngine`] where there is none.
    pub fn new(engines: impl IntoIterator<Item = Arc<dyn Engine>>) -> Result<Self> {
        let members: Vec<Member> = engines.into_iter().map(Member::new).collect();
        if members.is_empty() {
            return Err(Error::NoEngine {
                reasons: Vec::new(),
            });
        }
        Ok(Self {
            members,
            piece: PIECE,
        })
    }

    /// Shares work between all hardware GPUs of this machine, or where there is none, between all software adapters: those that are
    /// reached through the same interface as the best one, because other interfaces have the same devices once more.
    /// `NONLIN_ADAPTER` and `WGPU_BACKEND` are honoured.
    ///
    /// ```no_run
    /// use nonlin::{Engines, cpu::Cpu};
    /// let engines = Engines::gpus()?.and(Cpu::new());
    /// # Ok::<(), nonlin::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Gpu::new`], where no adapter can be opened. One of several that cannot be is logged and left out.
    pub fn gpus() -> Result<Self> {
        let engine = |gpu: Gpu| -> Arc<dyn Engine> { Arc::new(gpu) };
        Self::new(Gpu::for_engines()?.into_iter().map(engine))
    }

    /// With one more engine.
    #[must_use]
    pub fn and(mut self, engine: impl Engine + 'static) -> Self {
        self.members.push(Member::new(Arc::new(engine)));
        self
    }

    /// Elements of the shortest piece, 65,536 by default; at least 1. Slices of less than two of them are not shared. A test
    /// can share with little data.
    #[must_use]
    pub fn min_piece(mut self, elements: usize) -> Self {
        self.piece = elements.max(1);
        self
    }

    /// What each engine did so far, in the order in which they were given.
    pub fn shares(&self) -> Vec<Share> {
        self.members.iter().map(Member::share).collect()
    }

    /// Those that are not lost.
    fn living(&self) -> impl Iterator<Item = (usize, &Member)> {
        let all = self.members.iter().enumerate();
        all.filter(|(_, member)| member.lost().is_none())
    }
}

/// The way of a call.
impl Engines {
    fn compute_job(&self, job: &Job<'_>, out: &mut [f32]) -> Result<()> {
        let shared = Shared {
            queue: Mutex::new(Queue::new(out, self.piece, job.columns())),
            changed: Condvar::new(),
        };
        let mut refusals = Vec::new();
        // Each round ends the work or leaves an engine out of the next.
        loop {
            let refused = |place| -> bool { refusals.iter().any(|(member, _)| *member == place) };
            let mut able: Vec<(usize, &Member)> = self
                .living()
                .filter(|(place, _)| !refused(*place))
                .collect();
            if able.is_empty() {
                return Err(self.nobody(refusals));
            }
            if job.len() < self.piece.saturating_mul(2) {
                let seconds = |(_, member): &(usize, &Member)| member.predict(job.len());
                let fastest = able
                    .iter()
                    .copied()
                    .min_by(|a, b| seconds(a).total_cmp(&seconds(b)));
                able = fastest.into_iter().collect();
            }
            self.round(job, &able, &shared);
            let mut queue = shared.lock();
            if let Some(error) = queue.error.take() {
                return Err(error);
            }
            if queue.is_done() {
                return Ok(());
            }
            refusals.append(&mut queue.refusals);
        }
    }

    /// Lets these take pieces until there are none.
    fn round(&self, job: &Job<'_>, able: &[(usize, &Member)], shared: &Shared<'_>) {
        let mut before = Vec::new();
        for (place, member) in able {
            shared.lock().enter(*place, member.rate());
            before.push(member.pieces());
        }
        std::thread::scope(|scope| {
            let Some((first, others)) = able.split_first() else {
                return;
            };
            for &(place, member) in others {
                let work = move || self.work(job, place, member, shared);
                let thread = std::thread::Builder::new().name("nonlin engine".to_owned());
                if let Err(error) = thread.spawn_scoped(scope, work) {
                    log::warn!("{} has no thread: {error}", member.description());
                    shared.lock().leave(place);
                    // Somebody may have left the rest to it.
                    shared.changed.notify_all();
                }
            }
            self.work(job, first.0, first.1, shared);
        });
        if able.len() > 1 {
            for ((_, member), before) in able.iter().zip(before) {
                member.took_part(member.pieces() > before);
            }
        }
    }

    /// What one engine's thread does.
    fn work(&self, job: &Job<'_>, place: usize, member: &Member, shared: &Shared<'_>) {
        let mut scratch = Vec::new();
        while let Some(mut piece) = shared.next(place) {
            let begin = Instant::now();
            let outcome = attempt(|| job.run(member.engine(), &mut piece, &mut scratch));
            let seconds = begin.elapsed().as_secs_f64();
            if let Outcome::Done = outcome {
                member.did(piece.len(), seconds, piece.len() >= self.piece / 2);
            } else if let Outcome::Lost(reason) = &outcome {
                member.lose(reason);
            }
            shared.ended(place, piece, outcome, member.rate());
        }
    }

    /// Why nobody can go on.
    fn nobody(&self, mut refusals: Vec<(usize, Error)>) -> Error {
        let mut reasons: Vec<(String, String)> = self
            .members
            .iter()
            .filter_map(|member| Some((member.description(), member.lost()?)))
            .collect();
        // Where nobody is lost it is as with one engine.
        if reasons.is_empty() && !refusals.is_empty() {
            return refusals.swap_remove(0).1;
        }
        let refused = refusals.iter().filter_map(|(place, error)| {
            Some((self.members.get(*place)?.description(), error.to_string()))
        });
        reasons.extend(refused);
        Error::NoEngine { reasons }
    }
}

impl Engine for Engines {
    fn description(&self) -> String {
        let all: Vec<String> = self.members.iter().map(Member::description).collect();
        format!("{} engines: {}", all.len(), all.join("; "))
    }

    fn compute(
        &self,
        f: &dyn Function,
        direction: Direction,
        x: &[f32],
        grad: Option<&[f32]>,
        out: &mut [f32],
    ) -> Result<()> {
        let columns = check(f, direction, x.len(), grad.map(<[f32]>::len), out.len())?;
        let job = Job::new(f, direction, Some(x), grad, out.len(), columns)?;
        self.compute_job(&job, out)
    }

    fn compute_in_place(
        &self,
        f: &dyn Function,
        direction: Direction,
        x: &mut [f32],
    ) -> Result<()> {
        let columns = check(f, direction, x.len(), None, x.len())?;
        let job = Job::new(f, direction, None, None, x.len(), columns)?;
        self.compute_job(&job, x)
    }

    fn gradients_into(
        &self,
        f: &dyn Function,
        x: &[f32],
        grad: &[f32],
        dx: &mut [f32],
        operands: &mut [(usize, &mut [f32])],
    ) -> Result<()> {
        if operands.is_empty() {
            return self.compute(f, Direction::Backward, x, Some(grad), dx);
        }
        check(f, Direction::Backward, x.len(), Some(grad.len()), dx.len())?;
        let wanted = operands
            .iter()
            .map(|(operand, into)| (*operand, into.len()));
        check_gradients(&f.chain(), wanted)?;
        let mut refusals = Vec::new();
        // One engine does it all: the bits of a sum may not depend on who is how fast today.
        for (place, member) in self.living() {
            let begin = Instant::now();
            match attempt(|| member.engine().gradients_into(f, x, grad, dx, operands)) {
                Outcome::Done => {
                    member.did_gradients(x.len(), begin.elapsed().as_secs_f64());
                    return Ok(());
                }
                Outcome::Lost(reason) => member.lose(&reason),
                Outcome::Refused(error) => refusals.push((place, error)),
                Outcome::Failed(error) => return Err(error),
            }
        }
        Err(self.nobody(refusals))
    }
}
