//! One picture: lines over logarithmic axes, drawn so that no two labels meet.

use super::tables::grouped;

/// A line of the picture.
pub(super) struct Line {
    /// Its name, at its end.
    pub(super) name: String,
    /// Whether it is ours: the first of these is drawn thicker, others are dashed.
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
const RIGHT: f64 = 268.0;
const TOP: f64 = 52.0;
const BOTTOM: f64 = 66.0;
/// Between two names at the ends of lines.
const NAME_HEIGHT: f64 = 18.0;

/// Everyone's colour and shape, the same in each picture; colours are on light ground, then on dark (after Okabe and Ito).
const PEERS: [(&str, &str, &str, usize); 15] = [
    ("aws-lc-rs", "#0072b2", "#56b4e9", 1),
    ("ring", "#c25a00", "#ff9d5c", 2),
    ("graviola", "#009e73", "#2fcf9f", 3),
    ("RustCrypto", "#a3468a", "#e79ccb", 4),
    ("BoringSSL", "#8a6d00", "#e6c229", 0),
    ("OpenSSL", "#5b5bd6", "#a4a4ff", 1),
    ("ipsec-mb", "#7a4a2a", "#d3a17e", 2),
    ("sframe (ring)", "#c25a00", "#ff9d5c", 2),
    ("sframe (OpenSSL)", "#5b5bd6", "#a4a4ff", 1),
    ("sframe (RustCrypto)", "#a3468a", "#e79ccb", 4),
    ("davey", "#009e73", "#2fcf9f", 3),
    ("webrtc-srtp", "#557a00", "#a9d14a", 4),
    ("rtc-srtp (ring)", "#8a6d00", "#e6c229", 0),
    ("rtc-srtp (aws-lc)", "#0072b2", "#56b4e9", 1),
    ("libsrtp", "#6b6b6b", "#b0b0b0", 3),
];

/// Ours, and the shape of our points.
const OURS: (&str, &str, usize) = ("#c1121f", "#ff6b81", 0);

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
        svg.push_str(&format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"{title}\">\n<style>\n\
             text {{ font-family: system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif; fill: #24292f; font-size: 13px }}\n\
             .title {{ font-size: 16px; font-weight: 600 }}\n.tick {{ font-size: 12px; fill: #57606a }}\n.ours {{ font-weight: 700 }}\n\
             .page {{ fill: #ffffff }}\n.grid {{ stroke: #d8dee4; stroke-width: 1 }}\n.fine {{ stroke: #eef1f4; stroke-width: 1 }}\n.axis {{ stroke: #57606a; stroke-width: 1.2; fill: none }}\n\
             .par {{ stroke: #57606a; stroke-width: 1.2; stroke-dasharray: 5 4 }}\n.leader {{ stroke-width: 0.8; opacity: 0.6 }}\n\
             .line {{ fill: none; stroke-width: 1.8; stroke-linejoin: round }}\n.thick {{ stroke-width: 3.4 }}\n.other {{ stroke-width: 2.4; stroke-dasharray: 7 4 }}\n"));
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
                let (light, on_dark, _) = looks(line);
                let colour = if dark { on_dark } else { light };
                svg.push_str(&format!(
                    ".c{index} {{ stroke: {colour} }} .f{index} {{ fill: {colour} }}\n"
                ));
            }
            if dark {
                svg.push_str("}\n");
            }
        }
        svg.push_str(&format!("</style>\n<rect class=\"page\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"6\"/>\n<text class=\"title\" x=\"{LEFT}\" y=\"28\">{title}</text>\n"));
    }

    fn grid(&self, svg: &mut String, scale: &Scale) {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for tick in scale.fine_y() {
            let y = scale.y(tick);
            svg.push_str(&format!(
                "<line class=\"fine\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\n"
            ));
        }
        for tick in scale.y_ticks() {
            let y = scale.y(tick);
            svg.push_str(&format!("<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\n<text class=\"tick\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
                LEFT - 8.0,
                y + 4.0,
                shown(tick)));
        }
        let mut last = f64::NEG_INFINITY;
        for &tick in &self.x_ticks {
            let x = scale.x(tick);
            svg.push_str(&format!(
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>\n"
            ));
            let text = shown(tick);
            // About seven pixels a digit: a label that would meet the last one stays away.
            let half = text.len() as f64 * 3.4 + 4.0;
            if x - half > last {
                svg.push_str(&format!("<text class=\"tick\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{text}</text>\n",
                    bottom + 20.0));
                last = x + half;
            }
        }
        if let Some(par) = self.par {
            let y = scale.y(par);
            svg.push_str(&format!(
                "<line class=\"par\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\n"
            ));
        }
        let (middle_x, middle_y) = ((LEFT + right) / 2.0, (TOP + bottom) / 2.0);
        svg.push_str(&format!("<path class=\"axis\" d=\"M{LEFT} {TOP}V{bottom}H{right}\"/>\n<text text-anchor=\"middle\" x=\"{middle_x}\" y=\"{:.1}\">{}</text>\n<text text-anchor=\"middle\" transform=\"translate(20 {middle_y}) rotate(-90)\">{}</text>\n",
            bottom + 46.0,
            escaped(&self.x_label),
            escaped(&self.y_label)));
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
            svg.push_str(&format!("<path class=\"leader c{index}\" fill=\"none\" d=\"M{:.1} {y:.1}L{:.1} {place:.1}\"/>\n<text class=\"f{index}{class}\" x=\"{x_name}\" y=\"{:.1}\">{}</text>\n",
                x + 6.0,
                x_name - 5.0,
                place + 4.5,
                escaped(&line.name)));
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
        path.push_str(&format!("{letter}{:.1} {:.1}", scale.x(x), scale.y(y)));
    }
    let kind = looks(line).2;
    // The first line of ours is the one that the picture is about; a second one is another way to the same.
    let style = match (line.is_ours, index) {
        (true, 0) => " thick",
        (true, _) => " other",
        _ => "",
    };
    svg.push_str(&format!(
        "<path class=\"line{style} c{index}\" d=\"{path}\"/>\n"
    ));
    for &(x, y) in &line.points {
        let (x, y) = (scale.x(x), scale.y(y));
        let size = if line.is_ours { 4.4 } else { 3.4 };
        svg.push_str(&format!(
            "<path class=\"f{index}\" d=\"{}\"/>\n",
            shape(kind, x, y, size)
        ));
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

/// A line's colour on light and on dark ground, and the shape of its points.
fn looks(line: &Line) -> (&'static str, &'static str, usize) {
    if line.is_ours {
        return OURS;
    }
    PEERS
        .iter()
        .find(|(name, ..)| *name == line.name)
        .map_or(("#444444", "#cccccc", 1), |(_, light, dark, shape)| {
            (light, dark, *shape)
        })
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
