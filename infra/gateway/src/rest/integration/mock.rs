//! `MOCK`: answered here, with the status that the request's template says.

use bytes::Bytes;
use serde_json::Value;

use super::super::error::GatewayError;
use super::mapping::Mapping;
use super::pseudo_json;
use super::response::{EndpointAnswer, respond_mapped};
use crate::compile::rest::Mapped;
use crate::server::Reply;
use crate::telemetry::ExecutionLog;

pub(super) fn answer(
    mut mapping: Mapping<'_>,
    mock: &Mapped<()>,
    log: &mut ExecutionLog,
) -> Result<Reply, GatewayError> {
    let request = mapping.request(&mock.request, log)?;
    let Some(status) = status_code(&request.body) else {
        return Err(mapping.values.unusable(
            log,
            "Unable to parse statusCode. It should be an integer that is defined in the request template.",
        ));
    };
    let answer = EndpointAnswer { status: u16::try_from(status).unwrap_or_default(), ..EndpointAnswer::default() };
    respond_mapped(&mut mapping, &mock.response, &status.to_string(), answer, log)
}

/// The integer `statusCode` of a mock's request.
fn status_code(request: &Bytes) -> Option<i64> {
    let text = std::str::from_utf8(request).ok()?;
    // Well-formed JSON, which it nearly always is, is read without the detour.
    let request = serde_json::from_str(text).ok().or_else(|| serde_json::from_str(&pseudo_json::strict(text)).ok());
    request.as_ref().and_then(Value::as_object)?.get("statusCode")?.as_i64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_integer_is_a_status() {
        for (request, status) in [
            (r#"{"statusCode": 200}"#, Some(200)),
            ("{statusCode: 200}", Some(200)),
            ("{ statusCode : 404 , 'message': 'it\\'s {gone: yes}' }", Some(404)),
            (r#"{"a": {"statusCode": 1}, statusCode: 201}"#, Some(201)),
            (r#"{"statusCode": "200"}"#, None),
            (r#"{"statusCode": 200.5}"#, None),
            (r#"{"statusCode": null}"#, None),
            (r#"{"status": 200}"#, None),
            ("[200]", None),
            ("200", None),
            ("", None),
            ("{statusCode: }", None),
        ] {
            assert_eq!(status_code(&Bytes::copy_from_slice(request.as_bytes())), status, "{request}");
        }
    }
}
