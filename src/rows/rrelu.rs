//! [`Rrelu`]: a leaky rectifier whose slopes are drawn.

use crate::{Activation, Error, Result};

/// x for x > 0, slope·x otherwise, with a slope for each element that is drawn from the uniform distribution between two numbers (Xu et
/// al. 2015, Empirical Evaluation of Rectified Activations in Convolutional Network). What [`GateEngine`](super::GateEngine) and
/// [`Gpu`](crate::Gpu) compute is the training form; [`evaluation`](Self::evaluation) is the other one.
///
/// The slope of element i follows from the seed and from i alone, by the generator Threefry-2×32 with 20 rounds (Salmon et al. 2011,
/// Parallel Random Numbers: As Easy as 1, 2, 3). So the backward pass has the slopes of the forward pass, and every engine has the same
/// bits. Take another seed for each step of a training.
///
/// ```
/// use nonlin::cpu::Cpu;
/// use nonlin::rows::{GateEngine, Rrelu};
/// let f = Rrelu::new(42);
/// let y = Cpu::new().rrelu(&f, &[-1.0, 3.0])?;
/// assert_eq!(y, [-f.slope(0), 3.0]);
/// assert!((0.125..1.0 / 3.0).contains(&f.slope(0)));
/// # Ok::<(), nonlin::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rrelu {
    lower: f32,
    upper: f32,
    seed: u64,
}

impl Rrelu {
    /// Slopes between 1/8 and 1/3, as PyTorch has them.
    pub fn new(seed: u64) -> Self {
        Self {
            lower: 0.125,
            upper: 1.0 / 3.0,
            seed,
        }
    }

    /// The same with slopes between these numbers.
    pub fn between(self, lower: f32, upper: f32) -> Self {
        Self {
            lower,
            upper,
            ..self
        }
    }

    /// The form for evaluation: leaky_relu with the mean slope.
    pub fn evaluation(&self) -> Activation {
        Activation::LeakyRelu {
            slope: self.lower + 0.5 * (self.upper - self.lower),
        }
    }

    /// The slope of an element: one of 2^24 equally likely numbers from the lower end on, below the upper one but for the rounding.
    pub fn slope(&self, element: u64) -> f32 {
        let key = [self.seed as u32, (self.seed >> 32) as u32];
        let [word, _] = threefry(key, [element as u32, (element >> 32) as u32]);
        self.slope_of(word)
    }

    /// The slope that a word of the generator stands for. Written so that no compiler may round it in another way: a product and a sum,
    /// which Rust never fuses.
    #[inline(always)]
    pub(crate) fn slope_of(&self, word: u32) -> f32 {
        let unit = (word >> 8) as f32 * 2_f32.powi(-24);
        let slope = unit * (self.upper - self.lower) + self.lower;
        if slope < self.upper {
            slope
        } else {
            self.upper
        }
    }

    /// The seed, and both ends.
    pub(crate) fn parts(&self) -> (u64, f32, f32) {
        (self.seed, self.lower, self.upper)
    }

    /// Refuses ends that are out of their range.
    pub(crate) fn check(&self) -> Result<()> {
        let range = |parameter, value: f32, min, max| {
            // Written so that NaN fails.
            if min <= value && value <= max {
                return Ok(());
            }
            Err(Error::ParameterOutOfRange {
                function: "rrelu",
                parameter,
                value,
                min,
                max,
            })
        };
        range("lower", self.lower, 0.0, f32::MAX)?;
        range("upper", self.upper, self.lower, f32::MAX)
    }
}

/// Threefry-2×32 with 20 rounds.
#[inline(always)]
pub(crate) fn threefry(key: [u32; 2], counter: [u32; 2]) -> [u32; 2] {
    const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];
    let keys = [key[0], key[1], 0x1bd1_1bda ^ key[0] ^ key[1]];
    let mut a = counter[0].wrapping_add(keys[0]);
    let mut b = counter[1].wrapping_add(keys[1]);
    let mut group = 0;
    while group < 5 {
        let mut i = 0;
        while i < 4 {
            a = a.wrapping_add(b);
            b = b.rotate_left(ROTATIONS[group % 2][i]) ^ a;
            i += 1;
        }
        group += 1;
        a = a.wrapping_add(keys[group % 3]);
        b = b
            .wrapping_add(keys[(group + 1) % 3])
            .wrapping_add(group as u32);
    }
    [a, b]
}

#[cfg(test)]
mod tests {
    use super::threefry;

    #[test]
    fn the_generator_gives_the_published_numbers() {
        // From kat_vectors of the authors' library Random123.
        let all = u32::MAX;
        assert_eq!(threefry([0, 0], [0, 0]), [0x6b20_0159, 0x99ba_4efe]);
        assert_eq!(threefry([all, all], [all, all]), [0x1cb9_96fc, 0xbb00_2be7]);
        assert_eq!(
            threefry([0x1319_8a2e, 0x0370_7344], [0x243f_6a88, 0x85a3_08d3]),
            [0xc492_3a9c, 0x483d_f7a0]
        );
    }
}
