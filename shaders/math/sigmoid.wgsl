// The logistic function from the exponential that it is made of, and the derivatives of gates.

// x * sigmoid(s), given whether s >= 0 and e = exp(-|s|): x / (1 + e) or x e / (1 + e). |x| must be below 2^63 where s < 0.
fn times_sigmoid(x: F, positive: B, e: Exp) -> F {
    let quotient = sigmoid_quotient(x, positive, e);
    return select(times_pow2_nonpositive(quotient, e.k), quotient, positive);
}

// The same without the power of two that is still to be multiplied by where s < 0.
fn sigmoid_quotient(x: F, positive: B, e: Exp) -> F {
    return select(fma(x, e.p, x), x, positive) / (1.0 + exp_added(e));
}

// (1 + e)^2 with one rounding that counts.
fn square_of_one_plus(e: F) -> F {
    return fma(e, e + 2.0, F(1.0));
}

// factor * sigmoid'(s) = factor * e / (1 + e)^2, given e = exp(-|s|), |s| <= 130; never more than its value at 0, for a positive factor.
fn times_sigmoid_derivative(factor: F, e: Exp) -> F {
    return min(times_pow2_nonpositive(factor * sigmoid_derivative_quotient(e), e.k), 0.25 * factor);
}

// e / (1 + e)^2 without the power of two in e: it comes last, so that until then every rounding is one of numbers near the result's own
// place.
fn sigmoid_derivative_quotient(e: Exp) -> F {
    return exp_mantissa(e) / square_of_one_plus(exp_added(e));
}

// The derivative of a gate x * sigmoid(s(x)) for an odd s, with t = -|s| and e = exp(t): on the left e n / (1 + e)^2, and 1 minus that
// on the right.
// positive: whether s >= 0; value: e as a number; n: 1 + e + |x| dt/d|x|; near_root, middle: where n begins to cancel, another form
// of the left side takes its place.
fn gate_derivative(positive: B, e: Exp, value: F, n: F, near_root: B, middle: F) -> F {
    // The quotient is near n, and as n - n q it has fewer roundings.
    let excess = value * (value + 2.0);
    let far = exp_times_nonpositive(e, n - n * (excess / (1.0 + excess)));
    let left = select(far, middle, near_root);
    return select(left, 1.0 - left, positive);
}

// The root of the derivative of silu.
const SILU_ROOT_HI: f32 = -0x1.474974p+0f;
const SILU_ROOT_LO: f32 = 0x1.bdf6fap-27f;

// silu'(s) / (s - root) for -2.02 <= s <= 0. Error 2^-28.2.
fn silu_derivative_near_root(s: F) -> F {
    let z = s + 0x1.1ap+0f;
    // The higher powers two by two, for a shorter chain.
    let y = z * z;
    let rest = (0x1.39c05ap-7 + z * -0x1.43ced2p-6) + y * ((-0x1.8eee92p-8 + z * 0x1.1b272cp-10) + y *
        ((0x1.0084c6p-10 + z * 0x1.833604p-14) + y * ((-0x1.7b0296p-14 + z * -0x1.e07b56p-16) + y *
        (0x1.0e54c8p-18 + z * 0x1.8cbf4p-19))));
    return 0x1.f43b86p-3 + z * (0x1.36ca3p-3 + z * rest);
}

// sigmoid(s) (1 + s sigmoid(-s)), the derivative of silu, for |s| <= 115 given as -|s| = hi + lo. d = -|s| - root has to be
// accurate where it is small.
fn silu_derivative_of(positive: B, hi: F, lo: F, d: F) -> F {
    let s = hi + lo;
    let e = exp_pair(hi, lo);
    let value = exp_added(e);
    let n = launder(1.0 + hi) + (value + lo);
    let middle = d * silu_derivative_near_root(s);
    return gate_derivative(positive, e, value, n, s > F(-2.0), middle);
}
