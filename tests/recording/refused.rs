//! What cannot be recorded: an error with the numbers, and nothing in the pass.

use crate::support::foreign::{Foreign, assert_same, numbers};
use nonlin::{Activation, Chain, Direction, Error, Gpu, Tensor};
use wgpu::BufferUsages;

pub fn what_cannot_be_recorded_is_refused(gpu: &Gpu) -> nonlin::Result<()> {
    let foreign = Foreign::new(gpu);
    let other = foreign.another();
    let all = numbers(256, 0);
    let (a, b) = (foreign.buffer(&all), foreign.buffer(&all));
    let unusable = foreign.buffer_for(&all, BufferUsages::COPY_SRC | BufferUsages::COPY_DST);
    let elsewhere = other.buffer(&all);
    let forward = foreign.gpu.forward_kernel(Activation::gelu())?;
    let backward = foreign.gpu.backward_kernel(Activation::gelu())?;
    let row = foreign.gpu.upload(&[1.0, 2.0, 3.0])?;
    let with_row = foreign.gpu.forward_kernel(Chain::new().mul_row(&row))?;
    let gradients = foreign
        .gpu
        .gradients_kernel(Chain::new().mul_row(&row), &[0])?;
    foreign.pass(|pass| {
        let s = |from: u64, to: u64| a.slice(from..to);
        let t = |from: u64, to: u64| b.slice(from..to);
        let refused = [
            (
                forward.record(pass, s(2, 10), t(0, 8)),
                "x cannot be used: it is 8 bytes long and begins at byte 2",
            ),
            (
                forward.record(pass, s(0, 8), t(6, 14)),
                "the result cannot be used: it is 8 bytes long and begins at byte 6",
            ),
            (
                forward.record(pass, s(0, 10), t(0, 8)),
                "x cannot be used: it is 10 bytes long",
            ),
            (
                forward.record(pass, s(0, 12), t(0, 8)),
                "the result holds 2 elements, x holds 3",
            ),
            (
                forward.record(pass, unusable.slice(..8), t(0, 8)),
                "x cannot be used: its buffer has the usage",
            ),
            (
                forward.record(pass, s(0, 8), unusable.slice(..8)),
                "the result cannot be used: its buffer has the usage",
            ),
            (
                forward.record_backward(pass, s(0, 8), s(8, 16), t(0, 8)),
                "takes no gradient",
            ),
            (backward.record(pass, s(0, 8), t(0, 8)), "needs a gradient"),
            (
                backward.record_backward(pass, s(0, 8), s(8, 20), t(0, 8)),
                "grad holds 3 elements, x holds 2",
            ),
            (
                backward.record_backward(pass, s(0, 8), s(9, 17), t(0, 8)),
                "grad cannot be used",
            ),
            (forward.record(pass, elsewhere.slice(..), t(0, 1024)), ""),
            (forward.record(pass, s(0, 1024), elsewhere.slice(..)), ""),
            (
                with_row.record(pass, s(0, 16), t(0, 16)),
                "holds 3 elements",
            ),
            (
                gradients.record(pass, s(0, 12), s(12, 24), t(0, 12), &[]),
                "the list of the operands' gradients holds 0 elements",
            ),
            (
                gradients.record(pass, s(0, 12), s(12, 24), t(0, 12), &[t(12, 20).into()]),
                "the gradient of an operand holds 2 elements",
            ),
            (
                gradients.record(pass, s(0, 12), s(12, 24), t(0, 12), &[t(13, 25).into()]),
                "the gradient of an operand cannot be used",
            ),
        ];
        for (i, (result, said)) in refused.into_iter().enumerate() {
            let text = result.expect_err(&format!("case {i}: {said}")).to_string();
            assert!(text.contains(said), "case {i}: {text}, not {said}");
        }
    });
    for buffer in [&a, &b] {
        assert_same(&foreign.read(buffer), &all, "nothing was recorded");
    }
    assert_same(&other.read(&elsewhere), &all, "nothing was recorded");
    let there = other.gpu.upload(&[1.0])?;
    for refused in [
        foreign
            .gpu
            .kernel(Chain::new().mul(&there), Direction::Forward)
            .map(drop),
        foreign
            .gpu
            .gradients_kernel(Chain::new().mul(&there), &[0])
            .map(drop),
    ] {
        assert!(
            matches!(refused, Err(Error::WrongDevice { .. })),
            "{refused:?}"
        );
    }
    for (slice, said) in [
        (a.slice(2..10), "begins at byte 2"),
        (unusable.slice(..), "STORAGE"),
    ] {
        let text = Tensor::from_buffer(&foreign.gpu, slice)
            .unwrap_err()
            .to_string();
        assert!(text.contains(said), "{text}");
    }
    let mine = Tensor::from_buffer(&foreign.gpu, elsewhere.slice(..))?;
    assert!(foreign.gpu.forward(Activation::relu(), &mine).is_err());
    assert!(mine.download().is_err());
    // The device is as good as before.
    let y = foreign.gpu.forward(Activation::relu(), &row)?;
    assert_same(&y.download()?, &[1.0, 2.0, 3.0], "afterwards");
    Ok(())
}

pub fn overlaps_are_refused_with_their_ranges(gpu: &Gpu) -> nonlin::Result<()> {
    let foreign = Foreign::new(gpu);
    let all = numbers(1024, 0);
    let buffer = foreign.buffer(&all);
    let at = |from: u64, len: u64| buffer.slice(from..from + len);
    let relu = foreign.gpu.forward_kernel(Activation::relu())?;
    let backward = foreign.gpu.backward_kernel(Activation::relu())?;
    let operand = Tensor::from_buffer(&foreign.gpu, at(2000, 400))?;
    let product = foreign.gpu.forward_kernel(Chain::new().mul(&operand))?;
    let row = Tensor::from_buffer(&foreign.gpu, at(2000, 40))?;
    let with_row = Chain::new().mul_row(&row);
    let rows = foreign.gpu.forward_kernel(&with_row)?;
    let gradients = foreign.gpu.gradients_kernel(&with_row, &[0])?;
    foreign.pass(|pass| {
        let refused = [
            (relu.record(pass, at(400, 400), at(404, 400)), "x (bytes 400 to 800 of a buffer) overlaps the result (bytes 404 to 804)"),
            (relu.record(pass, at(400, 400), at(4, 400)), "x (bytes 400 to 800 of a buffer) overlaps the result (bytes 4 to 404)"),
            (backward.record_backward(pass, at(0, 400), at(404, 400), at(800, 400)), "grad (bytes 404 to 804 of a buffer) overlaps the result (bytes 800 to 1200)"),
            (product.record(pass, at(0, 400), at(2396, 400)), "operand 0 (bytes 2000 to 2400 of a buffer) overlaps the result (bytes 2396 to 2796)"),
            // A row in the place of the result would be read after it is written.
            (rows.record(pass, at(2000, 40), at(2000, 40)), "operand 0 (bytes 2000 to 2040 of a buffer) overlaps the result"),
            (gradients.record(pass, at(0, 400), at(400, 400), at(800, 400), &[at(1196, 40).into()]), "overlaps"),
            (gradients.record(pass, at(0, 400), at(400, 400), at(800, 400), &[at(396, 40).into()]), "overlaps"),
        ];
        for (i, (result, said)) in refused.into_iter().enumerate() {
            match result {
                Err(error @ Error::Overlap { .. }) => {
                    let text = error.to_string();
                    assert!(text.contains(said), "case {i}: {text}, not {said}");
                }
                other => panic!("case {i}: {other:?}, not {said}"),
            }
        }
    });
    assert_same(&foreign.read(&buffer), &all, "nothing was recorded");
    // Next to each other, or exactly in place.
    foreign.pass(|pass| {
        relu.record(pass, at(400, 400), at(800, 400)).unwrap();
        relu.record(pass, at(12, 100), at(12, 100)).unwrap();
        product.record(pass, at(3000, 400), at(2000, 400)).unwrap();
    });
    let mut want = all.clone();
    for i in 0..100 {
        want[200 + i] = all[100 + i].max(0.0);
        want[500 + i] = all[750 + i] * all[500 + i];
    }
    (3..28).for_each(|i| want[i] = all[i].max(0.0));
    let got = foreign.read(&buffer);
    let wrong = got.iter().zip(&want).position(|(got, want)| got != want);
    assert_eq!(wrong, None, "{got:?}");
    Ok(())
}
