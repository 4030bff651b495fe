//! Physical names, ids and ARNs: the same for the same template each time, so that URLs and data survive a restart.

use sha2::{Digest as _, Sha256};

use super::LoadOptions;

/// The id of an API: the logical id in lower case, as it must be in a host name.
pub(super) fn api_id(logical_id: &str) -> String {
    logical_id.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// An id of AWS's looks (ten lower-case letters and digits) that depends on its parts alone.
pub(super) fn short_id(parts: &[&str]) -> String {
    long_id(parts, 10)
}

/// The id in a function's URL.
pub(super) fn url_id(logical_id: &str) -> String {
    short_id(&["url", logical_id])
}

/// `https://{url id}.lambda-url.{region}.on.aws/`
pub(super) fn function_url(options: &LoadOptions, logical_id: &str) -> String {
    format!("https://{}.lambda-url.{}.on.aws/", url_id(logical_id), options.region)
}

/// An id or a secret of so many (32 at most) lower-case letters and digits, which depends on its parts alone.
pub(super) fn long_id(parts: &[&str], length: usize) -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let digest = Sha256::digest(parts.join("\u{0}").as_bytes());
    digest.iter().take(length).map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).collect()
}

/// The id of a user pool's app client.
pub(super) fn user_pool_client_id(logical_id: &str) -> String {
    long_id(&["client", logical_id], 26)
}

/// The secret of a user pool's app client: whoever has the template can tell it, as he can everything else of a stack that
/// is tried out.
pub(super) fn user_pool_client_secret(options: &LoadOptions, logical_id: &str) -> String {
    let part = |half: &str, length| long_id(&["client secret", half, &options.stack_name, logical_id], length);
    part("first", 26) + &part("second", 25)
}

/// The id of the resource with this path in a REST API.
pub(super) fn resource_id(api_id: &str, path: &str) -> String {
    short_id(&["resource", api_id, path])
}

/// A name for what the template gives none: AWS's `{stack}-{logical id}-{random}` without the random part.
pub(super) fn generated(options: &LoadOptions, logical_id: &str) -> String {
    format!("{}-{logical_id}", options.stack_name)
}

/// The value of an API key that is given none: AWS's 40 characters, here the same in each run, so that clients need not be
/// told anew. Whoever knows the stack's name and the key's can tell it, so it protects nothing but one machine's tests; a
/// key that is to be secret has its `Value` from a parameter.
pub(super) fn api_key_value(options: &LoadOptions, logical_id: &str) -> String {
    let part = |number| short_id(&["api key", &options.stack_name, logical_id, number]);
    ["0", "1", "2", "3"].map(part).concat()
}

/// `arn:{partition}:{service}:{region}:{account}:{resource}`
pub(super) fn arn(options: &LoadOptions, service: &str, resource: &str) -> String {
    format!("arn:{}:{service}:{}:{}:{resource}", partition(options), options.region, options.account_id)
}

/// `arn:aws:lambda:{region}:{account}:function:{name}`
pub(super) fn function_arn(options: &LoadOptions, function_name: &str) -> String {
    arn(options, "lambda", &format!("function:{function_name}"))
}

/// The UUID of an event source mapping.
pub(super) fn mapping_uuid(options: &LoadOptions, logical_id: &str) -> String {
    uuid(&["mapping", &options.stack_name, logical_id])
}

/// The UUID in the ARN of a subscription to a topic.
pub(super) fn subscription_id(options: &LoadOptions, logical_id: &str) -> String {
    uuid(&["subscription", &options.stack_name, logical_id])
}

/// A UUID that depends on its parts alone.
fn uuid(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\u{0}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// What API Gateway wants as a Lambda integration's URI.
pub(super) fn lambda_uri(options: &LoadOptions, function_arn: &str) -> String {
    format!(
        "arn:{}:apigateway:{}:lambda:path/2015-03-31/functions/{function_arn}/invocations",
        partition(options),
        options.region
    )
}

/// `AWS::Partition`
pub(super) fn partition(options: &LoadOptions) -> &'static str {
    match options.region.as_str() {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// `AWS::URLSuffix`
pub(super) fn url_suffix(options: &LoadOptions) -> &'static str {
    if partition(options) == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
}

/// `AWS::StackId`, which ends in a UUID, as AWS's: templates cut names out of it.
pub(super) fn stack_id(options: &LoadOptions) -> String {
    arn(options, "cloudformation", &format!("stack/{}/{}", options.stack_name, uuid(&["stack", &options.stack_name])))
}

/// The host of an API's default endpoint.
pub(super) fn api_host(options: &LoadOptions, api_id: &str) -> String {
    format!("{api_id}.execute-api.{}.{}", options.region, url_suffix(options))
}
