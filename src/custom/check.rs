//! What can be told from the words of a custom function's text, on every platform.

use super::CustomFunction;
use super::definition::{Fault, SEPARATOR};
use crate::wgsl::{Declaration, Kind, Token, declarations, own_names, tokens};
use std::collections::HashSet;

/// Most rounds of a loop, those of loops within loops multiplied.
const MOST_ROUNDS: u64 = 1024;

/// Longest name.
const LONGEST_NAME: usize = 64;

/// Steps of chains, as they stand in the text of a chain.
const STEPS: [&str; 10] = [
    "scale", "offset", "add", "sub", "mul", "div", "max", "min", "residual", "identity",
];

pub(super) fn check(name: &str, source: &str) -> Result<(), Fault> {
    check_name(name)?;
    if source.len() > CustomFunction::MAX_SOURCE_BYTES {
        return Err(Fault::nowhere(format!(
            "its text has {} bytes, at most {} are possible",
            source.len(),
            CustomFunction::MAX_SOURCE_BYTES
        )));
    }
    let declared = declarations(source);
    for declaration in &declared {
        check_declaration(declaration)?;
    }
    let words = tokens(source);
    for pair in words.windows(2) {
        let harmless = ["must_use", "align", "size"].contains(&pair[1].text);
        if pair[0].text == "@" && !harmless {
            return Err(Fault::new(
                pair[0].at..pair[1].end(),
                "no entry point, binding or other attribute may stand here",
            ));
        }
    }
    check_loops(&words, None, &looping(&declared))?;
    for function in [name.to_owned(), derivative_of(name)] {
        let found = declared
            .iter()
            .any(|d| d.keyword == "fn" && d.name == function);
        if !found {
            return Err(Fault::nowhere(format!(
                "it declares no function `{}`",
                signature(&function)
            )));
        }
    }
    Ok(())
}

/// The name of the function of the derivative.
pub(super) fn derivative_of(name: &str) -> String {
    format!("{name}_derivative")
}

/// What a function has to look like.
pub(super) fn signature(function: &str) -> String {
    format!("fn {function}(x: f32, p: vec4<f32>) -> f32")
}

fn check_name(name: &str) -> Result<(), Fault> {
    let letter = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let rest = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !letter || !rest || name.len() > LONGEST_NAME || name.contains(SEPARATOR) {
        return Err(Fault::nowhere(format!(
            "a name has to be a letter and then letters, digits and single underscores, {LONGEST_NAME} at most"
        )));
    }
    if crate::activation::is_known(&name.to_ascii_lowercase()) {
        return Err(Fault::nowhere("a function of the catalogue has this name"));
    }
    if STEPS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(Fault::nowhere("a step of chains has this name"));
    }
    if own_names().contains(name) {
        return Err(Fault::nowhere("the crate's own shaders declare this name"));
    }
    Ok(())
}

fn check_declaration(declaration: &Declaration<'_>) -> Result<(), Fault> {
    let Declaration {
        keyword, name, at, ..
    } = declaration;
    let here = *at..*at + name.len();
    let refuse = |reason: &str| Err(Fault::new(here.clone(), reason));
    match *keyword {
        "var" => return refuse("no binding and no variable may stand outside of functions"),
        "override" => {
            return refuse("nothing may be left open until the pipeline is made (override)");
        }
        "enable" | "requires" | "diagnostic" => {
            return refuse("a directive may stand at the start of a whole shader only");
        }
        _ => {}
    }
    if own_names().contains(name) {
        return refuse("the crate's own shaders declare this name");
    }
    if name.contains(SEPARATOR) {
        return refuse("a name may not hold two underscores in a row");
    }
    Ok(())
}

/// The functions that hold a loop, or call one that does.
fn looping<'a>(declared: &[Declaration<'a>]) -> HashSet<&'a str> {
    let mut found = HashSet::from(["for"]);
    loop {
        let before = found.len();
        for declaration in declared.iter().filter(|d| d.keyword == "fn") {
            let mut words = declaration.tokens.iter();
            if words.any(|word| found.contains(word.text)) {
                found.insert(declaration.name);
            }
        }
        if found.len() == before {
            found.remove("for");
            return found;
        }
    }
}

/// Checks that every loop ends; `rounds` is the number of times that these words run, `None` outside of loops.
fn check_loops(
    words: &[Token<'_>],
    rounds: Option<u64>,
    looping: &HashSet<&str>,
) -> Result<(), Fault> {
    let mut at = 0;
    while at < words.len() {
        let word = &words[at];
        match word.text {
            "loop" | "while" => {
                return Err(Fault::new(
                    word.at..word.end(),
                    format!("its end cannot be seen; {LOOP_ADVICE}"),
                ));
            }
            "for" => {
                let (own, body) = counted(&words[at..]).map_err(|reason| {
                    let end = words[at..]
                        .iter()
                        .find(|word| word.text == "{")
                        .map_or(word.end(), |brace| brace.at);
                    Fault::new(word.at..end, format!("{reason}; {LOOP_ADVICE}"))
                })?;
                let all = rounds.unwrap_or(1).saturating_mul(own);
                if all > MOST_ROUNDS {
                    let reason =
                        format!("the loop has {all} rounds, at most {MOST_ROUNDS} are possible");
                    return Err(Fault::new(word.at..word.end(), reason));
                }
                let body = at + body.start..at + body.end;
                check_loops(&words[body.clone()], Some(all), looping)?;
                at = body.end;
            }
            name if rounds.is_some() && looping.contains(name) => {
                return Err(Fault::new(
                    word.at..word.end(),
                    "a function that holds a loop may not be called within one",
                ));
            }
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

const LOOP_ADVICE: &str = "a loop has to be of the form `for (var i = 0; i < 8; i++)`, with i only read within, or be written out";

/// The number of rounds of a loop that counts, and the words of its body. Written so that every loop it accepts ends: the counter
/// moves by a step of one sign, towards a bound that is a literal, and nothing else assigns to it.
fn counted(words: &[Token<'_>]) -> Result<(u64, std::ops::Range<usize>), String> {
    let mut at = 1;
    let mut expect = |wanted: &[&str]| {
        let fits = wanted
            .iter()
            .enumerate()
            .all(|(i, text)| words.get(at + i).is_some_and(|word| word.text == *text));
        if fits {
            at += wanted.len();
        }
        fits.then_some(at)
    };
    let shape = || "the loop's end cannot be seen".to_owned();
    let name_at = expect(&["(", "var"]).ok_or_else(shape)?;
    let counter = words
        .get(name_at)
        .filter(|word| word.kind == Kind::Name)
        .ok_or_else(shape)?
        .text;
    expect(&[counter]).ok_or_else(shape)?;
    let _type = expect(&[":", "i32"]).or_else(|| expect(&[":", "u32"]));
    let start_at = expect(&["="]).ok_or_else(shape)?;
    let start = whole(words.get(start_at)).ok_or_else(shape)?;
    expect(&[words[start_at].text, ";", counter, "<"]).ok_or_else(shape)?;
    let inclusive = expect(&["="]).is_some();
    let end_at = expect(&[]).ok_or_else(shape)?;
    let end = whole(words.get(end_at)).ok_or_else(shape)? + u64::from(inclusive);
    expect(&[words[end_at].text, ";", counter, "+"]).ok_or_else(shape)?;
    let step = if expect(&["+"]).is_some() {
        1
    } else {
        let step_at = expect(&["="]).ok_or_else(shape)?;
        let step = whole(words.get(step_at)).ok_or_else(shape)?;
        expect(&[words[step_at].text]).ok_or_else(shape)?;
        step
    };
    let open = expect(&[")", "{"]).ok_or_else(shape)?;
    if step == 0 {
        return Err("the loop never ends: its step is 0".to_owned());
    }
    let mut depth = 1_usize;
    let length = words[open..].iter().position(|word| {
        match word.text {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    let body = open..open + length.ok_or_else(shape)?;
    if assigns(&words[body.clone()], counter) {
        return Err(format!("{counter} may change within the loop"));
    }
    Ok((end.saturating_sub(start).div_ceil(step), body))
}

/// A whole number that is written out, small enough to never overflow.
fn whole(word: Option<&Token<'_>>) -> Option<u64> {
    let word = word.filter(|word| word.kind == Kind::Number)?;
    let value: u64 = word.text.trim_end_matches(['u', 'i']).parse().ok()?;
    (value <= 1 << 20).then_some(value)
}

/// Whether the words may give `name` another value: an assignment to it, or its address taken. May also be wrong about words that
/// do not (`a & name`).
fn assigns(words: &[Token<'_>], name: &str) -> bool {
    let is = |at: usize, text: &str| words.get(at).is_some_and(|word| word.text == text);
    (0..words.len()).filter(|&at| is(at, name)).any(|at| {
        let mut before = at;
        while before > 0 && is(before - 1, "(") {
            before -= 1;
        }
        let mut after = at + 1;
        while is(after, ")") {
            after += 1;
        }
        let operator: String = words[after.min(words.len())..]
            .iter()
            .take_while(|word| "=+-*/%&|^<>!".contains(word.text))
            .take(3)
            .map(|word| word.text)
            .collect();
        let compound = |op: &str| operator.starts_with(op);
        let assigned = (compound("=") && !compound("=="))
            || [
                "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=",
            ]
            .into_iter()
            .any(compound);
        assigned || (before > 0 && is(before - 1, "&"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loops(source: &str) -> Result<(), String> {
        check_loops(&tokens(source), None, &HashSet::from(["slow"])).map_err(|fault| fault.reason)
    }

    #[test]
    fn loops_that_count_are_accepted() {
        for source in [
            "for (var i = 0; i < 8; i++) { s += f32(i); }",
            "for (var i: u32 = 0u; i <= 7u; i += 2u) { if i == 3 { break; } t = a[i]; }",
            "for (var i = 0; i < 32; i++) { for (var j = 0; j < 32; j++) { s *= 2.0; } }",
            "x = slow(x); for (var i = 0; i < 1; i++) {} for (var i = 0; i < 1024; i++) { x = y & (1 + i) ; }",
        ] {
            assert_eq!(loops(source), Ok(()), "{source}");
        }
    }

    #[test]
    fn loops_that_may_not_end_are_refused() {
        for source in [
            "loop { }",
            "while true { }",
            "for (;;) { }",
            "for (var i = 0; i < n; i++) { }",
            "for (var i = 0; i < 8; i--) { }",
            "for (var i = 0; i < 8; i += 0) { }",
            "for (var i = 0; i < 8; ) { }",
            "for (var i = 0; i < 8 || true; i++) { }",
            "for (var i = 0; i < 8; i++) { i = 0; }",
            "for (var i = 0; i < 8; i++) { i--; }",
            "for (var i = 0; i < 8; i++) { (i) -= 1; }",
            "for (var i = 0; i < 8; i++) { i >>= 1u; }",
            "for (var i = 0; i < 8; i++) { reset(&i); }",
            "for (var i = 0; i < 8; i++) { let p = &(i); *p = 0; }",
            "for (var i = 0; i < 8; i++) { for (var i = 0; i < 8; i++) { } }",
            "for (var i = 0; i < 8; i++) { loop { } }",
            "for (var i = 0; i < 8.0; i++) { }",
            "for (var i = 0; i < 9999999; i++) { }",
            "for (var i = 0; i < 33; i++) { for (var j = 0; j < 32; j++) { } }",
            "for (var i = 0; i < 8; i++) { x = slow(x); }",
            "for (var i = 0; i < 8; i++",
        ] {
            assert!(loops(source).is_err(), "{source}");
        }
    }
}
