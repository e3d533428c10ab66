//! `docs/performance.md`, made of its template.

use std::ops::Range;

use super::{plots, tables, targets};
use crate::results::Results;

/// The text around the figures.
const TEMPLATE: &str = include_str!("../../performance.md.in");

/// Marks between which `cargo xtask browser --measure` writes.
const BROWSER: [&str; 2] = [
    "<!-- browser: cargo xtask browser --measure -->\n",
    "<!-- /browser -->\n",
];

/// The whole page; `former` is the one before, whose figures of the browser stay.
pub(super) fn page(results: &Results, former: &str) -> String {
    let tables = tables::all(results);
    let pictures = plots::all(results);
    let mut page = String::new();
    let mut rest = TEMPLATE;
    while let Some((before, after)) = rest.split_once("{{") {
        page.push_str(before);
        let Some((wish, after)) = after.split_once("}}") else {
            break;
        };
        match wish.split_once(' ') {
            Some(("picture", name)) => {
                if pictures.iter().any(|(file, _)| *file == name) {
                    page.push_str(&format!(
                        "![{}](performance/{name})\n",
                        name.trim_end_matches(".svg")
                    ));
                }
            }
            Some(("tables", start)) => {
                for table in tables.iter().filter(|table| table.title.starts_with(start)) {
                    page.push_str(&format!("**{}**\n\n{}\n", table.title, table.markdown()));
                }
            }
            _ => page.push_str(&field(results, wish)),
        }
        rest = after;
    }
    page.push_str(rest);
    match (between_marks(&page), between_marks(former)) {
        (Some(empty), Some(kept)) => {
            [&page[..empty.start], &former[kept], &page[empty.end..]].concat()
        }
        _ => page,
    }
}

/// Where the figures of the browser stand.
fn between_marks(page: &str) -> Option<Range<usize>> {
    let [begin, end] = BROWSER;
    let start = page.find(begin)? + begin.len();
    let len = page[start..].find(end)?;
    Some(start..start + len)
}

fn field(results: &Results, name: &str) -> String {
    match name {
        "kind" => if results.quick {
            "The short run"
        } else {
            "The long run"
        }
        .to_owned(),
        "cpu" => results.cpu.clone(),
        "features" => results.cpu_features.join(", "),
        "rustc" => results.rustc.clone(),
        "rounds" => results.rounds.to_string(),
        "disturbed" => format!("{:.1} %", results.disturbed),
        "targets" => targets::table(results).markdown(),
        "versions" => {
            let versions: Vec<String> = results
                .versions
                .iter()
                .map(|(who, version)| format!("{who} {version}"))
                .collect();
            versions.join(", ")
        }
        "absent" => {
            let mut text: String = results
                .absent
                .iter()
                .map(|absent| format!("- {}: {}.\n", absent.who, absent.why))
                .collect();
            if text.is_empty() {
                text.push_str("Nobody.\n");
            }
            text
        }
        unknown => unreachable!("the template has no field {unknown}"),
    }
}

#[cfg(test)]
mod tests {
    use super::page;
    use crate::results::Results;

    #[test]
    fn figures_of_the_browser_outlive_a_page() {
        let empty = page(&Results::default(), "");
        let measured = empty.replace("\n<!-- /browser", "\n| 80 B |\n<!-- /browser");
        assert_ne!(measured, empty);
        assert_eq!(page(&Results::default(), &measured), measured);
    }
}
