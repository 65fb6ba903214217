//! `application/x-www-form-urlencoded`, read strictly.

/// The value of that name. Absent where there is none, where it stands twice (another reader could take the other
/// one), or where it is no UTF-8 text in percent-encoding.
pub(crate) fn field(body: &[u8], name: &str) -> Option<String> {
    let mut values = body.split(|byte| *byte == b'&').filter_map(|pair| {
        let (key, value) = match pair.iter().position(|byte| *byte == b'=') {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &pair[pair.len()..]),
        };
        (decode(key)? == name).then(|| decode(value))
    });
    match (values.next(), values.next()) {
        (Some(value), None) => value,
        (Some(_) | None, _) => None,
    }
}

/// The value, as it stands in a form.
pub(crate) fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn decode(text: &[u8]) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => digit(*rest.next()?)? * 16 + digit(*rest.next()?)?,
            _ => *byte,
        });
    }
    String::from_utf8(decoded).ok()
}

fn digit(hex: u8) -> Option<u8> {
    char::from(hex)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests;
