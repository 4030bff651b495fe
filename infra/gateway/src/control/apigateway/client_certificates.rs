//! Client certificates: what API Gateway shows to back ends.

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, no_such};
use super::page::{json, page};
use super::patch::{self, Refusal, Rule, replace};
use crate::ids;
use crate::model::ClientCertificate;

pub(super) const OPERATIONS: &[Entry] = &[
    op("GenerateClientCertificate", generate)
        .partly("a record: no certificate is made, and none is shown to back ends"),
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
    let mut registry = lock(&call.world.registry);
    if registry.client_certificates.len() >= MOST {
        return Err(ApiError::new("LimitExceededException", "Maximum number of client certificates exceeded"));
    }
    registry.client_certificates.insert(certificate.client_certificate_id.clone(), certificate.clone())?;
    Output::of(certificate)
}

fn get(call: &Call<'_>) -> Outcome {
    let registry = lock(&call.world.registry);
    Output::of(registry.client_certificates.get(call.text("clientCertificateId")).ok_or_else(missing)?)
}

fn list(call: &Call<'_>) -> Outcome {
    page(call, lock(&call.world.registry).client_certificates.iter(), |certificate| json(certificate))
}

fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let updated = lock(&call.world.registry).client_certificates.update(call.text("clientCertificateId"), |found| {
        patch::apply(found, &operations, RULES, Refusal::Listed)?;
        Ok(found.clone())
    });
    Output::of(updated.unwrap_or_else(|| Err(missing()))?)
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
