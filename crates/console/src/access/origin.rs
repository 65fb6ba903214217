//! Where browsers find the console, and whether a request comes from there.

use actix_web::http::header::{HOST, HeaderMap, ORIGIN};
use anyhow::Context as _;
use url::Url;
use waybill_common::config::Console;

/// Scheme, host and port.
#[derive(Clone, Debug)]
pub struct Origin {
    url: Url,
    /// Whether it was configured; otherwise whatever host the browser names is ours, as it found us there.
    is_configured: bool,
}

impl Origin {
    /// # Errors
    /// Where `console.public_url` is no URL.
    pub fn new(console: &Console) -> anyhow::Result<Self> {
        let listen = format!("http://{}", console.listen);
        let url = console.public_url.as_deref().unwrap_or(&listen);
        Ok(Self {
            url: Url::parse(url).context("could not read console.public_url")?,
            is_configured: console.public_url.is_some(),
        })
    }

    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The URL of one of our pages.
    ///
    /// # Panics
    /// Never: every path that begins with a slash joins.
    #[must_use]
    pub fn page(&self, path: &str) -> Url {
        self.url.join(path).expect("a path joins an origin")
    }

    /// Whether a browser says that the request comes from our own pages. Without a word from it, as from programs that
    /// are no browsers, the CSRF token alone decides.
    pub(super) fn is_ours(&self, headers: &HeaderMap) -> bool {
        let once = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let site =
            once("sec-fetch-site").is_none_or(|site| ["same-origin", "none"].contains(&site));
        let origin = match headers.get(ORIGIN) {
            None => true,
            Some(value) => value.to_str().is_ok_and(|origin| {
                let host = headers.get(HOST).and_then(|host| host.to_str().ok());
                self.names(origin, host)
            }),
        };
        site && origin
    }

    fn names(&self, origin: &str, host: Option<&str>) -> bool {
        let Ok(origin) = Url::parse(origin) else {
            return false;
        };
        if self.is_configured {
            return origin.origin() == self.url.origin();
        }
        host.and_then(|host| Url::parse(&format!("{}://{host}", self.url.scheme())).ok())
            .is_some_and(|ours| ours.origin() == origin.origin())
    }
}

#[cfg(test)]
mod tests;
