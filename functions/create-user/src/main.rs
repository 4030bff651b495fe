//! Hands the function to the Lambda runtime.

fn main() -> std::process::ExitCode {
    ferrogate_shared::bootstrap::http(create_user::deps, create_user::handle)
}
