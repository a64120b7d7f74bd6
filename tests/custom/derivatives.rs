//! The check of derivatives: the catalogue's pass, and what is off by 1 % is found.

use super::{SWOOSH, expect, swoosh};
use libtest_mimic::Failed;
use nonlin::{Activation, Direction, Gpu};

/// Every function of the catalogue passes, and one that is off by 1 % is found.
pub fn derivatives_are_judged(gpu: &Gpu) -> Result<(), Failed> {
    for f in Activation::all() {
        let report = gpu.check_derivative(&f)?;
        println!("{report}");
        let at_kinks: Vec<f32> = f.kinks().into_iter().map(|(x, _)| x).collect();
        let sensible = report.passed() && report.checked >= 200;
        expect(sensible, &report)?;
        // A kink of the catalogue that is one of the points is recognised.
        for kink in at_kinks.iter().filter(|x| (**x * 32.0).fract() == 0.0) {
            expect(
                report.kinks.contains(kink),
                format!("{f}: no kink at {kink}: {report}"),
            )?;
        }
    }
    let right = gpu.check_derivative(&swoosh(&[1.5, 0.25]))?;
    expect(
        right.clone().into_result().is_ok() && right.checked > 1000,
        &right,
    )?;
    for (was, wrong) in [
        ("return g.open +", "return 1.01 * g.open + 1.01 *"),
        ("return g.open +", "return 0.99 * g.open + 0.99 *"),
        ("return g.open +", "return g.open -"),
        (
            "return g.open +",
            "return select(1.0, nan(), x == 1.0) * (g.open) +",
        ),
    ] {
        let text = SWOOSH.replace(was, wrong);
        let f = Activation::custom("swoosh", &text, &[1.5, 0.25])?;
        let report = gpu.check_derivative(&f)?;
        expect(!report.passed(), &report)?;
        let error = report.into_result().unwrap_err().to_string();
        expect(
            error.starts_with("the derivative of swoosh(1.5, 0.25) is wrong at "),
            error,
        )?;
    }
    // Functions of built-ins, whose own errors are large, still pass.
    for (name, body, derivative) in [
        (
            "soft",
            "return tanh(x);",
            "let t = tanh(x); return 1.0 - t * t;",
        ),
        ("wave", "return x + sin(x);", "return 1.0 + cos(x);"),
    ] {
        let text = format!(
            "fn {name}(x: f32, p: vec4<f32>) -> f32 {{ {body} }} fn {name}_derivative(x: f32, p: vec4<f32>) -> f32 {{ {derivative} }}"
        );
        let report = gpu.check_derivative(&Activation::custom(name, &text, &[])?)?;
        expect(report.passed(), &report)?;
    }
    Ok(())
}

/// Each of the catalogue's functions with a derivative that is 1 % too large, as a custom function, is found.
pub fn one_percent_is_found_in_every_function(gpu: &Gpu) -> Result<(), Failed> {
    let flat = ["step", "sign"];
    for f in Activation::all()
        .into_iter()
        .filter(|f| !flat.contains(&f.id()))
    {
        let source = nonlin::wgsl::Source::new(std::slice::from_ref(&f)).prefix("own_");
        let text = source.build()?.replace("own_zero_bits", "zero_bits");
        let text = format!(
            "{text}\nfn wrong(x: f32, p: vec4<f32>) -> f32 {{ return {}; }}\nfn wrong_derivative(x: f32, p: vec4<f32>) -> f32 {{ return 1.01 * {}; }}",
            source.call(&f, Direction::Forward, "x")?,
            source.call(&f, Direction::Derivative, "x")?,
        );
        let report = gpu.check_derivative(
            &Activation::custom("wrong", &text, &[]).map_err(|e| format!("{f}: {e}"))?,
        )?;
        expect(report.failures > 0, format!("{f}: {report}"))?;
    }
    Ok(())
}
