// The logistic function from the exponential that it is made of, and the derivatives of gates.

// x * sigmoid(s), given whether s >= 0 and e = exp(-|s|): x / (1 + e) or x e / (1 + e). x must be finite where s < 0.
fn times_sigmoid(x: F, positive: B, e: Exp) -> F {
    let quotient = x / (1.0 + exp_value(e));
    return select(exp_times(e, quotient), quotient, positive);
}

// (1 + e)^2 with one rounding that counts.
fn square_of_one_plus(e: F) -> F {
    return fma(e, e + 2.0, F(1.0));
}

// factor * sigmoid'(s) = factor * e / (1 + e)^2, given e = exp(-|s|).
fn times_sigmoid_derivative(factor: F, e: Exp) -> F {
    return exp_times(e, factor / square_of_one_plus(exp_value(e)));
}

// The derivative of a gate x * sigmoid(s(x)): sigmoid(s) (1 + product * sigmoid(-s)).
// positive: whether s >= 0; e: exp(-|s|); product: x s'(x), finite; near_root, middle: around its root, where the sum cancels,
// another form of the derivative takes its place.
fn gate_derivative(positive: B, e: Exp, product: F, near_root: B, middle: F) -> F {
    let value = exp_value(e);
    let sum = 1.0 + value;
    let gate = select(value, F(1.0), positive) / sum;
    let rest = select(F(1.0), value, positive) / sum;
    let right = gate * (1.0 + product * rest);
    // The same with e taken out, where it may be too small for f32.
    let left = exp_times(e, (product + sum) / square_of_one_plus(value));
    return select(select(left, right, product > F(-1.0)), middle, near_root);
}

// The root of the derivative of silu.
const SILU_ROOT_HI: f32 = -0x1.474974p+0f;
const SILU_ROOT_LO: f32 = 0x1.bdf6fap-27f;

// silu'(s) / (s - root) for -2.45 <= s <= -0.6, by powers of z = s + 1.75. Error 2^-28.7.
fn silu_derivative_near_root(z: F) -> F {
    return 0x1.3ba9d4p-3f + z * (0x1.f14132p-4f + z * (0x1.05c904p-5f + z * (-0x1.f2b11cp-9f + z * (-0x1.46dadep-8f +
        z * (-0x1.36948ap-10f + z * (0x1.30d54cp-13f + z * (0x1.54e1eep-13f + z * (0x1.2666b4p-15f +
        z * (-0x1.8bfc1ep-18f + z * -0x1.468b3ep-18f)))))))));
}

// sigmoid(s) (1 + s sigmoid(-s)), the derivative of silu, for |s| <= 115 given as -|s| = hi + lo. d = -|s| - root has to be
// accurate where it is small.
fn silu_derivative_of(positive: B, hi: F, lo: F, d: F) -> F {
    let s = hi + lo;
    let near_root = (s < F(-0.65)) & (s > F(-2.4)) & !positive;
    let middle = d * silu_derivative_near_root(s + 1.75);
    return gate_derivative(positive, exp_pair(hi, lo), select(s, -s, positive), near_root, middle);
}
