//! Pictures of pages as PNG, drawn with a small font of our own.

use crate::files::Document;
use crate::files::font::glyph;
use crate::files::font::plain_letters;
use crate::files::layout;
use crate::files::layout::Color;
use crate::files::layout::HEIGHT;
use crate::files::layout::Shape;
use crate::files::layout::WIDTH;
use crate::files::package::zipped;

/// Pixels per point.
const SCALE: f32 = 2.0;

/// A picture of one page.
pub(super) fn write(document: &Document, page: usize) -> Result<Vec<u8>, String> {
    let mut canvas = Canvas::new((WIDTH * SCALE) as usize, (HEIGHT * SCALE) as usize);
    for shape in layout::shapes(document, &document.pages[page]) {
        match shape {
            Shape::Box {
                x,
                y,
                width,
                height,
                color,
            } => {
                let [x, y, width, height] = [x, y, width, height].map(|points| (points * SCALE).round() as usize);
                canvas.fill(x, y, width.max(1), height.max(1), color);
            }
            Shape::Text {
                x,
                y,
                size,
                bold,
                color,
                to_right,
                text,
            } => {
                // A letter is five dots wide with one between, and a letter of ten points six points wide.
                let dot = ((size * SCALE / 10.0).round() as usize).max(1);
                let used = if to_right { text.chars().count() * 6 * dot } else { 0 };
                let x = ((x * SCALE) as usize).saturating_sub(used);
                canvas.text(x, (y * SCALE) as usize, dot, bold, color, &text);
            }
        }
    }
    canvas.encode()
}

/// A zip with a picture of each page.
pub(super) fn write_all(document: &Document) -> Result<Vec<u8>, String> {
    let pictures: Result<Vec<_>, String> = (0..document.pages.len())
        .map(|page| {
            Ok((
                format!("{:02} {}.png", page + 1, file_name(&document.pages[page].name)),
                write(document, page)?,
            ))
        })
        .collect();
    zipped(&pictures?)
}

/// A name that every file system takes.
fn file_name(name: &str) -> String {
    let safe = |letter: char| {
        if letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_') {
            letter
        } else {
            '_'
        }
    };
    name.chars().map(safe).take(60).collect()
}

struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            pixels: vec![255; width * height * 3],
        }
    }

    fn fill(&mut self, x: usize, y: usize, width: usize, height: usize, color: Color) {
        let right = (x + width).min(self.width);
        for row in y..(y + height).min(self.height) {
            for column in x.min(right)..right {
                let at = (row * self.width + column) * 3;
                self.pixels[at..at + 3].copy_from_slice(&color);
            }
        }
    }

    fn text(&mut self, mut x: usize, y: usize, dot: usize, bold: bool, color: Color, text: &str) {
        for letter in text.chars().flat_map(|letter| plain_letters(letter).chars()) {
            for (row, bits) in glyph(letter).into_iter().enumerate() {
                for column in (0..5).filter(|column| bits >> (4 - column) & 1 == 1) {
                    let thick = dot + usize::from(bold) * dot.div_ceil(2);
                    self.fill(x + column * dot, y + row * dot, thick, dot, color);
                }
            }
            x += 6 * dot;
        }
    }

    fn encode(&self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let side = |pixels: usize| u32::try_from(pixels).map_err(|error| error.to_string());
        let mut encoder = png::Encoder::new(&mut bytes, side(self.width)?, side(self.height)?);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(|error| error.to_string())?;
        writer
            .write_image_data(&self.pixels)
            .map_err(|error| error.to_string())?;
        writer.finish().map_err(|error| error.to_string())?;
        Ok(bytes)
    }
}
