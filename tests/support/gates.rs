//! The engines of gated and grouped functions, and claims about all of them.

// Each test program uses its own part of this.
#![allow(dead_code)]

use crate::support::adapters::{Adapter, adapters, again};
use libtest_mimic::{Completion, Failed, Trial};
use nonlin::Gpu;
use nonlin::cpu::{Cpu, Isa};
use nonlin::rows::{Gate, GateEngine};
use std::sync::Arc;

/// One engine.
pub struct Gates {
    pub name: String,
    pub engine: Arc<dyn GateEngine>,
    /// Where it is an adapter.
    pub gpu: Option<Gpu>,
}

impl Gates {
    /// The adapter, for claims about tensors.
    pub fn gpu(&self) -> &Gpu {
        self.gpu
            .as_ref()
            .expect("claims about tensors run on adapters")
    }

    /// The same adapter with other limits.
    pub fn limited(&self) -> nonlin::gpu::GpuBuilder {
        again(self.gpu())
    }
}

/// A claim that holds on every engine: a function that panics or gives an error where it does not.
pub type Claim = (&'static str, fn(&Gates) -> Result<(), Failed>);

/// Makes claims of functions.
#[macro_export]
macro_rules! gate_claims {
    ($($name:ident),* $(,)?) => {
        &[$((stringify!($name), |gates| $name(gates).map_err(Into::into))),*]
    };
}

/// The trials of the claims on all engines, and of those about tensors on the adapters.
pub fn trials(claims: &'static [Claim], about_tensors: &'static [Claim]) -> Vec<Trial> {
    let mut all: Vec<Result<Arc<Gates>, Adapter>> = Vec::new();
    for &isa in Isa::available() {
        let cpu = Cpu::new().with_isa(isa).expect("it is available");
        all.push(Ok(Arc::new(Gates {
            name: format!(
                "cpu_{}",
                isa.name().to_ascii_lowercase().replace(['-', '+'], "_")
            ),
            engine: Arc::new(cpu),
            gpu: None,
        })));
    }
    for adapter in adapters() {
        all.push(match adapter {
            Adapter::Open { gpu, name } => Ok(Arc::new(Gates {
                name,
                engine: Arc::new(gpu.clone()),
                gpu: Some(gpu),
            })),
            other => Err(other),
        });
    }
    let mut trials = Vec::new();
    for engine in &all {
        let tensors = match engine {
            Ok(gates) if gates.gpu.is_none() => &[],
            _ => about_tensors,
        };
        for &(claim, check) in claims.iter().chain(tensors) {
            trials.push(match engine.clone() {
                Ok(gates) => Trial::test(format!("{}::{claim}", gates.name), move || check(&gates)),
                Err(Adapter::Missing(reason)) => Trial::test(claim, || Err(reason.into())),
                Err(Adapter::Excused(reason)) => {
                    Trial::ignorable_test(claim, || Ok(Completion::ignored_with(reason)))
                }
                Err(Adapter::Open { .. }) => unreachable!("it is an engine"),
            });
        }
    }
    trials
}

/// Small integers of both signs, whose products and short sums are exact.
pub fn integers(len: usize, seed: usize) -> Vec<f32> {
    (0..len)
        .map(|i| (((i + seed) * 7919) % 13) as f32 - 6.0)
        .collect()
}

/// Refuses a result that is not the wanted one, number by number; NaN is NaN.
pub fn same(got: &[f32], want: &[f32], what: &str) {
    assert_eq!(got.len(), want.len(), "{what}: length");
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        let equal = got == want || (got.is_nan() && want.is_nan());
        assert!(equal, "{what}: element {i} is {got:?}, want {want:?}");
    }
}

/// Every place that the gate can have in a row.
pub const SIDES: [Gate; 4] = [Gate::First, Gate::Second, Gate::Even, Gate::Odd];

/// Where element (row, column) of `a` and of `b` lies in rows of `2n`.
pub fn places(side: Gate, n: usize, row: usize, column: usize) -> [usize; 2] {
    let start = row * 2 * n;
    let (first, second) = (start + column, start + n + column);
    let (even, odd) = (start + 2 * column, start + 2 * column + 1);
    match side {
        Gate::First => [first, second],
        Gate::Second => [second, first],
        Gate::Even => [even, odd],
        _ => [odd, even],
    }
}

/// `a` and `b` put together as rows.
pub fn joined(side: Gate, n: usize, a: &[f32], b: &[f32]) -> Vec<f32> {
    let mut x = vec![0.0; 2 * a.len()];
    for i in 0..a.len() {
        let [at_a, at_b] = places(side, n, i / n, i % n);
        (x[at_a], x[at_b]) = (a[i], b[i]);
    }
    x
}
