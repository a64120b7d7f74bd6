//! What is refused, and with which words.

use super::{SWOOSH, expect, swoosh, with_body};
use libtest_mimic::Failed;
use nonlin::cpu::Cpu;
use nonlin::{Activation, Chain, Engine, Error};

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

pub fn what_is_wrong_is_said() -> Result<(), Failed> {
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
pub fn what_naga_refuses_has_its_place() -> Result<(), Failed> {
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

pub fn parameters_are_checked() -> Result<(), Failed> {
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

pub fn the_cpu_engine_says_that_it_cannot() -> Result<(), Failed> {
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
