//! Hands the function to the Lambda runtime.

fn main() -> std::process::ExitCode {
    ferrogate_shared::bootstrap::event(authorize_jwt::deps, authorize_jwt::handle)
}
