//! What users may do: their own policies and the managed ones that are attached to them.

use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::documents::{Purpose, check, encoded};
use super::users::{change, read};
use super::{attachments, page, policies};

pub(super) const OPERATIONS: &[Entry] = &[
    op("PutUserPolicy", put_user_policy),
    op("GetUserPolicy", get_user_policy),
    op("ListUserPolicies", list_user_policies),
    op("DeleteUserPolicy", delete_user_policy),
    op("AttachUserPolicy", attach_user_policy),
    op("DetachUserPolicy", detach_user_policy),
    op("ListAttachedUserPolicies", list_attached_user_policies),
];

fn put_user_policy(call: &Call<'_>) -> Outcome {
    let document = call.text("PolicyDocument");
    check(document, Purpose::Identity)?;
    change(call, |user| {
        user.policies.insert(call.text("PolicyName").to_owned(), document.to_owned());
        Ok(Output::empty())
    })
}

fn no_such_policy(call: &Call<'_>) -> ApiError {
    let name = call.text("PolicyName");
    ApiError::new("NoSuchEntityException", format!("The user policy with name {name} cannot be found."))
}

fn get_user_policy(call: &Call<'_>) -> Outcome {
    let name = call.text("PolicyName");
    let document =
        read(call, |user| user.policies.get(name).map(|text| encoded(text)).ok_or_else(|| no_such_policy(call)))?;
    Output::of(json!({ "UserName": call.text("UserName"), "PolicyName": name, "PolicyDocument": document }))
}

fn list_user_policies(call: &Call<'_>) -> Outcome {
    let names = read(call, |user| Ok(user.policies.keys().map(|name| name.as_str().into()).collect()))?;
    Output::of(page(call, "PolicyNames", names))
}

fn delete_user_policy(call: &Call<'_>) -> Outcome {
    change(call, |user| match user.policies.shift_remove(call.text("PolicyName")) {
        Some(_) => Ok(Output::empty()),
        None => Err(no_such_policy(call)),
    })
}

fn attach_user_policy(call: &Call<'_>) -> Outcome {
    let arn = call.text("PolicyArn");
    attachments::check_attachable(&lock(&call.world.iam), arn)?;
    change(call, |user| {
        if !user.attached.iter().any(|attached| attached == arn) {
            user.attached.push(arn.to_owned());
        }
        Ok(Output::empty())
    })
}

fn detach_user_policy(call: &Call<'_>) -> Outcome {
    let arn = call.text("PolicyArn");
    change(call, |user| {
        let before = user.attached.len();
        user.attached.retain(|attached| attached != arn);
        if user.attached.len() == before {
            return Err(policies::no_such_policy(arn));
        }
        Ok(Output::empty())
    })
}

fn list_attached_user_policies(call: &Call<'_>) -> Outcome {
    let attached: Vec<Value> = read(call, |user| Ok(attachments::described(&user.attached)))?;
    Output::of(page(call, "AttachedPolicies", attached))
}
