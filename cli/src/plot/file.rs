//! The picture's file: whole, or not there.

use crate::failure::Failure;
use crate::picture::{Figure, Theme};
use crate::whole_file::WholeFile;
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, Debug)]
enum Format {
    Svg,
    Png,
}

/// Where a picture goes.
pub struct Target {
    path: PathBuf,
    format: Format,
}

impl Target {
    /// The ending says the format.
    pub fn new(path: &Path) -> Result<Self, Failure> {
        let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
        let format = match ending.as_deref().and_then(|ending| ending.to_str()) {
            Some("svg") => Format::Svg,
            Some("png") => Format::Png,
            _ => {
                let text = format!("{} ends in neither .svg nor .png", path.display());
                return Err(Failure::Usage(text));
            }
        };
        let path = path.to_owned();
        Ok(Self { path, format })
    }

    /// Writes it, all or nothing.
    pub fn write(&self, figure: &Figure, theme: Theme) -> Result<(), Failure> {
        let content = match self.format {
            Format::Svg => figure.svg(theme).into_bytes(),
            Format::Png => figure.png(theme)?,
        };
        let mut file = WholeFile::create(&self.path)?;
        let written = file.writer().write_all(&content);
        written.map_err(|error| Failure::with_path(&file.name(), &error))?;
        file.finish()
    }
}
