//! Where the checkout and its build output lie.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The folders that the parts work in.
pub(crate) struct Workspace {
    /// The root of the checkout.
    pub(crate) root: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Finds the checkout that this xtask was built from.
    ///
    /// # Errors
    /// A sentence, if the checkout is no longer where it was.
    pub(crate) fn find() -> Result<Self, String> {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = xtask
            .parent()
            .filter(|root| root.join("Cargo.toml").is_file())
            .ok_or_else(|| format!("{} is not inside a checkout", xtask.display()))?;
        let target = env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root.join("target"), |target| root.join(target));
        Ok(Self {
            root: root.to_owned(),
            target,
        })
    }

    /// Where the example `call` writes what its receivers got.
    pub(crate) fn call_output(&self) -> PathBuf {
        self.target.join("call")
    }

    /// The example `name`, as `cargo build --release --examples` leaves it.
    pub(crate) fn example(&self, name: &str) -> PathBuf {
        self.target
            .join("release/examples")
            .join(name)
            .with_extension(env::consts::EXE_EXTENSION)
    }
}

/// Every file below `folder`, in the order of their paths.
///
/// # Errors
/// A sentence naming the folder or file that could not be read.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let unreadable = |error| format!("cannot list {}: {error}", folder.display());
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            if entry.file_type().map_err(unreadable)?.is_dir() {
                folders.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The octets of `file`.
///
/// # Errors
/// A sentence naming the file.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>, String> {
    fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}
