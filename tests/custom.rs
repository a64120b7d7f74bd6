//! Custom functions: what may be written, what is refused and with which words, and what the engines make of it.

#[path = "../examples/custom.rs"]
mod example;
#[macro_use]
mod support;

use libtest_mimic::{Completion, Failed, Trial};
use nonlin::cpu::Cpu;
use nonlin::{Activation, Chain, Direction, Engine, Error, Gpu};
use support::claims::{self, IntoCompletion};

/// x·σ(a·x) + b, of helpers, a structure, a constant, an alias and a loop; and the crate's own mathematics.
const SWOOSH: &str = "\
alias Parameters = vec4<f32>;
const ONE = 1.0; // fn in_a_comment(
struct Gate { open: f32, shut: f32 }
/* fn another( */
fn swoosh_derivative(x: f32, p: vec4<f32>) -> f32 {
    let g = gate(p.x * x);
    return g.open + p.x * x * g.open * g.shut;
}
fn gate(s: f32) -> Gate {
    let e = exp_value(exp_of(-min(abs(s), 100.0)));
    let quotient = select(e, ONE, s >= 0.0) / (ONE + e);
    return Gate(quotient, select(ONE, e, s >= 0.0) / (ONE + e));
}
fn swoosh(x: f32, p: Parameters) -> f32 {
    var sum = 0.0;
    for (var i = 0; i < 4; i++) { sum += 0.25; }
    return sum * x * gate(p.x * x).open + p.y;
}
";

fn swoosh(parameters: &[f32]) -> Activation {
    Activation::custom("swoosh", SWOOSH, parameters).expect("the text is right")
}

/// A function with this body, and a derivative.
fn with_body(body: &str) -> String {
    format!(
        "fn f(x: f32, p: vec4<f32>) -> f32 {{ {body} }}\nfn f_derivative(x: f32, p: vec4<f32>) -> f32 {{ return 1.0; }}"
    )
}

fn expect(condition: bool, what: impl std::fmt::Display) -> Result<(), Failed> {
    if condition {
        Ok(())
    } else {
        Err(what.to_string().into())
    }
}

fn refused(name: &str, wgsl: &str, message: &str) -> Result<(), Failed> {
    match Activation::custom(name, wgsl, &[]) {
        Ok(_) => Err(format!("accepted, though: {message}").into()),
        Err(error) => {
            let found = error.to_string();
            expect(
                found == message,
                format!("said: {found}\nwanted: {message}"),
            )
        }
    }
}

fn what_is_wrong_is_said() -> Result<(), Failed> {
    let good = with_body("return x;");
    let named =
        "a name has to be a letter and then letters, digits and single underscores, 64 at most";
    for name in ["", "9f", "f g", "_f", "a__b", "é", &"f".repeat(65)] {
        let shown = if name.len() > 60 {
            format!("{}…", "f".repeat(60))
        } else {
            name.to_owned()
        };
        refused(name, &good, &format!("custom function {shown}: {named}"))?;
    }
    for (name, reason) in [
        ("gelu", "a function of the catalogue has this name"),
        ("Clip", "a function of the catalogue has this name"),
        ("residual", "a step of chains has this name"),
        ("exp_any", "the crate's own shaders declare this name"),
        (
            "if",
            "it declares no function `fn if(x: f32, p: vec4<f32>) -> f32`",
        ),
    ] {
        refused(name, &good, &format!("custom function {name}: {reason}"))?;
    }
    let long = format!("{good}//{}", " ".repeat(64 * 1024));
    let bytes = long.len();
    refused(
        "f",
        &long,
        &format!("custom function f: its text has {bytes} bytes, at most 65536 are possible"),
    )?;
    for (more, place, reason) in [
        (
            "@group(0) @binding(0) var<uniform> u: vec4<f32>;",
            "line 3, column 36, at `u`",
            "no binding and no variable may stand outside of functions",
        ),
        (
            "var<private> state: f32;",
            "line 3, column 14, at `state`",
            "no binding and no variable may stand outside of functions",
        ),
        (
            "var<workgroup> state: f32;",
            "line 3, column 16, at `state`",
            "no binding and no variable may stand outside of functions",
        ),
        (
            "override k: f32 = 1.0;",
            "line 3, column 10, at `k`",
            "nothing may be left open until the pipeline is made (override)",
        ),
        (
            "enable f16;",
            "line 3, column 8, at `f16`",
            "a directive may stand at the start of a whole shader only",
        ),
        (
            "@compute @workgroup_size(1) fn g() {}",
            "line 3, column 1, at `@compute`",
            "no entry point, binding or other attribute may stand here",
        ),
        (
            "// a comment\r@fragment fn g() {}",
            "line 3, column 14, at `@fragment`",
            "no entry point, binding or other attribute may stand here",
        ),
        (
            "fn main() {}",
            "line 3, column 4, at `main`",
            "the crate's own shaders declare this name",
        ),
        (
            "const LN2_HI = 1.0;",
            "line 3, column 7, at `LN2_HI`",
            "the crate's own shaders declare this name",
        ),
        (
            "struct LeakyRelu { slope: f32 }",
            "line 3, column 8, at `LeakyRelu`",
            "the crate's own shaders declare this name",
        ),
        (
            "fn gelu_forward() {}",
            "line 3, column 4, at `gelu_forward`",
            "the crate's own shaders declare this name",
        ),
        (
            "const a__b = 1.0;",
            "line 3, column 7, at `a__b`",
            "a name may not hold two underscores in a row",
        ),
    ] {
        refused(
            "f",
            &format!("{good}\n{more}"),
            &format!("custom function f, {place}: {reason}"),
        )?;
    }
    let form = "a loop has to be of the form `for (var i = 0; i < 8; i++)`, with i only read within, or be written out";
    for (body, place, reason) in [
        (
            "loop { }",
            "at `loop`",
            format!("its end cannot be seen; {form}"),
        ),
        (
            "while x > 0.0 { }",
            "at `while`",
            format!("its end cannot be seen; {form}"),
        ),
        (
            "for (;;) { }",
            "at `for (;;)`",
            format!("the loop's end cannot be seen; {form}"),
        ),
        (
            "for (var i = 0; i < 8; i++) { i = 0; }",
            "at `for (var i = 0; i < 8; i++)`",
            format!("i may change within the loop; {form}"),
        ),
        (
            "for (var i = 0; i < 4000; i++) { }",
            "at `for`",
            "the loop has 4000 rounds, at most 1024 are possible".to_owned(),
        ),
    ] {
        refused(
            "f",
            &with_body(&format!("{body} return x;")),
            &format!("custom function f, line 1, column 37, {place}: {reason}"),
        )?;
    }
    let text = with_body("var s = x; for (var i = 0; i < 9; i++) { s = g(s); } return s;")
        + "\nfn h(x: f32) -> f32 { for (var i = 0; i < 9; i++) { } return x; } fn g(x: f32) -> f32 { return h(x); }";
    refused(
        "f",
        &text,
        "custom function f, line 1, column 82, at `g`: a function that holds a loop may not be called within one",
    )?;
    for (text, message) in [
        (
            "fn f(x: f32, p: vec4<f32>) -> f32 { return x; }",
            "custom function f: it declares no function `fn f_derivative(x: f32, p: vec4<f32>) -> f32`",
        ),
        (
            "",
            "custom function f: it declares no function `fn f(x: f32, p: vec4<f32>) -> f32`",
        ),
    ] {
        refused("f", text, message)?;
    }
    let derivative = "fn f_derivative(x: f32, p: vec4<f32>) -> f32 { return 1.0; }\n";
    for header in [
        "fn f(x: f32) -> f32",
        "fn f(x: f32, p: vec3<f32>) -> f32",
        "fn f(x: vec4<f32>, p: vec4<f32>) -> f32",
        "fn f(x: f32, p: vec4<f32>) -> u32",
    ] {
        let text = format!(
            "{derivative}{header} {{ return {}; }}",
            if header.ends_with("u32") { "1u" } else { "1.0" }
        );
        refused(
            "f",
            &text,
            &format!(
                "custom function f, line 2, column 1, at `{header}`: it has to be `fn f(x: f32, p: vec4<f32>) -> f32`"
            ),
        )?;
    }
    Ok(())
}

/// What naga refuses: its words may change, the place may not.
fn what_naga_refuses_has_its_place() -> Result<(), Failed> {
    for (body, line, column, at, part) in [
        ("return x + ;", 1, 48, ";", "expected"),
        (
            "\n   return nothing(x);",
            2,
            11,
            "nothing",
            "no definition in scope",
        ),
        (
            "\n\n  return params.zero;",
            3,
            10,
            "params",
            "no definition in scope",
        ),
        ("let a = 1; return a;", 1, 37, "", "return"),
        ("return f(x, p);", 1, 0, "", "recursive"),
        (
            "workgroupBarrier(); return x;",
            1,
            1,
            "fn f(x: f32, p: vec4<f32>) -> f32",
            "something else than compute",
        ),
        (
            "return dpdx(x);",
            1,
            1,
            "fn f(x: f32, p: vec4<f32>) -> f32",
            "neighbouring",
        ),
    ] {
        match Activation::custom("f", &with_body(body), &[]) {
            Err(Error::InvalidCustom {
                place: Some(place),
                reason,
                ..
            }) => {
                let fits = place.line == line
                    && (column <= 1
                        || at.is_empty()
                        || (place.column, place.text.as_str()) == (column, at));
                expect(
                    fits && reason.contains(part),
                    format!("{body}: {place}: {reason}"),
                )?;
            }
            other => return Err(format!("{body}: {other:?}").into()),
        }
    }
    // Neither a deep text nor one that ends early is more than an error.
    for text in [
        "(".repeat(20_000),
        "{".repeat(20_000),
        "fn f(".to_owned(),
        "/*".repeat(9_999),
        "\0".to_owned(),
        with_body(&format!("return {}x;", "-".repeat(20_000))),
    ] {
        expect(
            Activation::custom("f", &text, &[]).is_err(),
            "a broken text is accepted",
        )?;
    }
    Ok(())
}

fn parameters_are_checked() -> Result<(), Failed> {
    for (values, message) in [
        (
            &[1.0; 5][..],
            "swoosh: it has 5 parameters, at most 4 are possible",
        ),
        (
            &[1.0, f32::NAN],
            "swoosh: parameter 1 is NaN, it has to be finite",
        ),
        (
            &[f32::NEG_INFINITY],
            "swoosh: parameter 0 is -inf, it has to be finite",
        ),
    ] {
        let error = Activation::custom("swoosh", SWOOSH, values)
            .unwrap_err()
            .to_string();
        expect(error == message, error)?;
    }
    Ok(())
}

fn it_is_an_activation_like_the_others() -> Result<(), Failed> {
    let f = swoosh(&[2.0, -0.5]);
    assert_eq!(f.to_string(), "swoosh(2, -0.5)");
    assert_eq!(swoosh(&[]).to_string(), "swoosh");
    assert_eq!((f.id(), f.metadata().family.name()), ("swoosh", "custom"));
    assert_eq!(f.parameters(), [2.0, -0.5]);
    assert_eq!(f.shader_constants(), [2.0, -0.5, 0.0, 0.0]);
    assert!(f.reference(Direction::Forward, 1.0).is_nan());
    assert!(f.kinks().is_empty() && !f.has_derivative_from_output());
    assert!("swoosh".parse::<Activation>().is_err());
    assert!(Activation::all().iter().all(|known| known.id() != "swoosh"));
    // One text, one definition; other values or another text make another function.
    assert_eq!(f, swoosh(&[2.0, -0.5]));
    assert_ne!(f, swoosh(&[2.0]));
    let (one, two) = (swoosh(&[1.0]), swoosh(&[2.0]));
    assert!(std::ptr::eq(one.wgsl(), two.wgsl()));
    let other = Activation::custom("swoosh", &format!("{SWOOSH}// other\n"), &[1.0])?;
    assert_ne!(one, other);
    assert!(one.wgsl() != other.wgsl());
    let Activation::Custom(custom) = one else {
        return Err("no custom function".into());
    };
    assert_eq!(Activation::from(custom.with_parameters(&[2.0])?), two);
    assert_eq!(
        (custom.name(), custom.source(), custom.parameters()),
        ("swoosh", SWOOSH, &[1.0][..])
    );
    Ok(())
}

fn the_cpu_engine_says_that_it_cannot() -> Result<(), Failed> {
    let (cpu, f) = (Cpu::new(), swoosh(&[]));
    let chain = Chain::new().then(Activation::relu()).then(f.clone());
    let mut x = [1.0];
    for found in [
        cpu.forward(&f, &x).map(drop),
        cpu.backward(&chain, &x, &x).map(drop),
        cpu.gradients(&chain, &x, &x, &[]).map(drop),
        cpu.forward_in_place(&f, &mut x),
    ] {
        let said = found.expect_err("a CPU cannot run WGSL").to_string();
        expect(
            said == "swoosh is written in WGSL, which the CPU engine cannot run",
            said,
        )?;
    }
    let refused = cpu.derivative_from_output(&f, &[1.0]).unwrap_err();
    expect(
        matches!(refused, Error::NoDerivativeFromOutput { .. }),
        refused,
    )
}

/// The functions of the crate's mathematics in the documents, with an argument for each.
const DOCUMENTED: &[(&str, &str)] = &[
    ("exp_any", "exp_any(x)"),
    ("expm1_any", "expm1_any(x)"),
    ("expm1_nonpositive", "expm1_nonpositive(x)"),
    ("log_any", "log_any(x)"),
    ("log1p_any", "log1p_any(x)"),
    ("log1p_unit", "log1p_unit(x)"),
    ("tanh_nonnegative", "tanh_nonnegative(x)"),
    ("erf_nonnegative", "erf_nonnegative(x)"),
    ("exp_of", "exp_of(x).p"),
    ("exp_value", "exp_value(exp_of(x))"),
    ("exp_times", "exp_times(exp_of(x), p.x)"),
    ("pow2", "pow2(i32(x))"),
    ("times_pow2", "times_pow2(x, 3.0)"),
    ("copy_sign", "copy_sign(x, p.x)"),
    ("high_bits", "high_bits(x)"),
    ("launder", "launder(x)"),
    ("is_nan", "select(x, p.x, is_nan(x))"),
    ("nan_of", "nan_of(p.x, x)"),
    ("infinity", "infinity()"),
    ("nan", "nan()"),
];

fn the_documented_mathematics_can_be_called() -> Result<(), Failed> {
    let documents = include_str!("../src/custom/mod.rs");
    let rows = documents.lines().filter(|line| line.starts_with("/// | `"));
    let documented: Vec<&str> = rows
        .flat_map(|row| row.split('|').nth(1).unwrap_or_default().split("`, `"))
        .map(|cell| {
            cell.trim()
                .trim_matches('`')
                .split('(')
                .next()
                .unwrap_or_default()
        })
        .collect();
    let listed: Vec<&str> = DOCUMENTED.iter().map(|(name, _)| *name).collect();
    expect(documented == listed, format!("documented: {documented:?}"))?;
    for (name, call) in DOCUMENTED {
        Activation::custom("f", &with_body(&format!("return {call};")), &[])
            .map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

/// f(x), f'(x) of swoosh in f64.
fn exact(x: f64, [a, b]: [f64; 2]) -> (f64, f64) {
    let gate = 1.0 / (1.0 + (-a * x).exp());
    (x * gate + b, gate + a * x * gate * (1.0 - gate))
}

fn near(got: f32, want: f64) -> bool {
    (f64::from(got) - want).abs() <= 1e-6 * want.abs().max(1.0)
}

fn results_are_right(gpu: &Gpu) -> Result<(), Failed> {
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
fn chains_hold_custom_functions(gpu: &Gpu) -> Result<(), Failed> {
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
fn names_do_not_meet_in_a_kernel(gpu: &Gpu) -> Result<(), Failed> {
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

fn nan_in_gives_nan_out(gpu: &Gpu) -> Result<(), Failed> {
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

fn parameters_are_data(gpu: &Gpu) -> Result<(), Failed> {
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

fn two_texts_of_one_name_are_two_functions(gpu: &Gpu) -> Result<(), Failed> {
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

fn the_documented_errors_hold(gpu: &Gpu) -> Result<(), Failed> {
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

/// Every function of the catalogue passes, and one that is off by 1 % is found.
fn derivatives_are_judged(gpu: &Gpu) -> Result<(), Failed> {
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
fn one_percent_is_found_in_every_function(gpu: &Gpu) -> Result<(), Failed> {
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

fn the_example_holds(_: &Gpu) -> Result<(), Failed> {
    Ok(example::main()?)
}

impl IntoCompletion for Result<(), Failed> {
    fn into_completion(self) -> Result<Completion, Failed> {
        self.map(|()| Completion::Completed)
    }
}

type Claim = fn() -> Result<(), Failed>;

fn main() {
    let alone: [(&str, Claim); 6] = [
        ("what_is_wrong_is_said", what_is_wrong_is_said),
        (
            "what_naga_refuses_has_its_place",
            what_naga_refuses_has_its_place,
        ),
        ("parameters_are_checked", parameters_are_checked),
        (
            "it_is_an_activation_like_the_others",
            it_is_an_activation_like_the_others,
        ),
        (
            "the_cpu_engine_says_that_it_cannot",
            the_cpu_engine_says_that_it_cannot,
        ),
        (
            "the_documented_mathematics_can_be_called",
            the_documented_mathematics_can_be_called,
        ),
    ];
    let mut trials: Vec<Trial> = alone
        .into_iter()
        .map(|(name, claim)| Trial::test(name, claim))
        .collect();
    trials.extend(claims::trials(claims![
        results_are_right,
        chains_hold_custom_functions,
        names_do_not_meet_in_a_kernel,
        nan_in_gives_nan_out,
        parameters_are_data,
        two_texts_of_one_name_are_two_functions,
        the_documented_errors_hold,
        derivatives_are_judged,
        one_percent_is_found_in_every_function,
        the_example_holds,
    ]));
    claims::run(trials);
}
