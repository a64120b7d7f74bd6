//! prelu and rrelu on every engine.

mod support;
#[path = "support/gates.rs"]
#[macro_use]
mod gates;
#[path = "support/known.rs"]
#[allow(dead_code, reason = "made for chains")]
mod known;

use gates::{Claim, Gates, integers, same};
use known::Known;
use libtest_mimic::{Failed, Trial};
use nonlin::cpu::Cpu;
use nonlin::rows::{GateEngine, Prelu, Rrelu};
use nonlin::{Activation, Engine, Error};
use support::sample::Random;

/// Rows, channels, inner.
const SHAPES: [(usize, usize, usize); 12] = [
    (1, 2, 1),
    (3, 10, 1),
    (5, 16, 1),
    (1000, 1000, 1),
    (7, 100_002, 1),
    (1 << 20, 2, 1),
    (7, 5, 33),
    (4, 3, 4096),
    (1, 7, 20_003),
    (2000, 1, 1),
    (300, 1, 77),
    (0, 3, 2),
];

fn main() -> std::process::ExitCode {
    let claims: &'static [Claim] = gate_claims![
        prelu_is_exact_where_its_numbers_are,
        prelu_lies_where_a_rounding_puts_it,
        sums_of_slopes_are_accurate,
        sums_have_the_same_bits_in_every_run,
        zeros_win_over_infinities_and_nan_over_everything,
        gradients_are_finite_differences,
        slopes_in_another_order_are_noticed,
        every_engine_draws_the_same_slopes,
        what_does_not_fit_is_refused,
    ];
    let about_tensors: &'static [Claim] = gate_claims![
        tensors_of_several_buffers_work,
        results_may_lie_over_operands,
        nothing_is_made_once_a_call_was_there,
    ];
    let mut trials = gates::trials(claims, about_tensors);
    trials.push(Trial::test("cpu::sums_do_not_depend_on_threads", threads));
    trials.push(Trial::test("rrelu::slopes_are_uniform", uniform));
    trials.push(Trial::test("rrelu::evaluation_is_the_mean", evaluation));
    support::claims::run(trials)
}

fn normal(len: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    (0..len).map(|_| random.normal()).collect()
}

fn channel(i: usize, channels: usize, inner: usize) -> usize {
    i / inner % channels
}

fn prelu_is_exact_where_its_numbers_are(gates: &Gates) -> Result<(), Failed> {
    for (rows, channels, inner) in SHAPES {
        let f = Prelu::new(channels).inner(inner);
        let len = rows * channels * inner;
        let (x, grad) = (integers(len, 1), integers(len, 5));
        let slopes: Vec<f32> = integers(channels, 2).iter().map(|s| s / 8.0).collect();
        let (mut y, mut dx) = (Vec::new(), Vec::new());
        let mut dslopes = vec![0.0_f64; channels];
        for (i, (&x, &grad)) in x.iter().zip(&grad).enumerate() {
            let channel = channel(i, channels, inner);
            let slope = if x > 0.0 { 1.0 } else { slopes[channel] };
            y.push(x * slope);
            dx.push(grad * slope);
            dslopes[channel] += f64::from(x.min(0.0) * grad);
        }
        let what = format!("{rows} × {channels} × {inner}");
        same(&gates.engine.prelu(&f, &x, &slopes)?, &y, &what);
        let [of_x, of_slopes] = gates.engine.prelu_backward(&f, &x, &slopes, &grad)?;
        same(&of_x, &dx, &format!("gradient, {what}"));
        // Whole numbers below 2^24: every order of summation gives the same.
        let dslopes: Vec<f32> = dslopes.iter().map(|&s| s as f32).collect();
        same(&of_slopes, &dslopes, &format!("gradient of slopes, {what}"));
    }
    Ok(())
}

fn prelu_lies_where_a_rounding_puts_it(gates: &Gates) -> Result<(), Failed> {
    let (rows, channels, inner) = (13, 9, 17);
    let len = rows * channels * inner;
    let (x, grad, slopes) = (normal(len, 1), normal(len, 2), normal(channels, 3));
    let f = Prelu::new(channels).inner(inner);
    let y = gates.engine.prelu(&f, &x, &slopes)?;
    let [dx, _] = gates.engine.prelu_backward(&f, &x, &slopes, &grad)?;
    for i in 0..len {
        let slope = Known::given(slopes[channel(i, channels, inner)]);
        let factor = |value: f32| {
            let value = Known::given(value);
            if x[i] > 0.0 {
                value
            } else {
                value.times(slope)
            }
        };
        assert!(factor(x[i]).allows(y[i]), "y at {i}: {}", y[i]);
        assert!(factor(grad[i]).allows(dx[i]), "dx at {i}: {}", dx[i]);
    }
    Ok(())
}

/// Each term has a rounding, and a sum in f64 one more; a tree of f32 as many as it is high, for each axis, and one for each part.
fn sums_of_slopes_are_accurate(gates: &Gates) -> Result<(), Failed> {
    for (rows, channels, inner) in [(20_000, 3, 1), (200, 3, 100), (1, 2, 70_001), (65, 700, 2)] {
        let len = rows * channels * inner;
        let f = Prelu::new(channels).inner(inner);
        let (x, grad, slopes) = (normal(len, 4), normal(len, 5), normal(channels, 6));
        let [_, got] = gates.engine.prelu_backward(&f, &x, &slopes, &grad)?;
        let height = |n: usize| f64::from(n.next_power_of_two().trailing_zeros()) + 4.0;
        let roundings = match gates.gpu {
            None => 1.0,
            Some(_) => 1.0 + height(rows) + height(inner),
        };
        let (mut sums, mut magnitudes) = (vec![0.0_f64; channels], vec![0.0_f64; channels]);
        for (i, (&x, &grad)) in x.iter().zip(&grad).enumerate() {
            let term = f64::from(x.min(0.0)) * f64::from(grad);
            sums[channel(i, channels, inner)] += term;
            magnitudes[channel(i, channels, inner)] += term.abs();
        }
        for (c, &got) in got.iter().enumerate() {
            let unit = 2_f64.powi(-24);
            let bound = roundings * unit * magnitudes[c] + unit * sums[c].abs();
            let off = (f64::from(got) - sums[c]).abs();
            assert!(
                off <= bound,
                "{rows} × {channels} × {inner}, slope {c}: {got}, exactly {}, off by {off:e} of {bound:e}",
                sums[c]
            );
        }
    }
    Ok(())
}

fn sums_have_the_same_bits_in_every_run(gates: &Gates) -> Result<(), Failed> {
    let (rows, channels, inner) = (300, 7, 50);
    let len = rows * channels * inner;
    let f = Prelu::new(channels).inner(inner);
    let (x, grad, slopes) = (normal(len, 7), normal(len, 8), normal(channels, 9));
    let sums = || gates.engine.prelu_backward(&f, &x, &slopes, &grad);
    let [_, first] = sums()?;
    for _ in 0..3 {
        assert_eq!(sums()?[1], first);
    }
    Ok(())
}

fn threads() -> Result<(), Failed> {
    for (rows, channels, inner) in [(3000, 70, 1), (30, 7, 1000), (200_000, 1, 1)] {
        let len = rows * channels * inner;
        let f = Prelu::new(channels).inner(inner);
        let (x, grad, slopes) = (normal(len, 7), normal(len, 8), normal(channels, 9));
        let mut all = Vec::new();
        for threads in [1, 2, 3, 5] {
            let cpu = Cpu::with_threads(threads)?;
            all.push(cpu.prelu_backward(&f, &x, &slopes, &grad)?);
        }
        assert!(all.iter().all(|one| *one == all[0]));
    }
    Ok(())
}

fn zeros_win_over_infinities_and_nan_over_everything(gates: &Gates) -> Result<(), Failed> {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    // x, slope, grad; y, dx, the slope's gradient.
    let cases = [
        [nan, 0.5, 1.0, nan, nan, nan],
        [-1.0, nan, 1.0, nan, nan, -1.0],
        [1.0, nan, 2.0, 1.0, 2.0, 0.0],
        [-2.0, 0.5, nan, -1.0, nan, nan],
        [-inf, 0.0, 1.0, 0.0, 0.0, -inf],
        [-inf, 0.5, 0.0, -inf, 0.0, 0.0],
        [-1.0, 0.0, inf, 0.0, 0.0, -inf],
        [inf, 0.5, 1.0, inf, 1.0, 0.0],
        [inf, 0.5, inf, inf, inf, 0.0],
        [2.0, 0.5, inf, 2.0, inf, 0.0],
        [0.0, 0.25, 4.0, 0.0, 1.0, 0.0],
        [-0.0, 0.25, 4.0, 0.0, 1.0, 0.0],
        [0.0, 0.25, inf, 0.0, inf, 0.0],
    ];
    let column = |k: usize| -> Vec<f32> { cases.iter().map(|case| case[k]).collect() };
    let f = Prelu::new(cases.len());
    same(
        &gates.engine.prelu(&f, &column(0), &column(1))?,
        &column(3),
        "y",
    );
    let [dx, dslopes] = gates
        .engine
        .prelu_backward(&f, &column(0), &column(1), &column(2))?;
    same(&dx, &column(4), "dx");
    same(&dslopes, &column(5), "dslopes");
    let f = Rrelu::new(1);
    let y = gates.engine.rrelu(&f, &[nan, 0.0, -inf, inf])?;
    same(&y, &[nan, 0.0, -inf, inf], "rrelu");
    let dx = gates
        .engine
        .rrelu_backward(&f, &[nan, 0.0, -1.0, 1.0], &[1.0, 1.0, nan, inf])?;
    same(&dx, &[nan, f.slope(1), nan, inf], "rrelu's gradient");
    Ok(())
}

fn gradients_are_finite_differences(gates: &Gates) -> Result<(), Failed> {
    let (rows, channels, inner) = (5, 4, 3);
    let len = rows * channels * inner;
    let (x, grad, slopes) = (normal(len, 1), normal(len, 2), normal(channels, 3));
    let f = Prelu::new(channels).inner(inner);
    let [dx, dslopes] = gates.engine.prelu_backward(&f, &x, &slopes, &grad)?;
    let value = |x: &[f64], slopes: &[f64]| -> f64 {
        let term = |(i, &x): (usize, &f64)| {
            let slope = if x > 0.0 {
                1.0
            } else {
                slopes[channel(i, channels, inner)]
            };
            f64::from(grad[i]) * slope * x
        };
        x.iter().enumerate().map(term).sum()
    };
    let exact = |x: &[f32]| -> Vec<f64> { x.iter().copied().map(f64::from).collect() };
    let (x, slopes) = (exact(&x), exact(&slopes));
    let moved = |all: &[f64], i: usize, by: f64| {
        let mut all = all.to_vec();
        all[i] += by;
        all
    };
    let h = 1e-6;
    for (i, &dx) in dx.iter().enumerate() {
        let slope =
            (value(&moved(&x, i, h), &slopes) - value(&moved(&x, i, -h), &slopes)) / (2.0 * h);
        assert!((slope - f64::from(dx)).abs() < 1e-6, "{i}: {dx}, {slope}");
    }
    for (i, &got) in dslopes.iter().enumerate() {
        let slope =
            (value(&x, &moved(&slopes, i, h)) - value(&x, &moved(&slopes, i, -h))) / (2.0 * h);
        assert!(
            (slope - f64::from(got)).abs() < 1e-5,
            "slope {i}: {got}, {slope}"
        );
    }
    Ok(())
}

/// The planted mistake: channels that are counted along the wrong axis.
fn slopes_in_another_order_are_noticed(gates: &Gates) -> Result<(), Failed> {
    let (channels, inner) = (4, 3);
    let x = vec![-1.0; 2 * channels * inner];
    let slopes = [1.0, 2.0, 3.0, 4.0];
    let y = gates
        .engine
        .prelu(&Prelu::new(channels).inner(inner), &x, &slopes)?;
    let columns = gates.engine.prelu(&Prelu::new(channels), &x, &slopes)?;
    assert_ne!(y, columns);
    Ok(())
}

fn every_engine_draws_the_same_slopes(gates: &Gates) -> Result<(), Failed> {
    for f in [
        Rrelu::new(0),
        Rrelu::new(u64::MAX),
        Rrelu::new(0x0123_4567_89ab_cdef).between(0.0, 1.0),
        Rrelu::new(7).between(1e-3, 1e6),
        Rrelu::new(8).between(0.3, 0.3),
        Rrelu::new(9).between(1.0, 1.0_f32.next_up()),
    ] {
        for len in [1, 3, 4, 1000, 100_003] {
            let y = gates.engine.rrelu(&f, &vec![-1.0; len])?;
            let dx = gates
                .engine
                .rrelu_backward(&f, &vec![-2.0; len], &vec![1.0; len])?;
            for (i, (y, dx)) in y.iter().zip(dx).enumerate() {
                let slope = f.slope(i as u64);
                let bits = [-y, dx].map(f32::to_bits);
                assert_eq!(bits, [slope.to_bits(); 2], "{f:?}, element {i}: {slope}");
            }
        }
    }
    Ok(())
}

fn uniform() -> Result<(), Failed> {
    const COUNT: u64 = 1 << 20;
    const BINS: usize = 64;
    for seed in [0, 1, 2, u64::MAX, 1 << 32] {
        let f = Rrelu::new(seed).between(0.0, 1.0);
        let slopes: Vec<f64> = (0..COUNT).map(|i| f64::from(f.slope(i))).collect();
        assert!(slopes.iter().all(|s| (0.0..1.0).contains(s)));
        let count = COUNT as f64;
        let mean = slopes.iter().sum::<f64>() / count;
        let deviation = (1.0 / 12.0 / count).sqrt();
        assert!(
            (mean - 0.5).abs() < 5.0 * deviation,
            "seed {seed}: mean {mean}"
        );
        let mut bins = [0_u32; BINS];
        slopes
            .iter()
            .for_each(|s| bins[(s * BINS as f64) as usize] += 1);
        let expected = count / BINS as f64;
        let chi2: f64 = bins
            .iter()
            .map(|&n| (f64::from(n) - expected).powi(2) / expected)
            .sum();
        // 63 degrees of freedom: mean 63, deviation 11.2.
        assert!((20.0..130.0).contains(&chi2), "seed {seed}: chi² {chi2}");
        // Neighbours, and the same element with the next seed, have nothing to do with each other.
        let next = Rrelu::new(seed.wrapping_add(1)).between(0.0, 1.0);
        let covariance = |other: &dyn Fn(usize) -> f64| {
            let pairs = slopes
                .iter()
                .enumerate()
                .map(|(i, s)| (s - 0.5) * (other(i) - 0.5));
            pairs.sum::<f64>() / count * 12.0
        };
        let last = slopes.len() - 1;
        let neighbours = covariance(&|i| slopes[(i + 1).min(last)]);
        let seeds = covariance(&|i| f64::from(next.slope(i as u64)));
        for correlation in [neighbours, seeds] {
            assert!(
                correlation.abs() < 5.0 / count.sqrt(),
                "seed {seed}: {correlation}"
            );
        }
    }
    // Elements beyond 2^32 have words of their own.
    let f = Rrelu::new(3);
    assert_ne!(f.slope(5), f.slope(5 + (1 << 32)));
    let f = Rrelu::new(4);
    assert!((0..100_000).all(|i| (0.125..=1.0 / 3.0).contains(&f.slope(i))));
    Ok(())
}

fn evaluation() -> Result<(), Failed> {
    let f = Rrelu::new(5);
    let mean = Activation::LeakyRelu { slope: 11.0 / 48.0 };
    let y = Cpu::new().forward(&f.evaluation(), &[-48.0, 2.0])?;
    same(&y, &Cpu::new().forward(&mean, &[-48.0, 2.0])?, "evaluation");
    assert!((y[0] + 11.0).abs() < 1e-6 && y[1] == 2.0, "{y:?}");
    Ok(())
}

fn what_does_not_fit_is_refused(gates: &Gates) -> Result<(), Failed> {
    let engine = &gates.engine;
    let says = |error: nonlin::Result<Vec<f32>>, text: &str| {
        assert_eq!(error.expect_err(text).to_string(), text);
    };
    says(
        engine.prelu(&Prelu::new(3), &[0.0; 8], &[0.0; 3]),
        "prelu: x holds 8 elements, which are no rows of 3 channels of 1",
    );
    says(
        engine.prelu(&Prelu::new(0), &[0.0; 8], &[]),
        "prelu: x holds 8 elements, which are no rows of 0 channels of 1",
    );
    says(
        engine.prelu(&Prelu::new(2).inner(2), &[0.0; 8], &[0.0; 3]),
        "prelu: there are 3 slopes for 2 channels",
    );
    let huge = Prelu::new(usize::MAX).inner(2);
    assert!(engine.prelu(&huge, &[0.0; 8], &[0.0; 3]).is_err());
    let back = engine.prelu_backward(&Prelu::new(2), &[0.0; 8], &[0.0; 2], &[0.0; 7]);
    assert_eq!(
        back.unwrap_err().to_string(),
        "grad holds 7 elements, x holds 8"
    );
    says(
        engine.rrelu(&Rrelu::new(0).between(-0.1, 0.2), &[0.0]),
        "rrelu: lower is -0.1, allowed is 0 to 3.4028235e38",
    );
    says(
        engine.rrelu(&Rrelu::new(0).between(0.5, 0.25), &[0.0]),
        "rrelu: upper is 0.25, allowed is 0.5 to 3.4028235e38",
    );
    says(
        engine.rrelu(&Rrelu::new(0).between(0.5, f32::NAN), &[0.0]),
        "rrelu: upper is NaN, allowed is 0.5 to 3.4028235e38",
    );
    says(
        engine.rrelu_backward(&Rrelu::new(0), &[0.0; 3], &[0.0; 2]),
        "grad holds 2 elements, x holds 3",
    );
    assert!(engine.rrelu(&Rrelu::new(0), &[])?.is_empty());
    Ok(())
}

fn tensors_of_several_buffers_work(gates: &Gates) -> Result<(), Failed> {
    let small = [
        gates.limited().max_chunk_bytes(1024).build()?,
        gates.limited().max_chunk_bytes(2064).build()?,
        gates.limited().max_groups(2).build()?,
    ];
    for gpu in small {
        for (rows, channels, inner) in [
            (300, 7, 1),
            (40, 5, 11),
            (1, 3, 1000),
            (5, 100, 2),
            (2000, 1, 1),
        ] {
            let f = Prelu::new(channels).inner(inner);
            let len = rows * channels * inner;
            let (x, grad) = (integers(len, 1), integers(len, 5));
            let slopes = integers(channels, 2);
            let (tx, tg, ts) = (gpu.upload(&x)?, gpu.upload(&grad)?, gpu.upload(&slopes)?);
            let what = format!("{rows} × {channels} × {inner}");
            let want = Cpu::new().prelu(&f, &x, &slopes)?;
            same(&gpu.prelu(&f, &tx, &ts)?.download()?, &want, &what);
            let want = Cpu::new().prelu_backward(&f, &x, &slopes, &grad)?;
            let got = gpu.prelu_backward(&f, &tx, &ts, &tg)?;
            same(&got[0].download()?, &want[0], &what);
            same(&got[1].download()?, &want[1], &format!("slopes, {what}"));
            let f = Rrelu::new(3);
            let want = Cpu::new().rrelu(&f, &x)?;
            same(&gpu.rrelu(&f, &tx)?.download()?, &want, &what);
        }
        if gpu.info().max_chunk_bytes == 1024 {
            let long = gpu.upload(&vec![0.0; 2 * 300])?;
            let slopes = gpu.upload(&vec![0.0; 300])?;
            let error = gpu.prelu(&Prelu::new(300), &long, &slopes).unwrap_err();
            assert_eq!(
                error.to_string(),
                "prelu: there are 300 slopes, a binding holds 256"
            );
            let error = gpu.prelu_backward(&Prelu::new(3).inner(100), &long, &gpu.empty(3)?, &long);
            let text = "prelu: a row of 3 channels of 100 is longer than the 256 elements that a binding holds";
            assert_eq!(error.unwrap_err().to_string(), text);
        }
    }
    Ok(())
}

fn results_may_lie_over_operands(gates: &Gates) -> Result<(), Failed> {
    let gpu = gates.gpu();
    let (x, grad, slopes) = (integers(120, 1), integers(120, 5), integers(4, 2));
    let f = Prelu::new(4).inner(3);
    let want = Cpu::new().prelu_backward(&f, &x, &slopes, &grad)?;
    let (tx, tg, ts) = (gpu.upload(&x)?, gpu.upload(&grad)?, gpu.upload(&slopes)?);
    let dslopes = gpu.empty(4)?;
    gpu.prelu_backward_into(&f, &tx, &ts, &tg, &tg, &dslopes)?;
    same(&tg.download()?, &want[0], "dx over grad");
    same(&dslopes.download()?, &want[1], "slopes");
    let over = gpu.prelu_backward_into(&f, &tx, &ts, &tg, &tg, &ts);
    assert!(matches!(over, Err(Error::Overlap { .. })), "{over:?}");
    gpu.prelu_into(&f, &tx, &ts, &tx)?;
    same(
        &tx.download()?,
        &Cpu::new().prelu(&f, &x, &slopes)?,
        "y over x",
    );
    gpu.upload_into(&x, &tx)?;
    gpu.rrelu_into(&Rrelu::new(1), &tx, &tx)?;
    same(
        &tx.download()?,
        &Cpu::new().rrelu(&Rrelu::new(1), &x)?,
        "rrelu over x",
    );
    Ok(())
}

fn nothing_is_made_once_a_call_was_there(gates: &Gates) -> Result<(), Failed> {
    let gpu = gates.gpu();
    let f = Prelu::new(8).inner(16);
    let (x, slopes) = (
        gpu.upload(&integers(4096, 1))?,
        gpu.upload(&integers(8, 1))?,
    );
    let (y, dslopes) = (gpu.empty(4096)?, gpu.empty(8)?);
    let call = || -> nonlin::Result<()> {
        gpu.prelu_into(&f, &x, &slopes, &y)?;
        gpu.prelu_backward_into(&f, &x, &slopes, &x, &y, &dslopes)?;
        gpu.rrelu_into(&Rrelu::new(1), &x, &y)?;
        gpu.rrelu_backward_into(&Rrelu::new(1), &x, &x, &y)
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
