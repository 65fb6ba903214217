//! Curves as SVG: no fonts, no bitmaps, small enough to be kept beside the documentation.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

const SIZE: (u32, u32) = (760, 420);
const COLORS: [RGBColor; 2] = [RGBColor(25, 118, 210), RGBColor(230, 74, 25)];

pub(crate) struct Axis {
    name: &'static str,
    is_logarithmic: bool,
}

impl Axis {
    pub(crate) fn linear(name: &'static str) -> Self {
        Self { name, is_logarithmic: false }
    }

    pub(crate) fn logarithmic(name: &'static str) -> Self {
        Self { name, is_logarithmic: true }
    }
}

pub(crate) struct Curve {
    name: &'static str,
    points: Vec<(f64, f64)>,
}

impl Curve {
    pub(crate) fn new(name: &'static str, points: Vec<(f64, f64)>) -> Self {
        Self { name, points }
    }
}

pub(crate) struct Chart {
    pub(crate) file: &'static str,
    pub(crate) title: &'static str,
    pub(crate) x: Axis,
    pub(crate) y: &'static str,
    pub(crate) curves: Vec<Curve>,
}

/// Writes each into the folder, which is made where it is missing.
///
/// # Errors
/// Where the folder cannot be written to.
pub(crate) fn draw(folder: &Path, charts: &[Chart]) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).context("could not make the folder of the charts")?;
    for chart in charts {
        let file = folder.join(chart.file);
        let (last_x, last_y) = chart.ends();
        let drawn = if chart.x.is_logarithmic {
            chart.draw(&file, ((1.0..last_x).log_scale(), last_y))
        } else {
            chart.draw(&file, (0.0..last_x, last_y))
        };
        drawn.with_context(|| format!("could not draw {}", file.display()))?;
    }
    Ok(())
}

impl Chart {
    fn points(&self) -> impl Iterator<Item = &(f64, f64)> {
        self.curves.iter().flat_map(|curve| &curve.points)
    }

    /// The largest values of both axes, with some air.
    fn ends(&self) -> (f64, f64) {
        let largest = self
            .points()
            .fold((1.0_f64, 1.0_f64), |(x, y), point| (x.max(point.0), y.max(point.1)));
        (largest.0 * 1.02, largest.1 * 1.1)
    }

    fn draw<X>(&self, file: &Path, (x, last_y): (X, f64)) -> anyhow::Result<()>
    where
        X: AsRangedCoord<Value = f64>,
        X::CoordDescType: ValueFormatter<f64>,
    {
        let told = |error: &dyn std::error::Error| anyhow!("{error}");
        let area = SVGBackend::new(file, SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(|error| told(&error))?;
        let mut chart = ChartBuilder::on(&area)
            .caption(self.title, ("sans-serif", 22))
            .margin(16)
            .x_label_area_size(52)
            .y_label_area_size(80)
            .build_cartesian_2d(x, 0.0..last_y)
            .map_err(|error| told(&error))?;
        chart
            .configure_mesh()
            .x_desc(self.x.name)
            .y_desc(self.y)
            .x_labels(6)
            .y_labels(6)
            .x_label_formatter(&grouped)
            .y_label_formatter(&grouped)
            .label_style(("sans-serif", 14))
            .axis_desc_style(("sans-serif", 15))
            .light_line_style(TRANSPARENT)
            .draw()
            .map_err(|error| told(&error))?;
        for (curve, color) in self.curves.iter().zip(COLORS.into_iter().cycle()) {
            let line = LineSeries::new(curve.points.iter().copied(), color.stroke_width(2));
            chart
                .draw_series(line.point_size(3))
                .map_err(|error| told(&error))?
                .label(curve.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color));
        }
        // One curve is named by the title.
        if self.curves.len() > 1 {
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperLeft)
                .label_font(("sans-serif", 14))
                .border_style(BLACK.mix(0.3))
                .background_style(WHITE)
                .draw()
                .map_err(|error| told(&error))?;
        }
        area.present().map_err(|error| told(&error))
    }
}

/// A number on an axis: whole, its thousands apart.
fn grouped(value: &f64) -> String {
    let digits = format!("{value:.0}");
    let start = digits.len() % 3;
    let (head, rest) = digits.split_at(start);
    let mut groups = vec![head];
    groups.extend((0..rest.len()).step_by(3).map(|at| &rest[at..at + 3]));
    groups.retain(|group| !group.is_empty());
    groups.join(" ")
}

#[cfg(test)]
mod tests;
