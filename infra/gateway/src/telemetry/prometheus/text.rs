//! The text format: families with their help and type, each in one piece, and samples with escaped labels.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::metrics::{BUCKETS, Total};

/// What a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// Families in the making, by name.
#[derive(Debug, Default)]
pub(crate) struct Exposition(BTreeMap<String, Family>);

#[derive(Debug)]
struct Family {
    kind: Kind,
    help: String,
    samples: String,
}

/// Names and values of a sample's labels.
type Labels<'a> = [(&'a str, &'a str)];

impl Exposition {
    /// The media type of the format.
    pub(crate) const MEDIA_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// Adds what is at this moment.
    pub(crate) fn gauge(&mut self, name: &str, help: &str, labels: &Labels<'_>, value: f64) {
        self.add(name, Kind::Gauge, help, labels, value);
    }

    pub(super) fn add(&mut self, name: &str, kind: Kind, help: &str, labels: &Labels<'_>, value: f64) {
        let family = self.family(name, kind, help);
        sample(&mut family.samples, name, "", labels, None, value);
    }

    /// Adds durations, which are counted in milliseconds and shown in seconds.
    pub(super) fn histogram(
        &mut self,
        name: &str,
        help: &str,
        labels: &Labels<'_>,
        total: &Total,
        buckets: &[u64; BUCKETS.len()],
    ) {
        let family = self.family(name, Kind::Histogram, help);
        let mut below = 0;
        for (bound, count) in BUCKETS.iter().zip(buckets) {
            below += count;
            sample(&mut family.samples, name, "_bucket", labels, Some(&(bound / 1_000.0).to_string()), number(below));
        }
        let samples = number(total.samples);
        sample(&mut family.samples, name, "_bucket", labels, Some("+Inf"), samples);
        sample(&mut family.samples, name, "_sum", labels, None, total.sum / 1_000.0);
        sample(&mut family.samples, name, "_count", labels, None, samples);
    }

    fn family(&mut self, name: &str, kind: Kind, help: &str) -> &mut Family {
        self.0.entry(name.to_owned()).or_insert_with(|| Family {
            kind,
            help: help.replace('\\', "\\\\").replace('\n', "\\n"),
            samples: String::new(),
        })
    }

    /// All of it.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (name, family) in &self.0 {
            let kind = match family.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram => "histogram",
            };
            // Writing into a string cannot fail.
            let _ = write!(text, "# HELP {name} {}\n# TYPE {name} {kind}\n{}", family.help, family.samples);
        }
        text
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests, exact up to 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

fn sample(text: &mut String, name: &str, suffix: &str, labels: &Labels<'_>, le: Option<&str>, value: f64) {
    text.push_str(name);
    text.push_str(suffix);
    let labels = labels.iter().copied().chain(le.map(|le| ("le", le)));
    let mut open = false;
    for (label, value) in labels {
        text.push(if open { ',' } else { '{' });
        open = true;
        text.push_str(label);
        text.push_str("=\"");
        for c in value.chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                '"' => text.push_str("\\\""),
                '\n' => text.push_str("\\n"),
                c => text.push(c),
            }
        }
        text.push('"');
    }
    if open {
        text.push('}');
    }
    let _ = writeln!(text, " {value}");
}

/// A strict reader of the format, for tests: whatever it takes, Prometheus takes.
#[cfg(test)]
pub(crate) mod parsing {
    use std::collections::{BTreeMap, HashSet};

    #[derive(Debug)]
    pub(crate) struct Sample {
        pub(crate) name: String,
        pub(crate) labels: BTreeMap<String, String>,
        pub(crate) value: f64,
    }

    fn is_name(name: &str, colon: bool) -> bool {
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colon && c == ':');
        !name.is_empty() && name.chars().all(inside) && !name.starts_with(|c: char| c.is_ascii_digit())
    }

    /// The samples; panics at what the format does not allow.
    pub(crate) fn parse(text: &str) -> Vec<Sample> {
        assert!(text.is_empty() || text.ends_with('\n'), "the last line must end");
        let (mut samples, mut families, mut seen) = (Vec::new(), HashSet::new(), HashSet::new());
        let mut current: Option<(String, String)> = None;
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, _) = help.split_once(' ').unwrap();
                assert!(is_name(name, true) && families.insert(name.to_owned()), "{name} comes once, in one piece");
                let of = lines.next().unwrap().strip_prefix("# TYPE ").unwrap().strip_prefix(name).unwrap();
                assert!(matches!(of, " counter" | " gauge" | " histogram"), "{line}");
                current = Some((name.to_owned(), of[1..].to_owned()));
                continue;
            }
            let (family, kind) = current.as_ref().expect("samples stand below their family");
            let (head, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) =
                head.split_once('{').map_or((head, ""), |(name, labels)| (name, labels.strip_suffix('}').unwrap()));
            let suffix = name.strip_prefix(family.as_str()).unwrap_or_else(|| panic!("{name} is not of {family}"));
            match kind.as_str() {
                "histogram" => assert!(["_bucket", "_sum", "_count"].contains(&suffix), "{line}"),
                _ => assert_eq!(suffix, "", "{line}"),
            }
            assert!(kind != "counter" || name.ends_with("_total"), "{line}");
            assert!(seen.insert(head.to_owned()), "{head} comes twice");
            samples.push(Sample { name: name.to_owned(), labels: read_labels(labels), value: value.parse().unwrap() });
        }
        samples
    }

    fn read_labels(text: &str) -> BTreeMap<String, String> {
        let (mut labels, mut rest) = (BTreeMap::new(), text);
        while !rest.is_empty() {
            let (name, tail) = rest.split_once("=\"").unwrap();
            assert!(is_name(name, false), "{name}");
            let (mut value, mut characters) = (String::new(), tail.char_indices());
            let end = loop {
                match characters.next().expect("a quote ends the value") {
                    (at, '"') => break at,
                    (_, '\\') => value.push(match characters.next().unwrap().1 {
                        'n' => '\n',
                        c @ ('"' | '\\') => c,
                        c => panic!("\\{c} is no escape"),
                    }),
                    (_, c) => value.push(c),
                }
            };
            assert!(labels.insert(name.to_owned(), value).is_none(), "{name} comes twice");
            rest = &tail[end + 1..];
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        labels
    }
}
