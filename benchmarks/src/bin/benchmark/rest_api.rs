//! Builds REST APIs through the control plane, as a client of AWS does.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Failure;
use crate::client::Client;

/// Calls for one resource: itself, its method, its integration.
pub(crate) const CALLS: usize = 3;
const URI: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/\
                   arn:aws:lambda:us-east-1:000000000000:function:hello/invocations";

/// An API under construction.
pub(crate) struct RestApi {
    pub(crate) id: String,
    root: String,
}

impl RestApi {
    /// An API that is empty.
    pub(crate) async fn create(client: &mut Client) -> Result<RestApi, Failure> {
        let made = client.call("POST", "/restapis", &json!({"name": "bench"})).await?;
        let id = text(&made, "id")?;
        // Not every server says it in the first answer.
        let all = client.call("GET", &format!("/restapis/{id}/resources"), &Value::Null).await?;
        let root = items(&all).first().ok_or("a new REST API has no root resource")?;
        Ok(RestApi { root: text(root, "id")?, id })
    }

    /// One more resource below the root, with a method and an integration: how long these three calls took.
    pub(crate) async fn add(&self, client: &mut Client, number: usize) -> Result<Duration, Failure> {
        let resources = format!("/restapis/{}/resources", self.id);
        let integration = json!({"type": "AWS_PROXY", "httpMethod": "POST", "uri": URI});
        let started = Instant::now();
        let made = client
            .call("POST", &format!("{resources}/{}", self.root), &json!({"pathPart": format!("part{number}")}))
            .await?;
        let method = format!("{resources}/{}/methods/GET", text(&made, "id")?);
        client.call("PUT", &method, &json!({"authorizationType": "NONE"})).await?;
        client.call("PUT", &format!("{method}/integration"), &integration).await?;
        Ok(started.elapsed())
    }

    /// One more resource below the root, with a mock that says hello.
    pub(crate) async fn add_mock(&self, client: &mut Client, number: usize) -> Result<(), Failure> {
        let resources = format!("/restapis/{}/resources", self.id);
        let part = json!({"pathPart": format!("part{number}")});
        let made = client.call("POST", &format!("{resources}/{}", self.root), &part).await?;
        let method = format!("{resources}/{}/methods/GET", text(&made, "id")?);
        client.call("PUT", &method, &json!({"authorizationType": "NONE"})).await?;
        let templates = json!({"application/json": "{\"statusCode\": 200}"});
        client
            .call("PUT", &format!("{method}/integration"), &json!({"type": "MOCK", "requestTemplates": templates}))
            .await?;
        client.call("PUT", &format!("{method}/responses/200"), &json!({})).await?;
        let templates = json!({"application/json": "{\"message\":\"hello\"}"});
        let response = format!("{method}/integration/responses/200");
        client.call("PUT", &response, &json!({"responseTemplates": templates})).await?;
        Ok(())
    }

    /// Deploys it to a stage: how long that took.
    pub(crate) async fn deploy(&self, client: &mut Client) -> Result<Duration, Failure> {
        let started = Instant::now();
        let path = format!("/restapis/{}/deployments", self.id);
        client.call("POST", &path, &json!({"stageName": "bench"})).await?;
        Ok(started.elapsed())
    }

    /// Deletes it.
    pub(crate) async fn delete(self, client: &mut Client) -> Result<(), Failure> {
        client.call("DELETE", &format!("/restapis/{}", self.id), &Value::Null).await?;
        Ok(())
    }

    /// That it has this many resources below its root.
    pub(crate) async fn check(&self, client: &mut Client, resources: usize) -> Result<(), Failure> {
        let path = format!("/restapis/{}/resources?limit=500", self.id);
        let all = client.call("GET", &path, &Value::Null).await?;
        match items(&all).len() {
            found if found == resources + 1 => Ok(()),
            found => Err(format!("a REST API of {resources} resources and the root has {found}").into()),
        }
    }
}

fn text(value: &Value, member: &str) -> Result<String, Failure> {
    let found = value[member].as_str().ok_or_else(|| format!("an answer has no «{member}»: {value}"))?;
    Ok(found.to_owned())
}

/// The members of a list: `item` is its name on the wire.
fn items(value: &Value) -> &[Value] {
    value["item"].as_array().map_or(&[], Vec::as_slice)
}
