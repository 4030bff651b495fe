//! Resource-based policies: who may invoke a function.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::names::Name;
use super::{CONFLICT, NOT_FOUND, change, check_revision, invalid, new_revision, read};
use crate::model::{FunctionRecord, LATEST, PolicyStatement};

pub(super) const OPERATIONS: &[Entry] = &[
    op("AddPermission", add_permission)
        .partly("calls of services are checked; whether a client may call is IAM's to say, which is not asked yet"),
    op("RemovePermission", remove_permission),
    op("GetPolicy", get_policy),
];

/// Lambda's bound for a policy.
const MAX_POLICY: usize = 20 * 1024;

fn statement(call: &Call<'_>) -> PolicyStatement {
    let text = |member: &str| call.optional_text(member).map(str::to_owned);
    PolicyStatement {
        statement_id: call.text("StatementId").to_owned(),
        action: call.text("Action").to_owned(),
        principal: call.text("Principal").to_owned(),
        source_arn: text("SourceArn"),
        source_account: text("SourceAccount"),
        event_source_token: text("EventSourceToken"),
        principal_org_id: text("PrincipalOrgID"),
        function_url_auth_type: text("FunctionUrlAuthType"),
        invoked_via_function_url: call.boolean("InvokedViaFunctionUrl"),
    }
}

/// A statement as a policy document has it.
fn document(resource: &str, statement: &PolicyStatement) -> Value {
    let principal = &statement.principal;
    let principal = if principal == "*" {
        json!("*")
    } else if crate::ids::is_account_id(principal) {
        json!({ "AWS": format!("arn:aws:iam::{principal}:root") })
    } else if principal.starts_with("arn:") {
        json!({ "AWS": principal })
    } else {
        json!({ "Service": principal })
    };
    let mut document = Map::new();
    document.insert("Sid".to_owned(), statement.statement_id.as_str().into());
    document.insert("Effect".to_owned(), "Allow".into());
    document.insert("Principal".to_owned(), principal);
    document.insert("Action".to_owned(), statement.action.as_str().into());
    document.insert("Resource".to_owned(), resource.into());
    let mut conditions = Map::new();
    let mut condition = |operator: &str, key: &str, value: Option<&str>| {
        if let Some(value) = value {
            let of_operator = conditions.entry(operator).or_insert_with(|| json!({}));
            of_operator[key] = value.into();
        }
    };
    condition("StringEquals", "lambda:FunctionUrlAuthType", statement.function_url_auth_type.as_deref());
    condition("StringEquals", "AWS:SourceAccount", statement.source_account.as_deref());
    condition("StringEquals", "lambda:EventSourceToken", statement.event_source_token.as_deref());
    condition("StringEquals", "aws:PrincipalOrgID", statement.principal_org_id.as_deref());
    let via_url = statement.invoked_via_function_url.map(|via| via.to_string());
    condition("Bool", "lambda:InvokedViaFunctionUrl", via_url.as_deref());
    condition("ArnLike", "AWS:SourceArn", statement.source_arn.as_deref());
    if !conditions.is_empty() {
        document.insert("Condition".to_owned(), conditions.into());
    }
    document.into()
}

/// The revision of what a policy belongs to: a version, or an alias.
fn revision<'r>(record: &'r mut FunctionRecord, name: &Name) -> Option<&'r mut String> {
    let qualifier = name.qualifier.as_deref().unwrap_or(LATEST);
    match record.aliases.get_mut(qualifier) {
        Some(alias) => Some(&mut alias.revision_id),
        None => record.versions.get_mut(qualifier).map(|version| &mut version.revision_id),
    }
}

fn check_principal(principal: &str) -> Result<(), ApiError> {
    static FORM: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^(\*|\d{12}|arn:(aws[a-zA-Z-]*):(iam|sts)::\d{12}:.+|[a-z0-9.-]+\.(amazonaws\.com(\.cn)?|internal|alexa\.com|[a-z.]+))$").ok()
    });
    if FORM.as_ref().is_none_or(|form| form.is_match(principal)) {
        return Ok(());
    }
    Err(invalid("The provided principal was invalid. Please check the principal and try again."))
}

fn add_permission(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    if name.qualifier.as_deref() == Some(LATEST) {
        return Err(invalid("We currently do not support adding policies for $LATEST."));
    }
    let statement = statement(call);
    check_principal(&statement.principal)?;
    let resource = name.arn(call.world);
    let shown = document(&resource, &statement).to_string();
    change(call, &name, |record| {
        name.check_qualifier(call, record)?;
        let present = revision(record, &name).map(|revision| revision.clone()).unwrap_or_default();
        check_revision(call.optional_text("RevisionId"), &present, "GetFunction/GetAlias")?;
        let policy = record.policies.entry(name.own_qualifier().to_owned()).or_default();
        if policy.statements.iter().any(|known| known.statement_id == statement.statement_id) {
            let message = format!(
                "The statement id ({}) provided already exists. Please provide a new statement id, or remove the existing \
                 statement.",
                statement.statement_id
            );
            return Err(ApiError::new(CONFLICT, message));
        }
        policy.statements.push(statement);
        policy.revision_id = new_revision();
        let length: usize = policy.statements.iter().map(|known| document(&resource, known).to_string().len()).sum();
        if length > MAX_POLICY {
            let message = format!("The final policy size ({length}) is bigger than the limit ({MAX_POLICY}).");
            return Err(ApiError::new("PolicyLengthExceededException", message));
        }
        let id = policy.revision_id.clone();
        if let Some(revision) = revision(record, &name) {
            *revision = id;
        }
        Ok(())
    })?;
    Output::of(json!({ "Statement": shown }))
}

fn remove_permission(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    if read(call, &name).is_err() {
        return Err(ApiError::new(
            NOT_FOUND,
            format!("No policy found for: {}", Name { qualifier: None, ..name }.arn(call.world)),
        ));
    }
    let wanted = call.text("StatementId");
    change(call, &name, |record| {
        name.check_qualifier(call, record)?;
        let present = revision(record, &name).map(|revision| revision.clone()).unwrap_or_default();
        let none = || ApiError::new(NOT_FOUND, "No policy is associated with the given resource.");
        let qualifier = name.own_qualifier();
        let policy = record.policies.get_mut(qualifier).ok_or_else(none)?;
        let place = policy.statements.iter().position(|known| known.statement_id == wanted);
        let place = place
            .ok_or_else(|| ApiError::new(NOT_FOUND, format!("Statement {wanted} is not found in resource policy.")))?;
        check_revision(call.optional_text("RevisionId"), &present, "GetFunction/GetAlias")?;
        policy.statements.remove(place);
        policy.revision_id = new_revision();
        let id = policy.revision_id.clone();
        if policy.statements.is_empty() {
            record.policies.shift_remove(qualifier);
        }
        if let Some(revision) = revision(record, &name) {
            *revision = id;
        }
        Ok(())
    })?;
    Ok(Output::empty().with_status(204))
}

fn get_policy(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    let record = read(call, &name)?;
    name.check_qualifier(call, &record)?;
    let none = || ApiError::new(NOT_FOUND, "The resource you requested does not exist.");
    let policy = record.policies.get(name.own_qualifier()).ok_or_else(none)?;
    let resource = name.arn(call.world);
    let statements: Vec<_> = policy.statements.iter().map(|statement| document(&resource, statement)).collect();
    let text = json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements }).to_string();
    Output::of(json!({ "Policy": text, "RevisionId": policy.revision_id }))
}
