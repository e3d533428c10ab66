//! What the libraries show to linkers and loaders.

use std::{collections::BTreeSet, path::Path};

use crate::{
    command::{Finished, Invocation},
    header,
    parts::{Campaign, Halt},
    stage::Staged,
};

/// The page size of Android 15, and of Apple's and Arm's kernels.
const PAGE: u64 = 16 * 1024;

/// Holds both libraries to the header, and the shared one to what loaders ask.
///
/// # Errors
/// Failed, naming the symbols or the property that is wrong.
pub(crate) fn check(campaign: &mut Campaign, staged: &Staged) -> Result<String, Halt> {
    let text = std::fs::read_to_string(staged.include.join("mediaseal.h"))
        .map_err(|error| Halt::Failed(format!("cannot read the staged header: {error}")))?;
    let functions: BTreeSet<_> = header::functions(&text).into_iter().collect();
    if let Some(stray) = functions.iter().find(|name| !is_prefixed(name)) {
        return Err(Halt::Failed(format!("the header declares {stray}")));
    }

    // readelf, because nm asks compilers' plugins for the symbols, and reports what these do not understand as symbols.
    let listed = tool(campaign, "readelf", &["--dyn-syms", "-W"], &staged.shared)?;
    same("the shared library", &symbols(&listed.stdout), &functions)?;
    let listed = tool(campaign, "readelf", &["-sW"], &staged.archive)?;
    let mut defined = symbols(&listed.stdout);
    defined.retain(|name| !is_of_rust(name));
    same("the static library", &defined, &functions)?;

    let segments = tool(campaign, "readelf", &["-lW"], &staged.shared)?.stdout;
    let pages = load_alignments(&segments);
    if pages.is_empty() || pages.iter().any(|page| *page == 0 || page % PAGE != 0) {
        return Err(Halt::Failed(format!(
            "segments are aligned to {pages:?}, not to {PAGE}"
        )));
    }
    let dynamic = tool(campaign, "readelf", &["-dW"], &staged.shared)?.stdout;
    if dynamic.contains("TEXTREL") {
        return Err(Halt::Failed("the code needs relocations".to_owned()));
    }
    if !dynamic.contains("(SONAME)") {
        return Err(Halt::Failed("readelf shows no dynamic section".to_owned()));
    }
    Ok(format!("{} functions and nothing else", functions.len()))
}

/// Fails if a program does not load, or loads, the shared library by its soname.
///
/// # Errors
/// Failed, if `program` is linked the other way.
pub(crate) fn check_linkage(
    campaign: &mut Campaign,
    program: &Path,
    soname: &str,
    is_shared: bool,
) -> Result<(), Halt> {
    let dynamic = tool(campaign, "readelf", &["-dW"], program)?.stdout;
    let loads = |name: &str| {
        dynamic
            .lines()
            .any(|line| line.contains("(NEEDED)") && line.contains(name))
    };
    let is_right = if is_shared {
        loads(&format!("[{soname}]"))
    } else {
        loads("[libc.so") && !loads("mediaseal")
    };
    if is_right {
        Ok(())
    } else {
        let wanted = if is_shared {
            "by"
        } else {
            "statically, without"
        };
        Err(Halt::Failed(format!(
            "{} is not linked {wanted} {soname}",
            program.display()
        )))
    }
}

/// The soname that build.rs gave to the shared library.
///
/// # Errors
/// Failed, if it has none.
pub(crate) fn soname(root: &Path, shared: &Path) -> Result<String, Halt> {
    let finished = Invocation::new("readelf", root)
        .args(["-dW"])
        .args([shared])
        .run_silently()?
        .successful()?;
    finished
        .stdout
        .lines()
        .filter(|line| line.contains("(SONAME)"))
        .find_map(|line| Some(line.split_once('[')?.1.split_once(']')?.0.to_owned()))
        .ok_or_else(|| Halt::Failed("the shared library has no soname".to_owned()))
}

fn tool(
    campaign: &Campaign,
    program: &str,
    options: &[&str],
    file: &Path,
) -> Result<Finished, Halt> {
    Invocation::new(program, &campaign.workspace.root)
        .args(options)
        .args([file])
        .run_silently()?
        .successful()
}

/// The global symbols that are defined in what `readelf -sW` printed; of an archive, those outside the compiler's own objects,
/// which define `floor` and its like as hidden weak symbols.
fn symbols(output: &str) -> BTreeSet<String> {
    let mut is_compilers = false;
    output
        .lines()
        .filter_map(|line| {
            if line.starts_with("File: ") {
                is_compilers = line.contains("(compiler_builtins-");
            }
            if is_compilers {
                return None;
            }
            let words: Vec<_> = line.split_whitespace().collect();
            let [number, _, _, _, binding, _, section, name, ..] = words.as_slice() else {
                return None;
            };
            let is_global = number.ends_with(':') && *binding != "LOCAL" && *binding != "Bind";
            (is_global && *section != "UND").then(|| (*name).to_owned())
        })
        .collect()
}

/// Whether a symbol is the standard library's or the compiler's: mangled, or reserved for them.
fn is_of_rust(name: &str) -> bool {
    ["_R", "_ZN", "rust_", "__", "DW.ref.rust_", "anon."]
        .iter()
        .any(|beginning| name.starts_with(beginning))
}

fn is_prefixed(name: &str) -> bool {
    name.starts_with("mediaseal_")
}

/// Holds the symbols that `what` shows to those of the header.
///
/// # Errors
/// Failed, naming what is too much or missing.
pub(crate) fn same(
    what: &str,
    found: &BTreeSet<String>,
    wanted: &BTreeSet<String>,
) -> Result<(), Halt> {
    let list = |names: &mut dyn Iterator<Item = &String>| {
        let names: Vec<_> = names.map(String::as_str).collect();
        names.join(" ")
    };
    let strays = list(&mut found.difference(wanted));
    let missing = list(&mut wanted.difference(found));
    if wanted.is_empty() {
        Err(Halt::Failed("the header declares no function".to_owned()))
    } else if !strays.is_empty() {
        Err(Halt::Failed(format!("{what} exports {strays}")))
    } else if !missing.is_empty() {
        Err(Halt::Failed(format!("{what} lacks {missing}")))
    } else {
        Ok(())
    }
}

/// The alignments of the segments that a loader maps.
fn load_alignments(output: &str) -> Vec<u64> {
    output
        .lines()
        .filter(|line| line.trim_start().starts_with("LOAD "))
        .map(|line| {
            line.rsplit_once("0x")
                .and_then(|(_, digits)| u64::from_str_radix(digits.trim(), 16).ok())
                .unwrap_or(0)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{is_of_rust, load_alignments, same, symbols};

    #[test]
    fn symbols_are_those_that_are_defined_and_global() {
        let found = symbols(
            "File: lib.a(x.o)\n\
             \x20  Num:    Value          Size Type    Bind   Vis      Ndx Name\n\
             \x20    1: 0000000000000000     0 FILE    LOCAL  DEFAULT  ABS x.c\n\
             \x20    2: 0000000000000000     5 FUNC    GLOBAL DEFAULT    5 mediaseal_version\n\
             \x20    3: 0000000000000000     5 FUNC    WEAK   HIDDEN     6 stray\n\
             \x20    4: 0000000000000000     0 NOTYPE  GLOBAL DEFAULT  UND memcpy\n\
             File: lib.a(compiler_builtins-1.o)\n\
             \x20    1: 0000000000000000     5 FUNC    WEAK   HIDDEN     6 floor\n",
        );
        let names: Vec<_> = found.iter().map(String::as_str).collect();
        assert_eq!(names, ["mediaseal_version", "stray"]);
    }

    #[test]
    fn strays_and_gaps_are_named() {
        let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let wanted = set(&["mediaseal_a", "mediaseal_b"]);
        same("it", &wanted, &wanted).unwrap();
        let with_stray = set(&["mediaseal_a", "mediaseal_b", "helper"]);
        let stray = format!("{:?}", same("it", &with_stray, &wanted));
        assert!(stray.contains("exports helper"), "{stray}");
        let gap = format!("{:?}", same("it", &set(&["mediaseal_a"]), &wanted));
        assert!(gap.contains("lacks mediaseal_b"), "{gap}");
        same("it", &set(&[]), &set(&[])).unwrap_err();
    }

    #[test]
    fn names_of_rust_are_told_from_others() {
        for name in ["_RNvC", "_ZN4core", "rust_eh_personality", "__rust_alloc"] {
            assert!(is_of_rust(name), "{name}");
        }
        for name in ["mediaseal_version", "memcpy", "aes_encrypt", "_init"] {
            assert!(!is_of_rust(name), "{name}");
        }
    }

    #[test]
    fn alignments_are_those_of_load_segments() {
        let output = "  PHDR  0x40 0x40 0x40 0x2a0 0x2a0 R   0x8\n  \
                      LOAD  0x00 0x00 0x00 0x39c 0x39c R E 0x4000\n  \
                      LOAD  0x00 0x00 0x00 0x39c 0x39c RW  0x1000\n";
        assert_eq!(load_alignments(output), [0x4000, 0x1000]);
    }
}
