//! Where an integration may not connect to: the addresses that mean "this very machine's cloud".
//!
//! A URI that a caller has a say in (by a path variable, by a stage variable, by the DNS of a name that is theirs) must not
//! reach the metadata service, whose answer is the machine's credentials. The check is of the address that is about to be
//! connected to, in the connector itself and for each connection: neither another spelling of the address nor a name that
//! resolves to something else the second time gets around it. Loopback addresses are allowed, since backends under
//! development live there.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A host is, or resolves to, nothing but addresses that are closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{host} is the link-local address {address}, which integrations may not reach; start ferrogate with --allow-link-local \
     if it is meant"
)]
pub(super) struct Blocked {
    host: String,
    address: IpAddr,
}

/// A host name that no address is known of.
#[derive(Debug, thiserror::Error)]
#[error("the host name {host} cannot be resolved: {error}")]
pub(super) struct Unresolved {
    host: String,
    error: io::Error,
}

/// Whether `address` is a link-local one or a metadata service's, in any of the forms in which IPv6 can carry it.
pub(super) fn is_closed(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => {
            v6.is_unicast_link_local() || is_metadata(v6) || carried(v6).is_some_and(|v4| v4.is_link_local())
        }
    }
}

/// AWS's services of an instance by IPv6: its metadata (`fd00:ec2::254`), time, DNS and container credentials.
fn is_metadata(address: Ipv6Addr) -> bool {
    matches!(address.segments(), [0xfd00, 0x0ec2, ..])
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, translated (NAT64) or tunnelled (6to4).
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => Some(v4(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 1, _, _, _, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

/// Connects, but to no closed address unless they are allowed.
#[derive(Clone)]
pub(super) struct Guard {
    tcp: HttpConnector<Resolver>,
    allowed: bool,
}

impl Guard {
    /// `set_up` sets the bounds of the connections.
    pub(super) fn new(allowed: bool, set_up: impl FnOnce(&mut HttpConnector<Resolver>)) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Resolver { system: GaiResolver::new(), allowed });
        tcp.enforce_http(false);
        set_up(&mut tcp);
        Guard { tcp, allowed }
    }
}

impl Service<Uri> for Guard {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        // An address that is written out is connected to without the resolver being asked.
        let host = uri.host().unwrap_or_default();
        let written: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
        if let Some(address) = written.filter(|address| !self.allowed && is_closed(*address)) {
            let blocked = Blocked { host: host.to_owned(), address };
            return async move { Err(blocked.into()) }.boxed();
        }
        let connecting = self.tcp.call(uri);
        async move { connecting.await.map_err(Into::into) }.boxed()
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("allowed", &self.allowed).finish_non_exhaustive()
    }
}

/// The system's resolver, without the closed addresses of what it finds.
#[derive(Clone)]
pub(super) struct Resolver {
    system: GaiResolver,
    allowed: bool,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.system.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let host = name.as_str().to_owned();
        // These are this machine's by definition (RFC 6761, section 6.3), whether or not its resolver knows; the APIs here
        // have such names.
        if host.to_ascii_lowercase().trim_end_matches('.').ends_with(".localhost") {
            let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
            let loopback = loopback.map(|address| SocketAddr::new(address, 0)).to_vec();
            return async move { Ok(loopback.into_iter()) }.boxed();
        }
        let (resolving, allowed) = (self.system.call(name), self.allowed);
        async move {
            match resolving.await {
                Ok(found) => Ok(open(host, found, allowed)?.into_iter()),
                Err(error) => Err(Unresolved { host, error }.into()),
            }
        }
        .boxed()
    }
}

/// What of `found` may be connected to.
fn open(host: String, found: impl Iterator<Item = SocketAddr>, allowed: bool) -> Result<Vec<SocketAddr>, Blocked> {
    let (open, closed): (Vec<_>, Vec<_>) = found.partition(|found| allowed || !is_closed(found.ip()));
    match closed.first() {
        Some(first) if open.is_empty() => Err(Blocked { host, address: first.ip() }),
        _ => Ok(open),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_local_addresses_are_closed_in_every_form() {
        for closed in [
            "169.254.169.254",
            "169.254.170.2",
            "169.254.0.0",
            "169.254.255.255",
            "fe80::1",
            "febf:ffff::1",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "::ffff:169.254.169.254",
            "::ffff:a9fe:a9fe",
            "::169.254.169.254",
            "::ffff:0:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::169.254.169.254",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(is_closed(closed.parse().unwrap()), "{closed}");
        }
    }

    #[test]
    fn others_are_open_and_loopback_too() {
        for open in [
            "127.0.0.1",
            "::1",
            "0.0.0.0",
            "10.0.0.1",
            "192.168.1.1",
            "169.253.255.255",
            "169.255.0.0",
            "8.8.8.8",
            "::ffff:127.0.0.1",
            "fec0::1",
            "fd00::1",
            "2001:db8::1",
            "2002:a00:1::1",
        ] {
            assert!(!is_closed(open.parse().unwrap()), "{open}");
        }
    }

    #[test]
    fn what_a_name_resolves_to_is_sorted_out_each_time() {
        let address = |text: &str| SocketAddr::new(text.parse().unwrap(), 80);
        let mixed = [address("169.254.169.254"), address("10.0.0.1"), address("fe80::1")];
        assert_eq!(open("h".to_owned(), mixed.into_iter(), false).unwrap(), [address("10.0.0.1")]);
        let rebound = open("h".to_owned(), [address("::ffff:169.254.169.254")].into_iter(), false).unwrap_err();
        assert!(rebound.to_string().contains("--allow-link-local"), "{rebound}");
        assert_eq!(open("h".to_owned(), mixed.into_iter(), true).unwrap().len(), 3);
    }

    #[tokio::test]
    async fn no_spelling_of_the_address_is_connected_to() {
        for host in [
            "169.254.169.254",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "[::ffff:169.254.169.254]",
            // What the system's resolver takes for addresses too.
            "2852039166",
            "0xa9fea9fe",
            "0251.0376.0251.0376",
            "169.254.43518",
        ] {
            let uri: Uri = format!("http://{host}/latest/meta-data").parse().unwrap();
            let mut guard = Guard::new(false, |_| {});
            let error = guard.call(uri).await.unwrap_err();
            let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&*error);
            let mut blocked = false;
            while let Some(error) = cause {
                blocked |= error.is::<Blocked>();
                cause = error.source();
            }
            assert!(blocked, "{host}: {error:?}");
        }
    }
}
