//! What is made of the figures: tables, verdicts, a page and its pictures.

mod machine;
mod page;
mod plot;
mod plots;
mod tables;
mod targets;

use std::{fs, io, path::Path};

pub use machine::{machine, versions};

use crate::results::Results;

/// Prints the tables and the verdicts.
pub fn print(results: &Results) {
    println!(
        "{} ({}), {} rounds",
        results.cpu,
        results.cpu_features.join(", "),
        results.rounds
    );
    println!(
        "another program had the core in {:.1} % of turns",
        results.disturbed
    );
    for table in tables::all(results) {
        println!("\n{}\n{}", table.title, table.plain());
    }
    println!("\nTargets\n{}", targets::table(results).plain());
    for absent in &results.absent {
        println!("absent: {}: {}", absent.who, absent.why);
    }
}

/// Writes `performance.md` into the folder `docs`, and its pictures into `docs/performance`. What was measured in the browser stays on the page.
///
/// # Errors
/// As the file system has them.
pub fn write(results: &Results, docs: &Path) -> io::Result<()> {
    let folder = docs.join("performance");
    fs::create_dir_all(&folder)?;
    for (name, picture) in plots::all(results) {
        fs::write(folder.join(name), picture)?;
    }
    let file = docs.join("performance.md");
    let former = match fs::read_to_string(&file) {
        Ok(former) => former,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    fs::write(file, page::page(results, &former))
}
