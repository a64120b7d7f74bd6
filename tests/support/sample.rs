//! Inputs, the same on every run.

/// SplitMix64.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in `[low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Magnitude log-uniform in `[1e-38, 1e38)`, either sign.
    pub fn log_uniform(&mut self) -> f32 {
        let magnitude = 10f64.powf(self.uniform(-38.0, 38.0)) as f32;
        if self.bits() & 1 == 0 {
            magnitude
        } else {
            -magnitude
        }
    }

    /// A subnormal number of either sign.
    pub fn subnormal(&mut self) -> f32 {
        let bits = self.bits() as u32;
        // As many of each length, down to 2^-149.
        let length = 1 + (self.bits() % 23) as u32;
        f32::from_bits((bits & 0x8000_0000) | ((bits & 0x007f_ffff) >> (23 - length)).max(1))
    }

    /// A standard normal number.
    pub fn normal(&mut self) -> f32 {
        let radius = (-2.0 * self.uniform(0.0, 1.0).max(f64::MIN_POSITIVE).ln()).sqrt();
        (radius * self.uniform(0.0, std::f64::consts::TAU).cos()) as f32
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[(self.bits() % from.len() as u64) as usize]
    }
}

/// `count` log-uniform inputs, as many linear ones in [-20, 20] (a quarter of them in [-6, 6], where most functions bend), a quarter as
/// many in ±[20, 128], and subnormals.
pub fn inputs(count: usize) -> Vec<f32> {
    let mut random = Random::new(0x6e6f_6e6c_696e);
    let mut x = Vec::with_capacity(5 * count / 2);
    x.extend((0..count).map(|_| random.log_uniform()));
    x.extend((0..count).map(|i| {
        let end = if i % 4 == 0 { 6.0 } else { 20.0 };
        random.uniform(-end, end) as f32
    }));
    x.extend((0..count / 4).map(|i| {
        let far = random.uniform(20.0, 128.0) as f32;
        if i % 2 == 0 { far } else { -far }
    }));
    x.extend((0..count / 64).map(|_| random.subnormal()));
    x
}

/// Inputs where something happens: zeros, infinities, the ends of the ranges, powers of two, multiples of 1/8, up to which a form may
/// hold, where exp overflows or underflows; each with its neighbours and of either sign. No NaN.
pub fn special_inputs() -> Vec<f32> {
    let tiny = f32::from_bits(1);
    let mut x = vec![0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY];
    let mut add = |value: f32| {
        x.extend([value, value.next_up(), value.next_down()].map(|v| v.clamp(f32::MIN, f32::MAX)));
        x.extend(
            [-value, -value.next_up(), -value.next_down()].map(|v| v.clamp(f32::MIN, f32::MAX)),
        );
    };
    let ends = [
        tiny,
        3.0 * tiny,
        1e-44,
        1e-42,
        1e-40,
        f32::MIN_POSITIVE,
        f32::MAX,
    ];
    ends.into_iter().for_each(&mut add);
    (-126..=127).for_each(|exponent| add(2f32.powi(exponent)));
    (1..=128).for_each(|eighths| add(eighths as f32 / 8.0));
    let landmarks = [
        1e-8,
        1e-5,
        1e-3,
        0.1,
        0.3,
        0.625,
        0.7517915,
        1.1924312,
        1.2784645,
        3.0,
        5.0,
        6.0,
        9.0,
        10.0,
        12.0,
        13.0,
        15.0,
        16.635532,
        17.328679,
        20.0,
        25.0,
        43.67,
        44.36,
        51.8,
        87.33654,
        88.02969,
        88.72283,
        89.0,
        100.0,
        103.27893,
        103.97207,
        104.5,
        178.0,
        1e3,
        1e4,
        1e5,
        1e6,
        1e10,
        1.9e12,
        1e13,
        1.8446743e19,
        1e25,
        1e30,
        1e38,
    ];
    landmarks.into_iter().for_each(&mut add);
    x
}

/// NaN of every kind: quiet and signalling, of either sign, with and without payload.
pub fn nans() -> Vec<f32> {
    [
        0x7fc0_0000,
        0xffc0_0000,
        0x7f80_0001,
        0xff80_0001,
        0x7fff_ffff,
        0xffff_ffff,
        0x7fa5_5a5a,
        0xffd1_2345u32,
    ]
    .map(f32::from_bits)
    .to_vec()
}
