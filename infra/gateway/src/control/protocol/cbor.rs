//! Smithy RPC v2 CBOR, which newer SDKs speak with `cloudwatch`.
//!
//! <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value};

use super::super::call::{ApiError, Input, Output};
use super::super::service_model::{Member, Operation, ServiceModel, Shape, ShapeType};
use super::{header, malformed, reply, values};
use crate::server::{ClientRequest, Reply};

/// The tag of a number that is a time in epoch seconds (RFC 8949, section 3.4.2).
const EPOCH_SECONDS: u64 = 1;

/// The last segment of `/service/{service}/operation/{operation}`.
pub(super) fn operation(request: &ClientRequest) -> String {
    request.raw_path.rsplit('/').next().unwrap_or_default().to_owned()
}

pub(super) fn decode(model: &ServiceModel, operation: &Operation, request: &ClientRequest) -> Result<Input, ApiError> {
    let Some(input) = &operation.input else { return Ok(Input::default()) };
    if request.body.is_empty() {
        return Ok(Input::default());
    }
    // The reader has a bound of its own for the depth.
    let body: Cbor = ciborium::from_reader(request.body.as_ref())
        .map_err(|error| malformed(format!("the body is no CBOR: {error}")))?;
    let Some(Value::Object(body)) = json(body) else { return Err(malformed("the body must be a map")) };
    let members = values::structure(model, model.shape(input), &body, "", 0).map_err(malformed)?;
    Ok(Input { members, payload: bytes::Bytes::new() })
}

/// The JSON that says the same: blobs as base64, times as epoch seconds. `None` for what no shape has.
fn json(cbor: Cbor) -> Option<Value> {
    Some(match cbor {
        Cbor::Null => Value::Null,
        Cbor::Bool(value) => value.into(),
        Cbor::Integer(number) => i64::try_from(number).ok()?.into(),
        Cbor::Float(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
        Cbor::Text(text) => text.into(),
        Cbor::Bytes(bytes) => STANDARD.encode(bytes).into(),
        Cbor::Array(items) => items.into_iter().map(json).collect::<Option<_>>()?,
        Cbor::Map(entries) => {
            let entries = entries.into_iter().map(|(key, value)| Some((key.into_text().ok()?, json(value)?)));
            Value::Object(entries.collect::<Option<_>>()?)
        }
        Cbor::Tag(_, value) => json(*value)?,
        _ => return None,
    })
}

pub(super) fn encode(model: &ServiceModel, operation: &Operation, output: Output) -> Reply {
    let body = match &operation.output {
        Some(member) => structure(model, model.shape(member), &output.members),
        None => Cbor::Map(Vec::new()),
    };
    written(&body)
}

pub(super) fn encode_error(model: &ServiceModel, error: &ApiError, status: u16) -> Reply {
    let text = |key: &str, value: &str| (Cbor::Text(key.to_owned()), Cbor::Text(value.to_owned()));
    // Clients look for the shape's name here, and for the Query protocol's code in the header.
    let mut reply = written(&Cbor::Map(vec![text("__type", &error.code), text("message", &error.message)]));
    super::query_error(&mut reply, model, error, status);
    reply
}

fn written(body: &Cbor) -> Reply {
    let mut bytes = Vec::new();
    // Writing into memory cannot fail, and every value here is one that CBOR has.
    let _ = ciborium::into_writer(body, &mut bytes);
    let mut reply = reply("application/cbor", bytes);
    header(&mut reply, "smithy-protocol", "rpc-v2-cbor");
    reply
}

fn structure(model: &ServiceModel, shape: &Shape, members: &Map<String, Value>) -> Cbor {
    let entries = shape.members.iter().filter_map(|(name, member)| {
        let wire = member.location_name.as_deref().unwrap_or(name);
        Some((Cbor::Text(wire.to_owned()), value(model, member, members.get(name)?)?))
    });
    Cbor::Map(entries.collect())
}

fn value(model: &ServiceModel, member: &Member, value_: &Value) -> Option<Cbor> {
    let shape = model.shape(member);
    Some(match (shape.kind, value_) {
        (_, Value::Null) => return None,
        (ShapeType::Structure, Value::Object(members)) => structure(model, shape, members),
        (ShapeType::List, Value::Array(items)) => {
            let of = shape.member.as_deref()?;
            Cbor::Array(items.iter().filter_map(|item| value(model, of, item)).collect())
        }
        (ShapeType::Map, Value::Object(entries)) => {
            let of = shape.value.as_deref()?;
            let entries =
                entries.iter().filter_map(|(key, item)| Some((Cbor::Text(key.clone()), value(model, of, item)?)));
            Cbor::Map(entries.collect())
        }
        #[expect(clippy::cast_precision_loss, reason = "exact for 285,000 years")]
        (ShapeType::Timestamp, millis) => {
            Cbor::Tag(EPOCH_SECONDS, Box::new(Cbor::Float(millis.as_i64()? as f64 / 1000.0)))
        }
        (ShapeType::Float | ShapeType::Double, number) => Cbor::Float(number.as_f64()?),
        (ShapeType::Integer | ShapeType::Long, number) => Cbor::Integer(number.as_i64()?.into()),
        (ShapeType::Boolean, flag) => Cbor::Bool(flag.as_bool()?),
        (ShapeType::Blob, text) => Cbor::Bytes(STANDARD.decode(text.as_str()?).ok()?),
        (_, text) => Cbor::Text(text.as_str()?.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::service_model;
    use super::super::super::testing::request;
    use super::*;

    #[test]
    fn a_call_goes_there_and_back() {
        let model = &service_model::CLOUDWATCH;
        let text = |text: &str| Cbor::Text(text.to_owned());
        let datum = Cbor::Map(vec![
            (text("MetricName"), text("Count")),
            (text("Value"), Cbor::Integer(3.into())),
            (text("Timestamp"), Cbor::Tag(1, Box::new(Cbor::Float(1_795_352_220.5)))),
        ]);
        let mut body = Vec::new();
        let call = Cbor::Map(vec![(text("Namespace"), text("N")), (text("MetricData"), Cbor::Array(vec![datum]))]);
        ciborium::into_writer(&call, &mut body).unwrap();
        let path = "/service/GraniteServiceVersion20100801/operation/PutMetricData";
        let request = request("monitoring", "us-east-1", "POST", path, &[("Smithy-Protocol", "rpc-v2-cbor")], body);
        assert_eq!(operation(&request), "PutMetricData");
        let input = decode(model, &model.operations["PutMetricData"], &request).unwrap();
        assert_eq!(
            Value::Object(input.members),
            json!({"Namespace": "N", "MetricData": [{"MetricName": "Count", "Timestamp": 1_795_352_220_500_i64, "Value": 3}]})
        );
        let output = Output::of(json!({"MetricAlarms": [{"AlarmName": "a", "Threshold": 90, "EvaluationPeriods": 1,
            "StateUpdatedTimestamp": 1_795_352_220_500_i64}]}));
        let reply = encode(model, &model.operations["DescribeAlarms"], output.unwrap());
        let back: Cbor = ciborium::from_reader(reply.body().as_ref()).unwrap();
        assert_eq!(
            json(back).unwrap(),
            json!({"MetricAlarms": [{"AlarmName": "a", "StateUpdatedTimestamp": 1_795_352_220.5, "EvaluationPeriods": 1,
                "Threshold": 90.0}]})
        );
        let error = encode_error(model, &ApiError::new("ResourceNotFound", "none"), 404);
        assert_eq!(error.headers()["x-amzn-query-error"], "ResourceNotFound;Sender");
    }
}
