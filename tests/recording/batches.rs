//! Many operations over tensors in one submission.

use crate::support::foreign::{Foreign, assert_same, numbers};
use nonlin::{Activation, Chain, Error, Gpu};

const LEN: usize = 1003;

pub fn a_batch_is_one_submission(gpu: &Gpu) -> nonlin::Result<()> {
    let foreign = Foreign::new(gpu);
    for gpu in [gpu, &foreign.gpu] {
        let (x, grad) = (gpu.upload(&numbers(LEN, 0))?, gpu.upload(&numbers(LEN, 1))?);
        let f = Activation::gelu();
        let singly = {
            let y = gpu.forward(&f, &x)?;
            let slope = gpu.derivative(&f, &y)?;
            let dx = gpu.backward(&f, &slope, &grad)?;
            [y.download()?, slope.download()?, dx.download()?]
        };
        let before = gpu.activity().submissions;
        let together = gpu.batch(|batch| {
            let y = batch.forward(&f, &x)?;
            let slope = batch.derivative(&f, &y)?;
            let dx = batch.backward(&f, &slope, &grad)?;
            Ok([y, slope, dx])
        })?;
        assert_eq!(gpu.activity().submissions, before + 1);
        for (tensor, want) in together.iter().zip(&singly) {
            assert_same(&tensor.download()?, want, "in a batch");
        }
        let before = gpu.activity().submissions;
        gpu.batch(|_| Ok(()))?;
        assert_eq!(gpu.activity().submissions, before, "nothing to submit");
    }
    Ok(())
}

pub fn a_batch_keeps_the_order(gpu: &Gpu) -> nonlin::Result<()> {
    let x = gpu.upload(&numbers(LEN, 0))?;
    let before = gpu.activity().submissions;
    let y = gpu.batch(|batch| {
        let mut y = batch.forward(Chain::new(), &x)?;
        for step in 0..100 {
            // Neither commutes with the other.
            batch.forward_in_place(Chain::new().offset(1.0), &x)?;
            y = batch.forward(
                Chain::new()
                    .add(&x)
                    .scale(if step % 10 == 0 { 0.5 } else { 1.0 }),
                &y,
            )?;
        }
        Ok(y)
    })?;
    assert_eq!(gpu.activity().submissions, before + 1);
    let (mut xs, mut want) = (numbers(LEN, 0), numbers(LEN, 0));
    for step in 0..100 {
        for (x, y) in xs.iter_mut().zip(&mut want) {
            *x += 1.0;
            *y = (*y + *x) * if step % 10 == 0 { 0.5 } else { 1.0 };
        }
    }
    assert_same(&y.download()?, &want, "100 steps");
    assert_same(&x.download()?, &xs, "the input, changed in place");
    Ok(())
}

pub fn a_batch_computes_gradients(gpu: &Gpu) -> nonlin::Result<()> {
    let (x, grad) = (
        gpu.upload(&numbers(6000, 0))?,
        gpu.upload(&numbers(6000, 1))?,
    );
    let (bias, gate) = (gpu.upload(&numbers(60, 2))?, gpu.upload(&numbers(6000, 3))?);
    let chain = Chain::new()
        .add_row(&bias)
        .then(Activation::relu())
        .mul(&gate);
    let singly = gpu.gradients(&chain, &x, &grad, &[1, 0])?;
    let before = gpu.activity().submissions;
    let together = gpu.batch(|batch| {
        // Twice: the second one may use what the first one has left.
        batch.gradients(&chain, &x, &grad, &[0])?;
        batch.gradients(&chain, &x, &grad, &[1, 0])
    })?;
    assert_eq!(gpu.activity().submissions, before + 1);
    let pairs = [(&singly.input, &together.input)];
    let operands = singly.operands.iter().zip(&together.operands);
    for (want, got) in pairs.into_iter().chain(operands) {
        assert_same(&got.download()?, &want.download()?, "a gradient");
    }
    Ok(())
}

pub fn an_error_submits_nothing(gpu: &Gpu) -> nonlin::Result<()> {
    let (x, short) = (gpu.upload(&numbers(LEN, 0))?, gpu.upload(&[1.0])?);
    let before = gpu.activity().submissions;
    let failed = gpu.batch(|batch| {
        batch.forward_in_place(Activation::relu(), &x)?;
        batch.forward_into(Activation::relu(), &x, &short)
    });
    assert!(
        matches!(failed, Err(Error::LengthMismatch { .. })),
        "{failed:?}"
    );
    assert_eq!(gpu.activity().submissions, before);
    assert_same(
        &x.download()?,
        &numbers(LEN, 0),
        "an operation before the error",
    );
    // An error that is dealt with inside leaves the rest as it is.
    gpu.batch(|batch| {
        batch.forward_in_place(Chain::new().scale(2.0), &x)?;
        assert!(batch.forward_into(Activation::relu(), &x, &short).is_err());
        batch.forward_in_place(Chain::new().offset(1.0), &x)
    })?;
    let want: Vec<f32> = numbers(LEN, 0).iter().map(|x| 2.0 * x + 1.0).collect();
    assert_same(&x.download()?, &want, "around an error");
    // A panic lets go of the tensors too.
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        gpu.batch(|batch| {
            batch.forward_in_place(Chain::new().scale(2.0), &x)?;
            std::panic::resume_unwind(Box::new("a panic"));
            #[allow(unreachable_code)]
            Ok(())
        })
    }));
    assert!(panicked.is_err());
    assert_same(&x.download()?, &want, "after a panic");
    Ok(())
}

pub fn dropped_tensors_stay_out_of_the_pool_until_the_end(gpu: &Gpu) -> nonlin::Result<()> {
    let foreign = Foreign::new(gpu);
    for gpu in [gpu, &foreign.gpu] {
        let x = gpu.upload(&numbers(LEN, 0))?;
        let mut uploaded = Vec::new();
        let y = gpu.batch(|batch| {
            let hidden = batch.forward(Chain::new().scale(2.0), &x)?;
            let y = batch.forward(Chain::new().offset(1.0), &hidden)?;
            drop((x, hidden));
            for seed in 0..4 {
                uploaded.push((gpu.upload(&numbers(LEN, seed))?, seed));
            }
            Ok(y)
        })?;
        let want: Vec<f32> = numbers(LEN, 0).iter().map(|x| 2.0 * x + 1.0).collect();
        assert_same(&y.download()?, &want, "of dropped tensors");
        for (tensor, seed) in &uploaded {
            assert_same(
                &tensor.download()?,
                &numbers(LEN, *seed),
                "uploaded meanwhile",
            );
        }
    }
    Ok(())
}

pub fn dropped_results_serve_again_within_the_batch(gpu: &Gpu) -> nonlin::Result<()> {
    // Of a length that no other test has left buffers of.
    let len = 54_321;
    let x = gpu.upload(&numbers(len, 0))?;
    let before = gpu.activity().buffers;
    let y = gpu.batch(|batch| {
        let step = Chain::new().offset(1.0);
        let mut y = batch.forward(&step, &x)?;
        for _ in 1..200 {
            y = batch.forward(&step, &y)?;
        }
        Ok(y)
    })?;
    // Two results in turn, and the parameters.
    let made = gpu.activity().buffers - before;
    assert!(made <= 3, "{made} buffers");
    let want: Vec<f32> = numbers(len, 0).iter().map(|x| x + 200.0).collect();
    assert_same(&y.download()?, &want, "200 steps");
    Ok(())
}

pub fn what_a_batch_uses_waits_for_it(gpu: &Gpu) -> nonlin::Result<()> {
    let x = gpu.upload(&numbers(LEN, 0))?;
    let y = gpu.batch(|batch| {
        let y = batch.forward(Activation::relu(), &x)?;
        let refused = [
            y.download().map(drop),
            y.download_into(&mut [0.0; LEN]),
            pollster::block_on(y.download_async()).map(drop),
            gpu.upload_into(&numbers(LEN, 1), &y),
            gpu.forward(Activation::relu(), &y).map(drop),
            gpu.forward_into(Activation::relu(), &x, &y),
            gpu.time_copy(&x, &y, 1).map(drop),
        ];
        for result in refused {
            let written = matches!(result, Err(Error::InBatch { written: true, .. }));
            assert!(written, "{result:?}");
        }
        let refused = [
            gpu.upload_into(&numbers(LEN, 1), &x),
            gpu.forward_in_place(Activation::relu(), &x),
        ];
        for result in refused {
            let read = matches!(result, Err(Error::InBatch { written: false, .. }));
            assert!(read, "{result:?}");
        }
        // What is only read may be read.
        assert_same(&x.download()?, &numbers(LEN, 0), "an input");
        let beside = gpu.forward(Chain::new(), &x)?;
        assert_same(&beside.download()?, &numbers(LEN, 0), "beside the batch");
        let text = y.download().unwrap_err().to_string();
        assert_eq!(text, "the tensor is written by a batch that is not submitted yet: a download would come before it");
        Ok(y)
    })?;
    gpu.upload_into(&numbers(LEN, 1), &x)?;
    let got = y.download()?;
    let want: Vec<f32> = numbers(LEN, 0).iter().map(|x| x.max(0.0)).collect();
    assert!(got == want);
    Ok(())
}

pub fn batches_within_batches_are_fine_apart(gpu: &Gpu) -> nonlin::Result<()> {
    let (a, b) = (gpu.upload(&[1.0; LEN])?, gpu.upload(&[1.0; LEN])?);
    let double = Chain::new().scale(2.0);
    gpu.batch(|outer| {
        outer.forward_in_place(&double, &a)?;
        gpu.batch(|inner| {
            inner.forward_in_place(&double, &b)?;
            let refused = inner.forward_in_place(&double, &a);
            assert!(matches!(refused, Err(Error::InBatch { .. })), "{refused:?}");
            let refused = outer.forward_into(&double, &b, &a);
            assert!(matches!(refused, Err(Error::InBatch { .. })), "{refused:?}");
            Ok(())
        })?;
        assert_same(&b.download()?, &[2.0; LEN], "the inner batch");
        outer.forward_in_place(&double, &b)?;
        outer.forward_in_place(&double, &a)
    })?;
    assert_same(&a.download()?, &[4.0; LEN], "the outer batch");
    assert_same(&b.download()?, &[4.0; LEN], "both");
    Ok(())
}

pub fn batches_of_several_threads_do_not_meet(gpu: &Gpu) {
    let shared = gpu.upload(&numbers(LEN, 0)).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let shared = &shared;
            scope.spawn(move || {
                for round in 0..30 {
                    let offset = (thread * 100 + round) as f32;
                    let y = gpu
                        .batch(|batch| {
                            let hidden = batch.forward(Chain::new().scale(2.0), shared)?;
                            batch.forward(Chain::new().offset(offset), &hidden)
                        })
                        .unwrap();
                    let want: Vec<f32> = numbers(LEN, 0).iter().map(|x| 2.0 * x + offset).collect();
                    assert_same(&y.download().unwrap(), &want, "a batch of a thread");
                    // Mapped where memory is shared, while the other thread has it in a batch.
                    assert_same(&shared.download().unwrap(), &numbers(LEN, 0), "shared");
                }
            });
        }
    });
}
