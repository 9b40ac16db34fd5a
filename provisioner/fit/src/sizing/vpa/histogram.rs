//! A histogram whose buckets grow by a twentieth each and whose weights halve
//! every so often: newer samples count for more.

/// How a histogram's buckets are laid out, and how fast it forgets.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    /// Where the second bucket starts.
    pub first: f64,
    /// Each bucket is so much wider than the one before it; 1 makes them equal.
    pub ratio: f64,
    /// The last bucket starts here or later.
    pub most: f64,
    /// A bucket with less weight counts as empty.
    pub epsilon: f64,
    /// After so many seconds a sample weighs half.
    pub half_life: u64,
}

/// Cores.
pub(super) const CPU: Layout =
    Layout { first: 0.01, ratio: 1.05, most: 1000.0, epsilon: 0.0001, half_life: 86_400 };
/// Bytes.
pub(super) const MEMORY: Layout =
    Layout { first: 1e7, ratio: 1.05, most: 1e12, epsilon: 0.0001, half_life: 86_400 };

/// Past so many half-lives weights are counted from a later time.
const LONG: u64 = 100;

impl Layout {
    /// How many buckets there are.
    pub(super) fn buckets(&self) -> usize {
        place(self.position(self.most).ceil()) + 1
    }

    /// The bucket a value falls in.
    pub(super) fn find(&self, value: f64) -> usize {
        if value < self.first {
            return 0;
        }
        place(self.position(value)).min(self.buckets() - 1)
    }

    /// Where a bucket starts.
    pub(super) fn start(&self, bucket: usize) -> f64 {
        let number = super::float(bucket as u64);
        if self.ratio > 1.0 {
            self.first * (self.ratio.powf(number) - 1.0) / (self.ratio - 1.0)
        } else {
            number * self.first
        }
    }

    /// The inverse of `start`.
    fn position(&self, value: f64) -> f64 {
        if self.ratio > 1.0 {
            (value * (self.ratio - 1.0) / self.first + 1.0).ln() / self.ratio.ln()
        } else {
            value / self.first
        }
    }
}

fn place(number: f64) -> usize {
    usize::try_from(super::number::whole(number)).unwrap_or(usize::MAX - 1)
}

/// Weights by bucket.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    layout: Layout,
    weights: Vec<f64>,
    total: f64,
    /// The first and the last bucket that is not empty.
    ends: (usize, usize),
    /// When a sample weighs what it is given, in seconds; none before the first.
    reference: Option<u64>,
}

impl Histogram {
    pub(super) fn new(layout: Layout) -> Self {
        let buckets = layout.buckets();
        let ends = (buckets - 1, 0);
        Self { layout, weights: vec![0.0; buckets], total: 0.0, ends, reference: None }
    }

    /// Adds a sample of that weight, seen at `at` seconds.
    pub(super) fn add(&mut self, value: f64, weight: f64, at: u64) {
        let weight = weight * self.factor(at);
        let bucket = self.layout.find(value);
        self.weights[bucket] += weight;
        self.total += weight;
        if self.weights[bucket] >= self.layout.epsilon {
            self.ends = (self.ends.0.min(bucket), self.ends.1.max(bucket));
        }
    }

    /// Takes a sample out again.
    pub(super) fn subtract(&mut self, value: f64, weight: f64, at: u64) {
        let weight = weight * self.factor(at);
        let bucket = self.layout.find(value);
        let less = |value: f64| {
            let value = value - weight;
            if value < self.layout.epsilon { 0.0 } else { value }
        };
        (self.total, self.weights[bucket]) = (less(self.total), less(self.weights[bucket]));
        self.tighten();
    }

    /// Takes another's samples in, of the same layout.
    pub(super) fn merge(&mut self, mut other: Self) {
        let Some(theirs) = other.reference else { return };
        match self.reference {
            Some(ours) if ours > theirs => {
                other.shift(Some(theirs), ours);
            }
            Some(ours) if ours == theirs => {}
            ours => {
                self.shift(ours, theirs);
            }
        }
        for (weight, theirs) in self.weights.iter_mut().zip(&other.weights) {
            *weight += theirs;
        }
        self.total += other.total;
        self.ends = (self.ends.0.min(other.ends.0), self.ends.1.max(other.ends.1));
    }

    /// The end of the first bucket up to which so large a part of the weight
    /// lies, from 0 to 1; 0 when there is none.
    pub(super) fn percentile(&self, part: f64) -> f64 {
        if self.is_empty() {
            return 0.0;
        }
        let threshold = part * self.total;
        let (mut bucket, mut sum) = (self.ends.0, 0.0);
        while bucket < self.ends.1 {
            sum += self.weights[bucket];
            if sum >= threshold {
                break;
            }
            bucket += 1;
        }
        // The last bucket has no end.
        self.layout.start((bucket + 1).min(self.weights.len() - 1))
    }

    /// Whether nothing in it counts.
    pub(super) fn is_empty(&self) -> bool {
        self.weights[self.ends.0] < self.layout.epsilon
    }

    /// Whether both hold the same, but for what adding up in another order
    /// makes of it.
    #[cfg(test)]
    pub(super) fn equals(&self, other: &Self) -> bool {
        let near = |(one, other): (&f64, &f64)| (one - other).abs() <= 1e-15;
        (&self.layout, self.ends, self.reference) == (&other.layout, other.ends, other.reference)
            && self.weights.iter().zip(&other.weights).all(near)
    }

    /// What a sample of that time weighs more than one of the reference's.
    fn factor(&mut self, at: u64) -> f64 {
        let life = self.layout.half_life;
        let reference = match self.reference {
            Some(reference) if at <= reference.saturating_add(LONG * life) => reference,
            earlier => self.shift(earlier, at),
        };
        let age = super::float(at) - super::float(reference);
        (age / super::float(life)).exp2()
    }

    /// Counts from a later time on: the nearest whole number of half-lives.
    fn shift(&mut self, earlier: Option<u64>, at: u64) -> u64 {
        let life = self.layout.half_life;
        let reference = at.saturating_add(life / 2) / life * life;
        if let Some(earlier) = earlier {
            let lives = (super::float(earlier) - super::float(reference)) / super::float(life);
            let factor = lives.exp2();
            for weight in &mut self.weights[self.ends.0..=self.ends.1] {
                *weight *= factor;
            }
            self.total *= factor;
            self.tighten();
        }
        self.reference = Some(reference);
        reference
    }

    fn tighten(&mut self) {
        let empty = |weight: f64| weight < self.layout.epsilon;
        while empty(self.weights[self.ends.0]) && self.ends.0 < self.weights.len() - 1 {
            self.ends.0 += 1;
        }
        while empty(self.weights[self.ends.1]) && self.ends.1 > 0 {
            self.ends.1 -= 1;
        }
    }
}
