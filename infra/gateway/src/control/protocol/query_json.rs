//! The Query protocol's answers in JSON, which its services give to whom accepts nothing else: API Gateway's integrations, whose
//! templates read them. Observed on AWS rather than documented: what XML leaves out is null.

use serde_json::{Value, json};

use super::super::call::{ApiError, Output};
use super::super::service_model::{Operation, ServiceModel};
use super::timestamps::Format;
use super::{reply, values};
use crate::server::Reply;

pub(super) fn encode(model: &ServiceModel, operation: &Operation, output: Output, request_id: &str) -> Reply {
    let name = &operation.name;
    let mut response = json!({ "ResponseMetadata": { "RequestId": request_id } });
    if let Some(member) = &operation.output {
        let shape = model.shape(member);
        let mut result = values::encode_structure(model, shape, &output.members, Format::Unix);
        for (name, member) in &shape.members {
            result.entry(member.location_name.as_deref().unwrap_or(name)).or_insert(Value::Null);
        }
        let wrapper = member.result_wrapper.clone().unwrap_or_else(|| format!("{name}Result"));
        response[wrapper] = Value::Object(result);
    }
    reply("application/json", json!({ format!("{name}Response"): response }).to_string())
}

pub(super) fn encode_error(model: &ServiceModel, error: &ApiError, status: u16, request_id: &str) -> Reply {
    let error = json!({
        "Code": super::wire_code(model, &error.code),
        "Message": error.message,
        "Type": if status < 500 { "Sender" } else { "Receiver" },
    });
    reply("application/json", json!({ "Error": error, "RequestId": request_id }).to_string())
}

#[cfg(test)]
mod tests {
    use super::super::super::service_model;
    use super::*;

    #[test]
    fn answers_are_wrapped_as_in_xml() {
        let model = &service_model::SNS;
        let output = Output::of(json!({ "MessageId": "m" })).unwrap();
        let reply = encode(model, &model.operations["Publish"], output, "id");
        assert_eq!(
            serde_json::from_slice::<Value>(reply.body()).unwrap(),
            json!({"PublishResponse": {
                "PublishResult": {"MessageId": "m", "SequenceNumber": null},
                "ResponseMetadata": {"RequestId": "id"},
            }})
        );
        let error = encode_error(model, &ApiError::new("NotFoundException", "none"), 404, "id");
        assert_eq!(
            serde_json::from_slice::<Value>(error.body()).unwrap(),
            json!({"Error": {"Code": "NotFound", "Message": "none", "Type": "Sender"}, "RequestId": "id"})
        );
    }
}
