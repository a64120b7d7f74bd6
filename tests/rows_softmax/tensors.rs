//! Claims about tensors that hold on every adapter.

use crate::Claim;
use crate::exact::*;
use crate::support::adapters::again;
use libtest_mimic::Failed;
use nonlin::rows::Softmax;
use nonlin::{Error, Gpu, Tensor};

/// Bindings and dispatches so small that rows are cut anywhere.
fn rows_may_lie_in_several_buffers(gpu: &Gpu) -> Result<(), Failed> {
    for (chunk_bytes, groups) in [(4096, 1), (1040, 3)] {
        let small = again(gpu)
            .max_chunk_bytes(chunk_bytes)
            .max_groups(groups)
            .build()?;
        for (rows, columns) in [
            (40, 100),
            (700, 3),
            (5, 1023),
            (3, 5000),
            (2000, 1),
            (64, 64),
        ] {
            let x = inputs(rows, columns);
            for f in &FUNCTIONS {
                check_shape(&small, f, Exact::of(f.kind()), &x, columns)?;
            }
        }
        let x: Vec<f32> = crate::engines::special_rows()
            .chunks(5)
            .flat_map(|row| row.repeat(60))
            .collect();
        for zeros in [false, true] {
            let f = Softmax::log_softmax().zero_for_masked_rows(zeros);
            let exact = Exact {
                zeros,
                ..Exact::of(f.kind())
            };
            let y = small.softmax_of(&f, &x, 300)?;
            check_values(&f.to_string(), exact, &x, &y, 300)?;
        }
    }
    let tiny = again(gpu).max_chunk_bytes(64).build()?;
    match Gpu::softmax(&tiny, &Softmax::softmax(), &tiny.empty(1000)?, 1000) {
        Err(error) => {
            let text = error.to_string();
            assert!(
                text.starts_with("softmax: a row of 1000 elements takes 1024 bytes"),
                "{text}"
            );
        }
        Ok(_) => {
            return Err("a row that takes more scratch memory than a binding was computed".into());
        }
    }
    Ok(())
}

trait OfSlice {
    fn softmax_of(&self, f: &Softmax, x: &[f32], columns: usize) -> nonlin::Result<Vec<f32>>;
}

impl OfSlice for Gpu {
    fn softmax_of(&self, f: &Softmax, x: &[f32], columns: usize) -> nonlin::Result<Vec<f32>> {
        Gpu::softmax(self, f, &self.upload(x)?, columns)?.download()
    }
}

fn results_may_take_the_place_of_inputs(gpu: &Gpu) -> Result<(), Failed> {
    for (rows, columns) in [(9, 8), (9, 7), (1, 100_000), (1, 100_003), (3, 2000)] {
        let (x, grad) = (inputs(rows, columns), grads(rows * columns));
        for f in &FUNCTIONS {
            let (tx, tg) = (gpu.upload(&x)?, gpu.upload(&grad)?);
            let y = Gpu::softmax(gpu, f, &tx, columns)?;
            let want = Gpu::softmax_backward(gpu, f, &y, &tg, columns)?.download()?;
            Gpu::softmax_into(gpu, f, &tx, columns, &tx)?;
            same_bits(&tx.download()?, &y.download()?)?;
            Gpu::softmax_backward_into(gpu, f, &y, &tg, columns, &tg)?;
            same_bits(&tg.download()?, &want)?;
            let tg = gpu.upload(&grad)?;
            Gpu::softmax_backward_into(gpu, f, &y, &tg, columns, &y)?;
            same_bits(&y.download()?, &want)?;
        }
    }
    Ok(())
}

/// Tensors over parts of one buffer of the program's own, at places where no vector begins.
fn ranges_of_one_buffer_are_told_apart(gpu: &Gpu) -> Result<(), Failed> {
    let (rows, columns) = (5_usize, 12_usize);
    let bytes = (rows * columns * 4) as u64;
    let f = Softmax::softmax();
    for (first, second) in [(0, 256), (4, 300), (16, 1024)] {
        let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: 2048,
            usage: wgpu::BufferUsages::STORAGE
                | wgpu::BufferUsages::COPY_SRC
                | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let tensor = |at: u64| Tensor::from_buffer(gpu, buffer.slice(at..at + bytes));
        let (x, y) = (tensor(first)?, tensor(second)?);
        let values = inputs(rows, columns);
        gpu.queue().write_buffer(&buffer, first, &bytes_of(&values));
        gpu.softmax_into(&f, &x, columns, &y)?;
        check_values(
            "ranges",
            Exact::of(f.kind()),
            &values,
            &y.download()?,
            columns,
        )?;
        same_bits(&x.download()?, &values)?;
        let over = tensor(first + 8)?;
        match gpu.softmax_into(&f, &x, columns, &over) {
            Err(Error::Overlap { .. }) => {}
            other => return Err(format!("an overlap gave {other:?}").into()),
        }
    }
    Ok(())
}

fn bytes_of(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_ne_bytes())
        .collect()
}

fn calls_again_make_nothing(gpu: &Gpu) -> Result<(), Failed> {
    // A device of its own: what others left in the pool is not there.
    let gpu = &again(gpu).build()?;
    let f = Softmax::log_softmax();
    for (rows, columns) in [(64, 256), (1, 100_000)] {
        let x = gpu.upload(&inputs(rows, columns))?;
        let (y, grad) = (gpu.empty(x.len())?, gpu.upload(&grads(x.len()))?);
        let dx = gpu.empty(x.len())?;
        let both = || {
            gpu.softmax_into(&f, &x, columns, &y)?;
            gpu.softmax_backward_into(&f, &y, &grad, columns, &dx)?;
            gpu.wait()
        };
        both()?;
        both()?;
        let before = gpu.activity();
        for _ in 0..20 {
            both()?;
        }
        let after = gpu.activity();
        assert_eq!(after.submissions - before.submissions, 40);
        assert_eq!(
            (after.buffers, after.bind_groups, after.pipelines),
            (before.buffers, before.bind_groups, before.pipelines)
        );
        let cooler = f.temperature(0.25);
        gpu.softmax_into(&cooler, &x, columns, &y)?;
        assert_eq!(
            gpu.activity().pipelines,
            after.pipelines,
            "a temperature compiles nothing"
        );
    }
    Ok(())
}

fn a_batch_computes_the_same(gpu: &Gpu) -> Result<(), Failed> {
    let (f, columns) = (Softmax::softmax(), 70_000);
    let (x, grad) = (
        gpu.upload(&inputs(1, columns))?,
        gpu.upload(&grads(columns))?,
    );
    let y = Gpu::softmax(gpu, &f, &x, columns)?;
    let want = Gpu::softmax_backward(gpu, &f, &y, &grad, columns)?.download()?;
    let before = gpu.activity().submissions;
    let dx = gpu.batch(|batch| {
        let y = batch.softmax(&f, &x, columns)?;
        batch.softmax_backward(&f, &y, &grad, columns)
    })?;
    assert_eq!(gpu.activity().submissions, before + 1);
    same_bits(&dx.download()?, &want)
}

pub const GPU_CLAIMS: [Claim<Gpu>; 5] = [
    (
        "rows_may_lie_in_several_buffers",
        rows_may_lie_in_several_buffers,
    ),
    (
        "results_may_take_the_place_of_inputs",
        results_may_take_the_place_of_inputs,
    ),
    (
        "ranges_of_one_buffer_are_told_apart",
        ranges_of_one_buffer_are_told_apart,
    ),
    ("calls_again_make_nothing", calls_again_make_nothing),
    ("a_batch_computes_the_same", a_batch_computes_the_same),
];
