//! Files of an export in a folder.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use super::report::FileInfo;

/// Makes the files of an [`export`](super::export()) in `folder`, which is there, under their own names and for this user alone on Unix: they hold media in clear. Files that are there
/// already are not written over.
pub fn files_in(folder: impl Into<PathBuf>) -> impl FnMut(&FileInfo) -> io::Result<Box<dyn Write>> {
    let folder = folder.into();
    move |file| {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let made = options.open(folder.join(file.name()))?;
        Ok(Box::new(BufWriter::new(made)))
    }
}
