//! From host memory to host memory: what a program without GPU code sees. CPU with one thread and with all, GPU with both ways within.
//!
//! `cargo bench --bench end_to_end`; `NONLIN_BENCH_ELEMENTS` chooses sizes, 2^10 to 2^26 without it. From which length on the GPU is
//! faster: `nonlin bench --crossover`; where its time goes: `nonlin bench --phases`.

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use nonlin::{Activation, Direction, Engine};
use std::time::Duration;
use support::{Engines, State, check, measure};

impl Engines {
    fn named(&self) -> Vec<(&'static str, &dyn Engine)> {
        let cpus = self.cpus().map(|(name, cpu)| (name, cpu as &dyn Engine));
        let gpu = self.gpu.as_ref().map(|gpu| ("gpu", gpu as &dyn Engine));
        cpus.into_iter().chain(gpu).collect()
    }
}

fn end_to_end(criterion: &mut Criterion) {
    let engines = Engines::open();
    let functions = [
        Activation::relu(),
        Activation::sigmoid(),
        Activation::gelu(),
    ];
    for n in support::sizes(&support::SIZES) {
        let (x, grad) = (support::numbers(n, 1), support::numbers(n, 2));
        let mut out = nonlin::zeros(n);
        for f in &functions {
            for direction in [Direction::Forward, Direction::Backward] {
                let operand = direction.takes_grad().then_some(&grad[..]);
                let mut group = criterion.benchmark_group(format!("end_to_end/{f}/{direction}"));
                support::work(&mut group, n, direction.bytes_per_element());
                for (name, engine) in engines.named() {
                    measure(
                        &mut group,
                        name,
                        n,
                        &mut out,
                        |out| engine.compute(f, direction, &x, operand, out),
                        |out| check::elements(f, direction, &x, &grad, out),
                    );
                }
                group.finish();
            }
        }
        in_place(criterion, &engines, &x, out);
    }
}

/// A slice that is computed in its place, and what it held.
struct Place<'a> {
    x: &'a [f32],
    place: Vec<f32>,
}

impl State for Place<'_> {
    fn clear(&mut self) {
        self.place.copy_from_slice(self.x);
    }
}

/// Functions whose values stay ordinary numbers however often they are applied: each call works on what the last one left.
fn in_place(criterion: &mut Criterion, engines: &Engines, x: &[f32], place: Vec<f32>) {
    let mut state = Place { x, place };
    for f in [Activation::relu(), Activation::sigmoid()] {
        let mut group = criterion.benchmark_group(format!("end_to_end/{f}/in place"));
        support::work(&mut group, x.len(), 8);
        for (name, engine) in engines.named() {
            measure(
                &mut group,
                name,
                x.len(),
                &mut state,
                |state| engine.forward_in_place(&f, &mut state.place),
                |state| check::elements(&f, Direction::Forward, x, &[], &state.place),
            );
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = support::criterion(Duration::from_millis(400));
    targets = end_to_end
}
criterion_main!(benches);
