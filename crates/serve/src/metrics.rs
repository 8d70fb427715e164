//! Figures for Prometheus, in its text format: <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Upper ends of the buckets of request times, in seconds.
const REQUEST_BUCKETS: [f64; 8] = [0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0];
/// Upper ends of the buckets of job times, in seconds.
const JOB_BUCKETS: [f64; 8] = [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0];

/// What is counted.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Network evaluations.
    pub evaluations: AtomicU64,
    requests: Mutex<BTreeMap<(String, String, u16), u64>>,
    request_seconds: Mutex<BTreeMap<String, Histogram>>,
    jobs: Mutex<BTreeMap<&'static str, u64>>,
    job_seconds: Mutex<Histogram>,
}

#[derive(Debug, Default, Clone)]
struct Histogram {
    counts: [u64; 8],
    all: u64,
    sum: f64,
}

impl Histogram {
    fn add(&mut self, value: f64, ends: &[f64; 8]) {
        for (count, _) in self.counts.iter_mut().zip(ends).filter(|(_, end)| value <= **end) {
            *count += 1;
        }
        self.all += 1;
        self.sum += value;
    }

    fn write(&self, name: &str, label: &str, ends: &[f64; 8], text: &mut String) {
        let comma = if label.is_empty() { "" } else { "," };
        for (count, end) in self.counts.iter().zip(ends) {
            line(text, format_args!("{name}_bucket{{{label}{comma}le=\"{end}\"}} {count}"));
        }
        line(text, format_args!("{name}_bucket{{{label}{comma}le=\"+Inf\"}} {}", self.all));
        let braces = if label.is_empty() { String::new() } else { format!("{{{label}}}") };
        line(text, format_args!("{name}_sum{braces} {}", self.sum));
        line(text, format_args!("{name}_count{braces} {}", self.all));
    }
}

fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    writeln!(text, "{what}").expect("a string takes everything");
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Counters are whole even where somebody panicked.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Metrics {
    /// A request was answered. `route` is the pattern, not the path, so that the table stays small.
    pub fn answered(&self, method: &str, route: &str, status: u16, seconds: f64) {
        *held(&self.requests).entry((method.to_owned(), route.to_owned(), status)).or_default() += 1;
        held(&self.request_seconds).entry(route.to_owned()).or_default().add(seconds, &REQUEST_BUCKETS);
    }

    /// A job ended.
    pub fn job_ended(&self, state: &'static str, seconds: f64) {
        *held(&self.jobs).entry(state).or_default() += 1;
        held(&self.job_seconds).add(seconds, &JOB_BUCKETS);
    }

    /// Everything as text, with jobs queued and running as the database has them.
    pub fn text(&self, queued: i64, running: i64) -> String {
        let mut text = String::new();
        let head = |text: &mut String, name: &str, kind: &str, help: &str| {
            line(text, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
        };
        head(&mut text, "aeolian_jobs", "gauge", "Jobs by state.");
        line(&mut text, format_args!("aeolian_jobs{{state=\"queued\"}} {queued}"));
        line(&mut text, format_args!("aeolian_jobs{{state=\"running\"}} {running}"));
        head(&mut text, "aeolian_jobs_ended_total", "counter", "Jobs that ended here.");
        for (state, count) in held(&self.jobs).iter() {
            line(&mut text, format_args!("aeolian_jobs_ended_total{{state=\"{state}\"}} {count}"));
        }
        head(&mut text, "aeolian_job_seconds", "histogram", "From beginning to end of a job.");
        held(&self.job_seconds).write("aeolian_job_seconds", "", &JOB_BUCKETS, &mut text);
        head(&mut text, "aeolian_network_evaluations_total", "counter", "Evaluations of the network.");
        let evaluations = self.evaluations.load(Ordering::Relaxed);
        line(&mut text, format_args!("aeolian_network_evaluations_total {evaluations}"));
        head(&mut text, "aeolian_http_requests_total", "counter", "Requests answered.");
        for ((method, route, status), count) in held(&self.requests).iter() {
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            line(&mut text, format_args!("aeolian_http_requests_total{{{labels}}} {count}"));
        }
        head(&mut text, "aeolian_http_request_seconds", "histogram", "Time to the first byte of an answer.");
        for (route, histogram) in held(&self.request_seconds).iter() {
            let label = format!("route=\"{route}\"");
            histogram.write("aeolian_http_request_seconds", &label, &REQUEST_BUCKETS, &mut text);
        }
        if let Some(bytes) = resident_bytes() {
            head(&mut text, "process_resident_memory_bytes", "gauge", "Memory in use.");
            line(&mut text, format_args!("process_resident_memory_bytes {bytes}"));
        }
        text
    }
}

/// Memory of this process; `None` where the system does not say it as Linux does.
pub fn resident_bytes() -> Option<u64> {
    const PAGE: u64 = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative_and_their_ends_belong_to_them() {
        let metrics = Metrics::default();
        metrics.answered("GET", "/api/pieces", 200, 0.005);
        metrics.answered("GET", "/api/pieces", 200, 0.0051);
        metrics.job_ended("done", 3.0);
        let text = metrics.text(2, 1);
        for expected in [
            "aeolian_http_requests_total{method=\"GET\",route=\"/api/pieces\",status=\"200\"} 2",
            "aeolian_http_request_seconds_bucket{route=\"/api/pieces\",le=\"0.005\"} 1",
            "aeolian_http_request_seconds_bucket{route=\"/api/pieces\",le=\"0.02\"} 2",
            "aeolian_http_request_seconds_count{route=\"/api/pieces\"} 2",
            "aeolian_job_seconds_bucket{le=\"2\"} 0",
            "aeolian_job_seconds_bucket{le=\"5\"} 1",
            "aeolian_job_seconds_sum 3",
            "aeolian_jobs{state=\"queued\"} 2",
        ] {
            assert!(text.lines().any(|line| line == expected), "{expected} is not in\n{text}");
        }
    }
}
