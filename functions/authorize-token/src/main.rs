//! Hands the function to the Lambda runtime.

fn main() -> std::process::ExitCode {
    ferrogate_shared::bootstrap::event(authorize_token::deps, authorize_token::handle)
}
