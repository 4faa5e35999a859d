//! The list of blocks of which a blob is put together, as Azure's blob storage has it in XML.

/// The block ids of a list in their order; `None` if it is something else.
pub(super) fn read(xml: &[u8]) -> Option<Vec<String>> {
    let text = std::str::from_utf8(xml).ok()?;
    let (_, inner) = text.split_once("<BlockList>").or_else(|| {
        // Without a block, the element may stand alone.
        text.split_once("<BlockList/>")
            .or_else(|| text.split_once("<BlockList />"))
    })?;
    let mut rest = inner.trim_start();
    let mut ids = Vec::new();
    while !rest.is_empty() && !rest.starts_with("</BlockList>") {
        let (name, after) = rest.strip_prefix('<')?.split_once('>')?;
        if !["Latest", "Uncommitted", "Committed"].contains(&name) {
            return None;
        }
        let (id, after) = after.split_once(&format!("</{name}>"))?;
        ids.push(id.trim().to_owned());
        rest = after.trim_start();
    }
    Some(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_named_in_their_order() {
        let list = b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<BlockList>\n <Latest>QQ==</Latest><Uncommitted> Qg== </Uncommitted>\n</BlockList>";
        assert_eq!(read(list).unwrap(), ["QQ==", "Qg=="]);
        assert_eq!(read(b"<BlockList/>").unwrap(), Vec::<String>::new());
        assert_eq!(read(b"<BlockList><Other>QQ==</Other></BlockList>"), None);
        assert_eq!(read(b"<BlockList><Latest>QQ=="), None);
        assert_eq!(read(b"{}"), None);
    }
}
