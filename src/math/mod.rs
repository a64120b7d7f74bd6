//! The mathematics of the CPU engine in f32: the same forms as the files of the same names under `shaders/math/`, where
//! [`Lanes`](crate::cpu::Lanes) takes the place of `vec4<f32>`.

mod erf;
mod exp;
mod log;
mod moderate;
mod piecewise;
mod sigmoid;
mod tables;
mod tanh;

pub(crate) use erf::{erf, exp_of_square, tail_centred, tail_ratio, tail_variable};
pub(crate) use exp::{
    LOWER, exp, exp_and_expm1, exp_of, exp_pair, expm1, expm1_nonpositive, expm1_pair, expm1_rest,
    product_pair, raised_exp, raised_exp_pair,
};
pub(crate) use log::{log, log1p, log1p_unit};
pub(crate) use moderate::{MODERATE, gate_of_product, silu_moderate};
pub(crate) use piecewise::{
    gate_by_tail, gate_derivative_beyond, gate_derivative_by_left, gate_derivative_by_pieces,
    moderate_or_general,
};
pub(crate) use sigmoid::{
    GateDerivative, SILU_ROOT, gate, gate_derivative_unfused, logistic, silu_derivative,
    times_sigmoid, times_sigmoid_derivative,
};
pub(crate) use tables::{
    GELU_LEFT, GELU_LEFT_OF_EIGHT, GELU_QUICK_LEFT, GELU_QUICK_LEFT_OF_EIGHT, GELU_TANH_LEFT,
    GELU_TANH_LEFT_OF_EIGHT, GELU_TANH_TAIL, LOGISTIC_TAIL, NORMAL_TAIL, NORMAL_TAIL_OF_EIGHT,
    SILU_LEFT, SILU_LEFT_OF_EIGHT, TANH_RATIO,
};
pub(crate) use tanh::{tanh, tanh_nonnegative};

use crate::cpu::Lanes;

/// `c[0] + c[1]·x + c[2]·x² + …` from the highest power down.
#[inline(always)]
pub(crate) fn polynomial<L: Lanes, const N: usize>(x: L, c: [f32; N]) -> L {
    let mut sum = L::splat(c[N - 1]);
    let mut i = N - 1;
    while i > 0 {
        i -= 1;
        sum = sum.mul_add(x, L::splat(c[i])).in_order();
    }
    sum
}
