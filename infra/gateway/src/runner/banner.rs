//! The table that `ferrogate` prints when it is ready.

use std::fmt::Write as _;

use crate::server::Overview;

/// The banner: APIs with their addresses and routes, functions, tables, and what the seed and the template say.
///
/// `default_credentials`: whether `test` with `test` is what clients sign with.
pub(super) fn render(
    overview: &Overview,
    port: u16,
    default_credentials: bool,
    notes: &[String],
    outputs: &[(String, String)],
) -> String {
    let endpoint = format!("http://127.0.0.1:{port}");
    let mut out = String::new();
    if overview.apis.is_empty() && overview.functions.is_empty() {
        // A start without a template: what there is to do with it.
        let with = if default_credentials { "" } else { ", with the credentials that it was given" };
        let _ = writeln!(out, "\nAWS's API answers here{with}:");
        let _ = writeln!(out, "  export AWS_ENDPOINT_URL={endpoint} AWS_DEFAULT_REGION=us-east-1");
        if default_credentials {
            let _ = writeln!(out, "  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test");
        }
    }
    for api in &overview.apis {
        let _ = writeln!(out, "\n{:<9} {}  {}", api.protocol, api.name, api.url);
        let width = api.routes.iter().map(|route| route.route.chars().count()).max().unwrap_or(0);
        for route in &api.routes {
            let _ = writeln!(out, "  {:<width$}  → {}", route.route, route.target);
        }
    }
    let names = overview.functions.iter().map(|function| function.name.as_str());
    list(&mut out, "function", &format!("{endpoint}/2015-03-31/functions/{{name}}/invocations"), names);
    list(&mut out, "table", &format!("{endpoint} (DynamoDB)"), overview.tables.iter().map(|table| table.name.as_str()));
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

fn list<'a>(out: &mut String, thing: &str, address: &str, names: impl Iterator<Item = &'a str>) {
    let names: Vec<_> = names.collect();
    if names.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{} {thing}{}  {address}", names.len(), if names.len() == 1 { "" } else { "s" });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{ApiEntry, FunctionEntry, RouteEntry, TableEntry};

    #[test]
    fn says_what_to_do_where_nothing_runs() {
        let banner = render(&Overview::default(), 4566, true, &[], &[]);
        assert!(banner.contains("export AWS_ENDPOINT_URL=http://127.0.0.1:4566"), "{banner}");
        assert!(banner.contains("AWS_SECRET_ACCESS_KEY=test"), "{banner}");
        let given = render(&Overview::default(), 4566, false, &[], &[]);
        assert!(!given.contains("AWS_SECRET_ACCESS_KEY"), "{given}");
    }

    #[test]
    fn says_what_runs_where() {
        let function = |name: &str| FunctionEntry {
            name: name.to_owned(),
            runtime: "provided.al2023".to_owned(),
            url: String::new(),
        };
        let overview = Overview {
            status: "ok",
            apis: vec![ApiEntry {
                id: "api".to_owned(),
                name: "shop".to_owned(),
                protocol: "REST",
                stage: "prod".to_owned(),
                url: "http://127.0.0.1:1/_aws/execute-api/api/prod".to_owned(),
                routes: vec![RouteEntry { route: "GET /a".to_owned(), target: "a".to_owned() }],
            }],
            functions: vec![function("a"), function("b")],
            tables: vec![TableEntry { name: "shop-Items".to_owned() }],
        };
        let outputs = [("Url".to_owned(), "http://x".to_owned())];
        let banner = render(&overview, 1, true, &["1 product".to_owned()], &outputs);
        let expected = [
            "",
            "REST      shop  http://127.0.0.1:1/_aws/execute-api/api/prod",
            "  GET /a  → a",
            "",
            "2 functions  http://127.0.0.1:1/2015-03-31/functions/{name}/invocations",
            "  a b",
            "",
            "1 table  http://127.0.0.1:1 (DynamoDB)",
            "  shop-Items",
            "",
            "seeded",
            "  1 product",
            "",
            "outputs",
            "  Url  http://x",
            "",
        ];
        assert_eq!(banner.lines().collect::<Vec<_>>().join("\n"), expected.join("\n").trim_end_matches('\n'));
    }
}
