//! Client certificates: what API Gateway shows to back ends.

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use serde_json::Value;
use time::OffsetDateTime;

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, no_such};
use super::page::{json, page};
use super::patch::{self, Refusal, Rule, replace};
use crate::ids;
use crate::model::ClientCertificate;

pub(super) const OPERATIONS: &[Entry] = &[
    op("GenerateClientCertificate", generate).partly("the certificate is not shown to back ends yet"),
    op("GetClientCertificate", get),
    op("GetClientCertificates", list),
    op("UpdateClientCertificate", update),
    op("DeleteClientCertificate", delete),
];

/// Client certificates of an account in a region.
const MOST: usize = 60;
/// How long one is good for: a year.
const LIFETIME_MILLIS: i64 = 365 * 86_400_000;

const RULES: &[Rule<ClientCertificate>] = &[replace("/description", |certificate, patch| {
    certificate.description = patch.optional();
    Ok(())
})];

fn missing() -> ApiError {
    no_such("Client Certificate")
}

fn generate(call: &Call<'_>) -> Outcome {
    let mut certificate: ClientCertificate = call.parse()?;
    certificate.client_certificate_id = ids::short_id(6);
    certificate.created_date = call.now();
    certificate.expiration_date = call.now() + LIFETIME_MILLIS;
    make(&mut certificate).map_err(ApiError::internal)?;
    let mut registry = lock(&call.world.registry);
    if registry.client_certificates.len() >= MOST {
        return Err(ApiError::new("LimitExceededException", "Maximum number of client certificates exceeded"));
    }
    registry.client_certificates.insert(certificate.client_certificate_id.clone(), certificate.clone())?;
    described(&certificate).and_then(Output::of)
}

/// Signs a certificate of a new key with that key: back ends trust the certificate itself.
fn make(certificate: &mut ClientCertificate) -> Result<(), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "ApiGateway");
    params.distinguished_name.push(DnType::OrganizationName, "Ferrogate");
    let at = |millis: i64| {
        OffsetDateTime::from_unix_timestamp(millis.div_euclid(1_000)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    };
    params.not_before = at(certificate.created_date);
    params.not_after = at(certificate.expiration_date);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    certificate.pem_encoded_certificate = params.self_signed(&key)?.pem();
    certificate.private_key_pem = key.serialize_pem();
    Ok(())
}

/// A certificate as callers see it: without its key.
fn described(certificate: &ClientCertificate) -> Result<Value, ApiError> {
    json(ClientCertificate { private_key_pem: String::new(), ..certificate.clone() })
}

fn get(call: &Call<'_>) -> Outcome {
    let registry = lock(&call.world.registry);
    let found = registry.client_certificates.get(call.text("clientCertificateId")).ok_or_else(missing)?;
    described(found).and_then(Output::of)
}

fn list(call: &Call<'_>) -> Outcome {
    page(call, lock(&call.world.registry).client_certificates.iter(), described)
}

fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let updated = lock(&call.world.registry).client_certificates.update(call.text("clientCertificateId"), |found| {
        patch::apply(found, &operations, RULES, Refusal::Listed)?;
        Ok(found.clone())
    });
    described(&updated.unwrap_or_else(|| Err(missing()))?).and_then(Output::of)
}

fn delete(call: &Call<'_>) -> Outcome {
    let id = call.text("clientCertificateId");
    let used = {
        let state = lock(&call.world.apigateway);
        let in_use = |stage: &crate::model::Stage| stage.client_certificate_id.as_deref() == Some(id);
        state.apis.values().find_map(|api| {
            api.stages.values().find(|stage| in_use(stage)).map(|stage| format!("{}:{}", api.id, stage.stage_name))
        })
    };
    if let Some(stage) = used {
        return Err(bad_request(format!("Client certificate {id} is used by the stage {stage}")));
    }
    lock(&call.world.registry).client_certificates.remove(id)?.ok_or_else(missing)?;
    Ok(Output::empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::testing::{control, rest};

    #[tokio::test]
    async fn a_certificate_lives() {
        let control = control();
        let call = async |method: &str, path: &str, body| rest(&control, "apigateway", method, path, body).await;
        let (status, made) = call("POST", "/clientcertificates", json!({"description": "d", "tags": {"a": "b"}})).await;
        assert_eq!((status, &made["tags"]), (201, &json!({"a": "b"})));
        let pem = made["pemEncodedCertificate"].as_str().unwrap();
        assert!(pem.starts_with("-----BEGIN CERTIFICATE-----") && !made.to_string().contains("PRIVATE KEY"), "{made}");
        let path = format!("/clientcertificates/{}", made["clientCertificateId"].as_str().unwrap());
        let patch = json!({"patchOperations": [{"op": "replace", "path": "/description", "value": "e"}]});
        assert_eq!(call("PATCH", &path, patch).await.1["description"], "e");
        assert_eq!(call("GET", "/clientcertificates", json!(null)).await.1["item"].as_array().unwrap().len(), 1);
        assert_eq!(call("DELETE", &path, json!(null)).await.0, 202);
        let (status, gone) = call("GET", &path, json!(null)).await;
        assert_eq!(
            (status, gone["message"].as_str().unwrap()),
            (404, "Invalid Client Certificate identifier specified")
        );
    }
}
