//! [`Prelu`]: a leaky rectifier whose slopes are learned.

use crate::{Error, Result};

/// x for x > 0, slope·x otherwise, with a slope for each channel (He et al. 2015, Delving Deep into Rectifiers; usual first value 0.25).
/// The input lies as rows × channels × inner: inner is 1 where the channels are the columns, and height × width for images.
///
/// At 0 the derivative is the slope. The gradient of a slope is the sum of `x·dy` over the channel's elements that are not positive; it
/// has the same bits in every run. One channel is one slope for all.
///
/// ```
/// use nonlin::cpu::Cpu;
/// use nonlin::rows::{GateEngine, Prelu};
/// let engine = Cpu::new();
/// let f = Prelu::new(2);
/// let (x, slopes) = ([-1.0, -1.0, 2.0, -3.0], [0.25, 0.5]);
/// assert_eq!(engine.prelu(&f, &x, &slopes)?, [-0.25, -0.5, 2.0, -1.5]);
/// let [dx, dslopes] = engine.prelu_backward(&f, &x, &slopes, &[1.0; 4])?;
/// assert_eq!(dx, [0.25, 0.5, 1.0, 0.5]);
/// assert_eq!(dslopes, [-1.0, -4.0]);
/// # Ok::<(), nonlin::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prelu {
    channels: usize,
    inner: usize,
}

impl Prelu {
    /// With so many channels, which are the columns.
    pub fn new(channels: usize) -> Self {
        Self { channels, inner: 1 }
    }

    /// The same with so many elements of a channel side by side.
    pub fn inner(self, inner: usize) -> Self {
        Self { inner, ..self }
    }

    /// Channels, and elements of each that lie side by side.
    pub(crate) fn axes(&self) -> (usize, usize) {
        (self.channels, self.inner)
    }

    /// Checks the lengths of the input and the slopes; gives the number of rows.
    pub(crate) fn rows(&self, len: usize, slopes: usize) -> Result<usize> {
        let Self { channels, inner } = *self;
        let wrong = |reason| {
            Err(Error::InvalidParameters {
                function: "prelu",
                reason,
            })
        };
        let row = match channels.checked_mul(inner) {
            Some(row) if row > 0 && len.is_multiple_of(row) => row,
            _ => {
                return wrong(format!(
                    "x holds {len} elements, which are no rows of {channels} channels of {inner}"
                ));
            }
        };
        if slopes != channels {
            return wrong(format!("there are {slopes} slopes for {channels} channels"));
        }
        Ok(len / row)
    }
}
