//! The whole of template.yaml on one machine, with the real AWS clients on loopback.

mod access_keys;
mod aws;
mod bootstrap;
mod data;
mod dice;
mod functions;
mod gateway;
mod host;
mod meter;
mod policies;
mod proxy;
mod queues;
mod run_file;
mod settings;
mod sqs;
mod stack;
mod tables;
mod template;
mod triggers;
mod wechat;
mod wire;
mod written;

pub use host::run_as_function;
pub use meter::{Load, Usage};
pub use run_file::RunFile;
pub use settings::{Faults, Settings};
pub use stack::Stack;
pub use written::Written;

use tokio::net::TcpListener;

/// Why the stack did not start; the text says what to do where there is something to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StackError(String);

impl StackError {
    fn new(what: &str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut text = format!("Cannot {what}");
        let error = error.into();
        let mut cause: Option<&dyn std::error::Error> = Some(&*error);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        Self(text + ".")
    }
}

impl From<template::TemplateError> for StackError {
    fn from(error: template::TemplateError) -> Self {
        Self(error.to_string())
    }
}

/// Listens on a loopback port, 0 for any; gives its URL, too.
///
/// # Errors
/// When the port is taken.
pub async fn loopback(port: u16) -> Result<(TcpListener, String), StackError> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => StackError(format!(
            "Port {port} is taken, perhaps by another `cargo run`. End that one, or choose other ports: --port 0 --simulator-port 0 --console-port 0."
        )),
        _ => StackError::new(&format!("listen on 127.0.0.1:{port}"), error),
    })?;
    let address = listener.local_addr().map_err(|error| StackError::new("read a socket's address", error))?;
    Ok((listener, format!("http://{address}")))
}
