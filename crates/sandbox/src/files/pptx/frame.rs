//! The parts of a presentation that all slides share.

use crate::files::layout::HEIGHT;
use crate::files::layout::WIDTH;
use crate::files::pptx::GROUP;
use crate::files::pptx::SPACES;
use crate::files::pptx::units;

/// The part that lists the slides.
pub(super) fn presentation(count: usize) -> String {
    // Ids of slides begin at 256, that of the master at 2147483648; the master is link 1.
    let slides: String = (0..count)
        .map(|place| format!(r#"<p:sldId id="{}" r:id="rId{}"/>"#, 256 + place, place + 2))
        .collect();
    let (width, height) = (units(WIDTH), units(HEIGHT));
    format!(
        r#"<p:presentation {SPACES}><p:sldMasterIdLst><p:sldMasterId id="2147483648" r:id="rId1"/></p:sldMasterIdLst><p:sldIdLst>{slides}</p:sldIdLst><p:sldSz cx="{width}" cy="{height}"/><p:notesSz cx="{height}" cy="{width}"/></p:presentation>"#
    )
}

/// The one master of all slides.
pub(super) fn master() -> String {
    let levels: String = (1..=9)
        .map(|level| format!(r#"<a:lvl{level}pPr><a:defRPr sz="1800"><a:solidFill><a:schemeClr val="tx1"/></a:solidFill><a:latin typeface="+mn-lt"/></a:defRPr></a:lvl{level}pPr>"#))
        .collect();
    format!(
        r#"<p:sldMaster {SPACES}><p:cSld><p:bg><p:bgPr><a:solidFill><a:schemeClr val="bg1"/></a:solidFill><a:effectLst/></p:bgPr></p:bg><p:spTree>{GROUP}{}</p:spTree></p:cSld><p:clrMap bg1="lt1" tx1="dk1" bg2="lt2" tx2="dk2" accent1="accent1" accent2="accent2" accent3="accent3" accent4="accent4" accent5="accent5" accent6="accent6" hlink="hlink" folHlink="folHlink"/><p:sldLayoutIdLst><p:sldLayoutId id="2147483649" r:id="rId1"/></p:sldLayoutIdLst><p:txStyles><p:titleStyle>{levels}</p:titleStyle><p:bodyStyle>{levels}</p:bodyStyle><p:otherStyle>{levels}</p:otherStyle></p:txStyles></p:sldMaster>"#,
        title()
    )
}

/// Colors and fonts.
pub(super) fn theme() -> String {
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

/// The one layout of all slides: a title, and room.
pub(super) fn layout() -> String {
    format!(
        r#"<p:sldLayout {SPACES} type="titleOnly" preserve="1"><p:cSld name="Title only"><p:spTree>{GROUP}{}</p:spTree></p:cSld><p:clrMapOvr><a:masterClrMapping/></p:clrMapOvr></p:sldLayout>"#,
        title()
    )
}

/// Where a title stands unless a slide says otherwise.
fn title() -> String {
    let (x, width, height) = (units(32.0), units(WIDTH - 64.0), units(30.0));
    format!(
        r#"<p:sp><p:nvSpPr><p:cNvPr id="2" name="Title"/><p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr><p:nvPr><p:ph type="title"/></p:nvPr></p:nvSpPr><p:spPr><a:xfrm><a:off x="{x}" y="{x}"/><a:ext cx="{width}" cy="{height}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr><p:txBody><a:bodyPr/><a:lstStyle/><a:p><a:r><a:rPr lang="en-US"/><a:t>Title</a:t></a:r></a:p></p:txBody></p:sp>"#
    )
}
