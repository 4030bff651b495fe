//! The table that `ferrogate` prints when it is ready.

use std::fmt::Write as _;

use crate::server::Overview;

/// The banner: APIs with their addresses and routes, functions, tables, and what the seed and the template say.
pub(super) fn render(overview: &Overview, notes: &[String], outputs: &[(String, String)]) -> String {
    let mut out = String::new();
    for api in &overview.apis {
        let _ = writeln!(out, "\n{:<9} {}  {}", api.protocol, api.name, api.url);
        let width = api.routes.iter().map(|route| route.route.chars().count()).max().unwrap_or(0);
        for route in &api.routes {
            let _ = writeln!(out, "  {:<width$}  → {}", route.route, route.target);
        }
    }
    list(&mut out, "functions", overview.functions.iter().map(|function| function.name.as_str()));
    list(&mut out, "tables", overview.tables.iter().map(|table| table.name.as_str()));
    if !notes.is_empty() {
        let _ = writeln!(out, "\nseeded");
        for note in notes {
            let _ = writeln!(out, "  {note}");
        }
    }
    if !outputs.is_empty() {
        let _ = writeln!(out, "\noutputs");
        let width = outputs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in outputs {
            let _ = writeln!(out, "  {name:<width$}  {value}");
        }
    }
    out
}

fn list<'a>(out: &mut String, title: &str, names: impl Iterator<Item = &'a str>) {
    let names: Vec<_> = names.collect();
    if names.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{} {title}", names.len());
    let mut line = String::from(" ");
    for name in names {
        if line.chars().count() + name.chars().count() > 110 {
            let _ = writeln!(out, "{line}");
            line = String::from(" ");
        }
        let _ = write!(line, " {name}");
    }
    let _ = writeln!(out, "{line}");
}
