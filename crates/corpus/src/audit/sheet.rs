//! All charts of a set on one sheet.

use super::ROLE_NAMES;
use super::chart::{Chart, HEIGHT, WIDTH};
use super::count::{LONG, MANY_NOTES, SetAudit};
use aeolian_picture::escape;
use aeolian_score::{ChordQuality, GRID};

/// Charts side by side.
const COLUMNS: usize = 3;
const GAP: f64 = 24.0;

/// The charts of a set as one SVG document.
pub fn sheet(set: &SetAudit) -> String {
    let charts = charts(set);
    let rows = charts.len().div_ceil(COLUMNS);
    let width = COLUMNS as f64 * (WIDTH + GAP) + GAP;
    let height = rows as f64 * (HEIGHT + GAP) + GAP;
    let drawn: String = charts
        .iter()
        .enumerate()
        .map(|(index, chart)| {
            let (column, row) = (index % COLUMNS, index / COLUMNS);
            chart.draw(GAP + column as f64 * (WIDTH + GAP), GAP + row as f64 * (HEIGHT + GAP))
        })
        .collect();
    let title = escape(&format!("What {} holds", set.set));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"system-ui, sans-serif\" role=\"img\">\n<title>{title}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#FFFFFF\"/>\n{drawn}</svg>\n"
    )
}

fn charts(set: &SetAudit) -> Vec<Chart> {
    let mut metres: Vec<_> = set.metres.iter().collect();
    metres.sort_by(|a, b| b.1.total_cmp(a.1));
    let mut charts = vec![pitch(set)];
    charts.extend(metres.iter().take(2).map(|(metre, _)| onsets(set, **metre)));
    if charts.len() < COLUMNS {
        charts.push(tempo(set));
    }
    charts.extend([
        Chart::single("Bars by their notes", set.notes_a_bar.clone(), every(8, MANY_NOTES)),
        durations(set),
        lengths(set),
        chords(set),
        degrees(set),
        keys(set),
        metre_chart(&metres),
        roles(set),
        Chart::single("Notes by velocity", set.velocities.clone(), every(16, 127)),
    ]);
    if metres.len() >= 2 {
        charts.push(tempo(set));
    }
    charts.extend([names("Genres", &set.genres), names("Composers", &set.composers)]);
    charts
}

/// A label at every `step`-th place up to `last`.
fn every(step: usize, last: usize) -> Vec<(usize, String)> {
    (0..=last).step_by(step).map(|place| (place, place.to_string())).collect()
}

fn pitch(set: &SetAudit) -> Chart {
    let series = ROLE_NAMES.iter().zip(&set.pitches).map(|(name, values)| (*name, values.clone())).collect();
    let labels = (0..=10).map(|octave| (octave * 12, format!("C{}", octave as i32 - 1))).collect();
    Chart { title: "Pitch".to_owned(), series, labels }
}

fn onsets(set: &SetAudit, metre: (u8, u8)) -> Chart {
    let values = set.onsets.get(&metre).cloned().unwrap_or_default();
    // In twelfths of a quarter.
    let beat = (4 * GRID / u32::from(metre.1.max(1))) as usize;
    let labels = (0..values.len()).step_by(beat.max(1)).enumerate().map(|(i, place)| (place, (i + 1).to_string()));
    Chart::single(format!("Onsets in the bar of {}/{}", metre.0, metre.1), values.clone(), labels.collect())
}

fn durations(set: &SetAudit) -> Chart {
    let labels = [(3, "1/16"), (6, "1/8"), (12, "1/4"), (24, "1/2"), (36, "3/4"), (LONG - 1, "1")];
    let labels = labels.map(|(place, name)| (place, name.to_owned())).to_vec();
    Chart::single("Notes by length", set.durations.clone(), labels)
}

/// Values sorted into 40 steps as wide as it takes for 19 of 20 values to be below the last, which holds all beyond.
fn spread(title: &str, values: &[f64]) -> Chart {
    const STEPS: usize = 40;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let high = sorted.get(sorted.len() * 19 / 20).copied().unwrap_or(0.0);
    let step = [1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 25.0, 40.0].into_iter().find(|step| high < step * STEPS as f64);
    let step = step.unwrap_or(100.0);
    let mut counts = vec![0.0; STEPS];
    for value in values {
        counts[((value / step).max(0.0) as usize).min(STEPS - 1)] += 1.0;
    }
    let labels = (0..STEPS).step_by(8).map(|place| (place, format!("{}", place as f64 * step))).collect();
    Chart::single(title, counts, labels)
}

fn lengths(set: &SetAudit) -> Chart {
    spread("Pieces by their bars", &set.piece_bars.iter().map(|bars| *bars as f64).collect::<Vec<_>>())
}

fn tempo(set: &SetAudit) -> Chart {
    spread("Pieces by mean tempo (quarters a minute)", &set.tempos)
}

fn chords(set: &SetAudit) -> Chart {
    let unknown = set.chords.len() - 1;
    let known: f64 = set.chords[..unknown].iter().sum();
    let covered = 100.0 * known / (known + set.chords[unknown]).max(1.0);
    let names = ChordQuality::ALL.iter().map(|quality| match quality.suffix() {
        "" => "maj".to_owned(),
        suffix => suffix.replace("m(maj7)", "mM7").replace("7sus4", "7s4"),
    });
    // Twenty names need two lines' worth of room; every other one says enough.
    let labels = names.chain(["N.C.".to_owned()]).enumerate().filter(|(place, _)| place % 2 == 0).collect();
    Chart::single(format!("Chords (known for {covered:.0} % of the time)"), set.chords[..unknown].to_vec(), labels)
}

fn degrees(set: &SetAudit) -> Chart {
    let names = ["I", "bII", "II", "bIII", "III", "IV", "#IV", "V", "bVI", "VI", "bVII", "VII"];
    let labels = names.iter().enumerate().map(|(place, name)| (place, (*name).to_owned())).collect();
    Chart::single("Roots of chords above the tonic", set.degrees.clone(), labels)
}

fn keys(set: &SetAudit) -> Chart {
    let names = ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
    let minor = names.iter().map(|name| name.to_lowercase());
    let names = names.iter().map(|name| (*name).to_owned()).chain(minor).chain(["?".to_owned()]);
    Chart::single("Keys (major, minor, unknown)", set.keys.clone(), names.enumerate().collect())
}

fn metre_chart(metres: &[(&(u8, u8), &f64)]) -> Chart {
    let shown = &metres[..metres.len().min(12)];
    let labels = shown.iter().enumerate().map(|(place, (metre, _))| (place, format!("{}/{}", metre.0, metre.1)));
    Chart::single("Metres, by duration", shown.iter().map(|(_, quarters)| **quarters).collect(), labels.collect())
}

fn roles(set: &SetAudit) -> Chart {
    let values = set.role_notes.iter().map(|notes| *notes as f64).collect();
    let name = |(place, name): (usize, &&str)| (place, format!("{name}\n{}", set.role_pieces[place]));
    Chart::single("Notes by role (and pieces that have it)", values, ROLE_NAMES.iter().enumerate().map(name).collect())
}

/// The most frequent names.
fn names(title: &str, counts: &std::collections::BTreeMap<String, usize>) -> Chart {
    let mut most: Vec<_> = counts.iter().collect();
    most.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    most.truncate(6);
    // Few names would make bars as broad as barns.
    let mut values: Vec<f64> = most.iter().map(|(_, count)| **count as f64).collect();
    values.resize(values.len().max(6), 0.0);
    let labels = most.iter().enumerate().map(|(place, (name, _))| (place, two_lines(name))).collect();
    let others = counts.len().saturating_sub(most.len());
    let title = if others > 0 { format!("{title} (and {others} more)") } else { title.to_owned() };
    Chart::single(title, values, labels)
}

/// A name on two lines of at most nine letters, what is missing shown by an ellipsis.
fn two_lines(name: &str) -> String {
    let (first, second) = match name.find(' ') {
        Some(space) => (&name[..space], name[space + 1..].trim()),
        None => (name, ""),
    };
    let short = |word: &str| {
        if word.chars().count() <= 9 { word.to_owned() } else { word.chars().take(8).chain(['…']).collect() }
    };
    format!("{}\n{}", short(first), short(second)).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_on_two_lines() {
        assert_eq!(two_lines("jig"), "jig");
        assert_eq!(two_lines("George Gershwin"), "George\nGershwin");
        assert_eq!(two_lines("Wolfgang Amadeus Mozart"), "Wolfgang\nAmadeus …");
        assert_eq!(two_lines(""), "");
    }

    #[test]
    fn values_are_spread_so_that_most_are_seen() {
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        let chart = spread("", &values);
        // Step 4: 95 < 160, but 95 ≥ 80.
        assert_eq!(chart.series[0].1[..26], [vec![4.0; 25], vec![0.0]].concat());
        assert_eq!(spread("", &[]).series[0].1.len(), 40);
        assert_eq!(spread("", &[1e9]).series[0].1[39], 1.0);
    }
}
