//! VPC links of HTTP APIs, as records: this machine has no VPC.

use serde_json::{Value, json};

use super::super::call::{Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, conflict, not_found};
use super::state::fresh_id;
use super::{input, paging};
use crate::model::ApiVpcLink;

const RECORD: &str = "a record: there is no VPC to link to";

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateVpcLink", create).partly(RECORD),
    op("GetVpcLink", get),
    op("GetVpcLinks", list),
    op("UpdateVpcLink", update),
    op("DeleteVpcLink", delete),
];

/// Of one account and region.
const MAX_VPC_LINKS: usize = 100;

fn create(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigatewayv2);
    if state.vpc_links.len() >= MAX_VPC_LINKS {
        return Err(conflict("Maximum number of VPC links for this account has been reached.").with_status(429));
    }
    let new = ApiVpcLink {
        vpc_link_id: fresh_id(6, |id| state.vpc_links.contains(id)),
        created_date: call.now(),
        ..ApiVpcLink::default()
    };
    let mut link: ApiVpcLink = input::patched(&new, call, &[])?;
    link.tags = input::tags(call)?;
    if link.subnet_ids.is_empty() {
        return Err(bad_request("SubnetIds must name at least one subnet"));
    }
    let answer = view(&link);
    state.vpc_links.insert(link.vpc_link_id.clone(), link)?;
    Output::of(answer)
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    let id = call.text("VpcLinkId");
    Output::of(view(state.vpc_links.get(id).ok_or_else(|| not_found("VpcLink", id))?))
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    paging::page(call, state.vpc_links.iter(), view)
}

fn update(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigatewayv2);
    let id = call.text("VpcLinkId");
    let changed = state.vpc_links.update(id, |link| {
        *link = input::patched(link, call, &[])?;
        Ok(view(link))
    });
    Output::of(changed.ok_or_else(|| not_found("VpcLink", id))??)
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigatewayv2);
    let id = call.text("VpcLinkId");
    let mut integrations = state.apis.values().flat_map(|api| api.integrations.values());
    if integrations.any(|integration| integration.connection_id.as_deref() == Some(id)) {
        return Err(bad_request("Cannot delete vpc link. Vpc link is referenced by an integration"));
    }
    drop(integrations);
    state.vpc_links.remove(id)?.ok_or_else(|| not_found("VpcLink", id))?;
    Ok(Output::empty())
}

fn view(link: &ApiVpcLink) -> Value {
    let mut view = json!(link);
    view["VpcLinkStatus"] = "AVAILABLE".into();
    view["VpcLinkStatusMessage"] = "VPC link is ready to route traffic".into();
    view["VpcLinkVersion"] = "V2".into();
    view
}
