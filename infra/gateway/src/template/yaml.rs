//! YAML, and JSON as the YAML that it is, into [`Node`]s: short forms (`!Sub`) become long ones (`Fn::Sub`), anchors
//! and merge keys are unfolded within a bound, and duplicate keys and unknown tags are refused.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};

use super::error::{Place, Report, did_you_mean};
use super::node::{Entry, Kind, Mapping, Node};

/// Far beyond CloudFormation's own limits (1 MB, 500 resources) and far below what aliases of aliases could unfold to.
const MOST_NODES: usize = 300_000;
/// CloudFormation's templates nest a few dozen levels; this keeps recursion off the end of the stack.
const MOST_DEPTH: usize = 100;

/// The short forms that CloudFormation knows. `!Ref` and `!Condition` stand for keys without `Fn::`.
const TAGS: &[&str] = &[
    "And",
    "Base64",
    "Cidr",
    "Condition",
    "Equals",
    "FindInMap",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "Ref",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
];

/// What a document came to.
pub(super) struct Document {
    pub(super) root: Node,
    /// The first short form in it, which `AWS::Include` does not take.
    pub(super) first_short_form: Option<Place>,
}

/// Parses one document. `None` after an error, which stands in the report.
pub(super) fn parse(text: &str, file: u16, report: &Report) -> Option<Document> {
    let text = if text.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
        join_surrogates(text)
    } else {
        Cow::Borrowed(text)
    };
    let mut builder = Builder {
        parser: Parser::new_from_str(&text),
        file,
        report,
        anchors: HashMap::new(),
        nodes: 0,
        first_short_form: None,
    };
    builder.document().ok()
}

/// JSON writes characters beyond the basic plane as two escapes (`\ud83d\ude00`), which YAML's escapes cannot say.
fn join_surrogates(text: &str) -> Cow<'_, str> {
    if !text.contains("\\u") {
        return Cow::Borrowed(text);
    }
    let unit = |at: usize| -> Option<u32> {
        let hex = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(hex, 16).ok()
    };
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = text[at..].find('\\') {
        out.push_str(&text[at..at + found]);
        at += found;
        let pair = match (unit(at), unit(at + 6)) {
            (Some(high @ 0xd800..=0xdbff), Some(low @ 0xdc00..=0xdfff)) => {
                char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))
            }
            _ => None,
        };
        match pair {
            Some(character) => {
                out.push(character);
                at += 12;
            }
            None => {
                // A backslash and what it escapes go together, so that `\\ud83d` is not taken for an escape.
                let escaped = text[at + 1..].chars().next().map_or(0, char::len_utf8);
                out.push_str(&text[at..at + 1 + escaped]);
                at += 1 + escaped;
            }
        }
    }
    out.push_str(&text[at..]);
    Cow::Owned(out)
}

/// The error stands in the report.
struct Reported;

struct Builder<'input, 'r> {
    parser: Parser<'input, StrInput<'input>>,
    file: u16,
    report: &'r Report,
    /// Anchored values and how many nodes each has.
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    first_short_form: Option<Place>,
}

impl<'input> Builder<'input, '_> {
    fn place(&self, line: usize, column: usize) -> Place {
        Place { file: self.file, line: line as u32, column: column as u32 + 1 }
    }

    fn fail<T>(&self, at: Place, message: impl Into<String>) -> Result<T, Reported> {
        self.report.error(at, message);
        Err(Reported)
    }

    fn next(&mut self) -> Result<(Event<'input>, Place), Reported> {
        match self.parser.next_event() {
            Some(Ok((event, Span { start, .. }))) => {
                let at = self.place(start.line(), start.col());
                Ok((event, at))
            }
            Some(Err(error)) => {
                let at = self.place(error.marker().line(), error.marker().col());
                let hint = if error.info().contains("tab") { " (indent with spaces)" } else { "" };
                self.fail(at, format!("{}{hint}", error.info()))
            }
            None => Ok((Event::StreamEnd, Place { file: self.file, line: 1, column: 1 })),
        }
    }

    fn document(&mut self) -> Result<Document, Reported> {
        loop {
            match self.next()? {
                (Event::StreamStart | Event::Nothing, _) => {}
                (Event::DocumentStart(_), _) => break,
                (_, at) => return self.fail(at, "the file is empty"),
            }
        }
        let (event, at) = self.next()?;
        let root = self.value(event, at, 0)?;
        loop {
            match self.next()? {
                (Event::DocumentEnd | Event::Nothing, _) => {}
                (Event::StreamEnd, _) => break,
                (_, at) => return self.fail(at, "a second document begins here; a template is one document"),
            }
        }
        Ok(Document { root, first_short_form: self.first_short_form })
    }

    fn value(&mut self, event: Event<'input>, at: Place, depth: usize) -> Result<Node, Reported> {
        if depth > MOST_DEPTH {
            return self.fail(at, format!("nested deeper than {MOST_DEPTH} levels"));
        }
        self.count(1, at)?;
        let before = self.nodes;
        let (node, anchor, tag) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let kind = if plain { plain_scalar(&text) } else { Kind::Text(text.into_owned()) };
                (Node::new(kind, at), anchor, tag)
            }
            Event::SequenceStart(anchor, tag) => {
                let mut items = Vec::new();
                loop {
                    let (event, at) = self.next()?;
                    if matches!(event, Event::SequenceEnd) {
                        break;
                    }
                    items.push(self.value(event, at, depth + 1)?);
                }
                (Node::new(Kind::List(items), at), anchor, tag)
            }
            Event::MappingStart(anchor, tag) => (self.mapping(at, depth)?, anchor, tag),
            Event::Alias(id) => {
                let Some((node, size)) = self.anchors.get(&id) else {
                    return self.fail(at, "an alias inside its own anchor");
                };
                let (node, size) = (node.clone(), *size);
                self.count(size, at)?;
                return Ok(node);
            }
            _ => return self.fail(at, "a value was expected here"),
        };
        let node = match tag {
            Some(tag) => self.tagged(node, &tag)?,
            None => node,
        };
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), self.nodes - before + 1));
        }
        Ok(node)
    }

    fn count(&mut self, nodes: usize, at: Place) -> Result<(), Reported> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MOST_NODES {
            return self.fail(at, format!("more than {MOST_NODES} values once aliases are unfolded"));
        }
        Ok(())
    }

    fn mapping(&mut self, at: Place, depth: usize) -> Result<Node, Reported> {
        let mut map = Mapping::new();
        let mut merged: Vec<Mapping> = Vec::new();
        loop {
            let (event, key_at) = self.next()?;
            let (key, is_merge) = match event {
                Event::MappingEnd => break,
                Event::Scalar(text, style, _, None) => {
                    let is_merge = style == ScalarStyle::Plain && text == "<<";
                    (text.into_owned(), is_merge)
                }
                _ => return self.fail(key_at, "a key must be plain text"),
            };
            let (event, value_at) = self.next()?;
            let value = self.value(event, value_at, depth + 1)?;
            if is_merge {
                self.merge(value, &mut merged)?;
                continue;
            }
            if let Some(first) = map.get(&key) {
                let line = first.key_at.line;
                // Reported without giving up: the rest of the file may have more to say.
                self.report.error(key_at, format!("the key '{key}' stands here a second time (first in line {line})"));
            }
            map.insert(key, Entry { key_at, value });
        }
        // A mapping's own keys win, then the earlier of the merged ones.
        for other in merged {
            for (key, entry) in other {
                map.entry(key).or_insert(entry);
            }
        }
        Ok(Node::new(Kind::Map(map), at))
    }

    fn merge(&self, value: Node, merged: &mut Vec<Mapping>) -> Result<(), Reported> {
        let at = value.at;
        match value.kind {
            Kind::Map(map) => merged.push(map),
            Kind::List(items) => {
                for item in items {
                    self.merge(item, merged)?;
                }
            }
            _ => return self.fail(at, "the merge key `<<` takes a mapping or a list of mappings"),
        }
        Ok(())
    }

    fn tagged(&mut self, node: Node, tag: &Tag) -> Result<Node, Reported> {
        let at = node.at;
        if let Some(core) = tag.is_yaml_core_schema().then_some(tag.suffix.as_str()) {
            return match (core, &node.kind) {
                ("str", Kind::Text(_)) | ("map", Kind::Map(_)) | ("seq", Kind::List(_)) => Ok(node),
                ("int" | "float" | "bool" | "null", Kind::Text(text)) => Ok(Node::new(plain_scalar(text), at)),
                _ => self.fail(at, format!("the tag !!{core} does not fit here")),
            };
        }
        if tag.handle != "!" || !TAGS.contains(&tag.suffix.as_str()) {
            let hint = did_you_mean(&tag.suffix, TAGS.iter().copied());
            return self.fail(at, format!("unknown tag {tag}{hint}"));
        }
        self.first_short_form.get_or_insert(at);
        let key = match tag.suffix.as_str() {
            key @ ("Ref" | "Condition") => key.to_owned(),
            function => format!("Fn::{function}"),
        };
        Ok(Node::single(key, node, at))
    }
}

/// A scalar without quotes. Narrower than YAML 1.1 on purpose: `yes`, `on`, `080` and `2012-10-17` stay text, because
/// that is what their authors mean wherever a string is expected; readers of booleans take `yes` all the same.
fn plain_scalar(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        _ if is_number(text) => Kind::Number(text.to_owned()),
        _ => Kind::Text(text.to_owned()),
    }
}

/// JSON's grammar of numbers.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Node, String> {
        let report = Report::default();
        let file = report.add_file(Path::new("t.yaml"));
        let document = parse(text, file, &report);
        if report.has_errors() {
            return Err(report.errors().to_string());
        }
        Ok(document.expect("a document when there is no error").root)
    }

    #[test]
    fn scalars_mean_what_a_template_author_means() {
        let node = read(
            "date: 2012-10-17\nzero: 080\nyes: yes\nquoted: '1'\nnumber: 1.50\ntrue: true\nnone: ~\nbig: 12345678901234567890\n",
        )
        .unwrap();
        assert_eq!(
            node.to_json(),
            json!({"date": "2012-10-17", "zero": "080", "yes": "yes", "quoted": "1", "number": 1.5, "true": true,
                "none": null, "big": 12345678901234567890_u64})
        );
        assert_eq!(node.get("number").unwrap().scalar().as_deref(), Some("1.50"), "the text is kept as written");
    }

    #[test]
    fn short_forms_become_long_ones() {
        let node =
            read("a: !Ref B\nb: !Sub ['${x}', {x: !GetAtt T.Arn}]\nc: !If [C, 1, 2]\nd: !Condition E\n").unwrap();
        assert_eq!(
            node.to_json(),
            json!({"a": {"Ref": "B"}, "b": {"Fn::Sub": ["${x}", {"x": {"Fn::GetAtt": "T.Arn"}}]},
                "c": {"Fn::If": ["C", 1, 2]}, "d": {"Condition": "E"}})
        );
        assert_eq!(node.get("b").unwrap().at.line, 2);
    }

    #[test]
    fn anchors_and_merge_keys_are_unfolded() {
        let node = read("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nlist: [*b]\n").unwrap();
        assert_eq!(node.get("use").unwrap().to_json(), json!({"y": 3, "x": 1}));
        assert_eq!(node.get("list").unwrap().to_json(), json!([{"x": 1, "y": 2}]));
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let previous = format!("*a{}", level - 1);
            let items = vec![previous; 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
        }
        let error = read(&text).unwrap_err();
        assert!(error.contains("once aliases are unfolded"), "{error}");
    }

    #[test]
    fn json_keeps_its_places_its_tabs_and_its_emoji() {
        let node = read("{\n\t\"a\": \"\\ud83d\\ude00 \\\\ud83d\",\n\t\"b\": [1, true, null]\n}\n").unwrap();
        assert_eq!(node.to_json(), json!({"a": "😀 \\ud83d", "b": [1, true, null]}));
        assert_eq!((node.get("b").unwrap().at.line, node.get("b").unwrap().at.column), (3, 7));
    }

    #[test]
    fn broken_files_say_where() {
        for (text, expected) in [
            ("a: 1\nb: 2\na: 3\n", "t.yaml:3:1: the key 'a' stands here a second time (first in line 1)"),
            (
                "a:\n\tb: 1\n",
                "t.yaml:2:2: tabs disallowed within this context (block indentation) (indent with spaces)",
            ),
            ("a: 1\nb: !Reff c\n", "t.yaml:2:4: unknown tag !Reff; did you mean 'Ref'?"),
            ("a: b: c\n", "t.yaml:1:5: mapping values are not allowed in this context"),
            ("a: 1\n---\nb: 2\n", "t.yaml:2:1: a second document begins here; a template is one document"),
            ("", "t.yaml:1:1: the file is empty"),
            ("a: &a [*a]\n", "t.yaml:1:8: an alias inside its own anchor"),
            ("? [a]\n: b\n", "t.yaml:1:3: a key must be plain text"),
        ] {
            assert_eq!(read(text).unwrap_err(), expected, "{text:?}");
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        let error = read(&format!("{}1{}", "[".repeat(200), "]".repeat(200))).unwrap_err();
        assert!(error.contains("nested deeper than"), "{error}");
    }
}
