//! Secrets that stand after a name: `--password VALUE`, `KEY=value`, `Header: value`, `-pVALUE`.

use std::ops::Range;
use std::sync::Arc;

use super::keys::{Key, is_harmless, key, takes_no_value};
use super::{Mask, Place};

/// Programs that take a secret by a short option, how the option is written, and whether its value
/// may stand in the next argument, must, or must not.
const SHORT: &[(&[&str], &str, Joined)] = &[
    (
        &["mysql", "mariadb", "mysqldump", "mariadb-dump", "mysqladmin", "mariadb-admin"],
        "-p",
        Joined::Must,
    ),
    (
        &["mysqlimport", "mysqlcheck", "mysqlshow", "mysqlbinlog", "mysqlslap", "mysqlsh"],
        "-p",
        Joined::Must,
    ),
    (&["7z", "7za", "7zr", "7zz"], "-p", Joined::Must),
    (&["rar", "unrar"], "-p", Joined::Must),
    (&["rar", "unrar"], "-hp", Joined::Must),
    (&["sshpass"], "-p", Joined::May),
    (&["redis-cli", "valkey-cli", "keydb-cli"], "-a", Joined::May),
    (
        &["mongo", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport"],
        "-p",
        Joined::May,
    ),
    (
        &["zip", "unzip", "zipcloak", "mosquitto_pub", "mosquitto_sub", "sqlcmd", "bcp"],
        "-P",
        Joined::May,
    ),
    (
        &["ldapsearch", "ldapadd", "ldapmodify", "ldapdelete", "ldappasswd", "ldapwhoami"],
        "-w",
        Joined::May,
    ),
    (&["rdesktop"], "-p", Joined::May),
    (&["rabbitmqadmin"], "-p", Joined::May),
    (&["xfreerdp", "wfreerdp", "xfreerdp3"], "/p:", Joined::Must),
    (&["ipmitool"], "-P", Joined::May),
];
/// Programs that take `NAME:PASSWORD`, and by which options.
const WITH_USER: &[(&[&str], &[&str])] = &[
    (&["curl", "curlie"], &["-u", "--user", "-U", "--proxy-user"]),
    (&["http", "https", "xh"], &["-a", "--auth"]),
];

/// How an option's value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joined {
    /// In the same argument.
    Must,
    /// In the same argument or the next.
    May,
}

/// A word of the command line: an argument, or a word of one that is itself a command line, as
/// those of `sh -c` and of programs that describe themselves.
struct Word<'a> {
    argument: usize,
    start: usize,
    text: &'a str,
    /// What it stands in is this word alone.
    whole: bool,
}

pub(super) fn find(arguments: &[Arc<str>], more: &[Mask]) -> Vec<Place> {
    let mut places = Vec::new();
    for (argument, text) in arguments.iter().enumerate() {
        // `sh -c SCRIPT`, `bash -lc SCRIPT`, `cmd /c SCRIPT`
        let before = argument.checked_sub(1).and_then(|before| arguments.get(before));
        let is_script = before.is_some_and(|option| {
            option.len() <= 4 && option.starts_with(['-', '/']) && option.ends_with(['c', 'C'])
        });
        let found = assignments(text, is_script, more);
        places.extend(found.into_iter().map(|Range { start, end }| Place { argument, start, end }));
    }
    let words = words(arguments);
    let mut program = "";
    for (index, word) in words.iter().enumerate() {
        if let Some(name) = program_name(word.text) {
            program = name;
        }
        let next = words.get(index + 1);
        places.extend(after_option(arguments, word, next, more));
        places.extend(short_option(arguments, program, word, next, index, &words));
    }
    places
}

/// How often one command line may stand within another: `sh -c "ssh host 'mysql -p…'"`.
const MAX_NESTING: usize = 3;

/// The words in their order. After what stands in quotation marks come the words within them.
fn words(arguments: &[Arc<str>]) -> Vec<Word<'_>> {
    let mut words = Vec::with_capacity(arguments.len());
    for (argument, text) in arguments.iter().enumerate() {
        if text.contains(char::is_whitespace) {
            add_words(text, argument, 0, 0, &mut words);
        } else {
            words.push(Word { argument, start: 0, text, whole: true });
        }
    }
    words
}

fn add_words<'a>(
    text: &'a str,
    argument: usize,
    offset: usize,
    nesting: usize,
    words: &mut Vec<Word<'a>>,
) {
    let mut add = |start: usize, end: usize| {
        let word = &text[start..end];
        words.push(Word { argument, start: offset + start, text: word, whole: false });
        let inner = word.trim_matches(['"', '\'']);
        if inner.len() < word.len() && inner.contains(char::is_whitespace) && nesting < MAX_NESTING
        {
            let begin = start + word.len() - word.trim_start_matches(['"', '\'']).len();
            add_words(inner, argument, offset + begin, nesting + 1, words);
        }
    };
    let mut begin = None;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (begin, quote) {
            (Some(start), None) if c.is_whitespace() => {
                add(start, at);
                begin = None;
            }
            (None, _) if c.is_whitespace() => {}
            (_, Some(open)) if c == open => quote = None,
            (_, None) if matches!(c, '"' | '\'') => {
                quote = Some(c);
                begin = begin.or(Some(at));
            }
            _ => begin = begin.or(Some(at)),
        }
    }
    if let Some(start) = begin {
        add(start, text.len());
    }
}

/// The name of a program that is known to take secrets.
fn program_name(word: &str) -> Option<&'static str> {
    let file = word.rsplit(['/', '\\']).next().unwrap_or(word).trim_matches(['"', '\'']);
    let file = file.strip_suffix(".exe").unwrap_or(file);
    let short = SHORT.iter().flat_map(|(programs, ..)| programs.iter());
    let all = short.chain(WITH_USER.iter().flat_map(|(programs, _)| programs.iter()));
    all.copied().chain(["openssl", "docker", "podman"]).find(|known| *known == file)
}

/// The value after `--password`, and all of the argument that it begins.
fn after_option(
    arguments: &[Arc<str>],
    word: &Word<'_>,
    next: Option<&Word<'_>>,
    more: &[Mask],
) -> Option<Place> {
    let is_option = word.text.starts_with('-') && !word.text.contains(['=', ':']);
    if !is_option || takes_no_value(word.text) {
        return None;
    }
    let key = key(word.text, more)?;
    let (place, value) = value_in(arguments, word, next?)?;
    let is_next_option = value.starts_with("--")
        || value
            .strip_prefix('-')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
    (!is_next_option && !is_harmless(word.text, key, value)).then_some(place)
}

/// What `next` says as the value of the option `word`: a whole argument after an argument, a word
/// within one.
fn value_in<'a>(
    arguments: &'a [Arc<str>],
    word: &Word<'_>,
    next: &Word<'a>,
) -> Option<(Place, &'a str)> {
    if next.argument == word.argument {
        let value = next.text.trim_matches(['"', '\'']);
        let start = next.start + next.text.find(value)?;
        return Some((Place { argument: next.argument, start, end: start + value.len() }, value));
    }
    // The last word of its argument, but not all of it: what follows belongs to something else.
    if !word.whole {
        return None;
    }
    let value = arguments.get(next.argument)?;
    Some((Place { argument: next.argument, start: 0, end: value.len() }, value))
}

/// The secrets of `-pSECRET`, `-a SECRET`, `-u NAME:SECRET`, `-passin pass:SECRET`.
fn short_option(
    arguments: &[Arc<str>],
    program: &str,
    word: &Word<'_>,
    next: Option<&Word<'_>>,
    index: usize,
    words: &[Word<'_>],
) -> Option<Place> {
    let in_word = |start: usize| Place {
        argument: word.argument,
        start: word.start + start,
        end: word.start + word.text.len(),
    };
    if program == "openssl" {
        return word.text.starts_with("pass:").then(|| in_word("pass:".len()));
    }
    let is_login = || words[..index].iter().rev().take(8).any(|word| word.text == "login");
    if matches!(program, "docker" | "podman") {
        if !word.text.starts_with("-p") || !is_login() {
            return None;
        }
        let joined = word.text.len() > 2;
        return if joined { Some(in_word(2)) } else { Some(value_in(arguments, word, next?)?.0) };
    }
    if let Some((_, options)) = WITH_USER.iter().find(|(programs, _)| programs.contains(&program)) {
        return user(arguments, options, word, next);
    }
    for (programs, option, joined) in SHORT {
        if !programs.contains(&program) || !word.text.starts_with(option) {
            continue;
        }
        if word.text.len() > option.len() {
            // `--pipe` is none of `-p`, and 7z's `-pr` is not told from a password.
            return Some(in_word(option.len()));
        }
        if *joined == Joined::May {
            return value_in(arguments, word, next?).map(|(place, _)| place);
        }
    }
    None
}

/// The password of `NAME:PASSWORD`.
fn user(
    arguments: &[Arc<str>],
    options: &[&str],
    word: &Word<'_>,
    next: Option<&Word<'_>>,
) -> Option<Place> {
    let after_colon = |place: Place, value: &str| {
        let colon = value.find(':')?;
        Some(Place { start: place.start + colon + 1, ..place })
    };
    // `-sSu`: several short options in one word.
    let last = |option: &&&str| {
        let letters = word.text.strip_prefix('-').unwrap_or_default();
        option.len() == 2
            && letters.bytes().all(|b| b.is_ascii_alphabetic())
            && letters.ends_with(&option[1..])
    };
    if options.contains(&word.text) || options.iter().any(|option| last(&option)) {
        let (place, value) = value_in(arguments, word, next?)?;
        return after_colon(place, value);
    }
    let joined = options.iter().find_map(|option| {
        let rest = word.text.strip_prefix(option)?;
        if option.starts_with("--") { rest.strip_prefix('=') } else { Some(rest) }
    })?;
    let end = word.start + word.text.len();
    let place = Place { argument: word.argument, start: end - joined.len(), end };
    after_colon(place, joined)
}

/// The values of `NAME=VALUE` and of `NAME: VALUE` in an argument.
fn assignments(text: &str, is_script: bool, more: &[Mask]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (at, separator) in text.match_indices(['=', ':']) {
        let Some((name, key)) = name_before(text, at, more) else { continue };
        let Some(value) = value_after(text, at, separator, &name, key, is_script) else { continue };
        let read = text.get(value.clone()).unwrap_or_default();
        if !is_harmless(&text[name], key, read) {
            found.push(value);
        }
    }
    found
}

/// The secret's name that ends at `at`, perhaps within quotation marks.
fn name_before(text: &str, at: usize, more: &[Mask]) -> Option<(Range<usize>, Key)> {
    let before = text[..at].trim_end_matches([' ', '"', '\'', ']']);
    let begin = before
        .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
        .map_or(0, |other| other + before[other..].chars().next().map_or(1, char::len_utf8));
    let name = begin..before.len();
    if text[..begin].ends_with(['?', '&']) && IN_QUERIES.contains(&&text[name.clone()]) {
        return Some((name, Key::Secret));
    }
    let key = key(&text[name.clone()], more).or_else(|| {
        // `Shared Access Key = …`: words with blanks between them.
        let own = text[..at].trim_end();
        let words = own.rsplit([';', ',', '"', '\'']).next()?;
        words.contains(' ').then(|| key(&words.replace(' ', ""), more)).flatten()
    })?;
    Some((name, key))
}

/// Names that are secrets only in the query of a URL: of what was signed for whoever has it.
const IN_QUERIES: [&str; 3] = ["sig", "signature", "X-Amz-Signature"];

/// Where the value after the separator at `at` stands.
fn value_after(
    text: &str,
    at: usize,
    separator: &str,
    name: &Range<usize>,
    key: Key,
    is_script: bool,
) -> Option<Range<usize>> {
    let mut start = at + separator.len();
    let gap = text[start..].len() - text[start..].trim_start().len();
    let of_windows = name.start == 1 && text.starts_with('/');
    let is_option = text[name.clone()].starts_with('-') || of_windows;
    let opened = text[start + gap..].chars().next().filter(|c| matches!(c, '"' | '\''));
    if separator == ":" {
        // `name:value` is nearly always something else: a volume, an image, a host and a port.
        let is_header = gap > 0 || opened.is_some() || key == Key::Header;
        if !is_header && !is_option {
            return None;
        }
        // `https://` after a name is no value of it.
        if text[start..].starts_with("//") {
            return None;
        }
    }
    start += gap;
    if key == Key::Header {
        let scheme = ["bearer ", "basic ", "digest ", "token ", "negotiate ", "apikey "];
        let rest = text[start..].to_ascii_lowercase();
        if let Some(scheme) = scheme.iter().find(|scheme| rest.starts_with(**scheme)) {
            start += scheme.len();
        }
        return Some(start..until(text, start, &['"', '\''], true));
    }
    if let Some(quote) = opened {
        start += quote.len_utf8();
        return Some(start..until(text, start, &[quote], true));
    }
    let before = text[..name.start].trim_end().chars().next_back();
    let end = match before {
        // All of an argument that is nothing else, unless it is a script that begins so.
        None => {
            if is_script && !is_option {
                until(text, start, &[], false)
            } else {
                text.len()
            }
        }
        Some('/') if of_windows => text.len(),
        Some('?' | '&') => until(text, start, &['&', '#', '"', '\''], false),
        Some(';') => until(text, start, &[';', '"', '\''], true),
        Some(',' | '{' | '[' | '(') => until(text, start, &[',', '}', ']', ')', '"', '\''], false),
        Some('"') => until(text, start, &['"'], true),
        Some('\'') => until(text, start, &['\''], true),
        Some(_) => until(text, start, &[';', '"', '\''], false),
    };
    Some(start..end)
}

/// Where the first of `ends` stands from `start` on, or a blank unless those belong to the value.
fn until(text: &str, start: usize, ends: &[char], blanks: bool) -> usize {
    let is_end = |c: char| ends.contains(&c) || !blanks && c.is_whitespace();
    text[start..].find(is_end).map_or(text.len(), |length| start + length)
}
