//! Gated linear units over tensors: wherever their elements lie, and however they are asked for.

mod support;
#[path = "support/gates.rs"]
#[macro_use]
mod gates;

use gates::{Claim, Gates, SIDES, integers, joined, same};
use libtest_mimic::Failed;
use nonlin::rows::{Glu, Maxout, Prelu, Rrelu};
use nonlin::{Activation, Error};

fn main() -> std::process::ExitCode {
    let claims: &'static [Claim] = gate_claims![functions_in_wgsl_are_for_adapters];
    let about_tensors: &'static [Claim] = gate_claims![
        tensors_of_several_buffers_work,
        results_may_lie_over_operands,
        elements_anywhere_in_a_buffer_work,
        nothing_is_made_once_a_call_was_there,
        custom_gates_work,
        batches_give_the_same,
    ];
    support::claims::run(gates::trials(claims, about_tensors))
}

fn tensors_of_several_buffers_work(gates: &Gates) -> Result<(), Failed> {
    // Rows longer than a buffer, rows that begin in one and end in the next, few groups in a dispatch.
    let small = [
        gates.limited().max_chunk_bytes(1024).build()?,
        gates.limited().max_chunk_bytes(2064).build()?,
        gates.limited().max_groups(2).build()?,
    ];
    for gpu in small {
        for (rows, columns) in [(3, 1030), (40, 22), (11, 64), (5, 516), (2, 2000), (900, 2)] {
            for side in SIDES {
                let f = Glu::bilinear().gated(side);
                let n = columns / 2;
                let [a, b, grad] = [1, 2, 3].map(|seed| integers(rows * n, seed));
                let x = joined(side, n, &a, &b);
                let what = format!("{rows} × {columns}, {side:?}");
                let (tx, tg) = (gpu.upload(&x)?, gpu.upload(&grad)?);
                let want: Vec<f32> = a.iter().zip(&b).map(|(a, b)| a * b).collect();
                same(&gpu.glu(&f, &tx, columns)?.download()?, &want, &what);
                let da: Vec<f32> = b.iter().zip(&grad).map(|(b, g)| b * g).collect();
                let db: Vec<f32> = a.iter().zip(&grad).map(|(a, g)| a * g).collect();
                let want = joined(side, n, &da, &db);
                same(
                    &gpu.glu_backward(&f, &tx, columns, &tg)?.download()?,
                    &want,
                    &what,
                );
            }
        }
    }
    Ok(())
}

fn results_may_lie_over_operands(gates: &Gates) -> Result<(), Failed> {
    let gpu = gates.gpu();
    let (rows, n) = (5, 24);
    let [a, b, grad] = [1, 2, 3].map(|seed| integers(rows * n, seed));
    let product =
        |u: &[f32], v: &[f32]| -> Vec<f32> { u.iter().zip(v).map(|(u, v)| u * v).collect() };
    for side in SIDES {
        let f = Glu::bilinear().gated(side);
        let x = gpu.upload(&joined(side, n, &a, &b))?;
        gpu.glu_backward_into(&f, &x, 2 * n, &gpu.upload(&grad)?, &x)?;
        same(
            &x.download()?,
            &joined(side, n, &product(&b, &grad), &product(&a, &grad)),
            "dx over x",
        );
        // A result that only begins where x does would write what other places still read.
        let error = gpu.glu_into(
            &f,
            &x,
            2 * n,
            &nonlin::Tensor::from_buffer(
                gpu,
                x.buffer().unwrap().slice(..rows as u64 * n as u64 * 4),
            )?,
        );
        assert!(matches!(error, Err(Error::Overlap { .. })), "{error:?}");
    }
    let (ta, tb, tg) = (gpu.upload(&a)?, gpu.upload(&b)?, gpu.upload(&grad)?);
    gpu.glu_split_backward_into(&Glu::bilinear(), &ta, &tb, &tg, &tb, &ta)?;
    same(&tb.download()?, &product(&b, &grad), "da over b");
    same(&ta.download()?, &product(&a, &grad), "db over a");
    let error = gpu.glu_split_backward_into(&Glu::bilinear(), &ta, &tb, &tg, &tb, &tb);
    assert!(matches!(error, Err(Error::Overlap { .. })), "{error:?}");
    Ok(())
}

/// All operands in one buffer of the program's own, at any multiple of 4 bytes; the bytes beside them stay.
fn elements_anywhere_in_a_buffer_work(gates: &Gates) -> Result<(), Failed> {
    let gpu = gates.gpu();
    let mark = 77.0;
    for n in [12, 13] {
        for gap in [1, 3, 4, 64, 65] {
            let rows = 5;
            let [a, b, grad] = [1, 2, 3].map(|seed| integers(rows * n, seed));
            let lens = [2, 1, 1, 2].map(|halves| halves * rows * n);
            let total: usize = lens.iter().map(|len| len + gap).sum::<usize>() + gap;
            let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: total as u64 * 4,
                usage: wgpu::BufferUsages::STORAGE
                    | wgpu::BufferUsages::COPY_SRC
                    | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            let whole = nonlin::Tensor::from_buffer(gpu, buffer.slice(..))?;
            gpu.upload_into(&vec![mark; total], &whole)?;
            let mut at = 0;
            let mut tensors = Vec::new();
            for len in lens {
                at += gap;
                let bytes = at as u64 * 4..(at + len) as u64 * 4;
                tensors.push(nonlin::Tensor::from_buffer(gpu, buffer.slice(bytes))?);
                at += len;
            }
            let [x, dy, y, dx] = &tensors[..] else {
                unreachable!("there are four")
            };
            for side in SIDES {
                let f = Glu::bilinear().gated(side);
                gpu.upload_into(&joined(side, n, &a, &b), x)?;
                gpu.upload_into(&grad, dy)?;
                gpu.glu_into(&f, x, 2 * n, y)?;
                gpu.glu_backward_into(&f, x, 2 * n, dy, dx)?;
                let product = |u: &[f32], v: &[f32]| -> Vec<f32> {
                    u.iter().zip(v).map(|(u, v)| u * v).collect()
                };
                let what = format!("n = {n}, {gap} apart, {side:?}");
                same(&y.download()?, &product(&a, &b), &what);
                let want = joined(side, n, &product(&b, &grad), &product(&a, &grad));
                same(&dx.download()?, &want, &what);
            }
            let all = whole.download()?;
            let mut at = 0;
            for len in lens {
                assert!(
                    all[at..at + gap].iter().all(|&x| x == mark),
                    "n = {n}, {gap} apart"
                );
                at += gap + len;
            }
            assert!(all[at..].iter().all(|&x| x == mark), "n = {n}, {gap} apart");
        }
    }
    Ok(())
}

fn nothing_is_made_once_a_call_was_there(gates: &Gates) -> Result<(), Failed> {
    let gpu = gates.gpu();
    let x = gpu.upload(&integers(4096, 1))?;
    let (y, dx) = (gpu.empty(2048)?, gpu.empty(4096)?);
    let call = || -> nonlin::Result<()> {
        gpu.glu_into(&Glu::swiglu(), &x, 64, &y)?;
        gpu.glu_backward_into(&Glu::swiglu(), &x, 64, &y, &dx)
    };
    call()?;
    let before = gpu.activity();
    call()?;
    let after = gpu.activity();
    assert_eq!(
        (before.buffers, before.bind_groups, before.pipelines),
        (after.buffers, after.bind_groups, after.pipelines)
    );
    assert_eq!(after.submissions, before.submissions + 2);
    Ok(())
}

/// Twice the input, one element at a time.
fn twice() -> Activation {
    let wgsl = "
        fn twice(x: f32, p: vec4<f32>) -> f32 { return p.x * x; }
        fn twice_derivative(x: f32, p: vec4<f32>) -> f32 { return p.x; }
    ";
    Activation::custom("twice", wgsl, &[2.0]).expect("it is valid")
}

fn custom_gates_work(gates: &Gates) -> Result<(), Failed> {
    let (rows, n) = (7, 12);
    let [a, b, grad] = [1, 2, 3].map(|seed| integers(rows * n, seed));
    for side in SIDES {
        let f = Glu::with(twice()).gated(side);
        let x = joined(side, n, &a, &b);
        let y: Vec<f32> = a.iter().zip(&b).map(|(a, b)| 2.0 * a * b).collect();
        same(&gates.engine.glu(&f, &x, 2 * n)?, &y, "custom gate");
        let da: Vec<f32> = b.iter().zip(&grad).map(|(b, g)| 2.0 * b * g).collect();
        let db: Vec<f32> = a.iter().zip(&grad).map(|(a, g)| 2.0 * a * g).collect();
        let dx = gates.engine.glu_backward(&f, &x, 2 * n, &grad)?;
        same(&dx, &joined(side, n, &da, &db), "custom gate's gradient");
    }
    Ok(())
}

fn functions_in_wgsl_are_for_adapters(gates: &Gates) -> Result<(), Failed> {
    let y = gates.engine.glu_split(&Glu::with(twice()), &[3.0], &[5.0]);
    match gates.gpu {
        Some(_) => same(&y?, &[30.0], "custom gate"),
        None => assert!(matches!(y, Err(Error::NoCpuForm { .. })), "{y:?}"),
    }
    Ok(())
}

fn batches_give_the_same(gates: &Gates) -> Result<(), Failed> {
    let gpu = gates.gpu();
    let x = gpu.upload(&integers(240, 1))?;
    let slopes = gpu.upload(&[0.5, 0.25, 0.125])?;
    let (f, prelu) = (Glu::swiglu(), Prelu::new(3).inner(4));
    let wanted = [
        gpu.glu_backward(&f, &x, 24, &gpu.glu(&f, &x, 24)?)?,
        gpu.maxout_backward(
            &Maxout::blocks(3),
            &x,
            24,
            &gpu.maxout(&Maxout::blocks(3), &x, 24)?,
        )?,
        gpu.crelu_backward(&x, 24, &gpu.crelu(&x, 24)?)?,
        gpu.prelu_backward(&prelu, &x, &slopes, &x)?[1].clone(),
        gpu.rrelu(&Rrelu::new(1), &x)?,
    ];
    let before = gpu.activity().submissions;
    let got = gpu.batch(|batch| {
        Ok([
            batch.glu_backward(&f, &x, 24, &batch.glu(&f, &x, 24)?)?,
            batch.maxout_backward(
                &Maxout::blocks(3),
                &x,
                24,
                &batch.maxout(&Maxout::blocks(3), &x, 24)?,
            )?,
            batch.crelu_backward(&x, 24, &batch.crelu(&x, 24)?)?,
            batch.prelu_backward(&prelu, &x, &slopes, &x)?[1].clone(),
            batch.rrelu(&Rrelu::new(1), &x)?,
        ])
    })?;
    assert_eq!(gpu.activity().submissions, before + 1);
    for (got, want) in got.iter().zip(&wanted) {
        same(&got.download()?, &want.download()?, "batch");
    }
    Ok(())
}
