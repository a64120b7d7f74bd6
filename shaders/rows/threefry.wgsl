// Threefry-2x32, which makes random words of a key and a counter by sums, rotations and XOR, in groups of four rounds. A sum puts the
// halves of a rotation together, no bit logic: see copy_sign in bits.wgsl.
struct Words {
    a: U,
    b: U,
}

fn mixed(w: Words, rotation: u32) -> Words {
    let a = w.a + w.b;
    return Words(a, ((w.b << U(rotation)) + (w.b >> U(32u - rotation))) ^ a);
}

fn mixed_even(w: Words) -> Words {
    return mixed(mixed(mixed(mixed(w, 13u), 15u), 26u), 6u);
}

fn mixed_odd(w: Words) -> Words {
    return mixed(mixed(mixed(mixed(w, 17u), 29u), 16u), 24u);
}

// The first word after 20 rounds (Salmon et al. 2011).
fn threefry(key: vec2<u32>, low: U, high: U) -> U {
    let third = 0x1bd11bdau ^ key.x ^ key.y;
    var w = mixed_even(Words(low + key.x, high + key.y));
    w = mixed_odd(Words(w.a + key.y, w.b + (third + 1u)));
    w = mixed_even(Words(w.a + third, w.b + (key.x + 2u)));
    w = mixed_odd(Words(w.a + key.x, w.b + (key.y + 3u)));
    w = mixed_even(Words(w.a + key.y, w.b + (third + 4u)));
    return w.a + third;
}
