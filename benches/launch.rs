//! What a call costs beside its arithmetic: 1, 10 and 100 operations over 1 to 1,048,576 elements as calls of their own, as one batch, and
//! recorded into a pass by the program, each with the wait for the result; and recording alone. The result is checked before anything is
//! timed.
//!
//! `cargo bench --bench launch`; `NONLIN_BENCH_ELEMENTS` chooses sizes.

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use nonlin::gpu::Kernel;
use nonlin::{Chain, Gpu, Result, Tensor};
use std::time::Duration;
use support::{State, measure};

const ELEMENTS: [usize; 4] = [1, 1 << 10, 1 << 16, 1 << 20];
const OPERATIONS: [usize; 3] = [1, 10, 100];

/// Two tensors between which the operations go back and forth.
struct Course {
    gpu: Gpu,
    kernel: Kernel,
    step: Chain<'static>,
    tensors: [Tensor; 2],
    operations: usize,
}

impl Course {
    fn new(gpu: &Gpu, elements: usize, operations: usize) -> Result<Self> {
        let step = Chain::new().offset(1.0);
        Ok(Self {
            gpu: gpu.clone(),
            kernel: gpu.forward_kernel(&step)?,
            step,
            tensors: [gpu.upload(&vec![0.0; elements])?, gpu.empty(elements)?],
            operations,
        })
    }

    /// What each operation reads and writes.
    fn steps(&self) -> impl Iterator<Item = (&Tensor, &Tensor)> {
        (0..self.operations).map(|i| (&self.tensors[i % 2], &self.tensors[(i + 1) % 2]))
    }

    fn calls(&self) -> Result<()> {
        self.steps()
            .try_for_each(|(x, y)| self.gpu.forward_into(&self.step, x, y))?;
        self.gpu.wait()
    }

    fn batch(&self) -> Result<()> {
        self.gpu.batch(|batch| {
            self.steps()
                .try_for_each(|(x, y)| batch.forward_into(&self.step, x, y))
        })?;
        self.gpu.wait()
    }

    /// Records, and leaves the submission to the caller.
    fn record(&self) -> Result<wgpu::CommandEncoder> {
        let mut encoder = self
            .gpu
            .device()
            .create_command_encoder(&Default::default());
        let mut pass = encoder.begin_compute_pass(&Default::default());
        self.steps()
            .try_for_each(|(x, y)| self.kernel.record(&mut pass, x, y))?;
        drop(pass);
        Ok(encoder)
    }

    fn pass(&self) -> Result<()> {
        let encoder = self.record()?;
        self.gpu.queue().submit([encoder.finish()]);
        self.gpu.wait()
    }

    /// Each element has to grow by one with each operation.
    fn verify(&self, run: impl Fn(&Self) -> Result<()>) -> Result<()> {
        let [first, last] = [&self.tensors[0], &self.tensors[self.operations % 2]];
        self.gpu.upload_into(&vec![0.5; first.len()], first)?;
        run(self)?;
        let want = self.operations as f32 + 0.5;
        assert!(last.download()?.iter().all(|&got| got == want));
        Ok(())
    }
}

/// Its check begins with numbers of its own.
impl State for Course {
    fn clear(&mut self) {}
}

/// A way to have the operations done.
type Way = (&'static str, fn(&Course) -> Result<()>);

fn launch(criterion: &mut Criterion) {
    let Some(gpu) = support::open_gpu() else {
        return;
    };
    let ways: [Way; 3] = [
        ("calls", Course::calls),
        ("batch", Course::batch),
        ("record, submit", Course::pass),
    ];
    for elements in support::sizes(&ELEMENTS) {
        for operations in OPERATIONS {
            let mut course = Course::new(&gpu, elements, operations).expect("the GPU computes");
            let mut group = criterion.benchmark_group(format!("{operations} operations"));
            support::work(&mut group, operations * elements, 8);
            for (name, way) in ways {
                measure(
                    &mut group,
                    name,
                    elements,
                    &mut course,
                    |course| way(course),
                    |course| course.verify(way).expect("the GPU computes"),
                );
            }
            let record = |course: &mut Course| course.record().map(drop);
            measure(
                &mut group,
                "record only",
                elements,
                &mut course,
                record,
                |_| {},
            );
            group.finish();
        }
    }
}

criterion_group! {
    name = benches;
    config = support::criterion(Duration::from_millis(400));
    targets = launch
}
criterion_main!(benches);
