//! VPC links: records only, since there is no VPC to link to.

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, not_found};
use super::page::{json, page};
use super::patch::{self, Refusal, Rule, replace};
use crate::ids;
use crate::model::VpcLink;

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateVpcLink", create).partly("a link is a record: integrations through it are not served"),
    op("GetVpcLink", get),
    op("GetVpcLinks", list),
    op("UpdateVpcLink", update),
    op("DeleteVpcLink", delete),
];

const RULES: &[Rule<VpcLink>] = &[
    replace("/name", |link, patch| {
        link.name = patch.optional().ok_or_else(|| bad_request("VPC Link name cannot be empty"))?;
        Ok(())
    }),
    replace("/description", |link, patch| {
        link.description = patch.optional();
        Ok(())
    }),
];

fn missing() -> ApiError {
    not_found("VPCLink not found")
}

fn create(call: &Call<'_>) -> Outcome {
    let mut link: VpcLink = call.parse()?;
    if link.name.trim().is_empty() {
        return Err(bad_request("VPC Link name cannot be empty"));
    }
    let is_balancer = |arn: &String| arn.starts_with("arn:") && arn.contains(":elasticloadbalancing:");
    match &link.target_arns[..] {
        [arn] if is_balancer(arn) => {}
        [arn] => return Err(bad_request(format!("Invalid ARN. ARN '{arn}' is not a network load balancer's"))),
        _ => return Err(bad_request("Exactly one target ARN must be specified")),
    }
    link.id = ids::short_id(6);
    "AVAILABLE".clone_into(&mut link.status);
    lock(&call.world.registry).vpc_links.insert(link.id.clone(), link.clone())?;
    // It takes AWS minutes; here it is there with the next look.
    "PENDING".clone_into(&mut link.status);
    Output::of(link)
}

fn get(call: &Call<'_>) -> Outcome {
    Output::of(lock(&call.world.registry).vpc_links.get(call.text("vpcLinkId")).ok_or_else(missing)?)
}

fn list(call: &Call<'_>) -> Outcome {
    page(call, lock(&call.world.registry).vpc_links.iter(), json)
}

fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let updated = lock(&call.world.registry).vpc_links.update(call.text("vpcLinkId"), |link| {
        patch::apply(link, &operations, RULES, Refusal::Listed)?;
        Ok(link.clone())
    });
    Output::of(updated.unwrap_or_else(|| Err(missing()))?)
}

fn delete(call: &Call<'_>) -> Outcome {
    lock(&call.world.registry).vpc_links.remove(call.text("vpcLinkId"))?.ok_or_else(missing)?;
    Ok(Output::empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::testing::{control, rest};

    #[tokio::test]
    async fn a_link_is_pending_and_then_available() {
        let control = control();
        let call = async |method: &str, path: &str, body| rest(&control, "apigateway", method, path, body).await;
        let arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/n/1";
        let (status, made) = call("POST", "/vpclinks", json!({"name": "l", "targetArns": [arn]})).await;
        assert_eq!((status, &made["status"]), (202, &json!("PENDING")));
        let path = format!("/vpclinks/{}", made["id"].as_str().unwrap());
        assert_eq!(call("GET", &path, json!(null)).await.1["status"], "AVAILABLE");
        let patch = json!({"patchOperations": [{"op": "replace", "path": "/name", "value": "m"}]});
        assert_eq!(call("PATCH", &path, patch).await.1["name"], "m");
        assert_eq!(call("GET", "/vpclinks", json!(null)).await.1["item"].as_array().unwrap().len(), 1);
        assert_eq!(call("DELETE", &path, json!(null)).await.0, 202);
        assert_eq!(call("GET", &path, json!(null)).await, (404, json!({"message": "VPCLink not found"})));
        for arns in [json!([]), json!(["x"]), json!([arn, arn])] {
            assert_eq!(call("POST", "/vpclinks", json!({"name": "l", "targetArns": arns})).await.0, 400);
        }
    }
}
