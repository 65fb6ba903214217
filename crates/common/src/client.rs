//! Who is at the other end of a request: the socket's peer, or whom a proxy of ours names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use actix_web::HttpRequest;
use ipnet::IpNet;

/// Which peers are proxies of ours, and where their `X-Forwarded-For` names the client.
#[derive(Clone, Debug)]
pub struct Proxies {
    pub trusted: Vec<IpNet>,
    /// Counted from the right, 1 being the last: everything to the left of it is the client's own claim.
    pub position: usize,
}

impl Proxies {
    /// Who sent this.
    #[must_use]
    pub fn sender(&self, request: &HttpRequest) -> IpAddr {
        let peer = request
            .peer_addr()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        let forwarded: Vec<&[u8]> = request
            .headers()
            .get_all("x-forwarded-for")
            .map(|value| value.as_bytes())
            .collect();
        self.client(peer, forwarded.into_iter())
    }

    /// The client's address. `forwarded` are the values of all `X-Forwarded-For` lines in their order. A peer that is
    /// no proxy of ours, or one that names no address there, is the client itself.
    pub fn client<'a>(
        &self,
        peer: IpAddr,
        forwarded: impl DoubleEndedIterator<Item = &'a [u8]>,
    ) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusted.iter().any(|net| net.contains(&peer)) {
            return peer;
        }
        forwarded
            .rev()
            .flat_map(|line| line.rsplit(|byte| *byte == b','))
            .nth(self.position - 1)
            .and_then(address)
            .unwrap_or(peer)
    }
}

/// An address as proxies write it, with or without a port.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse()
        .or_else(|_| bare.parse().map(|with_port: SocketAddr| with_port.ip()))
        .ok()
        .map(|found: IpAddr| found.to_canonical())
}

/// Whose budget a client's requests use: an IPv4 address, or the /64 that one IPv6 customer has to itself.
#[must_use]
pub fn budget_owner(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests;
