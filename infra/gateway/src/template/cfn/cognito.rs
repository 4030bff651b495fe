//! `AWS::Cognito::*`: user pools, their app clients, groups, resource servers, users and domains.
//!
//! CloudFormation has the names of Cognito's own API for almost all settings, so they are handed on as they are; the control
//! plane knows their types and limits.

use serde_json::{Map, Value};

use crate::model::{
    ResourceServerScope, UserPool, UserPoolClient, UserPoolGroup, UserPoolResourceServer, UserPoolUser,
};

use super::super::loader::Loader;
use super::super::names;
use super::super::properties::Properties;
use super::super::sections::Resource;

/// Settings of a pool that `CreateUserPool` has too.
const POOL: &[&str] = &[
    "AccountRecoverySetting",
    "AdminCreateUserConfig",
    "AliasAttributes",
    "AutoVerifiedAttributes",
    "DeletionProtection",
    "DeviceConfiguration",
    "EmailConfiguration",
    "EmailVerificationMessage",
    "EmailVerificationSubject",
    "LambdaConfig",
    "MfaConfiguration",
    "Policies",
    "Schema",
    "SmsAuthenticationMessage",
    "SmsConfiguration",
    "SmsVerificationMessage",
    "UserAttributeUpdateSettings",
    "UsernameAttributes",
    "UsernameConfiguration",
    "UserPoolAddOns",
    "UserPoolTier",
    "VerificationMessageTemplate",
];

/// Settings of a client that `CreateUserPoolClient` has too.
const CLIENT: &[&str] = &[
    "AccessTokenValidity",
    "AllowedOAuthFlows",
    "AllowedOAuthFlowsUserPoolClient",
    "AllowedOAuthScopes",
    "AnalyticsConfiguration",
    "AuthSessionValidity",
    "CallbackURLs",
    "DefaultRedirectURI",
    "EnablePropagateAdditionalUserContextData",
    "EnableTokenRevocation",
    "ExplicitAuthFlows",
    "IdTokenValidity",
    "LogoutURLs",
    "PreventUserExistenceErrors",
    "ReadAttributes",
    "RefreshTokenRotation",
    "RefreshTokenValidity",
    "SupportedIdentityProviders",
    "TokenValidityUnits",
    "WriteAttributes",
];

/// Loads a resource of Cognito's; leaves any other.
pub(in super::super) fn load<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    match resource.resource_type.as_str() {
        "AWS::Cognito::UserPool" => pool(loader, resource),
        "AWS::Cognito::UserPoolClient" => client(loader, resource),
        "AWS::Cognito::UserPoolGroup" => group(loader, resource),
        "AWS::Cognito::UserPoolResourceServer" => resource_server(loader, resource),
        "AWS::Cognito::UserPoolUser" => user(loader, resource),
        "AWS::Cognito::UserPoolUserToGroupAttachment" => attachment(loader, resource),
        "AWS::Cognito::UserPoolDomain" => domain(loader, resource),
        _ => {}
    }
}

fn settings(properties: &Properties<'_>, names: &[&str]) -> Map<String, Value> {
    names.iter().filter_map(|name| Some(((*name).to_owned(), properties.json(name)?))).collect()
}

fn pool<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    let Ok(id) = loader.resolver.physical_id(resource) else { return };
    properties.unsupported("EnabledMfas", "nobody is asked for MFA here");
    properties.harmless(&["EmailAuthenticationMessage", "EmailAuthenticationSubject"]);
    let generated = || names::generated(loader.resolver.options, &resource.logical_id);
    let pool = UserPool {
        id: id.clone(),
        name: properties.string("UserPoolName").unwrap_or_else(generated),
        settings: settings(&properties, POOL),
        tags: properties.tags("UserPoolTags"),
        ..UserPool::default()
    };
    if loader.claim("user pool", &id, resource.at) {
        loader.model.user_pools.pools.insert(id, pool);
    }
}

/// The pool that a resource belongs to, which must be the template's own.
fn pool_of(loader: &Loader<'_>, properties: &Properties<'_>) -> Option<String> {
    let id = properties.required_string("UserPoolId")?;
    let known = loader.resolver.template.resources.values().any(|resource| {
        resource.resource_type == "AWS::Cognito::UserPool"
            && loader.resolver.physical_id(resource).is_ok_and(|known| known == id)
    });
    if !known {
        properties.error("UserPoolId", format!("is '{id}', which is no user pool of this template"));
    }
    known.then_some(id)
}

fn client<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    let Ok(client_id) = loader.resolver.physical_id(resource) else { return };
    let settings = settings(&properties, CLIENT);
    let options = loader.resolver.options;
    let name = properties.string("ClientName");
    let secret = properties.boolean("GenerateSecret") == Some(true);
    let Some(user_pool_id) = pool_of(loader, &properties) else { return };
    let client = UserPoolClient {
        client_id: client_id.clone(),
        user_pool_id,
        client_name: name.unwrap_or_else(|| names::generated(options, &resource.logical_id)),
        client_secret: secret.then(|| names::user_pool_client_secret(options, &resource.logical_id)),
        settings,
        ..UserPoolClient::default()
    };
    loader.model.user_pools.clients.insert(client_id, client);
}

fn group<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    let name = properties.string("GroupName").unwrap_or_else(|| resource.logical_id.clone());
    let (description, role_arn) = (properties.string("Description"), properties.string("RoleArn"));
    let precedence = properties.integer("Precedence", 0..=i32::MAX.unsigned_abs()).map(i64::from);
    let Some(user_pool_id) = pool_of(loader, &properties) else { return };
    let key = format!("{user_pool_id}/{name}");
    let group =
        UserPoolGroup { group_name: name, user_pool_id, description, role_arn, precedence, ..UserPoolGroup::default() };
    if loader.claim("user pool group", &key, resource.at) {
        loader.model.user_pools.groups.insert(key, group);
    }
}

fn resource_server<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    let scopes = properties.objects("Scopes");
    let scopes = scopes.iter().filter_map(|scope| {
        Some(ResourceServerScope {
            scope_name: scope.required_string("ScopeName")?,
            scope_description: scope.required_string("ScopeDescription")?,
        })
    });
    let scopes = scopes.collect();
    let (identifier, name) = (properties.required_string("Identifier"), properties.required_string("Name"));
    let (Some(identifier), Some(name)) = (identifier, name) else { return };
    let Some(user_pool_id) = pool_of(loader, &properties) else { return };
    let key = format!("{user_pool_id}/{identifier}");
    let server = UserPoolResourceServer { user_pool_id, identifier, name, scopes };
    loader.model.user_pools.resource_servers.insert(key, server);
}

fn user<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.harmless(&["ClientMetadata", "DesiredDeliveryMediums", "ForceAliasCreation", "MessageAction"]);
    properties.harmless(&["ValidationData"]);
    let username = properties.string("Username").unwrap_or_else(|| resource.logical_id.clone());
    let attributes = properties.objects("UserAttributes");
    let attributes = attributes.iter().filter_map(|attribute| {
        Some((attribute.required_string("Name")?, attribute.string("Value").unwrap_or_default()))
    });
    let attributes = attributes.collect();
    let Some(user_pool_id) = pool_of(loader, &properties) else { return };
    let key = format!("{user_pool_id}/{username}");
    let groups = loader.model.user_pools.users.get(&key).map(|user| user.groups.clone()).unwrap_or_default();
    let user = UserPoolUser { user_pool_id, username, attributes, groups };
    loader.model.user_pools.users.insert(key, user);
}

fn attachment<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    let (group, username) = (properties.required_string("GroupName"), properties.required_string("Username"));
    let (Some(group), Some(username)) = (group, username) else { return };
    let Some(user_pool_id) = pool_of(loader, &properties) else { return };
    let key = format!("{user_pool_id}/{username}");
    // The user may stand behind it in the template.
    let user = loader.model.user_pools.users.entry(key).or_insert_with(|| UserPoolUser {
        user_pool_id,
        username,
        ..UserPoolUser::default()
    });
    user.groups.push(group);
}

fn domain<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.harmless(&["CustomDomainConfig", "ManagedLoginVersion"]);
    let Some(domain) = properties.required_string("Domain") else { return };
    let Some(user_pool_id) = pool_of(loader, &properties) else { return };
    loader.resolver.report.unsupported(
        resource.owner(),
        None,
        resource.at,
        "the domain is kept; there is no hosted sign-in page",
    );
    loader.model.user_pools.domains.insert(domain, user_pool_id);
}
