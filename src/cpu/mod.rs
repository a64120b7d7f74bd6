//! The CPU engine: f32, vectorised for the machine that it runs on, split over threads where that pays.

pub(crate) mod dispatch;
mod lanes;
mod scalar;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

use crate::engine::{Engine, check};
use crate::{Activation, Direction, Error, Result};
pub use dispatch::Isa;
pub(crate) use dispatch::Loop;
pub(crate) use lanes::Lanes;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    threads: usize,
    /// A pool of its own where the number of threads was asked for, else rayon's global one.
    pool: Option<Arc<rayon::ThreadPool>>,
}

/// Elements that one thread takes at a time: 256 KiB of input and output together stay in the second-level cache, and two
/// threads that run at different speeds still end together.
const BLOCK: usize = 32 * 1024;

/// Below this number of elements a second thread costs more than it brings.
const THREADS_PAY_FROM: usize = 2 * BLOCK;

impl Default for Cpu {
    fn default() -> Self {
        Self::new()
    }
}

impl Cpu {
    /// The widest instruction set of this machine, and as many threads as rayon's global pool has (`RAYON_NUM_THREADS`).
    pub fn new() -> Self {
        Self {
            isa: Isa::detect(),
            threads: rayon::current_num_threads(),
            pool: None,
        }
    }

    /// As [`new`](Self::new), with this number of threads, the calling one included.
    ///
    /// # Errors
    /// [`Error::Threads`] for 0 threads, or when the operating system refuses to start them.
    pub fn with_threads(threads: usize) -> Result<Self> {
        let fail = |reason: String| Error::Threads { threads, reason };
        if threads == 0 {
            return Err(fail("at least one is needed".to_owned()));
        }
        let pool = match threads {
            1 => None,
            _ => {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(threads - 1)
                    .build();
                Some(Arc::new(pool.map_err(|error| fail(error.to_string()))?))
            }
        };
        Ok(Self {
            isa: Isa::detect(),
            threads,
            pool,
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
        self.threads
    }

    /// The instruction set that it uses.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Runs the loop of `f` over `count` elements, on the calling thread and the pool's.
    ///
    /// # Safety
    /// As [`Loop`].
    unsafe fn run(
        &self,
        f: &Activation,
        direction: Direction,
        x: *const f32,
        grad: *const f32,
        out: *mut f32,
        count: usize,
    ) {
        let constants = f.constants();
        let work = f.entry().cpu_loop(direction, self.isa);
        if self.threads == 1 || count < THREADS_PAY_FROM {
            // SAFETY: the caller's promise is the one that `Loop` asks for.
            return unsafe { work(x, grad, out, count, &constants) };
        }
        let operands = Operands { x, grad, out };
        let next = AtomicUsize::new(0);
        let take_blocks = || {
            let operands = &operands;
            loop {
                let start = next.fetch_add(BLOCK, Ordering::Relaxed);
                if start >= count {
                    return;
                }
                let len = BLOCK.min(count - start);
                // SAFETY: `start + len <= count`, and each block is taken by one thread only. `grad` is dangling where the
                // direction does not read it, so its offset may wrap.
                unsafe {
                    work(
                        operands.x.add(start),
                        operands.grad.wrapping_add(start),
                        operands.out.add(start),
                        len,
                        &constants,
                    )
                }
            }
        };
        let helpers = (self.threads - 1).min(count.div_ceil(BLOCK) - 1);
        match &self.pool {
            Some(pool) => pool.in_place_scope(|scope| share(scope, helpers, &take_blocks)),
            None => rayon::in_place_scope(|scope| share(scope, helpers, &take_blocks)),
        }
    }
}

/// Runs `work` on this thread and on `helpers` others.
fn share<'scope>(scope: &rayon::Scope<'scope>, helpers: usize, work: &'scope (dyn Fn() + Sync)) {
    for _ in 0..helpers {
        scope.spawn(move |_| work());
    }
    work();
}

/// The pointers of one call, to be shared with the pool's threads.
struct Operands {
    x: *const f32,
    grad: *const f32,
    out: *mut f32,
}

// SAFETY: the threads work on disjoint blocks of memory that the caller has borrowed for the whole call.
unsafe impl Sync for Operands {}

impl Engine for Cpu {
    fn description(&self) -> String {
        let plural = if self.threads == 1 { "" } else { "s" };
        format!("CPU, {}, {} thread{plural}", self.isa.name(), self.threads)
    }

    fn compute(
        &self,
        f: &Activation,
        direction: Direction,
        x: &[f32],
        grad: Option<&[f32]>,
        out: &mut [f32],
    ) -> Result<()> {
        check(f, direction, x.len(), grad.map(<[f32]>::len), out.len())?;
        let grad = grad.map_or(std::ptr::null(), <[f32]>::as_ptr);
        // SAFETY: `check` has seen that all slices are of one length; `with_isa` and `detect` that the instructions exist.
        unsafe { self.run(f, direction, x.as_ptr(), grad, out.as_mut_ptr(), x.len()) };
        Ok(())
    }

    fn compute_in_place(&self, f: &Activation, direction: Direction, x: &mut [f32]) -> Result<()> {
        check(f, direction, x.len(), None, x.len())?;
        let data = x.as_mut_ptr();
        // SAFETY: as in `compute`; the result is exactly the operand, which `Loop` allows.
        unsafe { self.run(f, direction, data, std::ptr::null(), data, x.len()) };
        Ok(())
    }
}
