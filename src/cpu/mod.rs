//! The CPU engine: f32, vectorised for the machine that it runs on, split over threads where that pays.

mod cache;
mod chain;
mod dense;
pub(crate) mod dispatch;
mod lanes;
mod pair;
mod rows;
mod scalar;
mod team;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
#[allow(
    clippy::incompatible_msrv,
    reason = "build.rs leaves the AVX-512 intrinsics out where the compiler is older than they are"
)]
mod x86;

use crate::engine::{Engine, check, check_gradients};
use crate::{Activation, Direction, Error, Function, Result, Step};
pub(crate) use chain::{AroundLoop, around_loops};
pub use dispatch::Isa;
pub(crate) use dispatch::{Loop, Results};
pub(crate) use lanes::{Lanes, ROUNDING};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use team::Team;

/// Computes on the CPU.
///
/// ```
/// use nonlin::{Activation, Engine, cpu::Cpu};
/// let cpu = Cpu::new();
/// let dx = cpu.backward(&Activation::relu(), &[-1.0, 2.0], &[10.0, 10.0])?;
/// assert_eq!(dx, [0.0, 10.0]);
/// # Ok::<(), nonlin::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cpu {
    isa: Isa,
    team: Arc<Team>,
}

/// Elements that a thread takes at a time; what is left of a slow thread's part when the others are done is taken over by them.
const BLOCK: usize = 16 * 1024;

/// Blocks of a thread's part at most: each begins with a look at how its results are aligned, and ends with a wait for those that went past the caches.
const MOST_BLOCKS: usize = 64;

/// Below this number of elements a second thread costs more than it brings.
const THREADS_PAY_FROM: usize = 2 * BLOCK;

impl Default for Cpu {
    fn default() -> Self {
        Self::new()
    }
}

impl Cpu {
    /// The widest instruction set of this machine, and as many threads as it has (`NONLIN_THREADS` sets another number). All
    /// engines made this way share one team of threads.
    pub fn new() -> Self {
        static TEAM: OnceLock<Arc<Team>> = OnceLock::new();
        let team = TEAM.get_or_init(|| {
            let asked = std::env::var("NONLIN_THREADS")
                .ok()
                .and_then(|text| text.trim().parse().ok());
            let threads: usize = asked
                .filter(|&threads| threads > 0)
                .or_else(|| std::thread::available_parallelism().ok().map(Into::into))
                .unwrap_or(1);
            Arc::new(Team::new(threads - 1).unwrap_or_else(|error| {
                log::warn!("computing on one thread: {error}");
                Team::alone()
            }))
        });
        Self {
            isa: Isa::detect(),
            team: Arc::clone(team),
        }
    }

    /// As [`new`](Self::new), with a team of this number of threads, the calling one included.
    ///
    /// # Errors
    /// [`Error::Threads`] for 0 threads, or when the operating system refuses to start them.
    pub fn with_threads(threads: usize) -> Result<Self> {
        let fail = |reason: String| Error::Threads { threads, reason };
        let helpers = threads
            .checked_sub(1)
            .ok_or_else(|| fail("at least one is needed".to_owned()))?;
        let team = Team::new(helpers).map_err(|error| fail(error.to_string()))?;
        Ok(Self {
            isa: Isa::detect(),
            team: Arc::new(team),
        })
    }

    /// The same engine with another instruction set, to compare them.
    ///
    /// # Errors
    /// [`Error::NoSuchAdapter`] when this machine cannot run it.
    pub fn with_isa(mut self, isa: Isa) -> Result<Self> {
        if !Isa::available().contains(&isa) {
            let names: Vec<_> = Isa::available().iter().map(|isa| isa.name()).collect();
            return Err(Error::NoSuchAdapter {
                wanted: format!("instruction set {}", isa.name()),
                available: names.join(", "),
            });
        }
        self.isa = isa;
        Ok(self)
    }

    /// Number of threads that it uses, the calling one included.
    pub fn threads(&self) -> usize {
        self.team.threads()
    }

    /// The instruction set that it uses.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Computes `count` elements; `f` is checked, and `columns` is the length of a row.
    ///
    /// # Safety
    /// As [`Loop`] for the pointers; that the machine has the instructions, `with_isa` and `detect` have seen.
    unsafe fn compute_at(
        &self,
        f: &dyn Function,
        direction: Direction,
        columns: usize,
        operands: Operands,
        count: usize,
    ) -> Result<()> {
        let Some(f) = f.activation() else {
            // SAFETY: the caller's promise.
            return unsafe { self.compute_chain(&f.chain(), direction, columns, operands, count) };
        };
        // SAFETY: the caller's promise.
        unsafe { self.run(f, direction, operands, count) };
        Ok(())
    }

    /// Runs the loop of `f` over `count` elements, on the calling thread and the pool's.
    ///
    /// # Safety
    /// As [`Loop`].
    unsafe fn run(&self, f: &Activation, direction: Direction, operands: Operands, count: usize) {
        let Operands { x, grad, out } = operands;
        let constants = f.constants();
        let work = f.entry().cpu_loop(direction, self.isa);
        if count < THREADS_PAY_FROM {
            // SAFETY: the caller's promise is the one that `Loop` asks for.
            return unsafe { work(x, grad, out, count, &constants, Results::Cached) };
        }
        let threads = self.threads().min(count / BLOCK);
        let slices = 2 + usize::from(direction.takes_grad());
        let touched = count.saturating_mul(slices * size_of::<f32>());
        let results = match out.cast_const() {
            place if place == x || place == grad => Results::Cached,
            _ if touched > cache::room(threads) => Results::Streamed,
            _ => Results::Cached,
        };
        // What the call before left in the caches is worth going backwards for where it is a good part of all: memory is read 5 to 10 % slower
        // backwards, in blocks.
        let room = cache::room(threads);
        let found_again = touched <= room.saturating_add(room / 2);
        let block = (count / (threads * MOST_BLOCKS))
            .next_multiple_of(BLOCK)
            .max(BLOCK);
        let parts =
            Parts::of_blocks(count, threads, block).backwards(found_again && next_goes_backwards());
        let blocks = |thread| {
            let operands = &operands;
            while let Some((start, len)) = parts.take(thread) {
                // SAFETY: `start + len <= count`, and each block is taken by one thread only. `grad` is null where the direction
                // does not read it, so its offset may wrap.
                unsafe {
                    work(
                        operands.x.add(start),
                        operands.grad.wrapping_add(start),
                        operands.out.add(start),
                        len,
                        &constants,
                        results,
                    )
                }
            }
        };
        if threads == 1 {
            blocks(0);
        } else {
            self.team.run(&blocks);
        }
    }
}

/// Every second call takes its blocks from the end to the start: what the one before it touched last is still in the caches, often
/// its results that are the operand now, or the same operand. Always from the start, they would have been pushed out just before.
fn next_goes_backwards() -> bool {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    CALLS.fetch_add(1, Ordering::Relaxed) % 2 == 1
}

/// Elements shared out between threads: each has a part of its own, the same one in every call (its cache may still hold it), and
/// takes over blocks of the others' when it is done.
struct Parts {
    count: usize,
    /// Elements of one part, whole blocks.
    part: usize,
    block: usize,
    backwards: bool,
    /// For each part, how many of its elements are taken.
    taken: Vec<AtomicUsize>,
}

impl Parts {
    fn new(count: usize, threads: usize) -> Self {
        Self::of_blocks(count, threads, BLOCK)
    }

    fn of_blocks(count: usize, threads: usize, block: usize) -> Self {
        let part = count.div_ceil(threads).next_multiple_of(block);
        Self {
            count,
            part,
            block,
            backwards: false,
            taken: (0..threads).map(|_| AtomicUsize::new(0)).collect(),
        }
    }

    /// Whether each part's blocks are taken from its end on.
    fn backwards(self, backwards: bool) -> Self {
        Self { backwards, ..self }
    }

    /// Start and length of the next block for `thread`.
    fn take(&self, thread: usize) -> Option<(usize, usize)> {
        let parts = self.taken.len();
        (0..parts).map(|i| (thread + i) % parts).find_map(|part| {
            let (start, end) = (part * self.part, ((part + 1) * self.part).min(self.count));
            let taken = &self.taken[part];
            if start + taken.load(Ordering::Relaxed) >= end {
                return None;
            }
            let forwards = start + taken.fetch_add(self.block, Ordering::Relaxed);
            if forwards >= end {
                return None;
            }
            let at = if self.backwards {
                let last = start + (end - start - 1) / self.block * self.block;
                last - (forwards - start)
            } else {
                forwards
            };
            Some((at, self.block.min(end - at)))
        })
    }
}

/// Locks, also when a thread panicked while it held the lock: nothing here is left half-done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The pointers of one call, to be shared with the pool's threads. `grad` is null where there is none.
struct Operands {
    x: *const f32,
    grad: *const f32,
    out: *mut f32,
}

// SAFETY: the threads work on disjoint blocks of memory that the caller has borrowed for the whole call.
unsafe impl Sync for Operands {}

/// Checks what every engine checks, and that there is a form of every function for this one.
fn checked(
    f: &dyn Function,
    direction: Direction,
    x: usize,
    grad: Option<usize>,
    out: usize,
) -> Result<usize> {
    let columns = check(f, direction, x, grad, out)?;
    match f.activation() {
        Some(f) => f.require_cpu_form()?,
        None => f.chain().steps().iter().try_for_each(|step| match step {
            Step::Activation(f) => f.require_cpu_form(),
            _ => Ok(()),
        })?,
    }
    Ok(columns)
}

impl Engine for Cpu {
    fn description(&self) -> String {
        let threads = self.threads();
        let plural = if threads == 1 { "" } else { "s" };
        format!("CPU, {}, {threads} thread{plural}", self.isa.name())
    }

    fn compute(
        &self,
        f: &dyn Function,
        direction: Direction,
        x: &[f32],
        grad: Option<&[f32]>,
        out: &mut [f32],
    ) -> Result<()> {
        let columns = checked(f, direction, x.len(), grad.map(<[f32]>::len), out.len())?;
        let operands = Operands {
            x: x.as_ptr(),
            grad: grad.map_or(std::ptr::null(), <[f32]>::as_ptr),
            out: out.as_mut_ptr(),
        };
        // SAFETY: `check` has seen that all slices are of one length.
        unsafe { self.compute_at(f, direction, columns, operands, x.len()) }
    }

    fn compute_in_place(
        &self,
        f: &dyn Function,
        direction: Direction,
        x: &mut [f32],
    ) -> Result<()> {
        let columns = checked(f, direction, x.len(), None, x.len())?;
        let out = x.as_mut_ptr();
        let operands = Operands {
            x: out,
            grad: std::ptr::null(),
            out,
        };
        // SAFETY: the result is exactly the operand.
        unsafe { self.compute_at(f, direction, columns, operands, x.len()) }
    }

    fn backward_in_place(&self, f: &dyn Function, x: &[f32], grad: &mut [f32]) -> Result<()> {
        let (direction, len) = (Direction::Backward, grad.len());
        let columns = checked(f, direction, x.len(), Some(len), len)?;
        let out = grad.as_mut_ptr();
        let operands = Operands {
            x: x.as_ptr(),
            grad: out,
            out,
        };
        // SAFETY: `check` has seen that both slices are of one length, and the result is exactly the gradient.
        unsafe { self.compute_at(f, direction, columns, operands, len) }
    }

    fn gradients_into(
        &self,
        f: &dyn Function,
        x: &[f32],
        grad: &[f32],
        dx: &mut [f32],
        operands: &mut [(usize, &mut [f32])],
    ) -> Result<()> {
        let columns = checked(f, Direction::Backward, x.len(), Some(grad.len()), dx.len())?;
        let chain = f.chain();
        let wanted = operands
            .iter()
            .map(|(operand, into)| (*operand, into.len()));
        check_gradients(&chain, wanted)?;
        self.chain_gradients(&chain, columns, x, grad, dx, operands)
    }
}
