//! Composing steps back: whoever waits for an answer, a sound or a key comes first, even where there are as many candidates at
//! work as there are cores.

/// How much nicer the threads that draw candidates are: about a third of the weight of the others (one step of niceness is a
/// quarter more or less, sched(7)). Much more, and a computer that is busy otherwise would hardly compose at all.
#[cfg(target_os = "linux")]
const NICER: i32 = 5;

/// Makes this thread nicer. On Linux niceness belongs to threads; on other systems it would be the whole program's, so nothing
/// is done there.
pub fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICER) {
        tracing::debug!(%error, "the threads that compose have the priority of all others");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_the_thread_that_steps_back_does() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let here = nice();
        let there = std::thread::spawn(move || {
            step_back();
            nice()
        });
        assert_eq!((there.join().unwrap(), nice()), ((here + NICER).min(19), here));
    }
}
