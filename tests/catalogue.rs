//! The catalogue as data: names, text forms, parameters, and that what the metadata claims is true of the reference.

use nonlin::{Activation, Direction, Error, ErrorBound, Family, Points};
use std::collections::HashSet;

mod support;

use support::parameters;

/// Everything that is wrong, at once.
#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    fn unless(&mut self, right: bool, message: impl FnOnce() -> String) {
        if !right {
            self.0.push(message());
        }
    }
}

impl Drop for Wrong {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(
                self.0.is_empty(),
                "{} claims are wrong:\n{}",
                self.0.len(),
                self.0.join("\n")
            );
        }
    }
}

/// Inputs in `[-60, 60]`, dense around zero, that avoid the jumps and lie inside the domain.
fn grid(f: &Activation) -> Vec<f64> {
    let low = match f.id() {
        "log" | "sqrt" | "rsqrt" => 0.0,
        "log1p" => -1.0,
        _ => f64::NEG_INFINITY,
    };
    let mut x: Vec<f64> = (-3000..=3000)
        .map(|i| {
            let t = f64::from(i) / 3000.0 + 1e-5;
            60.0 * t * t.abs() + 0.01 * t
        })
        .filter(|&x| x > low + 1e-3)
        .collect();
    // Some functions jump without a kink of the derivative.
    let jumps = [0.0, -1.0, 1.0, -0.5, 0.5];
    let kinks: Vec<f64> = f
        .kinks()
        .iter()
        .map(|&(x, _)| f64::from(x))
        .chain(jumps)
        .collect();
    x.retain(|x| kinks.iter().all(|kink| (x - kink).abs() > 1e-4));
    x
}

/// Between eps and 0 xielu's function is flat in its exponential, while its definition lets the derivative go on.
fn xielu_gap(f: &Activation, x: f64) -> bool {
    matches!(f, Activation::Xielu { eps, .. } if x > f64::from(*eps) - 1e-4 && x <= 0.0)
}

fn value(f: &Activation, x: f64) -> f64 {
    f.reference(Direction::Forward, x)
}

fn slope(f: &Activation, x: f64) -> f64 {
    f.reference(Direction::Derivative, x)
}

#[test]
fn all_functions_are_there_and_named_once() {
    let all = Activation::all();
    assert!(all.len() >= 46, "only {} functions", all.len());
    let mut names = HashSet::new();
    for f in &all {
        let metadata = f.metadata();
        for name in [metadata.id].iter().chain(metadata.aliases) {
            assert!(names.insert(*name), "{name} names two functions");
            assert_eq!(*name, name.to_ascii_lowercase());
        }
    }
    let first: Vec<&str> = all.iter().map(Activation::id).collect();
    for chapter in Activation::chapter() {
        assert!(first.contains(&chapter.id()));
    }
}

#[test]
fn metadata_is_complete() {
    let mut wrong = Wrong::default();
    for f in Activation::all() {
        let m = f.metadata();
        let texts = [
            m.id,
            m.formula,
            m.derivative_formula,
            m.source,
            m.range,
            m.used_for,
            m.risk,
        ];
        let texts = texts
            .into_iter()
            .chain(m.derivative_from_output_formula)
            .chain(m.aliases.iter().copied());
        wrong.unless(
            texts.into_iter().all(|text| !text.trim().is_empty()),
            || format!("{f}: a text is empty"),
        );
        for error in [m.forward_error, m.derivative_error] {
            wrong.unless(error.max_ulp <= ErrorBound::CONTRACT, || {
                format!("{f}: {error}, more than the contract allows")
            });
            let with: Option<nonlin::Result<Activation>> = error.with.map(str::parse);
            wrong.unless(
                with.is_none_or(|with| with.is_ok_and(|with| with.id() == m.id && with != f)),
                || format!("{f}: {error}, which are no other parameters of it"),
            );
        }
        wrong.unless(!f.wgsl().is_empty(), || format!("{f}: no WGSL"));
        wrong.unless(!m.family.name().is_empty(), || format!("{f}: no family"));
        for p in m.parameters {
            wrong.unless(!p.name.is_empty() && p.min < p.max, || {
                format!("{f}: {p:?}")
            });
            let inside = p.default.is_none_or(|v| p.min <= v && v <= p.max);
            wrong.unless(inside, || {
                format!("{f}: the default is out of range: {p:?}")
            });
        }
    }
}

#[test]
fn text_forms_round_trip() {
    for standard in Activation::all() {
        for f in std::iter::once(standard.clone()).chain(parameters::sets(&standard)) {
            let text = f.to_string();
            assert_eq!(text.parse::<Activation>().unwrap(), f, "{text}");
            assert!(text.starts_with(f.id()));
            let upper = text.replacen(f.id(), &f.id().to_uppercase().replace('_', "-"), 1);
            assert_eq!(upper.parse::<Activation>().unwrap(), f, "{upper}");
        }
    }
    let x = Activation::LeakyRelu { slope: 0.1 };
    assert_eq!(x.to_string(), "leaky_relu(slope=0.1)");
    for text in [
        "leaky_relu(0.1)",
        " leaky_relu ( slope = 0.1 ) ",
        "LeakyReLU(0.1)",
        "leaky-relu(slope=1e-1)",
    ] {
        assert_eq!(text.parse::<Activation>().unwrap(), x, "{text}");
    }
    let list = Activation::parse_list("relu, clip(-1, 0.5), leaky_relu(slope=0.1)").unwrap();
    assert_eq!(list.len(), 3);
    assert_eq!(list[2], x);
}

#[test]
fn other_systems_names_are_understood() {
    #[rustfmt::skip]
    let names = [
        ("hardtanh", "hard_tanh"), ("hardswish", "hard_swish"), ("hardsigmoid", "hard_sigmoid"), ("leakyrelu", "leaky_relu"),
        ("softshrink", "soft_shrink"), ("hardshrink", "hard_shrink"), ("tanhshrink", "tanh_shrink"), ("relu6", "relu6"),
        ("ReLU", "relu"), ("ReLU6", "relu6"), ("ELU", "elu"), ("CELU", "celu"), ("SELU", "selu"), ("GELU", "gelu"), ("SiLU", "silu"),
        ("Mish", "mish"), ("Softplus", "softplus"), ("Softsign", "softsign"), ("Sigmoid", "sigmoid"), ("Tanh", "tanh"),
        ("LogSigmoid", "log_sigmoid"), ("Hardtanh", "hard_tanh"), ("Hardswish", "hard_swish"), ("identity", "linear"),
        ("gelu_erf", "gelu"), ("quick_gelu", "gelu_quick"), ("clip(-1, 2)", "hard_tanh"), ("clip(min=-1, max=2)", "hard_tanh"),
        ("threshold(0.5, 7)", "threshold"),
    ];
    let mut wrong = Wrong::default();
    for (text, id) in names {
        match text.parse::<Activation>() {
            Ok(f) => wrong.unless(f.id() == id, || format!("{text} is read as {f}")),
            Err(error) => wrong.unless(false, || error.to_string()),
        }
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    #[rustfmt::skip]
    let cases: &[(&str, &[&str])] = &[
        ("rleu", &["rleu", "relu"]), ("", &["no function"]), ("nonsense", &["nonsense", "sigmoid"]),
        ("leaky_relu(0.1", &["leaky_relu(0.1", "parenthesis"]), ("leaky_relu(slope=abc)", &["slope", "abc"]),
        ("leaky_relu(alpha=1)", &["alpha", "slope"]), ("leaky_relu(0.1, 2)", &["2", "slope"]), ("relu(1)", &["1", "none"]),
        ("clip", &["min", "given"]), ("clip(1)", &["max", "given"]), ("threshold", &["given"]),
    ];
    for (text, parts) in cases {
        let error = text.parse::<Activation>().unwrap_err();
        assert!(matches!(error, Error::Parse { .. }), "{text}: {error:?}");
        let message = error.to_string();
        for part in *parts {
            assert!(
                message.contains(part),
                "{text}: \"{message}\" does not say \"{part}\""
            );
        }
    }
}

/// A number as the errors write it.
fn shortest(value: f32) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

#[test]
fn parameters_out_of_range_are_refused_with_the_numbers() {
    for f in Activation::all() {
        let metadata = f.metadata();
        for (i, p) in metadata.parameters.iter().enumerate() {
            for bad in [
                p.min.next_down(),
                p.max.next_up(),
                f32::NAN,
                f32::INFINITY,
                f32::NEG_INFINITY,
            ] {
                if f.id() == "piecewise_linear" {
                    continue;
                }
                let mut values = f.parameters();
                values[i] = bad;
                let error = parameters::with(metadata, &values).unwrap_err();
                let message = error.to_string();
                assert!(
                    matches!(error, Error::ParameterOutOfRange { .. }),
                    "{f} {} = {bad}: {message}",
                    p.name
                );
                for part in [
                    metadata.id,
                    p.name,
                    &shortest(bad),
                    &shortest(p.min),
                    &shortest(p.max),
                ] {
                    assert!(message.contains(part), "\"{message}\" does not say {part}");
                }
            }
        }
    }
    let error = Activation::LeakyRelu { slope: -1.0 }
        .validate()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("leaky_relu: slope is -1, allowed is 0 to "),
        "{error}"
    );
}

#[test]
fn points_have_to_increase_and_be_finite() {
    let message = |points: &[(f32, f32)]| Points::new(points).unwrap_err().to_string();
    assert!(message(&[]).contains("0 points"));
    assert!(message(&[(0.0, 0.0); 9]).contains("9 points"));
    assert!(message(&[(1.0, 0.0), (1.0, 1.0)]).contains("1 is followed by 1"));
    assert!(message(&[(f32::NAN, 0.0)]).contains("finite"));
    assert_eq!(Points::new(&[(0.0, 1.0)]).unwrap().as_slice(), [(0.0, 1.0)]);
}

#[test]
fn the_derivative_is_the_slope_of_the_function() {
    let mut wrong = Wrong::default();
    for standard in Activation::all() {
        for f in std::iter::once(standard.clone()).chain(parameters::sets(&standard)) {
            let kinks: Vec<f64> = f.kinks().iter().map(|&(x, _)| f64::from(x)).collect();
            for x in grid(&f).into_iter().filter(|&x| !xielu_gap(&f, x)) {
                // The error of the central difference is h² times the third derivative, which a steep function multiplies.
                let steps = [1e-4, 1e-5, 1e-6].map(|h| h * x.abs().clamp(1e-3, 1.0));
                let want = slope(&f, x);
                let right = steps.iter().any(|&h| {
                    let near_kink = kinks.iter().any(|k| (x - k).abs() <= 2.0 * h);
                    let difference = (value(&f, x + h) - value(&f, x - h)) / (2.0 * h);
                    let rounding = 1e-15 * f.magnitude(Direction::Forward, x).max(x.abs()) / h;
                    near_kink
                        || (difference - want).abs()
                            <= 1e-5 * want.abs().max(f.magnitude(Direction::Derivative, x))
                                + rounding
                                + 1e-9
                });
                wrong.unless(right, || {
                    format!("{f}: f'({x}) = {want} is not the slope there")
                });
                if !right {
                    break;
                }
            }
        }
    }
}

#[test]
fn kinks_are_jumps_of_the_derivative_and_smooth_functions_have_none() {
    let mut wrong = Wrong::default();
    for f in Activation::all() {
        for (x, at) in f.kinks() {
            let x = f64::from(x);
            let (left, right) = (slope(&f, x - 1e-6), slope(&f, x + 1e-6));
            wrong.unless((left - right).abs() > 1e-3, || {
                format!("{f} has no kink at {x}: {left} {right}")
            });
            let sides =
                f64::from(at) - left.min(right) >= -1e-4 && f64::from(at) - left.max(right) <= 1e-4;
            wrong.unless(sides, || {
                format!("{f}: the derivative at the kink {x} is {at}, beside it {left} {right}")
            });
        }
        let metadata = f.metadata();
        // step and sign jump themselves; their derivative is 0 on both sides.
        let jumps = (value(&f, 1e-9) - value(&f, -1e-9)).abs() > 0.1
            && !f.kinks().iter().any(|k| k.0 == 0.0);
        let smooth = f.kinks().is_empty() && !jumps;
        // A pole is no kink.
        let has_pole = ["reciprocal", "rsqrt", "log", "log1p", "sqrt"].contains(&f.id());
        wrong.unless(has_pole || metadata.smooth == smooth, || {
            format!("{f}: smooth is {}, kinks {:?}", metadata.smooth, f.kinks())
        });
    }
}

#[test]
fn monotonic_saturating_and_zero_centred_are_true() {
    let mut wrong = Wrong::default();
    for f in Activation::all() {
        let (m, x) = (f.metadata(), grid(&f));
        let y: Vec<f64> = x.iter().map(|&x| value(&f, x)).collect();
        let falls = y
            .windows(2)
            .position(|pair| pair[1] < pair[0] - 1e-14 * pair[0].abs());
        wrong.unless(m.monotonic == falls.is_none(), || {
            format!(
                "{f}: monotonic is {}, it falls at {:?}",
                m.monotonic,
                falls.map(|i| x[i])
            )
        });
        let flat = |x: f64| slope(&f, x).abs() < 1e-6;
        let saturates = flat(-1e6) && flat(1e6);
        wrong.unless(m.saturating == saturates, || {
            format!(
                "{f}: saturating is {}, slopes far out {:e} {:e}",
                m.saturating,
                slope(&f, -1e6),
                slope(&f, 1e6)
            )
        });
        let odd = x
            .iter()
            .filter(|&&x| x.abs() > 0.01)
            .all(|&x| (value(&f, x) + value(&f, -x)).abs() <= 1e-12 * value(&f, x).abs());
        wrong.unless(m.zero_centred == odd, || {
            format!("{f}: zero_centred is {}, but odd is {odd}", m.zero_centred)
        });
    }
}

/// `[-0.17, ∞)` as numbers; `None` for a range that is no interval.
fn interval(text: &str) -> Option<(f64, f64)> {
    let inner = text.strip_prefix(['[', '('])?.strip_suffix([']', ')'])?;
    let (low, high) = inner.split_once(',')?;
    let number = |text: &str| match text.trim() {
        "∞" => Some(f64::INFINITY),
        "-∞" => Some(f64::NEG_INFINITY),
        digits => digits.parse().ok(),
    };
    Some((number(low)?, number(high)?))
}

#[test]
fn ranges_hold_and_are_tight() {
    let mut wrong = Wrong::default();
    let mut intervals = 0;
    for f in Activation::all() {
        let Some((low, high)) = interval(f.metadata().range) else {
            continue;
        };
        intervals += 1;
        let far = [-1e30, -1e6, 1e6, 1e30, -1e-30, 1e-30, f64::EPSILON - 1.0]
            .into_iter()
            .filter(|&x| value(&f, x).is_finite());
        let y: Vec<f64> = grid(&f)
            .into_iter()
            .chain(far)
            .map(|x| value(&f, x))
            .collect();
        let (least, most) = y
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &y| {
                (a.min(y), b.max(y))
            });
        // Ends are rounded to the digits that are written.
        let near = |end: f64, found: f64| match end.is_infinite() {
            true => found.abs() > 30.0 && found.is_sign_negative() == end.is_sign_negative(),
            false => (end - found).abs() <= 0.005 + 0.02 * end.abs(),
        };
        wrong.unless(near(low, least) && near(high, most), || {
            format!(
                "{f}: the range is given as {}, found {least} to {most}",
                f.metadata().range
            )
        });
    }
    // The others jump over a part of the line, or depend on parameters.
    assert!(
        intervals + 9 >= Activation::all().len(),
        "only {intervals} ranges are intervals"
    );
}

#[test]
fn the_derivative_from_the_output_is_the_derivative() {
    let mut wrong = Wrong::default();
    for standard in Activation::all()
        .into_iter()
        .filter(Activation::has_derivative_from_output)
    {
        for f in std::iter::once(standard.clone()).chain(parameters::sets(&standard)) {
            for x in grid(&f) {
                let y = value(&f, x);
                let (want, got) = (
                    slope(&f, x),
                    f.reference(Direction::DerivativeFromOutput, y),
                );
                // What f64 has lost of y where the function saturates.
                let next = f.reference(
                    Direction::DerivativeFromOutput,
                    y * (1.0 + 4.0 * f64::EPSILON),
                );
                let lost = 4.0 * (next - got).abs();
                let right = (got - want).abs() <= 1e-9 * want.abs() + lost + 1e-15;
                // Outputs that f64 rounds to the function's limit tell nothing.
                let saturated = value(&f, x * 1.001) == y && value(&f, x * 0.999) == y;
                wrong.unless(right || saturated, || {
                    format!("{f}: f'({x}) = {want:e}, from the output {y:e}: {got:e}")
                });
                if !(right || saturated) {
                    break;
                }
            }
        }
    }
    let f = Activation::gelu();
    let cpu = nonlin::cpu::Cpu::new();
    let error = nonlin::Engine::derivative_from_output(&cpu, &f, &[0.5]).unwrap_err();
    assert!(
        matches!(error, Error::NoDerivativeFromOutput { .. }) && error.to_string().contains("gelu")
    );
}

#[test]
fn nan_stays_nan_in_the_reference() {
    for f in Activation::all() {
        for direction in Direction::ALL {
            assert!(f.reference(direction, f64::NAN).is_nan(), "{f} {direction}");
        }
    }
}

#[test]
fn families_have_names() {
    for family in [
        Family::Linear,
        Family::Saturating,
        Family::Rectifier,
        Family::SmoothRectifier,
        Family::Hard,
        Family::Shrink,
        Family::Maths,
    ] {
        assert!(
            Activation::all()
                .iter()
                .any(|f| f.metadata().family == family),
            "{family} has no member"
        );
    }
}

#[test]
fn directions_round_trip_as_text() {
    for direction in Direction::ALL {
        assert_eq!(direction.name().parse::<Direction>().unwrap(), direction);
        assert_eq!(
            direction
                .name()
                .replace('_', "-")
                .parse::<Direction>()
                .unwrap(),
            direction
        );
    }
    assert!(
        "sideways"
            .parse::<Direction>()
            .unwrap_err()
            .contains("sideways")
    );
}

/// `scripts/bounds.py` writes them, from what `nonlin check` has measured.
#[test]
fn every_error_was_measured() {
    let mut wrong = Wrong::default();
    for f in Activation::all() {
        let m = f.metadata();
        for error in [m.forward_error, m.derivative_error] {
            wrong.unless(error.is_measured(), || {
                format!("{f}: {error}, not measured")
            });
        }
    }
}
