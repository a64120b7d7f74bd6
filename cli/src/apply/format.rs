//! The files that `nonlin apply` reads and writes: NumPy's `.npy`, and bare little-endian f32.

use crate::failure::Failure;
use clap::ValueEnum;
use npyz::{DType, NpyHeader, Order, WriteOptions, WriterBuilder};
use std::io::{self, Read, Write};
use std::path::Path;

/// What stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// NumPy's format, with elements of f32.
    Npy,
    /// Bare little-endian f32.
    F32,
}

impl Format {
    /// By the name's ending.
    pub fn of(path: &Path) -> Self {
        match path.extension() {
            Some(ending) if ending.eq_ignore_ascii_case("npy") => Self::Npy,
            _ => Self::F32,
        }
    }
}

/// What is known of the elements before the first one is read.
#[derive(Debug, PartialEq, Eq)]
pub struct Array {
    /// Their number; unknown where a pipe ends some time.
    pub len: Option<u64>,
    /// Empty for a single number.
    shape: Option<Vec<u64>>,
    /// Whether neighbours in memory differ in the first place, as in Fortran.
    fortran: bool,
}

impl Array {
    /// Bare numbers; `bytes` is the size of the file where it has one.
    pub fn bare(name: &str, bytes: Option<u64>) -> Result<Self, Failure> {
        if let Some(bytes) = bytes.filter(|bytes| !bytes.is_multiple_of(4)) {
            return Err(broken_number(name, bytes));
        }
        Ok(Self {
            len: bytes.map(|bytes| bytes / 4),
            shape: None,
            fortran: false,
        })
    }

    /// Reads NumPy's header.
    pub fn read_header(name: &str, from: impl Read) -> Result<Self, Failure> {
        let header =
            NpyHeader::from_reader(from).map_err(|error| Failure::with_path(name, &error))?;
        let wanted = f32_type();
        if header.dtype() != wanted {
            return Err(Failure::Failed(format!(
                "{name}: its elements are {}, and only {} is computed: numpy.save(\"…\", a.astype(\"{}\")) makes it that",
                header.dtype().descr(),
                wanted.descr(),
                wanted.descr().trim_matches('\''),
            )));
        }
        let len = header
            .shape()
            .iter()
            .try_fold(1_u64, |len, side| len.checked_mul(*side))
            .ok_or_else(|| Failure::Failed(format!("{name}: its shape is {:?}", header.shape())))?;
        Ok(Self {
            len: Some(len),
            shape: Some(header.shape().to_vec()),
            fortran: header.order() == Order::Fortran,
        })
    }

    /// Writes NumPy's header.
    pub fn write_header(&self, name: &str, to: &mut dyn Write) -> Result<(), Failure> {
        let shape = match (&self.shape, self.len) {
            (Some(shape), _) => shape.clone(),
            (None, Some(len)) => vec![len],
            (None, None) => {
                let text = format!(
                    "{name}: the header of a .npy file holds the number of elements, which a pipe of bare numbers does not tell"
                );
                return Err(Failure::Usage(text));
            }
        };
        let order = if self.fortran {
            Order::Fortran
        } else {
            Order::C
        };
        WriteOptions::new_header_only()
            .dtype(f32_type())
            .shape(&shape)
            .order(order)
            .writer(to)
            .write_header_only()
            .map(drop)
            .map_err(|error| write_failure(name, &error))
    }
}

/// A failure to write; that nobody reads a pipe any more is none.
pub fn write_failure(name: &str, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
        _ => Failure::with_path(name, error),
    }
}

/// Bytes that are no whole number of f32.
pub fn broken_number(name: &str, bytes: u64) -> Failure {
    Failure::Failed(format!(
        "{name}: {bytes} bytes are no whole number of f32, which have 4 each"
    ))
}

fn f32_type() -> DType {
    DType::new_scalar("<f4".parse().expect("numpy's name of f32"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_comes_back_with_its_shape_and_order() {
        for (shape, fortran) in [(vec![], false), (vec![7], false), (vec![2, 3, 4], true)] {
            let array = Array {
                len: Some(shape.iter().product()),
                shape: Some(shape),
                fortran,
            };
            let mut bytes = Vec::new();
            array.write_header("a", &mut bytes).expect("memory");
            assert_eq!(
                Array::read_header("a", &bytes[..]).expect("it is one"),
                array
            );
        }
    }

    #[test]
    fn a_broken_file_is_told_with_its_size() {
        let error = Array::bare("a.f32", Some(10)).expect_err("2 bytes too many");
        assert_eq!(
            error.to_string(),
            "a.f32: 10 bytes are no whole number of f32, which have 4 each"
        );
    }
}
