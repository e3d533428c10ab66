//! Folders whose names are durable.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Makes a folder and those above it that are not there, for this user only on Unix. Each name is synced before anything is made below it.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder
        .ancestors()
        .take_while(|at| !at.as_os_str().is_empty() && !at.is_dir())
        .collect();
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    for at in missing.into_iter().rev() {
        match builder.create(at) {
            // Somebody else made it meanwhile.
            Err(error) if error.kind() == ErrorKind::AlreadyExists && at.is_dir() => {}
            made => made?,
        }
        sync(parent(at))?;
    }
    Ok(())
}

/// What holds a folder.
pub(super) fn parent(folder: &Path) -> &Path {
    folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Syncs the names in a folder.
#[cfg(unix)]
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

/// Nothing: folders cannot be synced here.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "as on Unix")]
pub(super) fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}
