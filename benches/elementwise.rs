//! The catalogue with the data where the engine keeps it: CPU with one thread and with all, GPU with resident tensors.
//!
//! `cargo bench --bench elementwise`: every function over 1,048,576 elements, a few of them over 2^10 to 2^26. One function:
//! `cargo bench --bench elementwise -- ^gelu/`. Every function at other sizes: `NONLIN_BENCH_ELEMENTS=2^12,2^24`.

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use nonlin::{Activation, Direction, Engine, Gpu, Tensor};
use std::time::Duration;
use support::{Engines, OnDevice, check};

const DIRECTIONS: [Direction; 3] = [
    Direction::Forward,
    Direction::Derivative,
    Direction::Backward,
];

/// Those measured at every size: bound by memory, by arithmetic, and between.
fn few() -> [Activation; 3] {
    [
        Activation::relu(),
        Activation::sigmoid(),
        Activation::gelu(),
    ]
}

/// The operands and the result on the device.
struct Resident<'a> {
    gpu: &'a Gpu,
    x: Tensor,
    grad: Tensor,
    out: Tensor,
}

impl<'a> Resident<'a> {
    fn new(gpu: &'a Gpu, x: &[f32], grad: &[f32]) -> nonlin::Result<Self> {
        Ok(Self {
            gpu,
            x: gpu.upload(x)?,
            grad: gpu.upload(grad)?,
            out: gpu.empty(x.len())?,
        })
    }

    fn compute(&self, f: &Activation, direction: Direction) -> nonlin::Result<()> {
        let grad = direction.takes_grad().then_some(&self.grad);
        self.gpu
            .compute_tensor(f, direction, &self.x, grad, &self.out)?;
        self.gpu.wait()
    }
}

fn elementwise(criterion: &mut Criterion) {
    let engines = Engines::open();
    let sizes = support::sizes(&support::SIZES);
    let largest = sizes.iter().copied().max().unwrap_or_default();
    let (x, grad) = (support::numbers(largest, 1), support::numbers(largest, 2));
    let asked = support::testing() || support::wanted().is_some();
    for n in sizes {
        let (x, grad) = (&x[..n], &grad[..n]);
        let gpu = engines.gpu.as_ref();
        let resident = gpu.map(|gpu| Resident::new(gpu, x, grad).expect("room on the device"));
        let functions = match asked || n == support::STANDARD {
            true => Activation::all(),
            false => few().to_vec(),
        };
        for f in &functions {
            for direction in DIRECTIONS {
                measure(
                    criterion,
                    &engines,
                    resident.as_ref(),
                    (f, direction),
                    x,
                    grad,
                );
            }
        }
    }
}

fn measure(
    criterion: &mut Criterion,
    engines: &Engines,
    resident: Option<&Resident<'_>>,
    (f, direction): (&Activation, Direction),
    x: &[f32],
    grad: &[f32],
) {
    let n = x.len();
    let mut group = criterion.benchmark_group(format!("{f}/{direction}"));
    support::work(&mut group, n, direction.bytes_per_element());
    let operand = direction.takes_grad().then_some(grad);
    let mut out = nonlin::zeros(n);
    for (name, cpu) in engines.cpus() {
        support::measure(
            &mut group,
            name,
            n,
            &mut out,
            |out| cpu.compute(f, direction, x, operand, out),
            |out| check::elements(f, direction, x, grad, out),
        );
    }
    if let Some(resident) = resident {
        support::measure(
            &mut group,
            "gpu resident",
            n,
            &mut OnDevice {
                gpu: resident.gpu,
                tensor: resident.out.clone(),
            },
            |_| resident.compute(f, direction),
            |out| check::elements(f, direction, x, grad, &out.download()),
        );
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = support::criterion(Duration::from_millis(400));
    targets = elementwise
}
criterion_main!(benches);
