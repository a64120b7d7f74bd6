//! [`Definition`]: the text of a custom function as the kernels use it, kept once.

use super::{CustomFunction, SourcePlace, check};
use crate::activation::{Constants, Entry, ErrorBound, Family, Metadata, constants};
use crate::cpu;
use crate::wgsl::{declarations, line_and_column, own_names, rename};
use crate::{Direction, Error, Result};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Mutex, OnceLock, PoisonError};

/// What is wrong with a text, and where.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: Option<Range<usize>>,
    pub(super) reason: String,
}

impl Fault {
    pub(super) fn new(at: Range<usize>, reason: impl Into<String>) -> Self {
        Self {
            at: Some(at),
            reason: reason.into(),
        }
    }

    pub(super) fn nowhere(reason: impl Into<String>) -> Self {
        Self {
            at: None,
            reason: reason.into(),
        }
    }

    fn into_error(self, name: &str, source: &str) -> Error {
        let place = self.at.map(|at| {
            let (line, column) = line_and_column(source, at.start);
            SourcePlace {
                line,
                column,
                text: excerpt(source.get(at).unwrap_or_default()),
            }
        });
        Error::InvalidCustom {
            function: excerpt(name),
            place,
            reason: self.reason,
        }
    }
}

/// The first line of a text, not much of it.
fn excerpt(text: &str) -> String {
    const LONGEST: usize = 60;
    let line = text.trim().lines().next().unwrap_or_default().trim_end();
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    line.chars().take(LONGEST).chain(['…']).collect()
}

/// A custom function without the values of its parameters.
pub(super) struct Definition {
    metadata: &'static Metadata,
    source: &'static str,
    /// The text with names of its own, and the functions that kernels call.
    kernel: &'static str,
    /// What those begin with.
    shader_name: &'static str,
}

impl Definition {
    pub(super) fn source(&self) -> &'static str {
        self.source
    }
}

#[derive(Default)]
struct Registry {
    made: HashMap<(&'static str, &'static str), &'static Definition>,
    shader_names: HashSet<&'static str>,
}

/// The definition of this name and text, checked and kept at its first use.
pub(super) fn define(name: &str, source: &str) -> Result<&'static Definition> {
    static REGISTRY: OnceLock<Mutex<Registry>> = OnceLock::new();
    let lock = || {
        let registry = REGISTRY.get_or_init(Mutex::default);
        registry.lock().unwrap_or_else(PoisonError::into_inner)
    };
    if let Some(made) = lock().made.get(&(name, source)) {
        return Ok(made);
    }
    check::check(name, source).map_err(|fault| fault.into_error(name, source))?;
    #[cfg(not(target_arch = "wasm32"))]
    super::validate::validate(name, source).map_err(|fault| fault.into_error(name, source))?;
    let mut registry = lock();
    // Another thread may have been faster.
    if let Some(made) = registry.made.get(&(name, source)) {
        return Ok(made);
    }
    // Two texts of one name may meet in one kernel.
    let free = |wanted: &String| {
        !registry.shader_names.contains(wanted.as_str())
            && !own_names().contains(format!("{wanted}_forward").as_str())
    };
    let shader_name = std::iter::once(name.to_owned())
        .chain((2_u64..).map(|number| format!("{name}_{number}")))
        .find(free)
        .unwrap_or_default();
    let name: &'static str = name.to_owned().leak();
    let source: &'static str = source.to_owned().leak();
    let made: &'static Definition = Box::leak(Box::new(Definition {
        metadata: Box::leak(Box::new(metadata(name))),
        source,
        kernel: kernel(name, source, &shader_name).leak(),
        shader_name: shader_name.leak(),
    }));
    registry.made.insert((name, source), made);
    registry.shader_names.insert(made.shader_name);
    Ok(made)
}

fn metadata(id: &'static str) -> Metadata {
    Metadata {
        id,
        family: Family::Custom,
        formula: "custom",
        derivative_formula: "custom",
        source: "the user",
        range: "not known",
        smooth: false,
        monotonic: false,
        used_for: "what the catalogue does not hold",
        risk: "the crate knows no bound of its error; Gpu::check_derivative compares the derivative with the function",
        forward_error: ErrorBound::UNKNOWN,
        derivative_error: ErrorBound::UNKNOWN,
        ..Metadata::EMPTY
    }
}

/// What separates the name of a function from the names that its text declares. No text may declare a name with it, so that nothing in
/// a kernel can clash.
pub(super) const SEPARATOR: &str = "__";

/// The text as kernels use it. Its declarations are renamed after the function, and the functions that kernels call have the form of
/// the catalogue's.
fn kernel(name: &str, source: &str, shader_name: &str) -> String {
    let declared: HashSet<&str> = declarations(source).iter().map(|d| d.name).collect();
    let renamed = rename(source, |word| {
        let own = declared.contains(word);
        own.then(|| format!("{shader_name}{SEPARATOR}{word}"))
    });
    let call = |form: &str, function: &str| {
        format!(
            "fn {shader_name}_{form}(x: F, c: {shader_name}_constants) -> F {{\n    \
                 return nan_of({shader_name}{SEPARATOR}{function}(x, vec4<f32>(c.p0, c.p1, c.p2, c.p3)), x);\n}}\n"
        )
    };
    format!(
        "{renamed}\n\nstruct {shader_name}_constants {{\n    p0: f32,\n    p1: f32,\n    p2: f32,\n    p3: f32,\n}}\n\n{}\n{}",
        call("forward", name),
        call("derivative", &format!("{name}_derivative")),
    )
}

impl Entry for Definition {
    fn metadata(&self) -> &'static Metadata {
        self.metadata
    }

    fn wgsl(&self) -> &'static str {
        self.kernel
    }

    fn shader_name(&self) -> &'static str {
        self.shader_name
    }

    fn scalar_lanes(&self) -> bool {
        true
    }

    fn has_cpu_form(&self) -> bool {
        false
    }

    fn check(&self, _p: &[f64]) -> Result<(), String> {
        // Checked when the values were given.
        Ok(())
    }

    fn constants(&self, p: &[f64]) -> Constants {
        let mut values = [0.0; CustomFunction::MAX_PARAMETERS];
        for (value, p) in values.iter_mut().zip(p) {
            *value = *p as f32;
        }
        constants(values)
    }

    fn capacity(&self, _p: &[f64]) -> u32 {
        0
    }

    fn reference(&self, _x: f64, _p: &[f64]) -> f64 {
        f64::NAN
    }

    fn reference_derivative(&self, _x: f64, _p: &[f64]) -> f64 {
        f64::NAN
    }

    fn reference_derivative_from_output(&self, _y: f64, _p: &[f64]) -> f64 {
        f64::NAN
    }

    fn magnitude(&self, _x: f64, _p: &[f64]) -> f64 {
        f64::NAN
    }

    fn derivative_magnitude(&self, _x: f64, _p: &[f64]) -> f64 {
        f64::NAN
    }

    fn kinks(&self, _p: &[f64]) -> Vec<f64> {
        Vec::new()
    }

    fn cpu_loop(&self, _direction: Direction, _isa: cpu::Isa) -> cpu::Loop {
        fill_with_nan
    }

    fn around_loops(&self, _isa: cpu::Isa) -> Option<[cpu::AroundLoop; 2]> {
        None
    }

    #[cfg(test)]
    fn scalar_loop(&self, _direction: Direction, _fused: bool) -> cpu::Loop {
        fill_with_nan
    }
}

/// The loop of a function that the CPU engine refuses before it asks for one.
///
/// # Safety
/// As [`cpu::Loop`].
unsafe fn fill_with_nan(
    _x: *const f32,
    _grad: *const f32,
    out: *mut f32,
    count: usize,
    _c: &Constants,
    _results: cpu::Results,
) {
    for i in 0..count {
        // SAFETY: `out` is valid for `count` elements.
        unsafe { out.add(i).write(f32::NAN) };
    }
}
