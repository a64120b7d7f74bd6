//! maxout and crelu on every engine: results that are elements of the input, so every number is exact.

mod support;
#[path = "support/gates.rs"]
#[macro_use]
mod gates;

use gates::{Claim, Gates, integers, same};
use libtest_mimic::Failed;
use nonlin::rows::Maxout;
use nonlin::{Error, Tensor};

/// Rows, columns of the result, pieces.
const SHAPES: [(usize, usize, usize); 11] = [
    (1, 1, 2),
    (3, 5, 2),
    (4, 16, 3),
    (9, 515, 2),
    (5, 7, 1),
    (6, 1, 130),
    (1000, 250, 4),
    (7, 16_667, 6),
    (1 << 20, 1, 2),
    (3, 2000, 5),
    (0, 4, 3),
];

fn main() -> std::process::ExitCode {
    let claims: &'static [Claim] = gate_claims![
        maxout_gives_the_largest_piece_and_its_gradient,
        ties_go_to_the_first_piece_and_nan_is_the_largest,
        relu_is_a_maxout,
        gradients_are_finite_differences,
        crelu_gives_both_sides_and_its_gradient,
        crelu_keeps_nan_and_loses_infinities_over_zeros,
        pieces_in_another_layout_are_noticed,
        what_does_not_fit_is_refused,
    ];
    let about_tensors: &'static [Claim] = gate_claims![
        tensors_of_several_buffers_work,
        results_may_lie_over_operands,
        nothing_is_made_once_a_call_was_there,
    ];
    support::claims::run(gates::trials(claims, about_tensors))
}

fn layouts(pieces: usize) -> [(Maxout, bool); 2] {
    [
        (Maxout::blocks(pieces), false),
        (Maxout::adjacent(pieces), true),
    ]
}

/// Where piece `k` of result (row, column) lies.
fn place(adjacent: bool, columns: usize, pieces: usize, i: usize, k: usize) -> usize {
    let (row, column) = (i / columns, i % columns);
    let start = row * columns * pieces;
    if adjacent {
        start + column * pieces + k
    } else {
        start + k * columns + column
    }
}

/// The largest pieces, their numbers, and the gradient.
fn expected(
    adjacent: bool,
    columns: usize,
    pieces: usize,
    x: &[f32],
    grad: &[f32],
) -> (Vec<f32>, Vec<u32>, Vec<f32>) {
    let (mut y, mut index, mut dx) = (Vec::new(), Vec::new(), vec![0.0; x.len()]);
    for (i, &grad) in grad.iter().enumerate() {
        let at = |k| place(adjacent, columns, pieces, i, k);
        let mut best = 0;
        for k in 1..pieces {
            let (new, old) = (x[at(k)], x[at(best)]);
            if !old.is_nan() && (new > old || new.is_nan()) {
                best = k;
            }
        }
        y.push(x[at(best)]);
        index.push(best as u32);
        dx[at(best)] = grad;
    }
    (y, index, dx)
}

fn maxout_gives_the_largest_piece_and_its_gradient(gates: &Gates) -> Result<(), Failed> {
    for (rows, columns, pieces) in SHAPES {
        let x = integers(rows * columns * pieces, 3);
        let grad: Vec<f32> = (1..=rows * columns).map(|i| i as f32).collect();
        for (f, adjacent) in layouts(pieces) {
            let what = format!("{f:?}, {rows} × {columns}");
            let (y, index, dx) = expected(adjacent, columns, pieces, &x, &grad);
            let row = columns * pieces;
            same(&gates.engine.maxout(&f, &x, row)?, &y, &what);
            assert_eq!(gates.engine.maxout_index(&f, &x, row)?, index, "{what}");
            same(
                &gates.engine.maxout_backward(&f, &x, row, &grad)?,
                &dx,
                &format!("gradient, {what}"),
            );
        }
    }
    Ok(())
}

fn ties_go_to_the_first_piece_and_nan_is_the_largest(gates: &Gates) -> Result<(), Failed> {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    // Three pieces; the winner.
    let cases = [
        ([1.0, 1.0, 0.0], 0),
        ([0.0, 2.0, 2.0], 1),
        ([0.0, -0.0, 0.0], 0),
        ([-0.0, 0.0, 0.0], 0),
        ([1.0, nan, inf], 1),
        ([nan, 5.0, nan], 0),
        ([-inf, -inf, nan], 2),
        ([-inf, -inf, -inf], 0),
        ([inf, inf, 0.0], 0),
        ([-inf, f32::MIN, -inf], 1),
    ];
    let x: Vec<f32> = cases.iter().flat_map(|(x, _)| *x).collect();
    let index: Vec<u32> = cases.iter().map(|(_, winner)| *winner).collect();
    let f = Maxout::adjacent(3);
    assert_eq!(gates.engine.maxout_index(&f, &x, 3)?, index);
    let want: Vec<f32> = cases.iter().map(|(x, k)| x[*k as usize]).collect();
    same(&gates.engine.maxout(&f, &x, 3)?, &want, "maxout");
    let grad = vec![nan; cases.len()];
    let dx = gates.engine.maxout_backward(&f, &x, 3, &grad)?;
    for (i, dx) in dx.iter().enumerate() {
        let wins = i % 3 == index[i / 3] as usize;
        assert!(dx.is_nan() == wins && (wins || *dx == 0.0), "{i}: {dx}");
    }
    Ok(())
}

fn relu_is_a_maxout(gates: &Gates) -> Result<(), Failed> {
    let x = integers(1000, 5);
    let with_zeros: Vec<f32> = x.iter().flat_map(|&x| [0.0, x]).collect();
    let relu: Vec<f32> = x.iter().map(|x| x.max(0.0)).collect();
    same(
        &gates.engine.maxout(&Maxout::adjacent(2), &with_zeros, 2)?,
        &relu,
        "max(0, x)",
    );
    Ok(())
}

fn gradients_are_finite_differences(gates: &Gates) -> Result<(), Failed> {
    let (rows, columns, pieces) = (6, 4, 3);
    let mut random = support::sample::Random::new(11);
    let x: Vec<f32> = (0..rows * columns * pieces)
        .map(|_| random.normal())
        .collect();
    let grad: Vec<f32> = (0..rows * columns).map(|_| random.normal()).collect();
    let dx = gates
        .engine
        .maxout_backward(&Maxout::blocks(pieces), &x, columns * pieces, &grad)?;
    // The sum of grad · y, in f64.
    let value = |x: &[f64]| -> f64 {
        let largest = |i| {
            let all = (0..pieces).map(|k| x[place(false, columns, pieces, i, k)]);
            all.fold(f64::NEG_INFINITY, f64::max)
        };
        let terms = grad.iter().enumerate();
        terms.map(|(i, &grad)| f64::from(grad) * largest(i)).sum()
    };
    let exact: Vec<f64> = x.iter().copied().map(f64::from).collect();
    for (i, &dx) in dx.iter().enumerate() {
        let moved = |by: f64| {
            let mut x = exact.clone();
            x[i] += by;
            value(&x)
        };
        let slope = (moved(1e-6) - moved(-1e-6)) / 2e-6;
        assert!((slope - f64::from(dx)).abs() < 1e-6, "{i}: {dx}, {slope}");
    }
    Ok(())
}

fn crelu_gives_both_sides_and_its_gradient(gates: &Gates) -> Result<(), Failed> {
    for (rows, columns) in [
        (1, 1),
        (3, 5),
        (9, 515),
        (1000, 500),
        (7, 50_001),
        (1 << 20, 1),
        (5, 64),
        (0, 3),
    ] {
        let (x, grad) = (integers(rows * columns, 1), integers(2 * rows * columns, 4));
        let (mut y, mut dx) = (vec![0.0; grad.len()], vec![0.0; x.len()]);
        for (i, &x) in x.iter().enumerate() {
            let first = i / columns * 2 * columns + i % columns;
            (y[first], y[first + columns]) = (x.max(0.0), (-x).max(0.0));
            dx[i] = if x > 0.0 {
                grad[first]
            } else if x < 0.0 {
                -grad[first + columns]
            } else {
                0.0
            };
        }
        let what = format!("{rows} × {columns}");
        same(&gates.engine.crelu(&x, columns)?, &y, &what);
        same(
            &gates.engine.crelu_backward(&x, columns, &grad)?,
            &dx,
            &format!("gradient, {what}"),
        );
    }
    Ok(())
}

fn crelu_keeps_nan_and_loses_infinities_over_zeros(gates: &Gates) -> Result<(), Failed> {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    // x, both gradients; both results, dx.
    let cases = [
        [nan, 1.0, 1.0, nan, nan, nan],
        [inf, 2.0, 3.0, inf, 0.0, 2.0],
        [-inf, 2.0, 3.0, 0.0, inf, -3.0],
        [1.0, nan, 0.0, 1.0, 0.0, nan],
        [1.0, 0.0, nan, 1.0, 0.0, nan],
        [1.0, 2.0, inf, 1.0, 0.0, 2.0],
        [-1.0, inf, 2.0, 0.0, 1.0, -2.0],
        [0.0, inf, inf, 0.0, 0.0, 0.0],
        [-0.0, 1.0, 1.0, 0.0, 0.0, 0.0],
    ];
    let column = |k: usize| -> Vec<f32> { cases.iter().map(|case| case[k]).collect() };
    let both = |a: usize| -> Vec<f32> { cases.iter().flat_map(|c| [c[a], c[a + 1]]).collect() };
    same(&gates.engine.crelu(&column(0), 1)?, &both(3), "crelu");
    let dx = gates.engine.crelu_backward(&column(0), 1, &both(1))?;
    same(&dx, &column(5), "gradient");
    Ok(())
}

/// The planted mistake: the expectation tells the layouts apart.
fn pieces_in_another_layout_are_noticed(gates: &Gates) -> Result<(), Failed> {
    let (columns, pieces) = (5, 3);
    let x = integers(4 * columns * pieces, 3);
    let (y, ..) = expected(true, columns, pieces, &x, &[0.0; 20]);
    let blocks = gates
        .engine
        .maxout(&Maxout::blocks(pieces), &x, columns * pieces)?;
    assert_ne!(blocks, y);
    Ok(())
}

fn what_does_not_fit_is_refused(gates: &Gates) -> Result<(), Failed> {
    let engine = &gates.engine;
    let says = |result: nonlin::Result<Vec<f32>>, text: &str| {
        let said = result.expect_err(text).to_string();
        assert_eq!(said, text);
    };
    says(
        engine.maxout(&Maxout::blocks(0), &[0.0; 6], 6),
        "maxout: 0 pieces are asked for, 1 to 16777216 are possible",
    );
    says(
        engine.maxout(&Maxout::blocks(4), &[0.0; 6], 6),
        "maxout: 6 columns are not 4 equal pieces",
    );
    says(
        engine.maxout(&Maxout::adjacent(2), &[0.0; 6], 4),
        "maxout: x holds 6 elements, which are no whole rows of 4 columns",
    );
    says(
        engine.maxout_backward(&Maxout::adjacent(2), &[0.0; 8], 4, &[0.0; 3]),
        "grad holds 3 elements, a piece of x holds 4",
    );
    says(
        engine.crelu(&[0.0; 6], 4),
        "crelu: x holds 6 elements, which are no whole rows of 4 columns",
    );
    says(
        engine.crelu_backward(&[0.0; 6], 3, &[0.0; 6]),
        "grad holds 6 elements, twice x holds 12",
    );
    let mut index = [0; 3];
    let error = engine.maxout_index_into(&Maxout::blocks(2), &[0.0; 8], 4, &mut index);
    let said = error.unwrap_err().to_string();
    assert_eq!(said, "the index holds 3 elements, a piece of x holds 4");
    assert!(engine.maxout(&Maxout::blocks(2), &[], 4)?.is_empty());
    assert!(engine.crelu(&[], 4)?.is_empty());
    Ok(())
}

fn tensors_of_several_buffers_work(gates: &Gates) -> Result<(), Failed> {
    let small = [
        gates.limited().max_chunk_bytes(1024).build()?,
        gates.limited().max_chunk_bytes(2064).build()?,
        gates.limited().max_groups(2).build()?,
    ];
    for gpu in small {
        for (rows, columns, pieces) in [
            (3, 103, 5),
            (40, 11, 2),
            (2, 64, 16),
            (5, 300, 3),
            (900, 1, 3),
            (2, 2, 150),
        ] {
            let x = integers(rows * columns * pieces, 3);
            let grad: Vec<f32> = (1..=rows * columns).map(|i| i as f32).collect();
            let row = columns * pieces;
            let (tx, tg) = (gpu.upload(&x)?, gpu.upload(&grad)?);
            for (f, adjacent) in layouts(pieces) {
                let what = format!("{f:?}, {rows} × {columns}");
                let (y, index, dx) = expected(adjacent, columns, pieces, &x, &grad);
                same(&gpu.maxout(&f, &tx, row)?.download()?, &y, &what);
                let index: Vec<f32> = index.iter().map(|&k| k as f32).collect();
                same(&gpu.maxout_index(&f, &tx, row)?.download()?, &index, &what);
                same(
                    &gpu.maxout_backward(&f, &tx, row, &tg)?.download()?,
                    &dx,
                    &what,
                );
            }
            let y = gpu.crelu(&tx, row)?;
            let back = gpu.crelu_backward(&tx, row, &y)?;
            // x·relu'(x) and so on: each half gives its own side back.
            same(&back.download()?, &x, "crelu back from its own result");
            let first: Vec<f32> = y
                .download()?
                .chunks(2 * row)
                .flat_map(|y| y[..row].to_vec())
                .collect();
            let relu: Vec<f32> = x.iter().map(|x| x.max(0.0)).collect();
            same(&first, &relu, "the first half of crelu");
        }
    }
    Ok(())
}

fn results_may_lie_over_operands(gates: &Gates) -> Result<(), Failed> {
    let gpu = gates.gpu();
    let (rows, columns, pieces) = (5, 6, 3);
    let x = integers(rows * columns * pieces, 3);
    let grad: Vec<f32> = (1..=rows * columns).map(|i| i as f32).collect();
    for (f, adjacent) in layouts(pieces) {
        let (.., dx) = expected(adjacent, columns, pieces, &x, &grad);
        let (tx, tg) = (gpu.upload(&x)?, gpu.upload(&grad)?);
        let row = columns * pieces;
        let start = tx
            .buffer()
            .expect("it has one")
            .slice(..grad.len() as u64 * 4);
        let over = gpu.maxout_into(&f, &tx, row, &Tensor::from_buffer(gpu, start)?);
        assert!(matches!(over, Err(Error::Overlap { .. })), "{over:?}");
        gpu.maxout_backward_into(&f, &tx, row, &tg, &tx)?;
        same(&tx.download()?, &dx, "dx over x");
    }
    let tx = gpu.upload(&x)?;
    let y = gpu.crelu(&tx, 18)?;
    gpu.crelu_backward_into(&tx, 18, &y, &tx)?;
    same(&tx.download()?, &x, "crelu's gradient over x");
    Ok(())
}

fn nothing_is_made_once_a_call_was_there(gates: &Gates) -> Result<(), Failed> {
    let gpu = gates.gpu();
    let x = gpu.upload(&integers(4096, 1))?;
    let (y, dx, both) = (gpu.empty(2048)?, gpu.empty(4096)?, gpu.empty(8192)?);
    let call = || -> nonlin::Result<()> {
        gpu.maxout_into(&Maxout::blocks(2), &x, 64, &y)?;
        gpu.maxout_backward_into(&Maxout::blocks(2), &x, 64, &y, &dx)?;
        gpu.crelu_into(&x, 64, &both)?;
        gpu.crelu_backward_into(&x, 64, &both, &dx)
    };
    call()?;
    call()?;
    let before = gpu.activity();
    call()?;
    let after = gpu.activity();
    let made = |a: &nonlin::gpu::Activity| (a.buffers, a.bind_groups, a.pipelines);
    assert_eq!(made(&before), made(&after));
    assert_eq!(after.submissions, before.submissions + 4);
    Ok(())
}
