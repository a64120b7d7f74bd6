// tanh_shrink(x) = x - tanh(x), near 0 a polynomial: the difference would cancel.

// (x - tanh x) / x^3 - 1/3 for |x| <= 0.92, by powers of z = x^2. Error 2^-29 of the sum; the first is what the f32 of 1/3 lacks.
fn tanh_shrink_rest(z: F) -> F {
    return -0x1.685bcp-27 + z * (-0x1.111106p-3 + z * (0x1.ba173ap-5 + z * (-0x1.65f8fcp-6 + z * (0x1.1f234p-7 + z *
        (-0x1.b2e726p-9 + z * (0x1.0acda8p-10 + z * -0x1.6d20f2p-13))))));
}

fn tanh_shrink_forward(x: F) -> F {
    let a = abs(x);
    let z = a * a;
    let cube = a * z;
    let near = fma(cube, F(0x1.555556p-2f), cube * tanh_shrink_rest(z));
    // tanh(a) as 1 - 2e / (1 + e).
    let e = exp_added(exp_of(-2.0 * min(a, F(40.0))));
    let far = launder(a - 1.0) + 2.0 * e / (1.0 + e);
    return nan_of(copy_sign(select(far, near, a < F(0.92)), x), x);
}

// (tanh^2 x - x^2) / x^4 for |x| <= 0.9, by powers of z = x^2. Error 2^-26.8 of the square.
fn tanh_shrink_square_rest(z: F) -> F {
    return -0x1.55553ap-1 + z * (0x1.82d174p-2 + z * (-0x1.928766p-3 + z * (0x1.895c24p-4 + z * (-0x1.5bcd6ep-5 + z *
        (0x1.df8b48p-7 + z * -0x1.65f472p-9)))));
}

fn tanh_shrink_derivative(x: F) -> F {
    let a = abs(x);
    let z = a * a;
    let near = fma(z * z, tanh_shrink_square_rest(z), z);
    // 1 - sech^2 with sech^2 = r (2 - r), r = 1 - tanh(a).
    let e = exp_added(exp_of(-2.0 * min(a, F(40.0))));
    let r = 2.0 * e / (1.0 + e);
    return nan_of(select(1.0 - r * (2.0 - r), near, a < F(0.9)), x);
}
