//! Engines made for the test: they count what they compute, fail when they are told to, and wait for each other.

use nonlin::cpu::Cpu;
use nonlin::{Activation, Chain, Direction, Engine, Engines, Error, Function, Result};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

type Claim = (&'static str, fn() -> Result<()>);

/// The claims that need no adapter.
pub const CLAIMS: &[Claim] = &[
    (
        "every_element_is_computed_once",
        every_element_is_computed_once,
    ),
    (
        "a_failed_piece_is_computed_again",
        a_failed_piece_is_computed_again,
    ),
    (
        "an_engine_that_waits_gets_the_smaller_share",
        an_engine_that_waits_gets_the_smaller_share,
    ),
    ("the_last_piece_may_come_back", the_last_piece_may_come_back),
    (
        "errors_of_the_call_are_returned",
        errors_of_the_call_are_returned,
    ),
    ("no_engines_are_an_error", no_engines_are_an_error),
    ("threads_share_one", threads_share_one),
];

const PIECE: usize = 64;
const LEN: usize = 100 * PIECE + 5;

/// How often each element was computed: it is its own place.
struct Counts(Vec<AtomicU32>);

impl Counts {
    fn new() -> Arc<Self> {
        Arc::new(Self((0..LEN).map(|_| AtomicU32::new(0)).collect()))
    }

    fn take(&self) -> Vec<u32> {
        self.0
            .iter()
            .map(|count| count.swap(0, Ordering::Relaxed))
            .collect()
    }
}

#[derive(Clone, Copy)]
enum End {
    DeviceLost,
    OutOfMemory,
    Panic,
}

/// What a fake waits for before it computes.
type Gate = Arc<(Mutex<usize>, Condvar)>;

struct Fake {
    name: &'static str,
    counts: Arc<Counts>,
    /// After so many pieces.
    end: Option<(usize, End)>,
    pieces: AtomicUsize,
    /// Elements that are computed, by anybody.
    done: Gate,
    /// It computes only when so many are.
    waits_for: usize,
}

impl Fake {
    fn new(name: &'static str, counts: &Arc<Counts>) -> Self {
        Self {
            name,
            counts: counts.clone(),
            end: None,
            pieces: AtomicUsize::new(0),
            done: Gate::default(),
            waits_for: 0,
        }
    }

    fn ends(mut self, after: usize, end: End) -> Self {
        self.end = Some((after, end));
        self
    }

    fn waits(mut self, done: &Gate, waits_for: usize) -> Self {
        (self.done, self.waits_for) = (done.clone(), waits_for);
        self
    }
}

impl Engine for Fake {
    fn description(&self) -> String {
        self.name.to_owned()
    }

    fn compute(
        &self,
        f: &dyn Function,
        direction: Direction,
        x: &[f32],
        grad: Option<&[f32]>,
        out: &mut [f32],
    ) -> Result<()> {
        let (done, changed) = &*self.done;
        let done = done.lock().unwrap();
        let mut done = changed
            .wait_while(done, |done| *done < self.waits_for)
            .unwrap();
        *done += x.len();
        changed.notify_all();
        drop(done);
        let piece = self.pieces.fetch_add(1, Ordering::Relaxed);
        if let Some((_, end)) = self.end.filter(|(after, _)| piece >= *after) {
            // Half of the results are there, and wrong.
            out[..x.len() / 2].fill(f32::NAN);
            let reason = format!("{} ends", self.name);
            return Err(match end {
                End::DeviceLost => Error::DeviceLost { reason },
                End::OutOfMemory => Error::OutOfMemory { bytes: 4, reason },
                End::Panic => panic!("{reason}"),
            });
        }
        for &x in x {
            self.counts.0[x as usize].fetch_add(1, Ordering::Relaxed);
        }
        Cpu::new().compute(f, direction, x, grad, out)
    }

    fn compute_in_place(
        &self,
        f: &dyn Function,
        direction: Direction,
        x: &mut [f32],
    ) -> Result<()> {
        let before = x.to_vec();
        self.compute(f, direction, &before, None, x)
    }

    fn gradients_into(
        &self,
        f: &dyn Function,
        x: &[f32],
        grad: &[f32],
        dx: &mut [f32],
        operands: &mut [(usize, &mut [f32])],
    ) -> Result<()> {
        Cpu::new().gradients_into(f, x, grad, dx, operands)
    }
}

fn several<const N: usize>(fakes: [Fake; N]) -> Result<Engines> {
    let engines = fakes.map(|fake| Arc::new(fake) as Arc<dyn Engine>);
    Ok(Engines::new(engines)?.min_piece(PIECE))
}

fn places() -> Vec<f32> {
    (0..LEN).map(|i| i as f32).collect()
}

fn every_element_is_computed_once() -> Result<()> {
    let (counts, x, f) = (Counts::new(), places(), Activation::relu());
    let engines = several(["a", "b", "c"].map(|name| Fake::new(name, &counts)))?;
    for _ in 0..20 {
        assert_eq!(engines.forward(&f, &x)?, x);
        assert!(counts.take().iter().all(|&count| count == 1));
        let mut y = x.clone();
        engines.forward_in_place(&f, &mut y)?;
        assert_eq!(y, x);
        assert!(counts.take().iter().all(|&count| count == 1));
    }
    let done: u64 = engines.shares().iter().map(|share| share.elements).sum();
    assert_eq!(done, 40 * LEN as u64);
    Ok(())
}

fn a_failed_piece_is_computed_again() -> Result<()> {
    let x = places();
    // Twice the same would show, in place.
    let double = Chain::new().scale(2.0);
    let want: Vec<f32> = x.iter().map(|x| 2.0 * x).collect();
    for end in [End::DeviceLost, End::OutOfMemory, End::Panic] {
        for after in [0, 1] {
            for in_place in [false, true] {
                let counts = Counts::new();
                let engines = several([
                    Fake::new("first", &counts).ends(after, end),
                    Fake::new("second", &counts).ends(after + 1, end),
                    Fake::new("third", &counts),
                ])?;
                // An engine may get nothing in a call: a thread of another one was there before.
                for _ in (0..1000).take_while(|_| engines.shares()[0].lost.is_none()) {
                    let mut got = x.clone();
                    if in_place {
                        engines.forward_in_place(&double, &mut got)?;
                    } else {
                        engines.forward_into(&double, &x, &mut got)?;
                    }
                    assert_eq!(got, want);
                    assert!(counts.take().iter().all(|&count| count == 1));
                }
                let shares = engines.shares();
                assert!(shares[0].lost.is_some(), "{shares:?}");
                assert!(shares[2].lost.is_none(), "{shares:?}");
                for share in shares.iter().filter(|share| share.lost.is_some()) {
                    let why = share.lost.as_deref().unwrap_or_default();
                    assert!(
                        why.contains(&format!("{} ends", share.description)),
                        "{why}"
                    );
                }
                assert!(shares[0].lost.is_some(), "{shares:?}");
                assert!(shares[0].pieces <= after as u64, "{shares:?}");
            }
        }
    }
    let counts = Counts::new();
    let all = ["first", "second"].map(|name| Fake::new(name, &counts).ends(0, End::Panic));
    let engines = several(all)?;
    for _ in 0..2 {
        let error = engines.forward(&double, &x).unwrap_err().to_string();
        let one = |name| format!("{name}: it panicked: {name} ends");
        let all = format!(
            "no engine is left to compute: {}; {}",
            one("first"),
            one("second")
        );
        assert_eq!(error, all);
    }
    Ok(())
}

fn an_engine_that_waits_gets_the_smaller_share() -> Result<()> {
    let (counts, x, f) = (Counts::new(), places(), Activation::relu());
    let done = Gate::default();
    // The slow one computes its first piece, a short one, until all others are done.
    let engines = several([
        Fake::new("slow", &counts).waits(&done, LEN - 2 * PIECE),
        Fake::new("fast", &counts).waits(&done, 0),
    ])?;
    assert_eq!(engines.forward(&f, &x)?, x);
    let shares = engines.shares();
    assert!(shares[0].elements <= 2 * PIECE as u64, "{shares:?}");
    assert_eq!(shares[0].elements + shares[1].elements, LEN as u64);
    Ok(())
}

fn the_last_piece_may_come_back() -> Result<()> {
    let (counts, x, f) = (Counts::new(), places(), Activation::relu());
    let done = Gate::default();
    // The first one fails when the other has nothing to do any more and waits.
    let engines = several([
        Fake::new("failing", &counts)
            .waits(&done, LEN - 2 * PIECE)
            .ends(0, End::DeviceLost),
        Fake::new("other", &counts).waits(&done, 0),
    ])?;
    assert_eq!(engines.forward(&f, &x)?, x);
    assert!(counts.take().iter().all(|&count| count == 1));
    assert_eq!(engines.shares()[1].elements, LEN as u64);
    // What is too short to be shared goes on to the next one too.
    let engines = several([
        Fake::new("failing", &counts).ends(0, End::OutOfMemory),
        Fake::new("other", &counts),
    ])?;
    assert_eq!(engines.forward(&f, &x[..3])?, x[..3]);
    assert!(engines.shares()[0].lost.is_some());
    Ok(())
}

fn errors_of_the_call_are_returned() -> Result<()> {
    let counts = Counts::new();
    let engines = several(["a", "b"].map(|name| Fake::new(name, &counts)))?;
    let (x, relu, one) = (places(), Activation::relu(), Cpu::new());
    let bad = Activation::Elu { alpha: f32::NAN };
    let (row, operand) = (Chain::new().add_row(&[1.0; 3]), Chain::new().add(&[1.0; 7]));
    type Call<'a> = &'a dyn Fn(&dyn Engine) -> Result<Vec<f32>>;
    let calls: [Call<'_>; 6] = [
        &|engine| engine.backward(&relu, &x, &x[1..]),
        &|engine| engine.forward(&bad, &x),
        &|engine| engine.forward(&row, &x[..7]),
        &|engine| engine.forward(&operand, &x),
        &|engine| engine.derivative_from_output(&Activation::gelu(), &x),
        &|engine| Ok(engine.gradients(&row, &x[..6], &x[..6], &[0, 0])?.input),
    ];
    for call in calls {
        let (got, want) = (call(&engines).unwrap_err(), call(&one).unwrap_err());
        assert_eq!(got.to_string(), want.to_string());
    }
    let shares = engines.shares();
    assert!(
        shares
            .iter()
            .all(|share| share.lost.is_none() && share.elements == 0),
        "{shares:?}"
    );
    Ok(())
}

fn no_engines_are_an_error() -> Result<()> {
    let error = Engines::new([]).unwrap_err();
    assert!(matches!(&error, Error::NoEngine { reasons } if reasons.is_empty()));
    assert_eq!(error.to_string(), "there is no engine to share the work");
    Ok(())
}

fn threads_share_one() -> Result<()> {
    let (counts, x) = (Counts::new(), places());
    let engines = several(["a", "b"].map(|name| Fake::new(name, &counts)))?;
    std::thread::scope(|scope| {
        let calls = [1.0, 2.0, 3.0].map(|factor| {
            let (engines, x) = (&engines, &x);
            scope.spawn(move || {
                for _ in 0..20 {
                    let got = engines.forward(&Chain::new().scale(factor), x).unwrap();
                    assert!(got.iter().zip(x).all(|(y, x)| *y == x * factor));
                }
            })
        });
        calls.into_iter().for_each(|call| call.join().unwrap());
    });
    assert!(counts.take().iter().all(|&count| count == 60));
    Ok(())
}
