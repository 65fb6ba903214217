//! Charts are files that a browser draws.

use super::*;

fn chart(x: Axis) -> Chart {
    let points = vec![(1.0, 800.0), (100.0, 9_000.0), (500.0, 20_000.0)];
    let curves = vec![Curve::new("worker", points.clone()), Curve::new("another", points)];
    Chart { file: "one.svg", title: "Over size", x, y: "events/s", curves }
}

#[test]
fn a_chart_is_svg_with_its_words() -> anyhow::Result<()> {
    for axis in [Axis::linear("events"), Axis::logarithmic("events")] {
        let folder = tempfile::tempdir()?;
        draw(&folder.path().join("new"), &[chart(axis)])?;
        let text = std::fs::read_to_string(folder.path().join("new/one.svg"))?;
        assert!(text.starts_with("<svg"), "{text}");
        for word in ["Over size", "events/s", "another"] {
            assert!(text.contains(word), "{word} is missing");
        }
    }
    Ok(())
}

#[test]
fn a_single_curve_has_no_legend_over_it() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut single = chart(Axis::linear("events"));
    single.curves.truncate(1);
    draw(folder.path(), &[single])?;
    let text = std::fs::read_to_string(folder.path().join("one.svg"))?;
    assert!(text.contains("Over size") && !text.contains("worker"), "{text}");
    Ok(())
}

#[test]
fn numbers_on_an_axis_are_whole_and_their_thousands_apart() {
    let shown = [0.0, 50.0, 999.6, 12_500.0, 1_000_000.0].map(|value| grouped(&value));
    assert_eq!(shown, ["0", "50", "1 000", "12 500", "1 000 000"]);
}
