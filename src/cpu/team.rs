//! A team of threads that takes up a piece of work within a microsecond and never makes its caller wait for one that sleeps.
//!
//! rayon's scopes were measured first: a relu over 1,048,576 elements took 0.10 ms with them and takes half of that here,
//! because a caller outside rayon's pool sleeps until the last job ends, and is woken by the operating system.

use super::lock;
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

/// What all threads of a team run at once; it is told which of them it runs on, 0 being the caller.
type Work<'a> = &'a (dyn Fn(usize) + Sync);

/// How often an idle helper looks for work before it goes to sleep: about 50 µs.
const LOOKS_BEFORE_SLEEP: usize = 20_000;

/// Most helpers that a team can have: more is a slip of the keyboard.
const MOST_HELPERS: usize = 4095;

/// Bit of `Shared::members` that says that helpers may join.
const OPEN: usize = 1;
/// What one helper adds to `Shared::members`.
const MEMBER: usize = 2;

/// Helpers beside the calling thread.
#[derive(Debug)]
pub(super) struct Team {
    shared: Arc<Shared>,
    helpers: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    /// Held by the caller whose work the team does.
    caller: Mutex<()>,
    /// Counts the pieces of work.
    epoch: AtomicUsize,
    /// [`OPEN`], and [`MEMBER`] for each helper that is at work.
    members: AtomicUsize,
    work: UnsafeCell<Option<Work<'static>>>,
    stop: AtomicBool,
    /// Helpers that sleep or are about to.
    sleepers: AtomicUsize,
    bed: Mutex<()>,
    wake: Condvar,
}

// SAFETY: `work` is written only by the holder of `caller` while `members` is 0, and read only by helpers that are counted in
// `members`, which they enter by an acquire operation after the release that opened it.
unsafe impl Sync for Shared {}
// SAFETY: as above; the reference inside is to something `Sync`.
unsafe impl Send for Shared {}

impl Team {
    /// The calling thread only.
    pub(super) fn alone() -> Self {
        let shared = Arc::new(Shared {
            caller: Mutex::new(()),
            epoch: AtomicUsize::new(0),
            members: AtomicUsize::new(0),
            work: UnsafeCell::new(None),
            stop: AtomicBool::new(false),
            sleepers: AtomicUsize::new(0),
            bed: Mutex::new(()),
            wake: Condvar::new(),
        });
        Self {
            shared,
            helpers: Vec::new(),
        }
    }

    /// Starts the helpers.
    pub(super) fn new(helpers: usize) -> std::io::Result<Self> {
        if helpers > MOST_HELPERS {
            let reason = format!("at most {} are allowed", MOST_HELPERS + 1);
            return Err(std::io::Error::other(reason));
        }
        let mut team = Self::alone();
        for index in 1..=helpers {
            let shared = Arc::clone(&team.shared);
            let thread = std::thread::Builder::new().name(format!("nonlin {index}"));
            team.helpers.push(thread.spawn(move || shared.help(index))?);
        }
        Ok(team)
    }

    /// Number of threads, the calling one included.
    pub(super) fn threads(&self) -> usize {
        self.helpers.len() + 1
    }

    /// Runs `work` on the calling thread and on every helper that comes in time; the work has to share itself out between
    /// however many take part, and stand a helper that comes twice. While another thread uses the team it runs on the calling thread alone.
    pub(super) fn run(&self, work: Work<'_>) {
        let shared = &*self.shared;
        let Ok(_caller) = shared.caller.try_lock() else {
            return work(0);
        };
        // SAFETY: no helper is at work (`close` has waited for them), and no other caller holds the lock. The lifetime is cut off
        // again before this function ends: `close` waits for every helper that has taken the reference.
        unsafe { *shared.work.get() = Some(std::mem::transmute::<Work<'_>, Work<'static>>(work)) };
        shared.members.store(OPEN, Ordering::Release);
        shared.epoch.fetch_add(1, Ordering::SeqCst);
        if shared.sleepers.load(Ordering::SeqCst) > 0 {
            let _bed = lock(&shared.bed);
            shared.wake.notify_all();
        }
        let close = Close(shared);
        work(0);
        drop(close);
    }
}

/// Closes the team to latecomers and waits for those at work, also when the caller's own share panics.
struct Close<'a>(&'a Shared);

impl Drop for Close<'_> {
    fn drop(&mut self) {
        self.0.members.fetch_and(!OPEN, Ordering::AcqRel);
        let mut looks = 0_usize;
        while self.0.members.load(Ordering::Acquire) != 0 {
            looks += 1;
            if looks > LOOKS_BEFORE_SLEEP {
                std::thread::yield_now()
            } else {
                std::hint::spin_loop()
            }
        }
    }
}

impl Shared {
    fn help(&self, index: usize) {
        let mut seen = 0;
        while !self.stop.load(Ordering::Acquire) {
            let epoch = self.epoch.load(Ordering::Acquire);
            if epoch == seen {
                self.wait_beyond(seen);
                continue;
            }
            seen = epoch;
            if self.join() {
                let _leave = Leave(self);
                // SAFETY: this helper is counted in `members`.
                if let Some(work) = unsafe { *self.work.get() } {
                    work(index);
                }
            }
        }
    }

    /// Counts this helper in, unless the work is over.
    fn join(&self) -> bool {
        self.members
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |members| {
                (members & OPEN != 0).then_some(members + MEMBER)
            })
            .is_ok()
    }

    /// Returns when there may be new work: looks for a while, then sleeps.
    fn wait_beyond(&self, seen: usize) {
        for _ in 0..LOOKS_BEFORE_SLEEP {
            if self.epoch.load(Ordering::Relaxed) != seen {
                return;
            }
            std::hint::spin_loop();
        }
        let mut bed = lock(&self.bed);
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        while self.epoch.load(Ordering::SeqCst) == seen && !self.stop.load(Ordering::SeqCst) {
            bed = self
                .wake
                .wait(bed)
                .unwrap_or_else(|poisoned| poisoned.into_inner());
        }
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Leave<'a>(&'a Shared);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.members.fetch_sub(MEMBER, Ordering::Release);
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        {
            let _bed = lock(&self.shared.bed);
            self.shared.wake.notify_all();
        }
        for helper in self.helpers.drain(..) {
            // A helper that panicked has said so; there is nothing to add.
            let _ = helper.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_share_is_done_exactly_once() {
        let team = Team::new(3).unwrap();
        for round in 0..2_000 {
            let (next, sum) = (AtomicUsize::new(0), AtomicUsize::new(0));
            team.run(&|_| {
                loop {
                    let share = next.fetch_add(1, Ordering::Relaxed);
                    if share >= 100 {
                        return;
                    }
                    sum.fetch_add(share, Ordering::Relaxed);
                }
            });
            assert_eq!(sum.into_inner(), 4950, "round {round}");
            if round % 500 == 0 {
                // Long enough for the helpers to fall asleep.
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        }
    }

    #[test]
    fn two_callers_share_a_team() {
        let team = Team::new(1).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let calls = AtomicUsize::new(0);
                        team.run(&|_| {
                            calls.fetch_add(1, Ordering::Relaxed);
                        });
                        // A helper that was late for the other caller's work may come to this one's twice.
                        assert!((1..=3).contains(&calls.into_inner()));
                    }
                });
            }
        });
    }
}
