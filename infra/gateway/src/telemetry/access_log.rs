//! Access logs: a stage's format, parsed once, and the line for each request.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html>

use std::borrow::Cow;

use super::execution_log::stream_name;

/// A stage's access log.
#[derive(Debug)]
pub(crate) struct AccessLog {
    /// The account and the region that the destination's ARN names.
    account: String,
    region: String,
    /// The log group.
    pub(super) group: String,
    /// The stage's stream in it.
    pub(super) stream: String,
    pub(super) format: Format,
}

impl AccessLog {
    /// The log that a stage's settings describe. `Ok(None)` without a destination.
    ///
    /// # Errors
    /// The text says why nothing is logged: the destination is no log group.
    pub(crate) fn new(
        api_id: &str,
        stage: &str,
        destination: Option<&str>,
        format: Option<&str>,
    ) -> Result<Option<AccessLog>, String> {
        let (Some(destination), Some(format)) = (destination, format) else { return Ok(None) };
        let parts: Vec<_> = destination.splitn(7, ':').collect();
        let ["arn", _, "logs", region, account, "log-group", group] = parts[..] else {
            let what =
                if parts.get(2) == Some(&"firehose") { "a stream of Firehose, which is not here" } else { "none" };
            return Err(format!("access logs go to log groups of CloudWatch Logs only, and {destination} is {what}"));
        };
        Ok(Some(AccessLog {
            account: account.to_owned(),
            region: region.to_owned(),
            group: group.strip_suffix(":*").unwrap_or(group).to_owned(),
            stream: stream_name(&format!("{api_id}/{stage}")),
            format: Format::parse(format),
        }))
    }

    /// Whether the log group is one of this account and region.
    pub(super) fn is_of(&self, account: &str, region: &str) -> bool {
        self.account == account && self.region == region
    }
}

/// A format: text and variables in turn.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Format {
    parts: Vec<Part>,
    /// Values are escaped as XML's, rather than as those of JSON and quoted fields.
    is_xml: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The name behind `$context.`
    Variable(String),
}

const SIGN: &str = "$context.";

impl Format {
    pub(super) fn parse(format: &str) -> Format {
        let mut parts = Vec::new();
        let mut rest = format;
        while let Some(at) = rest.find(SIGN) {
            let (text, variable) = (&rest[..at], &rest[at + SIGN.len()..]);
            let end = end_of_name(variable);
            let name = variable[..end].trim_end_matches('.');
            if !text.is_empty() {
                parts.push(Part::Text(text.to_owned()));
            }
            if name.is_empty() {
                parts.push(Part::Text(SIGN.to_owned()));
            } else {
                parts.push(Part::Variable(name.to_owned()));
            }
            rest = &variable[name.len()..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        let trimmed = format.trim();
        Format { parts, is_xml: trimmed.starts_with('<') && trimmed.ends_with('>') }
    }

    /// The line. What has no value is `-`. What would end the field that a value stands in is escaped, so that neither a
    /// client nor a function can write a field or a line of its own.
    pub(super) fn render<'a>(&self, value: impl Fn(&str) -> Option<Cow<'a, str>>) -> String {
        let mut line = String::with_capacity(256);
        for part in &self.parts {
            match part {
                Part::Text(text) => line.push_str(text),
                Part::Variable(name) => match value(name).filter(|value| !value.is_empty()) {
                    // It is quoted already.
                    Some(value) if name == "error.messageString" && !self.is_xml => line.push_str(&value),
                    Some(value) if self.is_xml => escape_xml(&mut line, &value),
                    Some(value) => escape(&mut line, &value),
                    None => line.push('-'),
                },
            }
        }
        line
    }
}

/// Letters, digits, `_` and `.`; the names that an authorizer chooses may hold hyphens, and claims colons too.
fn end_of_name(text: &str) -> usize {
    let free = text.starts_with("authorizer.");
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.') || (free && c == '-');
    text.find(|c| !inside(c)).unwrap_or(text.len())
}

fn escape(line: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '"' | '\\' => line.extend(['\\', c]),
            c if c.is_control() => line.push(' '),
            c => line.push(c),
        }
    }
}

fn escape_xml(line: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '<' => line.push_str("&lt;"),
            '>' => line.push_str("&gt;"),
            '&' => line.push_str("&amp;"),
            '"' => line.push_str("&quot;"),
            '\'' => line.push_str("&apos;"),
            c if c.is_control() => line.push(' '),
            c => line.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_text_and_variables() {
        let format = Format::parse(
            r#"$context.identity.sourceIp [$context.requestTime] "$context.httpMethod $context.authorizer.my-key." $context.nothing $context.-$context.status"#,
        );
        let line = format.render(|name| match name {
            "identity.sourceIp" => Some("127.0.0.1".into()),
            "requestTime" => Some("22/Nov/2026:12:57:00 +0000".into()),
            "httpMethod" => Some("GE\"T".into()),
            "authorizer.my-key" => Some("k".into()),
            "status" => Some("200".into()),
            _ => None,
        });
        assert_eq!(line, r#"127.0.0.1 [22/Nov/2026:12:57:00 +0000] "GE\"T k." - $context.-200"#);
    }

    #[test]
    fn a_value_ends_neither_its_field_nor_its_line() {
        let hostile = "a\"\r\n\\</ip><ip>&\u{1b}[31m\u{85}";
        let value = |_: &str| Some(Cow::Borrowed(hostile));
        let json = Format::parse(r#"{ "ip": "$context.identity.userAgent" }"#).render(value);
        assert_eq!(json, "{ \"ip\": \"a\\\"  \\\\</ip><ip>& [31m \" }");
        let xml = Format::parse("<ip>$context.identity.userAgent</ip>").render(value);
        assert_eq!(xml, "<ip>a&quot;  \\&lt;/ip&gt;&lt;ip&gt;&amp; [31m </ip>");
    }

    #[test]
    fn a_destination_is_a_log_group() {
        let log = |destination| AccessLog::new("api", "prod", Some(destination), Some("$context.requestId"));
        let found = log("arn:aws:logs:us-east-1:000000000000:log-group:/my/group:*").unwrap().unwrap();
        assert_eq!((&*found.group, found.stream.len()), ("/my/group", 32));
        assert!(found.is_of("000000000000", "us-east-1") && !found.is_of("000000000000", "eu-west-1"));
        assert!(
            log("arn:aws:firehose:us-east-1:0:deliverystream/amazon-apigateway-x").unwrap_err().contains("Firehose")
        );
        assert!(log("arn:aws:s3:::bucket").unwrap_err().ends_with("is none"));
        assert!(AccessLog::new("api", "prod", None, Some("x")).unwrap().is_none());
    }
}
