//! One picture: lines over logarithmic axes, drawn so that no two labels meet.

use std::fmt::Write as _;

use super::tables::grouped;

/// A line of the picture.
pub(super) struct Line {
    /// Its name, at its end.
    pub(super) name: String,
    /// Whether it is ours: drawn thicker, in the colour of the text's accent.
    pub(super) is_ours: bool,
    /// Points, from left to right.
    pub(super) points: Vec<(f64, f64)>,
}

/// A picture.
pub(super) struct Plot {
    /// What it shows.
    pub(super) title: String,
    /// The unit and quantity from left to right.
    pub(super) x_label: String,
    /// The unit and quantity from bottom to top.
    pub(super) y_label: String,
    /// Where the horizontal axis is marked.
    pub(super) x_ticks: Vec<f64>,
    /// A height at which all are equal, if there is one.
    pub(super) par: Option<f64>,
    /// What is drawn.
    pub(super) lines: Vec<Line>,
}

const WIDTH: f64 = 920.0;
const HEIGHT: f64 = 540.0;
const LEFT: f64 = 78.0;
const RIGHT: f64 = 252.0;
const TOP: f64 = 52.0;
const BOTTOM: f64 = 66.0;
/// Between two names at the ends of lines.
const NAME_HEIGHT: f64 = 18.0;

/// Colours that can be told apart on light and on dark ground and by most eyes (after Okabe and Ito), light then dark.
const COLOURS: [(&str, &str); 10] = [
    ("#0072b2", "#56b4e9"),
    ("#d55e00", "#ff8a3d"),
    ("#009e73", "#2fcf9f"),
    ("#a3468a", "#e79ccb"),
    ("#8a6d00", "#e6c229"),
    ("#5b5bd6", "#a4a4ff"),
    ("#7a4a2a", "#d3a17e"),
    ("#557a00", "#a9d14a"),
    ("#00808a", "#4fd0da"),
    ("#6b6b6b", "#b0b0b0"),
];

/// Shapes of the points, so that colour is not the only difference.
const SHAPES: usize = 5;

impl Plot {
    /// The picture as SVG, for light and dark pages.
    pub(super) fn svg(&self) -> String {
        let scale = Scale::of(self);
        let mut svg = String::new();
        self.head(&mut svg);
        self.grid(&mut svg, &scale);
        for (index, line) in self.lines.iter().enumerate() {
            draw(&mut svg, &scale, line, index);
        }
        self.names(&mut svg, &scale);
        svg.push_str("</svg>\n");
        svg
    }

    fn head(&self, svg: &mut String) {
        let title = escaped(&self.title);
        let _ = write!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"{title}\">\n<style>\n\
             text {{ font-family: system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif; fill: #24292f; font-size: 13px }}\n\
             .title {{ font-size: 16px; font-weight: 600 }}\n.tick {{ font-size: 12px; fill: #57606a }}\n.ours {{ font-weight: 700 }}\n\
             .page {{ fill: #ffffff }}\n.grid {{ stroke: #d8dee4; stroke-width: 1 }}\n.fine {{ stroke: #eef1f4; stroke-width: 1 }}\n.axis {{ stroke: #57606a; stroke-width: 1.2; fill: none }}\n\
             .par {{ stroke: #57606a; stroke-width: 1.2; stroke-dasharray: 5 4 }}\n.leader {{ stroke-width: 0.8; opacity: 0.6 }}\n\
             .line {{ fill: none; stroke-width: 1.8; stroke-linejoin: round }}\n.thick {{ stroke-width: 3.4 }}\n"
        );
        for (dark, theme) in [
            (false, ""),
            (true, "@media (prefers-color-scheme: dark) {\n"),
        ] {
            svg.push_str(theme);
            if dark {
                svg.push_str(
                    "text { fill: #e6edf3 }\n.tick { fill: #9da7b3 }\n.page { fill: #0d1117 }\n.grid { stroke: #30363d }\n.fine { stroke: #1c2128 }\n.axis, .par { stroke: #9da7b3 }\n",
                );
            }
            for (index, line) in self.lines.iter().enumerate() {
                let colour = colour(index, line.is_ours, dark);
                let _ = writeln!(
                    svg,
                    ".c{index} {{ stroke: {colour} }} .f{index} {{ fill: {colour} }}"
                );
            }
            if dark {
                svg.push_str("}\n");
            }
        }
        let _ = write!(
            svg,
            "</style>\n<rect class=\"page\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"6\"/>\n<text class=\"title\" x=\"{LEFT}\" y=\"28\">{title}</text>\n"
        );
    }

    fn grid(&self, svg: &mut String, scale: &Scale) {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for tick in scale.fine_y() {
            let y = scale.y(tick);
            let _ = writeln!(
                svg,
                "<line class=\"fine\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"
            );
        }
        for tick in scale.y_ticks() {
            let y = scale.y(tick);
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\n<text class=\"tick\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
                LEFT - 8.0,
                y + 4.0,
                shown(tick)
            );
        }
        let mut last = f64::NEG_INFINITY;
        for &tick in &self.x_ticks {
            let x = scale.x(tick);
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>"
            );
            let text = shown(tick);
            // Seven pixels a digit: a label that would meet the last one stays away.
            let half = text.len() as f64 * 3.6 + 4.0;
            if x - half > last {
                let _ = writeln!(
                    svg,
                    "<text class=\"tick\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{text}</text>",
                    bottom + 20.0
                );
                last = x + half;
            }
        }
        if let Some(par) = self.par {
            let y = scale.y(par);
            let _ = writeln!(
                svg,
                "<line class=\"par\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"
            );
        }
        let (middle_x, middle_y) = ((LEFT + right) / 2.0, (TOP + bottom) / 2.0);
        let _ = write!(
            svg,
            "<path class=\"axis\" d=\"M{LEFT} {TOP}V{bottom}H{right}\"/>\n<text text-anchor=\"middle\" x=\"{middle_x}\" y=\"{:.1}\">{}</text>\n<text text-anchor=\"middle\" transform=\"translate(20 {middle_y}) rotate(-90)\">{}</text>\n",
            bottom + 46.0,
            escaped(&self.x_label),
            escaped(&self.y_label)
        );
    }

    /// Writes the names at the ends of their lines, moved apart where they would meet.
    fn names(&self, svg: &mut String, scale: &Scale) {
        let mut ends: Vec<(usize, f64, f64)> = self
            .lines
            .iter()
            .enumerate()
            .filter_map(|(index, line)| {
                let (x, y) = *line.points.last()?;
                Some((index, scale.x(x), scale.y(y)))
            })
            .collect();
        ends.sort_by(|a, b| a.2.total_cmp(&b.2));
        let wanted: Vec<f64> = ends.iter().map(|end| end.2).collect();
        let places = apart(&wanted, TOP + 6.0, HEIGHT - BOTTOM);
        let x_name = WIDTH - RIGHT + 26.0;
        for ((index, x, y), place) in ends.into_iter().zip(places) {
            let line = &self.lines[index];
            let class = if line.is_ours { " ours" } else { "" };
            let _ = write!(
                svg,
                "<path class=\"leader c{index}\" fill=\"none\" d=\"M{:.1} {y:.1}L{:.1} {place:.1}\"/>\n<text class=\"f{index}{class}\" x=\"{x_name}\" y=\"{:.1}\">{}</text>\n",
                x + 6.0,
                x_name - 5.0,
                place + 4.5,
                escaped(&line.name)
            );
        }
    }
}

/// Heights near the wanted ones, in their order and at least a name apart, between `top` and `bottom`.
fn apart(wanted: &[f64], top: f64, bottom: f64) -> Vec<f64> {
    let mut places = Vec::with_capacity(wanted.len());
    let mut least = top;
    for &height in wanted {
        let place = f64::max(height, least);
        places.push(place);
        least = place + NAME_HEIGHT;
    }
    let mut most = bottom;
    for place in places.iter_mut().rev() {
        *place = place.min(most);
        most = *place - NAME_HEIGHT;
    }
    places
}

/// From figures to places.
struct Scale {
    x: (f64, f64),
    y: (f64, f64),
}

impl Scale {
    fn of(plot: &Plot) -> Self {
        let points = || plot.lines.iter().flat_map(|line| &line.points);
        let range = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            })
        };
        let x = range(&mut points().map(|point| point.0));
        let y = range(&mut points().map(|point| point.1).chain(plot.par));
        Self {
            x: (x.0.ln(), x.1.ln()),
            y: ((y.0 / 1.25).ln(), (y.1 * 1.25).ln()),
        }
    }

    fn x(&self, value: f64) -> f64 {
        let share = (value.ln() - self.x.0) / (self.x.1 - self.x.0);
        LEFT + 12.0 + share * (WIDTH - LEFT - RIGHT - 24.0)
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value.ln() - self.y.0) / (self.y.1 - self.y.0);
        HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    }

    /// Labelled heights: powers of ten, and between them 2 and 5, with more steps where there is less than a decade.
    fn y_ticks(&self) -> Vec<f64> {
        let decades = (self.y.1 - self.y.0) / std::f64::consts::LN_10;
        let steps: &[f64] = if decades > 1.3 {
            &[1.0, 2.0, 5.0]
        } else {
            &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0]
        };
        self.marks(steps)
    }

    fn fine_y(&self) -> Vec<f64> {
        self.marks(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])
    }

    fn marks(&self, steps: &[f64]) -> Vec<f64> {
        (-3..8)
            .flat_map(|decade| steps.iter().map(move |step| step * 10f64.powi(decade)))
            .filter(|mark| (self.y.0..=self.y.1).contains(&mark.ln()))
            .collect()
    }
}

fn draw(svg: &mut String, scale: &Scale, line: &Line, index: usize) {
    let mut path = String::new();
    for (step, &(x, y)) in line.points.iter().enumerate() {
        let letter = if step == 0 { 'M' } else { 'L' };
        let _ = write!(path, "{letter}{:.1} {:.1}", scale.x(x), scale.y(y));
    }
    let thick = if line.is_ours { " thick" } else { "" };
    let _ = writeln!(svg, "<path class=\"line{thick} c{index}\" d=\"{path}\"/>");
    for &(x, y) in &line.points {
        let (x, y) = (scale.x(x), scale.y(y));
        let size = if line.is_ours { 4.6 } else { 3.4 };
        let _ = writeln!(
            svg,
            "<path class=\"f{index}\" d=\"{}\"/>",
            shape(index % SHAPES, x, y, size)
        );
    }
}

/// A disc, square, diamond or triangle around a point.
fn shape(kind: usize, x: f64, y: f64, size: f64) -> String {
    match kind {
        0 => format!(
            "M{:.1} {y:.1}a{size} {size} 0 1 0 {d:.1} 0a{size} {size} 0 1 0 -{d:.1} 0Z",
            x - size,
            d = size * 2.0
        ),
        1 => format!(
            "M{:.1} {:.1}h{d:.1}v{d:.1}h-{d:.1}Z",
            x - size,
            y - size,
            d = size * 2.0
        ),
        2 => format!(
            "M{x:.1} {:.1}l{s:.1} {s:.1}l-{s:.1} {s:.1}l-{s:.1} -{s:.1}Z",
            y - size * 1.3,
            s = size * 1.3
        ),
        3 => format!(
            "M{x:.1} {:.1}l{s:.1} {d:.1}h-{w:.1}Z",
            y - size * 1.2,
            s = size * 1.2,
            d = size * 2.1,
            w = size * 2.4
        ),
        _ => format!(
            "M{x:.1} {:.1}l{s:.1} -{d:.1}h-{w:.1}Z",
            y + size * 1.2,
            s = size * 1.2,
            d = size * 2.1,
            w = size * 2.4
        ),
    }
}

fn colour(index: usize, is_ours: bool, dark: bool) -> &'static str {
    if is_ours && index == 0 {
        return if dark { "#ff6b81" } else { "#c1121f" };
    }
    let (light, on_dark) = COLOURS[(index.max(1) - 1) % COLOURS.len()];
    if dark { on_dark } else { light }
}

/// 0.5, 20, 131,072, 128 Ki
fn shown(value: f64) -> String {
    if value < 10.0 && value.fract() > 1e-6 {
        return format!("{value:.1}");
    }
    let number = value.round() as usize;
    if number >= 4096 && number.is_multiple_of(1024) {
        format!("{} Ki", number / 1024)
    } else {
        grouped(number)
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
