//! The topics written to, each with the schema of its records.

/// A topic whose records are Avro.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Issues of followed repositories, their latest state.
    Issues,
    /// Pull requests, their latest state.
    PullRequests,
    /// Commits on the default branch.
    Commits,
    /// Releases, their latest text.
    Releases,
    /// Who starred a repository, and when.
    Stargazers,
    /// What `github --check` wrote.
    Checks,
    /// Made-up device information.
    Devices,
}

/// The compacted topic that holds how far each listing was read. Its records
/// are JSON: nothing but this program reads them.
pub const OFFSETS: &str = "github-offsets";

impl Topic {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Issues,
        Self::PullRequests,
        Self::Commits,
        Self::Releases,
        Self::Stargazers,
        Self::Checks,
        Self::Devices,
    ];

    /// The name in Kafka.
    pub fn name(self) -> &'static str {
        match self {
            Self::Issues => "github-issues",
            Self::PullRequests => "github-pull_requests",
            Self::Commits => "github-commits",
            Self::Releases => "github-releases",
            Self::Stargazers => "github-stargazers",
            Self::Checks => "github-checks",
            Self::Devices => "datagen_device_information",
        }
    }

    /// The Avro schema of its records, as the registry gets it.
    pub fn schema(self) -> &'static str {
        match self {
            Self::Issues => include_str!("../schemas/github-issues.avsc"),
            Self::PullRequests => include_str!("../schemas/github-pull_requests.avsc"),
            Self::Commits => include_str!("../schemas/github-commits.avsc"),
            Self::Releases => include_str!("../schemas/github-releases.avsc"),
            Self::Stargazers => include_str!("../schemas/github-stargazers.avsc"),
            Self::Checks => include_str!("../schemas/github-checks.avsc"),
            Self::Devices => include_str!("../schemas/datagen_device_information.avsc"),
        }
    }
}
