//! Turns a SAM or CloudFormation template into the model. It alone knows YAML.
