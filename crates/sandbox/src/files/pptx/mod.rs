//! Slides: a presentation with a slide per page, drawn with shapes one can edit.

mod frame;

use crate::files::Document;
use crate::files::layout;
use crate::files::layout::Shape;
use crate::files::layout::TITLE;
use crate::files::package::content_types;
use crate::files::package::core_properties;
use crate::files::package::escape;
use crate::files::package::links;
use crate::files::package::part;
use crate::files::package::zipped;

/// The units of a presentation in a point.
const UNITS: f32 = 12_700.0;

const SPACES: &str = r#"xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main""#;

/// The group that holds the shapes of a slide, layout or master; shapes follow it.
const GROUP: &str = r#"<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="0" cy="0"/><a:chOff x="0" y="0"/><a:chExt cx="0" cy="0"/></a:xfrm></p:grpSpPr>"#;

/// The document as a package that PowerPoint and others open.
pub(super) fn write(document: &Document) -> Result<Vec<u8>, String> {
    let mut parts = shared_parts(document);
    for (number, page) in (1..).zip(&document.pages) {
        let name = format!("ppt/slides/slide{number}.xml");
        parts.push(part(&name, slide_xml(&layout::shapes(document, page))));
        parts.push(links(
            &format!("ppt/slides/_rels/slide{number}.xml.rels"),
            &[("slideLayout", "../slideLayouts/slideLayout1.xml".to_owned())],
        ));
    }
    zipped(&parts)
}

/// Everything but the slides.
fn shared_parts(document: &Document) -> Vec<(String, Vec<u8>)> {
    let count = document.pages.len();
    let mut targets = vec![("slideMaster", "slideMasters/slideMaster1.xml".to_owned())];
    targets.extend((1..=count).map(|number| ("slide", format!("slides/slide{number}.xml"))));
    targets.push(("theme", "theme/theme1.xml".to_owned()));
    let to_layout = ("slideLayout", "../slideLayouts/slideLayout1.xml".to_owned());
    let to_master = ("slideMaster", "../slideMasters/slideMaster1.xml".to_owned());
    let to_theme = ("theme", "../theme/theme1.xml".to_owned());
    vec![
        types(count),
        links(
            "_rels/.rels",
            &[
                ("officeDocument", "ppt/presentation.xml".to_owned()),
                ("core-properties", "docProps/core.xml".to_owned()),
            ],
        ),
        core_properties(&document.title, &document.subtitle),
        part("ppt/presentation.xml", frame::presentation(count)),
        links("ppt/_rels/presentation.xml.rels", &targets),
        part("ppt/slideMasters/slideMaster1.xml", frame::master()),
        links("ppt/slideMasters/_rels/slideMaster1.xml.rels", &[to_layout, to_theme]),
        part("ppt/slideLayouts/slideLayout1.xml", frame::layout()),
        links("ppt/slideLayouts/_rels/slideLayout1.xml.rels", &[to_master]),
        part("ppt/theme/theme1.xml", frame::theme()),
    ]
}

fn types(count: usize) -> (String, Vec<u8>) {
    let mut types: Vec<(String, &str)> = [
        (
            "ppt/presentation.xml",
            "officedocument.presentationml.presentation.main",
        ),
        (
            "ppt/slideMasters/slideMaster1.xml",
            "officedocument.presentationml.slideMaster",
        ),
        (
            "ppt/slideLayouts/slideLayout1.xml",
            "officedocument.presentationml.slideLayout",
        ),
        ("ppt/theme/theme1.xml", "officedocument.theme"),
        ("docProps/core.xml", "package.core-properties"),
    ]
    .map(|(name, kind)| (name.to_owned(), kind))
    .to_vec();
    let slide = |number: usize| {
        (
            format!("ppt/slides/slide{number}.xml"),
            "officedocument.presentationml.slide",
        )
    };
    types.extend((1..=count).map(slide));
    content_types(&types)
}

fn units(points: f32) -> i64 {
    (points * UNITS).round() as i64
}

fn slide_xml(shapes: &[Shape]) -> String {
    let shapes: String = (2..).zip(shapes).map(|(id, shape)| shape_xml(id, shape)).collect();
    format!(
        r#"<p:sld {SPACES}><p:cSld><p:spTree>{GROUP}{shapes}</p:spTree></p:cSld><p:clrMapOvr><a:masterClrMapping/></p:clrMapOvr></p:sld>"#
    )
}

fn shape_xml(id: usize, shape: &Shape) -> String {
    match shape {
        Shape::Box {
            x,
            y,
            width,
            height,
            color: [red, green, blue],
        } => format!(
            r#"<p:sp><p:nvSpPr><p:cNvPr id="{id}" name="Box {id}"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr>{}<a:prstGeom prst="rect"><a:avLst/></a:prstGeom><a:solidFill><a:srgbClr val="{red:02X}{green:02X}{blue:02X}"/></a:solidFill><a:ln><a:noFill/></a:ln></p:spPr></p:sp>"#,
            place(*x, *y, *width, *height)
        ),
        Shape::Text { .. } => text_xml(id, shape),
    }
}

fn text_xml(id: usize, shape: &Shape) -> String {
    let Shape::Text {
        x,
        y,
        size,
        bold,
        color: [red, green, blue],
        to_right,
        text,
    } = shape
    else {
        return String::new();
    };
    let width = text.chars().count() as f32 * size * 0.6;
    let (x, side) = if *to_right { (x - width, "r") } else { (*x, "l") };
    // The name of the page is the slide's title, which outlines and screen readers look for.
    let (kind, role) = if *size == TITLE {
        (
            r#"<p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr>"#,
            r#"<p:nvPr><p:ph type="title"/></p:nvPr>"#,
        )
    } else {
        (r#"<p:cNvSpPr txBox="1"/>"#, "<p:nvPr/>")
    };
    format!(
        r#"<p:sp><p:nvSpPr><p:cNvPr id="{id}" name="Text {id}"/>{kind}{role}</p:nvSpPr><p:spPr>{}<a:prstGeom prst="rect"><a:avLst/></a:prstGeom><a:noFill/></p:spPr><p:txBody><a:bodyPr wrap="none" lIns="0" tIns="0" rIns="0" bIns="0" anchor="t"><a:noAutofit/></a:bodyPr><a:lstStyle/><a:p><a:pPr algn="{side}"/><a:r><a:rPr lang="en-US" sz="{}" b="{}"><a:solidFill><a:srgbClr val="{red:02X}{green:02X}{blue:02X}"/></a:solidFill></a:rPr><a:t>{}</a:t></a:r></a:p></p:txBody></p:sp>"#,
        place(x, *y, width, size * 1.3),
        (size * 100.0) as i64,
        u8::from(*bold),
        escape(text)
    )
}

fn place(x: f32, y: f32, width: f32, height: f32) -> String {
    let [x, y, width, height] = [x, y, width, height].map(units);
    format!(r#"<a:xfrm><a:off x="{x}" y="{y}"/><a:ext cx="{width}" cy="{height}"/></a:xfrm>"#)
}
