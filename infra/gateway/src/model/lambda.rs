//! AWS Lambda's resources.

use std::path::PathBuf;

use indexmap::IndexMap;

/// A Lambda function (`AWS::Lambda::Function`, `AWS::Serverless::Function`).
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// `FunctionName`, or the logical id where the template gives none.
    pub function_name: String,
    /// The template's name for it, if a template declared it.
    pub logical_id: Option<String>,
    /// `arn:aws:lambda:{region}:{account}:function:{function_name}`.
    pub function_arn: String,
    /// `provided.al2023`, `python3.12`, …
    pub runtime: String,
    /// `Handler`; `bootstrap` for `provided.*` where the template gives none.
    pub handler: String,
    /// Where its code is.
    pub code: FunctionCode,
    /// MB; AWS's default is 128.
    pub memory_size: u32,
    /// Seconds, 1 to 900; AWS's default is 3.
    pub timeout: u32,
    /// `Environment.Variables`.
    pub environment: IndexMap<String, String>,
    /// `Architectures`; AWS's default is `x86_64`.
    pub architecture: Architecture,
    /// `ReservedConcurrentExecutions`.
    pub reserved_concurrent_executions: Option<u32>,
    /// `LoggingConfig.LogGroup`; `/aws/lambda/{function_name}` where it is none.
    pub log_group: Option<String>,
}

/// Where a function's code is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionCode {
    /// `CodeUri` is a folder with a Cargo package whose binary is the function.
    Cargo {
        /// The folder with the package's `Cargo.toml`.
        folder: PathBuf,
        /// The binary's name: `Metadata.BuildProperties.Binary`, or the package's name.
        binary: String,
    },
    /// `CodeUri` is a folder that is taken as it is: with an executable `bootstrap`, or with what an interpreter runs.
    Folder(PathBuf),
    /// `CodeUri` is a deployment package, a zip file.
    Zip(PathBuf),
    /// The folder of a deployment package that was uploaded and unpacked; its content never changes.
    Package(PathBuf),
    /// The code is written in the template (`InlineCode`, `ZipFile`).
    Inline {
        /// What AWS calls the file: `index.py`, `index.js`.
        file_name: String,
        /// What is in it.
        source: String,
    },
}

/// `Architectures`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// `x86_64`
    X86_64,
    /// `arm64`
    Arm64,
}
