//! Files that appear when they are whole.

use crate::failure::Failure;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file that is written beside the one that it becomes, so that nothing half-written is ever there and what was there stays until then.
pub struct WholeFile {
    file: NamedTempFile,
    path: PathBuf,
}

impl WholeFile {
    /// Begins a file.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".nonlin-");
        // What a new file has, less what the user's mask takes.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder);
        let file = file.map_err(|error| Failure::with_path(&path.display().to_string(), &error))?;
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }

    /// The name that it will have.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// What it is written through.
    pub fn writer(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Puts it in its place.
    pub fn finish(self) -> Result<(), Failure> {
        let name = self.name();
        let fail = |error: &io::Error| Failure::with_path(&name, error);
        let persisted = self.file.persist(&self.path);
        persisted.map(drop).map_err(|error| fail(&error.error))
    }
}
