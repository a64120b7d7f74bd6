// The upper tail of the normal distribution, through exp(-t^2/2) and a polynomial of degree 9 (scripts/coefficients.sollya).

// exp(-t^2/2) for 0 <= t <= 15: t is cut after 12 bits, so that its square is exact.
fn exp_half_square(t: F) -> Exp {
    let t_hi = bitcast<F>(bitcast<U>(t) & U(0xfffff000u));
    return exp_pair(t_hi * t_hi * -0.5, (t - t_hi) * (t + t_hi) * -0.5);
}

// The variable of the polynomials: 1 at t = 0, falling to 0.18 at 14.6.
fn tail_variable(t: F) -> F {
    return 1.0 / (1.0 + 0.3125 * t);
}

// 1 - Phi(t) = erfc(t / sqrt(2)) / 2 for 0 <= t <= 15. Error of the polynomial 2^-25.2.
fn normal_tail(t: F) -> Exp {
    let e = exp_half_square(t);
    let u = tail_variable(t);
    let z = u - 0.59375;
    let r = 0x1.0ea872p-2f + z * (0x1.9a5f8ap-2f + z * (0x1.886ec2p-2f + z * (0x1.65aecp-3f + z * (-0x1.84f38ap-5f
        + z * (-0x1.5226eap-4f + z * (0x1.d4550ap-7f + z * (0x1.53f7c8p-5f + z * (-0x1.492d4p-7f + z * -0x1.2c6ff2p-6f))))))));
    return Exp(e.mantissa * (u * r), e.pow2);
}
