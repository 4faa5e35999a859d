//! Slides: a presentation with a slide per page, drawn with shapes one can edit.

use crate::files::Document;
use crate::files::layout;
use crate::files::layout::HEIGHT;
use crate::files::layout::Shape;
use crate::files::layout::WIDTH;
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
    let count = document.pages.len();
    let slide = |number: usize| format!("ppt/slides/slide{number}.xml");
    let mut types = vec![
        (
            "ppt/presentation.xml".to_owned(),
            "officedocument.presentationml.presentation.main",
        ),
        (
            "ppt/slideMasters/slideMaster1.xml".to_owned(),
            "officedocument.presentationml.slideMaster",
        ),
        (
            "ppt/slideLayouts/slideLayout1.xml".to_owned(),
            "officedocument.presentationml.slideLayout",
        ),
        ("ppt/theme/theme1.xml".to_owned(), "officedocument.theme"),
        ("docProps/core.xml".to_owned(), "package.core-properties"),
    ];
    types.extend((1..=count).map(|number| (slide(number), "officedocument.presentationml.slide")));
    let mut targets = vec![("slideMaster", "slideMasters/slideMaster1.xml".to_owned())];
    targets.extend((1..=count).map(|number| ("slide", format!("slides/slide{number}.xml"))));
    targets.push(("theme", "theme/theme1.xml".to_owned()));

    let mut parts = vec![
        content_types(&types),
        links(
            "_rels/.rels",
            &[
                ("officeDocument", "ppt/presentation.xml".to_owned()),
                ("core-properties", "docProps/core.xml".to_owned()),
            ],
        ),
        core_properties(&document.title, &document.subtitle),
        part("ppt/presentation.xml", presentation(count)),
        links("ppt/_rels/presentation.xml.rels", &targets),
        part("ppt/slideMasters/slideMaster1.xml", master()),
        links(
            "ppt/slideMasters/_rels/slideMaster1.xml.rels",
            &[
                ("slideLayout", "../slideLayouts/slideLayout1.xml".to_owned()),
                ("theme", "../theme/theme1.xml".to_owned()),
            ],
        ),
        part(
            "ppt/slideLayouts/slideLayout1.xml",
            format!(
                r#"<p:sldLayout {SPACES} type="blank" preserve="1"><p:cSld name="Blank"><p:spTree>{GROUP}</p:spTree></p:cSld><p:clrMapOvr><a:masterClrMapping/></p:clrMapOvr></p:sldLayout>"#
            ),
        ),
        links(
            "ppt/slideLayouts/_rels/slideLayout1.xml.rels",
            &[("slideMaster", "../slideMasters/slideMaster1.xml".to_owned())],
        ),
        part("ppt/theme/theme1.xml", theme()),
    ];
    for (number, page) in (1..).zip(&document.pages) {
        parts.push(part(&slide(number), slide_xml(&layout::shapes(document, page))));
        parts.push(links(
            &format!("ppt/slides/_rels/slide{number}.xml.rels"),
            &[("slideLayout", "../slideLayouts/slideLayout1.xml".to_owned())],
        ));
    }
    zipped(&parts)
}

fn units(points: f32) -> i64 {
    (points * UNITS).round() as i64
}

fn presentation(count: usize) -> String {
    // Ids of slides begin at 256, that of the master at 2147483648; the master is link 1.
    let slides: String = (0..count)
        .map(|place| format!(r#"<p:sldId id="{}" r:id="rId{}"/>"#, 256 + place, place + 2))
        .collect();
    let (width, height) = (units(WIDTH), units(HEIGHT));
    format!(
        r#"<p:presentation {SPACES}><p:sldMasterIdLst><p:sldMasterId id="2147483648" r:id="rId1"/></p:sldMasterIdLst><p:sldIdLst>{slides}</p:sldIdLst><p:sldSz cx="{width}" cy="{height}"/><p:notesSz cx="{height}" cy="{width}"/></p:presentation>"#
    )
}

fn master() -> String {
    let levels: String = (1..=9)
        .map(|level| format!(r#"<a:lvl{level}pPr><a:defRPr sz="1800"><a:solidFill><a:schemeClr val="tx1"/></a:solidFill><a:latin typeface="+mn-lt"/></a:defRPr></a:lvl{level}pPr>"#))
        .collect();
    format!(
        r#"<p:sldMaster {SPACES}><p:cSld><p:bg><p:bgPr><a:solidFill><a:schemeClr val="bg1"/></a:solidFill><a:effectLst/></p:bgPr></p:bg><p:spTree>{GROUP}</p:spTree></p:cSld><p:clrMap bg1="lt1" tx1="dk1" bg2="lt2" tx2="dk2" accent1="accent1" accent2="accent2" accent3="accent3" accent4="accent4" accent5="accent5" accent6="accent6" hlink="hlink" folHlink="folHlink"/><p:sldLayoutIdLst><p:sldLayoutId id="2147483649" r:id="rId1"/></p:sldLayoutIdLst><p:txStyles><p:titleStyle>{levels}</p:titleStyle><p:bodyStyle>{levels}</p:bodyStyle><p:otherStyle>{levels}</p:otherStyle></p:txStyles></p:sldMaster>"#
    )
}

fn theme() -> String {
    let colors: String = [
        ("dk1", "252423"),
        ("lt1", "FFFFFF"),
        ("dk2", "3B3A39"),
        ("lt2", "F3F2F1"),
        ("accent1", "116DFF"),
        ("accent2", "12239E"),
        ("accent3", "E66C37"),
        ("accent4", "6B007B"),
        ("accent5", "E044A7"),
        ("accent6", "744EC2"),
        ("hlink", "116DFF"),
        ("folHlink", "744EC2"),
    ]
    .map(|(name, color)| format!(r#"<a:{name}><a:srgbClr val="{color}"/></a:{name}>"#))
    .concat();
    let font = r#"<a:latin typeface="Arial"/><a:ea typeface=""/><a:cs typeface=""/>"#;
    let fill = r#"<a:solidFill><a:schemeClr val="phClr"/></a:solidFill>"#.repeat(3);
    let line = r#"<a:ln w="9525"><a:solidFill><a:schemeClr val="phClr"/></a:solidFill></a:ln>"#.repeat(3);
    let effect = "<a:effectStyle><a:effectLst/></a:effectStyle>".repeat(3);
    format!(
        r#"<a:theme xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" name="Gatepost"><a:themeElements><a:clrScheme name="Gatepost">{colors}</a:clrScheme><a:fontScheme name="Gatepost"><a:majorFont>{font}</a:majorFont><a:minorFont>{font}</a:minorFont></a:fontScheme><a:fmtScheme name="Gatepost"><a:fillStyleLst>{fill}</a:fillStyleLst><a:lnStyleLst>{line}</a:lnStyleLst><a:effectStyleLst>{effect}</a:effectStyleLst><a:bgFillStyleLst>{fill}</a:bgFillStyleLst></a:fmtScheme></a:themeElements></a:theme>"#
    )
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
        Shape::Text {
            x,
            y,
            size,
            bold,
            color: [red, green, blue],
            to_right,
            text,
        } => {
            let width = text.chars().count() as f32 * size * 0.6;
            let (x, side) = if *to_right { (x - width, "r") } else { (*x, "l") };
            format!(
                r#"<p:sp><p:nvSpPr><p:cNvPr id="{id}" name="Text {id}"/><p:cNvSpPr txBox="1"/><p:nvPr/></p:nvSpPr><p:spPr>{}<a:prstGeom prst="rect"><a:avLst/></a:prstGeom><a:noFill/></p:spPr><p:txBody><a:bodyPr wrap="none" lIns="0" tIns="0" rIns="0" bIns="0"><a:noAutofit/></a:bodyPr><a:lstStyle/><a:p><a:pPr algn="{side}"/><a:r><a:rPr lang="en-US" sz="{}" b="{}"><a:solidFill><a:srgbClr val="{red:02X}{green:02X}{blue:02X}"/></a:solidFill></a:rPr><a:t>{}</a:t></a:r></a:p></p:txBody></p:sp>"#,
                place(x, *y, width, size * 1.3),
                (size * 100.0) as i64,
                u8::from(*bold),
                escape(text)
            )
        }
    }
}

fn place(x: f32, y: f32, width: f32, height: f32) -> String {
    let [x, y, width, height] = [x, y, width, height].map(units);
    format!(r#"<a:xfrm><a:off x="{x}" y="{y}"/><a:ext cx="{width}" cy="{height}"/></a:xfrm>"#)
}
