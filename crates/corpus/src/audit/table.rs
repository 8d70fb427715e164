//! The audit in words and columns.

use super::Audit;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The columns of both tables, in the terminal and on the page.
pub(super) const COLUMNS: [&str; 10] =
    ["set", "licence", "train", "valid", "bars", "notes", "hours", "off grid", "doubtful bars", "left out"];

/// One row of text for each set, and one for their sum where there are several.
pub(super) fn rows(audit: &Audit) -> Vec<[String; COLUMNS.len()]> {
    let mut rows: Vec<[String; COLUMNS.len()]> = Vec::new();
    let percent = |part: usize, all: usize| format!("{:.1} %", 100.0 * part as f64 / all.max(1) as f64);
    for set in &audit.sets {
        rows.push([
            set.set.clone(),
            set.licence.name().to_owned(),
            set.train.to_string(),
            set.valid.to_string(),
            set.bars.to_string(),
            set.notes.to_string(),
            format!("{:.1}", set.hours),
            percent(set.weak_onsets, set.notes),
            percent(set.doubtful_bars, set.pieces()),
            set.left_out.len().to_string(),
        ]);
    }
    if audit.sets.len() > 1 {
        let sum = |value: fn(&super::SetAudit) -> usize| audit.sets.iter().map(value).sum::<usize>();
        let pieces = sum(|s| s.pieces());
        rows.push([
            "all".to_owned(),
            String::new(),
            sum(|s| s.train).to_string(),
            sum(|s| s.valid).to_string(),
            sum(|s| s.bars).to_string(),
            sum(|s| s.notes).to_string(),
            format!("{:.1}", audit.sets.iter().map(|s| s.hours).sum::<f64>()),
            percent(sum(|s| s.weak_onsets), sum(|s| s.notes)),
            percent(sum(|s| s.doubtful_bars), pieces),
            sum(|s| s.left_out.len()).to_string(),
        ]);
    }
    rows
}

/// Why files of a set were left out: each reason with how many, the most frequent first.
pub(super) fn reasons(set: &super::SetAudit) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for skipped in &set.left_out {
        *counts.entry(&skipped.reason).or_default() += 1;
    }
    let mut reasons: Vec<(String, usize)> = counts.into_iter().map(|(reason, n)| (reason.to_owned(), n)).collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    if let Some(count) = set.not_in_splits.filter(|count| *count > 0) {
        reasons.push(("The splits file does not name it.".to_owned(), count));
    }
    reasons
}

/// The audit for a terminal: a table, then why files were left out.
pub fn table(audit: &Audit) -> String {
    let rows = rows(audit);
    let headers = COLUMNS.map(str::to_owned);
    let widths: Vec<usize> = (0..COLUMNS.len())
        .map(|column| [&headers].into_iter().chain(&rows).map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut out = String::new();
    for row in [&headers].into_iter().chain(&rows) {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            // Words stand left, numbers right. Writing to a String cannot fail.
            let _ = if column < 2 { write!(line, "{cell:<width$}  ") } else { write!(line, "{cell:>width$}  ") };
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    for set in &audit.sets {
        for (reason, count) in reasons(set) {
            let _ = writeln!(out, "{}: left out {count}: {reason}", set.set);
        }
    }
    out
}
