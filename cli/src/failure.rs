//! [`Failure`]: why the program ends early, and with which exit status.

use clap::CommandFactory;
use clap::error::ErrorKind;
use std::fmt;
use std::io;

/// Why the program ends early.
#[derive(Debug)]
pub enum Failure {
    /// The arguments make no sense: exit status 2.
    Usage(String),
    /// Something could not be done: exit status 1.
    Failed(String),
    /// Nobody reads the output any more: no error.
    ClosedPipe,
}

impl Failure {
    /// The program's exit status.
    pub fn status(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Failed(_) => 1,
            Self::ClosedPipe => 0,
        }
    }

    /// A failure to do something with a file or a stream.
    pub fn with_path(path: &str, error: &io::Error) -> Self {
        Self::Failed(format!("{path}: {error}"))
    }
}

impl fmt::Display for Failure {
    /// One line, whatever the texts inside hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Usage(text) | Self::Failed(text) => text,
            Self::ClosedPipe => "closed pipe",
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        f.write_str(&words.join(" "))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::ClosedPipe;
        }
        Self::Failed(error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        io::Error::from(error).into()
    }
}

impl From<nonlin::Error> for Failure {
    fn from(error: nonlin::Error) -> Self {
        use nonlin::Error as E;
        match error {
            E::Parse { .. }
            | E::ParameterOutOfRange { .. }
            | E::InvalidParameters { .. }
            | E::InvalidChain { .. }
            | E::NoDerivativeFromOutput { .. } => Self::Usage(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// Help and version are printed as they are; a complaint loses its usage text, so that it fits on one line.
pub fn from_clap(error: &clap::Error) -> Result<(), Failure> {
    if !error.use_stderr() {
        return Ok(error.print()?);
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let program = crate::Cli::command();
        let names: Vec<&str> = program
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        return Err(Failure::Usage(format!(
            "a command is missing: {} (nonlin --help)",
            names.join(", ")
        )));
    }
    let text = error.to_string();
    let paragraphs: Vec<&str> = text
        .split("\n\n")
        .map(|paragraph| paragraph.trim().trim_start_matches("error: "))
        .filter(|paragraph| !paragraph.is_empty())
        .take_while(|paragraph| !paragraph.starts_with("Usage:"))
        .filter(|paragraph| !paragraph.starts_with("For more information"))
        .collect();
    Err(Failure::Usage(paragraphs.join("; ")))
}
