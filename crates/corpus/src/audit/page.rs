//! The audit as one self-contained page.

use super::table::{COLUMNS, reasons, rows};
use super::{Audit, sheet};
use aeolian_picture::escape;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;color:#1F2430;max-width:1340px;margin:2em auto;padding:0 1em}\
table{border-collapse:collapse}td,th{padding:.25em .8em;text-align:right;border-bottom:1px solid #E4E7EC}\
td:nth-child(-n+2),th:nth-child(-n+2){text-align:left}h2{margin-top:2em}svg{max-width:100%;height:auto}li{color:#5C6473}";

/// An HTML page with the table and a sheet of charts for each set; it needs no other file.
pub fn page(audit: &Audit) -> String {
    let header: String = COLUMNS.iter().map(|name| format!("<th>{name}</th>")).collect();
    let body: String = rows(audit)
        .iter()
        .map(|row| {
            let cells: String = row.iter().map(|cell| format!("<td>{}</td>", escape(cell))).collect();
            format!("<tr>{cells}</tr>\n")
        })
        .collect();
    let sets: String = audit
        .sets
        .iter()
        .map(|set| {
            let pieces = set.pieces();
            let sections = set.with_sections;
            let reasons: String = reasons(set)
                .iter()
                .map(|(reason, count)| format!("<li>left out {count}: {}</li>", escape(reason)))
                .collect();
            format!(
                "<h2>{}</h2>\n<p>{pieces} pieces, {sections} of them with sections.</p>\n<ul>{reasons}</ul>\n{}\n",
                escape(&set.set),
                sheet(set)
            )
        })
        .collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>What the corpus holds</title>\n\
         <style>{STYLE}</style></head>\n<body>\n<h1>What the corpus holds</h1>\n\
         <p>\"Off grid\": notes that start on neither a sixteenth nor a triplet of a quarter. \"Doubtful bars\": pieces whose bar \
         lines nothing is learned from.</p>\n\
         <table><thead><tr>{header}</tr></thead><tbody>\n{body}</tbody></table>\n{sets}</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_audit_is_a_page_too() {
        let page = page(&Audit::default());
        assert!(page.starts_with("<!DOCTYPE html>") && page.contains("<th>train</th>") && !page.contains("<svg"));
    }
}
