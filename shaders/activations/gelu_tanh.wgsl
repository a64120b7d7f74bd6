// gelu_tanh(x) = x/2 * (1 + tanh u) = x * sigmoid(2u), 2u = linear * x + cube * x^3.
const GELU_TANH_LINEAR: f32 = 0x1.988454p+0f;
const GELU_TANH_LINEAR_HI: f32 = 0x1.988p+0f;
const GELU_TANH_LINEAR_LO: f32 = 0x1.14cf5p-14f;
const GELU_TANH_CUBE: f32 = 0x1.2444f2p-4f;
const GELU_TANH_CUBE_HI: f32 = 0x1.244p-4f;
const GELU_TANH_CUBE_LO: f32 = 0x1.3ca936p-18f;
const GELU_TANH_ROOT_HI: f32 = -0x1.8142ap-1f;
const GELU_TANH_ROOT_LO: f32 = 0x1.85a06cp-27f;

// 2u / x = linear + cube * x^2 for |x| <= 11 as a sum of two f32, the first of 12 bits, that is good to 2^-34.
fn gelu_tanh_factor(x: F) -> Pair {
    let x_hi = high_bits(x);
    let x_lo = x - x_hi;
    let square = x * x;
    let square_hi = high_bits(square);
    let square_lo = launder(x_hi * x_hi) - square_hi + x_lo * (x + x_hi);
    let factor_hi = high_bits(GELU_TANH_LINEAR + GELU_TANH_CUBE * square);
    // Exact: all three have few bits.
    let rest = launder(GELU_TANH_LINEAR_HI - factor_hi) + GELU_TANH_CUBE_HI * square_hi;
    let factor_lo = launder(rest) + (GELU_TANH_LINEAR_LO + (GELU_TANH_CUBE_HI * square_lo + GELU_TANH_CUBE_LO * square));
    return Pair(factor_hi, factor_lo);
}

// 2u as a sum of two f32, given its factor: exp enlarges its error by up to 110.
fn gelu_tanh_argument(x: F, factor: Pair) -> Pair {
    let x_hi = high_bits(x);
    return Pair(x_hi * factor.hi, (x - x_hi) * factor.hi + x * factor.lo);
}

fn gelu_tanh_forward(x: F) -> F {
    let a = -min(abs(x), F(11.0));
    let s = gelu_tanh_argument(a, gelu_tanh_factor(a));
    return nan_of(times_sigmoid(max(x, F(-11.0)), x >= F(0.0), exp_pair(s.hi, s.lo)), x);
}

// The derivative divided by x - root for -1.73 <= x <= 0, by powers of z = x + 1.24609375. Error 2^-27.6.
fn gelu_tanh_derivative_near_root(z: F) -> F {
    // The higher powers two by two, for a shorter chain.
    let y = z * z;
    let rest = (0x1.c596f6p-4 + z * -0x1.928636p-5) + y * ((-0x1.491598p-5 + z * -0x1.273964p-10) + y *
        ((0x1.a4199ep-8 + z * 0x1.966d64p-10) + y * ((-0x1.528712p-11 + z * -0x1.710484p-12) + y *
        (0x1.eeec44p-14 + z * -0x1.bae1f4p-21))));
    return 0x1.fade68p-3 + z * (0x1.548372p-2 + z * rest);
}

fn gelu_tanh_derivative(x: F) -> F {
    let a = -min(abs(x), F(11.0));
    let factor = gelu_tanh_factor(a);
    let s = gelu_tanh_argument(a, factor);
    let e = exp_pair(s.hi, s.lo);
    let value = exp_added(e);
    // x * 2u' = x (linear + 3 cube x^2) = x (3 factor - 2 linear); the leading difference is exact.
    let leading = launder(3.0 * factor.hi - 2.0 * GELU_TANH_LINEAR_HI);
    let n = fma(a, leading, launder(a * (3.0 * factor.lo - 2.0 * GELU_TANH_LINEAR_LO) + (1.0 + value)));
    // (x - root) w, the difference by a pair; fused it has one rounding.
    let w = gelu_tanh_derivative_near_root(a + 0x1.3fp+0f);
    let middle = fma(launder(a - GELU_TANH_ROOT_HI), w, -GELU_TANH_ROOT_LO * w);
    return nan_of(gate_derivative(x >= F(0.0), e, value, n, a > F(-1.71), middle), x);
}
