//! The Query protocol: a form in, XML out (`iam`, `sts`, `sns`, and older clients of `cloudwatch`).
//!
//! <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::super::call::{ApiError, Input, Output};
use super::super::service_model::{Member, Operation, ServiceModel, Shape, ShapeType, percent_decoded};
use super::reply;
use super::timestamps::{self, Format};
use super::values;
use crate::server::{ClientRequest, Reply};

/// Depth of an input's structures; IAM's and SNS's have three levels.
const MAX_DEPTH: usize = 16;

/// `Action`
pub(super) fn operation(request: &ClientRequest) -> String {
    form(request).remove("Action").unwrap_or_default()
}

pub(super) fn decode(model: &ServiceModel, operation: &Operation, request: &ClientRequest) -> Result<Input, ApiError> {
    let Some(input) = &operation.input else { return Ok(Input::default()) };
    let form = Form(form(request));
    let members = form.structure(model, model.shape(input), "", 0)?;
    Ok(Input { members, payload: bytes::Bytes::new() })
}

/// The parameters of the body and of the URL, by name.
fn form(request: &ClientRequest) -> BTreeMap<String, String> {
    // Bytes that are no UTF-8 can be part of no name or value that AWS takes.
    let body = String::from_utf8_lossy(&request.body);
    let pairs = body.split('&').chain(request.raw_query.split('&')).filter(|pair| !pair.is_empty());
    let plain = |text: &str| percent_decoded(&text.replace('+', " "));
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (plain(name), plain(value)))
        .collect()
}

struct Form(BTreeMap<String, String>);

impl Form {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether there is `prefix` itself or anything below it.
    fn has(&self, prefix: &str) -> bool {
        let below = format!("{prefix}.");
        self.0.contains_key(prefix)
            || self.0.range(below.clone()..).next().is_some_and(|(name, _)| name.starts_with(&below))
    }

    fn structure(
        &self,
        model: &ServiceModel,
        shape: &Shape,
        prefix: &str,
        depth: usize,
    ) -> Result<Map<String, Value>, ApiError> {
        let mut members = Map::new();
        for (name, member) in &shape.members {
            let wire = member.location_name.as_deref().unwrap_or(name);
            let path = if prefix.is_empty() { wire.to_owned() } else { format!("{prefix}.{wire}") };
            if let Some(value) = self.value(model, member, &path, depth + 1)? {
                members.insert(name.clone(), value);
            }
        }
        Ok(members)
    }

    fn value(
        &self,
        model: &ServiceModel,
        member: &Member,
        path: &str,
        depth: usize,
    ) -> Result<Option<Value>, ApiError> {
        if depth > MAX_DEPTH {
            return Ok(None);
        }
        let shape = model.shape(member);
        match shape.kind {
            ShapeType::Structure if self.has(path) => {
                self.structure(model, shape, path, depth).map(Value::Object).map(Some)
            }
            ShapeType::Structure => Ok(None),
            ShapeType::List => self.list(model, member, shape, path, depth),
            ShapeType::Map => self.map(model, member, shape, path, depth),
            _ => {
                let malformed = |message| ApiError::new("MalformedInput", message);
                self.get(path).map(|text| values::decode_text(shape, text, path).map_err(malformed)).transpose()
            }
        }
    }

    fn list(
        &self,
        model: &ServiceModel,
        member: &Member,
        shape: &Shape,
        path: &str,
        depth: usize,
    ) -> Result<Option<Value>, ApiError> {
        let Some(of) = &shape.member else { return Ok(None) };
        let prefix = match (member.flattened || shape.flattened, &of.location_name) {
            (true, Some(name)) => {
                path.rsplit_once('.').map_or_else(|| name.clone(), |(parent, _)| format!("{parent}.{name}"))
            }
            (true, None) => path.to_owned(),
            (false, name) => format!("{path}.{}", name.as_deref().unwrap_or("member")),
        };
        let mut items = Vec::new();
        while let Some(item) = self.value(model, of, &format!("{prefix}.{}", items.len() + 1), depth + 1)? {
            items.push(item);
        }
        // An empty list is sent as a name without value.
        Ok((!items.is_empty() || self.get(path) == Some("")).then_some(Value::Array(items)))
    }

    fn map(
        &self,
        model: &ServiceModel,
        member: &Member,
        shape: &Shape,
        path: &str,
        depth: usize,
    ) -> Result<Option<Value>, ApiError> {
        let (Some(key), Some(of)) = (&shape.key, &shape.value) else { return Ok(None) };
        let prefix = if member.flattened || shape.flattened { path.to_owned() } else { format!("{path}.entry") };
        let key = key.location_name.as_deref().unwrap_or("key");
        let value = of.location_name.as_deref().unwrap_or("value");
        let mut entries = Map::new();
        let mut index = 1;
        while let Some(name) = self.get(&format!("{prefix}.{index}.{key}")) {
            if let Some(item) = self.value(model, of, &format!("{prefix}.{index}.{value}"), depth + 1)? {
                entries.insert(name.to_owned(), item);
            }
            index += 1;
        }
        Ok((!entries.is_empty()).then_some(Value::Object(entries)))
    }
}

pub(super) fn encode(model: &ServiceModel, operation: &Operation, output: Output, request_id: &str) -> Reply {
    let mut xml = String::new();
    let name = &operation.name;
    let namespace = model.metadata.xml_namespace.as_deref().unwrap_or_default();
    open(&mut xml, &format!("{name}Response xmlns=\"{namespace}\""));
    if let Some(member) = &operation.output {
        let wrapper = member.result_wrapper.clone().unwrap_or_else(|| format!("{name}Result"));
        open(&mut xml, &wrapper);
        structure(&mut xml, model, model.shape(member), &output.members);
        close(&mut xml, &wrapper);
    }
    open(&mut xml, "ResponseMetadata");
    element(&mut xml, "RequestId", request_id);
    close(&mut xml, "ResponseMetadata");
    close(&mut xml, &format!("{name}Response"));
    reply("text/xml", xml)
}

pub(super) fn encode_error(model: &ServiceModel, error: &ApiError, status: u16, request_id: &str) -> Reply {
    let mut xml = String::new();
    let namespace = model.metadata.xml_namespace.as_deref().unwrap_or_default();
    open(&mut xml, &format!("ErrorResponse xmlns=\"{namespace}\""));
    open(&mut xml, "Error");
    element(&mut xml, "Type", if status < 500 { "Sender" } else { "Receiver" });
    element(&mut xml, "Code", super::wire_code(model, &error.code));
    element(&mut xml, "Message", &error.message);
    close(&mut xml, "Error");
    element(&mut xml, "RequestId", request_id);
    close(&mut xml, "ErrorResponse");
    reply("text/xml", xml)
}

fn structure(xml: &mut String, model: &ServiceModel, shape: &Shape, members: &Map<String, Value>) {
    for (name, member) in &shape.members {
        if let Some(value) = members.get(name) {
            write_value(xml, model, member, member.location_name.as_deref().unwrap_or(name), value);
        }
    }
}

fn write_value(xml: &mut String, model: &ServiceModel, member: &Member, name: &str, value: &Value) {
    let shape = model.shape(member);
    let flattened = member.flattened || shape.flattened;
    match (shape.kind, value) {
        (_, Value::Null) => {}
        (ShapeType::Structure, Value::Object(members)) => {
            open(xml, name);
            structure(xml, model, shape, members);
            close(xml, name);
        }
        (ShapeType::List, Value::Array(items)) => {
            let Some(of) = &shape.member else { return };
            if !flattened {
                open(xml, name);
            }
            let item_name = of.location_name.as_deref().unwrap_or(if flattened { name } else { "member" });
            for item in items {
                write_value(xml, model, of, item_name, item);
            }
            if !flattened {
                close(xml, name);
            }
        }
        (ShapeType::Map, Value::Object(entries)) => {
            let (Some(key), Some(of)) = (&shape.key, &shape.value) else { return };
            if !flattened {
                open(xml, name);
            }
            let entry = if flattened { name } else { "entry" };
            for (entry_key, item) in entries {
                open(xml, entry);
                element(xml, key.location_name.as_deref().unwrap_or("key"), entry_key);
                write_value(xml, model, of, of.location_name.as_deref().unwrap_or("value"), item);
                close(xml, entry);
            }
            if !flattened {
                close(xml, name);
            }
        }
        (ShapeType::Timestamp, value) => {
            let format = Format::named(member.timestamp_format.as_deref(), Format::Iso8601);
            let text = timestamps::encode(value.as_i64().unwrap_or_default(), format);
            element(xml, name, text.as_str().unwrap_or_default());
        }
        (_, Value::String(text)) => element(xml, name, text),
        (_, value) => element(xml, name, &value.to_string()),
    }
}

fn open(xml: &mut String, name: &str) {
    // Writing into a string cannot fail.
    let _ = write!(xml, "<{name}>");
}

fn close(xml: &mut String, name: &str) {
    let _ = write!(xml, "</{name}>");
}

fn element(xml: &mut String, name: &str, text: &str) {
    open(xml, name);
    for letter in text.chars() {
        match letter {
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '&' => xml.push_str("&amp;"),
            '"' => xml.push_str("&quot;"),
            '\r' => xml.push_str("&#xD;"),
            // No XML document can hold them.
            '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                xml.push('\u{fffd}')
            }
            other => xml.push(other),
        }
    }
    close(xml, name);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::service_model;
    use super::super::super::testing::request;
    use super::*;

    #[test]
    fn structures_lists_and_maps_are_read_from_a_form() {
        let model = &service_model::SNS;
        let form = "Action=CreateTopic&Version=2010-03-31&Name=alerts&Attributes.entry.1.key=DisplayName\
                    &Attributes.entry.1.value=a+b%26c&Tags.member.1.Key=k&Tags.member.1.Value=v&Tags.member.2.Key=k2&Tags.member.2.Value=";
        let request = request("sns", "us-east-1", "POST", "/", &[], form);
        assert_eq!(operation(&request), "CreateTopic");
        let input = decode(model, &model.operations["CreateTopic"], &request).unwrap();
        assert_eq!(
            Value::Object(input.members),
            json!({"Name": "alerts", "Attributes": {"DisplayName": "a b&c"},
                "Tags": [{"Key": "k", "Value": "v"}, {"Key": "k2", "Value": ""}]})
        );
    }

    #[test]
    fn outputs_and_errors_are_the_xml_of_aws() {
        let model = &service_model::IAM;
        let output = Output::of(json!({"Role": {"Path": "/", "RoleName": "a<b", "RoleId": "AROA", "Arn": "arn",
            "CreateDate": 1_795_352_220_000_i64, "Tags": [{"Key": "k", "Value": "v"}]}}))
        .unwrap();
        let reply = encode(model, &model.operations["CreateRole"], output, "id-1");
        assert_eq!(
            std::str::from_utf8(reply.body()).unwrap(),
            "<CreateRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><CreateRoleResult><Role><Path>/</Path>\
             <RoleName>a&lt;b</RoleName><RoleId>AROA</RoleId><Arn>arn</Arn><CreateDate>2026-11-22T12:57:00Z</CreateDate>\
             <Tags><member><Key>k</Key><Value>v</Value></member></Tags></Role></CreateRoleResult>\
             <ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></CreateRoleResponse>"
        );
        let error = encode_error(model, &ApiError::new("NoSuchEntityException", "none"), 404, "id-2");
        assert_eq!(
            std::str::from_utf8(error.body()).unwrap(),
            "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>\
             <Code>NoSuchEntity</Code><Message>none</Message></Error><RequestId>id-2</RequestId></ErrorResponse>"
        );
    }
}
