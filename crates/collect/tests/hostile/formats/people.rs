//! What people write, and what comes in a page's address: rule files and filters.

use procnet_core::filter::Filter;
use procnet_core::rules::{MAX_RULES, RuleSet};

use super::Format;

#[allow(dead_code, reason = "only the fuzz target asks for all")]
pub(super) const ALL: &[fn() -> Format] = &[rule_files, filters];

fn rule_files() -> Format {
    let yaml = b"# Ours.\n- match_name: nginx\n  type: web_server\n- match_cmd: 'worker-(\\d+) --queue=\\S+'\n  \
        label: \"worker $1\"\n  type: service\n- mask: pin\n";
    let json = br#"[{"match_pid": 4711, "type": "database", "label": "the \u00fcber one"}]"#;
    Format {
        name: "people: rule files",
        seeds: vec![yaml.to_vec(), json.to_vec(), b"- {match_name: a, type: b}\n".to_vec()],
        read: |bytes| {
            let text = String::from_utf8_lossy(bytes);
            match RuleSet::parse("rules.yaml", &text) {
                Ok(rules) => {
                    assert!(rules.len() <= MAX_RULES);
                    rules.len()
                }
                Err(error) => {
                    assert!(error.to_string().contains("rules.yaml"));
                    0
                }
            }
        },
    }
}

fn filters() -> Format {
    let seeds = [
        "proc:nginx port:443 AND (user:root OR NOT container:web*) -is:listener",
        "cmd~/python3? -m (http|app)\\.\\w+/i remote:10.0.0.0/8 bytes>1.5MB",
        "opened>=2026-11-23T15:00:00Z \"two words\" domain:*.example.org rtt<20ms",
    ];
    Format {
        name: "people: filters",
        seeds: seeds.map(|seed| seed.as_bytes().to_vec()).into(),
        read: |bytes| {
            let Ok(filter) = Filter::parse(&String::from_utf8_lossy(bytes)) else { return 0 };
            // Views are told apart by the text that a filter has in the end.
            let text = filter.to_string();
            if let Ok(again) = Filter::parse(&text) {
                assert_eq!(again.to_string(), text);
            }
            usize::from(!text.is_empty())
        },
    }
}

#[cfg(test)]
mod tests {
    /// Compiling what people write takes longer than reading what systems do.
    const FEWER: u64 = 20;

    #[test]
    fn rule_files() {
        super::rule_files().check_fewer(FEWER);
    }

    #[test]
    fn filters() {
        super::filters().check_fewer(FEWER);
    }
}
