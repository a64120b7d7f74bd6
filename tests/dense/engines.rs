//! Claims about every engine.

use super::case::{
    Case, ROUNDING, SHAPES, SUBNORMAL, check, exact, expect, functions, integers, sum,
};
use libtest_mimic::Failed;
use nonlin::dense::{Dense, DenseEngine, Wanted};
use nonlin::{Activation, Chain, Direction, Error, Operand};

pub fn results_are_right(engine: &dyn DenseEngine) -> Result<(), Failed> {
    for shape in SHAPES {
        for (f, slope, _) in functions() {
            for bias in [false, true] {
                let case = Case::new(shape, &f, bias);
                let y = case.forward(engine)?;
                for (i, &y) in y.iter().enumerate() {
                    let (z, off) = case.z(i / shape.2, i % shape.2);
                    let want = exact(&f, Direction::Forward, z);
                    let off = slope * off + 9.0 * ROUNDING * want.abs() + SUBNORMAL;
                    check(&format!("{f} of {shape:?}"), i, y, (want, off))?;
                }
            }
        }
    }
    Ok(())
}

pub fn gradients_are_right(engine: &dyn DenseEngine) -> Result<(), Failed> {
    for shape @ (batch, inputs, outputs) in SHAPES {
        for (f, _, slope) in functions() {
            let Some(slope) = slope else { continue };
            let case = Case::new(shape, &f, true);
            let found = case.backward(engine, Wanted::ALL)?;
            let dz: Vec<Vec<(f64, f64)>> = (0..batch)
                .map(|c| (0..outputs).map(|o| case.dz(c, o, slope)).collect())
                .collect();
            // Σ of dz times a factor, off by the sum's error and by what each dz is off by.
            let gradient = |terms: &mut dyn Iterator<Item = ((f64, f64), f64)>| {
                let terms: Vec<((f64, f64), f64)> = terms.collect();
                let (want, off) = sum(terms.iter().map(|((dz, _), factor)| dz * factor));
                let carried = terms.iter().map(|((_, off), factor)| off * factor.abs());
                (want, off + 1.01 * carried.sum::<f64>())
            };
            let what = |name: &str| format!("{name}, {f} of {shape:?}");
            for (i, &got) in found.x.iter().flatten().enumerate() {
                let (c, i) = (i / inputs, i % inputs);
                let mut terms = (0..outputs).map(|o| (dz[c][o], case.weight(o, i)));
                check(&what("dx"), i, got, gradient(&mut terms))?;
            }
            for (at, &got) in found.weights.iter().flatten().enumerate() {
                let (o, i) = (at / inputs, at % inputs);
                let mut terms = (0..batch).map(|c| (dz[c][o], case.x(c, i)));
                check(&what("dW"), at, got, gradient(&mut terms))?;
            }
            for (o, &got) in found.bias.iter().flatten().enumerate() {
                let mut terms = (0..batch).map(|c| (dz[c][o], 1.0));
                check(&what("db"), o, got, gradient(&mut terms))?;
            }
            let lens = [&found.x, &found.weights, &found.bias].map(|g| g.as_ref().map(Vec::len));
            let want = [batch * inputs, inputs * outputs, outputs].map(Some);
            expect(lens == want, || format!("lengths {lens:?}, want {want:?}"))?;
        }
    }
    Ok(())
}

/// The loss Σ grad·f(x·Wᵀ + b) in f64, for numbers that are moved one at a time.
pub fn loss(case: &Case, x: &[f64], weights: &[f64], bias: &[f64]) -> f64 {
    let (inputs, outputs) = (case.layer.inputs(), case.layer.outputs());
    let mut loss = 0.0;
    for (i, &grad) in case.grad.iter().enumerate() {
        let (c, o) = (i / outputs, i % outputs);
        let row = &x[c * inputs..][..inputs];
        let z: f64 = row
            .iter()
            .zip(&weights[o * inputs..])
            .map(|(x, w)| x * w)
            .sum();
        let y = exact(case.layer.function(), Direction::Forward, z + bias[o]);
        loss += f64::from(grad) * y;
    }
    loss
}

pub fn gradients_are_those_of_finite_differences(engine: &dyn DenseEngine) -> Result<(), Failed> {
    for f in [
        Activation::tanh(),
        Activation::gelu(),
        Activation::sigmoid(),
    ] {
        let case = Case::new((3, 5, 7), &f.into(), true);
        let found = case.backward(engine, Wanted::ALL)?;
        let wide = |values: &[f32]| values.iter().map(|&v| f64::from(v)).collect::<Vec<f64>>();
        let numbers = [&case.x[..], &case.weights, case.bias().unwrap_or_default()].map(wide);
        let found = [found.x, found.weights, found.bias].map(Option::unwrap_or_default);
        for (which, found) in found.iter().enumerate() {
            for (i, &got) in found.iter().enumerate() {
                let step = 1e-4;
                let moved = |by: f64| {
                    let mut moved = numbers.clone();
                    moved[which][i] += by;
                    loss(&case, &moved[0], &moved[1], &moved[2])
                };
                let want = (moved(step) - moved(-step)) / (2.0 * step);
                // The difference is off by a sixth of h² times a third derivative; the rest is rounding of about 30 terms below 3.
                check(&format!("gradient {which}"), i, got, (want, 1e-5))?;
            }
        }
    }
    Ok(())
}

pub fn only_what_is_wanted_is_there(engine: &dyn DenseEngine) -> Result<(), Failed> {
    let case = Case::new((6, 5, 3), &Activation::tanh().into(), true);
    let all = case.backward(engine, Wanted::ALL)?;
    let x = case.backward(engine, Wanted::X)?;
    let parameters = case.backward(engine, Wanted::PARAMETERS)?;
    let right = x.x == all.x
        && x.weights.is_none()
        && x.bias.is_none()
        && parameters.x.is_none()
        && parameters.weights == all.weights
        && parameters.bias == all.bias;
    expect(right, || format!("{all:?}\n{x:?}\n{parameters:?}"))
}

pub fn an_empty_batch_gives_nothing_and_no_gradient(
    engine: &dyn DenseEngine,
) -> Result<(), Failed> {
    let case = Case::new((0, 5, 3), &Activation::tanh().into(), true);
    let y = case.forward(engine)?;
    let found = case.backward(engine, Wanted::ALL)?;
    let right = y.is_empty()
        && found.x == Some(vec![])
        && found.weights == Some(vec![0.0; 15])
        && found.bias == Some(vec![0.0; 3]);
    expect(right, || format!("{y:?}, {found:?}"))
}

pub fn bits_are_the_same_again(engine: &dyn DenseEngine) -> Result<(), Failed> {
    let case = Case::new((100, 257, 33), &Activation::gelu().into(), true);
    let run = || -> nonlin::Result<_> {
        let found = case.backward(engine, Wanted::ALL)?;
        let all = [
            Some(case.forward(engine)?),
            found.x,
            found.weights,
            found.bias,
        ];
        Ok(all.map(|values| {
            let values = values.unwrap_or_default();
            values.iter().map(|v| v.to_bits()).collect::<Vec<u32>>()
        }))
    };
    let first = run()?;
    for _ in 0..3 {
        expect(run()? == first, || "the bits differ".to_owned())?;
    }
    Ok(())
}

/// Functions with every kind of step, operands in memory among them, are what the layer's z goes through; and so back.
pub fn a_layer_is_its_parts(engine: &dyn DenseEngine) -> Result<(), Failed> {
    let (batch, inputs, outputs) = (9, 6, 10);
    let [x, weights, bias] =
        [batch * inputs, inputs * outputs, outputs].map(|len| integers(len, len));
    let [row, column, full] = [outputs, batch, batch * outputs].map(|len| integers(len, len + 1));
    let grad = integers(batch * outputs, 5);
    let functions = [
        Chain::new().scale(2.0).residual().offset(1.0).max(-3.0),
        Chain::new().then(Activation::relu()).residual(),
        Chain::new()
            .mul_row(&row)
            .add_column(&column)
            .residual()
            .sub(Operand::full(&full)),
        "piecewise_linear(points=[0:0, 64:128], left=0, right=1) | residual".parse()?,
    ];
    for f in &functions {
        let layer = Dense::new(inputs, outputs).then(f);
        let linear = Dense::new(inputs, outputs);
        let what = |name: &str| format!("{name} of {:?}", layer.function());
        let y = engine.dense(&layer, &x, &weights, Some(&bias))?;
        let z = engine.dense(&linear, &x, &weights, Some(&bias))?;
        let want = engine.forward(f, &z)?;
        expect(y == want, || format!("{}: {y:?}, want {want:?}", what("y")))?;

        let dz = engine.backward(f, &z, &grad)?;
        let found = engine.dense_backward(&layer, &x, &weights, Some(&bias), &grad, Wanted::ALL)?;
        let want = engine.dense_backward(&linear, &x, &weights, None, &dz, Wanted::ALL)?;
        let right = (&found.x, &found.weights, &found.bias) == (&want.x, &want.weights, &want.bias);
        expect(right, || {
            format!("{}: {found:?}, want {want:?}", what("gradients"))
        })?;
    }
    Ok(())
}

pub fn wrong_lengths_are_refused_with_the_numbers(engine: &dyn DenseEngine) -> Result<(), Failed> {
    let layer = Dense::new(3, 2).then(Activation::relu());
    let said = |result: nonlin::Result<Vec<f32>>, parts: &[&str]| match result {
        Err(error @ Error::InvalidDense { .. }) => {
            let text = error.to_string();
            expect(parts.iter().all(|part| text.contains(part)), || {
                text.clone()
            })
        }
        other => Err(format!("{other:?}, want an error with {parts:?}").into()),
    };
    let weights = [1.0; 6];
    said(
        engine.dense(&layer, &[1.0; 7], &weights, None),
        &["x holds 7", "3 inputs"],
    )?;
    said(
        engine.dense(&layer, &[1.0; 6], &weights[1..], None),
        &["the weights: 5 ", "6", "2 outputs × 3 inputs"],
    )?;
    said(
        engine.dense(&layer, &[1.0; 6], &weights, Some(&[1.0])),
        &["the bias: 1 ", "2"],
    )?;
    let empty = Dense::new(0, 4);
    said(
        engine.dense(&empty, &[], &[], None),
        &["0 inputs and 4 outputs"],
    )?;
    let huge = Dense::new(usize::MAX, 4);
    said(
        engine.dense(&huge, &[], &[], None),
        &["inputs and 4 outputs"],
    )?;
    let grad = engine.dense_backward(&layer, &[1.0; 6], &weights, None, &[1.0; 3], Wanted::ALL);
    said(
        grad.map(|_| Vec::new()),
        &["grad: 3 ", "2 rows × 2 outputs"],
    )?;
    let row = [1.0; 4];
    let rows = Dense::new(3, 2).then(Chain::new().add_row(&row));
    said(
        engine.dense(&rows, &[1.0; 6], &weights, None),
        &["4 columns", "2 outputs"],
    )?;
    let operand = Dense::new(3, 2).then(Chain::new().add(&row[..3]));
    let refused = engine.dense(&operand, &[1.0; 6], &weights, None);
    expect(matches!(refused, Err(Error::OperandLength { .. })), || {
        format!("{refused:?}")
    })
}
