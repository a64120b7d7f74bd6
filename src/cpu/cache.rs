//! How much memory the caches keep, to know when results are better written past them.

/// Bytes of the last-level cache that a thread is taken to have at most. Processors have 1 to 3 MiB a thread; a virtual machine is told of a
/// whole processor's cache, which it shares with strangers.
#[cfg(target_arch = "x86_64")]
const LAST_LEVEL: usize = 2 << 20;

/// The same on AMD's processors, where eight cores have one to themselves, of 32 MiB as a rule, and what a machine is told of it can be
/// believed: with 32 MiB for two threads, a relu is 1.1 to 2.4 times as fast through it up to 16 MiB for one thread, operand and result
/// together, and up to 32 MiB for two; above that it is 1.2 to 1.9 times as fast past it.
#[cfg(target_arch = "x86_64")]
const LAST_LEVEL_AMD: usize = 32 << 20;

/// Bytes that so many threads can hope to find again in their caches. A call that touches more than that writes its results past the
/// caches: they would push each other out, and a line that is written through a cache is read from memory first.
///
/// Measured on a Xeon with 2 MiB of L2 a core (relu, three calls in a row, each on the result of the one before): equal at
/// 8 MiB a thread, operand and result together, and 1.3 to 1.9 times as fast past the caches above that.
pub(super) fn room(threads: usize) -> usize {
    use std::sync::OnceLock;
    static ROOM: OnceLock<usize> = OnceLock::new();
    threads.saturating_mul(*ROOM.get_or_init(of_a_thread))
}

/// `usize::MAX` where nothing is known.
#[cfg(not(target_arch = "x86_64"))]
fn of_a_thread() -> usize {
    usize::MAX
}

/// `usize::MAX` where nothing is known.
#[cfg(target_arch = "x86_64")]
fn of_a_thread() -> usize {
    // SAFETY: every processor of this architecture has the instruction.
    #[allow(unused_unsafe, reason = "a compiler of the MSRV has it as unsafe")]
    let cpuid = |leaf, index| unsafe { std::arch::x86_64::__cpuid_count(leaf, index) };
    // Intel's list of caches, or AMD's, which has the same form.
    let amd = cpuid(0x8000_0000, 0).eax >= 0x8000_001d && cpuid(0x8000_0001, 0).ecx & 1 << 22 != 0;
    let leaf = match amd {
        true => 0x8000_001d,
        false if cpuid(0, 0).eax >= 4 => 4,
        false => return usize::MAX,
    };
    let (mut second, mut last) = (0, 0);
    for index in 0..8 {
        let cache = cpuid(leaf, index);
        let field = |register: u32, from: u32, bits: u32| {
            (register >> from & ((1 << bits) - 1)) as usize + 1
        };
        let threads = field(cache.eax, 14, 12);
        let lines = field(cache.ebx, 22, 10) * field(cache.ebx, 12, 10) * (cache.ecx as usize + 1);
        let bytes = lines * field(cache.ebx, 0, 12) / threads;
        match (cache.eax & 31, cache.eax >> 5 & 7) {
            (0, _) => break,
            (_, 2) => second = bytes,
            (_, 3) => last = bytes,
            _ => {}
        }
    }
    match second + last.min(if amd { LAST_LEVEL_AMD } else { LAST_LEVEL }) {
        0 => usize::MAX,
        bytes => bytes,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_thread_has_some_cache() {
        let room = super::room(1);
        assert!(room >= 64 << 10, "{room}");
        assert_eq!(super::room(3), room.saturating_mul(3));
        if cfg!(target_arch = "x86_64") && room != usize::MAX {
            assert!(room < 64 << 20, "{room}");
        }
    }
}
