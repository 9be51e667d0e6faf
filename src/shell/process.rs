//! What the operating system may keep of this process: nothing. A core dump, or another program looking into the memory,
//! would show what the vault protects.

#[cfg(unix)]
static BEFORE: std::sync::OnceLock<rustix::process::Rlimit> = std::sync::OnceLock::new();

/// Called once, before any secret is read. A system that refuses leaves things as they were.
#[cfg(unix)]
pub fn keep_memory_private() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let before = BEFORE.get_or_init(|| getrlimit(Resource::Core));
    // A limit that is taken down altogether could not be given back to a program that this one becomes.
    let none = Rlimit { current: Some(0), maximum: before.maximum };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "core dumps could not be switched off");
    }
    // No core dump whatever the limit says, and no debugger or /proc/PID/mem for other programs of the same user.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "the memory could not be made private");
    }
}

/// As it was, for another program that this one becomes.
#[cfg(unix)]
pub fn as_before() {
    use rustix::process::{Resource, setrlimit};
    if let Some(Err(error)) = BEFORE.get().map(|before| setrlimit(Resource::Core, *before)) {
        tracing::warn!(%error, "the limit for core dumps stays as it is");
    }
}

/// Elsewhere the memory of a process is its user's.
#[cfg(not(unix))]
pub fn keep_memory_private() {}

#[cfg(not(unix))]
pub fn as_before() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    #[test]
    fn the_memory_is_private() {
        super::keep_memory_private();
        assert_eq!(dumpable_behavior().ok(), Some(DumpableBehavior::NotDumpable));
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
    }
}
