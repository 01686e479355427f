//! Addresses of proxies. The HTTP client reads them from the environment by itself, and goes without a proxy
//! where it does not understand one; a company that allows nothing else then sees a connection that it forbids.

use http::Uri;

/// Why an address cannot be the one of a proxy. It is not repeated, since it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    #[error("is not the address of a proxy")]
    NotAnAddress,
    #[error("names a proxy of another protocol than HTTP")]
    OtherProtocol,
}

/// Whether the client can use an address as that of a proxy, such as `http://proxy.acme.com:3128`; without a
/// scheme, `http://` is meant.
pub fn check_proxy(text: &str) -> Result<(), ProxyError> {
    let uri: Uri = text.parse().map_err(|_| ProxyError::NotAnAddress)?;
    let authority = uri.authority().ok_or(ProxyError::NotAnAddress)?;
    match uri.scheme_str() {
        None | Some("http" | "https") => {}
        Some(_) => return Err(ProxyError::OtherProtocol),
    }
    // `http` accepts any text for a port, and none behind the colon.
    let port = authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, host)| host);
    let port = port.strip_prefix(authority.host()).unwrap_or_default();
    if authority.host().is_empty() || (!port.is_empty() && authority.port_u16().is_none()) {
        return Err(ProxyError::NotAnAddress);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_would_pass_over_is_an_error() {
        for good in [
            "http://proxy.acme.com:3128",
            "https://proxy.acme.com",
            "proxy.acme.com:3128",
            "http://ann:pa%40ss@proxy.acme.com:3128/",
            "http://[::1]:3128",
            "10.0.0.1",
        ] {
            assert_eq!(check_proxy(good), Ok(()), "{good}");
        }
        for bad in [
            "http://",
            "http:// proxy",
            "http://proxy.acme.com:x",
            "http://proxy.acme.com:99999",
            "proxy.acme.com:",
            "/proxy",
            " http://proxy",
        ] {
            assert_eq!(check_proxy(bad), Err(ProxyError::NotAnAddress), "{bad}");
        }
        for other in ["socks5://proxy.acme.com:1080", "ftp://proxy.acme.com", "://proxy"] {
            assert_eq!(check_proxy(other), Err(ProxyError::OtherProtocol), "{other}");
        }
    }
}
