//! The picture's file: whole, or not there.

use crate::failure::Failure;
use crate::picture::{Figure, Theme};
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

    /// Writes a file beside the target and moves it there, so that a picture that was there stays until the new one is complete.
    pub fn write(&self, figure: &Figure, theme: Theme) -> Result<(), Failure> {
        let content = match self.format {
            Format::Svg => figure.svg(theme).into_bytes(),
            Format::Png => figure.png(theme)?,
        };
        let mut new = self.path.clone().into_os_string();
        new.push(format!(".{}.new", std::process::id()));
        let written =
            std::fs::write(&new, content).and_then(|()| std::fs::rename(&new, &self.path));
        written.map_err(|error| {
            // What cannot be removed was never made.
            let _ = std::fs::remove_file(&new);
            Failure::with_path(&self.path.display().to_string(), &error)
        })
    }
}
