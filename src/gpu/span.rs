//! [`Span`]: elements in the memory of a device, in a tensor or anywhere in a buffer.

use super::tensor::Tensor;
use crate::{Error, Result};

/// Elements in the memory of a device: a [`Tensor`]'s, or a range of any buffer, in `f32`. Made by `into()` from `&Tensor` and from
/// [`wgpu::BufferSlice`].
///
/// A range of a buffer may begin and end at any multiple of 4 bytes; those at multiples of 256 bytes (the device's
/// `min_storage_buffer_offset_alignment`) with a multiple of 4 elements are faster. The buffer needs the usage
/// [`STORAGE`](wgpu::BufferUsages::STORAGE).
#[derive(Clone, Copy, Debug)]
pub struct Span<'a> {
    /// Several where one binding cannot hold the elements of a tensor.
    pub(super) buffers: &'a [wgpu::Buffer],
    /// Bytes before the first element, in the first and only buffer.
    pub(super) start: u64,
    /// Number of elements.
    pub(super) len: usize,
    /// Bytes of each buffer but the last where there are several.
    pub(super) chunk_bytes: u64,
    /// Whether the buffers have room to the next multiple of 64 bytes (`PADDING`), which nobody else uses.
    pub(super) padded: bool,
    bytes: u64,
}

impl<'a> From<&'a Tensor> for Span<'a> {
    fn from(tensor: &'a Tensor) -> Self {
        tensor.inner.span()
    }
}

impl<'a> From<wgpu::BufferSlice<'a>> for Span<'a> {
    fn from(slice: wgpu::BufferSlice<'a>) -> Self {
        Self {
            buffers: std::slice::from_ref(slice.buffer()),
            start: slice.offset(),
            len: (slice.size() / 4) as usize,
            chunk_bytes: u64::MAX,
            padded: false,
            bytes: slice.size(),
        }
    }
}

impl<'a> Span<'a> {
    /// The elements of a tensor.
    pub(super) fn of_tensor(
        buffers: &'a [wgpu::Buffer],
        start: u64,
        len: usize,
        chunk_bytes: u64,
        padded: bool,
    ) -> Self {
        Self {
            buffers,
            start,
            len,
            chunk_bytes,
            padded,
            bytes: len as u64 * 4,
        }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first elements of it.
    pub(super) fn first(self, len: usize) -> Self {
        let len = len.min(self.len);
        Self {
            len,
            bytes: 4 * len as u64,
            ..self
        }
    }

    /// Refuses what cannot be bound.
    pub(super) fn check(&self, name: &str) -> Result<()> {
        let wrong = |reason: String| {
            Err(Error::InvalidSpan {
                name: name.to_owned(),
                reason,
            })
        };
        if !self.start.is_multiple_of(4) || !self.bytes.is_multiple_of(4) {
            return wrong(format!(
                "it is {} bytes long and begins at byte {}; both have to be multiples of 4",
                self.bytes, self.start
            ));
        }
        match self
            .buffers
            .iter()
            .find(|b| !b.usage().contains(wgpu::BufferUsages::STORAGE))
        {
            Some(buffer) => wrong(format!(
                "its buffer has the usage {:?}, needed is STORAGE",
                buffer.usage()
            )),
            None => Ok(()),
        }
    }

    /// Whether it is the same elements.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.buffers.first() == other.buffers.first()
            && (self.start, self.len) == (other.start, other.len)
    }

    /// Whether it lies in a buffer of the other.
    pub(super) fn shares_buffer(&self, other: &Self) -> bool {
        self.buffers
            .iter()
            .any(|buffer| other.buffers.contains(buffer))
    }

    /// Whether some bytes belong to both.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let (this, that) = (
            self.start..self.start + self.bytes,
            other.start..other.start + other.bytes,
        );
        self.shares_buffer(other) && this.start < that.end && that.start < this.end
    }

    /// The bytes, in words for errors.
    pub(super) fn range(&self) -> String {
        format!("bytes {} to {}", self.start, self.start + self.bytes)
    }

    /// The buffer with the element at this place, its byte there, and how many elements follow in a binding of `binding_bytes`
    /// that may begin up to `alignment` bytes earlier.
    pub(super) fn at(
        &self,
        place: u64,
        binding_bytes: u64,
        alignment: u64,
    ) -> (&'a wgpu::Buffer, u64, u64) {
        let left = self.len as u64 - place;
        if self.buffers.len() > 1 {
            let elements = self.chunk_bytes / 4;
            let offset = place % elements;
            let buffer = &self.buffers[(place / elements) as usize];
            return (buffer, offset * 4, left.min(elements - offset));
        }
        let byte = self.start + place * 4;
        // A piece of whole alignments, so that the next one lies as this one does.
        let piece = if left * 4 + byte % alignment <= binding_bytes {
            left
        } else {
            (binding_bytes.saturating_sub(alignment) / alignment).max(1) * alignment / 4
        };
        (&self.buffers[0], byte, left.min(piece))
    }
}
