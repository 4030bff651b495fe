//! `GET /_ferrogate/metrics`: what is counted, for Prometheus.

use http::HeaderValue;
use http::header::CONTENT_TYPE;

use super::Reply;
use super::dispatch::Services;
use crate::telemetry::Exposition;

/// Everything that is counted, and what the process is at this moment.
pub(super) fn serve(services: &Services) -> Reply {
    let mut exposition = Exposition::default();
    services.gateway.telemetry.expose(&mut exposition);
    exposition.gauge("ferrogate_build_info", "The version that runs.", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    exposition.gauge(
        "ferrogate_websocket_connections",
        "Open connections of WebSocket APIs, and those that are about to be.",
        &[],
        number(services.published.connections().count()),
    );
    process(&mut exposition);
    let mut reply = Reply::new(exposition.text().into());
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(Exposition::MEDIA_TYPE));
    reply
}

/// What Linux tells of a process; elsewhere there is nothing to tell.
fn process(exposition: &mut Exposition) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(resident) = resident_bytes(&status) {
        exposition.gauge("process_resident_memory_bytes", "Resident memory.", &[], resident);
    }
    if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
        exposition.gauge("process_open_fds", "Open file descriptors.", &[], number(files.count()));
    }
}

/// `VmRSS:     12345 kB`
fn resident_bytes(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1_024.0)
}

#[expect(clippy::cast_precision_loss, reason = "files and connections of a process")]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_of_the_kernels_lines() {
        assert_eq!(resident_bytes("Name:\tferrogate\nVmRSS:\t    2048 kB\nThreads:\t1\n"), Some(2_097_152.0));
        assert_eq!(resident_bytes("VmSize: 1 kB\n"), None);
    }
}
