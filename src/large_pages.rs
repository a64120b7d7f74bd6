//! [`zeros`], and how a system is asked to map memory in large pages.

/// From so many bytes on the system is asked for large pages, as NumPy asks for them.
#[cfg(not(target_arch = "wasm32"))]
const LARGE: usize = 4 << 20;

/// `len` zeros for a long call to read or to write, as `vec![0.0; len]`, in memory that the system is asked to map in large pages.
///
/// Pages of 2 MiB instead of 4 KiB have two advantages: memory that is new costs less when it is touched first, and calls over more than the
/// caches hold look up fewer addresses. The vectors that this crate returns are made so. Only Linux is asked, by `madvise`, and only from
/// 4 MiB on; elsewhere, and where an administrator forbids large pages, the vector is one as any other.
///
/// ```
/// use nonlin::{Activation, Engine, cpu::Cpu};
/// let mut y = nonlin::zeros(1 << 21);
/// Cpu::new().forward_into(&Activation::sigmoid(), &nonlin::zeros(1 << 21), &mut y)?;
/// assert!(y.iter().all(|&y| y == 0.5));
/// # Ok::<(), nonlin::Error>(())
/// ```
pub fn zeros(len: usize) -> Vec<f32> {
    let zeros = vec![0.0; len];
    prefer(zeros.as_ptr().addr(), 4 * len);
    zeros
}

/// An empty vector with such room for `len` numbers.
pub(crate) fn room(len: usize) -> Vec<f32> {
    let room: Vec<f32> = Vec::with_capacity(len);
    prefer(room.as_ptr().addr(), 4 * len);
    room
}

/// Whether large pages are worth asking for.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn is_large(bytes: usize) -> bool {
    cfg!(target_os = "linux") && bytes >= LARGE
}

/// Asks the system to map this memory in large pages. That is no more than a wish: what is in the memory stays, whatever is there.
pub(crate) fn prefer(start: usize, bytes: usize) {
    #[cfg(target_os = "linux")]
    if is_large(bytes) {
        // SAFETY: it reads a constant of the system.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(LARGE);
        // Whole pages only, which nobody else has a part of.
        let first = start.next_multiple_of(page);
        let end = (start + bytes) / page * page;
        // SAFETY: it changes how memory is mapped, never what is in it; where nothing is mapped it fails. Whether it fails does not matter.
        unsafe {
            libc::madvise(first as *mut _, end - first, libc::MADV_HUGEPAGE);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (start, bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_zeros_of_any_length() {
        for len in [0, 1, LARGE / 4 - 1, LARGE / 4, LARGE / 4 + 12_345] {
            let zeros = zeros(len);
            assert_eq!((zeros.len(), zeros.iter().sum::<f32>()), (len, 0.0));
        }
        let room = room(LARGE);
        assert!(room.is_empty() && room.capacity() >= LARGE);
    }
}
