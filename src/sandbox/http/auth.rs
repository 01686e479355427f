//! Who signs in: `token-NAME`, as Basic with the e-mail address of the same account, or as Bearer.

use super::answer::Failure;
use crate::sandbox::world::{AccountStatus, BadToken, Caller, User, World};

/// Finds the caller of an `Authorization` header. Without a header the caller is anonymous, and a request
/// with a typing mistake in the header's name reads an anonymous-filtered site without any error.
pub(super) fn sign_in(world: &World, header: Option<&str>, gateway: bool) -> Result<Caller, Failure> {
    let Some(header) = header else {
        return Ok(Caller::Anonymous);
    };
    // Bearer tokens, and tokens with scopes, are for the gateway (fact sheet 7; live: cjs).
    let bearer = header.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "));
    match account(world, header).filter(|user| gateway || (user.token_scopes.is_none() && !bearer)) {
        Some(user) => Ok(Caller::User(user.account.clone())),
        None if world.quirks.bad_token == BadToken::Anonymous => Ok(Caller::Anonymous),
        None => Err(Failure::unauthorized()),
    }
}

fn account<'w>(world: &'w World, header: &str) -> Option<&'w User> {
    let (scheme, secret) = header.split_once(' ')?;
    let (email, token) = if scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(base64(secret.trim())?).ok()?;
        let (email, token) = decoded.split_once(':')?;
        (Some(email.to_owned()), token.to_owned())
    } else if scheme.eq_ignore_ascii_case("bearer") {
        (None, secret.trim().to_owned())
    } else {
        return None;
    };
    let user = world.user_called(token.strip_prefix("token-")?)?;
    let address = user.email.as_deref().unwrap_or(&user.handle);
    let fits = email.is_none_or(|email| email.eq_ignore_ascii_case(address));
    (fits && user.status == AccountStatus::Active).then_some(user)
}

/// Whether a token has what an operation needs: alternatives are apart by `|`, and each is one or more
/// scopes joined by `+`. A token without scopes may do everything its owner may.
pub(super) fn has_scopes(world: &World, caller: &Caller, needed: &str) -> bool {
    let Some(account) = caller.account() else {
        return true;
    };
    let Some(held) = world.user(account).and_then(|user| user.token_scopes.as_ref()) else {
        return true;
    };
    needed.is_empty() || needed.split('|').any(|all| all.split('+').all(|scope| held.contains(scope)))
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let mut bytes = Vec::new();
    let (mut buffer, mut bits) = (0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        buffer = (buffer << 6) | u32::from(value(byte)?);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((buffer >> bits) & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_read() {
        assert_eq!(base64("YW5uOnRva2VuLWFubg=="), Some(b"ann:token-ann".to_vec()));
        assert_eq!(base64("YW5uOg"), Some(b"ann:".to_vec()));
        assert_eq!(base64("*"), None);
    }
}
