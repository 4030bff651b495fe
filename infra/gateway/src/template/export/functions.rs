//! Functions, who may call them, and what they are called for.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::document::{Document, Resource, get_att, reference};
use super::{ExportError, Format, files};
use crate::model::{Architecture, EventSourceMapping, Function, FunctionCode};

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
    let role =
        (document.options.format == Format::CloudFormation && !named.is_empty()).then(|| execution_role(document));
    for (id, function) in named {
        let resource = resource(document, &id, function, role.as_deref())?;
        document.add(&id, resource);
    }
    Ok(())
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
    role: Option<&str>,
) -> Result<Resource, ExportError> {
    let sam = role.is_none();
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
    if let Some(role) = role {
        resource = resource.with("Role", get_att(role, "Arn"));
    }
    let architecture = match function.architecture {
        Architecture::X86_64 => "x86_64",
        Architecture::Arm64 => "arm64",
    };
    let variables: Map<String, Value> =
        function.environment.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    if !variables.is_empty() {
        resource = resource.with("Environment", json!({ "Variables": variables }));
    }
    Ok(resource
        .with("Architectures", json!([architecture]))
        .with("MemorySize", function.memory_size)
        .with("Timeout", function.timeout)
        .with("ReservedConcurrentExecutions", function.reserved_concurrent_executions))
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
