// The logistic function from the exponential that it is made of, and the derivatives of gates.

// x * sigmoid(s), given whether s >= 0 and e = exp(-|s|): x / (1 + e) or x e / (1 + e). x must be finite where s < 0.
fn times_sigmoid(x: F, positive: B, e: Exp) -> F {
    let quotient = x / (1.0 + exp_added(e));
    return select(exp_times(e, quotient), quotient, positive);
}

// (1 + e)^2 with one rounding that counts.
fn square_of_one_plus(e: F) -> F {
    return fma(e, e + 2.0, F(1.0));
}

// factor * sigmoid'(s) = factor * e / (1 + e)^2, given e = exp(-|s|); never more than its value at 0, for a positive factor.
fn times_sigmoid_derivative(factor: F, e: Exp) -> F {
    return min(exp_times(e, factor / square_of_one_plus(exp_added(e))), 0.25 * factor);
}

// The derivative of a gate x * sigmoid(s(x)): sigmoid(s) (1 + product * sigmoid(-s)).
// positive: whether s >= 0; e: exp(-|s|); product: x s'(x), finite; near_root, middle: around its root, where the sum cancels,
// another form of the derivative takes its place.
fn gate_derivative(positive: B, e: Exp, product: F, near_root: B, middle: F) -> F {
    let value = exp_added(e);
    let sum = 1.0 + value;
    let gate = select(value, F(1.0), positive) / sum;
    let rest = select(F(1.0), value, positive) / sum;
    let right = gate * (1.0 + product * rest);
    // The same with e taken out, where it may be too small for f32: e n / (1 + e)^2. The quotient is near n there, and as n - n q
    // it has fewer roundings.
    let n = product + sum;
    let excess = value * (value + 2.0);
    let left = exp_times(e, n - n * (excess / (1.0 + excess)));
    return select(select(left, right, product > F(-1.0)), middle, near_root);
}

// The root of the derivative of silu.
const SILU_ROOT_HI: f32 = -0x1.474974p+0f;
const SILU_ROOT_LO: f32 = 0x1.bdf6fap-27f;

// silu'(s) / (s - root) for -2.1 <= s <= -0.55, by powers of z = s + 1.125. Error 2^-25.5.
fn silu_derivative_near_root(z: F) -> F {
    return 0x1.ecf5acp-3f + z * (0x1.35cdf6p-3f + z * (0x1.66a0b6p-7f + z * (-0x1.3a5ce6p-6f + z * (-0x1.96b54cp-8f +
        z * (0x1.ee6f12p-11f + z * (0x1.f7686ep-11f + z * (0x1.c7442cp-14f + z * (-0x1.49115ap-14f + z * -0x1.a848ccp-16f))))))));
}

// sigmoid(s) (1 + s sigmoid(-s)), the derivative of silu, for |s| <= 115 given as -|s| = hi + lo. d = -|s| - root has to be
// accurate where it is small.
fn silu_derivative_of(positive: B, hi: F, lo: F, d: F) -> F {
    let s = hi + lo;
    let near_root = (s < F(-0.6)) & (s > F(-2.0)) & !positive;
    let middle = d * silu_derivative_near_root(s + 1.125);
    return gate_derivative(positive, exp_pair(hi, lo), select(s, -s, positive), near_root, middle);
}
