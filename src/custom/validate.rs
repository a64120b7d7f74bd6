//! What naga says about a custom function's text, together with the mathematics that it uses.

use super::check::{derivative_of, signature};
use super::definition::Fault;
use crate::wgsl::{Kind, Lanes, closure, declarations, tokens};
use std::collections::HashSet;
use std::error::Error as _;
use std::ops::Range;
use wgpu::naga::{
    Block, Expression, Function, Module, Scalar, ScalarKind, Statement, Type, TypeInner,
    VectorSize,
    front::wgsl,
    valid::{Capabilities, ValidationFlags, Validator},
};

const F32: Scalar = Scalar {
    kind: ScalarKind::Float,
    width: 4,
};

pub(super) fn validate(name: &str, source: &str) -> Result<(), Fault> {
    // The user's text first, so that places are places in it.
    let text = format!("{source}\n{}", mathematics(source));
    let in_source = |range: Option<Range<usize>>| range.filter(|at| at.end <= source.len());
    let module = wgsl::parse_str(&text).map_err(|error| {
        let label = error.labels().next();
        let at = label.and_then(|(span, _)| in_source(span.to_range()));
        let mut reason = error.message().to_owned();
        if let Some((_, label)) = label.filter(|(_, label)| !label.is_empty()) {
            reason += &format!(" ({label})");
        }
        for note in error.notes() {
            reason += &format!("; {note}");
        }
        Fault { at, reason }
    })?;
    Validator::new(ValidationFlags::all(), Capabilities::empty())
        .validate(&module)
        .map_err(|error| {
            let at = error
                .spans()
                .find_map(|(span, _)| in_source(span.to_range()));
            let mut reason = error.as_inner().to_string();
            let mut cause = error.as_inner().source();
            while let Some(inner) = cause {
                reason += &format!(": {inner}");
                cause = inner.source();
            }
            Fault { at, reason }
        })?;
    check_module(name, source, &module)
}

/// What the text needs of the crate's mathematics, and the zero that this needs of the kernel.
fn mathematics(source: &str) -> String {
    let words = tokens(source);
    let names: HashSet<&str> = words
        .iter()
        .filter(|word| word.kind == Kind::Name)
        .map(|word| word.text)
        .collect();
    let needed = closure(Lanes::Scalar, &[], &names);
    format!("{needed}\nfn zero_bits() -> u32 {{ return 0u; }}\n")
}

fn check_module(name: &str, source: &str, module: &Module) -> Result<(), Fault> {
    let stateless = module.global_variables.is_empty() && module.overrides.is_empty();
    if !stateless || !module.entry_points.is_empty() {
        return Err(Fault::nowhere(
            "no binding, no variable outside of functions and no entry point may stand in it",
        ));
    }
    let declared = declarations(source);
    // The words have shown that each of these ends.
    let mut loops = tokens(source).iter().filter(|w| w.text == "for").count();
    for declaration in declared.iter().filter(|d| d.keyword == "fn") {
        let found = module
            .functions
            .iter()
            .find(|(_, function)| function.name.as_deref() == Some(declaration.name));
        let Some((_, function)) = found else { continue };
        let header = header(source, declaration.at);
        if (declaration.name == name || declaration.name == derivative_of(name))
            && !has_signature(function, module)
        {
            let wanted = signature(declaration.name);
            return Err(Fault::new(header, format!("it has to be `{wanted}`")));
        }
        check_block(&function.body, &mut loops)
            .map_err(|reason| Fault::new(header.clone(), reason))?;
        let derivative = |e: &Expression| matches!(e, Expression::Derivative { .. });
        if function.expressions.iter().any(|(_, e)| derivative(e)) {
            let reason = "a derivative between neighbouring invocations has no meaning here";
            return Err(Fault::new(header, reason));
        }
    }
    Ok(())
}

/// From the `fn` before the name at this place up to the body.
fn header(source: &str, at: usize) -> Range<usize> {
    let start = source[..at].rfind("fn").unwrap_or(at);
    let end = source[at..].find('{').map_or(source.len(), |end| at + end);
    start..end
}

fn has_signature(function: &Function, module: &Module) -> bool {
    let inner = |ty| {
        let Type { inner, .. } = &module.types[ty];
        inner
    };
    let scalar = TypeInner::Scalar(F32);
    let vector = TypeInner::Vector {
        size: VectorSize::Quad,
        scalar: F32,
    };
    let arguments: Vec<_> = function.arguments.iter().map(|a| inner(a.ty)).collect();
    let result = function.result.as_ref().map(|result| inner(result.ty));
    arguments == [&scalar, &vector] && result == Some(&scalar)
}

/// Checks that nothing but arithmetic and control happens, and counts the loops down.
fn check_block(block: &Block, loops: &mut usize) -> Result<(), String> {
    block.iter().try_for_each(|statement| match statement {
        Statement::Emit(_)
        | Statement::Break
        | Statement::Continue
        | Statement::Return { .. }
        | Statement::Store { .. }
        | Statement::Call { .. } => Ok(()),
        Statement::Block(inner) => check_block(inner, loops),
        Statement::If { accept, reject, .. } => {
            check_block(accept, loops)?;
            check_block(reject, loops)
        }
        Statement::Switch { cases, .. } => cases
            .iter()
            .try_for_each(|case| check_block(&case.body, loops)),
        Statement::Loop {
            body, continuing, ..
        } => {
            let left = loops.checked_sub(1);
            *loops = left.ok_or("it holds a loop whose end cannot be seen")?;
            check_block(body, loops)?;
            check_block(continuing, loops)
        }
        _ => Err("it does something else than compute (a barrier, discard, …)".to_owned()),
    })
}
