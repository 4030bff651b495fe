//! `$input`, `$util`, `$context` and `$stageVariables`.

use std::collections::HashSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::eval::{Eval, Run, error};
use crate::inputs::Overrides;
use crate::json;
use crate::json_path::JsonPath;
use crate::value::{Entries, Id, Key, Value};

/// Java's decoder takes a text with or without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What one rendering has made of its inputs.
#[derive(Default)]
pub(crate) struct State {
    document: Option<Value>,
    pub(crate) context: Option<Value>,
    stage: Option<Value>,
    params: Option<Value>,
    /// `$context.requestOverride` and `$context.responseOverride`.
    pub(crate) overrides: Option<(Id, Id)>,
    /// Their maps of parameters.
    override_maps: Vec<Id>,
    set: HashSet<(Id, Key)>,
}

impl State {
    pub(crate) fn is_override(&self, id: Id) -> bool {
        self.override_maps.contains(&id)
    }

    /// Notes that an override has been set; false if it had been before.
    pub(crate) fn set_once(&mut self, id: Id, key: &Key) -> bool {
        self.set.insert((id, key.clone()))
    }
}

impl Run<'_> {
    pub(crate) fn body(&self) -> Value {
        Value::text(if self.inputs.body.is_empty() { "{}" } else { self.inputs.body })
    }

    /// The body as a document; missing where it is none.
    fn document(&mut self) -> Eval<Value> {
        if let Some(document) = &self.state.document {
            return Ok(document.clone());
        }
        self.charge_bytes(self.inputs.body.len())?;
        let document = json::parse(self.inputs.body, &mut self.heap).unwrap_or(Value::Missing);
        self.state.document = Some(document.clone());
        Ok(document)
    }

    /// What a path leads to in the body.
    fn path(&mut self, path: &str) -> Eval<Value> {
        let path = match JsonPath::parse(path) {
            Ok(path) => path,
            Err(fault) => return error(format!("the path {path:?}: {fault}")),
        };
        let document = self.document()?;
        if matches!(document, Value::Missing) {
            return Ok(Value::Missing);
        }
        let mut steps = self.steps_left();
        let found = path.evaluate(&document, &mut self.heap, &mut steps);
        let used = self.steps_left() - steps;
        self.charge(used)?;
        if steps == 0 {
            self.charge(1)?;
        }
        Ok(match found {
            None | Some(Value::Null) => Value::Missing,
            Some(found) => found,
        })
    }

    /// `$input.body()`, `.json(…)`, `.path(…)`, `.params(…)`.
    pub(crate) fn input_method(&mut self, name: &str, arguments: &[Value]) -> Eval<Value> {
        match (name, arguments) {
            ("body" | "getBody", []) => Ok(self.body()),
            ("path", [path]) => {
                let path = self.text(path)?;
                self.path(&path)
            }
            ("json", [path]) => {
                let path = self.text(path)?;
                match self.path(&path)? {
                    // An empty body is an empty object, as `$input.body` prints it.
                    Value::Missing if self.inputs.body.is_empty() && path.trim() == "$" => Ok(Value::text("{}")),
                    Value::Missing => Ok(Value::text("\"\"")),
                    found => {
                        let text = self.json_text(&found)?;
                        Ok(Value::Text(text.into()))
                    }
                }
            }
            ("params", []) => Ok(self.params_map()),
            ("params", [Value::Text(name)]) => {
                let params = self.inputs.params;
                let found =
                    [&params.path, &params.querystring, &params.header].into_iter().find_map(|map| map.get(&**name));
                Ok(Value::text(found.map_or("", String::as_str)))
            }
            _ => Ok(Value::Null),
        }
    }

    /// `$util`'s functions.
    pub(crate) fn util_method(&mut self, name: &str, arguments: &[Value]) -> Eval<Value> {
        let [argument] = arguments else { return Ok(Value::Null) };
        if !matches!(
            name,
            "escapeJavaScript" | "parseJson" | "urlEncode" | "urlDecode" | "base64Encode" | "base64Decode"
        ) {
            return Ok(Value::Null);
        }
        let text = match argument {
            Value::Null => return Ok(if name == "escapeJavaScript" { Value::text("null") } else { Value::Null }),
            other => {
                let plain = self.as_plain(other.clone())?;
                self.text(&plain)?
            }
        };
        self.charge_bytes(text.len())?;
        match name {
            "escapeJavaScript" => self.made(escape_java_script(&text)),
            "urlEncode" => self.made(url_encode(&text)),
            "urlDecode" => match url_decode(&text) {
                Some(decoded) => self.made(decoded),
                None => error("$util.urlDecode is given a % without two hexadecimal digits"),
            },
            "base64Encode" => self.made(BASE64.encode(text.as_bytes())),
            "base64Decode" => match BASE64.decode(text.as_bytes()) {
                Ok(bytes) => self.made(String::from_utf8_lossy(&bytes).into_owned()),
                Err(_) => error("$util.base64Decode is given what is not Base64"),
            },
            _ => match json::parse(&text, &mut self.heap) {
                Some(value) => Ok(value),
                None => error("$util.parseJson is given what is not JSON"),
            },
        }
    }

    fn params_map(&mut self) -> Value {
        if let Some(params) = &self.state.params {
            return params.clone();
        }
        let given = self.inputs.params;
        let mut all = Entries::new();
        for (place, params) in [("path", &given.path), ("querystring", &given.querystring), ("header", &given.header)] {
            let entries = params.iter().map(|(name, value)| (name_key(name), Value::text(value))).collect();
            all.insert(name_key(place), self.heap.map(entries));
        }
        let params = self.heap.map(all);
        self.state.params = Some(params.clone());
        params
    }

    pub(crate) fn stage_map(&mut self) -> Value {
        if let Some(stage) = &self.state.stage {
            return stage.clone();
        }
        let entries = self.inputs.stage_variables.iter().map(|(name, value)| (name_key(name), Value::text(value)));
        let stage = self.heap.map(entries.collect());
        self.state.stage = Some(stage.clone());
        stage
    }

    /// `$context` as a map, with the two overrides in it.
    pub(crate) fn context_map(&mut self) -> Value {
        if let Some(context) = &self.state.context {
            return context.clone();
        }
        let mut entries = Entries::new();
        for (name, value) in self.inputs.context {
            entries.insert(name_key(name), self.heap.import(value));
        }
        for (name, request) in [("requestOverride", true), ("responseOverride", false)] {
            entries.insert(name_key(name), self.override_map(request));
        }
        let context = self.heap.map(entries);
        self.state.context = Some(context.clone());
        context
    }

    /// The map of one of the overrides.
    pub(crate) fn override_map(&mut self, request: bool) -> Value {
        let (requests, responses) = match self.state.overrides {
            Some(ids) => ids,
            None => self.make_overrides(&Overrides::default()),
        };
        Value::Map(if request { requests } else { responses })
    }

    /// Puts what earlier templates have set to where this one finds it.
    pub(crate) fn make_overrides(&mut self, given: &Overrides) -> (Id, Id) {
        let mut made = [
            vec![
                ("header", &given.request.header),
                ("path", &given.request.path),
                ("querystring", &given.request.querystring),
            ],
            vec![("header", &given.response.header)],
        ]
        .map(|places| {
            let mut entries = Entries::new();
            for (place, params) in places {
                let params = params.iter().map(|(name, value)| (name_key(name), Value::text(value))).collect();
                let map = self.heap.map(params);
                self.state.override_maps.extend(map_id(&map));
                entries.insert(name_key(place), map);
            }
            entries
        });
        if let Some(status) = &given.response.status {
            made[1].insert(name_key("status"), Value::text(status));
        }
        let ids = made.map(|entries| map_id(&self.heap.map(entries)).unwrap_or_default());
        self.state.override_maps.push(ids[1]);
        self.state.overrides = Some((ids[0], ids[1]));
        (ids[0], ids[1])
    }

    /// What the template has set, as it prints.
    pub(crate) fn take_overrides(&mut self) -> Eval<Option<Overrides>> {
        let Some((requests, responses)) = self.overrides() else { return Ok(None) };
        let mut taken = Overrides::default();
        for (owner, name, place) in [
            (requests, "header", &mut taken.request.header),
            (requests, "path", &mut taken.request.path),
            (requests, "querystring", &mut taken.request.querystring),
            (responses, "header", &mut taken.response.header),
        ] {
            let Some(Value::Map(id)) = self.heap.member(&Value::Map(owner), name).cloned() else { continue };
            let entries = self.heap.entries(id).cloned().unwrap_or_default();
            for (key, value) in entries {
                let (name, value) = (self.text(&key.value())?, self.text(&value)?);
                place.insert(name.to_string(), value.to_string());
            }
        }
        if let Some(status) = self.heap.member(&Value::Map(responses), "status").cloned() {
            taken.response.status = Some(self.text(&status)?.to_string());
        }
        Ok(Some(taken))
    }
}

fn map_id(value: &Value) -> Option<Id> {
    match value {
        Value::Map(id) => Some(*id),
        _ => None,
    }
}

fn name_key(name: &str) -> Key {
    Key::Text(Arc::from(name))
}

/// Commons Lang's `escapeJavaScript`.
fn escape_java_script(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '\'' | '"' | '\\' | '/' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' | '\u{7f}' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "\\u{unit:04X}");
                }
            }
        }
    }
    out
}

/// `java.net.URLEncoder`: form encoding.
fn url_encode(text: &str) -> String {
    const KEPT: percent_encoding::AsciiSet =
        percent_encoding::NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'*').remove(b'_').remove(b' ');
    percent_encoding::utf8_percent_encode(text, &KEPT).to_string().replace(' ', "+")
}

fn url_decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    for (at, _) in text.match_indices('%') {
        let digits = bytes.get(at + 1..at + 3)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
    }
    let spaced = text.replace('+', " ");
    Some(percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn javascript_is_escaped_as_commons_lang_does() {
        assert_eq!(escape_java_script("a'b\"c/d\\\n\té☃😀"), "a\\'b\\\"c\\/d\\\\\\n\\t\\u00E9\\u2603\\uD83D\\uDE00");
    }

    #[test]
    fn urls_are_encoded_as_forms() {
        assert_eq!(url_encode("a b&c=é/~*._-{}"), "a+b%26c%3D%C3%A9%2F%7E*._-%7B%7D");
        assert_eq!(url_decode("a+b%20c%C3%A9").as_deref(), Some("a b cé"));
        assert_eq!(url_decode("100%"), None);
    }
}
