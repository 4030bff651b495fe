//! Hands the function to the Lambda runtime.

fn main() -> std::process::ExitCode {
    ferrogate_shared::bootstrap::http(get_data::deps, get_data::handle)
}
