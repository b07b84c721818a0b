//! "Did you mean …?" for names that nobody knows.

/// The candidate nearest to `name` by edit distance, if one is near enough to be meant; of equally
/// near ones the one that `name` is the beginning of.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name: Vec<char> = name.chars().take(64).flat_map(char::to_lowercase).collect();
    let near = (name.len() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (distance(&name, candidate), candidate))
        .filter(|&(distance, candidate)| distance <= near && distance < candidate.len())
        .min_by_key(|&(distance, candidate)| (distance, !begins(candidate, &name)))
        .map(|(_, candidate)| candidate)
}

fn begins(candidate: &str, name: &[char]) -> bool {
    candidate.chars().flat_map(char::to_lowercase).zip(name).all(|(c, &n)| c == n)
}

/// Edits (insertion, deletion, substitution, transposition of neighbours) from `a` to `b`:
/// the optimal string alignment distance, ignoring case.
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let mut best = (above[j] + usize::from(x != y)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i - 1] == y && x == b[j - 1] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        let names = ["match_pid", "match_name", "match_cmd", "type", "label"];
        for (given, meant) in [
            ("match_nmae", Some("match_name")),
            ("matchname", Some("match_name")),
            ("Type", Some("type")),
            ("tpye", Some("type")),
            ("labels", Some("label")),
            ("match_n", None),
            ("colour", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(closest(given, names), meant, "{given}");
        }
        assert_eq!(closest("prot", ["proc", "proto"]), Some("proto"));
    }
}
