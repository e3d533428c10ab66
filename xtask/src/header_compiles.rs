//! The header alone, as each of its languages reads it.

use std::{fs, path::Path};

use crate::{
    command::Invocation,
    header,
    native::{CLANG, ensure_clang, ensure_compilers},
    parts::{Campaign, Halt},
};

/// Languages and standards that the header promises.
const LANGUAGES: [(&str, &str); 4] = [
    ("c", "c99"),
    ("c", "c11"),
    ("c++", "c++11"),
    ("c++", "c++17"),
];

/// Compiles a file that includes nothing but the header and uses all its `_INIT` macros, by gcc and clang.
///
/// # Errors
/// Failed, if a compiler complains; skipped, if one cannot be had.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    ensure_compilers(campaign, "reading the header")?;
    ensure_clang(campaign, "reading the header")?;
    let root = campaign.workspace.root.clone();
    let text = fs::read_to_string(header::path(&campaign.workspace))
        .map_err(|error| Halt::Failed(format!("cannot read include/mediaseal.h: {error}")))?;
    let structs = initializers(&text);
    if structs.is_empty() {
        return Err(Halt::Failed("the header has no _INIT macro".to_owned()));
    }
    let folder = campaign.workspace.target.join("header");
    let source = folder.join("alone.h.c");
    let failed = |error: std::io::Error| Halt::Failed(format!("{}: {error}", source.display()));
    fs::create_dir_all(&folder).map_err(failed)?;
    fs::write(&source, program(&structs)).map_err(failed)?;

    for compiler in ["gcc", CLANG] {
        for (language, standard) in LANGUAGES {
            for features in [
                [].as_slice(),
                &["-DMEDIASEAL_CUSTODY", "-DMEDIASEAL_PKCS11"],
            ] {
                Invocation::new(compiler, &root)
                    .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"])
                    .args([format!("-std={standard}")])
                    .args(features)
                    .args(["-I", "include", "-x", language])
                    .args([Path::new(&source)])
                    .run(&mut campaign.transcript)?
                    .successful()?;
            }
        }
    }
    Ok(format!(
        "C99, C11, C++11 and C++17, with {} initializers, by gcc and {CLANG}",
        structs.len()
    ))
}

/// The structs that have an `_INIT` macro.
fn initializers(header: &str) -> Vec<String> {
    header
        .lines()
        .filter_map(|line| {
            let name = line.strip_prefix("#define MEDIASEAL_")?;
            let (name, _) = name.split_once("_INIT ")?;
            Some(format!("mediaseal_{}", name.to_lowercase()))
        })
        .collect()
}

/// A file that makes one of each of `structs`.
fn program(structs: &[String]) -> String {
    let uses: String = structs
        .iter()
        .map(|name| {
            let macro_name = format!("{}_INIT", name.to_uppercase());
            format!("    {{ {name} made = {macro_name}; sum += made.struct_size; }}\n")
        })
        .collect();
    format!(
        "#include <mediaseal.h>\n\n\
         #if !MEDIASEAL_VERSION_AT_LEAST(0, 1)\n#error \"older than itself\"\n#endif\n\n\
         size_t sum_of_sizes(void);\n\
         size_t sum_of_sizes(void)\n{{\n    size_t sum = 0;\n{uses}    return sum;\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::{initializers, program};

    #[test]
    fn every_initializer_is_used() {
        let structs = initializers(
            "#define MEDIASEAL_KEY_LEN 32\n#define MEDIASEAL_FRAME_INFO_INIT \\\n    { 0 }\n",
        );
        assert_eq!(structs, ["mediaseal_frame_info"]);
        let text = program(&structs);
        assert!(
            text.contains("mediaseal_frame_info made = MEDIASEAL_FRAME_INFO_INIT;"),
            "{text}"
        );
    }
}
