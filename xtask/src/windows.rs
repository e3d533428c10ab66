//! The DLL, built by MinGW and run under Wine.

use std::{collections::BTreeSet, fs, path::Path};

use crate::{
    command::Invocation,
    cross, elf, header,
    parts::{Campaign, Halt},
    stage::VERSION,
};

const TRIPLE: &str = "x86_64-pc-windows-gnu";
const COMPILER: &str = "x86_64-w64-mingw32-gcc";
const PACKAGES: [&str; 3] = ["gcc-mingw-w64-x86-64", "wine", "wine64"];

/// The random numbers of Windows 10, which the Wine of Debian 12 lacks, made from those of older systems. It stands in for the system, in this test alone.
const BCRYPTPRIMITIVES: &str = "\
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID octets, ULONG len);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE octets, SIZE_T len) { return SystemFunction036(octets, (ULONG)len); }
";

/// Builds the DLL and a C program, runs the program under Wine, and holds what the DLL exports to the header.
///
/// # Errors
/// Failed, if something does not build or run; skipped, if there is no Wine.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    cross::ensure(campaign, &PACKAGES, "Windows needs MinGW and Wine")?;
    cross::cargo(campaign, "build", &[TRIPLE])
        .env(&cross::variable(TRIPLE, "LINKER"), COMPILER)
        .args(["--lib"])
        .run(&mut campaign.transcript)?
        .successful()?;
    let root = campaign.workspace.root.clone();
    let built = cross::output(campaign).join(TRIPLE).join("release");
    let folder = built.join("c");
    let failed =
        |path: &Path, error: std::io::Error| Halt::Failed(format!("{}: {error}", path.display()));
    fs::create_dir_all(&folder).map_err(|error| failed(&folder, error))?;
    // Windows finds libraries beside the program.
    let library = folder.join("mediaseal.dll");
    fs::copy(built.join("mediaseal.dll"), &library).map_err(|error| failed(&library, error))?;
    exports(campaign, &library)?;
    let stub = folder.join("bcryptprimitives.c");
    fs::write(&stub, BCRYPTPRIMITIVES).map_err(|error| failed(&stub, error))?;
    Invocation::new(COMPILER, &root)
        .args(["-shared", "-o"])
        .args([&folder.join("bcryptprimitives.dll"), &stub])
        .args(["-ladvapi32"])
        .run(&mut campaign.transcript)?
        .successful()?;
    let program = folder.join("frame.exe");
    Invocation::new(COMPILER, &root)
        .args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .args(["-I", "include", "tests/packages/frame.c", "-o"])
        .args([&program, &built.join("libmediaseal.dll.a")])
        .run(&mut campaign.transcript)?
        .successful()?;
    let finished = Invocation::new("wine", &folder)
        .env("WINEPREFIX", folder.join("wine"))
        .env("WINEDEBUG", "-all")
        // A DLL of ours goes before Wine's of the same name.
        .env("WINEDLLOVERRIDES", "bcryptprimitives=n;mscoree,mshtml=")
        .args([&program])
        .run(&mut campaign.transcript)?
        .successful()?;
    let said = finished.stdout.trim_end();
    if said == format!("mediaseal {VERSION}: frame opened") {
        Ok(format!("{TRIPLE}: a C program with the DLL, under Wine"))
    } else {
        Err(Halt::Failed(format!(
            "under Wine the program prints {said:?}"
        )))
    }
}

/// Holds the export table of `library` to the functions of the header.
fn exports(campaign: &Campaign, library: &Path) -> Result<(), Halt> {
    let header = fs::read_to_string(header::path(&campaign.workspace))
        .map_err(|error| Halt::Failed(format!("cannot read include/mediaseal.h: {error}")))?;
    let listed = Invocation::new("x86_64-w64-mingw32-objdump", &campaign.workspace.root)
        .args(["-p"])
        .args([library])
        .run_silently()?
        .successful()?;
    let wanted = header::functions(&header).into_iter().collect();
    elf::same("the DLL", &export_names(&listed.stdout), &wanted)
}

/// The names in the table that objdump prints as `[   0] name`, or with an ordinal as `[   0] +base[   1]  0000 name`.
fn export_names(output: &str) -> BTreeSet<String> {
    output
        .lines()
        .skip_while(|line| !line.starts_with("[Ordinal/Name Pointer] Table"))
        .skip(1)
        .take_while(|line| line.trim_start().starts_with('['))
        .filter_map(|line| line.split_whitespace().last().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::export_names;

    #[test]
    fn names_are_those_of_the_name_table() {
        let output = "Export Address Table -- Ordinal Base 1\n\t[   0] +base[   1] 17d0 Export RVA\n\n\
                      [Ordinal/Name Pointer] Table\n\t[   0] mediaseal_a\n\
                      \t[   1] +base[   2]  0001 mediaseal_b\n\nThe Function Table\n\t[x] other\n";
        let names: Vec<_> = export_names(output).into_iter().collect();
        assert_eq!(names, ["mediaseal_a", "mediaseal_b"]);
    }
}
