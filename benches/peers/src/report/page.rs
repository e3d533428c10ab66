//! `docs/performance.md`, made of its template.

use super::{plots, tables, targets};
use crate::results::Results;

/// The text around the figures.
const TEMPLATE: &str = include_str!("../../performance.md.in");

/// The whole page.
pub(super) fn page(results: &Results) -> String {
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
    page
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
