//! [`Elementwise`]: what the file of one activation provides.

use super::metadata::Metadata;
use crate::cpu::{self, Lanes};

/// Numbers that the kernels read at run time, made from the parameters on the host with f64 arithmetic.
///
/// Their order is the order of the fields of the WGSL struct in the activation's shader file.
pub(crate) type Constants = [f32; CONSTANTS];

/// How many constants a function can have.
pub(crate) const CONSTANTS: usize = 28;

/// A block of constants that begins with `values`.
pub(crate) fn constants<const N: usize>(values: [f32; N]) -> Constants {
    const { assert!(N <= CONSTANTS) };
    let mut all = [0.0; CONSTANTS];
    all[..N].copy_from_slice(&values);
    all
}

/// Splits a number into an f32 of 12 significant bits, so that its product with another such number is exact, and the rest.
pub(crate) fn split(value: f64) -> [f32; 2] {
    let high = f32::from_bits((value as f32).to_bits() & 0xffff_f000);
    [high, (value - f64::from(high)) as f32]
}

/// Splits a number into the nearest f32 and the rest.
pub(crate) fn pair(value: f64) -> [f32; 2] {
    let high = value as f32;
    [high, (value - f64::from(high)) as f32]
}

/// One activation: what is known about it, its reference in f64 and its form for the CPU. `p` holds the parameters as the real
/// numbers that they stand for, in the order of the variant's fields.
pub(crate) trait Elementwise: Sync + 'static {
    /// What is known about it.
    const METADATA: Metadata;
    /// The shader file of the same name.
    const WGSL: &'static str;
    /// Whether the CPU's backward loop looks for NaN in the sum of its results and not in each two of them. That is more operations, and slower by 2 to 8 % for
    /// almost all; but measured, relu and its square take 6 to 10 % less time with it where data come from the last-level cache.
    const NAN_BY_SUM: bool = false;

    /// What does not fit between parameters that are fine one by one.
    fn check(_p: &[f64]) -> Result<(), String> {
        Ok(())
    }

    /// The numbers that the kernels read.
    fn constants(_p: &[f64]) -> Constants {
        [0.0; CONSTANTS]
    }

    /// Length of the list of parameters that a shader is compiled for, as the constant `CAPACITY`; 0 where there is no list.
    fn capacity(_p: &[f64]) -> u32 {
        0
    }

    /// `f(x)` to at least 1e-12 relative.
    fn reference(x: f64, p: &[f64]) -> f64;

    /// `f'(x)` to at least 1e-12 of the larger of the terms that cancel.
    fn reference_derivative(x: f64, p: &[f64]) -> f64;

    /// `f'(x)` from `y = f(x)`; never called where the metadata has no formula for it.
    fn reference_derivative_from_output(_y: f64, _p: &[f64]) -> f64 {
        f64::NAN
    }

    /// The largest of the terms of `f(x)` that cancel each other where free parameters make them, else `|f(x)|`: the error is
    /// counted in ULP of it.
    fn magnitude(x: f64, p: &[f64]) -> f64 {
        Self::reference(x, p).abs()
    }

    /// As [`magnitude`](Self::magnitude), for `f'(x)`.
    fn derivative_magnitude(x: f64, p: &[f64]) -> f64 {
        Self::reference_derivative(x, p).abs()
    }

    /// The points where the derivative jumps.
    fn kinks(_p: &[f64]) -> Vec<f64> {
        Vec::new()
    }

    /// `f(x)`.
    fn forward<L: Lanes>(x: L, c: &Constants) -> L;

    /// `f'(x)`.
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L;

    /// `f'(x)`, and whether it is known that no lane of it is 0, infinite or NaN: then its product with a gradient needs no second look.
    #[inline(always)]
    fn derivative_and_size<L: Lanes>(x: L, c: &Constants) -> (L, bool) {
        (Self::derivative(x, c), false)
    }

    /// `f'(x)` from `y = f(x)`; never called where the metadata has no formula for it.
    fn derivative_from_output<L: Lanes>(y: L, _c: &Constants) -> L {
        y
    }
}

/// [`Elementwise`] as an object, for the table.
pub(crate) trait Entry: Sync {
    fn metadata(&self) -> &'static Metadata;
    fn wgsl(&self) -> &'static str;

    /// What the names of its functions in WGSL begin with.
    fn shader_name(&self) -> &'static str {
        self.metadata().id
    }

    /// Whether its WGSL takes one element at a time only.
    fn scalar_lanes(&self) -> bool {
        false
    }

    /// Whether the CPU engine can compute it.
    fn has_cpu_form(&self) -> bool {
        true
    }

    fn check(&self, p: &[f64]) -> Result<(), String>;
    fn constants(&self, p: &[f64]) -> Constants;
    fn capacity(&self, p: &[f64]) -> u32;
    fn reference(&self, x: f64, p: &[f64]) -> f64;
    fn reference_derivative(&self, x: f64, p: &[f64]) -> f64;
    fn reference_derivative_from_output(&self, y: f64, p: &[f64]) -> f64;
    fn magnitude(&self, x: f64, p: &[f64]) -> f64;
    fn derivative_magnitude(&self, x: f64, p: &[f64]) -> f64;
    fn kinks(&self, p: &[f64]) -> Vec<f64>;
    fn cpu_loop(&self, direction: crate::Direction, isa: cpu::Isa) -> cpu::Loop;
    /// The loops of the function between two operands of a chain, forward and backward.
    fn around_loops(&self, isa: cpu::Isa) -> Option<[cpu::AroundLoop; 2]>;
    #[cfg(test)]
    fn scalar_loop(&self, direction: crate::Direction, fused: bool) -> cpu::Loop;
}

impl<T: Elementwise> Entry for T {
    fn metadata(&self) -> &'static Metadata {
        &T::METADATA
    }

    fn wgsl(&self) -> &'static str {
        T::WGSL
    }

    fn check(&self, p: &[f64]) -> Result<(), String> {
        T::check(p)
    }

    fn constants(&self, p: &[f64]) -> Constants {
        T::constants(p)
    }

    fn capacity(&self, p: &[f64]) -> u32 {
        T::capacity(p)
    }

    fn reference(&self, x: f64, p: &[f64]) -> f64 {
        T::reference(x, p)
    }

    fn reference_derivative(&self, x: f64, p: &[f64]) -> f64 {
        T::reference_derivative(x, p)
    }

    fn reference_derivative_from_output(&self, y: f64, p: &[f64]) -> f64 {
        T::reference_derivative_from_output(y, p)
    }

    fn magnitude(&self, x: f64, p: &[f64]) -> f64 {
        T::magnitude(x, p)
    }

    fn derivative_magnitude(&self, x: f64, p: &[f64]) -> f64 {
        T::derivative_magnitude(x, p)
    }

    fn kinks(&self, p: &[f64]) -> Vec<f64> {
        T::kinks(p)
    }

    fn cpu_loop(&self, direction: crate::Direction, isa: cpu::Isa) -> cpu::Loop {
        cpu::dispatch::loop_for::<T>(direction, isa)
    }

    fn around_loops(&self, isa: cpu::Isa) -> Option<[cpu::AroundLoop; 2]> {
        Some(cpu::around_loops::<T>(isa))
    }

    #[cfg(test)]
    fn scalar_loop(&self, direction: crate::Direction, fused: bool) -> cpu::Loop {
        cpu::dispatch::scalar_loop_for::<T>(direction, fused)
    }
}
