//! Functions, who may call them, and what they are called for.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::document::{Document, Resource, get_att, reference, tags};
use super::{ExportError, Format, files};
use crate::model::{Architecture, EventSourceMapping, Function, FunctionCode, FunctionRecord, FunctionUrl, Model};

/// Adds the functions.
pub(super) fn add(document: &mut Document<'_>) -> Result<(), ExportError> {
    let functions: Vec<_> = document.model.functions.values().collect();
    let mut named = Vec::new();
    for function in functions {
        let declared = function.logical_id.as_deref();
        let id = document.ids.declared_or(declared, &function.function_name, "Function");
        document.references.function(&function.function_name, &id);
        named.push((id, function));
    }
    let of = |function: &Function| own_role(document.model, function).map(|arn| json!(arn));
    let mut roles: Vec<Option<Value>> = named.iter().map(|(_, function)| of(function)).collect();
    if document.options.format == Format::CloudFormation && roles.iter().any(Option::is_none) {
        let shared = get_att(&execution_role(document), "Arn");
        roles.iter_mut().filter(|role| role.is_none()).for_each(|role| *role = Some(shared.clone()));
    }
    for ((id, function), role) in named.into_iter().zip(roles) {
        let resource = resource(document, &id, function, role)?;
        document.add(&id, resource);
        if let Some(url) = own_url(document.model, function) {
            let resource = url_resource(url, &id);
            let id = document.ids.make(&[&id, "Url"]);
            document.add(&id, resource);
        }
    }
    Ok(())
}

/// The URL of the function as it is now, which a template or the API has made.
fn own_url<'m>(model: &'m Model, function: &Function) -> Option<&'m FunctionUrl> {
    let name = &function.function_name;
    let made = model.function_records.get(name).and_then(|record| record.urls.get(""));
    made.or_else(|| model.function_urls.get(name))
}

fn url_resource(url: &FunctionUrl, function: &str) -> Resource {
    let cors = url.cors.as_ref().and_then(|cors| serde_json::to_value(cors).ok());
    Resource::new("AWS::Lambda::Url")
        .with("TargetFunctionArn", get_att(function, "Arn"))
        .with("AuthType", url.auth_type.as_str())
        .with("Cors", cors)
}

/// The ARN of the role that a function was created with, if the role is here.
fn own_role<'m>(model: &'m Model, function: &Function) -> Option<&'m str> {
    let role = model.function_records.get(&function.function_name)?.latest()?.role.as_str();
    model.roles.values().any(|known| known.arn == role).then_some(role)
}

/// SAM makes each function a role; CloudFormation wants one.
fn execution_role(document: &mut Document<'_>) -> String {
    let id = document.ids.make(&["FunctionsRole"]);
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole" }
        ],
    });
    let logs = json!([
        { "Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole" }
    ]);
    let role = Resource::new("AWS::IAM::Role")
        .with("AssumeRolePolicyDocument", trust)
        .with("ManagedPolicyArns", logs)
        .note("Functions may write their logs. What else they do on AWS (read a table, post to a connection) wants a policy here.");
    document.add(&id, role);
    id
}

fn resource(
    document: &mut Document<'_>,
    id: &str,
    function: &Function,
    role: Option<Value>,
) -> Result<Resource, ExportError> {
    let sam = document.options.format == Format::Sam;
    let mut resource = Resource::new(if sam { "AWS::Serverless::Function" } else { "AWS::Lambda::Function" })
        .with("FunctionName", function.function_name.as_str())
        .with("Runtime", function.runtime.as_str())
        .with("Handler", function.handler.as_str());
    let code = code(document, id, function)?;
    if let FunctionCode::Cargo { binary, .. } = &function.code {
        let build = json!({ "BuildMethod": "rust-cargolambda", "BuildProperties": { "Binary": binary } });
        resource.metadata = Some(build);
    }
    let inline = code.get("ZipFile").cloned();
    resource = match (sam, inline) {
        (true, Some(source)) => resource.with("InlineCode", source),
        (true, None) => resource.with("CodeUri", code),
        (false, _) => resource.with("Code", code),
    };
    resource = resource.with("Role", role);
    let architecture = match function.architecture {
        Architecture::X86_64 => "x86_64",
        Architecture::Arm64 => "arm64",
    };
    let variables: Map<String, Value> =
        function.environment.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    if !variables.is_empty() {
        resource = resource.with("Environment", json!({ "Variables": variables }));
    }
    if let Some(group) = &function.log_group {
        resource = resource.with("LoggingConfig", json!({ "LogGroup": group }));
    }
    if let Some(record) = document.model.function_records.get(&function.function_name) {
        resource = described(resource, record, sam);
    }
    Ok(resource
        .with("Architectures", json!([architecture]))
        .with("MemorySize", function.memory_size)
        .with("Timeout", function.timeout)
        .with("ReservedConcurrentExecutions", function.reserved_concurrent_executions))
}

/// What Lambda keeps of a function besides what runs.
fn described(resource: Resource, record: &FunctionRecord, sam: bool) -> Resource {
    let description = record.latest().map(|latest| latest.description.as_str()).filter(|text| !text.is_empty());
    let tags = if sam { json!(record.tags) } else { tags(&record.tags) };
    let mut resource = resource.with("Description", description).with("Tags", tags);
    let left_out = [
        (record.versions.len() > 1, "published versions"),
        (!record.aliases.is_empty(), "aliases"),
        (record.urls.keys().any(|alias| !alias.is_empty()), "function URLs of aliases"),
        (!record.event_invoke_configs.is_empty(), "settings for asynchronous calls"),
        (!record.provisioned_concurrency.is_empty(), "provisioned concurrency"),
    ];
    let left_out: Vec<&str> = left_out.into_iter().filter(|(has, _)| *has).map(|(_, what)| what).collect();
    if !left_out.is_empty() {
        resource = resource.note(format!("It has {}, which are not in here.", left_out.join(", ")));
    }
    resource
}

/// `CodeUri`, or `{"ZipFile": …}`; what it names is added to the document's files.
fn code(document: &mut Document<'_>, id: &str, function: &Function) -> Result<Value, ExportError> {
    let beside = Path::new("functions");
    let copied = |path: &Path| json!(path.to_string_lossy());
    let name = function.function_name.as_str();
    match &function.code {
        // It is built where its workspace is.
        FunctionCode::Cargo { folder, .. } => Ok(copied(&files::relative(folder, document.options.folder.as_deref()))),
        FunctionCode::Folder(folder) | FunctionCode::Package(folder) => {
            let target = beside.join(id);
            files::read(&mut document.files, name, folder, &target)?;
            Ok(copied(&target))
        }
        FunctionCode::Zip(file) => {
            let target = beside.join(format!("{id}.zip"));
            files::read(&mut document.files, name, file, &target)?;
            Ok(copied(&target))
        }
        FunctionCode::Inline { source, .. } => Ok(json!({ "ZipFile": source })),
    }
}

/// Lets the APIs call the functions that they name, which AWS refuses otherwise.
pub(super) fn add_permissions(document: &mut Document<'_>) {
    for (function, api) in std::mem::take(&mut document.calls) {
        let id = document.ids.make(&[&function, &api, "Permission"]);
        let source = format!("arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{{api}}}/*");
        let permission = Resource::new("AWS::Lambda::Permission")
            .with("Action", "lambda:InvokeFunction")
            .with("FunctionName", get_att(&function, "Arn"))
            .with("Principal", "apigateway.amazonaws.com")
            .with("SourceArn", json!({ "Fn::Sub": source }));
        document.add(&id, permission);
    }
    for record in document.model.function_records.values() {
        let Some((function, _)) = document.references.function_named(&record.function_name) else { continue };
        let function = function.to_owned();
        let statements = record.policies.get("").map(|policy| policy.statements.as_slice()).unwrap_or_default();
        // What API Gateway may call is there already, for every API that does.
        for statement in statements.iter().filter(|statement| statement.principal != "apigateway.amazonaws.com") {
            let id = document.ids.make(&[&function, &statement.statement_id, "Permission"]);
            let permission = Resource::new("AWS::Lambda::Permission")
                .with("Action", statement.action.as_str())
                .with("FunctionName", get_att(&function, "Arn"))
                .with("Principal", statement.principal.as_str())
                .with("SourceArn", statement.source_arn.clone())
                .with("SourceAccount", statement.source_account.clone())
                .with("EventSourceToken", statement.event_source_token.clone())
                .with("PrincipalOrgID", statement.principal_org_id.clone())
                .with("FunctionUrlAuthType", statement.function_url_auth_type.clone());
            document.add(&id, permission);
        }
    }
}

/// Adds the event source mappings.
pub(super) fn add_event_sources(document: &mut Document<'_>) {
    for mapping in document.model.event_source_mappings.values() {
        let known = document.references.function_named(&mapping.function);
        let function = match known {
            Some((id, true)) => get_att(id, "Arn"),
            Some((id, false)) => reference(id),
            None => json!(mapping.function),
        };
        let name = known.map_or(mapping.function.as_str(), |(id, _)| id).to_owned();
        let table = mapping.event_source_arn.split_once(":table/").and_then(|(_, rest)| rest.split('/').next());
        let id = document.ids.make(&[&name, table.unwrap_or_default(), "Events"]);
        let resource = event_source(mapping, function);
        document.add(&id, resource);
    }
}

fn event_source(mapping: &EventSourceMapping, function: Value) -> Resource {
    let start = serde_json::to_value(mapping.starting_position).unwrap_or_default();
    let json = |value: &Option<_>| serde_json::to_value(value).unwrap_or_default();
    Resource::new("AWS::Lambda::EventSourceMapping")
        .with("FunctionName", function)
        .with("EventSourceArn", mapping.event_source_arn.as_str())
        .with("StartingPosition", start)
        .with("BatchSize", mapping.batch_size)
        .with("Enabled", mapping.enabled)
        .unless("MaximumBatchingWindowInSeconds", mapping.maximum_batching_window_in_seconds, 0)
        .unless("MaximumRetryAttempts", mapping.maximum_retry_attempts, -1)
        .unless("MaximumRecordAgeInSeconds", mapping.maximum_record_age_in_seconds, -1)
        .unless("BisectBatchOnFunctionError", mapping.bisect_batch_on_function_error, false)
        .unless("ParallelizationFactor", mapping.parallelization_factor, 1)
        .with("FunctionResponseTypes", mapping.function_response_types.clone())
        .with("FilterCriteria", json(&mapping.filter_criteria))
        .with("DestinationConfig", serde_json::to_value(&mapping.destination_config).unwrap_or_default())
}
