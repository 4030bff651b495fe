//! Somebody who signs up at the template's user pool and in, over Amazon Cognito's protocol.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::Failure;
use crate::client::Client;

const USERNAME: &str = "bench";
/// It opens an account of a gateway that ends with the benchmark.
const PASSWORD: &str = "Correct-horse-battery-1";

/// Whoever has signed in.
pub(crate) struct Person {
    pub(crate) access_token: String,
    pub(crate) id_token: String,
}

/// Signs somebody up at the one user pool of this gateway, and in through its one client.
pub(crate) async fn sign_in(gateway: SocketAddr) -> Result<Person, Failure> {
    let mut cognito = Client::new(gateway, "cognito-idp");
    let mut call = async |operation: &str, body: Value| {
        cognito.operation(&format!("AWSCognitoIdentityProviderService.{operation}"), &body).await
    };
    let pools = call("ListUserPools", json!({ "MaxResults": 10 })).await?;
    let pool = text(&pools["UserPools"][0]["Id"], "a user pool")?;
    let clients = call("ListUserPoolClients", json!({ "UserPoolId": pool, "MaxResults": 10 })).await?;
    let client = text(&clients["UserPoolClients"][0]["ClientId"], "an app client")?;
    let email = json!([{ "Name": "email", "Value": "bench@example.com" }]);
    let account = json!({ "ClientId": client, "Username": USERNAME, "Password": PASSWORD, "UserAttributes": email });
    call("SignUp", account).await?;
    call("AdminConfirmSignUp", json!({ "UserPoolId": pool, "Username": USERNAME })).await?;
    let parameters = json!({ "USERNAME": USERNAME, "PASSWORD": PASSWORD });
    let sign_in = json!({ "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters });
    let said = call("InitiateAuth", sign_in).await?;
    let tokens = &said["AuthenticationResult"];
    Ok(Person {
        access_token: text(&tokens["AccessToken"], "an access token")?,
        id_token: text(&tokens["IdToken"], "an id token")?,
    })
}

fn text(value: &Value, what: &str) -> Result<String, Failure> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("the gateway gave no {what}").into())
}
