//! What is read of the XML that Amazon's services answer: the text of single elements, nothing of the structure.

/// The text of the first element `name`, where it stands without attributes and holds no element.
pub fn element<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    let (_, after) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = after.split_once(&format!("</{name}>"))?;
    (!text.contains('<')).then_some(text)
}

/// The same with its entities undone.
pub(super) fn text(xml: &str, name: &str) -> Option<String> {
    let text = element(xml, name)?.trim();
    let undone = text.replace("&lt;", "<").replace("&gt;", ">");
    let undone = undone.replace("&quot;", "\"").replace("&apos;", "'");
    Some(undone.replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_name() {
        let xml = "<A xmlns='x'><B><C> 1&amp;lt;2 </C><C>3</C></B><D/></A>";
        assert_eq!(text(xml, "C").as_deref(), Some("1&lt;2"));
        for none in ["A", "B", "D", "E"] {
            assert_eq!(element(xml, none), None, "{none}");
        }
    }
}
