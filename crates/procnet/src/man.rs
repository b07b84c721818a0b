//! The man page (man(7)), from the table of options.

use clap::{Arg, Command};
use procnet_core::filter::{FIELDS, FieldKind};

use crate::generated::{sentences, visible};

/// The options that the program and `serve` share are in one section; the other commands refer to
/// it.
pub(crate) fn page(command: &Command) -> String {
    let mut page = Page::default();
    page.line(&format!(
        ".TH PROCNET 1 \"\" \"procnet {}\" \"User Commands\"",
        env!("CARGO_PKG_VERSION")
    ));
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    page.section("NAME");
    page.text(&format!("procnet - {}", lower_first(about.trim_end_matches('.'))));
    page.section("SYNOPSIS");
    page.line("\\fBprocnet\\fR [\\fBserve\\fR] [\\fIOPTION\\fR]...");
    for sub in others(command) {
        page.line(".br");
        page.line(&synopsis(sub));
    }
    page.section("DESCRIPTION");
    let description = command.get_long_about().map(ToString::to_string).unwrap_or(about);
    page.prose(&description);
    page.section("COMMANDS");
    for sub in visible(command) {
        let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
        page.item(&bold(sub.get_name()), &sentences(&about));
    }
    page.section("OPTIONS");
    page.text("These are the options of `procnet` and `procnet serve`.");
    page.options(command.get_arguments());
    for sub in others(command) {
        page.command(sub, command);
    }
    page.section("FILTERS");
    page.filters();
    page.section("EXAMPLES");
    page.examples(command);
    page.line(CLOSING.trim_end());
    page.0
}

/// What no option says.
const CLOSING: &str = r#"
.SH EXIT STATUS
.TP
.B 0
All went well; also after SIGINT or SIGTERM, and when nobody reads the output any more.
.TP
.B 1
Something failed that is not in the command line.
.TP
.B 2
An option, a filter, the rule file or the port is to be put right; the message says how.
.TP
.B 130
A second signal ended the program at once, or its output could not be written any more.
.SH ENVIRONMENT
.TP
.B NO_COLOR
If it is set, messages on a terminal have no colour.
.SH FILES
.I procnet
has no configuration file and writes none. It reads
.I /proc
and asks the kernel over netlink (sock_diag).
.SH SEE ALSO
.BR ss (8),
.BR lsof (8),
.BR sock_diag (7),
.BR capabilities (7),
.BR setcap (8)
"#;

#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        self.0.push_str(line.trim_start_matches('\n'));
        self.0.push('\n');
    }

    fn section(&mut self, name: &str) {
        self.line(&format!(".SH {name}"));
    }

    fn text(&mut self, text: &str) {
        self.line(&formatted(text));
    }

    fn item(&mut self, tag: &str, text: &str) {
        self.line(".TP");
        self.line(tag);
        self.text(text);
    }

    /// Paragraphs; lines that begin with spaces stay as they are.
    fn prose(&mut self, text: &str) {
        let mut is_code = false;
        for (number, line) in text.lines().enumerate() {
            match line.strip_prefix("  ") {
                Some(code) => {
                    if !is_code {
                        self.line(".PP\n.RS 4\n.nf");
                        is_code = true;
                    }
                    self.line(&escaped(code));
                    continue;
                }
                None if is_code => {
                    self.line(".fi\n.RE");
                    is_code = false;
                }
                None => {}
            }
            match line {
                "" if number > 0 => self.line(".PP"),
                "" => {}
                line => self.text(line),
            }
        }
        if is_code {
            self.line(".fi\n.RE");
        }
    }

    /// What a command says after its options; its heading is the section's.
    fn examples(&mut self, command: &Command) {
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        self.prose(after.strip_prefix("Examples:\n").unwrap_or(&after));
    }

    /// The filter language, of `ls` and of the page.
    fn filters(&mut self) {
        self.text(
            "A filter is made of terms, each a field, an operator and a value. Terms are joined by \
             and; `OR`, `NOT` or `-`, and parentheses work. A bare word is looked for everywhere. \
             `:` contains or is, `~` takes a regular expression between slashes.",
        );
        for field in FIELDS {
            let names: Vec<String> =
                std::iter::once(&field.name).chain(field.aliases).map(|name| bold(name)).collect();
            let mut help = sentences(&upper_first(field.help));
            if let FieldKind::Choice(words) = field.kind {
                let words: Vec<&str> = words.iter().map(|word| word.name).collect();
                help.push_str(&format!(" One of {}.", words.join(", ")));
            }
            self.item(&names.join(", "), &format!("{help} Example: `{}`.", field.example));
        }
    }

    fn options<'a>(&mut self, arguments: impl Iterator<Item = &'a Arg>) {
        let arguments: Vec<&Arg> = arguments.filter(|a| !a.is_hide_set()).collect();
        let mut headings: Vec<Option<&str>> = Vec::new();
        for argument in &arguments {
            if !headings.contains(&argument.get_help_heading()) {
                headings.push(argument.get_help_heading());
            }
        }
        // Those without a heading of their own: of the program, help and version.
        headings.sort_by_key(|heading| heading.is_none() && headings_matter(&arguments));
        for heading in headings {
            if headings_matter(&arguments) {
                self.line(&format!(".SS \"{}\"", heading.unwrap_or("Help")));
            }
            for argument in arguments.iter().filter(|a| a.get_help_heading() == heading) {
                self.option(argument);
            }
        }
    }

    fn option(&mut self, argument: &Arg) {
        let help = argument.get_long_help().or_else(|| argument.get_help());
        let mut text = sentences(&help.map(ToString::to_string).unwrap_or_default());
        if !argument.get_action().takes_values() {
            self.item(&tag(argument), &text);
            return;
        }
        let values = argument.get_possible_values();
        let is_explained = values.iter().any(|value| value.get_help().is_some());
        if !values.is_empty() && !is_explained {
            let names: Vec<&str> = values.iter().map(|value| value.get_name()).collect();
            text.push_str(&format!(" One of {}.", names.join(", ")));
        }
        if let [default] = argument.get_default_values() {
            text.push_str(&format!(" The default is {}.", default.to_string_lossy()));
        }
        self.item(&tag(argument), &text);
        if is_explained {
            self.line(".RS");
            for value in values {
                let help = value.get_help().map(ToString::to_string).unwrap_or_default();
                self.item(&bold(value.get_name()), &sentences(&help));
            }
            self.line(".RE");
        }
    }

    /// A command other than `serve`.
    fn command(&mut self, sub: &Command, serve: &Command) {
        self.section(&format!("\"PROCNET {}\"", sub.get_name().to_uppercase()));
        self.line(&synopsis(sub));
        self.line(".PP");
        let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
        self.text(&sentences(&about));
        let (shared, own): (Vec<&Arg>, Vec<&Arg>) =
            own_arguments(sub).partition(|argument| is_shared(argument, serve));
        for argument in own {
            self.option(argument);
        }
        let names: Vec<String> = shared
            .iter()
            .filter_map(|argument| argument.get_long())
            .map(|name| bold(&format!("--{name}")))
            .collect();
        if let Some((last, others @ [_, ..])) = names.split_last() {
            self.line(".PP");
            self.line(&format!("{} and {last} are as above, in OPTIONS.", others.join(", ")));
        }
        let after = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
        if !after.is_empty() {
            self.line(".PP");
            self.prose(&after);
        }
    }
}

fn headings_matter(arguments: &[&Arg]) -> bool {
    arguments.iter().any(|argument| argument.get_help_heading().is_some())
}

fn others(command: &Command) -> impl Iterator<Item = &Command> {
    visible(command).filter(|sub| sub.get_name() != "serve")
}

/// Every command has help; it is told once.
fn own_arguments(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|a| !a.is_hide_set() && a.get_id() != "help")
}

/// True if `serve` has the same option with the same meaning.
fn is_shared(argument: &Arg, serve: &Command) -> bool {
    let help = |a: &Arg| a.get_help().map(ToString::to_string);
    serve
        .get_arguments()
        .any(|other| other.get_id() == argument.get_id() && help(other) == help(argument))
}

/// `procnet ls [OPTION]... [FILTER]...`, or all options where they are few.
fn synopsis(command: &Command) -> String {
    const FEW: usize = 2;
    let mut words = vec![bold("procnet"), bold(command.get_name())];
    let (placed, options): (Vec<&Arg>, Vec<&Arg>) =
        own_arguments(command).partition(|argument| argument.is_positional());
    if options.len() > FEW {
        words.push("[\\fIOPTION\\fR]...".to_owned());
    } else {
        words.extend(options.iter().map(|option| format!("[{}]", tag(option))));
    }
    words.extend(placed.iter().map(|argument| {
        let dots =
            if argument.get_num_args().is_some_and(|n| n.max_values() > 1) { "..." } else { "" };
        let name = tag(argument);
        if argument.is_required_set() { name } else { format!("[{name}]{dots}") }
    }));
    words.join(" ")
}

/// `-h, --help`, `--port PORT`, `FILTER`.
fn tag(argument: &Arg) -> String {
    let mut names: Vec<String> = Vec::new();
    names.extend(argument.get_short().map(|short| bold(&format!("-{short}"))));
    names.extend(argument.get_long().map(|long| bold(&format!("--{long}"))));
    let values: Vec<String> = argument
        .get_value_names()
        .filter(|_| argument.get_action().takes_values())
        .unwrap_or_default()
        .iter()
        .map(|value| format!("\\fI{}\\fR", escaped(value)))
        .collect();
    let names = names.join(", ");
    [names, values.join(" ")]
        .iter()
        .filter(|part| !part.is_empty())
        .cloned()
        .collect::<Vec<_>>()
        .join(" ")
}

fn bold(text: &str) -> String {
    format!("\\fB{}\\fR", escaped(text))
}

/// What is between backquotes becomes bold.
fn formatted(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let text: String = parts
        .map(|(place, part)| if place % 2 == 1 { bold(part) } else { escaped(part) })
        .collect();
    text
}

/// So that it stands there as it is: neither a request of roff nor one of its signs.
fn escaped(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq")
        .replace('~', "\\(ti")
        .replace('^', "\\(ha");
    if escaped.starts_with('.') { format!("\\&{escaped}") } else { escaped }
}

fn upper_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::options::Options;

    fn whole_page() -> String {
        let mut command = Options::command();
        command.build();
        page(&command)
    }

    /// The lines of a section.
    fn section(name: &str) -> Vec<String> {
        whole_page()
            .lines()
            .skip_while(|line| *line != format!(".SH {name}"))
            .skip(1)
            .take_while(|line| !line.starts_with(".SH "))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn options_have_their_values_and_groups() {
        let options = section("OPTIONS");
        for line in ["\\fB\\-\\-port\\fR \\fIPORT\\fR", ".SS \"Serving\"", ".SS \"Map\""] {
            assert!(options.iter().any(|there| there == line), "{line}: {options:#?}");
        }
        assert!(options.iter().any(|line| line.ends_with("The default is 8765.")));
    }

    #[test]
    fn every_command_has_a_section_and_is_in_the_synopsis() {
        let synopsis = section("SYNOPSIS").join("\n");
        assert!(
            synopsis.contains("\\fBls\\fR [\\fIOPTION\\fR]... [\\fIFILTER\\fR]..."),
            "{synopsis}"
        );
        let few = "\\fBdoctor\\fR [\\fB\\-\\-collector\\fR \\fIKIND\\fR] [\\fB\\-\\-json\\fR]";
        assert!(synopsis.contains(few), "{synopsis}");
        for name in ["LS", "DEMO", "DOCTOR", "COMPLETIONS", "MAN", "LICENCES"] {
            assert!(!section(&format!("\"PROCNET {name}\"")).is_empty(), "{name}");
        }
    }

    #[test]
    fn every_field_of_a_filter_is_told() {
        let filters = section("FILTERS");
        for field in FIELDS {
            let tag = bold(field.name);
            assert!(filters.iter().any(|line| line.starts_with(&tag)), "{tag}: {filters:#?}");
        }
    }

    #[test]
    fn examples_keep_their_columns() {
        let examples = section("EXAMPLES");
        let begin = examples.iter().position(|line| line == ".nf").unwrap();
        let end = examples.iter().position(|line| line == ".fi").unwrap();
        assert!(examples[begin..end].iter().any(|line| line.starts_with("procnet ls port:5432  ")));
        let ls = section("\"PROCNET LS\"");
        assert!(ls.iter().any(|line| line
            == "procnet ls \\(aqproc\\(ti/node/ bytes>1M\\(aq   busy sockets of a program"));
    }

    #[test]
    fn nothing_in_the_text_is_taken_for_roff() {
        assert_eq!(escaped(".x \\ -a 'b'"), "\\&.x \\e \\-a \\(aqb\\(aq");
        assert_eq!(formatted("as `procnet serve` does"), "as \\fBprocnet serve\\fR does");
    }
}
