//! Hands the function to the Lambda runtime.

fn main() -> std::process::ExitCode {
    ferrogate_shared::bootstrap::http(manage_tokens::deps, manage_tokens::handle)
}
