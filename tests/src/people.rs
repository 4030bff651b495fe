//! People: they sign up at the stack's own user pool and sign in, over Amazon Cognito's protocol.

use reqwest::Method;
use serde_json::{Value, json};

use crate::sign::signed;
use crate::stack::Stack;

/// The password of everybody.
pub const PASSWORD: &str = "correct-horse-battery-staple";

/// Somebody who has signed in.
#[derive(Clone, Debug)]
pub struct Person {
    /// The name that was signed up with.
    pub username: String,
    /// The token's `sub`.
    pub user_id: String,
    /// The access token.
    pub token: String,
    /// The id token.
    pub id_token: String,
}

impl Stack {
    /// Calls an operation of Cognito's: the status and what it says.
    pub async fn cognito(&self, operation: &str, body: &Value) -> (u16, Value) {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        let headers = [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.1")];
        let url = format!("{}/", self.endpoint());
        let request = signed(self.client(), Method::POST, &url, "cognito-idp", &headers, body.to_string());
        let answer = request.send().await;
        let answer = answer.unwrap_or_else(|error| panic!("{operation}: {error}"));
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap_or_else(|error| panic!("{operation}: {error}"));
        let said =
            if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
        (status, said)
    }

    async fn cognito_ok(&self, operation: &str, body: &Value) -> Value {
        let (status, said) = self.cognito(operation, body).await;
        assert_eq!(status, 200, "{operation}: {said}");
        said
    }

    /// The stack's user pool and its client: there is one of each.
    pub async fn user_pool(&self) -> (String, String) {
        let pools = self.cognito_ok("ListUserPools", &json!({"MaxResults": 10})).await;
        let pool = pools["UserPools"][0]["Id"].as_str().unwrap_or_else(|| panic!("no user pool: {pools}")).to_owned();
        let clients = json!({"UserPoolId": pool, "MaxResults": 10});
        let clients = self.cognito_ok("ListUserPoolClients", &clients).await;
        let client = clients["UserPoolClients"][0]["ClientId"].as_str();
        (pool, client.unwrap_or_else(|| panic!("no client: {clients}")).to_owned())
    }

    /// Somebody of this name, signed up if need be, and signed in.
    pub async fn person(&self, username: &str) -> Person {
        let (pool, client) = self.user_pool().await;
        self.sign_up(&pool, &client, username).await;
        self.sign_in(&client, username).await
    }

    /// As [`Stack::person`], in the group of the admins.
    pub async fn admin(&self, username: &str) -> Person {
        let (pool, client) = self.user_pool().await;
        self.sign_up(&pool, &client, username).await;
        let group = json!({"UserPoolId": pool, "Username": username, "GroupName": "admin"});
        self.cognito_ok("AdminAddUserToGroup", &group).await;
        self.sign_in(&client, username).await
    }

    async fn sign_up(&self, pool: &str, client: &str, username: &str) {
        let email = json!([{"Name": "email", "Value": format!("{username}@example.com")}]);
        let body = json!({"ClientId": client, "Username": username, "Password": PASSWORD, "UserAttributes": email});
        let (status, said) = self.cognito("SignUp", &body).await;
        let exists = said["__type"].as_str().is_some_and(|kind| kind.ends_with("UsernameExistsException"));
        assert!(status == 200 || exists, "SignUp: {said}");
        if !exists {
            let confirm = json!({"UserPoolId": pool, "Username": username});
            self.cognito_ok("AdminConfirmSignUp", &confirm).await;
        }
    }

    async fn sign_in(&self, client: &str, username: &str) -> Person {
        let parameters = json!({"USERNAME": username, "PASSWORD": PASSWORD});
        let body = json!({"ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters});
        let said = self.cognito_ok("InitiateAuth", &body).await;
        let text = |name: &str| {
            let token = said["AuthenticationResult"][name].as_str();
            token.unwrap_or_else(|| panic!("no {name}: {said}")).to_owned()
        };
        let (token, id_token) = (text("AccessToken"), text("IdToken"));
        let user_id = claims(&token)["sub"].as_str().unwrap_or_default().to_owned();
        Person { username: username.to_owned(), user_id, token, id_token }
    }
}

/// What a token says, unchecked.
pub fn claims(token: &str) -> Value {
    part(token, 1)
}

/// The header of a token.
pub fn header(token: &str) -> Value {
    part(token, 0)
}

fn part(token: &str, place: usize) -> Value {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let text = token.split('.').nth(place).unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_else(|error| panic!("{token}: {error}"));
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{token}: {error}"))
}
