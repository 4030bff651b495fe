//! User pools, and what refers to them.

use serde_json::json;

use super::*;

const TEMPLATE: &str = r"
Resources:
  People:
    Type: AWS::Cognito::UserPool
    Properties:
      UserPoolName: people
      AutoVerifiedAttributes: [email]
      EnabledMfas: [SOFTWARE_TOKEN_MFA]
      UserPoolTags: { stage: dev }
      Colour: blue
  Page:
    Type: AWS::Cognito::UserPoolClient
    Properties: { UserPoolId: !Ref People, GenerateSecret: true, AccessTokenValidity: '2' }
  Admins:
    Type: AWS::Cognito::UserPoolGroup
    Properties: { UserPoolId: !Ref People, GroupName: admins, Precedence: 1 }
  Membership:
    Type: AWS::Cognito::UserPoolUserToGroupAttachment
    Properties: { UserPoolId: !Ref People, GroupName: !Ref Admins, Username: !Ref Root }
  Root:
    Type: AWS::Cognito::UserPoolUser
    Properties:
      UserPoolId: !Ref People
      Username: root
      UserAttributes: [{ Name: email, Value: root@example.com }]
  Api:
    Type: AWS::Cognito::UserPoolResourceServer
    Properties:
      UserPoolId: !Ref People
      Identifier: https://api
      Name: api
      Scopes: [{ ScopeName: read, ScopeDescription: reads }]
  Site:
    Type: AWS::Cognito::UserPoolDomain
    Properties: { UserPoolId: !Ref People, Domain: people-site }
Outputs:
  Pool: { Value: !Ref People }
  Arn: { Value: !GetAtt People.Arn }
  Provider: { Value: !GetAtt People.ProviderName }
  Client: { Value: !GetAtt Page.ClientId }
  Secret: { Value: !GetAtt Page.ClientSecret }
";

#[test]
fn a_user_pool_with_all_that_is_in_it() {
    let loaded = Stack::new().load(TEMPLATE);
    let pools = &loaded.model.user_pools;
    let id = output(&loaded, "Pool");
    assert!(id.starts_with("us-east-1_") && id.len() == 19, "{id}");
    assert_eq!(output(&loaded, "Arn"), format!("arn:aws:cognito-idp:us-east-1:000000000000:userpool/{id}"));
    assert_eq!(output(&loaded, "Provider"), format!("cognito-idp.us-east-1.amazonaws.com/{id}"));
    let pool = &pools.pools[id];
    assert_eq!((pool.name.as_str(), pool.tags["stage"].as_str()), ("people", "dev"));
    assert_eq!(serde_json::Value::Object(pool.settings.clone()), json!({"AutoVerifiedAttributes": ["email"]}));
    let client = &pools.clients[output(&loaded, "Client")];
    assert_eq!((client.client_id.len(), client.user_pool_id.as_str()), (26, id));
    assert_eq!(client.client_secret.as_deref(), Some(output(&loaded, "Secret")));
    assert_eq!(client.settings["AccessTokenValidity"], "2");
    assert_eq!(pools.groups[&format!("{id}/admins")].precedence, Some(1));
    let root = &pools.users[&format!("{id}/root")];
    assert_eq!(
        (root.groups.as_slice(), root.attributes["email"].as_str()),
        (&["admins".to_owned()][..], "root@example.com")
    );
    assert_eq!(pools.resource_servers[&format!("{id}/https://api")].scopes[0].scope_name, "read");
    assert_eq!(pools.domains["people-site"], id);
    assert_eq!(unsupported(&loaded), ["People EnabledMfas line 8", "People Colour line 10", "Site line 33"]);
    // The same each time, so that clients of the last run find it again.
    assert_eq!(Stack::new().load(TEMPLATE).model.user_pools, *pools);
}

#[test]
fn a_client_of_no_pool_is_an_error() {
    let errors = Stack::new().errors(
        "Resources:\n  Page:\n    Type: AWS::Cognito::UserPoolClient\n    Properties: { UserPoolId: us-east-1_elsewhere }\n",
    );
    assert!(
        errors[0].contains("Page.UserPoolId is 'us-east-1_elsewhere', which is no user pool of this template"),
        "{errors:?}"
    );
}
