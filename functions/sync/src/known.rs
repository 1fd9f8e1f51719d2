//! The followers the map knows, held compactly: 32 bytes and a bit each.

/// The longest openid that is kept; WeChat's have 28 characters.
const LONGEST: usize = 31;

/// An openid: its length, then its bytes.
type Packed = [u8; LONGEST + 1];

/// Openids as they come.
#[derive(Default)]
pub struct Openids(Vec<Packed>);

impl Openids {
    /// Adds one. One that is too long to be WeChat's is left out: it counts as new.
    pub fn push(&mut self, openid: &str) {
        self.0.extend(pack(openid));
    }
}

/// A set of openids, each of which can be crossed off once it is seen on WeChat's list.
pub struct Known {
    /// In order.
    openids: Vec<Packed>,
    /// One bit for each.
    seen: Vec<u64>,
}

impl Known {
    /// The set of these openids.
    pub fn of(Openids(mut openids): Openids) -> Self {
        openids.sort_unstable();
        openids.dedup();
        openids.shrink_to_fit();
        let seen = vec![0; openids.len().div_ceil(64)];
        Self { openids, seen }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.openids.len()
    }

    /// Some of them, evenly spread from a place between 0 and 1.
    pub fn some(&self, count: usize, from: f64) -> Vec<String> {
        let step = self.openids.len().div_ceil(count.max(1)).max(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let first = (step as f64 * from) as usize;
        self.openids.iter().skip(first).step_by(step).map(unpack).collect()
    }

    /// Crosses an openid off; `false` when the map does not know it.
    pub fn cross_off(&mut self, openid: &str) -> bool {
        let found = pack(openid).and_then(|packed| self.openids.binary_search(&packed).ok());
        if let Some(index) = found {
            self.seen[index / 64] |= 1 << (index % 64);
        }
        found.is_some()
    }

    /// Those that were not crossed off.
    pub fn unseen(&self) -> Vec<String> {
        let unseen = (0..self.openids.len()).filter(|index| self.seen[index / 64] & (1 << (index % 64)) == 0);
        unseen.map(|index| unpack(&self.openids[index])).collect()
    }
}

fn pack(openid: &str) -> Option<Packed> {
    let mut packed = [0; LONGEST + 1];
    packed[0] = u8::try_from(openid.len()).ok()?;
    packed.get_mut(1..=openid.len())?.copy_from_slice(openid.as_bytes());
    Some(packed)
}

fn unpack(packed: &Packed) -> String {
    String::from_utf8_lossy(&packed[1..=usize::from(packed[0])]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(openids: impl Iterator<Item = String>) -> Known {
        let mut packed = Openids::default();
        openids.for_each(|openid| packed.push(&openid));
        Known::of(packed)
    }

    #[test]
    fn what_is_crossed_off_is_known_and_what_is_left_is_unseen() {
        let openids = (0..1000).map(|n| format!("o{n:027}"));
        let mut known = known(openids.clone());
        assert_eq!(known.len(), 1000);
        for openid in openids.filter(|openid| !openid.ends_with('7')) {
            assert!(known.cross_off(&openid));
        }
        assert!(!known.cross_off("o-a-stranger"));
        assert!(!known.cross_off(&"o".repeat(32)));
        let unseen = known.unseen();
        assert_eq!(unseen.len(), 100);
        assert!(unseen.iter().all(|openid| openid.ends_with('7')));
    }

    #[test]
    fn a_follower_takes_no_more_than_64_bytes() {
        let known = known((0..10_000).map(|n| format!("o{n:027}")));
        let bytes = known.openids.capacity() * size_of::<Packed>() + known.seen.capacity() * size_of::<u64>();
        assert!(bytes / known.len() <= 64, "{bytes}");
    }
}
