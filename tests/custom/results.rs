//! What the engines make of custom functions.

use super::{expect, swoosh, with_body};
use libtest_mimic::Failed;
use nonlin::{Activation, Chain, Direction, Engine, Gpu};

/// f(x), f'(x) of swoosh in f64.
fn exact(x: f64, [a, b]: [f64; 2]) -> (f64, f64) {
    let gate = 1.0 / (1.0 + (-a * x).exp());
    (x * gate + b, gate + a * x * gate * (1.0 - gate))
}

fn near(got: f32, want: f64) -> bool {
    (f64::from(got) - want).abs() <= 1e-6 * want.abs().max(1.0)
}

pub fn results_are_right(gpu: &Gpu) -> Result<(), Failed> {
    let x: Vec<f32> = (-1003..=1000).map(|i| i as f32 / 64.0).collect();
    let grad: Vec<f32> = x.iter().map(|x| 1.0 + x.abs()).collect();
    for p in [[1.0, 0.0], [2.5, -1.0]] {
        let f = swoosh(&p.map(|p| p as f32));
        let forward = Engine::forward(gpu, &f, &x)?;
        let derivative = Engine::derivative(gpu, &f, &x)?;
        let backward = Engine::backward(gpu, &f, &x, &grad)?;
        for (i, &x) in x.iter().enumerate() {
            let (value, slope) = exact(x.into(), p);
            let right = near(forward[i], value)
                && near(derivative[i], slope)
                && near(backward[i] / grad[i], slope);
            expect(
                right,
                format!(
                    "{f} at {x}: {}, {}, {}; {value}, {slope}",
                    forward[i], derivative[i], backward[i]
                ),
            )?;
        }
    }
    // In place, and on tensors of odd lengths.
    let f = swoosh(&[1.0]);
    let tensor = gpu.upload(&x)?;
    gpu.forward_in_place(&f, &tensor)?;
    expect(
        tensor.download()? == Engine::forward(gpu, &f, &x)?,
        "in place",
    )?;
    let tensor = gpu.upload(&x)?;
    let grads = gpu.upload(&grad)?;
    gpu.backward_in_place(&f, &tensor, &grads)?;
    expect(
        grads.download()? == Engine::backward(gpu, &f, &x, &grad)?,
        "backward in place",
    )
}

/// In a chain beside functions of the catalogue, with operands, forward and backward.
pub fn chains_hold_custom_functions(gpu: &Gpu) -> Result<(), Failed> {
    let x: Vec<f32> = (-50..=49).map(|i| i as f32 / 8.0).collect();
    let grad = vec![2.0; x.len()];
    let bias = [0.5, -0.25, 1.0, 0.0];
    let gate: Vec<f32> = x.iter().map(|x| 1.0 + x * x).collect();
    let chain = Chain::new()
        .add_row(&bias[..])
        .then(swoosh(&[2.0, 0.5]))
        .mul(&gate[..])
        .then(swoosh(&[1.0]))
        .then(Activation::softplus());
    let y = Engine::forward(gpu, &chain, &x)?;
    let gradients = Engine::gradients(gpu, &chain, &x, &grad, &[0, 1])?;
    let mut bias_grad = [0.0; 4];
    for i in 0..x.len() {
        let biased = f64::from(x[i] + bias[i % 4]);
        let (first, first_slope) = exact(biased, [2.0, 0.5]);
        let product = first * f64::from(gate[i]);
        let (second, second_slope) = exact(product, [1.0, 0.0]);
        let value = second.max(0.0) + (-second.abs()).exp().ln_1p();
        let back = 2.0 / (1.0 + (-second).exp()) * second_slope;
        let dx = back * f64::from(gate[i]) * first_slope;
        bias_grad[i % 4] += dx;
        let right = near(y[i], value)
            && (f64::from(gradients.input[i]) - dx).abs() <= 1e-5 * dx.abs().max(1.0)
            && (f64::from(gradients.operands[1][i]) - back * first).abs()
                <= 1e-5 * (back * first).abs().max(1.0);
        expect(
            right,
            format!(
                "at {}: {}, {value}; {}, {dx}",
                x[i], y[i], gradients.input[i]
            ),
        )?;
    }
    for (got, want) in gradients.operands[0].iter().zip(bias_grad) {
        let right = (f64::from(*got) - want).abs() <= 1e-4 * want.abs().max(1.0);
        expect(right, format!("the bias's gradient: {got}, {want}"))?;
    }
    Ok(())
}

/// Two texts with one name, and with helpers of one name, in one kernel.
pub fn names_do_not_meet_in_a_kernel(gpu: &Gpu) -> Result<(), Failed> {
    let text = |by: f32| {
        format!(
            "fn more(x: f32) -> f32 {{ return x + {by:?}; }}
            fn meet(x: f32, p: vec4<f32>) -> f32 {{ return more(x); }}
            fn meet_derivative(x: f32, p: vec4<f32>) -> f32 {{ return 1.0; }}"
        )
    };
    let one = Activation::custom("meet", &text(1.0), &[])?;
    let ten = Activation::custom("meet", &text(10.0), &[])?;
    let chain = Chain::new().then(one).then(ten);
    let y = Engine::forward(gpu, &chain, &[0.5])?;
    expect(y == [11.5], format!("{y:?}"))
}

pub fn nan_in_gives_nan_out(gpu: &Gpu) -> Result<(), Failed> {
    let f = Activation::custom("f", &with_body("return 1.0;"), &[])?;
    let x = [f32::NAN, 1.0, -f32::NAN, f32::INFINITY];
    for direction in [
        Direction::Forward,
        Direction::Derivative,
        Direction::Backward,
    ] {
        let mut out = [0.0; 4];
        gpu.compute(
            &f,
            direction,
            &x,
            direction.takes_grad().then_some(&[1.0; 4]),
            &mut out,
        )?;
        let right = out[0].is_nan() && out[1] == 1.0 && out[2].is_nan() && out[3] == 1.0;
        expect(right, format!("{direction}: {out:?}"))?;
    }
    Ok(())
}

pub fn parameters_are_data(gpu: &Gpu) -> Result<(), Failed> {
    let x = [-1.0, 0.5, 2.0];
    Engine::forward(gpu, &swoosh(&[1.0]), &x)?;
    let compiled = gpu.compiled_kernels();
    let other = Engine::forward(gpu, &swoosh(&[3.0, 1.0]), &x)?;
    expect(
        gpu.compiled_kernels() == compiled,
        "other values compiled a kernel",
    )?;
    expect(
        near(other[2], exact(2.0, [3.0, 1.0]).0),
        format!("{other:?}"),
    )
}

pub fn two_texts_of_one_name_are_two_functions(gpu: &Gpu) -> Result<(), Failed> {
    let one = Activation::custom(
        "twin",
        &with_body("return x;")
            .replace("f(x", "twin(x")
            .replace("f_d", "twin_d"),
        &[],
    )?;
    let two = Activation::custom(
        "twin",
        &with_body("return x + 1.0;")
            .replace("f(x", "twin(x")
            .replace("f_d", "twin_d"),
        &[],
    )?;
    let found = [
        Engine::forward(gpu, &one, &[1.0])?,
        Engine::forward(gpu, &two, &[1.0])?,
    ];
    expect(found == [[1.0], [2.0]], format!("{found:?}"))
}

pub fn the_documented_errors_hold(gpu: &Gpu) -> Result<(), Failed> {
    type Case = (&'static str, f64, f64, f64, fn(f64) -> f64);
    let cases: [Case; 10] = [
        ("exp_any(x)", -87.0, 88.0, 2.0, f64::exp),
        ("expm1_any(x)", -20.0, 88.0, 2.0, f64::exp_m1),
        ("expm1_nonpositive(x)", -20.0, 0.0, 2.0, f64::exp_m1),
        ("log_any(x)", 1e-30, 1e4, 2.0, f64::ln),
        ("log1p_any(x)", -0.999, 1e4, 3.0, f64::ln_1p),
        ("log1p_unit(x)", 0.0, 1.0, 2.0, f64::ln_1p),
        ("tanh_nonnegative(x)", 0.0, 12.0, 3.0, f64::tanh),
        ("erf_nonnegative(x)", 0.0, 6.0, 2.0, |x| {
            Activation::erf().reference(Direction::Forward, x)
        }),
        ("exp_value(exp_of(x))", -87.0, 88.0, 2.0, f64::exp),
        ("exp_times(exp_of(x), 3.0)", -90.0, 86.0, 2.0, |x| {
            3.0 * x.exp()
        }),
    ];
    for (call, from, to, bound, exact) in cases {
        let f = Activation::custom("f", &with_body(&format!("return {call};")), &[])?;
        let even = (0..40_000).map(|i| (from + (to - from) * f64::from(i) / 40_000.0) as f32);
        let small = (0..4_000).map(|i| (1.01_f64.powi(-i)) as f32);
        let signed = small
            .flat_map(|x| [x, -x])
            .filter(|&x| (from..=to).contains(&f64::from(x)));
        let x: Vec<f32> = even.chain(signed).collect();
        let y = Engine::forward(gpu, &f, &x)?;
        for (&x, &y) in x.iter().zip(&y) {
            let want = exact(x.into());
            if want.abs() < f64::from(f32::MIN_POSITIVE) {
                continue;
            }
            let apart = (i64::from(y.to_bits()) - i64::from((want as f32).to_bits())).abs();
            expect(
                apart as f64 <= bound,
                format!("{call} at {x:e}: {y:e}, exact {want:e}, {apart} ULP"),
            )?;
        }
    }
    Ok(())
}
