//! Custom domain names.

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, conflict, not_found};
use super::page::{json, page};
use super::patch::{self, Refusal, Rule, any, replace};
use crate::ids;
use crate::model::DomainName;

const RECORDS: &str = "a record: the server answers on its own names only";

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateDomainName", create).partly(RECORDS),
    op("GetDomainName", get),
    op("GetDomainNames", list),
    op("UpdateDomainName", update).partly(RECORDS),
    op("DeleteDomainName", delete),
];

/// Domain names of an account in a region.
const MOST: usize = 120;
/// The hosted zone of every edge-optimised name.
const EDGE_ZONE: &str = "Z2FDTNDATAQYW2";

const RULES: &[Rule<DomainName>] = &[
    replace("/certificateName", |name, patch| {
        name.certificate_name = patch.optional();
        Ok(())
    }),
    replace("/certificateArn", |name, patch| {
        name.certificate_arn = Some(certificate(patch.text())?);
        Ok(())
    }),
    replace("/regionalCertificateName", |name, patch| {
        name.regional_certificate_name = patch.optional();
        Ok(())
    }),
    replace("/regionalCertificateArn", |name, patch| {
        name.regional_certificate_arn = Some(certificate(patch.text())?);
        Ok(())
    }),
    replace("/ownershipVerificationCertificateArn", |name, patch| {
        name.ownership_verification_certificate_arn = Some(certificate(patch.text())?);
        Ok(())
    }),
    replace("/securityPolicy", |name, patch| {
        if patch.text().is_empty() {
            return Err(bad_request("Invalid security policy specified"));
        }
        patch.text().clone_into(&mut name.security_policy);
        Ok(())
    }),
    replace("/endpointAccessMode", |name, patch| {
        name.endpoint_access_mode = patch.optional();
        Ok(())
    }),
    replace("/routingMode", |name, patch| {
        name.routing_mode = patch.optional();
        Ok(())
    }),
    replace("/policy", |name, patch| {
        name.policy = patch.optional();
        Ok(())
    }),
    replace("/endpointConfiguration/ipAddressType", |name, patch| {
        if !["ipv4", "dualstack"].contains(&patch.text()) {
            return Err(bad_request("Invalid IP address type specified. Must be one of: [ipv4, dualstack]"));
        }
        name.endpoint_configuration.ip_address_type = patch.optional();
        Ok(())
    }),
    any("/endpointConfiguration/types/{type}", |name, patch| {
        if !["EDGE", "REGIONAL"].contains(&patch.text()) {
            return Err(bad_request("Invalid EndpointTypes specified. Valid options are EDGE, REGIONAL"));
        }
        name.endpoint_configuration.types = vec![patch.text().to_owned()];
        Ok(())
    }),
    any("/mutualTlsAuthentication/truststoreUri", |name, patch| {
        name.mutual_tls_authentication = match patch.optional() {
            Some(uri) if uri.starts_with("s3://") => {
                let mut mtls = name.mutual_tls_authentication.take().unwrap_or_default();
                mtls.truststore_uri = Some(uri);
                Some(mtls)
            }
            Some(_) => return Err(bad_request("Invalid truststore URI specified: it must begin with s3://")),
            None => None,
        };
        Ok(())
    }),
    any("/mutualTlsAuthentication/truststoreVersion", |name, patch| {
        name.mutual_tls_authentication.get_or_insert_default().truststore_version = patch.optional();
        Ok(())
    }),
];

/// The ARN of a certificate.
fn certificate(arn: &str) -> Result<String, ApiError> {
    let known = arn.starts_with("arn:") && (arn.contains(":acm:") || arn.contains(":iam:"));
    known.then(|| arn.to_owned()).ok_or_else(|| bad_request(format!("Invalid certificate ARN specified: {arn}")))
}

fn missing() -> ApiError {
    not_found("Invalid domain name identifier specified")
}

/// Labels of letters, digits and hyphens; the first one may be `*`.
fn is_domain_name(name: &str) -> bool {
    let labels: Vec<&str> = name.split('.').collect();
    let plain = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let wild = labels.first() == Some(&"*");
    name.len() <= 253 && labels.len() > 1 && labels.iter().skip(usize::from(wild)).all(|label| plain(label))
}

fn create(call: &Call<'_>) -> Outcome {
    let mut name: DomainName = call.parse()?;
    if !is_domain_name(&name.domain_name) {
        return Err(bad_request(format!("Invalid domain name specified: {}", name.domain_name)));
    }
    for arn in [&name.certificate_arn, &name.regional_certificate_arn].into_iter().flatten() {
        certificate(arn)?;
    }
    let endpoint = &mut name.endpoint_configuration;
    if endpoint.types.is_empty() {
        let regional = name.regional_certificate_arn.is_some() || name.regional_certificate_name.is_some();
        endpoint.types.push(if regional { "REGIONAL" } else { "EDGE" }.to_owned());
    }
    endpoint.ip_address_type.get_or_insert_with(|| "ipv4".to_owned());
    let region = &call.world.id.region;
    match endpoint.types.first().map(String::as_str) {
        Some("PRIVATE") => {
            let id = ids::short_id(10);
            let arn =
                format!("arn:aws:apigateway:{region}:{}:/domainnames/{}+{id}", call.world.id.account, name.domain_name);
            (name.domain_name_id, name.domain_name_arn) = (Some(id), Some(arn));
        }
        Some("REGIONAL") => {
            name.regional_domain_name = Some(format!("d-{}.execute-api.{region}.amazonaws.com", ids::short_id(10)));
            name.regional_hosted_zone_id = Some("Z1UJRXOUMOOFQ8".to_owned());
        }
        _ => {
            name.distribution_domain_name = Some(format!("{}.cloudfront.net", ids::short_id(14)));
            name.distribution_hosted_zone_id = Some(EDGE_ZONE.to_owned());
            name.certificate_upload_date = Some(call.now());
        }
    }
    if name.domain_name_arn.is_none() {
        name.domain_name_arn = Some(format!("arn:aws:apigateway:{region}::/domainnames/{}", name.domain_name));
    }
    "AVAILABLE".clone_into(&mut name.domain_name_status);
    if name.security_policy.is_empty() {
        "TLS_1_2".clone_into(&mut name.security_policy);
    }
    name.routing_mode.get_or_insert_with(|| "BASE_PATH_MAPPING_ONLY".to_owned());
    let mut registry = lock(&call.world.registry);
    if registry.domain_names.contains(&name.domain_name) {
        return Err(conflict("The domain name you provided already exists."));
    }
    if registry.domain_names.len() >= MOST {
        return Err(ApiError::new("LimitExceededException", "Maximum number of domain names exceeded"));
    }
    registry.domain_names.insert(name.domain_name.clone(), name.clone())?;
    Output::of(name)
}

fn get(call: &Call<'_>) -> Outcome {
    Output::of(lock(&call.world.registry).domain_names.get(call.text("domainName")).ok_or_else(missing)?)
}

fn list(call: &Call<'_>) -> Outcome {
    page(call, lock(&call.world.registry).domain_names.iter(), json)
}

fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let updated = lock(&call.world.registry).domain_names.update(call.text("domainName"), |name| {
        patch::apply(name, &operations, RULES, Refusal::Listed)?;
        Ok(name.clone())
    });
    Output::of(updated.unwrap_or_else(|| Err(missing()))?)
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut registry = lock(&call.world.registry);
    let name = call.text("domainName");
    registry.domain_names.remove(name)?.ok_or_else(missing)?;
    let of_name = |key: &str| key.split_once('/').is_some_and(|(owner, _)| owner == name);
    let mappings: Vec<_> =
        registry.base_path_mappings.iter().map(|(key, _)| key).filter(|key| of_name(key)).map(str::to_owned).collect();
    for key in mappings {
        registry.base_path_mappings.remove(&key)?;
    }
    Ok(Output::empty())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::super::testing::{control, rest};
    use super::super::super::world::lock;
    use crate::model::{RestApi, Stage};

    fn patch(op: &str, path: &str, value: &str) -> Value {
        json!({"patchOperations": [{"op": op, "path": path, "value": value}]})
    }

    #[tokio::test]
    async fn a_name_and_its_paths_live() {
        let control = control();
        let stages = [("prod".to_owned(), Stage::default())].into();
        let api = RestApi { id: "api".to_owned(), stages, ..RestApi::default() };
        lock(&control.default_world().unwrap().apigateway).apis.insert("api", api).unwrap();
        let call = async |method: &str, path: &str, body| rest(&control, "apigateway", method, path, body).await;
        let arn = "arn:aws:acm:us-east-1:123456789012:certificate/1";
        let body = json!({"domainName": "api.example.com", "regionalCertificateArn": arn, "endpointConfiguration": {"types": ["REGIONAL"]}});
        let (status, made) = call("POST", "/domainnames", body.clone()).await;
        assert_eq!(status, 201);
        let regional = made["regionalDomainName"].as_str().unwrap();
        assert!(regional.starts_with("d-") && regional.ends_with(".execute-api.us-east-1.amazonaws.com"), "{regional}");
        assert_eq!(
            made,
            json!({"domainName": "api.example.com", "domainNameArn": "arn:aws:apigateway:us-east-1::/domainnames/api.example.com",
                "regionalDomainName": regional, "regionalHostedZoneId": "Z1UJRXOUMOOFQ8", "regionalCertificateArn": arn,
                "endpointConfiguration": {"types": ["REGIONAL"], "ipAddressType": "ipv4"}, "domainNameStatus": "AVAILABLE",
                "securityPolicy": "TLS_1_2", "routingMode": "BASE_PATH_MAPPING_ONLY"})
        );
        assert_eq!(call("POST", "/domainnames", body).await.0, 409);
        for name in ["nodots", "UPPER.example.com", "a..b", "-a.example.com", "a.*.com"] {
            assert_eq!(call("POST", "/domainnames", json!({"domainName": name})).await.0, 400, "{name}");
        }

        let mappings = "/domainnames/api.example.com/basepathmappings";
        let (status, mapping) = call("POST", mappings, json!({"restApiId": "api", "stage": "prod"})).await;
        assert_eq!((status, mapping), (201, json!({"basePath": "(none)", "restApiId": "api", "stage": "prod"})));
        for (body, status, expected) in [
            (json!({"restApiId": "api"}), 409, "Base path already exists for this domain name"),
            (json!({"restApiId": "no", "basePath": "v1"}), 400, "Invalid REST API identifier specified"),
            (json!({"restApiId": "api", "basePath": "v1", "stage": "no"}), 400, "Invalid stage identifier specified"),
        ] {
            let (found, answer) = call("POST", mappings, body).await;
            assert_eq!((found, answer["message"].as_str().unwrap()), (status, expected));
        }
        assert_eq!(call("POST", mappings, json!({"restApiId": "api", "basePath": "a/b"})).await.0, 400);
        let none = format!("{mappings}/(none)");
        let (_, moved) = call("PATCH", &none, patch("replace", "/basePath", "v1")).await;
        assert_eq!(moved["basePath"], "v1");
        assert_eq!(call("GET", &none, json!(null)).await.0, 404);
        let (_, listed) = call("GET", mappings, json!(null)).await;
        assert_eq!(listed["item"], json!([{"basePath": "v1", "restApiId": "api", "stage": "prod"}]));

        let (_, changed) =
            call("PATCH", "/domainnames/api.example.com", patch("replace", "/securityPolicy", "TLS_1_0")).await;
        assert_eq!(changed["securityPolicy"], "TLS_1_0");
        let (status, refused) =
            call("PATCH", "/domainnames/api.example.com", patch("replace", "/regionalCertificateArn", "x")).await;
        assert_eq!((status, refused["message"].as_str().unwrap()), (400, "Invalid certificate ARN specified: x"));
        assert_eq!(call("DELETE", "/domainnames/api.example.com", json!(null)).await.0, 202);
        assert_eq!(call("GET", mappings, json!(null)).await.0, 404);
    }
}
